#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""nginx with two workers: whether kept connections to sluice ever make a request wait.

    bench/keepalive.py [REQUESTS]

BUILD=… names another build directory. Needs nginx.

Four clients send REQUESTS (2000) requests of a cheap recipe over kept connections
(fastcgi_keep_conn on, keepalive 64), and as many over a new connection each, in turn. Prints median,
99 %, the slowest, and the ratios.
"""

import contextlib
import http.client
import sys
import tempfile
import threading

from measure import Nginx, Timer, median, quantile, table

from daemon import Daemon, recipe  # noqa: E402

CLIENTS = 4
HTTP = """
	upstream kept {{ server unix:{socket}; keepalive 64; }}
	upstream short {{ server unix:{socket}; }}
	server {{
		listen PORT;
		fastcgi_param REQUEST_METHOD $request_method;
		fastcgi_param REQUEST_URI /quick/a;
		location /kept {{ fastcgi_pass kept; fastcgi_keep_conn on; }}
		location /short {{ fastcgi_pass short; fastcgi_keep_conn off; }}
	}}"""


def client(port, count, times):
    # Each worker of nginx keeps connections of its own. New connections now and then reach both.
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for i in range(count):
        if i % 50 == 0:
            connection.close()
        for way in ("kept", "short") if i % 2 else ("short", "kept"):
            with Timer() as timer:
                connection.request("GET", f"/{way}")
                answer = connection.getresponse()
                body = answer.read()
            if answer.status != 200 or body != b"quick":
                raise SystemExit(f"{way}: {answer.status} {body!r}")
            times[way].append(timer.ms)
    connection.close()


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    times = {"kept": [], "short": []}
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as where, contextlib.ExitStack() as stack:
        daemon = Daemon(recipe("quick", "text", "quick", type="text/plain"))
        stack.callback(daemon.close)
        nginx = Nginx(where, HTTP.format(socket=daemon.socket), workers=2)
        stack.callback(nginx.stop)
        client(nginx.port, 20, {"kept": [], "short": []})
        threads = [threading.Thread(target=client, args=(nginx.port, count // CLIENTS, times)) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    figures = {way: (median(t), quantile(t, 0.99), quantile(t, 0.999), max(t)) for way, t in times.items()}
    table(("cheap recipe, ms", "requests", "median", "99 %", "99.9 %", "slowest"),
          [(way, len(times[way]), *(f"{v:.2f}" for v in figures[way])) for way in figures]
          + [("  ratio", "", *(f"{a / b:.2f}" for a, b in zip(figures["kept"], figures["short"])))])


if __name__ == "__main__":
    main()
