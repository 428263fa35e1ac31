"""Protocols, not streams: the fastest that asyncio offers."""
from common import *

import ssl


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.write = transport.write

    def data_received(self, data):
        self.write(data)


async def main(cert, key, port):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server = await asyncio.get_running_loop().create_server(
        Echo, "127.0.0.1", port, backlog=1024, ssl=context)
    print("ready", port, flush=True)
    await server.serve_forever()


run(main(sys.argv[1], sys.argv[2], arg(3, 7000)))
