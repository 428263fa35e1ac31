mod common;
use common::*;
use std::time::Instant;

/// Round trip from a thread to a runtime on another CPU and back.
fn main() {
    let rounds = arg(1, 20_000);
    let (bell, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let (answer, answered) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        pin(1);
        let start = Instant::now();
        for _ in 0..rounds {
            bell.send(()).unwrap();
            answered.recv().unwrap();
        }
        report("wake", start.elapsed().as_secs_f64() / rounds as f64 * 1e6, "us");
    });
    pin(0);
    run(async move {
        while heard.recv().await.is_some() {
            answer.send(()).unwrap();
        }
    });
    thread.join().unwrap();
}
