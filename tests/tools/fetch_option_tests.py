"""Options of eddy fetch beyond the list of URLs: what is sent, through what, and what is told."""
import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import threading
import time

from harness import Skip, TIME_LIMIT, expect
from server import File, Server

ON_EACH_BACKEND = True


def shelve(t, data=b"hello"):
    t.server.shelf[t.key] = file = File(data)
    return file, f"{t.url}/file/{t.key}/f"


def test_headers(t):
    file, url = shelve(t)
    expect(t.fetch("-H", "X-One: 1", "-H", "User-Agent:me", "-H", "X-Empty:", url), 0)
    method, headers, _ = file.seen[0]
    assert method == "GET" and headers["X-One"] == "1" and headers["X-Empty"] == "", headers
    assert headers["User-Agent"] == "me" and "Accept-Encoding" not in headers, headers


def test_credentials_stay_with_their_server(t):
    file, url = shelve(t)
    with Server() as other:
        other.shelf["to"] = to = File(b"")
        to.answer = lambda _: (302, {"Location": url}, b"")
        expect(t.fetch("-H", "Authorization: Bearer x", "-H", "X: y", f"{other.url}/file/to/g"), 0)
        assert to.seen[0][1]["Authorization"] == "Bearer x"
    headers = file.seen[0][1]
    assert "Authorization" not in headers and headers["X"] == "y", headers


def test_user_of_the_url(t):
    file, url = shelve(t)
    expect(t.fetch(url.replace("://", "://ann:se%20cret@")), 0)
    assert file.seen[0][1]["Authorization"] == "Basic YW5uOnNlIGNyZXQ="


def test_bad_headers_are_refused(t):
    file, url = shelve(t)
    new = os.path.join(t.folder, "new")
    for text, words in (("x", "a field is wanted"), (": x", "a field is wanted"), ("", "a field is"),
                        ("Host: x", "Host"), ("content-length: 3", "ontent-"), ("a b: c", "a b"),
                        ("A: b\r\nC: d", "A"), ("Transfer-Encoding: chunked", "Transfer-Encoding")):
        expect(t.run("fetch", "-o", new, "-H", text, url), 2, "eddy fetch: ", words)
    expect(t.fetch(*["-H", "A: b"] * 101, url), 2, "more than 100 header fields")
    assert not file.seen and not os.path.exists(new)


def test_data(t):
    file, url = shelve(t)
    big = os.urandom(300_000)
    path = os.path.join(t.folder, "big")
    with open(path, "wb") as f:
        f.write(big)
    form = "application/x-www-form-urlencoded"
    expect(t.fetch("-d", "a=1&b=2", url), 0)
    expect(t.fetch("-d", "", url), 0)
    expect(t.fetch("-d", "@" + path, "-H", "Content-Type: image/x", url, url), 0, "2 files")
    expect(t.fetch("-d", "@-", url, input="of the input"), 0)
    expect(t.fetch("-d", "@-", url, input=""), 0)
    assert [(m, h.get("Content-Type"), b) for m, h, b in file.seen] == [
        ("POST", form, b"a=1&b=2"), ("POST", form, b""), ("POST", "image/x", big),
        ("POST", "image/x", big), ("POST", form, b"of the input"), ("POST", form, b"")]


def test_data_is_sent_once(t):
    url = f"{t.url}/flaky/{t.key}/1/500/f"
    expect(t.fetch("-d", "x", url), 1, "the server answered 500 (1 attempt)")
    expect(t.fetch("-d", "x", "--retries", "1", f"{t.url}/flaky/{t.key}2/1/500/f"), 0)


def test_bad_data_is_refused(t):
    file, url = shelve(t)
    os.mkfifo(os.path.join(t.folder, "fifo"))
    for args, words in ((["-d", "@" + t.folder], "is a folder"),
                        (["-d", "@" + t.folder + "/none"], "No such file"),
                        (["-d", "@" + t.folder + "/fifo"], "no regular file"),
                        (["-d", "@"], "No such file"), (["-d", "a", "-d", "b"], "joined by &"),
                        (["-d", "a", "-C"], "-C and -d"),
                        (["-d", "@-", "-i", "-"], "standard input can be one of them")):
        expect(t.fetch(*args, url, input=url), 2, "eddy fetch: ", words)
    assert not file.seen


def test_checksum(t):
    _, url = shelve(t)
    for name in "sha256", "sha384", "sha512":
        right = f"{name}:{hashlib.new(name, b'hello').hexdigest()}"
        expect(t.fetch("--checksum", right, url), 0)
        expect(t.fetch("--checksum", right.upper().replace("SHA", "sha"), url), 0)
    assert len(t.files()) == 6
    wrong = "sha256:" + "1" * 64
    for kept in "f.bad", "f-1.bad":
        for file in t.files():
            if not file.endswith(".bad"):
                os.unlink(os.path.join(t.out, file))
        expect(t.fetch("--checksum", wrong, url), 1, "its sha256 is 2cf24dba5fb0a30e", "(1 attempt)",
               f"; kept as {kept}\n")
    assert t.files() == ["f-1.bad", "f.bad"], t.files()


def test_bad_checksums_are_refused(t):
    _, url = shelve(t)
    for text in "", "sha256", "sha256:", "sha256:12", "sha256:" + "g" * 64, "sha256:" + "1" * 65, \
            "md5:" + "1" * 32, "sha512:" + "1" * 64, ":" + "1" * 64, "sha25:" + "1" * 64:
        expect(t.fetch("--checksum", text, url), 2, f"--checksum {text}: sha256: and 64")
    expect(t.fetch("--checksum", "sha256:" + "1" * 64, url, url), 2, "there are more URLs")


def test_limit_per_host(t):
    names = {"a": t.url, "b": t.url.replace("127.0.0.1", "localhost")}
    urls = [f"{url}/slow/{t.key}{host}/{host}{i}" for host, url in names.items() for i in range(6)]
    start = time.monotonic()
    expect(t.fetch("-c", "10", "--limit-per-host", "2", *urls), 0, "12 files")
    for host in names:
        assert t.server.active[t.key + host] == (0, 2), t.server.active
    # both hosts at a time, 3 rounds of half a second
    assert time.monotonic() - start < 2.6, time.monotonic() - start
    result = t.fetch("-c", "8", "--limit-per-host", "1", *[f"{t.url}/ok/9/n{i}" for i in range(300)])
    expect(result, 0, "300 files")
    for value in "0", "1001", "x", "":
        expect(t.fetch("--limit-per-host", value, urls[0]), 2, f"--limit-per-host {value}: ")


def test_waiting_for_a_host_is_not_in_the_time_limit(t):
    urls = [f"{t.url}/slow/{t.key}/{i}" for i in range(4)]
    expect(t.fetch("--limit-per-host", "1", "--timeout", "1.5", "--retries", "0", *urls), 0, "4 files")


@contextlib.contextmanager
def proxy(answer):
    """-> its port, and the heads of what it is asked"""
    heads = []

    def serve(listener):
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += peer.recv(4096)
                heads.append(head.decode())
                peer.sendall(answer)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=[listener], daemon=True)
        thread.start()
        yield listener.getsockname()[1], heads
        listener.shutdown(socket.SHUT_RDWR)


def test_proxy(t):
    file, url = shelve(t)
    with proxy(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nproxy") as (port, heads):
        address = f"127.0.0.1:{port}"
        expect(t.fetch("--proxy", f"http://ann:pw@{address}", "http://nowhere.test/a"), 0)
        assert heads[0].startswith("GET http://nowhere.test/a HTTP/1.1\r\n"), heads
        assert "Proxy-Authorization: Basic YW5uOnB3\r\n" in heads[0], heads
        t.env["http_proxy"] = f"http://{address}"
        expect(t.fetch(url), 0)
        assert len(heads) == 2 and not file.seen
        expect(t.fetch("--proxy", "", url), 0)
        assert len(heads) == 2 and len(file.seen) == 1
    for bad in "ftp://x", "http://", "http://a b", "socks4://x", "x:99999", "http://u:secret@x:y":
        result = t.fetch("--proxy", bad, url)
        expect(result, 2, "eddy fetch: --proxy:")
        assert "secret" not in result.err, result


def test_http2(t):
    """In the clear with a server that is known to speak it; another one's answer is none."""
    program = os.path.join(os.path.dirname(t.eddy), "examples", "http_hello")
    if not os.path.exists(program):
        raise Skip("http_hello was not built")
    with socket.create_server(("127.0.0.1", 0)) as any_free:
        port = any_free.getsockname()[1]
    urls = [f"http://127.0.0.1:{port}/hello/h{i}" for i in range(50)]
    with subprocess.Popen([program, "serve", str(port)], env=t.env,
                          stdout=subprocess.DEVNULL) as server:
        try:
            expect(t.fetch("--http2", "--retries", "5", *urls), 0, "50 files")
        finally:
            server.kill()
    with open(os.path.join(t.out, "h7"), encoding="utf-8") as f:
        assert f.read() == "Hello, h7!\n"
    expect(t.fetch("--http2", "--retries", "0", f"{t.url}/ok/9/f"), 1, "1 failed")
    expect(t.fetch("--http2=yes", t.url), 2, "no value belongs to it")


def test_json(t):
    masked = t.url.replace("://", "://ann:***@")
    urls = [f"{t.url}/ok/1000/%22%C3%A4%FF", f"{t.url.replace('://', '://ann:pw@')}/status/404/x",
            f"{t.url}/flaky/{t.key}/1/503/c", "http://127.0.0.1:1/none"]
    result = t.fetch("--json", "--retries", "1", *urls)
    expect(result, 1, "2 files", "2 failed")
    report = json.loads(result.out)
    saved, failed, flaky, none = report.pop("files")
    assert report.pop("seconds") >= saved.pop("seconds") >= 0
    assert report == {"saved": 2, "present": 0, "failed": 2, "open": 0, "bytes": 2000}, report
    assert saved == {"url": urls[0], "state": "saved", "file": '"ä\ufffd', "bytes": 1000,
                     "status": 200, "attempts": 1}, saved
    assert failed.pop("seconds") >= 0 and failed == {
        "url": f"{masked}/status/404/x", "state": "failed", "status": 404, "attempts": 1,
        "error": "the server answered 404"}, failed
    assert flaky["attempts"] == 2 and flaky["status"] == 200 and flaky["seconds"] > 0.2, flaky
    assert "status" not in none and "refused" in none["error"] and none["attempts"] == 2, none


def test_json_after_an_interruption(t):
    process = t.start("fetch", "-o", t.out, "--json", f"{t.url}/ok/9/a", f"{t.url}/stall/{t.key}/b")
    t.server.await_requests(t.key, 1)
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    result = t.end(process)
    report = json.loads(result.out)
    assert result.status == 130 and report["signal"] == 2, result
    assert [f["state"] for f in report["files"]] == ["saved", "open"] and report["open"] == 1


def test_json_of_what_is_kept(t):
    file, url = shelve(t)
    file.cuts = [3]
    report = json.loads(t.fetch("--json", "-C", "--retries", "0", url).out)
    assert report["files"][0]["kept"] == ".f.part", report
    assert json.loads(t.fetch("--json", "-C", url).out)["files"][0]["file"] == "f"
    again = json.loads(t.fetch("--json", "-C", url).out)
    assert again["files"][0]["state"] == "present" and again["files"][0]["bytes"] == 5, again


def test_report_that_cannot_be_written(t):
    with open("/dev/full", "w", encoding="utf-8") as full:
        expect(t.fetch("--json", f"{t.url}/ok/9/a", stdout=full), 1, "cannot write")


def test_messages_go_into_no_file(t):
    def close_all():
        for fd in range(3):
            os.close(fd)
    for options in [], ["--json"]:
        process = t.start("fetch", "-o", t.out, *options, f"{t.url}/ok/9/a", before=close_all)
        assert t.end(process).status == (1 if options else 0)
    t.has("a", 9)
    t.has("a-1", 9, name="a")


# ---- a name server that says nothing ----

@contextlib.contextmanager
def silent_name_server():
    """-> its address; nothing that it is asked is answered"""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(TIME_LIMIT)
        yield f"127.0.0.1:{server.getsockname()[1]}", server


def test_timeout_while_the_name_server_is_silent(t):
    with silent_name_server() as (resolver, server):
        start = time.monotonic()
        result = t.fetch("--resolvers", resolver, "--timeout", "1", "--retries", "0",
                         "http://slow.test/a", "http://slower.test/b", f"{t.url}/slow/{t.key}/c")
        took = time.monotonic() - start
        expect(result, 1, "http://slow.test/a: not done within 1 s (1 attempt)", "1 file,", "2 failed")
        assert server.recv(1000), "nobody was asked"
        assert 1 <= took < 1.2 * load_factor(), took
    t.has("c", 10000)


def test_interrupt_while_the_name_server_is_silent(t):
    with silent_name_server() as (resolver, server):
        process = t.start("fetch", "-o", t.out, "--resolvers", resolver, "http://slow.test/a",
                          f"{t.url}/ok/9/b", f"{t.url}/stall/{t.key}/c")
        assert server.recv(1000), "nobody was asked"
        t.server.await_requests(t.key, 1)
        time.sleep(0.1)
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        result = t.end(process)
        took = time.monotonic() - start
        expect(result, 130, "2 of 3 files not fetched", "1 file, 9 B")
        assert took < 0.2 * load_factor(), took


def load_factor():
    """How much longer things may take: tests run beside each other, and perhaps under a checker. A
    resolver that is waited for takes 14 s and more."""
    return 4 * float(os.environ.get("TEST_TIME_FACTOR", "1"))


def test_bad_resolvers_are_refused(t):
    for text in "", "x", "127.0.0.1:99999", ",".join(["127.0.0.1"] * 17):
        expect(t.fetch("--resolvers", text, t.url), 2, "eddy fetch: --resolvers: ", "like")


def test_bytes_beyond_ascii_in_urls(t):
    expect(t.fetch(f"{t.url}/ok/9/ä"), 0)
    assert t.files() == ["ä"]
    t.has("ä", 9)
