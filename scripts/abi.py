#!/usr/bin/env python3
"""abi.py check|dump: the ABI that the public headers promise against the stored one: src/lib.abi, and
src/http/lib.abi for libeddy-http.

check says what has changed and what to do about it; dump stores the ABI as it is now, unless that
breaks programs which were built with a released version of this soname. The dump is made by abidw of
a file that is nothing but the public headers, with an empty body for each function: so it knows
neither paths nor what lies behind opaque types, and gcc compiles it, whatever CC is. It tells also
whether the library exports just these functions. Environment: B, the folder of what is built. Exit
status 0: the same, or it cannot be told here, with a word about it.
"""
import glob
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile

HEADERS = "include"
ADDONS = ("http",)  # libraries of their own: eddy/NAME.h, eddy/NAME/, src/NAME/
TOOLS = ("abidw", "abidiff", "gcc", "nm")
MACHINE = "x86_64"  # what the stored dump is of
# Types of the C library of which programs see pointers only: what is in them is not our promise.
FOREIGN = "_IO_FILE|stat"
ABIDW = ["abidw", "--no-corpus-path", "--no-show-locs", "--no-comp-dir-path", "--no-elf-needed",
         "--no-parameter-names", "--no-write-default-sizes", "--exported-interfaces-only",
         "--drop-private-types", "--type-id-style", "hash"]
CHANGED, INCOMPATIBLE = 4, 8  # bits of abidiff's exit status

ADDED = "Only additions: older programs go on. If they are meant, store them: make abi-dump"
DRAFT = """Programs that are built already would break. If that is meant, it is allowed, since no version
with the soname {soname} is released: make abi-dump, and say it in CHANGELOG.md"""
BROKEN = """Programs that were built with a released version of {soname} would break. Undo it, or go to a
new soname as docs/design/abi.md says: a new minor version in VERSION, base.h and lib.map."""


def soname(name="eddy"):
    """Of libeddy or of another library, which has the same version."""
    with open("VERSION", encoding="utf-8") as f:
        major, minor = f.read().strip().split(".")[:2]
    return f"lib{name}.so." + (f"0.{minor}" if major == "0" else major)


def released():
    """Whether CHANGELOG.md has a version of this soname that is not "unreleased"."""
    series = re.escape(soname()[len("libeddy.so."):])
    with open("CHANGELOG.md", encoding="utf-8") as f:
        return re.search(rf"^## {series}\.[\d.]+(?!.*unreleased)", f.read(), re.M) is not None


def balanced(depth):
    return r"\((?:[^()]|" + (balanced(depth - 1) if depth else r"\(\)") + r")*\)"


def of_addon(headers, name):
    """Headers of an add-on library are eddy/http.h and those in eddy/http/, and what includes them."""
    with open(f"{headers}/{name}", encoding="utf-8") as f:
        names = re.findall(r"^#include <(eddy/\w+)", f.read(), re.M)
    folders = [name.split(".")[0], os.path.dirname(name), *names]
    return any(part.startswith("eddy/") and os.path.isdir(f"{headers}/{part}") for part in folders)


def headers_of(headers, addon):
    """-> the public headers of an add-on library; None: of libeddy"""
    if addon:
        return sorted([f"{headers}/eddy/{addon}.h", *glob.glob(f"{headers}/eddy/{addon}/*.h")])
    return sorted(name for name in glob.glob(headers + "/**/*.h", recursive=True)
                  if not of_addon(headers, os.path.relpath(name, headers)))


def program(headers, names, others=()):
    """-> these headers as C with a body for each function but others, and the names of these"""
    text = subprocess.run(["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-E", "-I", headers, "-x", "c", "-"],
                          input="".join(f"#include <{os.path.relpath(n, headers)}>\n" for n in names),
                          stdout=subprocess.PIPE, text=True, check=True).stdout
    text = re.sub(rf"\bstruct ({FOREIGN})\s*\{{.*?\n\s*\}};", r"struct \1;", text, flags=re.S)
    # Constants are a part of it, too: an enum is called as its first one, and a variable has its type.
    bodies, functions, enums = [], [], []

    def name_enum(m):
        if m[1] not in others:
            bodies.append(f"enum {m[1]} eddy_enum_{m[1]};")
            enums.append(m[1])
        return f"enum {m[1]} {{ {m[1]}"
    text = re.sub(r"\benum\s*\{\s*(EDDY_\w+)", name_enum, text)
    for m in re.finditer(r'__attribute__\(\(visibility\("default"\)\)\)([^;{}]*);', text):
        declaration = re.sub(r"__attribute__\s*" + balanced(3) + r"|^#.*$", "", m[1], flags=re.M)
        name = re.search(r"\b(\w+)\s*\(", declaration)[1]
        if name not in others:
            functions.append(name)
            bodies.append(declaration.strip() + " { for (;;) ; }")
    return text + "\n" + "\n".join(bodies) + "\n", functions, enums


def make_dump(headers, addon, path):
    """Writes the ABI of a library's headers to path. -> the names of their functions"""
    text, functions, enums = program(headers, headers_of(headers, None))
    if addon:
        text, functions, _ = program(headers, headers_of(headers, addon), {*functions, *enums})
    name = f"eddy-{addon}" if addon else "eddy"
    with tempfile.TemporaryDirectory() as scratch:
        with open(scratch + "/eddy.c", "w", encoding="utf-8") as f:
            f.write(text)
        subprocess.run(["gcc", "-std=gnu11", "-w", "-g", "-gdwarf-4", "-O0", "-shared", "-fPIC",
                        "-Wl,-soname," + soname(name), "-o", "eddy.so", "eddy.c",
                        "-Wl,--version-script=" + os.path.abspath("src/lib.map")], cwd=scratch, check=True)
        subprocess.run([*ABIDW, "--headers-dir", headers, "--out-file", path, scratch + "/eddy.so"],
                       check=True)
    return functions


def exported(library):
    out = subprocess.run(["nm", "-D", "--defined-only", library], stdout=subprocess.PIPE, text=True,
                         check=True).stdout
    return {line.split()[2].split("@")[0] for line in out.splitlines() if " A " not in line}


def check_exports(library, functions):
    here, promised = exported(library), set(functions)
    for name in sorted(here - promised):
        print(f"{library} exports {name}, which no public header declares")
    for name in sorted(promised - here):
        print(f"{library} does not export {name}, which a public header declares")
    return here == promised


def compare(old, new):
    """-> what has changed in words of abidiff ("": nothing), and whether it is only additions"""
    command = ["abidiff", "--harmless", "--leaf-changes-only", "--impacted-interfaces",
               "--no-show-locs", old, new]
    p = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if p.returncode & ~(CHANGED | INCOMPATIBLE):
        sys.exit(f"abidiff: exit status {p.returncode}\n{p.stdout}")
    rest = subprocess.run(["abidiff", "--no-added-syms", old, new], stdout=subprocess.DEVNULL)
    return p.stdout if p.returncode else "", not rest.returncode


def stored_soname(path):
    with open(path, encoding="utf-8") as f:
        return re.search(r" soname='([^']*)'", f.readline())[1]


def judge(what, name, old, new):
    """Says what has changed since the stored dump. -> whether anything has, and may be stored"""
    if not os.path.exists(old):
        print(f"abi: there is no {old}: make abi-dump")
        return True, True
    words, additions = compare(old, new)
    if not words:
        return False, True
    print(words.rstrip())
    mine = soname(name) == stored_soname(old) and released()
    allowed = additions or not mine
    if what == "dump" and allowed:
        return True, True
    advice = ADDED if additions else BROKEN if mine else DRAFT
    print(f"abi: {old} does not agree with the public headers.\n" + advice.format(soname=soname(name)))
    return True, allowed


def treat(what, addon):
    """Checks or stores the ABI of one library. -> whether all is well"""
    name, stored = (f"eddy-{addon}", f"src/{addon}/lib.abi") if addon else ("eddy", "src/lib.abi")
    library = os.path.join(os.environ.get("B", "build"), f"lib{name}.so")
    if not os.path.exists(library):
        print(f"abi: nothing is told of {library}, which was not built")
        return what == "check"
    with tempfile.TemporaryDirectory() as scratch:
        new = scratch + "/new.abi"
        functions = make_dump(HEADERS, addon, new)
        changed, allowed = judge(what, name, stored, new)
        if what == "dump" and changed and allowed:
            shutil.copyfile(new, stored)
            print(f"abi: stored in {stored}")
    if what == "dump":
        return allowed
    return check_exports(library, functions) and not changed


def main():
    what = sys.argv[1] if len(sys.argv) == 2 else None
    if what not in ("check", "dump"):
        sys.exit("usage: abi.py check|dump")
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing or platform.machine() != MACHINE:
        print("abi: not told here: " + (f"{missing[0]} is not installed (scripts/setup test)"
                                        if missing else f"the dump is of {MACHINE}"))
        sys.exit(1 if what == "dump" else 0)
    # No generator: each library is looked at, whatever the others say.
    sys.exit(0 if all([treat(what, addon) for addon in (None, *ADDONS)]) else 1)


if __name__ == "__main__":
    main()
