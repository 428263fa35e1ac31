mod common;
use common::*;

async fn player(count: usize) {
    for _ in 0..count / 2 {
        tokio::task::yield_now().await;
    }
}

async fn both(count: usize) {
    let a = tokio::spawn(player(count));
    let b = tokio::spawn(player(count));
    a.await.unwrap();
    b.await.unwrap();
}

fn main() {
    let count = arg(1, 2_000_000);
    run(each("switch", count, both(count)));
}
