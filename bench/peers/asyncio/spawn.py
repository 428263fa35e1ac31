from common import *

BATCH = 10_000


async def nothing():
    pass


async def spawn(count, batch):
    for _ in range(count // batch):
        tasks = [asyncio.create_task(nothing()) for _ in range(batch)]
        for task in tasks:
            await task


async def main(count):
    await spawn(BATCH, BATCH)
    await each("spawn", count, spawn(count, 1))
    await each("spawn_batch", count, spawn(count, BATCH))


run(main(arg(1, 100_000)))
