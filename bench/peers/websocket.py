#!/usr/bin/python3
"""websocket.py: bench/websocket.c by Python's websockets."""
import asyncio
import sys
import time

import websockets


async def echo(ws, *_):
    async for message in ws:
        await ws.send(message)


async def serve():
    async with websockets.serve(echo, "127.0.0.1", 0, compression=None, max_size=64 << 20) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


async def connect(url, size, count):
    async with websockets.connect(url, compression=None, max_size=64 << 20) as ws:
        data = bytes(size)
        began = time.monotonic()
        for _ in range(count):
            await ws.send(data)
            assert len(await ws.recv()) == size
        print("echoes", count / (time.monotonic() - began), "1/s")
        print("cpu", time.process_time() / count * 1e6, "us")
        await ws.close(1000, "bye")
    assert ws.close_code == 1000


if sys.argv[1:2] == ["connect"]:
    asyncio.run(connect(sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
else:
    asyncio.run(serve())
