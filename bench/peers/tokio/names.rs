mod common;
use common::*;
use std::time::Instant;

/// By the C library in a thread. It cannot be told of a DNS server.
fn main() {
    let count = arg(2, 20_000);
    run(async move {
        let start = Instant::now();
        for _ in 0..count {
            assert!(tokio::net::lookup_host("localhost:80").await.unwrap().next().is_some());
        }
        report("names_local", start.elapsed().as_secs_f64() / count as f64 * 1e6, "us");
    });
}
