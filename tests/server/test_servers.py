# SPDX-License-Identifier: MIT
"""The same sluice behind seven web servers (and two variants), with the snippets of etc/: what a client of each sees.

What a client can see differs where web servers differ. The tables below say how, as found with Debian 12's packages:
a change there is news, for better or worse.
"""

import http.client
import re
import socket
import subprocess
import time

import pytest

from daemon import SLOW
from processes import wait_until

# Who tells its client that a live answer broke off. The others end the answer as if it were complete, whatever the
# responder does: mod_fcgid appends an error page of its own, Caddy and h2o write the last chunk. Only an exact
# Content-Length, that is `response = whole`, helps there.
TELLS_OF_A_BREAK = {"nginx", "nginx-short", "lighttpd", "lighttpd-spawn", "apache-proxy", "haproxy"}

# Who lets sluice know at once that its client hung up while nothing was answered yet. The others look at their client
# only when they have something for it: a conversion that nobody waits for runs to its end behind them.
TELLS_OF_A_HANGUP = {"nginx", "nginx-short"}

# Refuses a GET with a body by itself (400), as RFC 9110 §9.3.1 permits.
REFUSES_GET_WITH_BODY = {"lighttpd", "lighttpd-spawn"}

THUMB = "/thumb/picture.jpg?size=120x120"
CURL_PARTIAL_FILE = 18


class Client:
    """One kept connection."""

    def __init__(self, site):
        self.connection = http.client.HTTPConnection("127.0.0.1", site.server.port, timeout=30 * SLOW)

    def request(self, method, path, body=None, **headers):
        """(response, its body). A connection that the server announced to close is replaced by http.client."""
        chunked = body is not None and not isinstance(body, bytes)
        self.connection.request(method, path, body, headers, encode_chunked=chunked)
        response = self.connection.getresponse()
        return response, response.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()


@pytest.fixture
def client(site):
    with Client(site) as one:
        yield one


def curl(site, path):
    """(curl's exit status, HTTP status, body)"""
    done = subprocess.run(
        ["curl", "-s", "--max-time", str(30 * SLOW), "--path-as-is", "-w", "%{stderr}%{http_code}", site.url(path)],
        capture_output=True, timeout=40 * SLOW, check=False)
    return done.returncode, int(done.stderr), done.stdout


@pytest.fixture(scope="module")
def reference(site):
    """The thumbnail as it is without a web server."""
    done = subprocess.run([site.program("sluice"), "render", "-c", str(site.config), THUMB],
                          capture_output=True, timeout=30 * SLOW, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_thumbnail_is_the_same_byte_for_byte(site, reference, client):
    for _ in range(3):
        response, body = client.request("GET", THUMB)
        assert response.status == 200, (response.status, body, site.told())
        assert response.getheader("Content-Type") == "image/jpeg"
        assert int(response.getheader("Content-Length")) == len(reference)
        assert body == reference
    assert reference[:2] == b"\xff\xd8"


def test_large_answers_arrive_whole(site, client):
    whole, live = client.request("GET", "/large/a"), client.request("GET", "/watch/stream/a")
    assert (whole[0].status, live[0].status) == (200, 200)
    assert len(whole[1]) == 3000000
    assert whole[1] == live[1]
    assert int(whole[0].getheader("Content-Length")) == 3000000
    assert live[0].getheader("Content-Length") is None


def test_head(site, client):
    response, body = client.request("HEAD", THUMB)
    got, _ = client.request("GET", THUMB)
    assert response.status == 200
    assert body == b""
    assert response.getheader("Content-Type") == got.getheader("Content-Type")
    assert response.getheader("Content-Length") == got.getheader("Content-Length")


@pytest.mark.parametrize("body", [pytest.param(b"x" * 10000, id="length"), "chunks"])
def test_post_is_refused_and_the_connection_stays(site, client, reference, body):
    sent = iter([b"first", b"x" * 5000]) if body == "chunks" else body
    response, said = client.request("POST", THUMB, sent)
    assert response.status == 405, said
    assert "GET" in response.getheader("Allow")
    assert not response.will_close
    used = client.connection.sock
    response, said = client.request("GET", THUMB)
    assert (response.status, said) == (200, reference)
    assert client.connection.sock is used


def test_body_of_a_get_changes_nothing(site, client, reference):
    response, said = client.request("GET", THUMB, b"x" * 10000)
    if site.server.name in REFUSES_GET_WITH_BODY:
        assert response.status == 400
    else:
        assert (response.status, said) == (200, reference)
    response, said = client.request("GET", THUMB)
    assert (response.status, said) == (200, reference)


def test_large_body_is_refused(site, client, reference):
    response, _ = client.request("POST", THUMB, b"x" * 200000)
    assert response.status in (405, 413), response.status
    response, said = client.request("GET", THUMB)
    assert (response.status, said) == (200, reference)


@pytest.mark.parametrize("path, statuses", [
    ("/thumb/a%20picture.jpg?size=120x120", (200,)),
    ("/th%75mb/pictur%65.jpg?s%69ze=120x120", (200,)),
    ("/thumb%2Fpicture.jpg?size=120x120", (404,)),
    ("/thumb/%2e%2e/thumb/picture.jpg?size=120x120", (400, 404)),
    ("/thumb/../../etc/passwd?size=120x120", (400, 404)),
    ("/thumb/picture.jpg%00?size=120x120", (400, 404)),
    ("/thumb/%zz.jpg?size=120x120", (400,)),
    ("/thumb/picture.jpg?size=120x120&size=1x1", (400,)),
    ("/thumb/picture.jpg?size=9999x1", (400,)),
    ("/thumb/nowhere.jpg?size=120x120", (404,)),
    ("/thumb/a?size=120x120", (415,)),
])
def test_address_arrives_as_it_was_sent(site, path, statuses):
    code, status, body = curl(site, path)
    assert code == 0
    assert status in statuses, body


def test_request_id_of_the_client_stands_in_the_log(site, client):
    mark = site.log.mark()
    client.request("GET", "/quick/a", **{"X-Request-Id": f"asked-{site.server.name}"})
    assert site.log.wait_request(mark, id=f"asked-{site.server.name}")


def test_first_byte_of_a_live_answer_comes_at_once(site):
    delays = []
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", site.server.port), 10) as stream:
            stream.sendall(b"GET /watch/clock/a HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            got = b""
            # The program writes the time, in nanoseconds, at the end of a line, and then sleeps for a second.
            while not (written := re.search(rb"(\d{10,})\n", got)):
                data = stream.recv(65536)
                arrived = time.clock_gettime(time.CLOCK_MONOTONIC)
                assert data, (got, site.told())
                got += data
            assert b"end" not in got
            while data := stream.recv(65536):
                got += data
            assert b"end" in got
        delays.append(arrived - int(written[1]) / 1e9)
    print(f"{site.server.name}: " + ", ".join(f"{1000 * d:.1f} ms" for d in delays))
    # The smallest: the machine may be busy once, a buffer that waits does so always, and until the program writes more.
    assert min(delays) < 0.15 * SLOW


@pytest.mark.parametrize("path, expected, reason", [
    ("/half/a", 422, "exit"),
    ("/killed/a", 502, "signal"),
])
def test_half_an_answer_is_never_a_good_one(site, path, expected, reason):
    mark = site.log.mark()
    code, status, body = curl(site, path)
    assert (code, status) == (0, expected)
    assert body.count(b"\n") <= 2 and len(body) < 300, body
    line = site.log.wait_request(mark, url=path)[0]
    assert int(line["status"]) == expected
    assert reason in site.log.text(mark)


def test_live_answer_that_breaks_off(site):
    for _ in range(2):
        mark = site.log.mark()
        code, status, body = curl(site, "/watch/breaks/a")
        assert status == 200
        if site.server.name in TELLS_OF_A_BREAK:
            assert code == CURL_PARTIAL_FILE, site.told()
        else:
            assert code == 0, f"{site.server.name} has learnt to tell: {code}"
        line = site.log.wait_request(mark, url="/watch/breaks/a")[0]
        assert line["id"] and line["recipe"] == "breaks"
        assert "cannot go on" in site.log.text(mark)
    # And the next request is served as if nothing had been.
    code, status, body = curl(site, "/quick/a")
    assert (code, status, body) == (0, 200, b"quick")


def test_client_that_hangs_up_before_the_answer(site):
    with socket.create_connection(("127.0.0.1", site.server.port), 10) as stream:
        stream.sendall(b"GET /slow/a HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        wait_until(site.converters, 10 * SLOW, site.told)
    start = time.monotonic()
    if site.server.name in TELLS_OF_A_HANGUP:
        wait_until(lambda: not site.converters(), 1.5 * SLOW, site.told)
        print(f"{site.server.name}: {1000 * (time.monotonic() - start):.0f} ms")
    else:
        wait_until(lambda: not site.converters(), 20 * SLOW, site.told)


def test_client_that_hangs_up_in_a_live_answer(site):
    with socket.create_connection(("127.0.0.1", site.server.port), 10) as stream:
        stream.sendall(b"GET /watch/endless/a HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        got = 0
        while got < 1000000:
            data = stream.recv(65536)
            assert data, site.told()
            got += len(data)
        assert site.converters()
    start = time.monotonic()
    wait_until(lambda: not site.converters(), 5 * SLOW, site.told)
    print(f"{site.server.name}: {1000 * (time.monotonic() - start):.0f} ms")
