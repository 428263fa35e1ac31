from common import *

asleep = awake = 0


async def sleeper(count, seconds, all_awake):
    global asleep, awake
    asleep += 1
    await asyncio.sleep(seconds)
    awake += 1
    if awake == count:
        all_awake.set()


async def main(count, seconds):
    all_awake = asyncio.Event()
    before, start = memory(), time.monotonic()
    tasks = [asyncio.create_task(sleeper(count, seconds, all_awake)) for _ in range(count)]
    while asleep < count:
        await asyncio.sleep(0)
    used = (memory() - before) / count
    if awake:
        sys.exit("sleepers: some awoke before all slept")
    await all_awake.wait()
    report("sleepers_bytes", used, "bytes")
    report("sleepers_time", time.monotonic() - start - seconds, "s")
    report("sleepers_cpu", time.process_time(), "s")
    del tasks


run(main(arg(1, 100_000), arg(2, 5)))
