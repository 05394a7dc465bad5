# SPDX-License-Identifier: MIT
"""nginx with two workers, with and without connections that it keeps open to sluice: as many answers, as fast.

A responder that gives each kept connection a thread of its own hangs here, and one that answers a kept connection in
two packets meets the delayed acknowledgement of its peer: neither shows in a single request.
"""

import http.client
import re
import statistics
import threading
import time

import webservers
from daemon import SLOW
from websites import Site

REQUESTS = 2000
CLIENTS = 8


def measure(site):
    """Milliseconds of each of REQUESTS requests, from CLIENTS clients at once."""
    times, failures = [], []

    def ask(count):
        connection = http.client.HTTPConnection("127.0.0.1", site.server.port, timeout=30)
        for _ in range(count):
            start = time.monotonic()
            connection.request("GET", "/quick/a")
            response = connection.getresponse()
            body = response.read()
            times.append(1000 * (time.monotonic() - start))
            if (response.status, body) != (200, b"quick"):
                failures.append((response.status, body))
        connection.close()

    clients = [threading.Thread(target=ask, args=(REQUESTS // CLIENTS,)) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(200)
    assert not any(client.is_alive() for client in clients), site.told()
    assert not failures, (failures[:3], site.told())
    assert len(times) == REQUESTS
    return times


def test_kept_connections_are_not_slower():
    results = {}
    for kind in (webservers.Nginx, webservers.NginxShortConnections):
        with Site(kind, workers=2) as site:
            results[kind.keep_conn] = measure(site)
            # nginx logs whatever it did not like about an answer.
            assert not re.search(r"\[(warn|error|crit|alert)\]", site.server.log()), site.server.log()
    kept, short = results[True], results[False]
    for name, times in (("kept", kept), ("short", short)):
        print(f"{name}: median {statistics.median(times):.1f} ms, longest {max(times):.1f} ms")
    # Generous: what this is to find is 40 ms on each, or seconds on a few.
    assert statistics.median(kept) < 1.5 * statistics.median(short) + 3 * SLOW
    assert max(kept) < 3 * max(short) + 500 * SLOW
