#!/usr/bin/env python3
"""The server that the tour's programs ask over HTTP: the part of httpbin.org that they need.

Listens on free ports of 127.0.0.1 and prints two lines when it does: HTTPBIN=URL and, with a
certificate of its own made by `openssl`, HTTPSBIN=URL. What it answers follows from the request
alone. Ends with its standard input.
"""
import http.server
import os
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import zlib


def delay(seconds):
    seconds = float(seconds)
    time.sleep(min(max(seconds, 0), 10))
    n = f"{seconds:g}"
    return "application/json", f'{{\n  "args": {{}},\n  "delay": "{n}",\n  "url": "/delay/{n}"\n}}\n'


def data():
    return "application/json", '{"data": [1, 2, 3], "name": "example"}'


def links(n, at):
    n, at = min(int(n), 200), int(at)
    return "text/html", "<html><head><title>Links</title></head><body>" + "".join(
        f"{i} " if i == at else f"<a href='/links/{n}/{i}'>{i}</a> " for i in range(n)
    ) + "</body></html>"


def stored(raw):
    """raw as a zlib stream that is not compressed: its size does not depend on the zlib at hand"""
    parts = [raw[i:i + 65535] for i in range(0, len(raw), 65535)]
    return b"\x78\x01" + b"".join(
        struct.pack("<BHH", i == len(parts) - 1, len(p), len(p) ^ 0xffff) + p
        for i, p in enumerate(parts)) + struct.pack(">I", zlib.adler32(raw))


def picture(name):
    """A PNG of three colours, whose size depends on its name."""
    name = urllib.parse.unquote(name)
    size, shade = 16 + len(name), sum(name.encode()) % 256
    raw = b"".join(b"\0" + bytes(c for x in range(size) for c in (x * 4 % 256, y * 4 % 256, shade))
                   for y in range(size))

    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))
    return "image/png", (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(
        ">IIBBBBB", size, size, 8, 2, 0, 0, 0)) + chunk(b"IDAT", stored(raw)) + chunk(b"IEND", b""))


PAGES = {("data", 0): data, ("delay", 1): delay, ("links", 2): links, ("it", 1): picture}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        first, *rest = self.path.lstrip("/").split("/")
        page = PAGES.get((first, len(rest)))
        try:
            kind, body = page(*rest) if page else ("text/plain", "")
        except ValueError:
            page, kind, body = None, "text/plain", "bad number\n"
        body = body.encode() if isinstance(body, str) else body
        self.send_response(200 if page else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:  # the client has not waited
            self.close_connection = True

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, *_):  # a client that has gone
        pass


def context():
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        "/CN=localhost", "-keyout", key, "-out", certificate],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
    return tls


def serve(name, scheme, tls=None):
    server = Server(("127.0.0.1", 0), Handler)
    if tls:  # the handshake is made in the thread of its connection
        server.socket = tls.wrap_socket(server.socket, server_side=True,
                                        do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"{name}={scheme}://127.0.0.1:{server.server_address[1]}", flush=True)


if __name__ == "__main__":
    serve("HTTPBIN", "http")
    serve("HTTPSBIN", "https", context())
    sys.stdin.read()
