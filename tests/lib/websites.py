# SPDX-License-Identifier: MIT
"""sluice behind a web server, both as an unprivileged user, with recipes that tell the one from the other."""

import http.client
import os
import pathlib
import shutil
import subprocess
import tempfile

import processes
import webservers
from daemon import FAKE, SLOW, SLUICE, quote, recipe
from logfile import Log

CONVERT = ("convert", "{source.format}:fd:{source.fd}[0]", "-auto-orient", "-thumbnail", "{size}", "-strip", "jpeg:-")
LIVE = {"response": "live", "type": "application/octet-stream", "timeout": "60s"}
PICTURE_WIDTH, PICTURE_HEIGHT = 640, 480


def recipes(fake):
    """Paths of live recipes begin as in the snippets: /watch/ or /listen/."""
    def fake_recipe(name, *run, **more):
        return recipe(name, *run, program=fake, **more)
    return [
        recipe("thumbnail", *CONVERT[1:], program=CONVERT[0], path="/thumb/{source}", sources=["jpeg"], type="image/jpeg",
               params={"size": {"type": "size", "max": "1000x1000", "required": True}}),
        fake_recipe("quick", "text", "quick", path="/quick/{source}", type="text/plain"),
        fake_recipe("large", "write", "3000000", path="/large/{source}", type="application/octet-stream"),
        fake_recipe("half", "write", "300000", "stderr", "cannot go on", "exit", "3", path="/half/{source}"),
        fake_recipe("killed", "write", "300000", "signal", "9", path="/killed/{source}"),
        fake_recipe("slow", "pause", "3000", "text", "late", path="/slow/{source}", slots=8, timeout="60s"),
        fake_recipe("clock", "text", "begin ", "pause", "300", "clock", "pause", "1000", "text", "end",
                    path="/watch/clock/{source}", **LIVE),
        fake_recipe("stream", "write", "3000000", path="/watch/stream/{source}", **LIVE),
        fake_recipe("endless", "endless", path="/watch/endless/{source}", **LIVE),
        fake_recipe("breaks", "write", "100000", "pause", "200", "stderr", "cannot go on", "exit", "3",
                    path="/watch/breaks/{source}", **LIVE),
    ]


class Site:
    """A web server, the sluice behind it, and what the tests want to know about them."""

    def __init__(self, kind, **attributes):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="sluice-server-"))
        self.directory.chmod(0o755)
        self.log = Log(str(self.directory / "log" / "sluice.log"))
        self.socket = self.directory / "socket" / "sluice.sock"
        try:
            self.prepare()
        except BaseException:
            shutil.rmtree(self.directory, ignore_errors=True)
            raise
        self.config = self.directory / "sluice.conf"
        self.configure(inherited=kind.spawns)
        more = {"command": f"{self.program('sluice')} -c {self.config}"} if kind.spawns else {"responder": self.socket}
        self.server = kind(self.directory, **more)
        for name, value in attributes.items():
            setattr(self.server, name, value)
        self.daemon = None

    def prepare(self):
        """Directories and programs that the web server's user can reach."""
        user = webservers.unprivileged()
        for name in ("log", "socket", "temp", "media", "bin"):
            path = self.directory / name
            path.mkdir(mode=0o755)
            if os.geteuid() == 0 and name in ("log", "socket", "temp"):
                os.chown(path, user.pw_uid, user.pw_gid)
        shutil.copy(SLUICE, self.directory / "bin" / "sluice")
        shutil.copy(FAKE, self.directory / "bin" / "fake-converter")
        picture = self.directory / "media" / "picture.jpg"
        subprocess.run(["/usr/bin/convert", "-size", f"{PICTURE_WIDTH}x{PICTURE_HEIGHT}", "gradient:red-blue",
                        "-quality", "90", str(picture)], check=True, timeout=60, stdin=subprocess.DEVNULL)
        shutil.copy(picture, self.directory / "media" / "a picture.jpg")
        (self.directory / "media" / "a").write_bytes(b"source\n")

    def program(self, name):
        return str(self.directory / "bin" / name)

    def configure(self, inherited):
        lines = [] if inherited else [f"listen = {quote(f'unix:{self.socket}')}"]
        lines += [
            f"root = {quote(self.directory / 'media')}",
            f"temp_path = {quote(self.directory / 'temp')}",
            f"log = {quote(self.log.path)}",
            "slots = 8",
        ]
        self.config.write_text("\n".join(lines + recipes(self.program("fake-converter"))) + "\n")

    def start(self):
        if not self.server.spawns:
            self.daemon = webservers.Process(
                [self.program("sluice"), "-c", str(self.config)], self.directory / "log" / "console.log")
            self.daemon.wait_for(self.socket.exists, 10 * SLOW)
        self.server.start()

    def stop(self):
        """Nothing may be left, and the daemon ends as it should."""
        code = 0
        try:
            self.server.stop()
            if self.daemon:
                code = self.daemon.stop()
        finally:
            left = processes.wait_gone(processes.marked(str(self.directory)), 5 * SLOW)
            for pid in left:
                os.kill(pid, 9)
            told = self.told()
            shutil.rmtree(self.directory, ignore_errors=True)
        assert not left, f"processes outlived {self.server.name}:\n{told}"
        assert code == 0, f"sluice ended with {code}:\n{told}"

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def url(self, path):
        return self.server.url(path)

    def converters(self):
        """Converters that run, whoever started them."""
        return [p for p in processes.marked(str(self.directory / "bin" / "fake-converter"))
                if processes.command(p)[:1] == [self.program("fake-converter").encode()]]

    def told(self):
        """All logs, for a failing test."""
        parts = [self.server.log()]
        for path in sorted((self.directory / "log").glob("*")):
            parts.append(f"== {path.name}\n{path.read_text(errors='replace')[-6000:]}")
        return "\n".join(parts)



class CachingSite(Site):
    """With a store that the web server's user can read. send: the option; more: recipes of the fake converter, (name, steps, options),
    or whole blocks of sluice.conf."""

    def __init__(self, kind, send=None, more=(), **attributes):
        self.send, self.more = send, more
        super().__init__(kind, **attributes)

    def prepare(self):
        super().prepare()
        store = self.directory / "store"
        store.mkdir(mode=0o755)
        user = webservers.unprivileged()
        if os.geteuid() == 0:
            os.chown(store, user.pw_uid, user.pw_gid)

    def configure(self, inherited):
        super().configure(inherited)
        fake = self.program("fake-converter")
        send = f"send = {quote(self.send)}" if self.send else ""
        self.config.write_text("\n".join([
            self.config.read_text(), f"cache {{\n    path = {quote(self.directory / 'store')}\n    size = 100M\n    {send}\n}}",
            *(block if isinstance(block, str) else recipe(block[0], *block[1], program=fake, **block[2])
              for block in self.more)]) + "\n")

    def conversions(self):
        return [line for line in self.log.requests() if "cpu_ms" in line]

    def get(self, uri, method="GET", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30 * SLOW)
        try:
            connection.request(method, uri, headers={name.replace("_", "-"): value for name, value in headers.items()})
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()
