#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The shipped thumbnail recipe behind nginx, against fcgiwrap with a shell script, and against the
program alone.

    bench/thumbnail.py [ROUNDS]

BUILD=… names another build directory. Needs nginx, fcgiwrap, imagemagick and bench-direct.

All three run the same argv (that of `sluice explain`), in turn. Prints medians, 99 %, and the cost of
each beyond the program alone. A second program does almost nothing; it shows the cost of a request
without the variation of a picture. Then prints thumbnails a second with four clients at once, in turns.
"""

import contextlib
import http.client
import json
import os
import shlex
import subprocess
import sys
import tempfile
import threading
import time

from measure import DIRECT, Fcgiwrap, Nginx, Timer, configure_as_shipped, median, quantile, script, table

from daemon import FAKE, SLUICE, Daemon, recipe  # noqa: E402

CLIENTS, TURN_S, TURNS = 4, 2.0, 4
URIS = {"thumbnail": "/photo.jpg?size=300x200", "nothing": "/nothing/photo.jpg"}
HTTP = """
	upstream ours {{ server unix:{ours}; keepalive 64; }}
	upstream wrap {{ server unix:{wrap}; }}
	server {{
		listen PORT;
		fastcgi_param REQUEST_METHOD $request_method;
		location /ours/ {{
			rewrite ^/ours(/.*)$ $1 break;
			fastcgi_pass ours;
			fastcgi_keep_conn on;
			fastcgi_param REQUEST_METHOD $request_method;
			fastcgi_param REQUEST_URI $uri$is_args$args;
		}}
		location /wrap/ {{
			fastcgi_pass wrap;
			fastcgi_param REQUEST_METHOD $request_method;
			fastcgi_param SCRIPT_FILENAME {scripts}$uri;
		}}
	}}"""


def argv_of(config, uri):
    told = json.loads(subprocess.run([SLUICE, "explain", "--json", "-c", config, uri], capture_output=True, check=True, timeout=10).stdout)
    program = told["programs"][0]
    return [program["path"], *program["argv"][1:]]


def get(connection, path):
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200 and body, (path, answer.status, body[:200])
    return body


class Alone:
    """The program alone, in the environment that sluice gives it."""

    def __init__(self, source, argv):
        environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen([DIRECT, source, *argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        bufsize=1, env=environment)

    def run(self):
        self.process.stdin.write("\n")
        return int(self.process.stdout.readline().split()[0]) / 1e3

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)


def in_turn(connection, programs, rounds):
    """Milliseconds: {(what, way): […]}"""
    def through(path):
        with Timer() as timer:
            get(connection, path)
        return timer.ms
    ways = [("alone", lambda what: programs[what].run()), ("sluice", lambda what: through(f"/ours{URIS[what]}")),
            ("fcgiwrap", lambda what: through(f"/wrap/{what}"))]
    times = {(what, way): [] for what in URIS for way, _ in ways}
    for i in range(rounds):
        for what in URIS:
            # The second in turn finds warmer caches, so the order rotates.
            for way, measure in ways[i % 3:] + ways[:i % 3]:
                times[what, way].append(measure(what))
    return times


def rate(port, path, seconds):
    """Answers per second of CLIENTS at once."""
    counts, end = [], time.monotonic() + seconds

    def client():
        connection, n = http.client.HTTPConnection("127.0.0.1", port, timeout=30), 0
        while time.monotonic() < end:
            get(connection, path)
            n += 1
        counts.append(n)
        connection.close()
    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - start)


def report(times, rates):
    rows = []
    for (what, way), values in times.items():
        alone = median(times[what, "alone"])
        rows.append((f"{what}, {way}", len(values), f"{median(values):.2f}", f"{quantile(values, 0.99):.2f}",
                     f"{median(values) - alone:+.2f}", f"{median(values) / alone:.2f}"))
    table(("one at a time, ms", "requests", "median", "99 %", "beyond the program", "ratio"), rows)
    table((f"{CLIENTS} clients at once", "per second", "ratio"),
          [(way, f"{median(values):.1f}", f"{median(values) / median(rates['fcgiwrap']):.2f}") for way, values in rates.items()])


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as where, contextlib.ExitStack() as stack:
        os.mkdir(os.path.join(where, "wrap"))
        daemon = Daemon(start=False)
        stack.callback(daemon.close)
        source = os.path.join(daemon.root, "photo.jpg")
        subprocess.run(["/usr/bin/convert", "-seed", "1", "-size", "1600x1200", "plasma:", "-quality", "88", source],
                       check=True, timeout=60)
        configure_as_shipped(daemon, recipe("nothing", "text", "nothing", type="text/plain"))
        daemon.start()
        argv = {"thumbnail": argv_of(daemon.config, URIS["thumbnail"]), "nothing": [FAKE, "text", "nothing"]}
        for what, words in argv.items():
            script(os.path.join(where, "wrap", what), "#!/bin/sh\nprintf 'Content-Type: image/jpeg\\r\\n\\r\\n'\n"
                   f"exec {shlex.join(words)} 3<{shlex.quote(source)}\n")
        wrap = Fcgiwrap(where, os.cpu_count())  # as many as sluice has slots
        stack.callback(wrap.stop)
        nginx = Nginx(where, HTTP.format(ours=daemon.socket, wrap=wrap.socket, scripts=where))
        stack.callback(nginx.stop)
        connection = http.client.HTTPConnection("127.0.0.1", nginx.port, timeout=30)
        assert get(connection, f"/ours{URIS['thumbnail']}") == get(connection, "/wrap/thumbnail"), "not the same thumbnail"
        programs = {what: Alone(source, words) for what, words in argv.items()}
        for program in programs.values():
            stack.callback(program.stop)
        times = in_turn(connection, programs, rounds)
        rates = {"sluice": [], "fcgiwrap": []}
        for _ in range(TURNS):
            rates["sluice"].append(rate(nginx.port, f"/ours{URIS['thumbnail']}", TURN_S))
            rates["fcgiwrap"].append(rate(nginx.port, "/wrap/thumbnail", TURN_S))
        report(times, rates)


if __name__ == "__main__":
    main()
