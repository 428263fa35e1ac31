#!/usr/bin/env python3
"""cover.py BUILD: line coverage by file from a build with --coverage, the least covered first."""
import json
import os
import subprocess
import sys


def main():
    build = sys.argv[1]
    seen = {}
    for folder, _, files in os.walk(os.path.join(build, "obj", "testing", "src")):
        for name in files:
            if not name.endswith(".gcda"):
                continue
            p = subprocess.run(["gcov", "--json-format", "--stdout", os.path.join(folder, name)],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            for row in p.stdout.splitlines():
                for f in json.loads(row)["files"]:
                    lines = seen.setdefault(f["file"], {})
                    for line in f["lines"]:
                        n = line["line_number"]
                        lines[n] = lines.get(n, 0) + line["count"]
    total = hit = 0
    rows = []
    for name, lines in seen.items():
        if not lines or not name.startswith(("src/", "include/")):
            continue
        covered = sum(1 for n in lines.values() if n)
        total, hit = total + len(lines), hit + covered
        rows.append((covered / len(lines), name, covered, len(lines)))
    for share, name, covered, count in sorted(rows):
        print(f"{share:6.1%}  {covered:5}/{count:<5}  {name}")
    if total:
        print(f"{hit / total:6.1%}  {hit:5}/{total:<5}  in all")


if __name__ == "__main__":
    main()
