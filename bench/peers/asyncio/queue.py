from common import *


async def produce(queue, count):
    for i in range(count):
        await queue.put(i)


async def consume(queue, count):
    for _ in range(count):
        await queue.get()


async def exchange(count, capacity):
    queue = asyncio.Queue(capacity)
    await asyncio.gather(produce(queue, count), consume(queue, count))


async def main(count):
    await each("queue_1", count, exchange(count, 1))
    await each("queue_1024", count, exchange(count, 1024))


run(main(arg(1, 100_000)))
