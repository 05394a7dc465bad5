#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Long live answers through the daemon: the cost of its pump.

    cmake --preset release -DSLUICE_BENCH=ON -DSLUICE_TESTS=ON && cmake --build build
    bench/pump.py [ROUNDS]

BUILD=… names another build directory. Needs fcgiwrap to compare with.

A fake converter writes, bench-drain reads, and the daemon stands between them. Prints medians of
interleaved runs: the daemon's CPU time for each GiB with splice and with `splice = false`, over a Unix
socket and over TCP, and that of fcgiwrap with the same program. Then prints the daemon's peak memory
for answers of 16 MiB to 4 GiB, which must not depend on the length, and its counters of spliced and
copied bytes.
"""

import os
import sys
import time

from measure import GIB, MIB, Fcgiwrap, drain, median, script, table

import processes  # noqa: E402
from daemon import FAKE, Daemon, recipe  # noqa: E402
from ports import free_port  # noqa: E402

RECIPE = recipe("live", "write", "{bytes}", response="live", type="application/octet-stream", timeout="60s",
                params={"bytes": {"type": "integer", "min": 1, "max": 8 * GIB, "required": True}})


class Way:
    """One way of the bytes, and its cost so far."""

    def __init__(self, name, pids, address, uri, script_path=""):
        self.name, self.pids, self.address, self.uri, self.script = name, pids, address, uri, script_path
        self.cpu, self.rate = [], []

    def cpu_now(self):
        return sum(processes.cpu_seconds(p) for p in self.pids())

    def run(self, size):
        before = self.cpu_now()
        moved, seconds = drain(self.address, self.uri.format(size), self.script)
        time.sleep(0.05)
        assert moved > size
        self.cpu.append((self.cpu_now() - before) * GIB / size)
        self.rate.append(size / MIB / seconds)


def compare(daemons, fcgiwrap, path, rounds):
    ways = [Way(name, lambda d=daemon: [d.pid], address, "/live/a?bytes={}") for name, (daemon, address) in daemons.items()]
    ways.append(Way("fcgiwrap, unix", fcgiwrap.workers, f"unix:{fcgiwrap.socket}", "/?{}", path))
    for way in ways:
        way.run(64 * MIB)
        way.cpu.clear(), way.rate.clear()
    for _ in range(rounds):
        for way in ways:
            way.run(GIB)
    cost = {way.name: median(way.cpu) for way in ways}
    table(("1 GiB, live", "CPU s per GiB", "from", "to", "of copying", "MiB/s"),
          [(w.name, f"{cost[w.name]:.3f}", f"{min(w.cpu):.3f}", f"{max(w.cpu):.3f}",
            f"{cost[w.name] / cost['copied, ' + w.name.split(', ')[1]]:.2f}", f"{median(w.rate):.0f}") for w in ways])
    both = {way.name: way.cpu for way in ways}
    ratio = median([a / b for a, b in zip(both["spliced, unix"], both["copied, unix"])])
    print(f"splice costs {ratio:.2f} of copying over a unix socket (bar 0.50): {'reached' if ratio <= 0.5 else 'MISSED'}\n")


def memory(daemon, address):
    rows = []
    for size in (16 * MIB, 256 * MIB, GIB, 4 * GIB):
        processes.reset_peak(daemon.pid)
        mark = daemon.log.mark()
        drain(address, f"/live/a?bytes={size}")
        line = daemon.log.wait_request(mark)[0]
        rows.append((f"{size // MIB} MiB", processes.memory_kib(daemon.pid, "VmHWM"), line["bytes"], line["spliced"], line["copied"]))
    table(("spliced, unix", "peak KiB", "bytes", "spliced=", "copied="), rows)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    daemons, started = {}, []
    try:
        for kind, splice in (("spliced", True), ("copied", False)):
            port = free_port()
            unix, tcp = Daemon(RECIPE, splice=splice), Daemon(RECIPE, splice=splice, start=False)
            started += [unix, tcp]
            tcp.configure(RECIPE, splice=splice, listen=f"tcp:127.0.0.1:{port}")
            tcp.address = ("127.0.0.1", port)
            tcp.start()
            daemons[f"{kind}, unix"] = (unix, f"unix:{unix.socket}")
            daemons[f"{kind}, tcp"] = (tcp, f"tcp:127.0.0.1:{port}")
        where = started[0].directory
        path = script(os.path.join(where, "gib"), "#!/bin/sh\nprintf 'Content-Type: application/octet-stream\\r\\n\\r\\n'\n"
                      f'exec {FAKE} write "$QUERY_STRING"\n')
        fcgiwrap = Fcgiwrap(where)
        try:
            compare(daemons, fcgiwrap, path, rounds)
            memory(*daemons["spliced, unix"])
        finally:
            fcgiwrap.stop()
    finally:
        for daemon in started:
            daemon.close()


if __name__ == "__main__":
    main()
