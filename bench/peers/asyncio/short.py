"""Protocols, not streams: the fastest that asyncio offers."""
from common import *


class Answer(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)
        self.transport.close()


async def main(port):
    server = await asyncio.get_running_loop().create_server(
        Answer, "127.0.0.1", port, backlog=1024)
    print("ready", port, flush=True)
    await server.serve_forever()


run(main(arg(1, 7000)))
