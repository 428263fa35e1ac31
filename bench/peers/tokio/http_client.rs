// hyper's client, 100 GETs at once.
mod common;
use common::*;
use hyper::{body, Client, StatusCode, Uri};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::Arc;
use std::time::Instant;

const AT_ONCE: usize = 100;

fn main() {
    let url: Uri = format!("http://127.0.0.1:{}/", arg(1, 80)).parse().unwrap();
    let count = arg(3, 20000);
    run(async move {
        let client = Client::new();
        let left = Arc::new(AtomicI64::new(count as i64));
        let (start, before) = (Instant::now(), cpu());
        let getters: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                let (client, left, url) = (client.clone(), left.clone(), url.clone());
                tokio::spawn(async move {
                    while left.fetch_sub(1, Ordering::Relaxed) > 0 {
                        let response = client.get(url.clone()).await.unwrap();
                        assert_eq!(response.status(), StatusCode::OK);
                        assert!(!body::to_bytes(response.into_body()).await.unwrap().is_empty());
                    }
                })
            })
            .collect();
        for getter in getters {
            getter.await.unwrap();
        }
        report("http_client", (cpu() - before) / count as f64 * 1e6, "us");
        report("http_client_rate", count as f64 / start.elapsed().as_secs_f64(), "req/s");
    });
}
