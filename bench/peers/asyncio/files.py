from common import *

import aiofiles


async def read_some(folder, count, numbers):
    for n in numbers:
        async with aiofiles.open(f"{folder}/{n % count:05}", "rb") as f:
            if len(await f.read()) != 4096:
                sys.exit("files: a file is not 4,096 bytes long")


async def read_many(folder, count, reads):
    numbers = iter(range(reads))
    await asyncio.gather(*(read_some(folder, count, numbers) for _ in range(100)))


async def main(folder, count, reads):
    await read_many(folder, count, min(count, reads))
    start, before = time.monotonic(), time.process_time()
    await read_many(folder, count, reads)
    report("files", reads / (time.monotonic() - start) / 1000, "k/s")
    report("files_cpu", (time.process_time() - before) / reads * 1e6, "us")


run(main(sys.argv[1], arg(2, 0), arg(3, 0)))
