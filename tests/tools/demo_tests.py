"""examples/fetch_demo.sh and serve_demo.sh in small, with the files of examples/."""
import contextlib
import os
import signal
import subprocess
import time

from harness import Skip, expect

ON_EACH_BACKEND = True
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def demo(t, files, *latency):
    build = os.path.dirname(t.eddy)
    for program in ("make_files", "static_server"):
        if not os.path.exists(os.path.join(build, "examples", program)):
            raise Skip(f"{program} was not built")
    t.env.update(B=build, DEMO_FILES=str(files), TMPDIR=t.out)
    name = "fetch_demo.sh" if latency else "serve_demo.sh"
    return subprocess.Popen([os.path.join(ROOT, "examples", name), *latency], env=t.env, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            start_new_session=True)


def test_demo(t):
    result = t.end(demo(t, 20, "0.001"))
    expect(result, 0)
    assert result.out.count("every byte is right") == 2 and "times as fast" in result.out, result
    assert os.listdir(t.out) == [], "scratch folder left"


def test_demo_of_serve(t):
    result = t.end(demo(t, 20))
    expect(result, 0)
    assert "every byte is right" in result.out and "20 requests" in result.out, result
    assert os.listdir(t.out) == [], "scratch folder left"


def test_interrupted_demo(t):
    process = demo(t, 20, "5")
    limit = time.monotonic() + 20
    for line in process.stdout:  # until the first download has begun
        if line.startswith("eddy fetch") or time.monotonic() > limit:
            break
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    try:
        result = t.end(process)
    except AssertionError:  # it hangs: nothing of it stays behind
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        raise
    assert result.status == 130, result
    assert os.listdir(t.out) == [], "scratch folder left"
