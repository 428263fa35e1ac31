mod common;
use common::*;

async fn spawn(count: usize, batch: usize) {
    let mut tasks = Vec::with_capacity(batch);
    for _ in 0..count / batch {
        for _ in 0..batch {
            tasks.push(tokio::spawn(async {}));
        }
        for task in tasks.drain(..) {
            task.await.unwrap();
        }
    }
}

fn main() {
    const BATCH: usize = 10_000;
    let count = arg(1, 2_000_000);
    run(async move {
        spawn(BATCH, BATCH).await;
        each("spawn", count, spawn(count, 1)).await;
        each("spawn_batch", count, spawn(count, BATCH)).await;
    });
}
