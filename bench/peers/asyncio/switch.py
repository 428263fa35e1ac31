from common import *


async def player(count):
    for _ in range(count // 2):
        await asyncio.sleep(0)


async def both(count):
    a = asyncio.create_task(player(count))
    b = asyncio.create_task(player(count))
    await a
    await b


count = arg(1, 300_000)
run(each("switch", count, both(count)))
