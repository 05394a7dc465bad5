# SPDX-License-Identifier: MIT
"""What the machine lacks is not the source's fault: no room, no process, a program that does not get through its loader. A full file
system itself is in test_faults.py."""

import pytest

from daemon import SANITIZER, recipe


def sh(name, script, **more):
    return recipe(name, "-c", script, program="/bin/sh", **more)


RECIPES = [
    sh("space", "echo 'write: No space left on device' >&2; exit 1"),
    sh("quota", "echo 'cp: Disk quota exceeded' >&2; exit 1"),
    sh("jpeg", "echo 'Output file write error --- out of disk space?' >&2; exit 1"),
    sh("fork", "echo 'sh: 1: Cannot fork' >&2; exit 2"),
    sh("thread", 'echo "RuntimeError: can\'t start new thread" >&2; exit 1'),
    sh("again", "echo 'convert: Resource temporarily unavailable' >&2; exit 1"),
    sh("library", "echo 'x: error while loading shared libraries: libx.so.1: cannot open shared object file' >&2; exit 127"),
    sh("damage", "echo 'no image in it' >&2; exit 1"),
    sh("asked", "echo 'No space left on device' >&2; exit 3", exits=["3=404"]),
    sh("good", "echo 'No space left on device' >&2; echo x"),
    recipe("tight", "-version", program="/usr/bin/convert", memory="1M", start="cold"),
]


@pytest.fixture(scope="module")
def daemon(module_sluice):
    return module_sluice(*RECIPES)


@pytest.mark.parametrize("name,status,outcome,reason", [
    ("space", 507, "no-room", "no room left"), ("quota", 507, "no-room", "no room left"), ("jpeg", 507, "no-room", "no room left"),
    ("fork", 503, "overloaded", "cannot start a process"), ("thread", 503, "overloaded", "cannot start a process"),
    ("again", 503, "overloaded", "cannot start a process"),
    ("library", 500, "not-installed", "a library is missing"),
    ("damage", 422, "refused", "exit 1"), ("asked", 404, "mapped", "exit 3"), ("good", 200, "ok", ""),
    pytest.param("tight", 500, "not-installed", "too small", marks=pytest.mark.skipif(bool(SANITIZER), reason="needs memory of its own"))])
def test_what_failed(daemon, nothing_left, name, status, outcome, reason):
    answer, line = daemon.logged(f"/{name}/a")
    assert (answer.status, line["outcome"]) == (status, outcome) and reason in line.get("reason", ""), line.text
    assert status != 503 or "retry-after" in answer.headers
    assert status == 200 or answer.headers["cache-control"] == "no-store"
