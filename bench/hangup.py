#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The cost of clients that hang up: 32 clients ask for a slow answer through nginx and leave after
0.3 s.

    bench/hangup.py [ROUNDS [SECONDS]]

BUILD=… names another build directory. Needs nginx, fcgiwrap and imagemagick.

The slow program burns SECONDS (1) of CPU time. For sluice with 2 and with 32 slots, and for fcgiwrap
with 2 workers, this prints the CPU time that is burnt after the clients have left, the time until no
slow program runs any more, and the time of an honest request (a small picture, through convert) right
at the hang-up, against the same request on an idle machine. No measurement takes longer than 20 s.
"""

import contextlib
import math
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

from measure import Fcgiwrap, Nginx, Timer, median, script, table, tree

import processes  # noqa: E402
from daemon import FAKE, Daemon, recipe  # noqa: E402

CLIENTS, PATIENCE_S, WATCH_S, LOOK_S = 32, 0.3, 20, 0.01
CONVERT = ("/usr/bin/convert", "jpeg:fd:{source.fd}[0]", "-auto-orient", "-thumbnail", "100x100", "-strip", "jpeg:-")
HTTP = """
	upstream responder {{ server unix:{address}; keepalive 64; }}
	server {{
		listen PORT backlog=1024;
		location / {{
			fastcgi_pass responder;
			fastcgi_keep_conn {keep};
			fastcgi_read_timeout 60s;
			fastcgi_param REQUEST_METHOD $request_method;
			fastcgi_param REQUEST_URI $request_uri;
			fastcgi_param QUERY_STRING $query_string;
			fastcgi_param SCRIPT_FILENAME {scripts}$uri;
		}}
	}}"""


def send(port, path):
    client = socket.create_connection(("127.0.0.1", port), WATCH_S)
    client.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
    return client


def honest(port):
    """Milliseconds; infinite when it takes longer than the measurement."""
    try:
        with Timer() as timer, send(port, "/thumb/a.jpg") as client:
            answer = b""
            while more := client.recv(65536):
                answer += more
    except TimeoutError:
        return math.inf
    assert answer.startswith(b"HTTP/1.1 200") and b"\xff\xd8\xff" in answer, answer[:300]
    return timer.ms


class Way:
    """One responder behind its own nginx. roots: the processes whose descendants are its programs."""

    def __init__(self, name, nginx, roots, stop):
        self.name, self.nginx, self.roots, self.stop = name, nginx, roots, stop
        self.idle, self.after, self.burnt, self.gone = [], [], [], []

    def slow(self):
        """CPU seconds of each slow program that runs. fcgiwrap does not wait for its programs, so it has no sum."""
        found = {}
        for p in (p for root in self.roots for p in tree(root)):
            fields = processes.stat_fields(p) if b"spin" in processes.command(p) else None
            if fields:
                found[p] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return found

    def run(self):
        port = self.nginx.port
        self.idle += [honest(port) for _ in range(5)]
        clients = [send(port, "/slow/a.jpg") for _ in range(CLIENTS)]
        time.sleep(PATIENCE_S)
        before, start = self.slow(), time.monotonic()
        assert before, "nothing slow runs"
        for client in clients:
            client.close()
        asked = threading.Thread(target=lambda: self.after.append(honest(port)))
        asked.start()
        seen, quiet = dict(before), None
        # For a moment no program may run, between two of the queue.
        while (now := time.monotonic()) < start + WATCH_S and (quiet is None or now < quiet + 0.3):
            running = self.slow()
            seen.update(running)
            quiet = None if running else quiet or now
            time.sleep(LOOK_S)
        asked.join()
        self.gone.append(quiet - start if quiet else math.inf)
        self.burnt.append(sum(seen.values()) - sum(before.values()))


def sluice(directory, slots, seconds, picture):
    thumb = recipe("thumb", *CONVERT[1:], program=CONVERT[0], type="image/jpeg", slots=2)
    slow = recipe("slow", "note", "slow", "spin", cpu=f"{seconds}s", slots=slots, timeout="60s", queue_timeout="60s")
    daemon = Daemon(thumb, slow, slots=slots)
    daemon.file("a.jpg", picture)
    nginx = Nginx(tempfile.mkdtemp(dir=directory), HTTP.format(address=daemon.socket, keep="on", scripts=""))

    def stop():
        nginx.stop()
        daemon.close()
    return Way(f"sluice, {slots} slots", nginx, [daemon.pid], stop)


def fcgiwrap(directory, workers, seconds, picture):
    where = tempfile.mkdtemp(dir=directory)
    source = os.path.join(where, "source.jpg")
    with open(source, "wb") as file:
        file.write(picture)
    for name in ("slow", "thumb"):
        os.mkdir(os.path.join(where, name))
    argv = "'" + "' '".join(CONVERT).replace("{source.fd}", "3") + "'"
    head = "#!/bin/sh\nprintf 'Content-Type: image/jpeg\\r\\n\\r\\n'\n"
    script(os.path.join(where, "slow", "a.jpg"), f"{head}ulimit -t {seconds}\nexec {FAKE} note slow spin\n")
    script(os.path.join(where, "thumb", "a.jpg"), f"{head}exec {argv} 3<{source}\n")
    wrap = Fcgiwrap(where, workers)
    nginx = Nginx(where, HTTP.format(address=wrap.socket, keep="off", scripts=where))

    def stop():
        nginx.stop()
        wrap.stop()
    return Way(f"fcgiwrap, {workers} workers", nginx, [wrap.process.pid], stop)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as directory, contextlib.ExitStack() as stack:
        path = os.path.join(directory, "a.jpg")
        subprocess.run(["/usr/bin/convert", "-size", "640x480", "plasma:red-blue", "-quality", "90", path], check=True, timeout=60)
        with open(path, "rb") as file:
            picture = file.read()
        ways = []
        for make, size in ((sluice, 2), (sluice, 32), (fcgiwrap, 2)):
            ways.append(make(directory, size, seconds, picture))
            stack.callback(ways[-1].stop)
        for i in range(rounds):
            for way in ways:
                # One round of fcgiwrap takes long enough.
                if i == 0 or way.name.startswith("sluice"):
                    way.run()
        def told(value, digits):
            return f"> {WATCH_S}" if math.isinf(value) else f"{value:.{digits}f}"

        table((f"{CLIENTS} clients hang up", "CPU s wasted", "until none runs, s", "longest", "honest, idle, s",
               "honest, then", "ratio"),
              [(w.name, f"{median(w.burnt):.2f}", told(median(w.gone), 3), told(max(w.gone), 3), f"{median(w.idle) / 1e3:.3f}",
                told(median(w.after) / 1e3, 3), f"{median(w.after) / median(w.idle):.2f}") for w in ways])
        ours = [w for w in ways if w.name.startswith("sluice")]
        print("bar: no program of theirs after 0.5 s:", "reached" if max(max(w.gone) for w in ours) <= 0.5 else "MISSED")
        print("bar: the honest request takes at most 1.5 times as long:",
              "; ".join(f"{w.name} {'reached' if median(w.after) <= 1.5 * median(w.idle) else 'MISSED'}" for w in ours))


if __name__ == "__main__":
    main()
