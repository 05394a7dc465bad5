# SPDX-License-Identifier: MIT
"""What a cache between sluice and its clients relies on (RFC 9110 §8.8, §13, §14; RFC 9111), behind web servers that pass answers on
and behind web servers that send results of the cache themselves: every answer of a kept connection is looked at for what may not
stand in any."""

import email.utils
import http.client
import itertools
import os
import re
import time

import pytest

import pattern
import webservers
from websites import CachingSite

SIZE = 200000
MAX_AGE = "public, max-age=3600"
PICTURE = ("picture", ("write", "{n}", "note", "{format}"), {
    "path": "/picture/{source}", "cache_control": MAX_AGE,
    "params": {"n": {"type": "integer", "default": str(SIZE)}, "x": {"type": "integer", "default": "0"},
               "format": {"type": "format", "values": ["webp", "jpeg"]}}})
PLAIN = ("plain", ("write", "{n}", "note", "{x}"), {
    "path": "/plain/{source}", "type": "application/octet-stream",
    "params": {"n": {"type": "integer", "default": str(SIZE)}, "x": {"type": "integer", "default": "0"}}})
FAILS = ("fails", ("exit", "3", "note", "{format}"), {
    "path": "/fails/{source}", "cache_control": MAX_AGE,
    "params": {"format": {"type": "format", "values": ["webp", "jpeg"]}}})
STREAM = ("film", ("write", "{n}", "note", "{x}"), {
    "path": "/watch/film/{source}", "response": "live", "type": "video/mp4", "cache_control": MAX_AGE, "cache": True,
    "params": {"n": {"type": "integer", "default": str(SIZE)}, "x": {"type": "integer", "default": "0"}}})

KINDS = {
    "nginx": (webservers.Nginx, None),
    "nginx-sends": (webservers.NginxSends, "x-accel-redirect:/sluice-cache"),
    "apache-proxy": (webservers.ApacheProxy, None),
    "apache-sends": (webservers.ApacheSends, "x-sendfile"),
    "lighttpd": (webservers.Lighttpd, None),
    "lighttpd-sends": (webservers.LighttpdSends, "x-sendfile"),
    "haproxy": (webservers.Haproxy, None),
}
ONCE = ("Date", "ETag", "Last-Modified", "Cache-Control", "Content-Length", "Content-Type", "Content-Range", "Accept-Ranges", "Vary",
        "X-Content-Type-Options")
TAG = re.compile(r'"[\x21\x23-\x7e]+"')
FIXDATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT")
fresh = itertools.count(1)


@pytest.fixture(scope="module", params=list(KINDS))
def site(request):
    kind, send = KINDS[request.param]
    if kind.missing():
        pytest.skip(f"not installed: {kind.missing()}")
    with CachingSite(kind, send, more=(PICTURE, PLAIN, FAILS, STREAM)) as one:
        yield one


def seconds(text):
    assert FIXDATE.fullmatch(text), text
    return email.utils.parsedate_to_datetime(text).timestamp()


def date(when):
    return email.utils.formatdate(when, usegmt=True)


class Answer:
    def __init__(self, method, response, body):
        self.method, self.status, self.body = method, response.status, body
        self.fields = response.getheaders()
        self.look()

    def __getitem__(self, name):
        found = [value for field, value in self.fields if field.lower() == name.lower()]
        return found[0] if found else None

    def look(self):
        """What holds for every answer of anybody."""
        names = [name.lower() for name, _ in self.fields]
        for name in ONCE:
            assert names.count(name.lower()) <= 1, self
        assert names.count("cache-status") <= 1, self
        assert abs(seconds(self["Date"]) - time.time()) < 60, self
        assert "x-accel-redirect" not in names and "x-sendfile" not in names, self
        if self["Last-Modified"]:
            # Not compared with Date, which some servers take from when the request came, or some moments before.
            assert seconds(self["Last-Modified"]) <= time.time(), self
        if self["ETag"]:
            assert TAG.fullmatch(self["ETag"]), self
        if self.method == "HEAD" or self.status == 304:
            assert self.body == b"", self
        elif self["Content-Length"]:
            assert int(self["Content-Length"]) == len(self.body), self

    def __repr__(self):
        return f"{self.method} {self.status} {self.fields} {self.body[:100]} ({len(self.body)})"


class Client:
    """One connection, which has to last."""

    def __init__(self, site):
        self.site = site
        self.connect()

    def connect(self):
        self.connection = http.client.HTTPConnection("127.0.0.1", self.site.server.port, timeout=60)
        self.connection.connect()
        self.socket = self.connection.sock

    def __call__(self, uri, method="GET", **fields):
        self.connection.request(method, uri, headers={name.replace("_", "-"): value for name, value in fields.items()})
        response = self.connection.getresponse()
        answer = Answer(method, response, response.read())
        if self.site.server.program == "apache2" and (answer.status == 400 or uri.startswith("/watch/")):
            # It ends the connection after any 400; and after live answers, as the snippet tells it.
            self.connect()
        assert self.connection.sock is self.socket, f"connection closed: {answer}"
        return answer


@pytest.fixture
def client(site):
    one = Client(site)
    yield one
    one.connection.close()


@pytest.fixture(params=["cold", "hit"])
def uri(request, client):
    """An address of the negotiated recipe whose result is kept, or one that nobody has asked for."""
    address = f"/picture/a?x={next(fresh)}"
    if request.param == "hit":
        assert client(address).status == 200
    return address


def whole(size=SIZE):
    return pattern.at(0, size)


def known(client, uri):
    """The validators, without making a result: of a condition that is not met."""
    answer = client(uri, If_None_Match="*")
    assert answer.status == 304, answer
    return answer["ETag"], answer["Last-Modified"]


def test_good_answer(site, client, uri):
    before = len(site.conversions())
    first, again, head = client(uri), client(uri), client(uri, "HEAD")
    for answer in (first, again, head):
        assert answer.status == 200 and answer["ETag"] and answer["Last-Modified"], answer
        assert answer["Cache-Control"] == MAX_AGE and answer["Vary"] == "Accept" and answer["Accept-Ranges"] == "bytes", answer
        assert answer["Content-Type"] == "image/jpeg" and answer["X-Content-Type-Options"] == "nosniff", answer
        assert int(answer["Content-Length"]) == SIZE, answer
        # How long it is fresh follows from Date, which is there, and max-age (RFC 9111 §4.2).
        assert answer["Age"] is None and answer["Expires"] is None, answer
    assert first.body == again.body == whole()
    # HEAD says what GET says (RFC 9110 §9.3.2).
    same = [{(name.lower(), value) for name, value in answer.fields if name.lower() in map(str.lower, ONCE[1:])}
            for answer in (first, again, head)]
    assert same[0] == same[1] == same[2]
    assert len(site.conversions()) - before <= 1, site.told()
    # The same way out through each web server: what it was for the first depends on who asked before.
    assert first["Cache-Status"] in ("sluice; hit", "sluice; fwd=miss; stored"), first
    assert again["Cache-Status"] == head["Cache-Status"] == "sluice; hit", (again, head)


def test_head_before_get(client):
    uri = f"/picture/a?x={next(fresh)}"
    head, get = client(uri, "HEAD"), client(uri)
    for name in ONCE[1:]:
        assert head[name] == get[name], (name, head, get)


def test_tags_tell_apart(site, client):
    """Equal tags, equal bytes: parameters, format and source are part of it; what is canonically the same is not."""
    x = next(fresh)
    base = client(f"/picture/a?x={x}")["ETag"]
    assert client(f"/picture/a?x={x}&n={SIZE}")["ETag"] == client(f"/picture/a?n={SIZE}&x={x}")["ETag"] == base
    assert client(f"/picture/%61?x={x}", Accept="text/html")["ETag"] == base
    webp = client(f"/picture/a?x={x}", Accept="image/webp,*/*;q=0.5")
    assert webp["Content-Type"] == "image/webp" and webp["Vary"] == "Accept", webp
    tags = {base, webp["ETag"], client(f"/picture/a?x={x}&n=10")["ETag"], client(f"/plain/a?x={x}")["ETag"]}
    assert len(tags) == 4
    asked = client(f"/picture/a?x={x}&format=webp")
    assert asked["ETag"] == webp["ETag"] and asked["Vary"] is None, asked
    source = site.directory / "media" / f"changing-{x}"
    source.write_bytes(b"one\n")
    os.utime(source, (1e9, 1e9))
    old = client(f"/picture/{source.name}")
    # The rules, the configuration and the converter, are younger.
    assert seconds(old["Last-Modified"]) > 1e9
    os.utime(source, (1e9, 1e9 + 1))
    new = client(f"/picture/{source.name}", If_None_Match=old["ETag"])
    assert new.status == 200 and new["ETag"] != old["ETag"] and seconds(new["Last-Modified"]) > 1e9, new


def test_source_of_the_future(site, client):
    """Last-Modified is never in the future (RFC 9110 §8.8.2.1)."""
    source = site.directory / "media" / "future"
    source.write_bytes(b"one\n")
    os.utime(source, (time.time() + 86400,) * 2)
    for _ in range(3):
        assert client("/picture/future").status == 200


def not_modified(server, answer, tag, modified):
    assert answer.status == 304 and answer["ETag"] == tag, answer
    assert answer["Cache-Control"] == MAX_AGE and answer["Vary"] == "Accept", answer
    # It may be left out, but not be another one (RFC 9110 §15.4.5); and what is not sent has no length but that of 200. HAProxy
    # puts a 0 there, whatever its configuration says.
    assert answer["Last-Modified"] in (modified, None), answer
    assert answer["Content-Length"] in (str(SIZE), None) or server == "haproxy", answer


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_conditions(site, client, uri, method):
    tag, modified = known(client, uri)
    before, later = date(seconds(modified) - 10), date(seconds(modified) + 10)
    lines = len(site.conversions())
    for fields in ({"If_None_Match": tag}, {"If_None_Match": f"W/{tag}"}, {"If_None_Match": f'"x", W/"y",{tag} , "z"'},
                   {"If_None_Match": "*"}, {"If_Modified_Since": modified},
                   # The tag decides alone (§13.2.2).
                   {"If_None_Match": tag, "If_Modified_Since": before},
                   {"If_Match": tag, "If_None_Match": tag}, {"If_Unmodified_Since": modified, "If_None_Match": tag},
                   # Conditions come before Range.
                   {"If_None_Match": tag, "Range": "bytes=0-9"}):
        not_modified(site.server.name, client(uri, method, **fields), tag, modified)
    for fields in ({"If_Match": '"x"'}, {"If_Match": f"W/{tag}"}, {"If_Unmodified_Since": before},
                   {"If_Match": '"x"', "If_None_Match": tag}, {"If_Match": '"x"', "If_Unmodified_Since": later}):
        answer = client(uri, method, **fields)
        assert answer.status == 412 and answer["Cache-Control"] == "no-store" and answer["Vary"] == "Accept", (fields, answer)
    # None of it needed a conversion.
    assert len(site.conversions()) == lines
    for fields in ({"If_None_Match": '"x"'}, {"If_None_Match": tag.strip('"')}, {"If_None_Match": '"x"', "If_Modified_Since": modified},
                   # A source may be replaced by an older file: only the date that the client was given counts.
                   {"If_Modified_Since": before}, {"If_Modified_Since": later}, {"If_Modified_Since": "yesterday"}, {"If_Match": "*"}, {"If_Match": f'"x", {tag}'},
                   {"If_Match": tag, "If_Unmodified_Since": before}, {"If_Unmodified_Since": modified}, {"If_Unmodified_Since": "never"}):
        answer = client(uri, method, **fields)
        assert answer.status == 200 and answer["ETag"] == tag and answer["Vary"] == "Accept", (fields, answer)
        assert int(answer["Content-Length"]) == SIZE, answer


@pytest.mark.parametrize("field, first, last", [
    ("0-0", 0, 0), ("10-99", 10, 99), ("0-", 0, SIZE - 1), (f"{SIZE - 1}-", SIZE - 1, SIZE - 1), ("-1", SIZE - 1, SIZE - 1),
    ("-1000", SIZE - 1000, SIZE - 1), (f"100000-{10 * SIZE}", 100000, SIZE - 1), (f"-{10 * SIZE}", 0, SIZE - 1)])
def test_range(client, uri, field, first, last):
    answer = client(uri, Range=f"bytes={field}")
    if (first, last) == (0, SIZE - 1) and answer.status == 200:
        return  # everything: lighttpd, and Apache of a file of its own
    assert answer.status == 206 and answer["Content-Range"] == f"bytes {first}-{last}/{SIZE}", answer
    assert answer.body == whole()[first:last + 1] and int(answer["Content-Length"]) == last - first + 1
    assert answer["ETag"] and answer["Cache-Control"] == MAX_AGE and answer["Vary"] == "Accept", answer
    assert answer["Content-Type"] == "image/jpeg", answer
    full = client(uri)
    assert full.status == 200 and full["ETag"] == answer["ETag"] and full.body == whole()


def test_ranges_that_count_as_none(client, uri):
    for field in ("bytes=", "bytes=x-", "bytes=5-4", "bytes 0-1", "lines=1-2", "bytes=0-1-2", "bytes=--1"):
        answer = client(uri, Range=field)
        assert answer.status in (200, 416), (field, answer)
        assert answer.status != 200 or answer.body == whole(), field
    # §14.2: of GET only.
    answer = client(uri, "HEAD", Range="bytes=0-9")
    assert answer.status in (200, 206), answer


def test_several_ranges(client, uri):
    answer = client(uri, Range="bytes=0-9,100-109")
    if answer.status == 200:
        assert answer.body == whole()
        return
    assert answer.status == 206 and answer["Content-Range"] is None, answer
    boundary = re.fullmatch(r"multipart/byteranges; boundary=(\S+)", answer["Content-Type"])[1].encode()
    parts = [part.split(b"\r\n\r\n", 1) for part in answer.body.split(b"--" + boundary)[1:-1]]
    assert [part[1].removesuffix(b"\r\n") for part in parts] == [whole()[:10], whole()[100:110]]


def test_range_outside(client, uri):
    for field in (f"{SIZE}-", f"{SIZE}-{SIZE + 5}", "-0"):
        answer = client(uri, Range=f"bytes={field}")
        assert answer.status == 416 and answer["Content-Range"] == f"bytes */{SIZE}", (field, answer)
        assert answer["Cache-Control"] == "no-store" and answer["Vary"] == "Accept" and not answer["ETag"], answer


def test_if_range(client, uri):
    tag, modified = known(client, uri)
    answer = client(uri, Range="bytes=0-9", If_Range=tag)
    assert answer.status == 206 and answer.body == whole()[:10], answer
    for value in ('"x"', f"W/{tag}", date(seconds(modified) - 10), date(seconds(modified) + 10), "nonsense"):
        answer = client(uri, Range="bytes=0-9", If_Range=value)
        assert answer.status == 200 and answer.body == whole(), (value, answer)


def test_if_range_with_a_date(site, client):
    """A date says nothing about a change of the rules: it gets the whole."""
    source = site.directory / "media" / f"young-{next(fresh)}"
    source.write_bytes(b"one\n")
    uri = f"/picture/{source.name}"
    _, modified = known(client, uri)
    for _ in range(2):
        answer = client(uri, Range="bytes=5-9", If_Range=modified)
        # lighttpd cuts a range out of a whole answer that has arrived at once, and takes any date.
        assert answer.status == 200 or site.server.program == "lighttpd", answer
        assert answer.body == (whole() if answer.status == 200 else whole()[5:10])


@pytest.mark.parametrize("address, status, varies", [
    ("/picture/a?x=no", 400, True), ("/picture/nowhere", 404, False), ("/nowhere", 404, False), ("/fails/a", 422, True),
    ("/thumb/a?size=10x10", 415, False)])
def test_errors(client, address, status, varies):
    get, head = client(address), client(address, "HEAD")
    conditional = client(address, If_None_Match="*", If_Modified_Since=date(time.time()), Range="bytes=0-0")
    for answer in (get, head, conditional):
        if answer is conditional and answer.status == 304:
            assert status == 422  # the good answer that there would be
            continue
        assert answer.status == status and answer["Cache-Control"] == "no-store", answer
        assert answer["ETag"] is None and answer["Last-Modified"] is None, answer
        assert answer["Vary"] == ("Accept" if varies else None), answer
        assert answer["Content-Type"] == "text/plain; charset=utf-8", answer
    # The id of the request, which is another one, has always the same length with these servers.
    assert head["Content-Length"] == get["Content-Length"] or head["Content-Length"] is None, (head, get)


def test_plain(client):
    """A recipe that negotiates nothing and says nothing about caches."""
    uri = f"/plain/a?x={next(fresh)}"
    for answer in (client(uri), client(uri), client(uri, If_None_Match="*"), client(uri, Range="bytes=0-9")):
        assert answer.status in (200, 304, 206) and answer["Vary"] is None and answer["Cache-Control"] is None, answer


def test_live(client):
    """The first time it streams; then it is like any other."""
    uri = f"/watch/film/a?x={next(fresh)}"
    head = client(uri, "HEAD")
    first = client(uri, Range="bytes=5-9")
    assert (first.status, first.body) in ((200, whole()), (206, whole()[5:10])), first
    again = client(uri)
    for answer in (head, first, again):
        assert answer["ETag"] == again["ETag"] and answer["Cache-Control"] == MAX_AGE, answer
        assert answer["Content-Type"] == "video/mp4" and answer["Last-Modified"], answer
    assert again.status == 200 and again.body == whole() and int(again["Content-Length"]) == SIZE
    part = client(uri, Range="bytes=100-199", If_Range=again["ETag"])
    assert part.status == 206 and part.body == whole()[100:200], part
    assert client(uri, If_None_Match=again["ETag"]).status == 304
