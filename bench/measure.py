# SPDX-License-Identifier: MIT
"""Shared by the measuring programs: where things are, a fcgiwrap to compare with, statistics."""

import math
import os
import pathlib
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import time

BENCH = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("BUILD", BENCH.parent / "build")).resolve()
os.environ.setdefault("SLUICE", str(BUILD / "sluice"))
os.environ.setdefault("FAKE", str(BUILD / "tests/fakes/fake-converter"))
sys.path.insert(0, str(BENCH.parent / "tests/lib"))

import processes  # noqa: E402
import shipped  # noqa: E402
from daemon import quote  # noqa: E402
from ports import free_port, listens  # noqa: E402

DRAIN, DIRECT = str(BUILD / "bench/bench-drain"), str(BUILD / "bench/bench-direct")
MIB, GIB = 1 << 20, 1 << 30


def configure_as_shipped(daemon, *recipes):
    """Gives a daemon that is not started the shipped file, with its own socket and folders, and with the recipes in front."""
    shipped.put_beside(daemon.directory, lambda text: text)
    lines = shipped.CONFIG.read_text().splitlines()
    changed = {"listen": f"unix:{daemon.socket}", "root": daemon.root, "temp_path": daemon.temp}
    lines = [line for line in lines if line.partition(" ")[0] not in {*changed, "user", "socket_group"}]
    with open(daemon.config, "w") as file:
        file.write("\n".join([*(f"{k} = {quote(v)}" for k, v in changed.items()), *recipes, *lines]) + "\n")


def quantile(values, q):
    """The smallest value that a share q of them does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(q * len(ordered)) - 1)]


def median(values):
    return statistics.median(values)


def table(head, rows):
    """Columns as wide as needed; numbers stand on the right."""
    rows = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print("  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:]))]))
    print(flush=True)


def raise_files():
    """Sets the limit of descriptors to the most that this user may have, and returns it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def tree(pid):
    """pid and all its descendants. It has to cost little, because it runs during the measurement."""
    found, look = [], [pid]
    while look:
        found.append(look.pop())
        try:
            for task in os.listdir(f"/proc/{found[-1]}/task"):
                with open(f"/proc/{found[-1]}/task/{task}/children") as file:
                    look += map(int, file.read().split())
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def tree_cpu_seconds(roots):
    """CPU time of roots, their descendants, and all children that these have waited for."""
    ticks = 0
    for pid in {pid for root in roots for pid in tree(root)}:
        fields = processes.stat_fields(pid)
        ticks += sum(map(int, fields[11:15])) if fields else 0
    return ticks / os.sysconf("SC_CLK_TCK")


def drain(address, uri, script=""):
    """One answer through bench-drain: (bytes, seconds)."""
    done = subprocess.run([DRAIN, address, uri, script], capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"{uri}: the answer is not complete: {done.stdout}{done.stderr}")
    values = dict(pair.split("=") for pair in done.stdout.split())
    return int(values["bytes"]), float(values["seconds"])


class Fcgiwrap:
    """Debian's fcgiwrap to compare with, with that number of workers, and shell scripts."""

    def __init__(self, directory, workers=1):
        self.socket = os.path.join(directory, "fcgiwrap.sock")
        program = shutil.which("fcgiwrap", path="/usr/sbin:/usr/bin")
        if not program:
            raise SystemExit("fcgiwrap is missing: apt-get install fcgiwrap")
        self.process = subprocess.Popen(
            [program, "-c", str(workers), "-s", f"unix:{self.socket}"], stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin"}, preexec_fn=processes.die_with_parent, start_new_session=True)
        processes.wait_until(lambda: os.path.exists(self.socket), 5)
        os.chmod(self.socket, 0o666)

    def workers(self):
        """fcgiwrap forks its workers; the first process only waits."""
        return processes.children(self.process.pid) or [self.process.pid]

    def stop(self):
        """Workers outlive the first process and serve their queue, so the whole group is ended."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


def script(path, text):
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, 0o755)
    return path


class Nginx:
    """nginx on a port of its own with the given http block, as an ordinary child. main: directives for the top."""

    def __init__(self, directory, http, workers=1, main="", name="nginx"):
        self.directory = os.path.join(directory, name)
        os.makedirs(os.path.join(self.directory, "temp"))
        self.port = free_port()
        path = os.path.join(self.directory, "nginx.conf")
        temp = "\n".join(f"\t{kind}_temp_path {self.directory}/temp/{kind};"
                         for kind in ("client_body", "fastcgi", "proxy", "scgi", "uwsgi"))
        with open(path, "w") as file:
            file.write(f"{main}worker_processes {workers};\ndaemon off;\n"
                       + ("user root;\n" if os.geteuid() == 0 else "")
                       + f"pid {self.directory}/pid;\nerror_log {self.directory}/error.log;\n"
                       "events { worker_connections 4096; }\n"
                       f"http {{\n\taccess_log off;\n\tkeepalive_requests 1000000;\n{temp}\n"
                       + http.replace("PORT", f"127.0.0.1:{self.port}") + "\n}\n")
        self.process = subprocess.Popen(
            ["/usr/sbin/nginx", "-p", self.directory, "-c", path, "-e", f"{self.directory}/error.log"],
            stdin=subprocess.DEVNULL, preexec_fn=processes.die_with_parent)
        processes.wait_until(lambda: listens(self.port), 10, self.log)

    def log(self):
        path = f"{self.directory}/error.log"
        return open(path).read()[-2000:] if os.path.exists(path) else ""

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


class Timer:
    """with Timer() as timer: …; timer.ms"""

    def __enter__(self):
        self.start = time.perf_counter()
        return self

    def __exit__(self, *_):
        self.ms = (time.perf_counter() - self.start) * 1e3
