"""What eddy refuses, and what it says about itself. Nothing is fetched."""
import os

from harness import expect

ON_EACH_BACKEND = False


def test_help_and_version(t):
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    with open(os.path.join(root, "VERSION"), encoding="utf-8") as f:
        version = f.read().strip()
    for option in ("--version", "-V"):
        result = t.run(option)
        assert (result.status, result.out) == (0, f"eddy {version}\n"), result
    for words in (["--help"], ["-h"], ["help"]):
        result = t.run(*words)
        assert result.status == 0 and "fetch" in result.out and not result.err, result
    texts = [t.run("help", "fetch"), t.run("fetch", "--help"), t.run("fetch", "-h")]
    for result in texts:
        assert result.status == 0 and "--retries N" in result.out, result
    assert len({r.out for r in texts}) == 1


def test_unknown_words_are_refused(t):
    expect(t.run(), 2, "usage: eddy")
    expect(t.run("frobnicate"), 2, "unknown command 'frobnicate'")
    expect(t.run("--frobnicate"), 2, "unknown option '--frobnicate'")
    expect(t.run("help", "frobnicate"), 2, "unknown command 'frobnicate'")
    expect(t.run("help", "fetch", "more"), 2, "'more'")
    expect(t.run("--version", "more"), 2, "'more'")
    expect(t.fetch("-x", t.url), 2, "unknown option -x")
    expect(t.fetch("--frobnicate", t.url), 2, "unknown option --frobnicate")
    expect(t.fetch("--help=yes", t.url), 2, "--help=yes")


def test_full_output_is_a_failure(t):
    with open("/dev/full", "w", encoding="utf-8") as full:
        expect(t.run("--help", stdout=full), 1, "cannot write")


def test_bad_values_are_refused(t):
    bad = {"-c": ("0", "1001", "-1", "x", "", "3x", "99999999999999999999"),
           "--timeout": ("0", "-1", "nan", "inf", "x", "", "1s", "86401"),
           "--retries": ("-1", "101", "x", "", "1.5")}
    for option, values in bad.items():
        for value in values:
            expect(t.fetch(option, value, t.url), 2, f"eddy fetch: {option} {value}: ", "wanted")
        expect(t.run("fetch", t.url, option), 2, f"{option}: a value is missing")


def test_bad_urls_are_refused(t):
    expect(t.fetch(), 2, "no URL")
    for url in ("example.com/x", "x", "", "ftp://127.0.0.1/x", "file:///etc/hostname", "http://",
                "http://a b/", "http://127.0.0.1:99999/", "http:/x", "gopher://127.0.0.1/"):
        expect(t.fetch(t.url + "/ok/9/good", url), 2, f"eddy fetch: {url}: ")
    assert t.files() == []


def test_bad_lists_are_refused(t):
    urls = t.write("urls", f"# good ones\n\n  {t.url}/ok/9/a  \n{t.url}/ok/9/b\r\nnothing\n\n"
                   "ftp://127.0.0.1/x\n")
    result = t.fetch("-i", urls)
    expect(result, 2, f"{urls}:5: not a URL", f"{urls}:7: only http and https")
    assert len(result.err.splitlines()) == 2, result
    result = t.fetch("-i", "-", input="x\n" * 100)
    expect(result, 2, "standard input:1: ", "80 more lines")
    expect(t.fetch("-i", t.write("zero", "a\0b\n")), 2, "zero:1: a zero byte")
    expect(t.fetch("-i", t.write("long", "http://a/" + "x" * 70000)), 2, "longer than 64 KiB")
    expect(t.fetch("-i", os.path.join(t.folder, "none")), 2, "No such file")
    expect(t.fetch("-i", t.folder), 2, "Is a directory")
    expect(t.fetch("-i", t.write("empty", "\n# nothing\n")), 2, "no URL")
    assert t.files() == []


def test_bad_folders_are_refused(t):
    file = t.write("file", "")
    url = t.url + "/ok/9/a"
    expect(t.run("fetch", "-o", file, url), 2, "not a folder")
    expect(t.run("fetch", "-o", file + "/sub", url), 2, "not a folder")
    expect(t.run("fetch", "-o", t.folder + "/no/sub", url), 2, "mkdir -p")
    expect(t.run("fetch", "-o", "", url), 2, "-o")
    assert not os.path.exists(t.folder + "/no")
    if os.geteuid() != 0:
        os.chmod(t.out, 0o500)
        expect(t.run("fetch", "-o", t.out, url), 2, "cannot be written to")
    # Whatever else is wrong is found before a folder is made.
    expect(t.run("fetch", "-o", t.folder + "/new", "-c", "0", url), 2)
    assert not os.path.exists(t.folder + "/new")
