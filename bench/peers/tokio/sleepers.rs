mod common;
use common::*;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

static ASLEEP: AtomicUsize = AtomicUsize::new(0);
static AWAKE: AtomicUsize = AtomicUsize::new(0);
static ALL_AWAKE: tokio::sync::Notify = tokio::sync::Notify::const_new();

async fn sleeper(count: usize, pause: Duration) {
    ASLEEP.fetch_add(1, Relaxed);
    tokio::time::sleep(pause).await;
    if AWAKE.fetch_add(1, Relaxed) + 1 == count {
        ALL_AWAKE.notify_one();
    }
}

async fn measure(count: usize, pause: Duration) {
    let (before, start) = (memory(), Instant::now());
    for _ in 0..count {
        drop(tokio::spawn(sleeper(count, pause)));
    }
    while ASLEEP.load(Relaxed) < count {
        tokio::task::yield_now().await;
    }
    let bytes = (memory() - before) / count as f64;
    if AWAKE.load(Relaxed) > 0 {
        eprintln!("sleepers: some awoke before all slept");
        std::process::exit(1);
    }
    ALL_AWAKE.notified().await;
    report("sleepers_bytes", bytes, "bytes");
    report("sleepers_time", (start.elapsed() - pause).as_secs_f64(), "s");
    report("sleepers_cpu", cpu(), "s");
}

fn main() {
    run(measure(arg(1, 1_000_000), Duration::from_secs(arg(2, 5) as u64)));
}
