#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Ten times the load that the daemon can carry: whether it completes as much as before, in time, and
refuses the other requests at once.

    bench/overload.py [ROUNDS [SECONDS]]

BUILD=… names another build directory, made with -DSLUICE_BENCH=ON. Needs imagemagick.

The load is a program that burns 40 ms of CPU time, and a real thumbnail, with the queue as shipped (64,
5s); for the first also with a queue that is longer than its deadline allows (1000, 1s). First, the number
of clients is searched that completes most; each client asks again when it has its answer. Then
follow, by turns, ROUNDS (5) times SECONDS (5) of that load, and of clients that arrive at random, ten
times as many a second as the first load completes, whatever their answers are. The generator shares
the processors with the daemon, as a web server would.
"""

import math
import os
import subprocess
import sys
import tempfile
import time

from measure import BUILD, median, raise_files, table

import processes  # noqa: E402
from daemon import Daemon, recipe  # noqa: E402

OFFER = str(BUILD / "bench/bench-offer")
TIMES, CLIENTS, CALM_S = 10, (1, 2, 4, 8), 12
WAY_S = 0.01  # through the socket and back, which the daemon's log does not have
SLOTS = len(os.sched_getaffinity(0))
THUMBNAIL = ("-define", "jpeg:size=300x200", "jpeg:fd:{source.fd}[0]", "-auto-orient", "-thumbnail", "300x200", "-set", "comment", "{n}", "-strip", "jpeg:-")
NUMBER = {"n": {"type": "integer"}}


class Answers:
    """The result of one run of the generator."""

    def __init__(self, daemon, name, number, way, load, seconds):
        mark = daemon.log.mark()
        done = subprocess.run([OFFER, daemon.socket, f"/{name}/photo?n={number}", way, str(load), str(seconds)], capture_output=True, text=True,
                              timeout=seconds + 60)
        if done.returncode != 0:
            raise RuntimeError(f"{name}: {done.stdout}{done.stderr}")
        self.of = {}
        for line in done.stdout.splitlines():
            values = dict(pair.split("=") for pair in line.split())
            self.of[int(values.pop("status"))] = {key: float(value) for key, value in values.items()}
        if set(self.of) - {200, 503}:
            raise RuntimeError(f"{name}: {done.stdout}")
        self.rate = self.of[200]["count"] / seconds
        self.longest_s = self.of[200]["max_ms"] / 1e3
        # Some were refused after a wait in the queue; the others at once.
        lines = [line for line in daemon.log.requests(mark) if line["recipe"] == name]
        self.work_s = max(float(line["total_ms"]) - float(line["queue_ms"]) for line in lines if line["status"] == "200") / 1e3
        self.offered = len(lines) / (seconds + 1)
        self.refused = [float(line["total_ms"]) for line in lines if line["outcome"] == "queue-full"]
        self.expired = [float(line["queue_ms"]) for line in lines if line["outcome"] == "queue-timeout"]


class Case:
    def __init__(self, name, number, wait_s, text, block):
        self.name, self.number, self.wait_s, self.text, self.block = name, number, wait_s, text, block
        self.best, self.over = [], []

    def find(self, daemon, seconds):
        """The best number of clients, and the answers a second that it completes."""
        tried = {n * SLOTS: Answers(daemon, self.name, self.number, "closed", n * SLOTS, seconds).rate for n in CLIENTS}
        self.clients = max(tried, key=tried.get)
        self.offer = TIMES * tried[self.clients]
        print(f"{self.text}: " + ", ".join(f"{rate:.1f}/s with {n} clients" for n, rate in tried.items()), flush=True)

    def run(self, daemon, seconds):
        self.best.append(Answers(daemon, self.name, self.number, "closed", self.clients, seconds))
        self.over.append(Answers(daemon, self.name, self.number, "open", self.offer, seconds))


def cases():
    """The type of `*`: each request has another number (bench-offer), and so a new URL."""
    def burn(name, cache="false", **options):
        return recipe(name, "burn", "40", "write", "5000", "text", "{n}", type="image/jpeg", slots=SLOTS, params=NUMBER, cache=cache, **options)
    return [
        Case("burn", 1, 5, "40 ms of CPU time", burn("burn")),
        Case("other", "*", 5, "40 ms, each another URL", burn("other")),
        Case("kept", "*", 5, "the same, results are kept", burn("kept", "true")),
        Case("thumb", "*", 5, "thumbnail, each another URL",
             recipe("thumb", *THUMBNAIL, program="/usr/bin/convert", type="image/jpeg", slots=SLOTS, params=NUMBER, cache="false")),
        Case("patient", 1, 1, "40 ms, queue 1000, 1 s", burn("patient", queue=1000, queue_timeout="1s")),
    ]


def look(daemon):
    return (len(os.listdir(f"/proc/{daemon.pid}/task")), len(processes.descriptors(daemon.pid)), daemon.rss_kib(),
            len(processes.children(daemon.pid)), len(daemon.temporary_files()))


def tell(every):
    def row(case):
        ratio = median([o.rate / b.rate for b, o in zip(case.best, case.over)])
        refused = [o.of[503] for o in case.over if o.refused and 503 in o.of]
        case.refusals = [median([r["median_ms"] for r in refused]), median([r["p99_ms"] for r in refused])] if refused else None
        case.ratio = ratio
        case.late = max((o.longest_s - case.wait_s - o.work_s - WAY_S) for o in case.over)
        return (case.text, f"{median([b.rate for b in case.best]):.1f}", f"{median([o.offered for o in case.over]):.0f}",
                f"{median([o.rate for o in case.over]):.1f}", f"{ratio:.3f}", f"{max(o.longest_s for o in case.over):.2f}",
                f"{case.wait_s + max(o.work_s for o in case.over):.2f}",
                *(f"{ms:.2f}" for ms in case.refusals or (math.nan, math.nan)),
                f"{max((max(o.expired) for o in case.over if o.expired), default=math.nan):.0f}")

    table(("ten times the load", "best /s", "offered /s", "completed /s", "ratio", "longest s", "bound s", "refused ms", "99 %",
           "expired ms"), [row(case) for case in every])
    print("bar: at least 0.95 of the best is completed:", *("reached" if c.ratio >= 0.95 else "MISSED" for c in every))
    print("bar: no answer takes longer than queue_timeout and its own work:",
          *("reached" if c.late <= 0 else "MISSED" for c in every))
    print("bar: refusals under 10 ms, median and 99 %:",
          *("–" if not c.refusals else "reached" if max(c.refusals) < 10 else "MISSED" for c in every))


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    raise_files()
    every = cases()
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as directory:
        path = os.path.join(directory, "photo.jpg")
        subprocess.run(["/usr/bin/convert", "-size", "1600x1200", "plasma:red-blue", "-quality", "90", path], check=True, timeout=60)
        store = os.path.join(directory, "store")
        os.mkdir(store)
        daemon = Daemon(f'cache {{\n    path = "{store}"\n}}', *(case.block for case in every), slots=SLOTS)
        try:
            with open(path, "rb") as file:
                daemon.file("photo", file.read())
            time.sleep(CALM_S)
            figures = [("before", *look(daemon))]
            for case in every:
                case.find(daemon, seconds)
            for _ in range(rounds):
                for case in every:
                    case.run(daemon, seconds)
            figures.append(("under it", *look(daemon)))
            time.sleep(CALM_S)
            figures.append(("after", *look(daemon)))
        finally:
            daemon.close()
    print()
    tell(every)
    print()
    table(("daemon", "threads", "descriptors", "RSS KiB", "children", "files"), figures)


if __name__ == "__main__":
    main()
