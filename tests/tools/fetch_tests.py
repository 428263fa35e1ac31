"""eddy fetch against a server that misbehaves."""
import ctypes
import errno
import os
import pty
import re
import resource
import shutil
import signal
import struct
import subprocess
import time

from harness import Skip, expect
from server import Server

ON_EACH_BACKEND = True


def test_files_arrive_whole(t):
    sizes = (0, 1, 1000, 65536, 3_000_000)
    result = t.fetch(*(f"{t.url}/ok/{n}/f{n}" for n in sizes))
    expect(result, 0, "5 files", "f65536  64.0 KiB\n")
    assert result.out == "", result
    for n in sizes:
        t.has(f"f{n}", n)
    assert t.files() == sorted(f"f{n}" for n in sizes)


def test_many_on_few_connections(t):
    urls = t.write("urls", "".join(f"{t.url}/ok/{i * 7}/n{i}\n" for i in range(500)))
    expect(t.fetch("-c", "20", "-i", urls), 0, "500 files")
    for i in range(500):
        t.has(f"n{i}", i * 7)


def test_list_from_standard_input_and_arguments(t):
    expect(t.fetch("-i", "-", t.url + "/ok/9/b", input=f"#x\n\n{t.url}/ok/9/a\n"), 0, "2 files")
    assert t.files() == ["a", "b"]


def test_lists_with_byte_order_marks_and_carriage_returns(t):
    urls = t.write("urls", f"\ufeff{t.url}/ok/9/a\r\n\r\n{t.url}/ok/9/b\r\n\ufeff# put after\r\n"
                   f"\ufeff {t.url}/ok/9/c\r\n\ufeff")
    expect(t.fetch("-i", urls, "-i", "-", input=f"\ufeff#x\r\n{t.url}/ok/9/d\r\n"), 0, "4 files")
    assert t.files() == ["a", "b", "c", "d"]
    expect(t.fetch("-i", "-", input="\ufeffnothing\r\n"), 2, "standard input:1: not a URL")


def test_names_are_harmless(t):
    paths = {"/": "index.html", "": "index.html", "/a/b/": "index.html", "/x?q=/etc/y": "x",
             "/x%20y.txt#frag": "x y.txt", "/%2e%2e%2fetc%2fpasswd": "_._etc_passwd",
             "/.bashrc": "_bashrc", "/%2E%2E": "_.", "/a%00b%0ac": "a_b_c",
             "/a%5Cb": "a_b", "/100%": "100%", "/%C3%A4": "ä", "/" + "n" * 300: "n" * 200,
             "/" + "%C3%A4" * 150: "ä" * 100}
    for path, name in paths.items():
        expect(t.fetch(t.url + path), 0, "1 file,")
        assert t.files() == [name], (path, t.files())
        os.unlink(os.path.join(t.out, name))


def test_nothing_is_overwritten(t):
    with open(os.path.join(t.out, "a.txt"), "w", encoding="utf-8") as f:
        f.write("mine")
    os.symlink("/nowhere", os.path.join(t.out, "a-2.txt"))
    expect(t.fetch(*[t.url + "/ok/10/a.txt"] * 3), 0)
    assert t.files() == ["a-1.txt", "a-2.txt", "a-3.txt", "a-4.txt", "a.txt"], t.files()
    with open(os.path.join(t.out, "a.txt"), encoding="utf-8") as f:
        assert f.read() == "mine"
    for n in (1, 3, 4):
        t.has(f"a-{n}.txt", 10, "a.txt")


def test_a_name_taken_meanwhile(t):
    process = t.start("fetch", "-o", t.out, f"{t.url}/slow/{t.key}/a.txt")
    t.server.await_requests(t.key, 1)
    with open(os.path.join(t.out, "a.txt"), "w", encoding="utf-8") as f:
        f.write("mine")
    expect(t.end(process), 0, "a-1.txt  9.8 KiB")
    assert t.files() == ["a-1.txt", "a.txt"]
    t.has("a-1.txt", 10000, "a.txt")


def test_folder_is_made(t):
    new = os.path.join(t.out, "new")
    expect(t.run("fetch", "-o", new, t.url + "/ok/9/a"), 0)
    assert os.listdir(new) == ["a"]


def test_no_part_under_the_final_name(t):
    process = t.start("fetch", "-o", t.out, f"{t.url}/slow/{t.key}/whole")
    t.server.await_requests(t.key, 1)
    time.sleep(0.2)
    assert t.files() == [] and len(t.temporary_files()) <= 1
    expect(t.end(process), 0)
    t.has("whole", 10000)
    t.no_temporary_files()


def refuse_linkat():
    """As a file system does that cannot name a file later: this process gets EPERM for linkat."""
    number = 265 if os.uname().machine == "x86_64" else 37
    code = b"".join(struct.pack("HBBI", *words) for words in (
        (0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x50000 | errno.EPERM),
        (0x06, 0, 0, 0x7fff0000)))
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("HxxxxxxP", 4, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(38, 1, 0, 0, 0)  # no new privileges, then the filter
    if libc.prctl(22, 2, ctypes.c_char_p(program), 0, 0) != 0:
        os._exit(77)


def test_files_with_temporary_names(t):
    process = t.start("fetch", "-o", t.out, f"{t.url}/slow/{t.key}s/a", before=refuse_linkat)
    t.server.await_requests(t.key + "s", 1)
    time.sleep(0.2)
    assert t.files() == [] and len(t.temporary_files()) == 1
    expect(t.end(process), 0)
    t.has("a", 10000)
    expect(t.fetch(f"{t.url}/ok/9/a", f"{t.url}/status/404/b", before=refuse_linkat), 1)
    assert t.files() == ["a", "a-1"]
    interrupted(t, signal.SIGTERM, 143, ["a", "a-1", "good"], before=refuse_linkat)


def test_nothing_is_left_after_a_kill(t):
    try:
        os.close(os.open(t.out, os.O_WRONLY | os.O_TMPFILE))
    except OSError as e:
        raise Skip(f"no files without a name: {e}") from None
    process = t.start("fetch", "-o", t.out, f"{t.url}/slow/{t.key}/a", f"{t.url}/slow/{t.key}/b")
    t.server.await_requests(t.key, 2)
    time.sleep(0.2)
    process.kill()
    assert t.end(process).status == -signal.SIGKILL
    assert os.listdir(t.out) == []


def test_client_errors_are_final(t):
    start = time.monotonic()
    result = t.fetch(f"{t.url}/status/404/gone", f"{t.url}/ok/9/good", f"{t.url}/status/403/no")
    expect(result, 1, f"{t.url}/status/404/gone: the server answered 404 (1 attempt)\n",
           "answered 403 (1 attempt)", "1 file,", "2 failed")
    assert time.monotonic() - start < 5
    assert t.files() == ["good"]


def test_server_errors_are_tried_again(t):
    start = time.monotonic()
    urls = [f"{t.url}/flaky/{t.key}-{n}/2/{n}/f{n}" for n in (500, 429, 503, 408)]
    expect(t.fetch(*urls), 0, "4 files")
    assert time.monotonic() - start > 0.7, "no pause between attempts"
    assert all(t.server.requests[f"{t.key}-{n}"] == 3 for n in (500, 429, 503, 408))
    for n in (500, 429, 503, 408):
        t.has(f"f{n}")


def test_retries_end(t):
    result = t.fetch("--retries", "1", f"{t.url}/flaky/{t.key}/9/500/f")
    expect(result, 1, "the server answered 500 (2 attempts)")
    assert t.server.requests[t.key] == 2
    expect(t.fetch("--retries", "0", f"{t.url}/flaky/{t.key}/9/500/f"), 1, "(1 attempt)")
    assert t.server.requests[t.key] == 3 and t.files() == []


def test_retry_after_is_obeyed(t):
    start = time.monotonic()
    expect(t.fetch(f"{t.url}/wait/{t.key}/2/f"), 0)
    assert time.monotonic() - start >= 2
    t.has("f")


def test_truncated_bodies(t):
    expect(t.fetch(f"{t.url}/truncated/{t.key}/1/f"), 0, "1 file, 1000 B")
    t.has("f")
    result = t.fetch("--retries", "1", f"{t.url}/truncated/{t.key}x/9/g")
    expect(result, 1, "(2 attempts)", "0 files, 0 B")
    assert t.files() == ["f"]


def test_broken_connections(t):
    expect(t.fetch(f"{t.url}/reset/{t.key}/2/f"), 0)
    t.has("f")
    expect(t.fetch("--retries", "1", "http://127.0.0.1:1/closed"), 1, "(2 attempts)", "onnect")
    assert t.files() == ["f"]


def test_timeout_is_of_one_attempt(t):
    start = time.monotonic()
    result = t.fetch("--timeout", "1.5", "--retries", "1", f"{t.url}/stall/{t.key}/f",
                     f"{t.url}/ok/9/good")
    expect(result, 1, "not done within 1.5 s (2 attempts)")
    assert 3 < time.monotonic() - start < 30
    assert t.server.requests[t.key] == 2 and t.files() == ["good"]


def test_redirects(t):
    expect(t.fetch(f"{t.url}/redirect/5/f"), 0)
    t.has("f")
    result = t.fetch(f"{t.url}/redirect/50/g", f"{t.url}/to-file/h")
    expect(result, 1, "more than 10 redirects (1 attempt)", "2 failed", "leads elsewhere", "file:")
    assert t.files() == ["f"]


def test_headers_and_chunks(t):
    expect(t.fetch(f"{t.url}/header/50000/f", f"{t.url}/chunked/c"), 0)
    t.has("f")
    t.has("c", 900)
    expect(t.fetch("--retries", "0", f"{t.url}/header/3000000/g"), 1, "1 failed")
    assert t.files() == ["c", "f"]


def test_limit_of_file_sizes(t):
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    result = t.fetch(f"{t.url}/ok/200000/f", f"{t.url}/ok/9/good", before=limit)
    expect(result, 1, "cannot write: File too large (1 attempt)")
    assert t.files() == ["good"]


def test_passwords_are_not_printed(t):
    def secret(url):
        return url.replace("://", "://user:s%40cr:et@")
    masked = t.url.replace("://", "://user:***@")
    urls = t.write("urls", secret(t.url) + "/status/404/b")
    result = t.fetch("--retries", "0", secret(t.url) + "/status/403/a", "-i", urls,
                     secret(t.url) + "/ok/9/good", t.url + "/status/404/@user:x@y")
    expect(result, 1, f"failed: {masked}/status/403/a: ", f"eddy fetch: {masked}/status/404/b: ",
           f"{t.url}/status/404/@user:x@y: ")
    assert "cr:et" not in result.err, result
    for url in ("ftp://user:cr:et@127.0.0.1/", "http://user:cr:et/x@127.0.0.1/", "user:cr:et@host/",
                "http://user: cr:et@127.0.0.1/"):
        for words in (["fetch", url], ["fetch", "-i", url], ["fetch", "-c", url], [url],
                      ["fetch", "-o", url + "/x", t.url]):
            result = t.run(*words)
            expect(result, 2, "user:***@")
            assert "cr:et" not in result.err, result
    status, text = on_terminal(t, "--retries", "0", secret(t.url) + "/status/404/b")
    assert status == 1 and masked in text and "cr:et" not in text, text


def test_at_most_so_many_at_once(t):
    expect(t.fetch("-c", "3", *(f"{t.url}/slow/{t.key}/f{i}" for i in range(9))), 0, "9 files")
    assert t.server.active[t.key] == (0, 3), t.server.active[t.key]
    expect(t.fetch("-c", "1", *(f"{t.url}/slow/{t.key}a/f{i}" for i in range(2))), 0)
    assert t.server.active[t.key + "a"] == (0, 1)


def test_more_than_the_soft_limit_of_descriptors(t):
    def limit():
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
    urls = t.write("urls", "".join(f"{t.url}/slow/{t.key}/f{i}\n" for i in range(150)))
    expect(t.fetch("-c", "150", "-i", urls, before=limit), 0, "150 files")
    assert t.server.requests[t.key] == 150


def test_descriptors_run_out(t):
    urls = t.write("urls", "".join(f"{host}/slow/{t.key}/f{i}{j}\n" for i in range(10)
                                   for j, host in enumerate((t.url, by_name(t.url)))))
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (30, 30))
    expect(t.fetch("-c", "20", "--retries", "0", "-i", urls, before=limit), 0, "20 files")
    assert len(t.files()) == 20
    assert 1 < t.server.active[t.key][1] < 20, t.server.active[t.key]


def by_name(url):
    return url.replace("127.0.0.1", "localhost")


def test_too_few_descriptors_for_any(t):
    seen = set()
    for n in range(4, 60):
        def limit(n=n):
            resource.setrlimit(resource.RLIMIT_NOFILE, (n, n))
        result = t.fetch("-c", "3", *(f"{t.url}/ok/9/{n}-{i}" for i in range(3)), before=limit)
        if result.status == 0:
            break
        assert result.status in (1, 2) and result.err, result
        seen.add(f"raise the limit of {n}: ulimit -n (0 attempts)" in result.err)
    assert True in seen and result.status == 0, result


def test_untrusted_certificates_are_refused(t):
    if not shutil.which("openssl"):
        raise Skip("needs openssl")
    key = os.path.join(t.folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=127.0.0.1", "-keyout", key,
                    "-out", key], check=True, stderr=subprocess.DEVNULL)
    with Server(certificate=key) as server:
        expect(t.fetch(f"{server.url}/ok/9/f"), 1, "certificate", "(1 attempt)")
    assert t.files() == []


def interrupted(t, number, status, files=("good",), **more):
    urls = [f"{t.url}/stall/{t.key}/f{i}" for i in range(20)]
    process = t.start("fetch", "-o", t.out, "-c", "5", t.url + "/ok/9/good", *urls, **more)
    t.server.await_requests(t.key, 5)
    start = time.monotonic()
    process.send_signal(number)
    result = t.end(process)
    expect(result, status, "20 of 21 files not fetched", "1 file, 9 B in ")
    assert time.monotonic() - start < 5 and "rror" not in result.err, result
    assert t.files() == list(files)
    t.no_temporary_files()


def test_one_interrupt_cancels_cleanly(t):
    interrupted(t, signal.SIGINT, 130)


def test_terminate_cancels_cleanly(t):
    interrupted(t, signal.SIGTERM, 143)


def test_interrupt_between_attempts(t):
    process = t.start("fetch", "-o", t.out, f"{t.url}/flaky/{t.key}/9/500/f")
    t.server.await_requests(t.key, 1)
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    expect(t.end(process), 130, "0 files")


def on_terminal(t, *args, term="xterm"):
    """-> exit status and what the terminal got"""
    try:
        master, slave = pty.openpty()
    except OSError as e:
        raise Skip(f"no terminal to be had: {e}") from None
    t.env["TERM"] = term
    process = t.start("fetch", "-o", t.out, *args, stdout=subprocess.DEVNULL, stderr=slave)
    os.close(slave)
    text = b""
    try:
        while block := os.read(master, 65536):
            text += block
    except OSError:  # what a terminal says when its other side is closed
        pass
    os.close(master)
    return t.end(process).status, text.decode()


def test_progress_on_a_terminal(t):
    urls = [f"{t.url}/slow/{t.key}/f{i}" for i in range(4)]
    status, text = on_terminal(t, "-c", "2", *urls, t.url + "/status/404/x")
    assert status == 1, text
    lines = re.findall(r"\r(\d)/5 files  \S+ \w+  \S+ \w+/s  \S+ left(?:  1 failed)?\x1b\[K", text)
    assert len(lines) >= 6 and lines[0] == "0" and sorted(lines) == lines, text
    # Cleared at the end; the summary stands by itself.
    assert text.rindex("\r\x1b[K") < text.index("4 files, 39.1 KiB in "), text
    assert "f0  " not in text


def test_no_progress_elsewhere(t):
    result = t.fetch(f"{t.url}/slow/{t.key}/f")
    expect(result, 0, "f  9.8 KiB\n")
    assert "\r" not in result.err and "\x1b" not in result.err, result
    status, text = on_terminal(t, f"{t.url}/slow/{t.key}/g", term="dumb")
    assert status == 0 and "\x1b" not in text and "g  9.8 KiB" in text, text
