#!/usr/bin/python3
"""httpx_client.py URL: asks server.c about each part of HTTP. Fails where it answers otherwise."""
import sys

import httpx

LONG = 300000


def letters(n):
    return (b"abcdefghijklmnopqrstuvwxyz" * (n // 26 + 1))[:n]


def expect(got, wanted):
    assert got == wanted, f"{got!r:.200} and not {wanted!r:.200}"


def answers(client):
    expect(len({client.get("/connection").content for _ in range(20)}), 1)
    for path in f"/bytes/{LONG}", f"/chunks/{LONG}":
        expect(client.get(path).content, letters(LONG))
    response = client.head("/bytes/5000")
    expect((response.headers["content-length"], response.content), ("5000", b""))
    response = client.get("/zipped")
    expect(response.text.splitlines(), [f"line {i}" for i in range(1000)])
    expect(response.headers["content-encoding"], "gzip")
    with client.stream("GET", "/chunks/10000000") as response:
        expect(next(response.iter_bytes(3)), b"abc")
    expect(client.get("/redirect/3").content, b"hello\n")
    expect(client.get("/set").content, b'one=1; two="2"')
    expect(client.get("/nothing").status_code, 404)
    expect(client.delete("/hello").status_code, 405)


def files(client):
    response = client.get("/files/letters")
    expect(response.content, letters(5000))
    for headers, status, content in (
            ({"If-None-Match": response.headers["etag"]}, 304, b""),
            ({"Range": "bytes=26-77"}, 206, letters(52))):
        response = client.get("/files/letters", headers=headers)
        expect((response.status_code, response.content), (status, content))
    expect(client.get("/files/letters", headers={"Range": "bytes=5000-"}).status_code, 416)


def bodies(client):
    pieces = (letters(LONG)[at:at + 5000] for at in range(0, LONG, 5000))
    for content in letters(LONG), pieces:
        expect(client.post("/echo", content=content).content, letters(LONG))
    expect(client.post("/form", data={"field": "ä"},
                       files={"bytes": ("a b.bin", letters(LONG), "application/x-b")}).text,
           f"field|-|-|2|359\nbytes|a b.bin|application/x-b|{LONG}|{sum(letters(LONG))}\n")
    expect(client.post("/refuse", content=b"x" * 20000).status_code, 413)


with httpx.Client(base_url=sys.argv[1], follow_redirects=True) as session:
    answers(session)
    files(session)
    bodies(session)
