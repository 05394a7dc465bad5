#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Holds every #include of the project against the order of its modules (doc/architecture.md): a file may include what stands
before its own layer, or in it; fcgi and spawn never each other; <confuse.h> only in src/config.c."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

LAYERS = [  # of src/, from the ground up; fcgi and spawn stand beside `source`
    ["decimal", "query", "param", "pattern", "sniff", "http", "template", "digest"],
    ["recipe"],
    ["config"],
    ["cache"],
    ["access", "user", "progress", "running", "metrics", "history",
     "source", "spill", "lastwords", "notify", "admission", "capacity", "outcome", "pool", "service", "sweeper", "workdir", "environment", "quota", "seclusion"],
    ["plan", "warmth", "sample"],
    ["validator"],
    ["recall"],
    ["conversion", "verdict"],
    ["pump", "response"],
    ["flight"],
    ["request", "status", "handover"],
    ["desk", "succession", "reload", "upkeep"],
    ["explain", "render", "server", "ask", "caching"],
    ["train"],
    ["main"],
]
PURE = 0
BESIDE = 3  # the layer from which on fcgi/ and spawn/ may be included


def layer(name):
    """The layer of a module of src/: of `param_check` it is that of `param`."""
    for number, modules in enumerate(LAYERS):
        if any(name == module or name.startswith(module + "_") for module in modules):
            return number
    return None


def problem(path, included):
    """Why `path` may not include `included`, or None."""
    folder, target = path.parts[0], included.split("/")[0]
    if target == "base" or folder == target != "src":
        return None
    if folder == "base":
        return "base knows nobody"
    if folder in ("fcgi", "spawn"):
        return f"{folder} knows only base"
    own = layer(path.stem)
    if own is None:
        return "the module has no layer: give it one in tests/layers.py"
    if target in ("fcgi", "spawn"):
        return None if own >= BESIDE else "too low to know it"
    other = layer(pathlib.Path(included).stem)
    if other is None:
        return f"{included} has no layer"
    return f"{included} stands above it" if other > own else None


def main():
    wrong = 0
    for folder in ("base", "fcgi", "spawn", "src"):
        for file in sorted((ROOT / folder).rglob("*.[ch]")):
            path = file.relative_to(ROOT)
            text = file.read_text()
            for included in re.findall(r'^#include "([^"]+)"', text, re.M):
                why = problem(path, included)
                if why:
                    print(f"{path}: includes {included}: {why}")
                    wrong += 1
            if "<confuse.h>" in text and str(path) != "src/config/config.c":
                print(f"{path}: only src/config/config.c knows libconfuse")
                wrong += 1
            if "<nettle/" in text and path.stem != "digest":
                print(f"{path}: only src/plan/digest.c knows nettle")
                wrong += 1
            if "<fcgiapp.h>" in text:
                print(f"{path}: includes <fcgiapp.h>, see doc/architecture.md")
                wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
