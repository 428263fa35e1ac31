mod common;
use common::*;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{sleep, Sleep};

const BATCH: usize = 1000;
static FIRED: AtomicUsize = AtomicUsize::new(0);

/// A sleep is armed when it is first polled and cancelled when it is dropped.
struct Arm<'a>(&'a mut Pin<Box<Sleep>>);

impl Future for Arm<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<()> {
        let _ = self.0.as_mut().poll(cx);
        Poll::Ready(())
    }
}

async fn measure(count: usize) {
    let mut timers = Vec::with_capacity(BATCH);
    for done in 0..count / BATCH {
        for i in done * BATCH..(done + 1) * BATCH {
            let ms = 1 + ((i as u32).wrapping_mul(2654435761) >> 16) % 10;
            let mut timer = Box::pin(sleep(Duration::from_millis(ms as u64)));
            Arm(&mut timer).await;
            timers.push(timer);
        }
        for (i, timer) in timers.drain(..).enumerate() {
            if i % 10 == 0 {
                tokio::spawn(async move {
                    timer.await;
                    FIRED.fetch_add(1, Relaxed);
                });
            }
        }
        tokio::task::yield_now().await;
    }
    while FIRED.load(Relaxed) < count / 10 {
        sleep(Duration::from_millis(1)).await;
    }
}

fn main() {
    let count = arg(1, 5_000_000);
    run(each("timers", count, measure(count)));
}
