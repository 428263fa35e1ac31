from common import *


async def start_some(count):
    for _ in range(count):
        child = await asyncio.create_subprocess_exec("/bin/true")
        if await child.wait():
            sys.exit("process: /bin/true says false")


async def measure(name, count, at_once):
    start = time.monotonic()
    await asyncio.gather(*(start_some(count // at_once) for _ in range(at_once)))
    report(name, (time.monotonic() - start) / (count // at_once * at_once) * 1e3, "ms")


async def main(count):
    await start_some(10)
    await measure("process_1", count, 1)
    await measure("process_16", count, 16)


run(main(arg(1, 1000)))
