#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A release build as a user makes it, without a preset: it has no warning, and every program and library that it installs has what
hardening.cmake is for. The binaries are asked, not the flags.

    tests/release.py DIRECTORY      builds in DIRECTORY, which stays; CC, CFLAGS: as for cmake
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
X86 = "Advanced Micro Devices X86-64"
ENDBR64 = bytes.fromhex("f30f1efa")
PAGE = 4096
BRANCH_TARGETS = 20  # of the smallest binary; without the flag there is none, or those of what the compiler brings along


def run(*argv):
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    if done.returncode:
        sys.exit(f"{' '.join(map(str, argv))}: {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done.stdout


class Binary:
    def __init__(self, path):
        self.path = path
        self.told = run("readelf", "-W", "-h", "-l", "-d", "-S", path)
        self.symbols = set(re.findall(r"UND (\w+)", run("readelf", "-W", "--dyn-syms", path)))

    def says(self, pattern):
        return re.search(pattern, self.told, re.M)

    def code(self):
        offset, size = (int(n, 16) for n in self.says(r" \.text +PROGBITS +\w+ (\w+) (\w+)").groups())
        return self.path.read_bytes()[offset:offset + size]

    def missing(self):
        """The properties that it has not."""
        stack = self.says(r"^ +GNU_STACK( +\w+){5} ([RWE]+)")
        properties = {
            "position-independent": self.says(r"Type: +DYN"),
            "full RELRO": self.says(r"^ +GNU_RELRO") and self.says(r"FLAGS\) +.*BIND_NOW|FLAGS_1\) .*\bNOW\b"),
            "no relocation in its code": not self.says(r"TEXTREL"),
            "a stack that is no code": stack and "E" not in stack[2],
            "no segment that is both written and executed": not self.says(r"^ +LOAD .* RWE "),
            "silence about the hooks of tests": b"SLUICE_TEST_" not in self.path.read_bytes(),
            "stack protector": "__stack_chk_fail" in self.symbols,
            "_FORTIFY_SOURCE": any(re.fullmatch(r"__\w+_chk", name) for name in self.symbols),
        }
        if not self.is_library():
            properties["PIE"] = self.says(r"FLAGS_1\) .*\bPIE\b")
        if self.says(r"Machine: +" + X86):
            code = self.code()
            properties["marks of branch targets"] = code.count(ENDBR64) >= BRANCH_TARGETS
            properties["the stack taken a page at a time"] = self.largest_step(code) <= PAGE
        return [name for name, has in properties.items() if not has]

    def is_library(self):
        return ".so" in self.path.name

    @staticmethod
    def largest_step(code):
        """sub $N,%rsp"""
        steps = (int.from_bytes(n, "little", signed=True) for n in re.findall(rb"\x48\x81\xec(.{4})", code, re.S))
        return max(steps, default=0)


def installed(directory):
    """The ELF files of an installation."""
    for path in sorted(directory.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.read_bytes()[:4] == b"\x7fELF":
            yield path


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    # A warning is an error, so that it is one again at the next run, which compiles nothing that has succeeded.
    run("cmake", "-S", ROOT, "-B", build, "-DCMAKE_BUILD_TYPE=Release", "-DSLUICE_TESTS=OFF", "-DSLUICE_WERROR=ON",
        "-DCMAKE_INSTALL_PREFIX=/usr/local")
    run("cmake", "--build", build, "--parallel", "2")
    target = build / "installed"
    shutil.rmtree(target, ignore_errors=True)
    os.environ["DESTDIR"] = str(target)
    run("cmake", "--install", build)
    found = {path.name: Binary(path).missing() for path in installed(target)}
    for expected in ("sluice", "sluice-picture", "libsluice-warm.so"):
        if expected not in found:
            sys.exit(f"{expected} is not installed: {sorted(found)}")
    for name, missing in found.items():
        print(f"{name}: {'without ' + ', '.join(missing) if missing else 'has all of it'}")
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
