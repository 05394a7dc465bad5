# SPDX-License-Identifier: MIT
"""Validators, conditions, ranges and the cache as a client sees them behind web servers; results that nginx and lighttpd send
themselves."""

import concurrent.futures
import os

import pytest

import pattern
import webservers
from daemon import SLOW
from processes import wait_until
from websites import CachingSite

SIZE = 3000000
URI = "/large/a"

KINDS = {
    "nginx": (webservers.Nginx, None),
    "nginx-sends": (webservers.NginxSends, "x-accel-redirect:/sluice-cache"),
    "lighttpd": (webservers.Lighttpd, None),
    "lighttpd-sends": (webservers.LighttpdSends, "x-sendfile"),
    "apache-proxy": (webservers.ApacheProxy, None),
    "apache-sends": (webservers.ApacheSends, "x-sendfile"),
    "haproxy": (webservers.Haproxy, None),
}


AGAIN = [("again", ["copy", "{source}", "pause", "300"], {"stale": "1h", "cache_control": "max-age=600"})]


@pytest.fixture(scope="module", params=list(KINDS))
def site(request):
    kind, send = KINDS[request.param]
    if kind.missing():
        pytest.skip(f"not installed: {kind.missing()}")
    with CachingSite(kind, send, more=AGAIN) as one:
        yield one


def whole():
    return b"".join(pattern.at(at, min(1 << 20, SIZE - at)) for at in range(0, SIZE, 1 << 20))


def test_once(site):
    """32 at the same time and one after it: one conversion, every byte for everybody."""
    before = len(site.conversions())
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: site.get(URI), range(32)))
    answers.append(site.get(URI))
    assert {response.status for response, _ in answers} == {200}
    assert all(body == whole() for _, body in answers), site.told()
    assert len(site.conversions()) - before == 1, site.told()


def test_headers(site):
    first, _ = site.get(URI)
    again, _ = site.get(URI)
    for name in ("ETag", "Last-Modified", "Content-Type", "Content-Length", "X-Content-Type-Options", "Accept-Ranges"):
        assert first.getheader(name) and first.getheader(name) == again.getheader(name), (name, first.headers.items())
    assert len(first.getheader("ETag")) == 42, first.getheader("ETag")
    head, body = site.get(URI, "HEAD")
    assert (head.status, body, head.getheader("ETag")) == (200, b"", first.getheader("ETag"))
    assert head.getheader("Content-Length") == str(SIZE)


@pytest.mark.parametrize("uri", [URI, "/watch/stream/a"])
def test_not_modified(site, uri):
    first, _ = site.get(uri)
    before = len(site.conversions())
    for headers in ({"If_None_Match": first.getheader("ETag")}, {"If_None_Match": f'"x", W/{first.getheader("ETag").removeprefix("W/")}'},
                    {"If_Modified_Since": first.getheader("Last-Modified")}):
        response, body = site.get(uri, **headers)
        assert (response.status, body) == (304, b""), (headers, response.headers.items())
        assert response.getheader("ETag") == first.getheader("ETag"), response.headers.items()
    response, _ = site.get(uri, If_None_Match='"x"')
    assert response.status == 200
    assert len(site.conversions()) - before == (0 if uri == URI else 1)


def test_seeking(site):
    tag = site.get(URI)[0].getheader("ETag")
    for first, last in ((0, 0), (1000000, 1999999), (SIZE - 10, SIZE - 1)):
        response, body = site.get(URI, Range=f"bytes={first}-{last}", If_Range=tag)
        assert response.status == 206, response.headers.items()
        assert response.getheader("Content-Range") == f"bytes {first}-{last}/{SIZE}" and body == whole()[first:last + 1]
    response, body = site.get(URI, Range="bytes=0-9", If_Range='"x"')
    assert (response.status, len(body)) == (200, SIZE)
    response, body = site.get(URI, Range=f"bytes={SIZE}-")
    assert response.status == 416 and response.getheader("Content-Range") == f"bytes */{SIZE}", response.headers.items()
    assert len([line for line in site.conversions() if line["url"] == URI]) == 1


def test_stale(site):
    """The older result is the older one in every field, whoever sends it, and nobody keeps it."""
    source = site.directory / "media" / "changes"
    source.write_bytes(b"one")
    first, body = site.get("/again/changes")
    assert (first.status, body, first.getheader("Cache-Control")) == (200, b"one", "max-age=600")
    assert first.getheader("Cache-Status") == "sluice; fwd=miss; stored"
    (site.directory / "media" / "changes.new").write_bytes(b"three")
    os.replace(site.directory / "media" / "changes.new", source)
    stale, body = site.get("/again/changes")
    assert (stale.status, body, stale.getheader("ETag")) == (200, b"one", first.getheader("ETag")), stale.headers.items()
    assert stale.getheader("Cache-Control") == "no-cache" and stale.getheader("Content-Length") == "3"
    assert stale.getheader("Cache-Status").startswith("sluice; hit; ttl=-"), stale.headers.items()

    def fresh():
        response, body = site.get("/again/changes")
        return response if body == b"three" else None
    last = wait_until(fresh, 10 * SLOW)
    assert last.getheader("ETag") != first.getheader("ETag") and "ttl" not in last.getheader("Cache-Status")
