mod common;
use common::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn serve(mut peer: TcpStream) {
    let mut buffer = vec![0; 4096];
    if let Ok(n) = peer.read(&mut buffer).await {
        let _ = peer.write_all(&buffer[..n]).await;
    }
}

fn main() {
    let port = arg(1, 7000) as u16;
    run(async move {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        println!("ready {port}");
        loop {
            let (peer, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(peer));
        }
    });
}
