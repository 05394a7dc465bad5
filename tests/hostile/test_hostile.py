# SPDX-License-Identifier: MIT
"""Every request of manifest.py, against a daemon with the shipped etc/sluice.conf as an unprivileged user. After each of them: the
status is one of those that must come, in time; no byte and no pixel from outside of the root is in the answer; nothing runs, nothing is
left on disk, nobody has connected anywhere; no program had more memory than it may have; and the next request is as fast as before."""

import io
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import quote, quote_from_bytes

import pytest
from PIL import Image

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
sys.path.insert(0, str(HERE))

import generate  # noqa: E402
import manifest  # noqa: E402
import processes  # noqa: E402
import shipped  # noqa: E402
from daemon import FAKE, SLOW, Daemon, recipe  # noqa: E402
from daemon import quote as config_string  # noqa: E402
from processes import wait_until  # noqa: E402

USER = "nobody"
# What a request may take at most: the shipped recipes end a whole answer after 20 s (a preview after 60), plus the queue.
DEADLINE = 70 * SLOW
PROBE = "/special/good.jpg" + manifest.THUMBNAIL
MEMORY_KIB = {"picture": 64 << 10, "picture_other": 64 << 10, "picture_animated": 64 << 10, "picture_avif": 1 << 20, "picture_heavy": 1 << 20,
              "thumbnail": 2 << 20, "animation": 1 << 20, "animation_gif": 1 << 20, "requantize": 512 << 10, "frame": 1 << 20, "preview": 1 << 20, "listen": 1 << 20, "watch": 2 << 20}
CARELESS_KIB = 512 << 10
# Code and read-only pages count for a process, but not for its limit.
BESIDE_THE_LIMIT_KIB = 192 << 10


class Listener:
    """Counts who connects to the loopback interface, or sends it a datagram."""

    def __init__(self):
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self.tcp.getsockname()[1]
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.count = 0
        for wait in (self._accept, self._receive):
            threading.Thread(target=wait, daemon=True).start()

    def _accept(self):
        while True:
            connection, _ = self.tcp.accept()
            self.count += 1
            connection.close()

    def _receive(self):
        while True:
            self.udp.recv(1)
            self.count += 1


class Site(Daemon):
    """The shipped file: only root, listen, temp_path, user and the deadlines of sluice-picture are changed, and some recipes stand in
    front of its own."""

    def configure(self, *recipes, **settings):
        if os.geteuid() == 0:
            settings["user"] = USER
            os.chmod(self.directory, 0o755)
            shutil.chown(self.temp, USER)
        settings = {"listen": f"unix:{self.socket}", "root": self.root, "temp_path": self.temp, **settings}
        text, replaced = re.subn(r"(?m)^(listen|root|user|socket_group) *=.*$\n", "", shipped.CONFIG.read_text())
        assert replaced == 4
        # Seconds of work for a processor that others want, too, each bounded by the program's own limits.
        text, replaced = re.subn(r"(?ms)^(recipe picture\w* \{.*?^ *timeout = )(\d+)s", lambda found: f"{found[1]}{int(found[2]) * SLOW}s", text)
        assert replaced >= 5
        shipped.put_beside(self.directory, lambda text: text)
        head = "".join(f"{name} = {config_string(value)}\n" for name, value in settings.items())
        Path(self.config).write_text(head + "\n".join(recipes) + "\n" + text)

    def __init__(self):
        self.listener = Listener()
        self.place = Path(tempfile.mkdtemp(prefix="sluice-outside-"))
        self.outside = self.place / "outside"
        super().__init__(*self.extra_recipes(), start=False)
        # Beside the root, so that ../outside leads there.
        self.outside = Path(self.directory) / "outside"
        self.outside.mkdir()
        self.outside.chmod(0o777)
        os.rmdir(self.place)
        generate.generate(self.root, self.outside, self.listener.port)
        self.before = self.tree()
        self.start()
        self.slow = self.probe()

    @staticmethod
    def extra_recipes():
        limits = dict(timeout="5s", memory="512M")
        yield recipe("svg", "{source}", program="rsvg-convert", sources=["svg"], type="image/png", **limits)
        # How not to do it: the program tells by itself what the source is.
        yield recipe("careless-convert", "{source}[0]", "png:-", program="convert", type="image/png", **limits)
        yield recipe("careless-ffmpeg", "-nostdin", "-loglevel", "error", "-protocol_whitelist", "file,http,tcp,udp,rtp,concat,crypto,data",
                     "-allowed_extensions", "ALL", "-safe", "0", "-i", "{source}", "-frames:v", "1", "-f", "image2pipe", "-c:v", "png",
                     "pipe:1", program="ffmpeg", type="image/png", **limits)
        for kind, (options, _) in manifest.TYPES.items():
            lines = recipe(f"type-{kind}", "args", "[", "<{v}>", "]", path=f"/type-{kind}/{{source}}")
            yield lines.replace("\n    run", f"\n    param v {{ type = {kind}  {options} }}\n    run", 1)

    def tree(self):
        """What is on disk where a converter might write."""
        found = set()
        for top in (self.root, self.outside):
            for where, folders, files in os.walk(top):
                found.update(os.path.join(where, name) for name in folders + files)
        return found

    def ask(self, uri):
        """(what came, the answer, the line of the log)"""
        mark = self.log.mark()
        start = time.monotonic()
        answer = self.get(uri, timeout=DEADLINE)
        took = time.monotonic() - start
        line = self.log.wait_request(mark, timeout=10 * SLOW)[0]
        assert took < DEADLINE
        came = "broken" if answer.broken else str(answer.status)
        return came, answer, line

    def probe(self):
        start = time.monotonic()
        came, answer, _ = self.ask(PROBE)
        assert came == "200"
        return time.monotonic() - start

    def check(self, uri, expected):
        what = uri if len(uri) < 200 else uri[:200] + "..."
        came, answer, line = self.ask(uri)
        assert came in expected.split("/"), f"{what}: {came}, not {expected}: {answer.text[:200]!r}\n{line.text}\n{self.log.text()[-1500:]}"
        assert_nothing_foreign(bytes(answer.body), what)
        assert generate.MARKER not in repr(answer.fields)
        assert self.listener.count == 0, f"{what}: somebody has connected to the loopback interface"
        if came not in ("200", "broken"):
            assert answer.headers["cache-control"] == "no-store" and answer.text.count("\n") <= 2, answer
            assert self.directory not in answer.text and "/usr" not in answer.text, answer
        if "peak_kib" in line and line["recipe"] in MEMORY_KIB or line.get("recipe", "").startswith("careless"):
            limit = MEMORY_KIB.get(line["recipe"], CARELESS_KIB)
            assert int(line.get("peak_kib", 0)) <= limit + BESIDE_THE_LIMIT_KIB, line.text
        if "first_ms" in line or "cpu_ms" in line:
            wait_until(self.is_idle, 5 * SLOW,
                       lambda: f"{what} leaves behind: {[processes.command(p) for p in self.converters()]} {self.temporary_files()}")
        return came, answer

    def is_idle(self):
        return self.converters() == self.baseline["converters"] and len(self.temporary_files()) == self.baseline["files"]

    def settle(self):
        """At the end of a topic, since it takes time."""
        self.assert_nothing_left()
        assert self.tree() == self.before, f"on disk: {sorted(self.tree() ^ self.before)}"
        assert self.listener.count == 0
        took = min(self.probe() for _ in range(3))
        assert took < max(5 * self.slow, 0.5 * SLOW), f"a request takes {took:.3f} s; before it took {self.slow:.3f} s"


def close(colour, other, distance=24):
    return all(abs(a - b) <= distance for a, b in zip(colour, other))


def assert_nothing_foreign(body, what):
    assert generate.MARKER.encode() not in body and b"root:x:0:" not in body, f"{what}: the answer has bytes of a foreign file"
    try:
        with Image.open(io.BytesIO(body)) as image:
            pixels = image.convert("RGB").getcolors(1 << 24)
    except (OSError, SyntaxError, ValueError):
        return
    foreign = sum(count for count, colour in pixels if close(colour, generate.FOREIGN_COLOUR))
    assert foreign * 50 < sum(count for count, _ in pixels), f"{what}: the answer has pixels of a foreign file"


@pytest.fixture(scope="module")
def site():
    site = Site()
    try:
        yield site
        site.settle()
        site.stop()
    finally:
        for path in ("special/locked", "special/unreadable.jpg"):
            os.chmod(os.path.join(site.root, path), 0o700)
        site.close()


@pytest.fixture(autouse=True)
def settled(site):
    yield
    site.settle()


def topic(name):
    """Requests whose URL has `name` as its first or second part."""
    return [r for r in manifest.REQUESTS if name in r[0].split("?")[0].split("/")[1:3]]


def check_all(site, requests):
    """All of them, also when one has failed."""
    failures = []
    for uri, expected, what in requests:
        try:
            site.check(uri, expected)
        except AssertionError as error:
            failures.append(f"{what}: {error}")
    assert not failures, f"{len(failures)} of {len(requests)}:\n" + "\n".join(failures)


@pytest.mark.parametrize("name", ["trick", "renamed", "bomb"])
def test_files(site, name):
    requests = [r for r in topic(name) if not r[0].startswith("/careless")]
    assert len(requests) > 20
    check_all(site, requests)


def test_careless_recipes(site):
    requests = [r for r in manifest.REQUESTS if r[0].startswith("/careless")]
    assert requests
    check_all(site, requests)


def test_paths_and_no_files(site):
    done = {id(r) for name in ("trick", "renamed", "bomb") for r in topic(name)}
    requests = [r for r in manifest.REQUESTS if id(r) not in done]
    assert len(requests) > 100
    check_all(site, requests)


@pytest.mark.parametrize("kind", ["good", "cut", "flip"])
def test_every_format(site, kind):
    requests = []
    for name, url in manifest.FORMATS.items():
        if kind == "good":
            requests.append((url.format(f"good/{name}"), "200", "a good file"))
        elif kind == "cut":
            expected = manifest.CUT + ("/200" if name in manifest.CUT_STREAM else "")
            requests += [(url.format(f"cut/{n}-{name}"), expected, "a cut file") for n in (1, 10, 50, 90)]
        else:
            requests += [(url.format(f"flip/{n}-{name}"), manifest.FLIPPED, "a file with flipped bits") for n in range(manifest.FLIPS)]
    check_all(site, requests)


def test_names(site):
    failures = []
    for name in manifest.NAMES:
        film = name.endswith(b".mp4")
        uri = f"{'/frame' if film else ''}/names/{quote_from_bytes(name)}?size=32x32&format=png"
        try:
            _, answer = site.check(uri, "200")
            with Image.open(io.BytesIO(bytes(answer.body))) as image:
                assert image.format == "PNG" and image.width == 32
                assert film or close(image.convert("RGB").getpixel((16, 12)), manifest.GOOD_COLOUR)
        except (AssertionError, OSError) as error:
            failures.append(f"{name!r}: {error}")
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize("kind", manifest.TYPES)
def test_values(site, kind):
    """A value that passes is one part of one argument, in its canonical form; no other one reaches a program."""
    failures = []
    values = manifest.TYPES[kind][1]
    assert len(values) >= 20
    for value, canonical in values:
        uri = f"/type-{kind}/special/good.jpg?v={quote(value, safe='')}"
        try:
            came, answer = site.check(uri, "400" if canonical is None else "200")
            if canonical is not None:
                assert f"<{canonical}>" in answer.text.split("\0"), answer.text
            else:
                assert answer.text.startswith("v: ") or "URL" in answer.text, answer.text
        except AssertionError as error:
            failures.append(f"{value!r}: {error}")
    assert not failures, "\n".join(failures)
