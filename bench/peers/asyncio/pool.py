"""Threads for the round trips; processes for what computes, since threads do not."""
from common import *

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor


def nothing():
    pass


def compute(steps):
    x = 1
    for _ in range(steps):
        x = x * 6364136223846793005 + 1442695040888963407 & 0xffffffffffffffff
    return x


async def rounds(pool, count):
    loop = asyncio.get_running_loop()
    for _ in range(count):
        await loop.run_in_executor(pool, nothing)


async def measure_empty(name, pool, count, at_once):
    start = time.monotonic()
    await asyncio.gather(*(rounds(pool, count // at_once) for _ in range(at_once)))
    report(name, (time.monotonic() - start) / count * 1e6, "us")


async def measure_speedup(pool):
    loop = asyncio.get_running_loop()
    await asyncio.gather(*(loop.run_in_executor(pool, compute, 1) for _ in range(8)))
    start = time.monotonic()
    for _ in range(8):
        compute(1_000_000)
    alone = time.monotonic() - start
    start = time.monotonic()
    await asyncio.gather(*(loop.run_in_executor(pool, compute, 1_000_000) for _ in range(8)))
    report("pool_speedup", alone / (time.monotonic() - start), "x")


async def main(count):
    with ThreadPoolExecutor(2) as threads:
        await rounds(threads, 1000)
        await measure_empty("pool_1", threads, count, 1)
        await measure_empty("pool_64", threads, count, 64)
    with ProcessPoolExecutor(2) as processes:
        await measure_speedup(processes)


if __name__ == "__main__":
    run(main(arg(1, 10_000)))
