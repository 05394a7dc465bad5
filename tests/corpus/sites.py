# SPDX-License-Identifier: MIT
"""Daemons that have the shipped recipes and pictures of the corpus, and looks at what they answer."""

import io
import re
import tempfile
from pathlib import Path

from PIL import Image

import shipped
from daemon import SLOW, Daemon
from making import program

# All of sluice.conf, and what is left to ImageMagick when its recipes of sluice-picture are taken out.
ALL, ALONE = "sluice.conf", "imagemagick.conf"


class Site(Daemon):
    """The shipped file with another root and deadlines for a busy machine."""

    def configure(self, *recipes, **settings):
        settings = {"listen": f"unix:{self.socket}", "root": self.root, "temp_path": self.temp, **settings}
        text = re.sub(r"(?m)^(listen|root|user|socket_group) *=.*$\n", "", shipped.CONFIG.read_text())
        if self.alone:
            text = shipped.without_sluice_picture(text)
        shipped.put_beside(self.directory)
        Path(self.config).write_text("".join(f'{name} = "{value}"\n' for name, value in settings.items()) + shipped.patient(text))

    def __init__(self, which, files):
        """files: name → bytes"""
        self.alone = which == ALONE
        super().__init__(start=False)
        for name, data in files.items():
            Path(self.root, name).write_bytes(data)
        self.start()

    def ask(self, url, **fields):
        answer = self.get(url, timeout=300 * SLOW, **{"HTTP_" + name.upper(): value for name, value in fields.items()})
        return ("broken" if answer.broken else str(answer.status)), answer

    def good(self, url, **fields):
        came, answer = self.ask(url, **fields)
        assert came == "200", f"{url}: {came} {answer.text[:200]}\n{self.log.text()[-1500:]}"
        return answer

    def refuses(self, url, status, **fields):
        came, answer = self.ask(url, **fields)
        assert came == str(status), f"{url}: {came} {answer.text[:200]!r}"
        return answer


def opened(answer):
    """As Pillow has no AVIF here, libavif's own program decodes it."""
    body = bytes(answer.body)
    if answer.headers["content-type"] == "image/avif":
        with tempfile.TemporaryDirectory() as place:
            Path(place, "a.avif").write_bytes(body)
            program("/usr/bin/avifdec", "--jobs", "1", f"{place}/a.avif", f"{place}/a.png")
            body = Path(place, "a.png").read_bytes()
    return Image.open(io.BytesIO(body))


def assert_corners(image, corners, tolerance=6):
    image = image.convert("RGB")
    width, height = image.size
    for key, wanted in corners.items():
        where = (width // 4 + (width // 2 if key[1] == "e" else 0), height // 4 + (height // 2 if key[0] == "s" else 0))
        came = image.getpixel(where)
        assert all(abs(a - b) <= tolerance for a, b in zip(came, wanted)), (key, came, wanted)
