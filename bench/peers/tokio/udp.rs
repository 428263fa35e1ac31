mod common;
use common::*;
use tokio::net::UdpSocket;

fn main() {
    let port = arg(1, 7000) as u16;
    run(async move {
        let socket = UdpSocket::bind(("127.0.0.1", port)).await.unwrap();
        println!("ready {port}");
        let mut buffer = vec![0; 2048];
        loop {
            let (n, from) = socket.recv_from(&mut buffer).await.unwrap();
            socket.send_to(&buffer[..n], from).await.unwrap();
        }
    });
}
