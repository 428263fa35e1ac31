"""eddy fetch -C: what is there is kept, goes on where that is safe, and is dropped where it is not."""
import fcntl
import hashlib
import os
import signal
import time

from harness import expect
from server import File

ON_EACH_BACKEND = True

OLD = "Sat, 01 Nov 2025 10:00:00 GMT"
DATA = bytes(range(256)) * 4000


def shelve(t, data=DATA, **more):
    t.server.shelf[t.key] = file = File(data, **more)
    return file, f"{t.url}/file/{t.key}/big"


def part(t, name="big"):
    path = os.path.join(t.out, f".{name}.part")
    return path, os.path.join(t.out, f".{name}.part-of")


def break_off(t, url, at, *args):
    """One attempt, which the server cuts off; the part is there."""
    result = t.fetch("-C", "--retries", "0", *args, url)
    expect(result, 1, "; kept as .big.part\n")
    with open(part(t)[0], "rb") as f:
        assert f.read() == DATA[:at]
    return result


def check_whole(t, data=DATA):
    with open(os.path.join(t.out, "big"), "rb") as f:
        assert f.read() == data
    assert os.listdir(t.out) == ["big"], os.listdir(t.out)


def ranges(file):
    return [(headers.get("Range"), headers.get("If-Range")) for _, headers, _ in file.seen]


def test_resumes_where_it_was_broken_off(t):
    file, url = shelve(t, cuts=[1000, 200_000])
    break_off(t, url, 1000)
    break_off(t, url, 201_000)
    expect(t.fetch("-C", url), 0, "1 file, 1000.0 KiB")
    check_whole(t)
    assert ranges(file) == [(None, None), ("bytes=1000-", '"v1"'), ("bytes=201000-", '"v1"')]


def test_resumes_from_attempt_to_attempt(t):
    file, url = shelve(t, cuts=[100_000, 100_000])
    expect(t.fetch("-C", url), 0, "1 file,")
    check_whole(t)
    assert [r for r, _ in ranges(file)] == [None, "bytes=100000-", "bytes=200000-"]


def test_resumes_by_a_date(t):
    file, url = shelve(t, tag='W/"weak"', modified=OLD, cuts=[5000])
    break_off(t, url, 5000)
    expect(t.fetch("-C", url), 0)
    check_whole(t)
    assert ranges(file)[1] == ("bytes=5000-", OLD)


def test_resumes_after_signals(t):
    file, url = shelve(t)
    numbers = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129, signal.SIGKILL: -9}
    for n, (number, status) in enumerate(numbers.items()):
        file.holds = 1000
        process = t.start("fetch", "-C", "-o", t.out, url)
        await_size(part(t)[0], 1000 * (n + 1))
        process.send_signal(number)
        result = t.end(process)
        assert result.status == status, result
        assert status < 0 or "1 of 1 files not fetched; of 1 there is a part" in result.err, result
    file.holds = None
    expect(t.fetch("-C", url), 0)
    check_whole(t)
    assert [r for r, _ in ranges(file)][1:] == [f"bytes={n}000-" for n in range(1, 5)]


def await_size(path, size):
    limit = time.monotonic() + 10
    while not os.path.exists(path) or os.path.getsize(path) < size:
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_another_version_begins_anew(t):
    file, url = shelve(t, cuts=[50_000])
    break_off(t, url, 50_000)
    file.data, file.tag = DATA[::-1] + b"!", '"v2"'
    expect(t.fetch("-C", url), 0)
    check_whole(t, file.data)


def test_another_version_that_is_broken_off(t):
    file, url = shelve(t, cuts=[50_000, 20_000])
    break_off(t, url, 50_000)
    file.data, file.tag = DATA[::-1], '"v2"'
    expect(t.fetch("-C", "--retries", "0", url), 1, "kept as .big.part")
    expect(t.fetch("-C", url), 0)
    check_whole(t, file.data)
    assert ranges(file)[2] == ("bytes=20000-", '"v2"')


def test_server_without_ranges(t):
    file, url = shelve(t, ranges=False, cuts=[300_000, 100_000])
    break_off(t, url, 300_000)
    break_off(t, url, 300_000)  # less came than was there: that stays
    expect(t.fetch("-C", url), 0, "1 file,")
    check_whole(t)
    assert len(file.seen) == 3


def test_server_without_versions(t):
    file, url = shelve(t, tag=None, cuts=[300_000])
    result = t.fetch("-C", "--retries", "0", url)
    expect(result, 1)
    assert "kept" not in result.err and os.listdir(t.out) == [], (result, os.listdir(t.out))
    expect(t.fetch("-C", url), 0)
    check_whole(t)


def test_version_that_is_not_told_any_more(t):
    file, url = shelve(t, cuts=[50_000])
    break_off(t, url, 50_000)
    file.tag, file.ranges = None, False
    expect(t.fetch("-C", url), 1, "remove .big.part to begin anew (1 attempt); kept as .big.part")
    assert os.path.getsize(part(t)[0]) == 50_000


def test_part_of_another_url(t):
    file, url = shelve(t, cuts=[50_000])
    break_off(t, url, 50_000, "-H", "X: y")
    other = f"{t.url}/file/{t.key}/other/big"
    expect(t.fetch("-C", other), 1, ".big.part is of another URL; remove it")
    assert os.path.getsize(part(t)[0]) == 50_000 and len(file.seen) == 1
    expect(t.fetch("-C", url + "?signature=changes"), 0)
    check_whole(t)


def test_part_that_nothing_is_known_of(t):
    file, url = shelve(t)
    for text in None, "", "eddy fetch part 1\n", "eddy fetch part 1\nx\n\n1\n", "\0" * 100:
        with open(part(t)[0], "w", encoding="utf-8") as f:
            f.write("mine")
        if text is not None:
            with open(part(t)[1], "w", encoding="utf-8") as f:
                f.write(text)
        expect(t.fetch("-C", url), 1, "nothing says of which version it is; remove it")
        with open(part(t)[0], encoding="utf-8") as f:
            assert f.read() == "mine"
    assert not file.seen


def test_part_that_is_no_file(t):
    _, url = shelve(t)
    os.symlink("/etc/hostname", part(t)[0])
    expect(t.fetch("-C", url), 1, "cannot create .big.part: ", "(1 attempt)")
    os.unlink(part(t)[0])
    os.mkfifo(part(t)[0])
    expect(t.fetch("-C", url), 1, "cannot create .big.part: ")
    os.unlink(part(t)[0])
    os.mkdir(part(t)[0])
    expect(t.fetch("-C", url), 1, "cannot create .big.part: ")


def test_part_that_is_whole(t):
    file, url = shelve(t, cuts=[50_000])
    break_off(t, url, 50_000)
    with open(part(t)[0], "ab") as f:
        f.write(DATA[50_000:])
    expect(t.fetch("-C", url), 0)
    check_whole(t)
    assert len(file.seen) == 2


def test_part_that_is_too_long(t):
    _, url = shelve(t, cuts=[50_000])
    break_off(t, url, 50_000)
    with open(part(t)[0], "ab") as f:
        f.write(DATA)
    expect(t.fetch("-C", url), 1, "is shorter than .big.part; remove that")
    assert os.path.getsize(part(t)[0]) == 50_000 + len(DATA)


def test_server_that_sends_another_range(t):
    file, url = shelve(t, cuts=[50_000])
    break_off(t, url, 50_000)
    for wrong in "bytes 0-9/1024000", "bytes 50000-60000/70000", "bytes x", "pages 1-2/3", None, \
            "bytes 50000-99999999999999999999/99999999999999999999":
        file.answer = lambda _, wrong=wrong: (206, {"Content-Range": wrong} if wrong else {}, b"x")
        expect(t.fetch("-C", url), 1, "sends another part than was asked for", "(1 attempt)")
        assert os.path.getsize(part(t)[0]) == 50_000
    file.answer = lambda _: (206, {"Content-Range": "bytes 50000-50009/1024000"}, b"x" * 10)
    expect(t.fetch("-C", url), 1, "50010 bytes came, and the file should have 1024000")


def test_server_that_does_not_know_if_range(t):
    for version in {"tag": '"v1"'}, {"tag": None, "modified": OLD}:
        file, url = shelve(t, cuts=[50_000], **version)
        break_off(t, url, 50_000)
        file.data, file.version = b"x" * len(DATA), lambda: {
            "ETag": '"v2"', "Last-Modified": "Sun, 02 Nov 2025 10:00:00 GMT"}
        file.answer = lambda _, file=file: (206, {
            "Content-Range": f"bytes 50000-{len(DATA) - 1}/{len(DATA)}", **file.version()},
            file.data[50_000:])
        expect(t.fetch("-C", url), 1, "the rest of another version than .big.part is of", "(1 att")
        assert os.path.getsize(part(t)[0]) == 50_000 and t.files() == [".big.part", ".big.part-of"]
        for path in part(t):
            os.unlink(path)


def test_unasked_part(t):
    file, url = shelve(t)
    file.answer = lambda _: (206, {"Content-Range": "bytes 0-0/9"}, b"x")
    expect(t.fetch(url), 1, "the server answered 206 (1 attempt)")
    expect(t.fetch("-H", "Range: bytes=0-0", url), 0)
    assert t.files() == ["big"]


def test_what_is_there_is_passed_over(t):
    file, url = shelve(t)
    with open(os.path.join(t.out, "big"), "w", encoding="utf-8") as f:
        f.write("mine")
    result = t.fetch("-C", url, f"{t.url}/ok/9/a", f"{t.url}/ok/9/a")
    expect(result, 0, "big  there already\n", "2 files, 18 B", ", 1 there already\n")
    assert not file.seen and t.files() == ["a", "a-1", "big"]
    expect(t.fetch("-C", f"{t.url}/ok/9/a", f"{t.url}/ok/9/a"), 0, ", 2 there already")
    right = hashlib.sha256(b"mine").hexdigest()
    expect(t.fetch("-C", "--checksum", f"sha256:{right}", url), 0, "1 there already")
    expect(t.fetch("-C", "--checksum", "sha256:" + "0" * 64, url), 1,
           f"big is there, and its sha256 is {right}, not what was given")


def test_a_part_that_another_process_writes(t):
    file, url = shelve(t)
    with open(part(t)[0], "w", encoding="utf-8") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        expect(t.fetch("-C", url), 1, "another process is writing .big.part (1 attempt)")
    assert not file.seen


def test_checksum_of_a_resumed_file(t):
    _, url = shelve(t, cuts=[50_000])
    right = hashlib.sha512(DATA).hexdigest()
    break_off(t, url, 50_000)
    expect(t.fetch("-C", "--checksum", f"sha512:{right}", url), 0)
    check_whole(t)


def test_wrong_checksum_is_not_resumed(t):
    file, url = shelve(t, cuts=[50_000])
    right = hashlib.sha256(DATA).hexdigest()
    break_off(t, url, 50_000)
    with open(part(t)[0], "r+b") as f:
        f.write(b"damaged")
    expect(t.fetch("-C", "--checksum", f"sha256:{right}", url), 1, "its sha256 is ",
           "not what was given (1 attempt); kept as big.bad")
    assert os.listdir(t.out) == ["big.bad"]
    expect(t.fetch("-C", "--checksum", f"sha256:{right}", url), 0)
    assert sorted(os.listdir(t.out)) == ["big", "big.bad"] and len(file.seen) == 3
