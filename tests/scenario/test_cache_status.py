# SPDX-License-Identifier: MIT
"""Cache-Status (RFC 9211): each way in which an answer goes out says what the store did for it."""

import concurrent.futures
import os
import re

import pytest

import fastcgi
from daemon import SLOW, recipe
from processes import wait_until

MIB = 1 << 20
N = {"n": {"type": "integer", "max": 1 << 30}, "x": {"type": "integer", "max": 9}}


def made(name, *run, **options):
    return recipe(name, *run, "note", "{x|0}", params=N, **options)


RECIPES = [
    made("whole", "write", "{n}"),
    made("slow", "write", "{n}", "pause", "700"),
    made("fails", "write", "{n}", "exit", "1"),
    made("mapped", "exit", "3", exits=["3=404"]),
    made("uncached", "write", "{n}", cache=False),
    made("live", "write", "{n}", "pause", "300", "write", "{n}", response="live", cache=True),
    made("stream", "write", "{n}", response="live"),
    made("small", "write", "{n}", max_source=1),
    made("one", "write", "{n}", "hang", slots=1, queue=0, timeout="30s"),
]


@pytest.fixture
def kept(sluice, tmp_path):
    store = tmp_path / "store"
    store.mkdir()

    def make(*recipes, more="", size="100M", **settings):
        return sluice(f'cache {{\n    path = "{store}"\n    size = {size}\n    {more}\n}}', *(recipes or RECIPES), slots=16, **settings)
    return make


def status(answer):
    """The one member's parameters (RFC 8941 §3.1), or None without the field."""
    value = answer.headers.get("cache-status")
    if value is None:
        return None
    assert re.fullmatch(r"sluice(; [a-z-]+(=(-?[0-9]+|[a-z][a-z-]*))?)*", value), value
    found = [part.partition("=")[::2] for part in value.split("; ")[1:]]
    assert len(dict(found)) == len(found) and not {"hit", "fwd"} <= dict(found).keys(), value
    return {name: word or True for name, word in found}


MADE, KEPT, HIT = {"fwd": "miss"}, {"fwd": "miss", "stored": True}, {"hit": True}


@pytest.mark.parametrize("size", [10, 100_000, 2 * MIB])
def test_made_kept_and_found(kept, size):
    daemon = kept()
    uri = f"/whole/a?n={size}"
    first = daemon.get(uri)
    assert status(first) == KEPT
    for _ in range(4):  # by a worker, then from the memo
        assert status(daemon.get(uri)) == HIT
        assert status(daemon.get(uri, method="HEAD")) == HIT
        for more, expected in (({"HTTP_RANGE": "bytes=1-2"}, 206), ({"HTTP_RANGE": f"bytes={size}-"}, 416)):
            answer = daemon.get(uri, **more)
            assert (answer.status, status(answer).pop("hit")) == (expected, True), answer.headers
        answer = daemon.get(uri, HTTP_IF_NONE_MATCH=first.headers["etag"])
        assert (answer.status, status(answer)) == (304, {"hit": True, "detail": "not-modified"})
        answer = daemon.get(uri, HTTP_IF_MATCH='"x"')
        assert (answer.status, status(answer)) == (412, {"detail": "precondition"})


def test_ranges_and_heads_of_what_is_being_made(kept):
    daemon = kept()
    assert status(daemon.get("/whole/a?n=1000&x=1", HTTP_RANGE="bytes=0-9")) == KEPT
    answer = daemon.get("/whole/a?n=1000&x=2", HTTP_RANGE="bytes=1000-")
    assert answer.status == 416 and status(answer) == {**KEPT, "detail": "range"}
    assert status(daemon.get("/whole/a?n=1000&x=3", method="HEAD")) == KEPT


def test_joined(kept):
    daemon = kept()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(daemon.get, ["/slow/a?n=1000"] * 4))
    found = [status(answer) for answer in answers]
    assert found.count(KEPT) == 1 and {**KEPT, "collapsed": True} in found
    assert all(how in (KEPT, {**KEPT, "collapsed": True}, HIT) for how in found), found


def test_failures(kept):
    daemon = kept()
    for _ in range(3):
        answer = daemon.get("/fails/a?n=1000")
        assert answer.status == 422 and status(answer) == {"fwd": "miss", "detail": "refused"}
        answer = daemon.get("/mapped/a?n=1")
        assert answer.status == 404 and status(answer) == {"fwd": "miss", "detail": "mapped"}
    for uri, code, detail in (("/whole/a?n=x", 400, "bad-request"), ("/whole/a?bad=1", 400, "bad-request"), ("/small/a?n=1", 413, "source-too-large")):
        answer = daemon.get(uri)
        assert (answer.status, status(answer)) == (code, {"detail": detail})


def test_nothing_can_be_probed(kept):
    daemon = kept()
    answers = [daemon.get(uri) for uri in ("/none/a?n=1", "/whole/none?n=1", "/whole/../a", "/whole/a/b")]
    assert {(answer.status, status(answer)) for answer in answers} == {(404, None)}


def test_refused_before_the_queue(kept):
    daemon = kept()
    with daemon.connect() as busy:
        busy.send(fastcgi.request("/one/a?n=1&x=1"))
        wait_until(daemon.converters, 10 * SLOW)
        for _ in range(4):
            answer = daemon.get("/one/a?n=1&x=2")
            assert answer.status == 503 and status(answer) == {"detail": "queue-full"}


def test_live_and_without_cache(kept):
    daemon = kept()
    assert status(daemon.get("/live/a?n=100", method="HEAD")) == {"detail": "head"}
    assert status(daemon.get("/live/a?n=100")) == MADE  # its end was not known yet
    assert status(daemon.get("/live/a?n=100")) == HIT
    assert status(daemon.get("/live/a?n=100", method="HEAD")) == HIT
    for name in ("uncached", "stream"):
        for _ in range(3):
            assert status(daemon.get(f"/{name}/a?n=100")) == {"fwd": "bypass"}
    tag = daemon.get("/uncached/a?n=100").headers["etag"]
    assert status(daemon.get("/uncached/a?n=100", HTTP_IF_NONE_MATCH=tag)) == {"detail": "not-modified"}


def test_too_large_to_keep(kept):
    """What is not in the store has no strong tag either, though one was expected."""
    daemon = kept(size="1M")
    for _ in range(2):
        answer = daemon.get(f"/whole/a?n={2 * MIB}")
        assert status(answer) == MADE and answer.headers["etag"].startswith('W/"')
    assert not daemon.get(f"/whole/a?n={MIB // 2}").headers["etag"].startswith("W/")


def test_an_older_result(kept):
    daemon = kept(made("whole", "write", "{n}", stale="60s"))
    daemon.file("b", b"one")
    assert status(daemon.get("/whole/b?n=10")) == KEPT
    daemon.file("b.new", b"two!")
    os.replace(os.path.join(daemon.root, "b.new"), os.path.join(daemon.root, "b"))
    found = status(daemon.get("/whole/b?n=10"))
    assert found.keys() == {"hit", "ttl"} and int(found["ttl"]) <= 0
    wait_until(lambda: status(daemon.get("/whole/b?n=10")) == HIT, 10 * SLOW)


@pytest.mark.parametrize("send,field", [("x-accel-redirect:/store", "x-accel-redirect"), ("x-sendfile", "x-sendfile")])
def test_handed_over(kept, send, field):
    daemon = kept(more=f'send = "{send}"')
    assert status(daemon.get("/whole/a?n=100000")) == KEPT
    for _ in range(4):
        answer = daemon.get("/whole/a?n=100000")
        assert field in answer.headers and status(answer) == HIT


def test_switched_off_and_without_a_store(kept, sluice):
    for daemon in (kept(cache_status=False), sluice(*RECIPES)):
        answers = [daemon.get(uri) for uri in ("/whole/a?n=10", "/whole/a?n=10", "/whole/a?n=x", "/fails/a?n=1", "/uncached/a?n=1")]
        assert [answer.status for answer in answers] == [200, 200, 400, 422, 200]
        assert {status(answer) for answer in answers} == {None}
