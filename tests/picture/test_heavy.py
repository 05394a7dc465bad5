# SPDX-License-Identifier: MIT
"""The libraries for AVIF, HEIC and TIFF are loaded when they are wanted, or before the hold."""
import os
import re
import subprocess

import pytest
from PIL import Image

import heic
from picture import PICTURE, run, tool

pytestmark = pytest.mark.skipif(bool(os.environ.get("SLUICE_SANITIZER")), reason="the sanitizer wants to be the first library")


@pytest.fixture(scope="module", name="work")
def fixture_work(tmp_path_factory):
    """A directory with a picture in each format."""
    path = tmp_path_factory.mktemp("heavy")
    picture = Image.linear_gradient("L").convert("RGB").resize((96, 72))
    picture.save(path / "a.png")
    picture.save(path / "a.jpg")
    picture.save(path / "a.tif", compression="tiff_lzw")
    tool("avifenc", "-s", "9", path / "a.png", path / "a.avif")
    (path / "a.heic").write_bytes(heic.grid(picture, 64))
    return path


def opened(path, form, prime):
    """The files that are opened after the hold, and whether anything is executed or started."""
    trace = path.with_suffix(".trace")
    with open(path, "rb") as source:
        done = subprocess.run(["strace", "-f", "-qq", "-e", "trace=openat,open,access,clone,clone3,execve", "-o", trace,
                               "-E", f"LD_PRELOAD={os.environ['PRIMED']}", "-E", f"PRIME={prime}", PICTURE, "--format", form],
                              stdin=source, capture_output=True, check=True)
    assert done.stdout and not done.stderr
    lines = trace.read_text().splitlines()
    held = [number for number, line in enumerate(lines) if '"/held"' in line]
    assert len(held) == 1
    return [line for line in lines[held[0] + 1:] if not re.search(r"= -1 |exit", line)]


@pytest.mark.parametrize("source", ["a.jpg", "a.avif", "a.heic", "a.tif"])
@pytest.mark.parametrize("form", ["jpeg", "avif"])
def test_nothing_is_opened_once_it_is_held(source, form, work):
    """A strictly confined process could not. Without the rehearsal there is something to open."""
    assert not opened(work / source, form, "sluice_picture_prime_heavy")
    if (source, form) != ("a.jpg", "jpeg"):
        assert opened(work / source, form, "sluice_picture_prime")


def test_a_jpeg_loads_none_of_them(work):
    """The dynamic linker tells which files it loads."""
    for source, form, wanted in (("a.jpg", "jpeg", []), ("a.jpg", "avif", ["libavif"]), ("a.avif", "jpeg", ["libavif"]),
                                 ("a.tif", "jpeg", ["libtiff"]), ("a.heic", "jpeg", ["libavif", "libheif"])):
        done = run("--format", form, source=work / source, env={"LD_DEBUG": "files"})
        assert done.returncode == 0
        assert [name for name in ("libavif", "libheif", "libtiff") if name.encode() in done.stderr] == wanted


def test_the_rehearsal_leaves_the_result_alone(work):
    """The bytes are those of a program that was not primed."""
    for source in ("a.jpg", "a.avif", "a.heic", "a.tif"):
        primed = run("--format", "avif", source=work / source,
                     env={"LD_PRELOAD": os.environ["PRIMED"], "PRIME": "sluice_picture_prime_heavy"})
        assert primed.returncode == 0 and primed.stdout == run("--format", "avif", source=work / source).stdout
