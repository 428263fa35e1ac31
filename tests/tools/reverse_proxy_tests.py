"""examples/reverse_proxy between clients and servers that behave, are slow, break off or are gone."""
import contextlib
import hashlib
import http.client
import http.server
import os
import signal
import socket
import subprocess
import threading
import time

from harness import Skip, TIME_LIMIT

ON_EACH_BACKEND = True


class Upstream(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.server.connections.append(self.connection)

    def log_message(self, *args):
        pass

    def answer(self, body, *fields):
        self.send_response(200)
        for name, value in (("Content-Length", str(len(body))), *fields):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        if self.path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"a part")
            self.close_connection = True
        elif self.path == "/wait":
            self.server.came.set()
            self.connection.settimeout(TIME_LIMIT)
            with contextlib.suppress(OSError):
                if not self.connection.recv(1):
                    self.server.left.set()
            self.close_connection = True
        elif self.path == "/late":
            self.server.came.set()
            time.sleep(0.3)
            self.answer(b"late")
        elif self.headers.get("Upgrade"):
            self.wfile.write(b"HTTP/1.1 101 Up\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            while line := self.rfile.readline():
                self.wfile.write(line.strip()[::-1] + b"\n")
            self.close_connection = True
        else:
            fields = "".join(f"{name}: {value}\n" for name, value in self.headers.items())
            self.answer(f"{self.command} {self.path}\n{fields}".encode(), ("Connection", "X-Hop"),
                        ("X-Hop", "1"), ("X-Stays", "1"))

    do_HEAD = do_GET

    def do_POST(self):
        digest = hashlib.sha256()
        if self.headers.get("Content-Length"):
            left = int(self.headers["Content-Length"])
            while left and (data := self.rfile.read(min(left, 65536))):
                digest.update(data)
                left -= len(data)
        else:
            while size := int(self.rfile.readline(), 16):
                digest.update(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
        self.answer(digest.hexdigest().encode() * 10000)


class UpstreamServer(http.server.ThreadingHTTPServer):
    def handle_error(self, *args):
        pass  # connections that were ended from outside


@contextlib.contextmanager
def upstream(port=0):
    """A server; -> it, with events: a request has .came, its client has .left"""
    server = UpstreamServer(("127.0.0.1", port), Upstream)
    server.connections, server.came, server.left = [], threading.Event(), threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        for connection in server.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        server.server_close()


def program_of(t):
    program = os.path.join(os.path.dirname(t.eddy), "examples", "reverse_proxy")
    if not os.path.exists(program):
        raise Skip("reverse_proxy was not built")
    return program


@contextlib.contextmanager
def proxy(t, ports, *options):
    """-> the process with its .port; it has to end well by Ctrl-C, and leaves .err"""
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    with subprocess.Popen([program_of(t), "--port", "0", *options, *urls], env=t.env, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        timer = threading.Timer(TIME_LIMIT, process.kill)
        timer.start()
        try:
            process.port = int(process.stdout.readline().split()[0].rpartition(":")[2])
            yield process
            process.send_signal(signal.SIGINT)
            _, process.err = process.communicate()
            assert process.returncode == 0, (process.returncode, process.err)
        finally:
            timer.cancel()
            process.kill()


def ask(port, method, target, body=None, headers=None):
    """-> status, header fields, body"""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIME_LIMIT)
    with contextlib.closing(connection):
        connection.request(method, target, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


def test_reverse_proxy_passes_on(t):
    data = os.urandom(2_000_000)
    digest = hashlib.sha256(data).hexdigest().encode() * 10000
    with upstream() as server, proxy(t, [server.server_port]) as p:
        status, fields, body = ask(p.port, "GET", "/a%20b?c=d", headers={
            "Connection": "X-Mine", "X-Mine": "1", "X-Yours": "1", "X-Forwarded-For": "6.6.6.6"})
        assert status == 200 and "X-Hop" not in fields and fields["X-Stays"] == "1", fields
        lines = body.decode().splitlines()
        assert lines[0] == "GET /a%20b?c=d" and "X-Yours: 1" in lines, lines
        assert {"X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: http",
                f"X-Forwarded-Host: 127.0.0.1:{p.port}"} <= set(lines), lines
        assert "6.6.6.6" not in body.decode() and "X-Mine" not in body.decode(), lines
        status, fields, body = ask(p.port, "HEAD", "/")
        assert status == 200 and int(fields["Content-Length"]) > 0 and not body, fields
        assert ask(p.port, "POST", "/", data)[2] == digest
        pieces = iter([data[:10], data[10:1_000_000], data[1_000_000:]])
        assert ask(p.port, "POST", "/", pieces)[2] == digest
    assert p.err == "", p.err


def test_reverse_proxy_tunnels_upgrades(t):
    with upstream() as server, proxy(t, [server.server_port]) as p:
        with socket.create_connection(("127.0.0.1", p.port), TIME_LIMIT) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                           b"\r\nfirst\n")
            with client.makefile("rb") as answer:
                head = list(iter(answer.readline, b"\r\n"))
                assert head[0].startswith(b"HTTP/1.1 101 "), head
                assert b"Upgrade: websocket\r\n" in head, head
                assert answer.readline() == b"tsrif\n"
                client.sendall(b"second\n")
                assert answer.readline() == b"dnoces\n"
                client.shutdown(socket.SHUT_WR)
                assert answer.read() == b""
        # HTTP/2 within HTTP/1.1 would be a way past the proxy.
        status, fields, _ = ask(p.port, "GET", "/", None,
                                {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c"})
        assert status == 200 and "Upgrade" not in fields, (status, fields)
    assert p.err == "", p.err


def test_reverse_proxy_leaves_out_who_is_down(t):
    with contextlib.ExitStack() as stack:
        one, two = map(stack.enter_context, (upstream(), contextlib.ExitStack()))
        port = two.enter_context(upstream()).server_port
        p = stack.enter_context(proxy(t, [one.server_port, port], "--interval", "0.05"))
        assert [ask(p.port, "GET", "/")[0] for _ in range(4)] == [200] * 4
        two.close()
        assert [ask(p.port, "GET", "/")[0] for _ in range(4)] == [200] * 4
        two.enter_context(upstream(port))
        assert p.stderr.readline().startswith(f"http://127.0.0.1:{port} is down: ")
        assert p.stderr.readline() == f"http://127.0.0.1:{port} is up again\n"
        two.close()


def test_reverse_proxy_without_servers(t):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with proxy(t, [port]) as p:
        status, fields, _ = ask(p.port, "GET", "/")
        assert (status, fields["Retry-After"]) == (503, "5"), (status, fields)
    assert "is down: " in p.err and "connection refused" in p.err, p.err


def test_reverse_proxy_tells_of_failures(t):
    with upstream() as server, proxy(t, [server.server_port], "--timeout", "0.3") as p:
        assert ask(p.port, "GET", "/wait")[0] == 504
        try:
            assert not ask(p.port, "GET", "/cut"), "a part was taken for the whole"
        except (http.client.IncompleteRead, ConnectionResetError):
            pass
        assert ask(p.port, "GET", "/")[0] == 200
    assert "GET /wait: " in p.err and "GET /cut has failed: " in p.err, p.err


def test_reverse_proxy_of_targets_that_are_odd(t):
    with upstream() as server, proxy(t, [server.server_port]) as p:
        for target, line in (("http://a", b"GET / "), ("http://a?b=/c", b"GET /?b=/c "),
                             ("http://a/b", b"GET /b "), ("/a?b://c", b"GET /a?b://c")):
            status, _, body = ask(p.port, "GET", target)
            assert status == 200 and (body.split(b"\n")[0] + b" ").startswith(line), (target, body)
        for target in "/a\\b", "*", "a/b":
            assert ask(p.port, "GET", target)[0] == 400, target
    assert p.err == "", p.err


def test_reverse_proxy_of_a_client_that_leaves(t):
    with upstream() as server, proxy(t, [server.server_port]) as p:
        with socket.create_connection(("127.0.0.1", p.port), TIME_LIMIT) as client:
            client.sendall(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
            assert server.came.wait(TIME_LIMIT)
        assert server.left.wait(TIME_LIMIT)
    assert p.err == "", p.err


def test_reverse_proxy_ends_after_the_last_answer(t):
    with upstream() as server, proxy(t, [server.server_port]) as p:
        with socket.create_connection(("127.0.0.1", p.port), TIME_LIMIT) as client:
            client.sendall(b"GET /late HTTP/1.1\r\nHost: a\r\n\r\n")
            assert server.came.wait(TIME_LIMIT)
            p.send_signal(signal.SIGINT)
            answer = b""
            while part := client.recv(1000):
                answer += part
            assert answer.endswith(b"\r\n\r\nlate") and b"Connection: close\r\n" in answer, answer
        assert p.wait(TIME_LIMIT) == 0


def test_reverse_proxy_arguments(t):
    for args, words in ((), "no server"), (["--port", "x", "http://a"], "0 to 65535"), \
            (["ftp://a"], "none of http"), (["http://a/b"], "a host and a port"), \
            (["--interval", "0", "http://a"], "0.01 to 3600"), \
            (["--cert", "x", "http://a"], "both or neither"):
        p = subprocess.run([program_of(t), *args], env=t.env, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True, timeout=TIME_LIMIT, check=False)
        assert p.returncode == 2 and words in p.stderr and "usage: " in p.stderr, (args, p.stderr)
