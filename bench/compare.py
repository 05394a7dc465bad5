#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""CPU time of a small picture behind the daemons of several builds, by turns: what a change saves.

    bench/compare.py [--requests N] [--rounds N] [--program PATH [--confine LEVEL]] BUILD BUILD …

Each BUILD is a build directory. The shipped file makes 100x75 of a JPEG of 400x300, asked for over
one kept connection, without a web server. --program: a program that is held and writes its standard
input instead, such as /usr/bin/cat: a held job without any work of its own. A figure is the median
of the rounds, in microseconds of the daemon and all processes that it starts. The ratio is the
median of the ratios to the first build within a round, so that it does not depend on what else the
machine does. Needs imagemagick, for the picture.
"""

import argparse
import contextlib
import os
import pathlib
import socket
import tempfile

import measure
import picture_media

import daemon  # noqa: E402
import fastcgi  # noqa: E402
from daemon import Daemon, recipe  # noqa: E402

WARM_UP = 50
NAME, SIZE, QUERY = "400x300.jpg", (400, 300), "?size=100x75&format=jpeg"


def make_picture(folder):
    picture_media.make_base(folder / "base.png")
    picture_media.convert(folder / "base.png", "-resize", "{}x{}!".format(*SIZE), *picture_media.JPEG, folder / "media" / NAME)


class Peer:
    """The daemon of one build, and a connection to it."""

    def __init__(self, build, media, told):
        self.build = os.path.abspath(build)
        daemon.SLUICE = os.path.join(self.build, "sluice")
        self.daemon = Daemon(start=False, environment={"PATH": f"{self.build}:/usr/bin:/bin"})
        self.daemon.root = str(media)
        if told.program:
            self.daemon.configure(recipe("plain", program=told.program, path="/{source}", sources=["jpeg"], stdin="source",
                                         confine=told.confine, type="image/jpeg", nice=0))
        else:
            measure.configure_as_shipped(self.daemon)
        self.daemon.start()
        self.daemon.wait_held()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(self.daemon.socket)
        self.request = fastcgi.request(f"/{NAME}{'' if told.program else QUERY}", keep=True)
        self.rounds = []

    def ask(self):
        self.socket.sendall(self.request)
        answer = b""
        while answer[-16:-8] != bytes((1, fastcgi.END_REQUEST, 0, 1, 0, 8, 0, 0)):
            answer += self.socket.recv(1 << 18)
        return answer

    def warm_up(self):
        if b"Status: 4" in (answer := self.ask()) or b"Status: 5" in answer:
            raise SystemExit(f"{self.build}: {self.daemon.log.text()}")
        for _ in range(WARM_UP):
            self.ask()

    def measure(self, requests):
        before = measure.tree_cpu_seconds([self.daemon.pid])
        for _ in range(requests):
            self.ask()
        self.rounds.append((measure.tree_cpu_seconds([self.daemon.pid]) - before) * 1e6 / requests)

    def stop(self):
        self.socket.close()
        self.daemon.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=500, help="in a round")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--program")
    parser.add_argument("--confine", default="strict")
    parser.add_argument("builds", nargs="+")
    told = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sluice-bench-")))
        os.chmod(folder, 0o755)
        (folder / "media").mkdir()
        make_picture(folder)
        peers = []
        for build in told.builds:
            peers.append(Peer(build, folder / "media", told))
            stack.callback(peers[-1].stop)
            peers[-1].warm_up()
        for turn in range(told.rounds):
            for peer in peers[turn % len(peers):] + peers[:turn % len(peers)]:
                peer.measure(told.requests)
        measure.table(("CPU time of a request, µs", "median", "from", "to", "ratio"),
                      [(peer.build, *(f"{value:.0f}" for value in (measure.median(peer.rounds), min(peer.rounds), max(peer.rounds))),
                        f"{measure.median([a / b for a, b in zip(peer.rounds, peers[0].rounds)]):.3f}") for peer in peers])


if __name__ == "__main__":
    main()
