#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every C file is laid out as .clang-format says."""
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ("base", "fcgi", "spawn", "src", "picture", "tests", "bench")


def main():
    program = shutil.which("clang-format-14") or shutil.which("clang-format")
    if not program:
        print("clang-format is not installed", file=sys.stderr)
        return 1
    files = [str(file) for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.[ch]"))]
    done = subprocess.run([program, "--dry-run", "--Werror", *files], cwd=ROOT, check=False,
                          capture_output=True, text=True)
    print("\n".join(line for line in done.stderr.splitlines() if ": error:" in line))
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
