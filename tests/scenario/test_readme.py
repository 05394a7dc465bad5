# SPDX-License-Identifier: MIT
"""README.md promises: its first recipe is good, and `explain` prints, for every example URL, what `render` runs. In place of the
converters stand scripts of the same names that print their arguments."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

import media
import shipped
from daemon import SLUICE, quote

REPOSITORY = Path(__file__).resolve().parents[2]
README = (REPOSITORY / "README.md").read_text()
URLS = re.findall(r"^\| `(/[^`]+)` \|", README, re.M)
ECHO = """#!/bin/sh
/bin/cat
printf '%s\\0' "${0##*/}" "$@" END
"""


def configure(directory, text, root, programs):
    """Root, socket and programs as here; the rest as it stands."""
    text, count = re.subn(r"(?m)^root *=.*$", f"root = {quote(root)}\nprograms = {quote(programs)}", text)
    assert count == 1
    text = re.sub(r"(?m)^(listen|user|socket_group) *=.*$", "", text)
    config = directory / "sluice.conf"
    config.write_text(shipped.patient(text))
    shipped.put_beside(directory)
    return config


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return media.make_samples(tmp_path_factory.mktemp("media"))


@pytest.fixture(scope="module")
def echoing(root, tmp_path_factory):
    directory = tmp_path_factory.mktemp("echo")
    for name in ("sluice-picture", "convert", "ffmpeg", "djpeg", "cjpeg", "vipsthumbnail"):
        (directory / name).write_text(ECHO)
        (directory / name).chmod(0o755)
    # A script has to start cat, which would pass the picture on, and has no function to prime.
    text = re.sub(r"(?m)^ *(confine|prime|stdin) *=.*\n", "", shipped.CONFIG.read_text())
    return configure(directory, text, root, directory)


def run(command, config, url):
    return subprocess.run([SLUICE, command, "-c", str(config), url], capture_output=True, stdin=subprocess.DEVNULL, timeout=300)


def test_there_are_examples():
    assert len(URLS) >= 8


@pytest.mark.parametrize("url", URLS)
def test_explain_prints_what_render_runs(echoing, url):
    explained = run("explain", echoing, url)
    assert explained.returncode == 0, explained.stderr
    said = [shlex.split(line[len("argv "):]) for line in explained.stdout.decode().splitlines() if line.startswith("argv ")]
    rendered = run("render", echoing, url)
    assert rendered.returncode == 0, rendered.stderr
    ran = [part.split("\0") for part in rendered.stdout.decode().split("\0END\0") if part]
    assert said == ran


@pytest.mark.parametrize("url", URLS)
def test_example_works(root, tmp_path, url):
    config = configure(tmp_path, shipped.CONFIG.read_text(), root, "/usr/bin:/bin")
    done = run("render", config, url)
    assert done.returncode == 0 and len(done.stdout) > 100, done.stderr


def test_first_recipe(root, tmp_path):
    text = re.search(r"`sluice.conf`:\n\n```\n(.*?)```", README, re.S).group(1)
    config = configure(tmp_path, text, root, "/usr/bin:/bin")
    done = run("render", config, "/landscape.jpg?size=300x200")
    assert done.returncode == 0 and done.stdout.startswith(b"\xff\xd8"), done.stderr
    cut = root / "cut.jpg"
    whole = (root / "landscape.jpg").read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    done = run("render", config, "/cut.jpg?size=300x200")
    assert done.returncode == 1 and b"Status: 422" in done.stderr and done.stdout == b""
