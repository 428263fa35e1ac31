#!/usr/bin/python3
"""load_h2 PORT CONNECTIONS BYTES SECONDS PID: GET / by HTTP/2 and TLS from h2load, 32 requests on
the way on each connection. The CPU time is that of process PID for all of the run, handshakes
included. BYTES is not used."""
import re
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
AT_ONCE = 32


def cpu(pid):
    return time.clock_gettime((~pid << 3) | 2)  # what clock_getcpuclockid gives


def h2load(port, connections, seconds):
    """Requests that were answered 200, and how many a second."""
    run = subprocess.run(["h2load", "-c", connections, "-m", str(AT_ONCE), "-D", str(seconds),
                          f"https://127.0.0.1:{port}/"], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True)
    done = re.search(r"(\d+) succeeded, (\d+) failed", run.stdout)
    good = re.search(r"status codes: (\d+) 2xx, 0 3xx, 0 4xx, 0 5xx", run.stdout)
    rate = re.search(r"finished in .*?([\d.]+) req/s", run.stdout)
    if not (done and good and rate) or "Application protocol: h2" not in run.stdout:
        sys.exit(f"h2load failed: {run.stdout.strip().splitlines()[-1:]}")
    if int(done[1]) == 0 or done[2] != "0":
        sys.exit(f"h2load: {done[0]}")
    return int(good[1]), float(rate[1])


def connect(port):
    """Waits up to two seconds for a server that cannot say when it listens."""
    until = time.monotonic() + 2
    while True:
        try:
            return socket.create_connection(("127.0.0.1", int(port))).close()
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
        time.sleep(0.01)


def main(port, connections, _size, seconds, pid):
    connect(port)
    h2load(port, connections, 1)
    before = cpu(int(pid))
    answers, rate = h2load(port, connections, seconds)
    print("rate", rate, "req/s")
    print("cpu", (cpu(int(pid)) - before) / answers * 1e6, "us")


main(*sys.argv[1:])
