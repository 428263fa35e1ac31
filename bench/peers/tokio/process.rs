mod common;
use common::*;
use std::time::Instant;
use tokio::process::Command;

async fn start_some(count: usize, at_once: usize) -> f64 {
    let start = Instant::now();
    let starters: Vec<_> = (0..at_once)
        .map(|_| {
            tokio::spawn(async move {
                for _ in 0..count / at_once {
                    assert!(Command::new("/bin/true").status().await.unwrap().success());
                }
            })
        })
        .collect();
    for starter in starters {
        starter.await.unwrap();
    }
    start.elapsed().as_secs_f64() * 1e3 / (count / at_once * at_once) as f64
}

fn main() {
    let count = arg(1, 1000);
    run(async move {
        start_some(10, 1).await;
        report("process_1", start_some(count, 1).await, "ms");
        report("process_16", start_some(count, 16).await, "ms");
    });
}
