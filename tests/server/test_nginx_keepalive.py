# SPDX-License-Identifier: MIT
"""nginx with two workers, with and without connections that it keeps open to sluice: as many answers.

A responder that gives each kept connection a thread of its own hangs here, which does not show in a single request.
How fast they are shows bench/keepalive.py.
"""

import http.client
import re
import threading

import pytest

import webservers
from websites import Site

REQUESTS = 2000
CLIENTS = 8


def ask_all(site):
    """CLIENTS clients at once; each answer is right, and comes within half a minute."""
    answers, failures = [], []

    def ask(count):
        connection = http.client.HTTPConnection("127.0.0.1", site.server.port, timeout=30)
        for _ in range(count):
            connection.request("GET", "/quick/a")
            response = connection.getresponse()
            body = response.read()
            answers.append(body)
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
    assert len(answers) == REQUESTS


@pytest.mark.parametrize("kind", [webservers.Nginx, webservers.NginxShortConnections])
def test_two_thousand_requests(kind):
    with Site(kind, workers=2) as site:
        ask_all(site)
        # nginx logs whatever it did not like about an answer.
        assert not re.search(r"\[(warn|error|crit|alert)\]", site.server.log()), site.server.log()
