#!/usr/bin/python3
"""aiohttp_client.py URL: asks server.c about each part of HTTP. Fails where it answers otherwise."""
import asyncio
import sys

import aiohttp

LONG = 300000
URL = sys.argv[1]


def letters(n):
    return (b"abcdefghijklmnopqrstuvwxyz" * (n // 26 + 1))[:n]


def expect(got, wanted):
    assert got == wanted, f"{got!r:.200} and not {wanted!r:.200}"


async def text(method, path, status=200, **more):
    async with session.request(method, URL + path, **more) as response:
        expect(response.status, status)
        return await response.read()


async def pieces():
    for at in range(0, LONG, 5000):
        yield letters(LONG)[at:at + 5000]


async def answers():
    # one after the other on one connection
    expect(len({await text("GET", "/connection") for _ in range(20)}), 1)
    expect(await asyncio.gather(*[text("GET", f"/{kind}/{LONG}") for kind in ("bytes", "chunks") * 20]),
           [letters(LONG)] * 40)
    async with session.head(URL + "/bytes/5000") as response:
        expect((response.headers["Content-Length"], await response.read()), ("5000", b""))
    async with session.get(URL + "/zipped") as response:
        expect((await response.text()).splitlines(), [f"line {i}" for i in range(1000)])
        expect(response.headers["Content-Encoding"], "gzip")
    async with session.get(URL + "/chunks/10000000") as response:
        expect(await response.content.readexactly(3), b"abc")  # and leaves
    expect(await text("GET", "/redirect/3"), b"hello\n")
    expect(await text("GET", "/set"), b'one=1; two="2"')
    await text("GET", "/nothing", 404)
    await text("DELETE", "/hello", 405)


async def files():
    async with session.get(URL + "/files/letters") as response:
        expect(await response.read(), letters(5000))
        tag = response.headers["ETag"]
    await text("GET", "/files/letters", 304, headers={"If-None-Match": tag})
    expect(await text("GET", "/files/letters", 206, headers={"Range": "bytes=26-77"}), letters(52))
    await text("GET", "/files/letters", 416, headers={"Range": "bytes=5000-"})


async def bodies():
    for more in {"data": letters(LONG)}, {"data": pieces()}, {"data": letters(LONG), "expect100": True}:
        expect(await text("POST", "/echo", **more), letters(LONG))
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("field", "ä")
    form.add_field("bytes", letters(LONG), filename="a b.bin", content_type="application/x-b")
    expect((await text("POST", "/form", data=form)).decode(),
           "field|-|text/plain; charset=utf-8|2|359\n"
           f"bytes|a b.bin|application/x-b|{LONG}|{sum(letters(LONG))}\n")
    await text("POST", "/refuse", 413, data=b"x" * 20000)


async def main():
    global session
    jar = aiohttp.CookieJar(unsafe=True, quote_cookie=False)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        await answers()
        await files()
        await bodies()


asyncio.run(main())
