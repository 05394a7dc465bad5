# SPDX-License-Identifier: MIT
"""What browsers, proxies and CDNs ask with: validators, conditions, ranges. A condition that holds costs no converter."""

import email.utils
import os
import re
import time

import pytest

import fastcgi
import pattern
from daemon import FAKE, recipe

SIZES = [1, 1000, 65536, 1 << 20, (1 << 20) + 1, 3_000_000]
COUNT = {"n": {"type": "integer", "min": 0, "max": 1 << 32}}
FORMAT = {"format": {"type": "format", "values": ["webp", "jpeg"]}}

def same(*run, **options):
    """A recipe that promises the same bytes each time: then its tags are strong, and ranges count, without a store."""
    return recipe(*run, deterministic=True, **options)


RECIPES = [
    same("whole", "write", "{n}", params=COUNT, cache_control="public, max-age=60"),
    same("file", "to", "{output}", "write", "{n}", params=COUNT),
    same("live", "write", "{n}", params=COUNT, response="live", cache_control="public"),
    same("broken", "exit", "1", params=COUNT),
    same("slow", "write", "{n}", "pause", "400", params=COUNT, cache_control="public, max-age=31536000, immutable"),
    same("negotiated", "text", "{format}", params=FORMAT),
    same("both", "text", "{a|-}{format}", params={**FORMAT, "a": {"type": "integer", "max": 9}}),
    same("sizes", "text", "{size}", params={"size": {"type": "size", "max": "100x100"}}),
]


@pytest.fixture(scope="module")
def daemon(module_sluice):
    return module_sluice(*RECIPES, slots=16)


pytestmark = pytest.mark.usefixtures("nothing_left")


def etag(daemon, uri, **more):
    answer = daemon.get(uri, **more)
    assert answer.status == 200, answer
    found = answer.headers["etag"]
    assert re.fullmatch(r'"[!#-~]{16,64}"', found), found
    return found


def conversions(daemon, mark):
    return [line for line in daemon.log.requests(mark) if "cpu_ms" in line]


@pytest.mark.parametrize("kind", ["whole", "file", "live"])
def test_validators(daemon, kind):
    answer = daemon.get(f"/{kind}/a?n=10")
    # The later of the source's time and that of the rules: here the configuration or the converter.
    mtime = max(os.stat(os.path.join(daemon.root, "a")).st_mtime, os.stat(daemon.config).st_mtime, os.stat(FAKE).st_ctime)
    assert answer.headers["last-modified"] == email.utils.formatdate(int(mtime), usegmt=True)
    assert answer.headers["etag"] == etag(daemon, f"/{kind}/a?n=10") == etag(daemon, f"/{kind}/a?n=10", method="HEAD")
    assert answer.headers.get("accept-ranges") == (None if kind == "live" else "bytes")


@pytest.mark.parametrize("kind", ["whole", "live", "broken"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_not_modified_without_a_converter(daemon, kind, method):
    """Also when it was never converted: for the tag of `broken` that shows best."""
    mark = daemon.log.mark()
    when = daemon.get(f"/{kind}/a?n=10", HTTP_IF_NONE_MATCH="*").headers["last-modified"]
    for more in ({"HTTP_IF_NONE_MATCH": "*"}, {"HTTP_IF_MODIFIED_SINCE": when}):
        answer = daemon.get(f"/{kind}/a?n=10", method=method, **more)
        assert (answer.status, answer.length, answer.ended) == (304, 0, True), answer
        assert {"etag", "last-modified"} <= set(answer.headers) and "content-length" not in answer.headers
        assert answer.headers.get("cache-control") == {"whole": "public, max-age=60", "live": "public"}.get(kind)
        again = daemon.get(f"/{kind}/a?n=10", method=method, HTTP_IF_NONE_MATCH=f'"x", W/{answer.headers["etag"]}')
        assert again.status == 304 and again.headers["etag"] == answer.headers["etag"]
    daemon.log.wait_request(mark, 5)
    assert conversions(daemon, mark) == []


def test_modified(daemon):
    assert daemon.get("/whole/a?n=10", HTTP_IF_NONE_MATCH='"x"').status == 200
    assert daemon.get("/whole/a?n=10", HTTP_IF_MODIFIED_SINCE="Sun, 06 Nov 1994 08:49:37 GMT").status == 200
    now = email.utils.formatdate(usegmt=True)
    assert daemon.get("/whole/a?n=10", HTTP_IF_NONE_MATCH='"x"', HTTP_IF_MODIFIED_SINCE=now).status == 200


def test_conditions_come_after_errors(daemon):
    assert daemon.get("/whole/a?n=x", HTTP_IF_NONE_MATCH="*").status == 400
    assert daemon.get("/whole/none?n=1", HTTP_IF_NONE_MATCH="*").status == 404
    assert daemon.get("/whole/a?n=1", method="POST", HTTP_IF_NONE_MATCH="*").status == 405


def test_precondition_failed(daemon):
    answer = daemon.get("/whole/a?n=10", HTTP_IF_MATCH='"x"')
    assert answer.status == 412 and answer.headers["cache-control"] == "no-store" and "etag" not in answer.headers
    assert daemon.get("/whole/a?n=10", HTTP_IF_UNMODIFIED_SINCE="Sun, 06 Nov 1994 08:49:37 GMT").status == 412
    assert daemon.get("/whole/a?n=10", HTTP_IF_MATCH=etag(daemon, "/whole/a?n=10")).status == 200


def test_tag_is_of_the_canonical_request(daemon):
    one = etag(daemon, "/sizes/a?size=30")
    assert one == etag(daemon, "/sizes/a?size=30x") == etag(daemon, "/sizes/a?size=%330x")
    assert len({one, etag(daemon, "/sizes/a?size=31x"), etag(daemon, "/sizes/a?size=30x30")}) == 3
    assert etag(daemon, "/whole/a?n=10") != etag(daemon, "/file/a?n=10") != etag(daemon, "/live/a?n=10")


def test_tag_follows_the_source(daemon):
    path = daemon.file("changing", b"1234")
    seen = {etag(daemon, "/whole/changing?n=1")}
    with open(path, "wb") as file:
        file.write(b"4321")
    seen.add(etag(daemon, "/whole/changing?n=1"))
    status = os.stat(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    seen.add(etag(daemon, "/whole/changing?n=1"))
    daemon.file("other", b"4321")
    os.utime(os.path.join(daemon.root, "other"), ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    os.rename(os.path.join(daemon.root, "other"), path)
    seen.add(etag(daemon, "/whole/changing?n=1"))
    assert len(seen) == 4


def test_tag_follows_the_command(sluice):
    first = sluice(same("r", "text", "one"))
    one = etag(first, "/r/a")
    first.configure(same("r", "text", "two"))
    mark = first.log.mark()
    first.signal(1)
    first.log.wait_text("configuration reloaded", mark)
    assert etag(first, "/r/a") != one
    assert first.get("/r/a", HTTP_IF_NONE_MATCH=one).status == 200


def test_a_date_in_the_future_is_none(daemon):
    path = daemon.file("future", b"x")
    os.utime(path, (time.time() + 9000, time.time() + 9000))
    answer = daemon.get("/whole/future?n=1")
    said = email.utils.parsedate_to_datetime(answer.headers["last-modified"]).timestamp()
    assert said <= time.time()


def test_negotiated(daemon):
    webp = daemon.get("/negotiated/a", HTTP_ACCEPT="image/webp")
    jpeg = daemon.get("/negotiated/a")
    assert webp.headers["etag"] != jpeg.headers["etag"]
    answer = daemon.get("/negotiated/a", HTTP_ACCEPT="image/webp", HTTP_IF_NONE_MATCH=webp.headers["etag"])
    assert answer.status == 304 and answer.headers["vary"] == "Accept"
    assert daemon.get("/negotiated/a", HTTP_IF_NONE_MATCH=webp.headers["etag"]).status == 200
    assert daemon.get("/both/a?a=10").headers["vary"] == "Accept"
    assert daemon.get("/negotiated/a", HTTP_IF_MATCH='"x"').headers["vary"] == "Accept"


@pytest.mark.parametrize("kind", ["whole", "file"])
@pytest.mark.parametrize("size", SIZES)
def test_ranges(daemon, kind, size):
    uri = f"/{kind}/a?n={size}"
    for field, first, length in ((f"bytes=0-{size - 1}", 0, size), ("bytes=-1", size - 1, 1),
                                 (f"bytes={size // 2}-", size // 2, size - size // 2),
                                 (f"bytes={size // 3}-{size // 3}", size // 3, 1)):
        answer = daemon.get(uri, HTTP_RANGE=field)
        assert (answer.status, answer.ended) == (206, True), answer
        assert answer.headers["content-range"] == f"bytes {first}-{first + length - 1}/{size}"
        assert answer.headers["content-length"] == str(length) and "etag" in answer.headers
        assert bytes(answer.body) == pattern.at(0, size)[first:first + length] if size < 1000000 else answer.length == length
        assert bytes(answer.body[:100]) == pattern.at(first, min(length, 100))


def test_range_outside(daemon):
    answer = daemon.get("/whole/a?n=1000", HTTP_RANGE="bytes=1000-")
    assert answer.status == 416 and answer.headers["content-range"] == "bytes */1000"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("field", ["bytes=0-1,5-6", "bytes=5-4", "chapters=1-2", "bytes"])
def test_range_that_does_not_count(daemon, field):
    answer = daemon.get("/whole/a?n=1000", HTTP_RANGE=field)
    assert (answer.status, answer.length) == (200, 1000) and "content-range" not in answer.headers


def test_range_is_for_get(daemon):
    answer = daemon.get("/whole/a?n=1000", HTTP_RANGE="bytes=0-1", method="HEAD")
    assert answer.status == 200 and answer.headers["content-length"] == "1000" and answer.length == 0


def test_range_of_a_live_answer(daemon):
    answer = daemon.get("/live/a?n=1000", HTTP_RANGE="bytes=0-1")
    assert (answer.status, answer.length) == (200, 1000)


def test_if_range(daemon):
    uri = "/whole/a?n=1000"
    tag = etag(daemon, uri)
    assert daemon.get(uri, HTTP_RANGE="bytes=0-1", HTTP_IF_RANGE=tag).status == 206
    assert daemon.get(uri, HTTP_RANGE="bytes=0-1", HTTP_IF_RANGE='"x"').status == 200
    assert daemon.get(uri, HTTP_RANGE="bytes=0-1", HTTP_IF_RANGE=f"W/{tag}").status == 200
    date = daemon.get(uri).headers["last-modified"]
    assert daemon.get(uri, HTTP_RANGE="bytes=0-1", HTTP_IF_RANGE=date).status == 200
    assert daemon.get(uri, HTTP_RANGE="bytes=0-1", HTTP_IF_RANGE=tag, HTTP_IF_NONE_MATCH=tag).status == 304
