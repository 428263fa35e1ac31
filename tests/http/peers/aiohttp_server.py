#!/usr/bin/python3
"""aiohttp_server.py FOLDER: server.c by aiohttp. Prints its port, and ends with its standard input."""
import asyncio
import logging
import os
import sys

from aiohttp import web

routes = web.RouteTableDef()


def letters(n):
    return (b"abcdefghijklmnopqrstuvwxyz" * (n // 26 + 1))[:n]


@routes.get("/hello")
async def hello(_):
    return web.Response(text="hello\n")


@routes.get("/bytes/{n}")
async def bytes_(request):
    return web.Response(body=letters(int(request.match_info["n"])))


@routes.get("/chunks/{n}")
async def chunks(request):
    data = letters(int(request.match_info["n"]))
    response = web.StreamResponse()
    response.enable_chunked_encoding()
    await response.prepare(request)
    for at in range(0, len(data), 1000):
        await response.write(data[at:at + 1000])
    await response.write_eof()
    return response


@routes.get("/zipped")
async def zipped(_):
    response = web.Response(text="".join(f"line {i}\n" for i in range(1000)))
    response.enable_compression(web.ContentCoding.gzip)
    return response


@routes.post("/echo")
async def echo(request):
    return web.Response(body=await request.read(), content_type=request.content_type)


@routes.post("/echo_stream")
async def echo_stream(request):
    response = web.StreamResponse()
    await response.prepare(request)
    async for data, _ in request.content.iter_chunks():
        await response.write(data)
    return response


@routes.post("/refuse")
async def refuse(_):
    return web.Response(status=413, text="large\n")


@routes.post("/form")
async def form(request):
    lines = []
    async for part in await request.multipart():
        data = bytes(await part.read())
        lines.append(f"{part.name}|{part.filename or '-'}|{part.headers.get('Content-Type', '-')}|"
                     f"{len(data)}|{sum(data)}\n")
    return web.Response(text="".join(lines))


@routes.get("/redirect/{n}")
async def redirect(request):
    n = int(request.match_info["n"])
    raise web.HTTPFound(f"/redirect/{n - 1}" if n > 1 else "/hello")


@routes.get("/set")
async def set_cookies(_):
    response = web.HTTPSeeOther("/cookies")
    response.headers.add("Set-Cookie", "one=1; Path=/")
    response.headers.add("Set-Cookie", 'two="2"; Path=/; HttpOnly')
    return response


@routes.get("/cookies")
async def cookies(request):
    return web.Response(text=request.headers.get("Cookie", "-"))


async def main():
    logging.disable()  # clients that leave
    app = web.Application(client_max_size=16 << 20)
    app.add_routes(routes)
    app.router.add_static("/files/", sys.argv[1])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    os._exit(0)  # whatever is under way


if __name__ == "__main__":
    asyncio.run(main())
