"""The command eddy serve: files, listings, uploads, passwords, its end."""
import base64
import contextlib
import gzip
import http.client
import json
import os
import pty
import re
import select
import signal
import socket
import ssl
import subprocess
import threading
import time

from harness import TIME_LIMIT, expect

ON_EACH_BACKEND = True


@contextlib.contextmanager
def serving(t, *args, status=0, **more):
    """eddy serve of t.out on a free port meanwhile; -> the process, with .port and .said"""
    process = t.start("serve", "--port", "0", *args, t.out, **more)
    timer = threading.Timer(TIME_LIMIT, process.kill)
    timer.start()
    try:
        process.said = process.stdout.readline()
        assert process.said, process.stderr.read()
        process.port = int(re.search(r":(\d+)/", process.said)[1])
        yield process
        process.send_signal(signal.SIGINT)
        process.out, process.err = process.communicate()
        assert process.returncode == status, (process.returncode, process.err)
        assert not [f for _, _, fs in os.walk(t.out) for f in fs if f.startswith(".eddy")]
    finally:
        timer.cancel()
        process.kill()
        process.communicate()


def put(t, name, data):
    path = os.path.join(t.out, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


def read(t, name):
    with open(os.path.join(t.out, name), "rb") as f:
        return f.read()


def ask(process, method, path, body=None, headers=None):
    """-> status, body, header fields"""
    peer = http.client.HTTPConnection("127.0.0.1", process.port, timeout=TIME_LIMIT)
    with contextlib.closing(peer):
        peer.request(method, path, body, headers or {})
        answer = peer.getresponse()
        return answer.status, answer.read(), answer.headers


def status(process, *args, **more):
    return ask(process, *args, **more)[0]


def form(*files, extra=b""):
    """-> body, header fields of a form with files (name, data)"""
    parts = [b'--b\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n%s\r\n'
             % (name.encode(), data) for name, data in files]
    return b"".join(parts) + extra + b"--b--\r\n", \
        {"Content-Type": "multipart/form-data; boundary=b"}


def test_serve_files(t):
    large = os.urandom(300_000)
    text = b"".join(b"%d\n" % n for n in range(20_000))
    put(t, "index.html", b"<p>home")
    put(t, "sub/large.bin", large)
    put(t, "text.txt", text)
    put(t, ".hidden", b"x")
    with serving(t) as p:
        assert ask(p, "GET", "/")[:2] == (200, b"<p>home")
        assert ask(p, "GET", "/sub/large.bin")[:2] == (200, large)
        code, body, fields = ask(p, "GET", "/text.txt", headers={"Accept-Encoding": "gzip"})
        assert (code, fields["Content-Encoding"]) == (200, "gzip") and gzip.decompress(body) == text
        assert fields.get_all("Vary") == ["Accept-Encoding"], fields
        assert ask(p, "GET", "/sub/large.bin", headers={"Range": "bytes=5-9"})[:2] == (206,
                                                                                      large[5:10])
        for path in ("/sub/", "/.hidden", "/none", "/sub/none"):
            assert status(p, "GET", path) == 404, path
        for method in ("PUT", "POST"):
            code, _, fields = ask(p, method, "/a.txt", b"x")
            assert (code, fields["Allow"]) == (405, "GET, HEAD, OPTIONS"), (code, fields)
    assert re.search(r"^\d+ requests, .* sent, .*7? ?\d* refused in 0:", p.err, re.M), p.err
    assert os.listdir(t.out).count("a.txt") == 0


def test_serve_listing_and_page_of_an_application(t):
    put(t, "sub/<b>.txt", b"x")
    with serving(t, "--listing", "--cors") as p:
        code, page, fields = ask(p, "GET", "/sub/", headers={"Origin": "http://a.example"})
        assert code == 200 and b"./%3Cb%3E.txt" in page and b"<form" not in page, page
        assert fields["Access-Control-Allow-Origin"] == "*"
        assert status(p, "GET", "/none/") == 404
    put(t, "index.html", b"<p>app")
    with serving(t, "--spa") as p:
        assert ask(p, "GET", "/any/page")[:2] == (200, b"<p>app")
        assert status(p, "GET", "/any/page.js") == 404


def test_serve_loops(t):
    put(t, "a.txt", b"hello")
    with serving(t, "--loops", "3") as p:
        expect(t.run("serve", "--port", str(p.port), t.out), 1, f"port {p.port} is in use")
        expect(t.run("serve", "--port", str(p.port), "--loops", "2", t.out), 1, "is in use")
        for _ in range(20):
            assert ask(p, "GET", "/a.txt")[:2] == (200, b"hello")
    assert "20 requests, 100 B sent in 0:0" in p.err, p.err


def test_serve_uploads(t):
    put(t, "sub/old.txt", b"old")
    os.symlink("/", os.path.join(t.out, "out"))
    data = os.urandom(400_000)
    with serving(t, "--upload", "--listing", "--max-upload", "1M") as p:
        assert b"<form" in ask(p, "GET", "/sub/")[1]
        assert status(p, "PUT", "/sub/new.bin", data) == 201 and read(t, "sub/new.bin") == data
        assert status(p, "PUT", "/sub/old.txt", b"new") == 409
        for path, code in (("/none/a", 404), ("/sub", 409), ("/sub/", 403), ("/.a", 403),
                           ("/sub/.a", 403), ("/..%2fa", 403), ("/sub/..%5ca", 403),
                           ("/%2e%2e/a", 400), ("/a%0ab", 403), ("/out/tmp/a", 404),
                           ("/" + "a" * 300, 403), ("/" + "a/" * 600 + "a", 414)):
            assert status(p, "PUT", path, b"x") == code, path
        assert status(p, "PUT", "/part", b"x", {"Content-Range": "bytes 0-0/2"}) == 400
        assert status(p, "PUT", "/big", b"x" * (1 << 20) + b"x") == 413

        body, fields = form(("one.txt", b"1"), ("C:\\dir\\two.txt", data), extra=b"--b\r\n"
                            b'Content-Disposition: form-data; name="other"\r\n\r\nx\r\n')
        code, _, answer = ask(p, "POST", "/sub/", body, fields)
        assert (code, answer["Location"]) == (303, "./")
        assert read(t, "sub/one.txt") == b"1" and read(t, "sub/two.txt") == data
        for name, code in (("../x", 303), (".x", 403), ("old.txt", 409), ("", 400)):
            body, fields = form((name, b"x"))
            assert status(p, "POST", "/sub/", body, fields) == code, name
        assert status(p, "POST", "/sub/", b"a=1", {"Content-Type": "text/plain"}) == 415
        body, fields = form(("cut", data))
        assert status(p, "POST", "/sub/", body[:-20], fields) == 400
        for evil in ({"Origin": "http://evil.example"}, {"Origin": "null"},
                     {"Sec-Fetch-Site": "cross-site"}):
            body, fields = form(("evil", b"x"))
            assert status(p, "POST", "/sub/", body, fields | evil) == 403, evil
        fields["Origin"] = f"http://127.0.0.1:{p.port}"
        assert status(p, "POST", "/sub/", form(("mine", b"x"))[0], fields) == 303
    assert sorted(os.listdir(os.path.join(t.out, "sub"))) == ["mine", "new.bin", "old.txt",
                                                              "one.txt", "two.txt", "x"]
    assert read(t, "sub/old.txt") == b"old"
    with serving(t, "--upload", "--overwrite") as p:
        assert status(p, "PUT", "/sub/old.txt", b"new") == 204 and read(t, "sub/old.txt") == b"new"
        assert status(p, "PUT", "/sub", b"x") == 409


def test_serve_upload_beside_a_file_does_not_replace_it(t):
    put(t, "a.txt", b"old" * 1000)
    with serving(t, "--upload") as p:
        for end in "gz", "br":
            assert status(p, "PUT", f"/a.txt.{end}", b"new") == 201
        for coding in "gzip", "br":
            _, body, fields = ask(p, "GET", "/a.txt", headers={"Accept-Encoding": coding})
            if fields["Content-Encoding"]:
                body = gzip.decompress(body)
            assert body == b"old" * 1000, (coding, body[:10])


def test_serve_upload_that_is_broken_off(t):
    with serving(t, "--upload") as p:
        with socket.create_connection(("127.0.0.1", p.port), TIME_LIMIT) as peer:
            peer.sendall(b"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
            limit = time.monotonic() + TIME_LIMIT
            while not os.listdir(t.out) and time.monotonic() < limit:
                time.sleep(0.01)
        while os.listdir(t.out) and time.monotonic() < limit:
            time.sleep(0.01)
        assert os.listdir(t.out) == []
        assert status(p, "GET", "/a") == 404


def authorization(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_serve_password(t):
    put(t, "a.txt", b"hello")
    t.env["EDDY_SERVE_PASSWORD"] = "open:sesame"
    with serving(t, "--auth", "ali", "--upload") as p:
        code, _, fields = ask(p, "GET", "/a.txt")
        assert code == 401 and fields["WWW-Authenticate"].startswith("Basic realm="), fields
        for user, word in (("ali", "x"), ("ali", ""), ("x", "open:sesame"), ("ali", "open:sesamE"),
                           ("ali", "open:sesameopen:sesame")):
            assert status(p, "GET", "/a.txt", headers=authorization(user, word)) == 401
        assert status(p, "PUT", "/b.txt", b"x") == 401
        assert status(p, "GET", "/a.txt", headers=authorization("ali", "open:sesame")) == 200
    with serving(t, "--auth", "ali", "--password-file", t.write("word", "other\nline\n")) as p:
        assert status(p, "GET", "/a.txt", headers=authorization("ali", "open:sesame")) == 401
        assert status(p, "GET", "/a.txt", headers=authorization("ali", "other")) == 200
    for text in ("", "\n", "x" * 400):
        expect(t.run("serve", "--auth", "a", "--password-file", t.write("word", text), t.out), 2,
               "the first line is no password")
    t.env["EDDY_SERVE_PASSWORD"] = ""
    expect(t.run("serve", "--auth", "a", t.out), 2, "EDDY_SERVE_PASSWORD")
    del t.env["EDDY_SERVE_PASSWORD"]
    expect(t.run("serve", "--auth", "a", t.out, before=os.setsid), 2, "there is no terminal")


def read_until(fd, word):
    """-> what came on the terminal"""
    data = b""
    while word not in data:
        assert select.select([fd], [], [], TIME_LIMIT)[0], data
        part = os.read(fd, 1000)
        assert part, data
        data += part
    return data


class Port:
    """What ask() wants to know of a process."""

    def __init__(self, port):
        self.port = port


def test_serve_on_a_terminal(t):
    """The password is asked for and not shown, a line counts, Ctrl-C ends it."""
    put(t, "a.txt", b"hello")
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(t.eddy, ["eddy", "serve", "--port", "0", "--auth", "me", t.out], t.env)
    try:
        read_until(fd, b"password for me: ")
        os.write(fd, b"secret\n")
        said = read_until(fd, b"serving ") + read_until(fd, b"0 connections, 0 requests")
        port = int(re.search(rb":(\d+)/", said)[1])
        assert status(Port(port), "GET", "/a.txt", headers=authorization("me", "secret")) == 200
        said += read_until(fd, b"1 requests")
        os.write(fd, b"\x03")
        said += read_until(fd, b"1 request, 5 B sent in 0:0")
        assert b"secret" not in said, said
        with contextlib.suppress(OSError):  # at its end
            while True:
                os.read(fd, 1000)
    finally:
        os.close(fd)  # hangs up
        _, code = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(code) == 0, code


def test_serve_tls(t):
    put(t, "a.txt", b"hello")
    pem = [os.path.join(t.folder, n) for n in ("cert.pem", "key.pem")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-out", pem[0],
                    "-keyout", pem[1]], check=True, capture_output=True)
    with serving(t, "--tls", *pem) as p:
        assert "https://127.0.0.1:" in p.said
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        peer = http.client.HTTPSConnection("127.0.0.1", p.port, context=context, timeout=TIME_LIMIT)
        with contextlib.closing(peer):
            peer.request("GET", "/a.txt")
            assert peer.getresponse().read() == b"hello"
    expect(t.run("serve", "--tls", pem[1], pem[0], t.out), 1, "eddy serve: ")


def test_serve_log(t):
    put(t, "a.txt", b"hello")
    log = os.path.join(t.folder, "log")
    with serving(t, "--log", log, "--log-json", "--loops", "2") as p:
        assert status(p, "GET", "/a.txt?%0a\"") == 200
        assert status(p, "GET", "/none") == 404
    with open(log, encoding="utf-8") as f:
        lines = [json.loads(line) for line in f]
    assert sorted((line["status"], line["target"]) for line in lines) == \
        [(200, "/a.txt?%0a\""), (404, "/none")], lines
    with serving(t, "--log", "-") as p:
        assert status(p, "GET", "/a.txt") == 200
    assert '"GET /a.txt HTTP/1.1" 200 5' in p.out, p.out
    expect(t.run("serve", "--log", "/none/log", t.out), 1, "cannot open /none/log")


def test_serve_ends_with_its_terminal(t):
    with serving(t, "--upload") as p:
        with socket.create_connection(("127.0.0.1", p.port), TIME_LIMIT) as peer:
            peer.sendall(b"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na")
            while not os.listdir(t.out):
                time.sleep(0.01)
            p.send_signal(signal.SIGHUP)
            assert "ending" in p.stderr.readline() + p.stderr.readline()
            peer.sendall(b"b")
            assert b" 201 Created\r\n" in peer.recv(1000)
        p.wait(TIME_LIMIT)


def test_serve_waits_for_requests_and_twice_ends_at_once(t):
    with serving(t, "--upload") as p:
        with socket.create_connection(("127.0.0.1", p.port), TIME_LIMIT) as peer:
            peer.sendall(b"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")
            while not os.listdir(t.out):
                time.sleep(0.01)
            p.send_signal(signal.SIGTERM)
            assert "ending" in p.stderr.readline() + p.stderr.readline()
            peer.sendall(b"cde")
            assert b" 201 Created\r\n" in peer.recv(1000)
        p.wait(TIME_LIMIT)
    assert read(t, "a") == b"abcde"
    with serving(t, "--upload") as p:
        with socket.create_connection(("127.0.0.1", p.port), TIME_LIMIT) as peer:
            peer.sendall(b"PUT /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")
            while os.listdir(t.out) == ["a"]:
                time.sleep(0.01)
            p.send_signal(signal.SIGTERM)
            assert "ending" in p.stderr.readline() + p.stderr.readline()
            begun = time.monotonic()
            p.send_signal(signal.SIGINT)
            p.wait(TIME_LIMIT)
            assert time.monotonic() - begun < 3
