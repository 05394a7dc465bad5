# SPDX-License-Identifier: MIT
"""What the daemon waits for, or has promised, when the other side does not keep its word: a converter that takes its output back, a
file that becomes shorter while it is sent, a web server that asks and floods and takes nothing. Each ends by the daemon's clock,
what arrives is never anything else than the converter's bytes, and what is incomplete looks like it."""

import contextlib
import os
import signal
import threading
import time

import pytest

import fastcgi
import pattern
import processes
from daemon import SLOW, Moment, elapsed, recipe, taken
from processes import wait_until

MIB = 1 << 20
COUNT = {"n": {"type": "integer", "min": 0, "max": 1 << 32}}
LIVE = {"response": "live", "timeout": "1s"}

RECIPES = [
    recipe("hello", "text", "hello\n"),
    recipe("hang", "write", "1", "hang", timeout="60s"),
    recipe("whole", "write", "{n}", params=COUNT, timeout="60s"),
    recipe("endless", "endless", response="live", timeout="60s"),
    recipe("brief", "endless", response="live", timeout="500ms"),
    recipe("seesaw", "seesaw", "{n}", params=COUNT, **LIVE),
    recipe("lure", "lure", "{n}", params=COUNT, response="live", timeout="3s"),
    recipe("thief", "thief", "endless", **LIVE),
    recipe("seesawwhole", "seesaw", "{n}", params=COUNT, timeout="1s"),
    recipe("thiefwhole", "thief", "endless", timeout="1s"),
    recipe("thiefends", "thief", "write", "{n}", params=COUNT, timeout="5s"),
    recipe("resize", "to", "{output}", "write", "100000", "resize", timeout="5s"),
    recipe("resizeopen", "to", "{output}", "write", "100000", "resize", timeout="5s", confine="off"),
]


@pytest.fixture(scope="module")
def daemon(module_sluice):
    return module_sluice(*RECIPES, slots=16, send_timeout="1s")


@pytest.fixture(scope="module")
def copying(module_sluice):
    return module_sluice(*RECIPES, slots=16, send_timeout="1s", splice=False)


@pytest.fixture(scope="module")
def shared(module_sluice, tmp_path_factory):
    return module_sluice(*[r[:-1] + "    join = true\n}" for r in RECIPES if "thief" in r.split("{")[0] or "seesaw" in r.split("{")[0]],
                         slots=16, send_timeout="1s")


pytestmark = pytest.mark.usefixtures("nothing_left")


# A converter that takes its output back

def taken_back(daemon, uri):
    """Returns the answer and the line of the log; the converter's deadline has ended it at the latest."""
    mark, start = daemon.log.mark(), Moment()
    answer = daemon.get(uri)
    line = daemon.log.wait_request(mark, timeout=5 * SLOW)[0]
    assert taken(start) < 1 + 1 * SLOW, (answer, line.text)
    wait_until(lambda: not daemon.converters(), 1 * SLOW)
    return answer, line


@pytest.mark.parametrize("uri", ["/thief/a", "/seesaw/a?n=100", "/seesaw/a?n=60000", "/seesaw/a?n=900000"])
@pytest.mark.parametrize("which", ["daemon", "copying", "shared"])
def test_live_output_that_is_taken_back(request, which, uri):
    """Between the daemon's look at the pipe and its splice; whatever was sent until then, the end does not look like a good one."""
    daemon = request.getfixturevalue(which)
    for _ in range(3):
        answer, line = taken_back(daemon, uri)
        if answer.status == 200:
            assert not answer.ended and answer.broken in ("version", "close"), answer
        else:
            assert answer.status in (502, 504) and answer.ended, answer
        # On a fast machine it writes a gigabyte before it once takes something back in time.
        assert "took back" in line.text or line["outcome"] in ("deadline", "limit"), line.text
    assert daemon.get("/hello/a").status == 200 if which != "shared" else True


@pytest.mark.parametrize("n", [60000, MIB])
@pytest.mark.parametrize("splice", [True, False])
def test_output_that_is_taken_back_in_the_middle(sluice, splice, n):
    """The socket is full and the daemon has counted what stands in the pipe; when the web server reads on, the rest is gone. Of what is
    in the daemon's own pipe by then nothing is missing, and the rest was never written, as far as anybody can know."""
    daemon = sluice(*RECIPES, splice=splice, send_timeout="60s")
    mark, check = daemon.log.mark(), pattern.Checker()
    with daemon.connect() as connection:
        connection.send(fastcgi.request(f"/lure/a?n={n}"))
        wait_until(lambda: any(name.endswith("/taken") for name in daemon.temporary_files()), 5 * SLOW)
        answer = connection.answer(sink=check)
        assert answer.broken == "version" and check.wrong_at is None, (answer, check.wrong_at)
    line = daemon.log.wait_request(mark, timeout=2 * SLOW)[0]
    assert line["outcome"] in ("crashed", "deadline"), line.text
    assert "took back" in line.text or "deadline" in line.text, line.text
    wait_until(lambda: not daemon.converters(), 1 * SLOW)


@pytest.mark.parametrize("uri", ["/thiefwhole/a", "/seesawwhole/a?n=100", "/seesawwhole/a?n=900000"])
@pytest.mark.parametrize("which", ["daemon", "copying", "shared"])
def test_whole_output_that_is_taken_back(request, which, uri):
    """It never ends by itself: an honest status, at the deadline or before. What is endless may reach max_output first."""
    answer, line = taken_back(request.getfixturevalue(which), uri)
    assert answer.status in (502, 504, 507) and answer.ended, answer
    assert any(word in line.text for word in ("took back", "deadline", "limit: ")), line.text


@pytest.mark.parametrize("n", [1000, MIB - 1, 5 * MIB])
def test_whole_length_is_what_is_sent(daemon, n):
    """The program ends well although it has eaten some of its output. What is left is its output, or there is none."""
    for _ in range(5):
        answer = daemon.get(f"/thiefends/a?n={n}")
        assert answer.ended and answer.status in (200, 422, 502), answer
        if answer.status == 200:
            assert answer.headers["content-length"] == str(answer.length)


@pytest.mark.parametrize("name", ["resize", "resizeopen"])
def test_output_file_that_changes_after_the_end(daemon, name):
    """Who stays behind is gone before the file is measured; and if not, the length that was told shows what is missing."""
    for _ in range(5):
        mark = daemon.log.mark()
        answer = daemon.get(f"/{name}/a")
        assert answer.status in (200, 422), answer
        if answer.ended and answer.status == 200:
            assert answer.headers["content-length"] == str(answer.length)
        else:
            assert answer.status == 422 or answer.broken, answer
        daemon.log.wait_request(mark)
    wait_until(lambda: not daemon.converters(), 1 * SLOW)


# A file that becomes shorter

def shorten(daemon, uri, path_of):
    """A client waits in the middle of the answer while the file is cut. Returns the answer and the line of the log."""
    mark, check = daemon.log.mark(), pattern.Checker()
    with daemon.connect(receive_buffer=4096) as connection:
        connection.send(fastcgi.request(uri))
        answer = connection.answer(sink=check, until=lambda a: a.length > 0)
        os.truncate(path_of(), MIB)
        connection.answer(sink=check, into=answer)
    assert check.wrong_at is None, check.wrong_at
    return answer, daemon.log.wait_request(mark)[0]


@pytest.mark.parametrize("splice", [True, False])
def test_spill_file_that_becomes_shorter(sluice, splice):
    daemon = sluice(*RECIPES, splice=splice, send_timeout="60s")

    def spill():
        """The one of this length: other files of the job may be open without a name for a moment."""
        for fd, what in processes.descriptors(daemon.pid).items():
            with contextlib.suppress(FileNotFoundError):
                path = f"/proc/{daemon.pid}/fd/{fd}"
                if what.startswith(daemon.directory) and what.endswith("(deleted)") and os.stat(path).st_size == 64 * MIB:
                    return path
        raise AssertionError(processes.descriptors(daemon.pid))
    answer, line = shorten(daemon, f"/whole/a?n={64 * MIB}", spill)
    assert not answer.ended and answer.broken and answer.length < 64 * MIB, answer
    assert "shorter" in line.text and line["outcome"] == "internal", line.text


def test_cached_file_that_becomes_shorter(sluice, tmp_path):
    store = tmp_path / "cache"
    store.mkdir()
    daemon = sluice(recipe("whole", "write", "{n}", params=COUNT, cache=True),
                    f'cache {{ path = "{store}" }}', send_timeout="60s")
    uri = f"/whole/a?n={32 * MIB}"
    assert daemon.get(uri).length == 32 * MIB

    def entry():
        return next(os.path.join(where, name) for where, _, names in os.walk(store) for name in names
                    if os.path.getsize(os.path.join(where, name)) == 32 * MIB)
    answer, line = shorten(daemon, uri, entry)
    assert not answer.ended and answer.broken and answer.length < 32 * MIB, answer
    assert "shorter" in line.text, line.text
    assert daemon.get(uri).length == 32 * MIB, "a short file is no entry"


# A web server that asks while it takes nothing

def stalled(daemon, connection):
    """Begins an answer that nobody reads; waits until the converter is stuck in its write."""
    connection.send(fastcgi.request("/endless/a", keep=True))
    pid = daemon.wait_converters(1)[0]
    before = -1
    while before != (before := processes.bytes_written(pid)):
        time.sleep(0.1)


def assert_dropped(daemon, mark, cpu, start):
    """By the time that a peer has to take something, and for little work."""
    line = daemon.log.wait_request(mark, timeout=2 + 2 * SLOW)[0]
    assert line["outcome"] in ("send-failed", "client-gone"), line.text
    assert taken(start) < 1 + 2 * SLOW
    spent = processes.cpu_seconds(daemon.pid) - cpu
    assert spent < 0.5 * SLOW, f"{spent} s of processor time for a peer that takes nothing"
    wait_until(lambda: not daemon.converters(), 1 * SLOW)


QUESTION = fastcgi.record(fastcgi.GET_VALUES, 0, fastcgi.pairs({"FCGI_MAX_CONNS": "", "FCGI_MAX_REQS": ""}))
NEXT = [fastcgi.record(fastcgi.STDIN, 9, b"x"), QUESTION, fastcgi.begin(2), fastcgi.record(42, 0, b"?"), b"\1"]


@pytest.mark.parametrize("close", [True, False])
@pytest.mark.parametrize("then", range(len(NEXT)))
def test_question_and_more_while_an_answer_is_stalled(daemon, then, close):
    """The reply has to wait, and so has what follows; the worker must not try again and again."""
    mark = daemon.log.mark()
    with daemon.connect() as connection:
        stalled(daemon, connection)
        cpu, start = processes.cpu_seconds(daemon.pid), Moment()
        connection.send(QUESTION + NEXT[then])
        if close:
            connection.half_close()
        assert_dropped(daemon, mark, cpu, start)


def test_flood_while_an_answer_is_stalled(daemon):
    """There is always input: the time to take something passes all the same."""
    mark = daemon.log.mark()
    with daemon.connect() as connection:
        stalled(daemon, connection)
        start = Moment()
        data = fastcgi.record(fastcgi.STDIN, 9, b"x" * 56) * 1000
        flood = threading.Thread(target=lambda: [None for _ in iter(lambda: elapsed(start) < 40 * SLOW and connection.send(data), False)])
        flood.start()
        try:
            line = daemon.log.wait_request(mark, timeout=1 + 3 * SLOW)[0]
        finally:
            connection.socket.shutdown(2)
            flood.join()
    assert line["outcome"] == "send-failed", line.text
    wait_until(lambda: not daemon.converters(), 1 * SLOW)


def test_slow_reader_gets_its_replies(daemon):
    """A question in the middle of a long answer, from a peer that is slow but reads."""
    n = 8 * MIB
    with daemon.connect(receive_buffer=4096) as connection:
        connection.send(fastcgi.request(f"/whole/a?n={n}", keep=True))
        check, answer, others = pattern.Checker(), fastcgi.Answer(), []
        for stop in range(0, n, n // 40):
            connection.send(QUESTION)
            connection.answer(sink=check, into=answer, others=others, until=lambda a, stop=stop: a.length > stop)
            time.sleep(0.005)
        connection.answer(sink=check, into=answer, others=others)
        assert (answer.ended, check.length, check.wrong_at) == (True, n, None), answer
        assert others and {kind for kind, _, _ in others} == {fastcgi.GET_VALUES_RESULT}


def test_deadline_in_the_middle_of_a_record(sluice):
    """The reader rests when time is over, and goes on a little later: the record comes to its end before the stream is broken."""
    daemon = sluice(*RECIPES, send_timeout="60s")
    with daemon.connect(receive_buffer=4096) as connection:
        connection.send(fastcgi.request("/brief/a"))
        check = pattern.Checker()
        answer = connection.answer(sink=check, until=lambda a: a.length > 0)
        mark = daemon.log.mark()
        wait_until(lambda: not daemon.converters(), 2 * SLOW)
        connection.answer(sink=check, into=answer)
        assert answer.broken == "version" and check.wrong_at is None, (answer, check.wrong_at)
        assert "deadline" in daemon.log.wait_request(mark)[0].text


# What is said of the daemon, and what it hears

def limits(daemon):
    with daemon.connect() as connection:
        values = connection.values("FCGI_MAX_CONNS", "FCGI_MAX_REQS")
        return {int(value) for value in values.values()}


def test_get_values_follows_the_configuration(sluice):
    daemon = sluice(*RECIPES, connections=123)
    assert limits(daemon) == {123}
    with daemon.connect() as connection:
        daemon.configure(*RECIPES, connections=77)
        daemon.signal(signal.SIGHUP)
        wait_until(lambda: limits(daemon) == {77}, 3 * SLOW)
        assert connection.values("FCGI_MAX_CONNS") == {"FCGI_MAX_CONNS": "77"}, "an old connection hears of it, too"


@pytest.mark.parametrize("keep", [True, False])
def test_abort_in_the_same_segment(daemon, keep):
    """The converter is not even started, and the connection is good for the next request."""
    with daemon.connect() as connection:
        wait_until(lambda: not daemon.converters(), 1 * SLOW)
        mark, start = daemon.log.mark(), Moment()
        connection.send(fastcgi.request("/hang/a", 5, keep=keep) + fastcgi.record(fastcgi.ABORT_REQUEST, 5))
        answer = connection.answer(5)
        assert answer.ended and answer.length == 0 and taken(start) < 1 * SLOW, answer
        assert not daemon.converters()
        if keep:
            connection.send(fastcgi.request("/hang/a", 6, keep=True) + fastcgi.record(fastcgi.ABORT_REQUEST, 6)
                            + fastcgi.request("/hello/a", 7, keep=True))
            assert connection.answer(6).ended
            assert connection.answer(7).status == 200
            assert [line["url"] for line in daemon.log.wait_request(mark)] == ["/hello/a"]
        else:
            assert connection.wait_closed(2 * SLOW) is not None


def test_abort_right_behind_the_request(daemon):
    """In the next segment, while the converter is being started."""
    for _ in range(5):
        with daemon.connect() as connection:
            connection.send(fastcgi.request("/hang/a", keep=True))
            connection.send(fastcgi.record(fastcgi.ABORT_REQUEST, 1))
            start = Moment()
            assert connection.answer().ended and taken(start) < 1 * SLOW
            wait_until(lambda: not daemon.converters(), 1 * SLOW)


# Who keeps the places and uses none of them

def test_idle_connections_give_way(sluice):
    """The longest idle one goes first; what is being answered or asked stays."""
    daemon = sluice(*RECIPES, connections=16)
    with contextlib.ExitStack() as stack:
        def connect():
            return stack.enter_context(daemon.connect())
        running, asking = connect(), connect()
        running.send(fastcgi.request("/hang/a", keep=True))
        daemon.wait_converters(1)
        asking.send(fastcgi.request("/hello/a", keep=True)[:50])
        idle = [connect() for _ in range(14)]
        for connection in idle:
            assert connection.get("/hello/a", keep=True).status == 200
        for i in range(5):
            start = Moment()
            assert connect().get("/hello/a", keep=True).status == 200
            assert taken(start) < 1 * SLOW
            assert idle[i].wait_closed(1 * SLOW) is not None
        assert all(connection.is_open() for connection in (running, asking, *idle[5:]))
        asking.send(fastcgi.request("/hello/a", keep=True)[50:])
        assert asking.answer().status == 200
        assert "closing the longest idle" in daemon.log.text()
        assert daemon.log.text().count("closing the longest idle") == 1


def test_peers_that_only_connect_keep_nobody_out(sluice):
    """They never say a word; the daemon gives them a second to."""
    daemon = sluice(*RECIPES, connections=16)
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(daemon.connect())
        start = Moment()
        for _ in range(10):
            assert daemon.get("/hello/a").status == 200
        assert taken(start) < 4 * SLOW


def test_last_place_is_not_taken_from_anybody(sluice):
    """As many as may be are as many as may be."""
    daemon = sluice(*RECIPES, connections=16)
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(daemon.connect()) for _ in range(16)]
        for _ in range(3):
            for connection in connections:
                assert connection.get("/hello/a", keep=True).status == 200
        assert all(connection.is_open() for connection in connections)
