"""The programs of examples/ that serve something, as a user would try them."""
import contextlib
import hashlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

from harness import Skip, TIME_LIMIT
from server import File

ON_EACH_BACKEND = True


@contextlib.contextmanager
def example(t, name, *args):
    """Runs it meanwhile; -> the process, with the first line it prints in .said"""
    program = os.path.join(os.path.dirname(t.eddy), "examples", name)
    if not os.path.exists(program):
        raise Skip(f"{name} was not built")
    with subprocess.Popen([program, *args], env=t.env, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        timer = threading.Timer(TIME_LIMIT, process.kill)
        timer.start()
        try:
            process.said = process.stdout.readline()
            yield process
            process.send_signal(signal.SIGINT)
            _, err = process.communicate()
            assert (process.returncode, err) == (0, ""), (process.returncode, err)
        finally:
            timer.cancel()
            process.kill()


def answer_with_hash(listener):
    """Takes one connection, answers with the hash of everything up to its end."""
    peer, _ = listener.accept()
    with peer:
        digest = hashlib.sha256()
        while data := peer.recv(65536):
            digest.update(data)
        peer.sendall(digest.digest())


def test_proxy_passes_the_end_on(t):
    data = os.urandom(3_000_000)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=answer_with_hash, args=[listener], daemon=True)
        server.start()
        with example(t, "proxy", str(listener.getsockname()[1])) as proxy:
            port = int(proxy.said.split(" on to ")[0].rpartition(":")[2])
            with socket.create_connection(("127.0.0.1", port), TIME_LIMIT) as client:
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)
                answer = b""
                while part := client.recv(100):
                    answer += part
            assert answer == hashlib.sha256(data).digest(), answer
        server.join()


def test_proxy_without_a_server(t):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    program = os.path.join(os.path.dirname(t.eddy), "examples", "proxy")
    if not os.path.exists(program):
        raise Skip("proxy was not built")
    with subprocess.Popen([program, str(port)], env=t.env, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as proxy:
        own = int(proxy.stdout.readline().split(" on to ")[0].rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", own), TIME_LIMIT) as client:
            assert client.recv(1) == b""
        proxy.send_signal(signal.SIGINT)
        _, err = proxy.communicate(timeout=TIME_LIMIT)
    assert "connection refused" in err, err


def test_udp_echo_sends_back(t):
    with example(t, "udp_echo", "0") as server:
        address = ("127.0.0.1", int(server.said.rpartition(":")[2]))
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                       for _ in range(20)]
            for n, client in enumerate(clients):
                client.settimeout(TIME_LIMIT)
                client.sendto(bytes([n]) * n * 100, address)
            for n, client in enumerate(clients):
                assert client.recv(65536) == bytes([n]) * n * 100, n


def test_chat(t):
    program = os.path.join(os.path.dirname(t.eddy), "examples", "chat")
    if not os.path.exists(program):
        raise Skip("chat was not built")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_free:
        any_free.bind(("127.0.0.1", 0))
        port = str(any_free.getsockname()[1])
    people = []
    timer = threading.Timer(TIME_LIMIT, lambda: [p.kill() for p in people])
    timer.start()
    try:
        heard = []
        for name in ("ann", "bob"):
            people.append(subprocess.Popen([program, name, "lo", port], env=t.env, text=True,
                                           stdin=subprocess.PIPE, stdout=subprocess.PIPE))
            heard.append(people[0].stdout.readline())
        ann, bob = people
        bob.communicate("good morning\n")
        heard += ann.communicate()[0].splitlines()
        said = [line.rpartition("  (")[0] for line in heard]
        assert said[:4] == ["ann: hello", "bob: hello", "bob: good morning", "bob: bye"], said
    finally:
        timer.cancel()
        for p in people:
            p.kill()
            p.wait()


def say(connection, words):
    """Says them one after the other, without waiting for the answers in between."""
    connection.sendall(b"".join(b"POST /say HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s"
                                % (len(w), w) for w in words))
    said = b""
    while said.count(b"\r\n\r\n") < len(words):
        more = connection.recv(65536)
        assert more
        said += more
    assert said.count(b"HTTP/1.1 204") == len(words), said


def connect_to(port):
    limit = time.monotonic() + TIME_LIMIT
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), TIME_LIMIT)
        except ConnectionRefusedError:
            assert time.monotonic() < limit
            time.sleep(0.01)


def test_sse_chat_of_a_slow_reader(t):
    with socket.create_server(("127.0.0.1", 0)) as any_free:
        port = any_free.getsockname()[1]
    with example(t, "sse_chat", str(port)), connect_to(port) as reader, connect_to(port) as speaker:
        reader.sendall(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
        reader.recv(100)
        for first in range(0, 16000, 200):
            say(speaker, [b"%d " % n + b"x" * 490 for n in range(first, first + 200)])
        heard = b""
        while b"data: 15999 " not in heard:
            heard += reader.recv(1 << 20)
    numbers = [int(line[6:].split(b" ")[0]) for line in heard.split(b"\n")
               if line.startswith(b"data: ")]
    assert numbers == sorted(set(numbers)) and len(numbers) < 16000, "the same words twice"


def answer_questions(server):
    """DNS: web.test is 192.0.2.80 and back, nothing else has a name or an address."""
    known = {(b"\3web\4test\0", 1): bytes([192, 0, 2, 80]), (b"\3web\4test\0", 28): None,
             (b"\x0280\0012\0010\003192\7in-addr\4arpa\0", 12): b"\3web\4test\0"}
    while True:
        question, client = server.recvfrom(4096)
        if not question:
            return
        end = question.index(b"\0", 12) + 5
        key = question[12:end - 4].lower(), question[end - 3]
        record = known.get(key)
        answer = (question[:2] + (b"\x81\x80" if key in known else b"\x81\x83") + b"\0\1\0" +
                  bytes([record is not None]) + b"\0\0\0\0" + question[12:end])
        if record:
            answer += (b"\xc0\x0c\0" + bytes([key[1]]) + b"\0\1\0\0\0\x3c\0" +
                       bytes([len(record)]) + record)
        server.sendto(answer, client)


def test_resolve(t):
    program = os.path.join(os.path.dirname(t.eddy), "examples", "resolve")
    if not os.path.exists(program):
        raise Skip("resolve was not built")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=answer_questions, args=[server], daemon=True)
        thread.start()
        env = dict(t.env, RESOLVE_SERVERS=f"127.0.0.1:{server.getsockname()[1]}")
        try:
            said = subprocess.run([program, "web.test", "localhost", "192.0.2.80", "nobody.test",
                                   "2001:db8::1"], env=env, text=True, stdout=subprocess.PIPE,
                                  check=True, timeout=TIME_LIMIT).stdout
        finally:
            server.sendto(b"", server.getsockname())
            thread.join()
    assert sorted(said.splitlines()) == [
        "192.0.2.80 is web.test",
        "cannot look up 2001:db8::1: the address has no name",
        "cannot look up nobody.test: there is no such name",
        "localhost is ::1 127.0.0.1",
        "web.test is 192.0.2.80"], said


def ask(connection, path, method="GET"):
    connection.request(method, path)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_static_server(t):
    data = os.urandom(1_500_000)
    os.mkdir(os.path.join(t.out, "sub"))
    for name, content in (("big.bin", data), ("empty", b""), ("sub/index.html", b"<p>hello")):
        with open(os.path.join(t.out, name), "wb") as f:
            f.write(content)
    os.mkfifo(os.path.join(t.out, "fifo"))
    with example(t, "static_server", t.out, "0") as server:
        port = int(server.said.rpartition(":")[2])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIME_LIMIT)
        assert ask(connection, "/big.bin") == (200, data)
        assert ask(connection, "/empty") == (200, b"")
        assert ask(connection, "/sub/") == (200, b"<p>hello")
        assert ask(connection, "/sub") == (200, b"<p>hello")
        assert ask(connection, "/big.bin", "HEAD") == (200, b"")
        assert ask(connection, "/none")[0] == 404
        assert ask(connection, "/")[0] == 404
        assert ask(connection, "/fifo")[0] == 403
        assert ask(connection, "/../secret")[0] == 403
        assert ask(connection, "/big.bin", "PUT")[0] == 405
        connection.close()


SITE = {
    "robots.txt": "User-agent: *\nDisallow: /\n\nuser-agent: other\nUser-Agent: Eddy-Crawler # us\n"
                  "Disallow: /secret/\nallow: /secret/open*.html$\nDisallow:\nDisallow: /*.pdf\n",
    "index.html": """<!doctype html><TITLE>x < y</TITLE>
        <!-- <a href="comment.html"> --> <a class=x HREF = 'a.html#top' >a</a><a href=a.html>again</a>
        <script>document.write("<a href='script.html'>")</script><img src=image.png alt="<a href=no>">
        <a href="a.html?x=1&amp;y=2">q</a> <a href="mailto:ann@example.com"> <a href="">
        <a href="http://127.0.0.1:1/elsewhere">e</a> <a href="javascript:x()">
        <a href="/secret/x.html"></a><a href="secret/open1.html"></a><a href="x.pdf?y">
        <a href=" sub/../missing.html ">m</a><a data-href="data.html" href>z</a> <a href="d1.html""",
    "a.html": "<p>end <a href='index.html'>back</a> <a href='missing.html'>",
    "secret/open1.html": "fine",
    "secret/x.html": "secret", "image.png": "x" * 100, "notes.txt": "<a href='text.html'>",
    **{f"d{i}.html": f"<a href='d{i + 1}.html'>deeper</a>" for i in range(1, 9)},
}


def crawl(t, *args):
    program = os.path.join(os.path.dirname(t.eddy), "examples", "crawler")
    if not os.path.exists(program):
        raise Skip("crawler was not built")
    p = subprocess.run([program, *args], env=t.env, text=True, capture_output=True,
                       timeout=TIME_LIMIT)
    return p.returncode, p.stdout, p.stderr


def test_crawler(t):
    for name, text in SITE.items():
        path = os.path.join(t.out, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
    with example(t, "static_server", t.out, "0") as server:
        url = f"http://127.0.0.1:{server.said.rpartition(':')[2].strip()}/"
        code, out, err = crawl(t, "-d", "3", "-c", "3", url + "index.html")
        visited = sorted(line.replace(url, "") for line in out.splitlines() if "  " in line[:5])
        assert (code, err) == (1, ""), (code, out, err)
        assert visited[:9] == ["  missing.html: 404 (in index.html)", "200  a.html",
                               "200  a.html?x=1&y=2", "200  d1.html", "200  d2.html",
                               "200  d3.html", "200  image.png", "200  index.html",
                               "200  secret/open1.html"], out
        assert visited[9:] == ["404  missing.html"], out
        assert "1 broken\n" in out and ": 1 links elsewhere, 2 that robots.txt forbids, 1 too deep\n" \
            in out, out
        code, out, err = crawl(t, "-d", "0", url + "a.html")
        assert (code, err) == (0, "") and "1 page," in out and "2 too deep" in out, out
        code, out, err = crawl(t, url + "secret/")
        assert (code, err) == (0, "") and "0 pages," in out, out
    code, out, err = crawl(t, url)
    assert (code, out) == (1, "") and "refused" in err, (code, out, err)
    assert err.startswith("crawler: nothing is read") and err.count("\n") == 1, err
    assert crawl(t, "-c", "0", url)[0] == 2 and crawl(t)[0] == 2 and crawl(t, "-x", "1", url)[0] == 2
    assert crawl(t, "example.org") == (2, "", 'crawler: "example.org": it does not begin with http:// '
                                       "or https://\n")


def test_crawler_and_a_long_robots_txt(t):
    text = "User-agent: *\nDisallow: /b\n" + "# long\n" * 80000 + "Disallow: /a\n"
    for name, content in ("robots.txt", text), ("a.html", "<a href=b.html>"), ("b.html", ""):
        with open(os.path.join(t.out, name), "w", encoding="utf-8") as f:
            f.write(content)
    with example(t, "static_server", t.out, "0") as server:
        code, out, err = crawl(t, f"http://127.0.0.1:{server.said.rpartition(':')[2].strip()}/a.html")
        assert (code, err) == (0, "") and "1 page," in out and "1 that robots" in out, (out, err)


def test_crawler_is_interrupted(t):
    """It says what it has seen."""
    program = os.path.join(os.path.dirname(t.eddy), "examples", "crawler")
    if not os.path.exists(program):
        raise Skip("crawler was not built")
    t.server.shelf[t.key] = file = File(b"<a href=other>")
    file.holds = 5
    file.version = lambda: {"Content-Type": "text/html; charset=utf-8"}
    with subprocess.Popen([program, f"{t.url}/file/{t.key}/x"], env=t.env, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not file.seen:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=TIME_LIMIT)
    assert process.returncode == 1 and err == "" and "1 pages not visited" in out, (out, err)


def test_watch(t):
    with example(t, "watch", t.out) as watch:
        os.mkdir(os.path.join(t.out, "sub"))
        with open(os.path.join(t.out, "sub", "file"), "w", encoding="utf-8") as f:
            f.write("text")
        lines = [watch.stdout.readline() for _ in range(2)]
        assert lines == ["created sub/\n", "created sub/file\n"], lines
        os.rename(os.path.join(t.out, "sub"), os.path.join(t.out, "other"))
        more = [watch.stdout.readline()]
        while more[-1].endswith(" sub/file\n"):  # again, when it was made at the wrong moment
            more.append(watch.stdout.readline())
        assert more[-1] == "moved other/ from sub\n" and len(more) <= 3, more


def test_rot13_stream(t):
    program = os.path.join(os.path.dirname(t.eddy), "examples", "rot13_stream")
    text = "Hello, World\n" * 20000
    turned = subprocess.run([program], env=t.env, text=True, input=text, capture_output=True,
                            timeout=TIME_LIMIT, check=True).stdout
    assert turned == "Uryyb, Jbeyq\n" * 20000, turned[:40]


def test_curl_bridge(t):
    """A foreign library on eddy's loop: transfers go on beside each other, failures are told."""
    program = os.path.join(os.path.dirname(t.eddy), "examples", "curl_bridge")
    if not os.path.exists(program):
        raise Skip("curl_bridge was not built")
    slow = [f"{t.url}/slow/{t.key}/f{i}" for i in range(4)]
    others = [f"{t.url}/ok/70000/big", f"{t.url}/status/404/x", f"{t.url}/reset/{t.key}r/9/y"]
    result = subprocess.run([program, *slow, *others], env=t.env, text=True, capture_output=True,
                            timeout=TIME_LIMIT, check=True)
    lines = dict(line.split(": ", 1) for line in result.stdout.splitlines())
    assert [lines[u] for u in slow] == ["200, 10000 bytes"] * 4, result
    assert lines[others[0]] == "200, 70000 bytes" and lines[others[1]].startswith("404, "), lines
    assert "bytes" not in lines[others[2]] and len(lines) == 7, lines
    assert t.server.active[t.key] == (0, 4), t.server.active[t.key]
    with subprocess.Popen([program, f"{t.url}/stall/{t.key}s/z"], env=t.env, text=True,
                          stderr=subprocess.PIPE) as process:
        t.server.await_requests(t.key + "s", 1)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=TIME_LIMIT)[1] == "" and process.returncode == 1


@contextlib.contextmanager
def redis(t):
    """A Redis of its own; -> the path of its socket"""
    if not shutil.which("redis-server"):
        raise Skip("there is no redis-server")
    path = os.path.join(t.out, "redis.sock")
    args = ["--port", "0", "--unixsocket", path, "--save", "", "--dir", t.out]
    with subprocess.Popen(["redis-server", *args], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert any("eady to accept" in line for line in server.stdout)
            yield path
        finally:
            server.kill()


def test_redis_commands(t):
    """A client library that knows nothing of eddy: no command holds up another."""
    program = os.path.join(os.path.dirname(t.eddy), "examples", "redis_commands")
    if not os.path.exists(program):
        raise Skip("redis_commands was not built")

    def run(path, *commands):
        p = subprocess.run([program, path, *commands], env=t.env, text=True,
                           capture_output=True, timeout=TIME_LIMIT)
        return p.returncode, p.stdout.splitlines(), p.stderr

    with redis(t) as path:
        code, out, err = run(path, "BLPOP nothing 0.5", "SET greeting hello", "NONSENSE")
        assert (code, err, len(out)) == (0, "", 3), (code, out, err)
        assert out[2] == "BLPOP nothing 0.5: (nil)" and "SET greeting hello: OK" in out, out
        assert any(line.startswith("NONSENSE: error: ERR unknown command") for line in out), out
        assert run(path, "GET greeting") == (0, ["GET greeting: hello"], "")
        code, out, err = run(path, "BLPOP nothing 0", "GET greeting")
        assert code == 1 and out == ["GET greeting: hello"] and "timed out" in err, (out, err)
    code, out, err = run(path, "GET greeting")
    assert code == 1 and "cannot connect to" in err, (code, out, err)
