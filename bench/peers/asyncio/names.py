"""By the C library in a thread. It cannot be told of a DNS server."""
from common import *


async def main(count):
    loop = asyncio.get_running_loop()
    start = time.monotonic()
    for _ in range(count):
        await loop.getaddrinfo("localhost", 80)
    report("names_local", (time.monotonic() - start) / count * 1e6, "us")


run(main(arg(2, 1000)))
