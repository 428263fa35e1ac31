"""An HTTP server on a free loopback port that misbehaves as its paths say.

/ok/SIZE/NAME                  SIZE bytes
/flaky/KEY/N/STATUS/NAME       STATUS for the first N requests of KEY, then 1000 bytes
/status/STATUS/NAME            STATUS always
/truncated/KEY/N/NAME          the first N responses end before their Content-Length, then whole
/reset/KEY/N/NAME              the first N connections are reset, then whole
/stall/KEY/NAME                headers and one byte, then nothing more
/slow/KEY/NAME                 ten pieces of 1000 bytes, 50 ms apart
/redirect/N/NAME               N redirects, then 1000 bytes
/to-file/NAME                  a redirect to file:
/header/BYTES/NAME             a header line of so many bytes
/chunked/NAME                  three chunks without a length
/wait/KEY/SECONDS/NAME         503 with Retry-After once, then 1000 bytes
/file/KEY/NAME                 the File that a test has put into .shelf[KEY]
"""
import http.server
import socket
import ssl
import struct
import threading
import time
from urllib.parse import unquote


def content(name, size):
    """-> the bytes served under this name"""
    seed = name.encode() or b"-"
    return (seed * (size // len(seed) + 1))[:size]


class File:
    """What /file/KEY/NAME gives, as a test says; .seen has what was asked, (method, headers, body)."""

    def __init__(self, data, tag='"v1"', modified=None, ranges=True, cuts=()):
        self.data, self.tag, self.modified, self.ranges = data, tag, modified, ranges
        self.cuts = list(cuts)  # after so many bytes of its body an answer ends, one answer each
        self.holds = None       # after so many bytes an answer stops until the client goes
        self.seen = []

    def version(self):
        return {name: value for name, value in (("ETag", self.tag), ("Last-Modified", self.modified))
                if value}

    def answer(self, headers):
        """-> status, headers, body"""
        wanted, known = headers.get("Range"), headers.get("If-Range")
        size = len(self.data)
        if not wanted or not self.ranges or (known and known not in (self.tag, self.modified)):
            return 200, self.version(), self.data
        first = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if first >= size:
            return 416, {"Content-Range": f"bytes */{size}"}, b"no"
        return 206, {"Content-Range": f"bytes {first}-{size - 1}/{size}", **self.version()}, \
            self.data[first:]


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, certificate=None):
        super().__init__(("127.0.0.1", 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.lock = threading.Lock()
        self.requests = {}  # key: how many
        self.active = {}    # key: now, most ever
        self.shelf = {}     # key: File
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __exit__(self, *failure):
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        pass  # clients that break off are what is tested

    def count(self, key):
        """-> how many requests of this key came before"""
        with self.lock:
            n = self.requests.get(key, 0)
            self.requests[key] = n + 1
        return n

    def busy(self, key, change):
        with self.lock:
            now, most = self.active.get(key, (0, 0))
            self.active[key] = now + change, max(most, now + change)

    def await_requests(self, key, n):
        """Waits until that many requests have come."""
        limit = time.monotonic() + 10
        while self.requests.get(key, 0) < n:
            assert time.monotonic() < limit, f"{self.requests.get(key, 0)} of {n} requests came"
            time.sleep(0.01)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def whole(self, size=1000):
        self.answer(200, content(self.name, size))

    def do_POST(self):
        self.do_GET()

    def do_GET(self):
        self.sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = unquote(self.path.split("?")[0])
        kind, *self.words = path[1:].split("/")
        self.name = self.words[-1] if self.words else ""
        action = getattr(self, "do_" + kind.replace("-", "_"), None)
        if action:
            action()
        else:
            self.whole()

    def do_ok(self):
        self.whole(int(self.words[0]))

    def do_flaky(self):
        key, n, status = self.words[0], int(self.words[1]), int(self.words[2])
        if self.server.count(key) < n:
            self.answer(status, b"sorry")
        else:
            self.whole()

    def do_status(self):
        self.answer(int(self.words[0]), b"an error page")

    def do_truncated(self):
        if self.server.count(self.words[0]) >= int(self.words[1]):
            self.whole()
            return
        self.send_response(200)
        self.send_header("Content-Length", "5000")
        self.end_headers()
        self.wfile.write(content(self.name, 1234))
        self.close_connection = True

    def do_reset(self):
        if self.server.count(self.words[0]) >= int(self.words[1]):
            self.whole()
            return
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def do_stall(self):
        self.server.count(self.words[0])
        self.send_response(200)
        self.send_header("Content-Length", "5000")
        self.end_headers()
        self.wfile.write(b"x")
        self.until_client_goes()

    def until_client_goes(self):
        self.connection.settimeout(30)
        try:
            self.connection.recv(1)
        except OSError:
            pass
        self.close_connection = True

    def do_slow(self):
        self.server.count(self.words[0])
        self.server.busy(self.words[0], 1)
        self.send_response(200)
        self.send_header("Content-Length", "10000")
        self.end_headers()
        body = content(self.name, 10000)
        for i in range(0, 10000, 1000):
            time.sleep(0.05)
            if i == 9000:  # before the client can know
                self.server.busy(self.words[0], -1)
            self.wfile.write(body[i:i + 1000])

    def do_redirect(self):
        n = int(self.words[0])
        if n == 0:
            self.whole()
        else:
            self.answer(302, b"elsewhere", Location=f"/redirect/{n - 1}/{self.name}")

    def do_to_file(self):
        self.answer(302, b"elsewhere", Location="file:///etc/hostname")

    def do_header(self):
        self.answer(200, content(self.name, 1000), X_Large="x" * int(self.words[0]))

    def do_chunked(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        body = content(self.name, 900)
        for i in range(0, 900, 300):
            self.wfile.write(b"12c\r\n" + body[i:i + 300] + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def do_file(self):
        file = self.server.shelf[self.words[0]]
        file.seen.append((self.command, dict(self.headers.items()), self.sent))
        status, headers, body = file.answer(self.headers)
        cut = file.cuts.pop(0) if file.cuts else None
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if file.holds is None:
            self.wfile.write(body[:cut])
            self.close_connection = cut is not None
        else:
            self.wfile.write(body[:file.holds])
            self.until_client_goes()

    def do_wait(self):
        if self.server.count(self.words[0]) == 0:
            self.answer(503, b"busy", Retry_After=self.words[1])
        else:
            self.whole()
