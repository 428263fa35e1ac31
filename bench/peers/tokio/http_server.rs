// hyper. The file is read at each request, in the loop's own thread: hyper has no server of files,
// and tokio's pool of threads would cost more than these reads from memory.
mod common;
use common::*;
use hyper::service::{make_service_fn, service_fn};
use hyper::{Body, Request, Response, Server, StatusCode};
use std::convert::Infallible;
use std::sync::Arc;

async fn answer(folder: Arc<String>, request: Request<Body>) -> Result<Response<Body>, Infallible> {
    if request.uri().path() == "/" {
        return Ok(Response::new(Body::from("Hello, world!")));
    }
    Ok(match std::fs::read(format!("{folder}/www{}", request.uri().path())) {
        Ok(data) => Response::new(Body::from(data)),
        Err(_) => Response::builder().status(StatusCode::NOT_FOUND).body(Body::empty()).unwrap(),
    })
}

fn main() {
    let folder = Arc::new(std::env::args().nth(1).unwrap());
    let port = arg(2, 7000) as u16;
    run(async move {
        let listener = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
        listener.set_nonblocking(true).unwrap();
        println!("ready {port}");
        let service = make_service_fn(move |_| {
            let folder = folder.clone();
            async move {
                Ok::<_, Infallible>(service_fn(move |request| answer(folder.clone(), request)))
            }
        });
        let server = Server::from_tcp(listener).unwrap().tcp_nodelay(true);
        server.serve(service).await.unwrap();
    });
}
