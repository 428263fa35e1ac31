"""aiohttp, 100 GETs at once."""
from common import *

import aiohttp

AT_ONCE = 100


async def main(port, count):
    left = count

    async def get(session):
        nonlocal left
        while left > 0:
            left -= 1
            async with session.get(f"http://127.0.0.1:{port}/") as response:
                assert response.status == 200 and await response.read()

    async with aiohttp.ClientSession() as session:
        start, cpu = time.monotonic(), time.process_time()
        await asyncio.gather(*(get(session) for _ in range(AT_ONCE)))
        report("http_client", (time.process_time() - cpu) / count * 1e6, "us")
        report("http_client_rate", count / (time.monotonic() - start), "req/s")


run(main(arg(1, 80), arg(3, 20000)))
