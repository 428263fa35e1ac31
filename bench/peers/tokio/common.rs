#![allow(dead_code)]
use std::future::Future;

extern "C" {
    fn clock() -> i64;
    fn sched_setaffinity(pid: i32, size: usize, mask: *const u64) -> i32;
}

/// CPU seconds of this process.
pub fn cpu() -> f64 {
    unsafe { clock() as f64 / 1e6 }
}

/// Keep the calling thread on one CPU.
pub fn pin(cpu: u32) {
    unsafe { sched_setaffinity(0, 8, &(1u64 << cpu)) };
}

pub fn arg(index: usize, otherwise: usize) -> usize {
    std::env::args().nth(index).map_or(otherwise, |s| s.parse().unwrap())
}

pub fn report(name: &str, value: f64, unit: &str) {
    println!("{name} {value:.4} {unit}");
}

/// Measure some work and report its CPU time divided by count.
pub async fn each(name: &'static str, count: usize, work: impl Future<Output = ()>) {
    let start = cpu();
    work.await;
    report(name, (cpu() - start) / count as f64 * 1e9, "ns");
}

/// Bytes resident, page tables included.
pub fn memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let lines = status.lines().filter(|l| l.starts_with("VmRSS:") || l.starts_with("VmPTE:"));
    lines.map(|l| l.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() * 1024.0).sum()
}

/// Run as a task on a runtime of one thread. (Awaiting in block_on itself, outside a task, would
/// ask the kernel for events at every await.)
pub fn run(main: impl Future<Output = ()> + Send + 'static) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::spawn(main).await.unwrap() });
}
