mod common;
use common::*;
use std::time::Instant;

fn compute(mut x: u64) -> u64 {
    for _ in 0..20_000_000 {
        x = x.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    }
    x
}

async fn empty(count: usize, at_once: usize) {
    let callers: Vec<_> = (0..at_once)
        .map(|_| {
            tokio::spawn(async move {
                for _ in 0..count / at_once {
                    tokio::task::spawn_blocking(|| ()).await.unwrap();
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
}

async fn measure_empty(name: &str, count: usize, at_once: usize) {
    let start = Instant::now();
    empty(count, at_once).await;
    report(name, start.elapsed().as_secs_f64() / count as f64 * 1e6, "us");
}

async fn measure_speedup() {
    let start = Instant::now();
    let mut sum = (0..8).map(compute).fold(0, u64::wrapping_add);
    let alone = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let jobs: Vec<_> = (0..8).map(|i| tokio::task::spawn_blocking(move || compute(i))).collect();
    for job in jobs {
        sum = sum.wrapping_add(job.await.unwrap());
    }
    assert_ne!(sum, 1);
    report("pool_speedup", alone / start.elapsed().as_secs_f64(), "x");
}

fn main() {
    let count = arg(1, 20_000);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async move {
        let all = tokio::spawn(async move {
            empty(1000, 1).await;
            measure_empty("pool_1", count, 1).await;
            measure_empty("pool_64", count, 64).await;
            measure_speedup().await;
        });
        all.await.unwrap();
    });
}
