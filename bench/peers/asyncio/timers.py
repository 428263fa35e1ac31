from common import *

BATCH = 1000
fired = 0


def on_timer():
    global fired
    fired += 1


def delay(i):
    return (1 + ((i * 2654435761 & 0xffffffff) >> 16) % 10) / 1000


async def measure(count):
    loop = asyncio.get_running_loop()
    for done in range(0, count, BATCH):
        timers = [loop.call_later(delay(i), on_timer) for i in range(done, done + BATCH)]
        for i, timer in enumerate(timers):
            if i % 10:
                timer.cancel()
        await asyncio.sleep(0)
    while fired < count // 10:
        await asyncio.sleep(0.001)


count = arg(1, 100_000)
run(each("timers", count, measure(count)))
