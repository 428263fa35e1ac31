from common import *


class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.send = transport.sendto

    def datagram_received(self, data, sender):
        self.send(data, sender)


async def main(port):
    await asyncio.get_running_loop().create_datagram_endpoint(
        Echo, local_addr=("127.0.0.1", port))
    print("ready", port, flush=True)
    await asyncio.Event().wait()


run(main(arg(1, 7000)))
