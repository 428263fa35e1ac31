mod common;
use common::*;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::Arc;
use std::time::Instant;

async fn read_many(folder: &Arc<String>, count: i64, reads: i64) {
    let left = Arc::new(AtomicI64::new(reads));
    let readers: Vec<_> = (0..100)
        .map(|_| {
            let (left, folder) = (left.clone(), folder.clone());
            tokio::spawn(async move {
                loop {
                    let n = left.fetch_sub(1, Ordering::Relaxed) - 1;
                    if n < 0 {
                        break;
                    }
                    let path = format!("{}/{:05}", folder, n % count);
                    assert_eq!(tokio::fs::read(path).await.unwrap().len(), 4096);
                }
            })
        })
        .collect();
    for reader in readers {
        reader.await.unwrap();
    }
}

fn main() {
    let folder = Arc::new(std::env::args().nth(1).unwrap());
    let (count, reads) = (arg(2, 0) as i64, arg(3, 0) as i64);
    run(async move {
        read_many(&folder, count, count).await;
        let (start, before) = (Instant::now(), cpu());
        read_many(&folder, count, reads).await;
        report("files", reads as f64 / start.elapsed().as_secs_f64() / 1e3, "k/s");
        report("files_cpu", (cpu() - before) / reads as f64 * 1e6, "us");
    });
}
