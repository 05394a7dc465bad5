#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Holds the project against its order of rooms (doc/architecture.md).

An include goes down or stays in its room; fcgi and spawn never know each other. Within a room no
files stand in a circle: neither by their includes nor, when a build folder is
given, by the functions that their objects call (nm).

usage: layers.py [BUILD]
"""
import collections
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# From the ground up. Rooms of one line do not know each other.
ORDER = [
    ["base"],
    ["fcgi", "spawn", "src/http"],
    ["src/recipe", "src/source"],
    ["src/config"],
    ["src/plan"],
    ["src/admission", "src/observe", "src/cache"],
    ["src/convert"],
    ["src/pump"],
    ["src/share"],
    ["src/request"],
    ["src/status"],
    ["src/daemon"],
    ["src/command"],
    ["src"],  # main.c
]
LEVEL = {room: number for number, rooms in enumerate(ORDER) for room in rooms}
# Decisions without I/O: neither a socket nor a process.
PURE = ["src/http", "src/recipe", "src/source", "src/config", "src/plan"]
# A library, and the files that may know it.
ONLY = {
    "<confuse.h>": ["src/config/tree.c"],
    "<nettle/": ["src/recipe/digest.h", "src/recipe/digest.c"],
    "<seccomp.h>": ["spawn/filter_compile.c", "spawn/filter_rules.c"],
    "<isa-l.h>": ["picture/isal_library.h"],
    "<lcms2.h>": ["picture/lcms_library.h"],
    "<png.h>": ["picture/png_library.h"],
    "<fcgiapp.h>": [],  # see doc/architecture.md
}


def room_of(path):
    """"src/cache/entry.h" → "src/cache"; what stands below a room of spawn belongs to it."""
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] == "src" and len(parts) > 2 else parts[0]


def problem(path, included):
    """Why `path` may not include `included`, or None."""
    room, other = room_of(path), room_of(included)
    if room == other:
        return None
    if "picture" in (room, other):
        return "sluice-picture is a program of its own"
    if room not in LEVEL or other not in LEVEL:
        return f"the room {room if room not in LEVEL else other} has no place in the order"
    if room in PURE and other in ("fcgi", "spawn"):
        return f"{room} decides without I/O"
    return None if LEVEL[other] < LEVEL[room] else f"{other} does not stand below {room}"


def circles(graph):
    """Groups of nodes that reach each other."""
    def reach(start):
        seen, todo = set(), [start]
        while todo:
            for node in graph.get(todo.pop(), ()):
                if node not in seen:
                    seen.add(node)
                    todo.append(node)
        return seen
    reached = {node: reach(node) for node in list(graph)}
    groups = {frozenset([node] + [other for other in reached[node] if node in reached.get(other, ())])
              for node in graph if node in reached[node]}
    return [sorted(group) for group in groups]


def calls(build):
    """Which source's object calls functions of which other's."""
    defined, wanted = {}, {}
    for item in build.rglob("*.c.o"):
        found = re.search(r"^(base|fcgi|spawn|src|picture)/CMakeFiles/sluice(?:-(?!warm)\w+)?\.dir/(.*)\.o$",
                          str(item.relative_to(build)))
        if not found or not (ROOT / found[1] / found[2]).exists():
            continue  # of a file that is gone, in a build folder from before
        name = f"{found[1]}/{found[2]}"
        wanted[name] = set()
        for line in subprocess.run(["nm", item], capture_output=True, text=True, check=True).stdout.splitlines():
            kind, symbol = line.split()[-2:]
            if kind == "U":
                wanted[name].add(symbol)
            elif kind in "TDBRV":
                defined[symbol] = name
    return {name: {defined[symbol] for symbol in symbols if symbol in defined} - {name}
            for name, symbols in wanted.items()}


def main():
    wrong = []
    includes = collections.defaultdict(set)
    for folder in ("base", "fcgi", "spawn", "src", "picture"):
        for file in sorted((ROOT / folder).rglob("*.[ch]")):
            path, text = str(file.relative_to(ROOT)), file.read_text()
            for included in re.findall(r'^#include "([^"]+)"', text, re.M):
                why = problem(path, included)
                if why:
                    wrong.append(f"{path}: includes {included}: {why}")
                else:
                    includes[path].add(included)
            for library, knowing in ONLY.items():
                if f"#include {library}" in text and path not in knowing:
                    wrong.append(f"{path}: includes {library}, which is for {' '.join(knowing) or 'no file'}")
    wrong += [f"includes in a circle: {' '.join(group)}" for group in circles(includes)]
    if len(sys.argv) > 1:
        called = calls(pathlib.Path(sys.argv[1]))
        if not called:
            wrong.append(f"{sys.argv[1]}: no objects")
        wrong += [f"calls in a circle: {' '.join(group)}" for group in circles(called)]
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
