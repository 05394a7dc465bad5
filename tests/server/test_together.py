# SPDX-License-Identifier: MIT
"""A thousand clients of nginx ask for the same at the same time: one conversion, and every byte of it for each of them."""

import re
import resource
import selectors
import socket
import time

import pytest

import pattern
import webservers
from daemon import SLOW
from websites import CachingSite

# The converter tells its own time last: equal bodies are one conversion's.
BODY = ("write", "30000", "pause", "1500", "clock")
RECIPES = (
    ("whole", BODY, {"path": "/together/{source}", "type": "application/octet-stream", "timeout": "120s"}),
    ("film", BODY, {"path": "/watch/together/{source}", "type": "video/mp4", "response": "live", "timeout": "120s", "cache": True}),
)
TIMEOUT = 60 * SLOW


def clients():
    """A thousand, or what this user's descriptors allow: sluice has three for each of them, nginx two."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(1000, hard // 6)


@pytest.fixture(params=[(webservers.Nginx, None), (webservers.NginxShortConnections, None),
                        (webservers.NginxSends, "x-accel-redirect:/sluice-cache")], ids=lambda param: param[0].name)
def site(request):
    clients()
    with CachingSite(*request.param, more=RECIPES, connections=4096) as one:
        yield one


def dechunked(body):
    out = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        out, body = out + body[:length], body[length + 2:]
        if length == 0:
            break
    return out


def parse(raw):
    head, _, body = raw.partition(b"\r\n\r\n")
    status = int(head.split()[1])
    if b"chunked" in head.lower():
        return status, dechunked(body)
    length = int(re.search(rb"(?i)\ncontent-length: (\d+)", head)[1])
    return status, body if len(body) == length else b"cut"


def ask_together(port, uri, count):
    """count answers: each client has its connection before the first one asks."""
    request = f"GET {uri} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    peers = [socket.create_connection(("127.0.0.1", port), TIMEOUT) for _ in range(count)]
    answers = {peer: bytearray() for peer in peers}
    with selectors.DefaultSelector() as selector:
        for peer in peers:
            peer.sendall(request)
        for peer in peers:
            peer.setblocking(False)
            selector.register(peer, selectors.EVENT_READ)
        deadline = time.monotonic() + TIMEOUT
        while selector.get_map() and time.monotonic() < deadline:
            for key, _ in selector.select(1):
                data = key.fileobj.recv(1 << 16)
                answers[key.fileobj] += data
                if not data:
                    selector.unregister(key.fileobj)
    for peer in peers:
        peer.close()
    return [parse(bytes(raw)) for raw in answers.values()]


@pytest.mark.parametrize("uri", ["/together/a", "/watch/together/a"])
def test_a_thousand_at_once(site, uri):
    count = clients()
    answers = ask_together(site.server.port, uri, count)
    assert len(answers) == count
    statuses = [status for status, _ in answers]
    assert set(statuses) == {200}, (sorted((s, statuses.count(s)) for s in set(statuses)), site.told())
    bodies = {body for _, body in answers}
    assert len(bodies) == 1, sorted(map(len, bodies))
    body = bodies.pop()
    assert body[:30000] == pattern.at(0, 30000) and re.fullmatch(rb"\d{10,}\n", body[30000:]), body[30000:]
    lines = [line for line in site.log.wait_request(0, count, 10 * SLOW) if line["url"] == uri]
    ran = [line for line in lines if "cpu_ms" in line]
    assert len(ran) == 1, ran
    ways = [line["cache"] for line in lines]
    print({way: ways.count(way) for way in set(ways)})
    assert ways.count("miss") >= 1 and set(ways) <= {"miss", "join", "hit"}
