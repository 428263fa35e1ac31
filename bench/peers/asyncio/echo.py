"""Protocols, not streams: the fastest that asyncio offers."""
from common import *


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.write = transport.write

    def data_received(self, data):
        self.write(data)


async def main(port):
    server = await asyncio.get_running_loop().create_server(
        Echo, "127.0.0.1", port, backlog=1024)
    print("ready", port, flush=True)
    await server.serve_forever()


run(main(arg(1, 7000)))
