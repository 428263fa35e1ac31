"""What the programs share. The same programs run on uvloop with BENCH_LOOP=uvloop."""
import sys

sys.path.pop(0)  # else the queue.py beside this file hides Python's own

import asyncio
import os
import time

if os.environ.get("BENCH_LOOP") == "uvloop":
    import uvloop

    uvloop.install()


def arg(index, otherwise):
    return int(sys.argv[index]) if len(sys.argv) > index else otherwise


def report(name, value, unit):
    print(f"{name} {value:.6g} {unit}", flush=True)


async def each(name, count, work):
    """Measure some work and report its CPU time divided by count."""
    start = time.process_time()
    await work
    report(name, (time.process_time() - start) / count * 1e9, "ns")


def memory():
    """Bytes resident, page tables included."""
    with open("/proc/self/status") as f:
        return 1024 * sum(int(line.split()[1]) for line in f
                          if line.startswith(("VmRSS:", "VmPTE:")))


def run(main):
    asyncio.run(main)
