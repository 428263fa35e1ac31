mod common;
use common::*;
use tokio::sync::mpsc;

async fn pass(count: usize, capacity: usize) {
    let (tx, mut rx) = mpsc::channel(capacity);
    let producer = tokio::spawn(async move {
        for i in 0..count {
            tx.send(i).await.unwrap();
        }
    });
    let consumer = tokio::spawn(async move {
        let mut sum = 0;
        while let Some(i) = rx.recv().await {
            sum += i;
        }
        sum
    });
    producer.await.unwrap();
    assert_eq!(consumer.await.unwrap(), count * (count - 1) / 2);
}

fn main() {
    let count = arg(1, 2_000_000);
    run(async move {
        each("queue_1", count, pass(count, 1)).await;
        each("queue_1024", count, pass(count, 1024)).await;
    });
}
