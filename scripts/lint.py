#!/usr/bin/env python3
"""lint.py [--slow] [FILE...]: the rules of the code that a compiler does not check.

Layer order, banned calls, sizes, public headers that compile alone and carry contracts, and the
format where clang-format is installed; --slow adds clang-tidy. With FILEs only their problems are
shown. Prints file:line: problem, and exits 1 when there is one.
"""
import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

LAYERS = ["base", "context", "loop", "task", "sync", "stream", "tls", "net", "fs", "process", "server",
          "exec", "inspect", "http", "db", "jobs", "cache"]
# jobs and cache lie side by side; from http up a file sees other layers by public headers only.
SIDE_BY_SIDE = {"jobs", "cache"}
FIRST_PUBLIC_ONLY = "http"

MAX_FILE, MAX_HEADER, MAX_FUNCTION, MAX_COLUMN = 600, 200, 80, 100
MAX_ROOM = 20  # per cent
# Functions that may be longer: the state switch of a parser. path: names
LONG_FUNCTIONS = {}
# Calls that a file may make although they are banned for it. path: names
ALLOWED_CALLS = {"src/http/message/wall.c": ("clock_gettime",)}

# What another task may close, or give up the memory of, while a call on it yields.
OBJECTS = "task|gen|group|future|completion|queue|channel|lock|event|condition|semaphore|barrier|" \
          "stream|server|datagram|process|signal|dir_watch|pool|remote|loop|exit_stack"
# Functions that were given an object which their caller holds. path: names
HELD_OBJECTS = {"src/server/accept.c": ("accept_all",)}

ANYWHERE = "sprintf vsprintf strcpy strcat atoi atol atof strtok gets alloca"
SLEEPS = "sleep usleep nanosleep"
MEMORY = "malloc calloc realloc reallocarray free strdup strndup aligned_alloc posix_memalign"
SYSTEM = """socket socketpair connect accept accept4 bind listen send sendto sendmsg recv recvfrom
    recvmsg shutdown getsockopt setsockopt getsockname getpeername open openat creat read pread readv
    write pwrite writev close lseek fsync fdatasync ftruncate stat fstat lstat fstatat statx unlink
    unlinkat rename renameat mkdir rmdir link symlink readlink opendir readdir poll ppoll select
    pselect epoll_create1 epoll_ctl epoll_wait epoll_pwait pipe pipe2 eventfd fopen fdopen fread
    fwrite fclose"""
# The layers that speak with the system.
CALLERS = ("base/", "loop/", "stream/", "tls/", "net/", "fs/", "process/", "server/", "exec/forker")
# names, where they are banned (beginnings of paths), where not, what to use
BANS = [
    (ANYWHERE, ("src/", "include/", "tools/", "examples/", "tests/", "bench/", "fuzz/"), (),
     "unsafe; take snprintf, memcpy, strtol"),
    (SLEEPS, ("src/", "tools/"), (), "blocks the loop; take eddy_sleep"),
    (MEMORY, ("src/",), ("src/base/alloc.c",), "take base/alloc.h"),
    (SYSTEM, ("src/",), tuple(f"src/{layer}" for layer in CALLERS),
     "belongs into " + ", ".join(CALLERS)),
    ("clock_gettime gettimeofday time", ("src/",), ("src/base/clock.c",), "take base/clock.h"),
    ("abort", ("src/",), ("src/base/",), "take eddy__bug"),
    ("eddy_raise eddy_try", ("src/",), ("src/base/base.h",),
     "would name a line of the library; take eddy__raise and eddy__try"),
]
# System calls that a kernel may lack or a sandbox refuse: SYS_C makes them and knows what serves
# instead, SYS_TEST refuses each. Of syscall() others may ask only for those that there always were.
SYS_C, SYS_TEST = "src/base/sys.c", "tests/base/test_sys.c"
NEWER = re.compile(r"""(?<![\w.>])(?:(epoll_pwait2|statx|preadv2|pwritev2|pidfd_\w+|io_uring_\w+|accept4
    |openat2|close_range|closefrom|renameat2|copy_file_range|memfd_create|memfd_secret|clone3
    |getrandom|getentropy|membarrier|mseal|mlock2|execveat|faccessat2|fchmodat2|process_madvise
    |process_mrelease|landlock_\w+|futex_\w+|waitid|fanotify_init|userfaultfd|kcmp|seccomp
    |sched_setattr|rseq|cachestat|quotactl_fd|mount_setattr|open_tree|statmount)\s*\(
    |SYS_(\w+)|__NR_(\w+)|(P_PIDFD)\b|(MADV_GUARD_\w+)|(RWF_\w+))""", re.X)
OLD_SYSCALLS = {"gettid", "tgkill", "rt_tgsigqueueinfo", "clock_getres"}
# System calls are made by eddy__sys and its like, see src/base/sys.h: no other way to fail one, to
# repeat it, or to make a code of errno.
OTHER_WAYS = [
    (re.compile(r"\beddy__fault\s*\("), "asks for a failure"),
    (re.compile(r"(?<![\w)])-\s*errno\b"), "makes a code of errno"),
    (re.compile(r"\berrno\s*[!=]=\s*E[A-Z0-9]+\b"), "looks at errno"),
    (re.compile(r"\b(?:status_of|result_of)\((?:int|long|ssize_t) \w+\)|\bfaulty\(void\)"),
     "has a helper for it"),
]
SYS_FILES = ("src/base/sys.", "src/base/fault.")
# They ask for the failure of what is no system call. path: functions
ASKERS = {"src/fs/file_op.c": ("run_once",), "src/net/names_thread.c": ("lookup_run",)}
RULES = "docs/design/semantics.md"
MARKS = re.compile(r"\b(?:TODO|FIXME|X{3})\b")


class Source:
    """A file, its lines, and its lines with comments and strings blanked out."""

    def __init__(self, path):
        self.path = path
        with open(path, encoding="utf-8") as f:
            self.text = f.read()
        self.lines = self.text.split("\n")
        if self.lines and not self.lines[-1]:
            self.lines.pop()
        token = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
        self.bare = token.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), self.text)
        self.code = self.bare.split("\n")
        self.layer = path.split("/")[1] if path.startswith("src/") and path.count("/") > 1 else None


def files_of_project():
    """Tracked and new ones as git knows them; all where there is no git or it declines."""
    p = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], stdout=subprocess.PIPE,
                       stderr=subprocess.DEVNULL, text=True) if shutil.which("git") else None
    found = p.stdout.splitlines() if p and p.returncode == 0 else [
        os.path.relpath(os.path.join(folder, name)) for folder, _, names in os.walk(".")
        for name in names]
    return sorted(p for p in found if os.path.isfile(p)
                  and not p.startswith(("third_party/", "build/", ".git/")))


# ---- includes ----------------------------------------------------------------------------------

def include_problem(source, name):
    """-> what is wrong with #include "name" or <name> in this file, or None"""
    if name.startswith("eddy/") or name == "eddy.h":
        return None
    beside = os.path.normpath(os.path.join(os.path.dirname(source.path), name))
    target = beside if os.path.exists(beside) else os.path.join("src", name)
    if not source.path.startswith("src/"):
        if target.startswith("src/") and os.path.exists(target) \
                and source.path.startswith(("tools/", "examples/")):
            return f"{name} is private; programs include public headers only"
        return None
    if not os.path.exists(target) or not target.startswith("src/") or source.layer is None:
        return None
    other = target.split("/")[1]
    if other == source.layer or other not in LAYERS or source.layer not in LAYERS:
        return None
    if LAYERS.index(other) > LAYERS.index(source.layer) or {other, source.layer} <= SIDE_BY_SIDE:
        return f"{source.layer} must not know of {other} ({name})"
    if other == "base":
        return None
    if LAYERS.index(source.layer) >= LAYERS.index(FIRST_PUBLIC_ONLY):
        return f"{source.layer} sees {other} by its public headers only ({name})"
    if target != f"src/{other}/{other}.h":
        return f"enter {other} by its door, {other}/{other}.h ({name})"
    return None


def check_circles(sources):
    """No header includes itself by way of others."""
    headers = {s.path: s for s in sources if s.path.startswith("src/") and s.path.endswith(".h")}
    includes = {path: [(n, target) for n, line in enumerate(s.lines, 1)
                       if (m := re.match(r'\s*#\s*include\s*"([^"]+)"', line))
                       and (target := "src/" + m[1]) in headers]
                for path, s in headers.items()}
    done = set()

    def visit(path, way):
        for n, target in includes[path]:
            if target in way:
                yield path, n, "a circle: " + " → ".join([*way[way.index(target):], target])
            elif target not in done:
                yield from visit(target, [*way, target])
        done.add(path)

    for path in headers:
        if path not in done:
            yield from visit(path, [path])


def check_rooms(sources):
    """No layer holds so much of the core that nobody finds anything in it."""
    core = LAYERS[:LAYERS.index(FIRST_PUBLIC_ONLY)]
    lines = {}
    for s in sources:
        if s.layer in core:
            lines[s.layer] = lines.get(s.layer, 0) + len(s.lines)
    for layer, count in lines.items():
        if count * 100 > MAX_ROOM * sum(lines.values()):
            yield f"src/{layer}", 1, f"more than {MAX_ROOM} % of the lines of src: two layers in one?"


def check_includes(source):
    for n, line in enumerate(source.lines, 1):
        m = re.match(r'\s*#\s*include\s*["<]([^">]+)[">]', line)
        problem = m and include_problem(source, m[1])
        if problem:
            yield n, problem


# Names that the loop must not have. Its reports name an eddy_task, as <eddy/loop.h> does.
OF_TASKS = re.compile(r"\b(?!eddy_task\b)(?:eddy__tasks?\w*|eddy_task\w+|\w+_tasks?|tasks?_\w+)\b")


def check_loop(source):
    """The loop knows no tasks: it runs fibers, of which tasks are one kind."""
    if source.layer != "loop":
        return
    for n, line in enumerate(source.code, 1):
        for m in OF_TASKS.finditer(line):
            yield n, f"{m[0]}: the loop knows no tasks, see struct eddy__loop_client"


# ---- calls, sizes, text ------------------------------------------------------------------------

def check_calls(source):
    banned = {}
    for names, where, but, advice in BANS:
        if source.path.startswith(where) and not source.path.startswith(but or ("-",)):
            banned.update((name, advice) for name in names.split())
    for name in ALLOWED_CALLS.get(source.path, ()):
        banned.pop(name, None)
    if not banned:
        return
    call = re.compile(r"(?<![\w.>])(" + "|".join(map(re.escape, banned)) + r")\s*\(")
    for n, line in enumerate(source.code, 1):
        if re.match(r"\s*#\s*define\s", line) and source.path.startswith("include/"):
            continue
        for m in call.finditer(line):
            yield n, f"{m[1]}() is banned here: {banned[m[1]]}"


def check_newer(source):
    if not source.path.startswith("src/") or source.path.startswith("src/base/sys."):
        return
    for n, line in enumerate(source.code, 1):
        for m in NEWER.finditer(line):
            name = next(filter(None, m.groups()))
            if name not in OLD_SYSCALLS:
                yield n, f"{name}: newer system calls are made by {SYS_C} alone"


def check_refused(sources):
    """What sys.c makes is refused by its test."""
    texts = {s.path: s for s in sources if s.path in (SYS_C, SYS_TEST)}
    if len(texts) < 2:
        return
    for n, line in enumerate(texts[SYS_C].code, 1):
        for m in NEWER.finditer(line):
            name = next(filter(None, m.groups()))
            if not name.startswith("RWF_") and not re.search(rf"\b{name}\b", texts[SYS_TEST].text):
                yield SYS_C, n, f"{name} is not refused in {SYS_TEST}"


def check_sys(source):
    if not source.path.startswith("src/") or source.path.startswith(SYS_FILES):
        return
    for name, start, line in lines_of_functions(source):
        for pattern, what in OTHER_WAYS:
            if pattern.search(line) and name not in ASKERS.get(source.path, ()):
                yield start, f"{what}: system calls are made by eddy__sys, see src/base/sys.h"


def lines_of_functions(source):
    """Each line with its number, and the function it is in."""
    name = None
    for n, line in enumerate(source.code, 1):
        m = re.match(r"(?!#|typedef|\s)[^=;]*?\b(\w+)\s*\(", line)
        if m:
            name = m[1]
        yield name, n, line


def check_functions(source):
    """Bodies are recognised by their braces in column 0, which the format guarantees."""
    start, name = None, "?"
    for n, line in enumerate(source.code, 1):
        m = re.match(r"(?!#|typedef|\s)[^=;]*?\b(\w+)\s*\(", line)
        if m and start is None:
            name = m[1]
        if line == "{":
            start = n
        elif line.startswith("}") and start is not None:
            length = n - start - 1
            if length > MAX_FUNCTION and name not in LONG_FUNCTIONS.get(source.path, ()):
                yield start, f"{name} has {length} lines, more than {MAX_FUNCTION}"
            start = None


def check_checkpoints(source):
    """A call on an object looks at it before it yields (rule D6), and eddy__checkpoint may yield."""
    if not source.path.startswith("src/"):
        return
    for m in re.finditer(r"^(?!static inline)\w[^\n;{}]*?\b(\w+)\(([^;{}]*?)\)\n\{\n(.*?)^\}", source.bare,
                         re.M | re.S):
        name, parameters, body = m.groups()
        held = name in HELD_OBJECTS.get(source.path, ())
        for call in re.finditer(r"\beddy__checkpoint\(", body):
            what = re.search(r"\b(eddy_(?:%s)) \*" % OBJECTS, parameters)
            if what and not held:
                line = source.bare.count("\n", 0, m.start(3) + call.start()) + 1
                yield line, f"{name} may yield before it has looked at its {what[1]}: take " \
                            "eddy__check_interrupt, and eddy__spend at the end"


def check_text(source):
    limit = MAX_HEADER if source.path.startswith("include/") else MAX_FILE
    if len(source.lines) > limit:
        yield len(source.lines), f"more than {limit} lines: two subjects in one?"
    if source.text and not source.text.endswith("\n"):
        yield len(source.lines), "no newline at the end"
    for n, line in enumerate(source.lines, 1):
        if len(line) > MAX_COLUMN:
            yield n, f"{len(line)} columns, more than {MAX_COLUMN}"
        if line != line.rstrip():
            yield n, "blanks at the end"
        if "\t" in line:
            yield n, "a tab"
        if MARKS.search(line):
            yield n, "unfinished: do it, or say in prose what is open"


# Each test has a process, at whose end a leak checker looks through all static memory of all tests.
LARGE_STATIC = re.compile(r"^\s*static\b[^;(]*\[[^;\]]*(?:<< ?[2-9][0-9]|\b[0-9]{7,})")


def check_static_room(source):
    if source.path.startswith("tests/"):
        for n, line in enumerate(source.code, 1):
            if LARGE_STATIC.match(line):
                yield n, "a large static array: take test_room()"


# ---- names: where they are declared, and whose they are ----------------------------------------

DEFINED = re.compile(r"^(?!static|typedef|#)\w[^\n;{}=]*?\b(\w+)\([^;{}]*\)[^;{}()]*\n\{", re.M)
DECLARED = re.compile(r"^(?!static\b|typedef\b)\w(?:(?!\btypedef\b)[^;:{}=#])*?\b(eddy\w+)\([^;{}]*;",
                      re.M)
ATTRIBUTE = re.compile(r"__attribute__ *\(\((?:[^()]|\([^()]*\))*\)\)")
FUNCTION = re.compile(r"^(?!typedef|#)\w[^\n;{}=]*?\b(\w+)\([^;{}]*\)[^;{}()]*\n\{", re.M)
OBJECT = re.compile(r"^(?:static|_Thread_local)\b(?!.*\binline\b)[^;{}()=]*?\b(\w+)(?:\[[^;{}=]*\])*(?:;| =)",
                    re.M)
# Names that two files define all the same, ten at most, and why. name: reason
TWICE = {"eddy__fault": "tests have a function, the product an empty inline one"}
# A section says in which files the functions below it are; a comment may except those below it.
COMMENT = re.compile(r"^/\*(.*?)\*/", re.M | re.S)


def files_of_declaration(source, at, files):
    """-> those of files that the section there says and the comments in it, [] when it says none"""
    names = []
    for m in COMMENT.finditer(source.text, 0, at):
        found = [n for n in re.findall(r"[\w*]+\.c\b", m[1]) if fnmatch.filter(files, n)]
        if m[1].startswith(" ---- "):
            section, names = found, found
        elif found and names:
            names = section + found
    return names


def check_declarations(sources):
    """One declaration for each function, in the section of the file that defines it."""
    ours = [s for s in sources if s.path.startswith(("src/", "include/"))
            and not s.path.startswith("src/context/switch_")]  # one of these for each processor
    defined = {m[1]: s.path for s in ours if s.path.endswith(".c") for m in DEFINED.finditer(s.bare)}
    files = [os.path.basename(s.path) for s in ours]
    first = {}
    for source in ours:
        for m in DECLARED.finditer(source.bare):
            name, line = m[1], source.bare.count("\n", 0, m.start(1)) + 1
            if name in first:
                yield source.path, line, f"{name} is declared in {first[name]}, too"
            first.setdefault(name, f"{source.path}:{line}")
            if name not in defined:
                yield source.path, line, f"{name} is defined nowhere"
                continue
            names = files_of_declaration(source, m.start(), files)
            file = os.path.basename(defined[name])
            if names and not any(fnmatch.fnmatch(file, n) for n in names):
                yield source.path, line, f"{name} is defined in {file}, not in {', '.join(names)}"


def check_static(sources):
    """A static function or object bears a name that no other file of src/ gives to one of its own."""
    first = {}
    for source in sources:
        if not source.path.startswith("src/") or source.path.startswith("src/context/switch_"):
            continue
        text = ATTRIBUTE.sub("", source.bare)
        for m in [*FUNCTION.finditer(text), *OBJECT.finditer(text)]:
            name, line = m[1], text.count("\n", 0, m.start(1)) + 1
            other = first.setdefault(name, source.path)
            if other != source.path and name not in TWICE:
                yield source.path, line, f"{name} is defined in {other}, too: say whose it is"


def check_rules(sources):
    """Each rule of the contract is named by a test."""
    if not os.path.exists(RULES):
        return
    tests = "\n".join(s.text for s in sources if s.path.startswith("tests/"))
    named = set(re.findall(r"(?<![A-Za-z0-9])[A-Z]{1,2}\d+(?![A-Za-z0-9])", tests))
    with open(RULES, encoding="utf-8") as f:
        for n, line in enumerate(f, 1):
            m = re.match(r"\| ([A-Z]{1,2}\d+) \|", line)
            if m and m[1] not in named:
                yield RULES, n, f"no test in tests/ names the rule {m[1]}"


# ---- public headers ----------------------------------------------------------------------------

def check_contracts(source):
    """A comment stands above each group of declarations; an empty line ends the group."""
    if not source.path.startswith("include/"):
        return
    covered, in_macro = False, False
    for n, (line, code) in enumerate(zip(source.lines, source.code), 1):
        if in_macro or code.lstrip().startswith("#"):
            in_macro = code.rstrip().endswith("\\")
            continue
        if not line.strip():
            covered = False
        elif not code.strip():
            covered = True
        elif re.match(r"EDDY_API\b", code) and not covered:
            m = re.search(r"\b(eddy_\w+)\s*\(", code)
            yield n, f"{m[1] if m else 'declaration'} has no contract comment above it"


def check_with(source):
    """eddy_x_with takes the options of the macro eddy_x, last."""
    if not source.path.startswith("include/"):
        return
    text = "\n".join(source.code)
    for m in re.finditer(r"^EDDY_API\b[^;]*?\b(eddy_\w+_with)\(([^;]*?)\)\s*(?:__attribute__[^;]*)?;", text, re.M):
        last = m[2].split(",")[-1].split()
        if not re.fullmatch(r"const eddy_\w+_opts \*opts", " ".join(last)):
            yield text.count("\n", 0, m.start()) + 1, f"{m[1]}: what ends in _with takes options, last"


def compile_alone(header):
    """-> problems of a header included by itself, in C and in C++"""
    problems = []
    name = header[len("include/"):]
    for driver, flags, suffix in (("gcc", ["-std=gnu11", "-Wstrict-prototypes"], ".c"),
                                  ("g++", ["-std=gnu++17"], ".cpp")):
        if not shutil.which(driver):
            continue
        with tempfile.NamedTemporaryFile("w", suffix=suffix) as f:
            f.write(f"#include <{name}>\n#include <{name}>\nint lint_(void);\n")
            if "INFINITY" in Source(header).text:  # its contracts ask for it
                f.write("extern double lint_inf_;\ndouble lint_inf_ = (double)INFINITY;\n")
            f.flush()
            p = subprocess.run([driver, *flags, "-Wall", "-Wextra", "-Wshadow", "-Wundef", "-Werror",
                                "-fsyntax-only", "-Iinclude", f.name],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if p.returncode:
            problems.append((header, 1, f"does not compile alone with {driver}:\n{p.stdout.rstrip()}"))
    return problems


def check_version():
    with open("VERSION", encoding="utf-8") as f:
        version = f.read().strip()
    path = "include/eddy/base.h"
    if os.path.exists(path) and f'#define EDDY_VERSION "{version}"' not in Source(path).text:
        yield path, 1, f"EDDY_VERSION is not {version}, which VERSION says"
    path, (major, minor) = "src/lib.map", version.split(".")[:2]
    node = "EDDY_" + (f"0.{minor}" if major == "0" else major)
    if os.path.exists(path) and f"{node} {{" not in Source(path).text:
        yield path, 1, f"the symbols' version is not {node}, which VERSION says"


# ---- other tools -------------------------------------------------------------------------------

def check_format(paths):
    """By version 14 only, Debian 12's: others see a few things differently."""
    tool = shutil.which("clang-format")
    if not tool or not paths or " 14." not in subprocess.run(
            [tool, "--version"], stdout=subprocess.PIPE, text=True).stdout:
        return
    p = subprocess.run(["clang-format", "--dry-run", "--ferror-limit=1", *paths],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for m in re.finditer(r"^(\S+?):(\d+):\d+: .*clang-format", p.stdout, re.M):
        yield m[1], int(m[2]), "not in format (make format)"


def tidy(path):
    flags = ["-std=gnu11", "-D_GNU_SOURCE=", "-Iinclude", "-Isrc"]
    p = subprocess.run(["clang-tidy", "--quiet", path, "--", *flags], stdout=subprocess.PIPE,
                       stderr=subprocess.DEVNULL, text=True)
    return [(m[1], int(m[2]), m[3]) for m in
            re.finditer(r"^(\S+?):(\d+):\d+: (?:warning|error): (.*)$", p.stdout, re.M)]


def main():
    args = sys.argv[1:]
    slow = "--slow" in args
    shown = [os.path.normpath(a) for a in args if not a.startswith("--")]
    paths = files_of_project()
    sources = [Source(p) for p in paths if p.endswith((".c", ".h"))]
    public = [s.path for s in sources if s.path.startswith("include/") and s.path.endswith(".h")]
    problems = list(check_version())
    for source in sources:
        for check in (check_includes, check_loop, check_calls, check_newer, check_sys, check_functions,
                      check_checkpoints, check_text, check_static_room, check_contracts, check_with):
            problems += [(source.path, n, text) for n, text in check(source)]
    for check in (check_refused, check_circles, check_rooms, check_declarations, check_static,
                  check_rules):
        problems += check(sources)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(compile_alone, public):
            problems += found
        problems += check_format([s.path for s in sources])
        if slow and shutil.which("clang-tidy"):
            for found in pool.map(tidy, [p for p in paths if re.match(r"(src|tools)/.*\.c$", p)]):
                problems += found
    here = os.getcwd() + "/"
    problems = sorted({(p.replace(here, ""), n, text) for p, n, text in problems})
    problems = [p for p in problems if not shown or p[0] in shown]
    for path, n, text in problems:
        print(f"{path}:{n}: {text}")
    if problems:
        print(f"lint: {len(problems)} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
