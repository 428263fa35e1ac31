"""What the tests of the command use: running eddy, looking at what it left behind."""
import itertools
import os
import signal
import subprocess

from server import content

TIME_LIMIT = 60 * float(os.environ.get("TEST_TIME_FACTOR", "1"))
numbers = itertools.count()


class Skip(Exception):
    """What a test needs is not there."""


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def __repr__(self):
        return f"exit {self.status}\n--- stdout\n{self.out}--- stderr\n{self.err}"


class Context:
    """A scratch folder, a backend, and the means to run eddy there."""

    def __init__(self, eddy, server, folder, backend):
        self.eddy, self.server, self.folder = eddy, server, folder
        self.url = server.url
        self.key = f"key{next(numbers)}"
        self.out = os.path.join(folder, "out")
        os.mkdir(self.out)
        self.env = dict(os.environ, EDDY_BACKEND=backend, TERM="xterm", LC_ALL="C")
        for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
            self.env.pop(name, None)
            self.env.pop(name.upper(), None)

    def start(self, *args, **more):
        """Starts eddy with default signals: a shell may have had SIGINT ignored."""
        def reset():
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            if "before" in more:
                more["before"]()
        streams = {s: more.get(s, subprocess.PIPE) for s in ("stdout", "stderr")}
        return subprocess.Popen([self.eddy, *args], cwd=self.folder, env=self.env, text=True,
                                stdin=subprocess.PIPE, preexec_fn=reset, errors="replace",
                                **streams)

    def end(self, process, input=None):
        try:
            out, err = process.communicate(input, timeout=TIME_LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"hangs:\n{out}{err}")
        return Result(process.returncode, out, err)

    def run(self, *args, input=None, **more):
        return self.end(self.start(*args, **more), input)

    def fetch(self, *args, **more):
        """Runs eddy fetch -o out; whatever happens no temporary file may be left."""
        result = self.run("fetch", "-o", self.out, *args, **more)
        self.no_temporary_files()
        return result

    def files(self):
        return sorted(f for f in os.listdir(self.out) if not f.startswith(".eddy-fetch"))

    def temporary_files(self):
        return [f for f in os.listdir(self.out) if f.startswith(".eddy-fetch")]

    def no_temporary_files(self):
        assert not self.temporary_files(), f"left behind: {self.temporary_files()}"

    def has(self, file, size=1000, name=None):
        """The file is what the server has under name, byte for byte."""
        with open(os.path.join(self.out, file), "rb") as f:
            data = f.read()
        assert data == content(name or file, size), f"{file}: {len(data)} bytes, or wrong ones"

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path


def expect(result, status, *texts):
    """The exit status is this one, and stderr contains these texts."""
    assert result.status == status, f"status {status} wanted: {result}"
    for text in texts:
        assert text in result.err, f"'{text}' wanted: {result}"
