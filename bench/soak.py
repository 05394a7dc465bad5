#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A long run with mixed traffic: whether anything grows that should not.

    bench/soak.py [--minutes 30] [--rate 20] [--clients 10] [--seed N]

BUILD=… names another build directory. Needs imagemagick.

The traffic has thumbnails, hits and misses of a small cache, streams, slow readers, clients that hang
up at every point, broken sources, converters that hang until their deadline, crash or leave files
behind, and cheap answers. It also has the attacks of tests/lib/attacks.py: deep trees, output that is
taken back, web servers that ask while they take nothing. Meanwhile the daemon is reloaded, and random
converters and holders get SIGKILL. Every answer is checked, byte for byte where it has a body.

The time is divided into rounds with a rest after each, in which no client asks. The first round warms
up. The numbers at each later rest are compared with those of the first: descriptors, threads,
processes and files have to be the same, and memory may grow by a bound that does not depend on the
minutes. Prints a line for each rest, and lines in between, marked with +, that show what is running.
Exit status 0: no answer was wrong, and nothing was left.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time

from measure import table

import attacks  # noqa: E402
import processes  # noqa: E402
from daemon import Daemon, remove_tree  # noqa: E402
from soak_traffic import Traffic  # noqa: E402

QUIET_S = 90          # the most that coming to rest may take
REST_S = 12           # the least: threads without work end after ten seconds
# The daemon's memory may grow from the first rest to the last by what malloc keeps after peaks; a few
# thousand requests may leave nothing. For all processes: pages that a holder shares with another
# program of the machine count as the holder's own when that program ends.
GROWTH_KIB, FAMILY_GROWTH_KIB = 6 * 1024, 16 * 1024
COLUMNS = ("minute", "requests", "RSS KiB", "PSS KiB", "all PSS", "descriptors", "threads", "holders", "jobs", "files")


def pss_kib(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return 0


class Soak:
    def __init__(self, options, directory, temp):
        self.options = options
        cache = os.path.join(directory, "cache")
        os.mkdir(cache)
        self.daemon = Daemon(start=False)
        self.daemon.temp = temp
        self.traffic = Traffic(self.daemon, cache, options.clients, options.rate, options.seed)
        self.traffic.configure()
        self.begun = time.monotonic()
        self.rows, self.rests, self.faults, self.idle = [], [], [], None

    def look(self):
        daemon = self.daemon
        spawners, holders = daemon.spawners(), daemon.holders()
        own = processes.children(daemon.pid)
        return {
            "at": time.monotonic(), "rss": daemon.rss_kib(), "pss": pss_kib(daemon.pid), "all": sum(map(pss_kib, [daemon.pid, *own])),
            "descriptors": len(processes.descriptors(daemon.pid)), "threads": len(os.listdir(f"/proc/{daemon.pid}/task")),
            "spawner": [len(processes.descriptors(p)) for p in spawners], "holders": len(holders),
            "jobs": len([p for p in own if p not in spawners and p not in holders and p not in daemon.meters()]), "files": len(daemon.temporary_files()),
        }

    def note(self, now, resting):
        minutes = (now["at"] - self.begun) / 60
        self.rows.append((f"{minutes:.1f}{'' if resting else '+'}", self.traffic.requests(), now["rss"], now["pss"], now["all"],
                          now["descriptors"], now["threads"], now["holders"], now["jobs"], now["files"]))
        print("  ".join(f"{name} {value}" for name, value in zip(COLUMNS, self.rows[-1])), flush=True)

    def rest(self):
        """Waits until there is no job, all counts are those of the first rest, and nothing has changed for
        two seconds. The first rest lasts until threads without work have ended."""
        deadline, before, since = time.monotonic() + QUIET_S, None, 0
        earliest = time.monotonic() + (0 if self.idle else REST_S)
        while True:
            now = self.look()
            counted = {name: now[name] for name in ("descriptors", "threads", "spawner", "holders", "files")}
            if counted != before:
                before, since = counted, time.monotonic()
            if now["jobs"] == 0 and counted == (self.idle or counted) and time.monotonic() > max(since + 2, earliest):
                break
            if time.monotonic() > deadline:
                self.faults.append(f"not idle {QUIET_S} s after the last request: {now}, at the start {self.idle}; "
                                   f"descriptors {processes.descriptors(self.daemon.pid)}, files {self.daemon.temporary_files()}")
                break
            time.sleep(0.3)
        self.idle = self.idle or counted
        self.note(now, True)
        return now

    def round(self, seconds):
        every = max(5, seconds / 4)
        until = time.monotonic() + seconds
        self.traffic.start()
        try:
            while (left := until - time.monotonic()) > 0:
                if self.daemon.process.poll() is not None:
                    self.faults.append(f"the daemon has ended with {self.daemon.process.returncode}")
                    break
                time.sleep(min(left, every))
                if left > every:
                    self.note(self.look(), False)
        finally:
            self.traffic.stop()

    def run(self):
        seconds = self.options.minutes * 60
        rounds = max(2, min(7, round(seconds / 180)))
        self.daemon.start()
        self.rest()
        for _ in range(rounds):
            self.round(max(5, (seconds - REST_S) / rounds - REST_S))
            if self.faults:
                return
            self.rests.append(self.rest())

    def judge(self):
        traffic = self.traffic
        self.faults += traffic.faults()
        if len(self.rests) < 2:
            return
        first, last = self.rests[0], self.rests[-1]
        minutes = (last["at"] - first["at"]) / 60
        for name, bound in (("rss", GROWTH_KIB), ("pss", GROWTH_KIB), ("all", FAMILY_GROWTH_KIB)):
            growth = last[name] - first[name]
            print(f"{name}: {first[name]} KiB after the warm-up, {last[name]} at the end: {growth / minutes:+.1f} KiB a minute")
            if growth > bound:
                self.faults.append(f"{name} has grown by {growth} KiB, more than {bound}")

    def tell(self):
        print()
        table(COLUMNS, self.rows)
        traffic = self.traffic
        table(("kind", "good", "refused or killed"),
              [(kind, traffic.counts[kind, True], traffic.counts[kind, False]) for kind in traffic.KINDS])
        print(", ".join(f"{count} {what}" for what, count in traffic.kills.items()) +
              f"; answers lost by that: {traffic.lost['own']}, and {traffic.lost['shared']} of shared conversions")

    def finish(self):
        """TERM: the daemon ends with 0 and leaves nothing."""
        try:
            self.daemon.stop()
            left = processes.wait_gone(processes.marked(self.daemon.directory), 10)
            self.faults += [f"processes that outlive it: {left}"] if left else []
        except AssertionError as error:
            self.faults.append(str(error)[:3000])


def main():
    parser = argparse.ArgumentParser(description="a mixed load for a long time; exit status 1 when something leaks")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=20, help="requests a second, about")
    parser.add_argument("--clients", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    temp = tempfile.mkdtemp(prefix="sluice-bench-", dir=attacks.MEMORY)
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as directory:
        soak = Soak(parser.parse_args(), directory, temp)
        try:
            soak.run()
            soak.judge()
            soak.tell()
            soak.finish()
        except Exception as error:
            soak.faults.append(repr(error))
            raise
        finally:
            if soak.faults:
                print(f"the end of the log:\n{soak.daemon.log.text()[-3000:]}")
            soak.daemon.close()
            shutil.rmtree(os.path.join(directory, "cache"), ignore_errors=True)
            remove_tree(temp)
    for fault in soak.faults:
        print(f"FAULT: {fault}")
    print("result:", "LEAKS or wrong answers" if soak.faults else "nothing leaks, every answer was right")
    return 1 if soak.faults else 0


if __name__ == "__main__":
    sys.exit(main())
