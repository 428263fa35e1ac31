"""aiohttp, which sends files by sendfile."""
from common import *

from aiohttp import web


async def hello(request):
    return web.Response(text="Hello, world!")


async def main(folder, port):
    async def file(request):
        return web.FileResponse(f"{folder}/www/{request.match_info['name']}")

    app = web.Application()
    app.add_routes([web.get("/", hello), web.get("/{name}", file)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    print("ready", port, flush=True)
    await asyncio.Event().wait()


run(main(sys.argv[1], arg(2, 7000)))
