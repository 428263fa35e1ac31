mod common;
use common::*;
use std::fs::File;
use std::io::BufReader;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::{Certificate, PrivateKey, ServerConfig};
use tokio_rustls::TlsAcceptor;

async fn serve(peer: TcpStream, acceptor: TlsAcceptor) {
    let mut peer = acceptor.accept(peer).await.unwrap();
    let mut buffer = vec![0; 32768];
    while let Ok(n) = peer.read(&mut buffer).await {
        if n == 0 || peer.write_all(&buffer[..n]).await.is_err() || peer.flush().await.is_err() {
            break;
        }
    }
}

fn open(index: usize) -> BufReader<File> {
    BufReader::new(File::open(std::env::args().nth(index).unwrap()).unwrap())
}

fn acceptor() -> TlsAcceptor {
    let certs = rustls_pemfile::certs(&mut open(1)).unwrap();
    let key = rustls_pemfile::pkcs8_private_keys(&mut open(2)).unwrap().remove(0);
    let config = ServerConfig::builder()
        .with_safe_defaults()
        .with_no_client_auth()
        .with_single_cert(certs.into_iter().map(Certificate).collect(), PrivateKey(key));
    TlsAcceptor::from(Arc::new(config.unwrap()))
}

fn main() {
    let port = arg(3, 7000) as u16;
    run(async move {
        let acceptor = acceptor();
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        println!("ready {port}");
        loop {
            let (peer, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(peer, acceptor.clone()));
        }
    });
}
