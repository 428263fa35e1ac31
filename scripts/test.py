#!/usr/bin/env python3
"""test.py uring|epoll...: the legs of `make test` one after the other, on the given backends.

Each leg's own summary is shown with its name; the last line of all is the total, "N passed,
N failed, N skipped". Exit status 1 when a leg failed.
"""
import ctypes
import os
import re
import subprocess
import sys
import time

BUILD = os.environ.get("B", "build")
SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$")


def uring_is_refused():
    libc = ctypes.CDLL(None, use_errno=True)
    params = ctypes.create_string_buffer(120)
    fd = libc.syscall(425, 4, params)  # io_uring_setup, the same number everywhere
    if fd >= 0:
        os.close(fd)
    return fd < 0


def legs(backends):
    """-> [(name, command)]"""
    tests = os.path.join(BUILD, "tests")
    if "uring" in backends and uring_is_refused():
        print("io_uring is refused here: what needs it is skipped")
        backends = [b for b in backends if b != "uring"]
    yield "harness", ["tests/harness/run"]
    for backend in backends:
        yield f"unit tests on {backend}", [tests, "-b", backend]
    # The same programs each time; `make random` takes others.
    yield "random testers", ["env", "SEED=1", "tests/random/run", BUILD, "8", *backends]
    yield "fuzz corpora", ["fuzz/run", "replay", *backends]
    yield "samples", ["tests/samples/run", *backends]
    yield "guide", ["tests/guide/run", BUILD, *backends]
    for backend in backends:
        yield f"tour on {backend}", ["env", f"EDDY_BACKEND={backend}", "tests/tour/run"]
    yield "command", ["tests/tools/run", BUILD, *backends]
    yield "HTTP peers", ["tests/http/peers/run", BUILD, *backends]
    yield "frames of HTTP/2", ["tests/http/h2/run", BUILD, *backends]
    yield "soak", [sys.executable, "tests/soak/run", BUILD, "200", "10", *backends]
    yield "lint", [sys.executable, "scripts/lint.py"]
    yield "ABI", ["tests/abi/run", BUILD]
    yield "install", ["scripts/check-install"]


def run(name, command):
    """Shows the leg's output as it comes, its summary with the leg's name. -> its counts"""
    counts, start = None, time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace") as p:
        for line in p.stdout:
            m = SUMMARY.match(line)
            if m:
                counts = [int(n) for n in m.groups()]
            else:
                print(line, end="", flush=True)
    # A leg without a count of its own is one test; one that died before counting has failed.
    if counts is None:
        counts = [0, 1, 0] if p.returncode else [1, 0, 0]
    elif p.returncode and not counts[1]:
        counts[1] = 1
    print(f"-- {name}: {counts[0]} passed, {counts[1]} failed, {counts[2]} skipped "
          f"({time.monotonic() - start:.1f} s)", flush=True)
    return counts


def main():
    total = [0, 0, 0]
    for name, command in legs(sys.argv[1:]):
        total = [a + b for a, b in zip(total, run(name, command))]
    print("{} passed, {} failed, {} skipped".format(*total))
    sys.exit(1 if total[1] else 0)


if __name__ == "__main__":
    main()
