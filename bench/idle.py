#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Ten thousand idle connections: their cost for a new request, and for the daemon.

    bench/idle.py [CONNECTIONS]

BUILD=… names another build directory. `ulimit -Hn` has to allow twice CONNECTIONS.

Two daemons of one kind run; one of them has CONNECTIONS connections that have each had an answer and
are idle now. New requests go to both in turn, on a new connection each: a refused one (404, no program
runs) and one with a small program. Prints median, 99 % and their ratios, and the daemon's memory for
each idle connection, without the kernel's memory for the socket.
"""

import os
import socket
import sys

from measure import Timer, median, quantile, raise_files, table

import fastcgi  # noqa: E402
import processes  # noqa: E402
from daemon import Daemon, recipe  # noqa: E402

ROUNDS = {"/missing": 2000, "/quick/a": 300}
QUICK = recipe("quick", "text", "quick", type="text/plain")


def rest(path):
    """A connection that has had its answer and stays open. The buffers of fastcgi.Connection would be gigabytes."""
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    peer.settimeout(20)
    peer.connect(path)
    peer.sendall(fastcgi.request("/missing", keep=True))
    data = b""
    while data[-16:-14] != bytes((1, fastcgi.END_REQUEST)):
        more = peer.recv(65536)
        if not more:
            raise SystemExit("the daemon does not keep this many connections: see its option `connections` and ulimit -Hn")
        data += more
    return peer


def ask(daemon, uri, expected):
    with Timer() as timer:
        answer = daemon.get(uri)
    assert answer.status == expected, answer
    return timer.ms


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
    raise_files()
    daemons = {0: Daemon(QUICK, connections=count + 64), count: Daemon(QUICK, connections=count + 64)}
    try:
        for daemon in daemons.values():
            for _ in range(50):
                ask(daemon, "/quick/a", 200)
        busy = daemons[count]
        before = busy.rss_kib()
        resting = [rest(busy.socket) for _ in range(count)]
        after = busy.rss_kib()
        rows = []
        for uri, rounds in ROUNDS.items():
            times = {n: [] for n in daemons}
            for _ in range(rounds):
                for n, daemon in daemons.items():
                    times[n].append(ask(daemon, uri, 404 if uri == "/missing" else 200))
            figures = {n: (median(t), quantile(t, 0.99)) for n, t in times.items()}
            rows += [(f"{uri}, {n} idle", rounds, *(f"{v:.3f}" for v in figures[n])) for n in daemons]
            rows.append(("  ratio", "", *(f"{a / b:.2f}" for a, b in zip(figures[count], figures[0]))))
        table(("new connection, ms", "requests", "median", "99 %"), rows)
        each = (after - before) * 1024 / count
        print(f"memory of the daemon: {before} KiB, with {count} idle connections {after} KiB: {each:.0f} bytes each (bar 2048): "
              f"{'reached' if each < 2048 else 'MISSED'}")
        print(f"threads of the daemon: {len(os.listdir(f'/proc/{busy.pid}/task'))}")
        for peer in resting:
            peer.close()
    finally:
        for daemon in daemons.values():
            daemon.close()


if __name__ == "__main__":
    main()
