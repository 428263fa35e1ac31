"""Servers as services: signals that end them, sockets that a service manager hands over."""
import contextlib
import os
import signal
import socket
import subprocess
import time

from harness import Skip, TIME_LIMIT

ON_EACH_BACKEND = True

# Becomes the program with the descriptors given at 3 and up, the way systemd starts a service.
HAND_OVER = r"""
import os, sys
names, fds = sys.argv[1], [int(fd) for fd in sys.argv[2].split(",")]
high = [os.dup2(fd, 100 + i) for i, fd in enumerate(fds)]
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i)
    os.close(fd)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(fds)), LISTEN_FDNAMES=names)
os.execv(sys.argv[3], sys.argv[3:])
"""


@contextlib.contextmanager
def service(t, *args, sockets=(), names=""):
    """Runs the example meanwhile, with its first line in .said; leaves nothing running."""
    program = os.path.join(os.path.dirname(t.eddy), "examples", args[0])
    if not os.path.exists(program):
        raise Skip(f"{args[0]} was not built")
    command = [program, *args[1:]]
    fds = [s.fileno() for s in sockets]
    if sockets:
        command = ["python3", "-c", HAND_OVER, names, ",".join(map(str, fds)), *command]
    process = subprocess.Popen(command, env=t.env, text=True, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=fds)
    with process:
        try:
            process.said = process.stdout.readline()
            yield process
        finally:
            process.kill()


def port_of(process):
    assert process.said, process.stderr.read()
    return int(process.said.rpartition(":")[2])


def connect(port):
    return socket.create_connection(("127.0.0.1", port), TIME_LIMIT)


def check_echo(peer, text=b"hello"):
    peer.sendall(text)
    assert peer.recv(100) == text


def check_end(process, status=0):
    _, err = process.communicate(timeout=TIME_LIMIT)
    assert (process.returncode, err) == (status, ""), (process.returncode, err)


def await_refusal(port):
    limit = time.monotonic() + TIME_LIMIT
    while time.monotonic() < limit:
        try:
            connect(port).close()
        except ConnectionRefusedError:
            return
        except ConnectionResetError:  # the socket was closed while this one stood in its queue
            pass
        time.sleep(0.01)
    raise AssertionError("still accepting")


def test_signals_end_a_server_without_connections(t):
    for number in signal.SIGTERM, signal.SIGINT:
        with service(t, "echo_server", "0") as server:
            port_of(server)
            server.send_signal(number)
            check_end(server)


def test_connections_are_drained(t):
    with service(t, "echo_server", "0") as server:
        port = port_of(server)
        with connect(port) as peer:
            check_echo(peer)
            server.send_signal(signal.SIGTERM)
            await_refusal(port)
            check_echo(peer)
        check_end(server)


def test_second_signal_aborts(t):
    with service(t, "echo_server", "0") as server:
        port = port_of(server)
        with connect(port) as peer:
            check_echo(peer)
            server.send_signal(signal.SIGTERM)
            await_refusal(port)
            server.send_signal(signal.SIGTERM)
            assert peer.recv(1) == b""
        check_end(server)


def test_idle_connection_does_not_hold_up_the_end(t):
    with service(t, "static_server", t.out, "0") as server:
        with connect(port_of(server)) as peer:
            peer.sendall(b"GET /none HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"404" in peer.recv(1000)
            server.send_signal(signal.SIGTERM)
            while peer.recv(1000):
                pass
            check_end(server)


def test_sockets_are_handed_over(t):
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as local:
        path = os.path.join(t.folder, "socket")
        local.bind(path)
        local.listen()
        port = tcp.getsockname()[1]
        for _ in range(2):  # the sockets outlive the service that has ended
            with service(t, "echo_server", "1", sockets=(tcp, local), names="a:b") as server:
                assert port_of(server) == port
                with connect(port) as peer, socket.socket(socket.AF_UNIX) as other:
                    other.connect(path)
                    check_echo(peer)
                    check_echo(other)
                with open(f"/proc/{server.pid}/environ", "rb") as f:
                    assert f"LISTEN_PID={server.pid}".encode() in f.read()
                server.send_signal(signal.SIGTERM)
                check_end(server)
        assert os.path.exists(path)


def test_connection_instead_of_a_listening_socket(t):
    with socket.create_server(("127.0.0.1", 0)) as tcp, connect(tcp.getsockname()[1]) as peer:
        with service(t, "echo_server", sockets=(peer,), names="a") as server:
            _, err = server.communicate(timeout=TIME_LIMIT)
            assert server.returncode == 1, server.returncode
            assert "descriptor 3 (a) that was handed over does not listen" in err, err
