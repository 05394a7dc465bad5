# SPDX-License-Identifier: MIT
"""./quickstart: what it prints can be done."""

import os
import pathlib
import re
import shlex
import signal
import subprocess
import urllib.request

import pytest

import ports
from daemon import SLOW
from processes import wait_until

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def quickstart(tmp_path):
    """What it has said, when it serves."""
    if pathlib.Path(os.environ["SLUICE"]).parent != REPOSITORY / "build":
        pytest.skip("it uses build/, and this is another build")
    port, output = ports.free_port(), tmp_path / "output"
    with open(output, "wb") as file:
        process = subprocess.Popen([REPOSITORY / "quickstart", "--port", str(port)], stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    try:
        def serves():
            assert process.poll() is None, output.read_text()
            return " ready version=" in output.read_text()
        wait_until(serves, 60 * SLOW, output.read_text)
        yield output.read_text(), port
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def test_hints(quickstart):
    told, port = quickstart
    commands = re.findall(r"^ +(build/sluice explain .*)$", told, re.M)
    assert len(commands) == 1, told
    done = subprocess.run(shlex.split(commands[0]), cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and re.search("^recipe +picture", done.stdout), done
    assert shlex.split(commands[0])[3] == re.search(r"The configuration is (\S+)\. ", told)[1]
    pages = re.findall(rf"http://127\.0\.0\.1:{port}(/\S*)", told)
    assert "/" in pages and len(pages) >= 5
    for page in ("/", pages[1]):
        assert urllib.request.urlopen(f"http://127.0.0.1:{port}{page}", timeout=60).status == 200
