# SPDX-License-Identifier: MIT
"""Validators, conditions, ranges and the cache as a client sees them behind web servers; results that nginx and lighttpd send
themselves."""

import concurrent.futures
import http.client
import os

import pytest

import pattern
import webservers
from daemon import quote
from websites import Site

SIZE = 3000000
URI = "/large/a"


class CachingSite(Site):
    """With a store that the web server's user can read. send: the option."""

    send = None

    def __init__(self, kind, send=None, **attributes):
        self.send = send
        super().__init__(kind, **attributes)

    def prepare(self):
        super().prepare()
        store = self.directory / "store"
        store.mkdir(mode=0o755)
        user = webservers.unprivileged()
        if os.geteuid() == 0:
            os.chown(store, user.pw_uid, user.pw_gid)

    def configure(self, inherited):
        super().configure(inherited)
        send = f"send = {quote(self.send)}" if self.send else ""
        self.config.write_text(self.config.read_text()
                               + f"cache {{\n    path = {quote(self.directory / 'store')}\n    size = 100M\n    {send}\n}}\n")

    def conversions(self):
        return [line for line in self.log.requests() if "cpu_ms" in line]

    def get(self, uri, method="GET", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        try:
            connection.request(method, uri, headers={name.replace("_", "-"): value for name, value in headers.items()})
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()


class NginxSends(webservers.Nginx):
    """With etc/nginx/cache.conf."""

    name = "nginx-sends"

    def configure(self):
        argv = super().configure()
        cache = self.snippet("nginx/cache.conf", [("/var/cache/sluice/;", f"{self.directory.parent}/store/;")])
        conf = self.directory / "main.conf"
        conf.write_text(conf.read_text().replace("listen 127", f"include {cache};\n\t\tlisten 127", 1))
        return argv


class LighttpdSends(webservers.Lighttpd):
    """With the two lines of doc/webservers.md."""

    name = "lighttpd-sends"

    def include(self):
        lines = f'"x-sendfile" => "enable",\n\t"x-sendfile-docroot" => ( "{self.directory.parent}/store" ),\n\t"check-local"'
        return self.snippet("lighttpd/sluice.conf", [self.socket_change(), ('"check-local"', lines)])


KINDS = {
    "nginx": (webservers.Nginx, None),
    "nginx-sends": (NginxSends, "x-accel-redirect:/sluice-cache"),
    "lighttpd": (webservers.Lighttpd, None),
    "lighttpd-sends": (LighttpdSends, "x-sendfile"),
    "apache-proxy": (webservers.ApacheProxy, None),
    "haproxy": (webservers.Haproxy, None),
}


@pytest.fixture(scope="module", params=list(KINDS))
def site(request):
    kind, send = KINDS[request.param]
    if kind.missing():
        pytest.skip(f"not installed: {kind.missing()}")
    with CachingSite(kind, send) as one:
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
    for headers in ({"If_None_Match": first.getheader("ETag")}, {"If_None_Match": f'"x", W/{first.getheader("ETag")}'},
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
    # lighttpd leaves the field out of what it refuses itself.
    assert response.status == 416 and response.getheader("Content-Range") in {f"bytes */{SIZE}"} | (
        {None} if site.server.name == "lighttpd-sends" else set())
    assert len([line for line in site.conversions() if line["url"] == URI]) == 1
