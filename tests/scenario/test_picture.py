# SPDX-License-Identifier: MIT
"""sluice-picture as the shipped recipes run it: held before its main, strictly confined, and with nothing left to open."""
import pathlib
import re
import shutil
import subprocess
import sys
import time

import pytest

import media
import shipped
from daemon import SLUICE, Daemon
from processes import wait_until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "picture"))
import profiles  # noqa: E402

PICTURE = pathlib.Path(SLUICE).parent / "sluice-picture"
STRACE = "/usr/bin/strace"
RECIPES = re.findall(r"(?ms)^recipe picture\w* \{\n.*?^\}\n", shipped.CONFIG.read_text())

# (source, query): each codec in both directions, and each library.
PICTURES = [("landscape.jpg", "format=jpeg"), ("landscape.jpg", "format=webp"), ("landscape.jpg", "format=png"),
            ("orientation-6.jpg", "format=jpeg&rotate=30"), ("landscape.jpg", "format=jpeg&fit=cover&gravity=attention"),
            ("alpha.png", "format=png"), ("alpha.png", "format=jpeg&background=ff0000"), ("landscape.webp", "format=jpeg"),
            ("animation.gif", "format=webp"), ("animation.gif", "format=webp&animate=1"), ("landscape.jpg", "format=avif"),
            ("cmyk.jpg", "format=jpeg"), ("cmyk.jpg", "format=webp"), ("plain-cmyk.jpg", "format=jpeg"), ("wide.jpg", "format=webp"),
            ("table.jpg", "format=jpeg"), ("table.jpg", "format=webp"), ("table.jpg", "format=png"), ("profile.png", "format=webp"),
            ("interlaced.png", "format=jpeg"), ("palette.png", "format=webp"), ("animation.webp", "format=webp&animate=1"),
            ("animation.png", "format=webp&animate=1"), ("animation.gif", "format=jpeg"), ("landscape.tiff", "format=jpeg"), ("landscape.heic", "format=webp"), ("landscape.avif", "format=png")]


@pytest.fixture(scope="module")
def daemon():
    with_pictures = Daemon(start=False)
    root = pathlib.Path(with_pictures.root)
    media.make_samples(root)
    media.convert(root / "landscape.jpg", "-resize", "400x300", root / "landscape.heic")
    shutil.copy(root / "cmyk.jpg", root / "plain-cmyk.jpg")
    (root / "table.jpg").write_bytes(media.with_icc((root / "landscape.jpg").read_bytes(), profiles.lut(
        lambda r, g, b: (100 * g, 80 * (r - g), 60 * (g - b)), 3)))
    media.convert(root / "landscape.jpg", "-resize", "400x300", "-interlace", "PNG", root / "interlaced.png")
    media.convert(root / "wide.jpg", "-resize", "400x300", root / "profile.png")
    media.run("ffmpeg", "-v", "error", "-i", root / "animation.gif", "-f", "apng", "-plays", "0", root / "animation.png")
    media.run("vips", "icc_export", root / "landscape.jpg", root / "cmyk.jpg", "--output-profile", "cmyk")
    media.convert(root / "landscape.jpg", "-resize", "400x300", root / "small.png")
    media.run("/usr/bin/avifenc", "--jobs", "1", "--speed", "10", root / "small.png", root / "landscape.avif")
    with_pictures.configure(*(shipped.patient(recipe) for recipe in RECIPES))
    with_pictures.start()
    with_pictures.wait_held()
    yield with_pictures
    with_pictures.close()


def url(source, query):
    return f"/{source}?size=120x90&{query}"


@pytest.mark.parametrize("source,query", PICTURES)
def test_it_is_held_and_gives_what_a_fresh_one_gives(daemon, source, query):
    answer, line = daemon.logged(url(source, query))
    assert (answer.status, line["start"]) == (200, "warm"), line
    words = dict(word.split("=") for word in query.split("&"))
    animated = words.pop("animate", None)
    argv = [word for name, value in {"size": "120x90", "quality": "82", **words}.items() for word in (f"--{name}", value)]
    if animated:
        argv += ["--frames", "all"]
    with open(pathlib.Path(daemon.root) / source, "rb") as file:
        fresh = subprocess.run([PICTURE, *argv], stdin=file, capture_output=True, check=True, timeout=60)
    assert answer.body == fresh.stdout


@pytest.mark.parametrize("source,query,recipe", [
    ("landscape.jpg", "format=jpeg", "picture"), ("landscape.jpg", "format=webp", "picture"), ("landscape.jpg", "animate=1&format=webp", "picture"),
    ("table.jpg", "format=jpeg", "picture"), ("plain-cmyk.jpg", "format=webp", "picture"), ("landscape.jpg", "format=png", "picture_other"),
    ("alpha.png", "format=jpeg", "picture_other"), ("landscape.webp", "format=png", "picture_other"), ("animation.gif", "format=jpeg", "picture_other")])
def test_photos_have_a_process_with_few_libraries(daemon, source, query, recipe):
    answer, line = daemon.logged(url(source, query))
    assert (answer.status, line["recipe"], line["start"]) == (200, recipe, "warm"), line


def test_the_process_for_photos_has_mapped_no_more(daemon):
    """Of the processes that are held, one has lcms2 and libwebp only."""
    maps = [pathlib.Path(f"/proc/{pid}/maps").read_text() for pid in daemon.holders()]
    mapped = {frozenset(re.findall(r"/lib(jpeg|lcms2|webp|webpdemux|webpmux|gif|png16|z|deflate|isal|avif|heif|tiff)\.so", text))
              for text in maps}
    light = {"jpeg", "lcms2", "webp", "webpdemux", "webpmux", "gif", "png16", "z", "deflate", "isal"}
    assert mapped == {frozenset({"jpeg", "lcms2", "webp"}), frozenset(light), frozenset({*light, "avif", "heif", "tiff"})}


def calls_of(trace):
    """What each process did after its job had come, as names with the rest of the line."""
    processes = {}
    for line in trace.read_text(errors="replace").splitlines():
        found = re.match(r"(\d+) +(\w+)\((.*)", line)
        if found:
            processes.setdefault(found[1], []).append((found[2], found[3]))
    jobs = []
    for calls in processes.values():
        begins = [at for at, (name, rest) in enumerate(calls) if name == "close_range" and rest.startswith("3, ")]
        if begins and any(name == "exit_group" for name, _ in calls):
            jobs.append(calls[begins[-1] + 1:])
    return jobs


@pytest.mark.skipif(not shutil.which(STRACE), reason="strace is not installed")
@pytest.mark.parametrize("source,query", PICTURES)
def test_it_opens_nothing_once_it_has_its_picture(daemon, tmp_path, source, query):
    daemon.get(url(source, query))  # a holder that has just been started has its standby then
    trace = tmp_path / "trace"
    holders = daemon.holders()
    with subprocess.Popen([STRACE, "-f", "-qq", "-o", str(trace), *(word for pid in holders for word in ("-p", str(pid)))],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as strace:
        try:
            wait_until(lambda: all(traced_by(pid, strace.pid) for pid in holders), 20)
            # The first of these may be done by a standby that was there before strace.
            for _ in range(4):
                assert daemon.get(url(source, query)).status == 200
            wait_until(lambda: trace.exists() and len(calls_of(trace)) > 0, 20)
        finally:
            strace.terminate()
            strace.wait(20)
    for calls in calls_of(trace):
        assert ("write" in {name for name, _ in calls}), calls
        forbidden = [(name, rest) for name, rest in calls
                     if name in ("open", "openat", "openat2", "execve", "execveat", "clone", "clone3", "fork", "vfork", "socket")
                     or (name == "mmap" and "MAP_ANONYMOUS" not in rest)]
        assert not forbidden, forbidden


def traced_by(pid, tracer):
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True
    return f"TracerPid:\t{tracer}\n" in status


@pytest.mark.parametrize("source,query,status", [
    ("cut.jpg", "format=jpeg", 422), ("cut.png", "format=jpeg", 422), ("cut.webp", "format=jpeg", 422), ("cut.gif", "format=webp&animate=1", 422)])
def test_half_a_picture_is_none(daemon, source, query, status):
    whole = {"cut.jpg": "landscape.jpg", "cut.png": "alpha.png", "cut.webp": "landscape.webp", "cut.gif": "animation.gif"}[source]
    data = (pathlib.Path(daemon.root) / whole).read_bytes()
    daemon.file(source, data[: len(data) * 2 // 3])
    time.sleep(0.3)  # a source that has just been written is waited for
    answer, line = daemon.logged(url(source, query))
    assert (answer.status, line.get("start", "warm")) == (status, "warm"), line  # no start: sluice saw it itself
