"""Round trip from a thread to a loop on another CPU and back."""
import threading

from common import *


def ring(loop, rounds, stop):
    os.sched_setaffinity(0, {1})
    answered = threading.Lock()
    answered.acquire()
    start = time.monotonic()
    for _ in range(rounds):
        loop.call_soon_threadsafe(answered.release)
        answered.acquire()
    report("wake", (time.monotonic() - start) / rounds * 1e6, "us")
    loop.call_soon_threadsafe(stop.set)


async def main(rounds):
    os.sched_setaffinity(0, {0})
    stop = asyncio.Event()
    thread = threading.Thread(target=ring, args=(asyncio.get_running_loop(), rounds, stop))
    thread.start()
    await stop.wait()
    thread.join()


run(main(arg(1, 20_000)))
