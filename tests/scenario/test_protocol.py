# SPDX-License-Identifier: MIT
"""FastCGI 1.0 as web servers speak it and as nobody should: framing, ids, management records, roles, aborted and
stalled requests, bodies, refusals, and memory that a peer cannot make grow."""

import random
import struct

import pytest

import fastcgi
import processes
from daemon import SANITIZER, SLOW, Moment, elapsed, recipe, taken
from fastcgi import (ABORT_REQUEST, BEGIN_REQUEST, END_REQUEST, GET_VALUES, GET_VALUES_RESULT, PARAMS, STDIN,
                     UNKNOWN_TYPE)
from processes import wait_until

URI = "/hello/a"
HELLO = b"hello, world\n"


@pytest.fixture(scope="module")
def daemon(module_sluice):
    return module_sluice(
        recipe("hello", "text", HELLO.decode()),
        recipe("slow", "pause", "300", "text", "slow\n", slots=64),
        recipe("hang", "write", "1", "hang", slots=64, timeout="60s"),
        recipe("one", "write", "1", "hang", slots=1, timeout="60s", queue_timeout="60s"),
        recipe("live", "write", "100", "hang", response="live", slots=64, timeout="60s"),
        request_timeout="1s", slots=64)


pytestmark = pytest.mark.usefixtures("nothing_left")


def assert_hello(answer):
    assert (answer.status, answer.ended, answer.protocol_status) == (200, True, fastcgi.REQUEST_COMPLETE), answer
    assert bytes(answer.body) == HELLO and answer.headers["content-length"] == str(len(HELLO)), answer


def assert_serves(daemon):
    assert_hello(daemon.get(URI))


# Framing

@pytest.mark.parametrize("step", [1, 2, 3, 7, 8, 9, 64, 1000])
def test_request_in_pieces(daemon, step):
    with daemon.connect() as connection:
        connection.send(fastcgi.request(URI), step)
        assert_hello(connection.answer())


def test_request_split_at_every_byte(daemon):
    """Two writes, the border at each byte in turn; the daemon sees the first part before the second is sent."""
    data = fastcgi.request(URI, keep=True, REMOTE_ADDR=None, SERVER_NAME=None, SERVER_SOFTWARE=None,
                           DOCUMENT_ROOT=None, DOCUMENT_URI=None, GATEWAY_INTERFACE=None, SERVER_PROTOCOL=None)
    with daemon.connect() as connection:
        for at in range(1, len(data), 1 if not SANITIZER else 5):
            connection.send(data[:at])
            connection.send(data[at:])
            assert_hello(connection.answer())


@pytest.mark.parametrize("chunk", [1, 2, 5, 127, 65535])
def test_parameters_in_many_records(daemon, chunk):
    with daemon.connect() as connection:
        assert_hello(connection.get(URI, chunk=chunk))


@pytest.mark.parametrize("padding", [1, 7, 8, 255])
def test_padding(daemon, padding):
    with daemon.connect() as connection:
        for _ in range(3):
            assert_hello(connection.get(URI, keep=True, padding=padding, chunk=50, body=b"x" * 99))
        connection.send(fastcgi.request(URI, padding=padding, chunk=13), step=1)
        assert_hello(connection.answer())


@pytest.mark.parametrize("request_id", [1, 2, 255, 256, 257, 4660, 65535])
def test_request_ids(daemon, request_id):
    with daemon.connect() as connection:
        assert_hello(connection.get(URI, request_id))


def test_four_byte_lengths(daemon):
    with daemon.connect() as connection:
        assert_hello(connection.get(URI, long_lengths=True, HTTP_COOKIE="c" * 20000, HTTP_EMPTY=""))


def test_nearly_64_kib_of_parameters(daemon):
    size = len(fastcgi.pairs(fastcgi.cgi(URI, HTTP_COOKIE="c" * 1000)))
    cookie = "c" * (65536 - size + 1000 - 8)
    with daemon.connect() as connection:
        assert_hello(connection.get(URI, HTTP_COOKIE=cookie))


@pytest.mark.parametrize("keep", [True, False])
def test_many_requests_on_one_connection(daemon, keep):
    with daemon.connect() as connection:
        for i in range(1, 301):
            connection.send(fastcgi.request("/no-such-recipe/a" if i % 10 else URI, i % 65535, keep=True))
            answer = connection.answer(i % 65535)
            assert answer.ended and answer.status == (404 if i % 10 else 200), (i, answer)
        assert_hello(connection.get(URI, keep=keep))
        if keep:
            assert connection.is_open()
        else:
            assert connection.wait_closed(2) is not None


def test_keep_conn_0_closes_also_after_errors(daemon):
    for uri in ("/no-such-recipe", "/hello/a?x=1", "/hello/%zz"):
        with daemon.connect() as connection:
            assert connection.get(uri).status in (400, 404)
            assert connection.wait_closed(2) is not None


def test_stdout_ends_with_an_empty_record(daemon):
    with daemon.connect() as connection:
        answer = connection.get(URI)
        assert answer.stdout_closed and answer.ended and not answer.stderr, answer
        assert answer.app_status == 0, answer


# Management records

def test_get_values(daemon):
    with daemon.connect() as connection:
        for _ in range(3):
            values = connection.values("FCGI_MAX_CONNS", "FCGI_MAX_REQS", "FCGI_MPXS_CONNS", "SOMETHING_ELSE")
            assert set(values) == {"FCGI_MAX_CONNS", "FCGI_MAX_REQS", "FCGI_MPXS_CONNS"}, values
            assert values["FCGI_MPXS_CONNS"] == "0"
            assert int(values["FCGI_MAX_CONNS"]) > 0 and int(values["FCGI_MAX_REQS"]) > 0
        assert connection.values("FCGI_MPXS_CONNS") == {"FCGI_MPXS_CONNS": "0"}
        assert connection.values() == {}
        assert_hello(connection.get(URI))


def test_get_values_in_pieces_and_while_a_request_runs(daemon):
    question = fastcgi.record(GET_VALUES, 0, fastcgi.pair("FCGI_MPXS_CONNS", ""), padding=5)
    with daemon.connect() as connection:
        connection.send(question, step=1)
        assert connection.read_record()[0] == GET_VALUES_RESULT
        connection.send(fastcgi.request("/slow/a", 7, keep=True))
        connection.send(question)
        kind, request_id, content, _ = connection.read_record()
        assert (kind, request_id, fastcgi.parse_pairs(content)) == (GET_VALUES_RESULT, 0, {"FCGI_MPXS_CONNS": "0"})
        assert connection.answer(7).status == 200
        assert_hello(connection.get(URI))


@pytest.mark.parametrize("content", [b"\xff" * 100, b"\x80\x00\x00\x00", b"\x7f\x7fab", b"\xff\xff\xff\xff\xff\xff\xff\xff",
                                     b"\x0f\x00FCGI_MPXS", b"x" * 65535])
def test_malformed_get_values(daemon, content):
    with daemon.connect() as connection:
        connection.send(fastcgi.record(GET_VALUES, 0, content))
        try:
            assert connection.read_record()[0] == GET_VALUES_RESULT
        except fastcgi.Closed:
            pass
    assert_serves(daemon)


@pytest.mark.parametrize("kind", [0, 10, 11, 12, 42, 255])
def test_unknown_type(daemon, kind):
    with daemon.connect() as connection:
        connection.send(fastcgi.record(kind, 0, b"whatever", padding=3))
        found, request_id, content, _ = connection.read_record()
        assert (found, request_id, content[0], len(content)) == (UNKNOWN_TYPE, 0, kind, 8)
        assert_hello(connection.get(URI))


def test_unknown_types_flood_without_reading(daemon):
    """Replies that nobody takes must not be kept: the peer is closed, or not read from any more."""
    before = daemon.rss_kib()
    with daemon.connect() as connection:
        connection.socket.settimeout(0.5)
        data = fastcgi.record(42, 0, b"") * 2000
        try:
            for _ in range(500):
                if not connection.send(data):
                    break
        except TimeoutError:
            pass
        assert_serves(daemon)
        assert daemon.rss_kib() - before < 4096 * (4 if SANITIZER else 1)


# Roles and multiplexing

@pytest.mark.parametrize("role", [0, fastcgi.AUTHORIZER, fastcgi.FILTER, 4, 65535])
@pytest.mark.parametrize("keep", [True, False])
def test_unknown_role(daemon, role, keep):
    with daemon.connect() as connection:
        answer = connection.get(URI, role=role, keep=keep)
        assert (answer.ended, answer.protocol_status, answer.status) == (True, fastcgi.UNKNOWN_ROLE, None), answer
        if keep:
            assert_hello(connection.get(URI, 2))
        else:
            assert connection.wait_closed(2) is not None


@pytest.mark.parametrize("whole_request", [True, False])
def test_second_request_while_one_runs(daemon, whole_request):
    with daemon.connect() as connection:
        connection.send(fastcgi.request("/slow/a", 1, keep=True))
        connection.send(fastcgi.request(URI, 2, keep=True) if whole_request else fastcgi.begin(2, keep=True))
        others = []
        answer = connection.answer(1, others=others)
        assert (answer.status, bytes(answer.body)) == (200, b"slow\n"), answer
        while not others:
            kind, request_id, content, _ = connection.read_record()
            others.append((kind, request_id, content))
        assert [(kind, request_id) for kind, request_id, _ in others] == [(END_REQUEST, 2)], others
        assert others[0][2][4] == fastcgi.CANT_MPX_CONN
        assert_hello(connection.get(URI, 2))


def test_second_request_before_the_first_is_complete(daemon):
    with daemon.connect() as connection:
        connection.send(fastcgi.begin(1, keep=True) + fastcgi.request(URI, 2, keep=True))
        kind, request_id, content, _ = connection.read_record()
        assert (kind, request_id, content[4]) == (END_REQUEST, 2, fastcgi.CANT_MPX_CONN)
        connection.send(fastcgi.request(URI, 1, keep=True)[16:])
        assert_hello(connection.answer(1))


def test_many_second_requests(daemon):
    with daemon.connect() as connection:
        connection.send(fastcgi.request("/slow/a", 1, keep=True))
        connection.send(b"".join(fastcgi.begin(i) for i in range(2, 202)))
        others = []
        assert connection.answer(1, others=others).status == 200
        while len(others) < 200:
            others.append(connection.read_record()[:3])
        assert [(k, i, c[4]) for k, i, c in others] == [(END_REQUEST, i, 1) for i in range(2, 202)]


def test_records_of_nobody_are_ignored(daemon):
    """FastCGI 1.0 §3.3: an inactive request id."""
    with daemon.connect() as connection:
        strange = (fastcgi.record(ABORT_REQUEST, 9) + fastcgi.record(STDIN, 9, b"data")
                   + fastcgi.record(PARAMS, 9, b"\1\1ab") + fastcgi.record(STDIN, 9))
        connection.send(strange)
        assert_hello(connection.get(URI, keep=True))
        connection.send(fastcgi.record(ABORT_REQUEST, 1) + fastcgi.record(STDIN, 1, b"late") + strange)
        assert_hello(connection.get(URI))


# Abort and early close

@pytest.mark.parametrize("uri", ["/hang/a", "/live/a"])
@pytest.mark.parametrize("keep", [True, False])
def test_abort_while_running(daemon, uri, keep):
    with daemon.connect() as connection:
        connection.send(fastcgi.request(uri, 3, keep=keep))
        pids = daemon.wait_converters(1)
        if uri == "/live/a":
            answer = connection.answer(3, until=lambda a: a.length >= 100)
            assert answer.status == 200
        connection.send(fastcgi.record(ABORT_REQUEST, 3))
        assert processes.wait_gone(pids, 0.5 * SLOW) == []
        answer = connection.answer(3)
        assert answer.ended or answer.broken, answer
        if answer.ended and keep:
            assert_hello(connection.get(URI, 4))
        else:
            assert connection.wait_closed(2) is not None


def test_abort_is_answered(daemon):
    """FastCGI 1.0 §5.4: END_REQUEST as soon as possible, and the connection goes on."""
    with daemon.connect() as connection:
        for i in range(1, 6):
            connection.send(fastcgi.request("/hang/a", i, keep=True))
            daemon.wait_converters(1)
            connection.send(fastcgi.record(ABORT_REQUEST, i))
            answer = connection.answer(i)
            assert answer.ended and answer.protocol_status == fastcgi.REQUEST_COMPLETE, answer
        assert_hello(connection.get(URI, 9))


def test_abort_while_queued(daemon):
    with daemon.connect() as first, daemon.connect() as second:
        first.send(fastcgi.request("/one/a"))
        pids = daemon.wait_converters(1)
        second.send(fastcgi.request("/one/a", 5, keep=True))
        assert_serves(daemon)
        second.send(fastcgi.record(ABORT_REQUEST, 5))
        start = Moment()
        answer = second.answer(5)
        assert answer.ended and taken(start) < 0.5 * SLOW, answer
        assert daemon.converters() == pids
        assert_hello(second.get(URI, 6))


def test_abort_before_complete(daemon):
    data = fastcgi.request(URI, 4, keep=True)
    for part in (16, 40, len(data) - 8):
        with daemon.connect() as connection:
            connection.send(data[:part])
            if part == 40:
                # the record at hand has to be completed first
                length = struct.unpack_from(">H", data, 20)[0]
                connection.send(data[40:24 + length])
            connection.send(fastcgi.record(ABORT_REQUEST, 4))
            answer = connection.answer(4)
            assert answer.ended and answer.status is None, answer
            assert_hello(connection.get(URI, 4))


def test_hang_up_while_queued(daemon):
    with daemon.connect() as first:
        first.send(fastcgi.request("/one/a"))
        pids = daemon.wait_converters(1)
        for _ in range(10):
            with daemon.connect() as other:
                other.send(fastcgi.request("/one/a"))
        assert_serves(daemon)
        assert daemon.converters() == pids
        # They have left the queue: the next one is served when the first one goes.
        with daemon.connect() as last:
            last.send(fastcgi.request("/one/a"))
            first.close()
            assert processes.wait_gone(pids, 0.5 * SLOW) == []
            assert daemon.wait_converters(1, timeout=1) != pids


def test_early_close_at_every_stage(daemon):
    data = fastcgi.request(URI, body=b"body")
    for at in range(0, len(data), 1 if not SANITIZER else 7):
        with daemon.connect() as connection:
            connection.send(data[:at])
    assert_serves(daemon)


@pytest.mark.parametrize("uri", ["/hang/a", "/live/a"])
def test_close_while_running(daemon, uri):
    connection = daemon.connect()
    connection.send(fastcgi.request(uri))
    pids = daemon.wait_converters(1)
    connection.close()
    assert processes.wait_gone(pids, 0.5 * SLOW) == []


@pytest.mark.parametrize("uri", ["/hang/a", "/live/a"])
def test_half_closed_peer_is_gone(daemon, uri):
    """Over TCP a close and a half-close look the same: the client is gone."""
    with daemon.connect() as connection:
        connection.send(fastcgi.request(uri))
        pids = daemon.wait_converters(1)
        connection.half_close()
        assert processes.wait_gone(pids, 0.5 * SLOW) == []
        assert connection.wait_closed(2) is not None


def test_half_closed_before_complete(daemon):
    data = fastcgi.request(URI)
    for at in (0, 5, 16, 60, len(data) - 8):
        with daemon.connect() as connection:
            connection.send(data[:at])
            connection.half_close()
            assert connection.wait_closed(2) is not None


# Stalled peers

STALLS = {"header": 4, "begin": 16, "in the parameters": 60, "before the end of the parameters": -16,
          "before the end of the body": -8}


@pytest.mark.parametrize("where", STALLS)
def test_stalled_peer_is_closed(daemon, where):
    """request_timeout is 1 s."""
    data = fastcgi.request(URI)[:STALLS[where]]
    with daemon.connect() as idle, daemon.connect() as connection:
        assert_hello(idle.get(URI, keep=True))
        connection.send(data)
        assert_serves(daemon)
        took = connection.wait_closed(4 * SLOW)
        assert took is not None and took > 0.5, took
        assert idle.is_open(), "an idle connection is not a stalled one"
        assert_hello(idle.get(URI))


def test_trickling_peer_is_closed(daemon):
    """A byte now and then does not put off the deadline of the parameters."""
    data = fastcgi.request(URI, HTTP_COOKIE="c" * 2000)
    start = Moment()
    with daemon.connect() as connection:
        for i in range(len(data)):
            if not connection.send(data[i:i + 1]) or connection.wait_closed(0.05) is not None:
                break
            assert taken(start) < 5 * SLOW, "still open"
    assert elapsed(start) > 0.5


def test_many_stalled_peers_block_nobody(daemon):
    connections = [daemon.connect() for _ in range(300)]
    try:
        data = fastcgi.request(URI)
        for i, connection in enumerate(connections):
            connection.send(data[:1 + i % (len(data) - 8)])
        start = Moment()
        for _ in range(5):
            assert_serves(daemon)
        assert taken(start) < 1 * SLOW
        for connection in connections:
            assert connection.wait_closed(4 * SLOW) is not None
    finally:
        for connection in connections:
            connection.close()


# Bodies

@pytest.mark.parametrize("size", [1, 100, 65535, 65536, 1 << 20, 10 << 20])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_body(daemon, size, method):
    with daemon.connect() as connection:
        answer = connection.get(URI, keep=True, method=method, body=b"b" * size)
        if method == "GET":
            assert answer.status in (200, 400, 413), answer
        else:
            assert answer.status == 405, answer
        assert_hello(connection.get(URI, 2))


def test_body_in_pieces(daemon):
    with daemon.connect() as connection:
        connection.send(fastcgi.request(URI, keep=True, body=b"b" * 3000, chunk=700), step=11)
        assert_hello(connection.answer())
        assert_hello(connection.get(URI, keep=True, body=bytes(200), chunk=1))
        assert_hello(connection.get(URI))


def test_large_body_costs_no_memory(daemon):
    assert_serves(daemon)
    before = daemon.rss_kib()
    with daemon.connect() as connection:
        connection.send(fastcgi.begin() + fastcgi.stream(PARAMS, 1, fastcgi.pairs(fastcgi.cgi(URI, "POST"))))
        block = fastcgi.stream(STDIN, 1, b"b" * (1 << 20), end=False)
        for _ in range(48):
            if not connection.send(block):
                break
        assert daemon.rss_kib() - before < 2048 * (4 if SANITIZER else 1)
        connection.send(fastcgi.record(STDIN, 1))
        answer = connection.answer()
        assert answer.status == 405 or answer.broken, answer


def test_stalled_body(daemon):
    with daemon.connect() as connection:
        data = fastcgi.request(URI, body=b"b" * 5000)
        connection.send(data[:-3000])
        assert_serves(daemon)
        assert connection.wait_closed(4 * SLOW) is not None


# Refusals

def test_more_than_64_kib_of_parameters(daemon):
    with daemon.connect() as connection:
        answer = connection.get(URI, HTTP_COOKIE="c" * 70000)
        assert answer.status == 431 and answer.ended, answer
        assert answer.headers["cache-control"] == "no-store" and answer.headers["content-type"].startswith("text/plain")


def test_much_more_than_64_kib_of_parameters(daemon):
    before = daemon.rss_kib()
    with daemon.connect() as connection:
        connection.send(fastcgi.begin(keep=True))
        block = fastcgi.stream(PARAMS, 1, fastcgi.pair("A", "x" * 60000), end=False)
        for _ in range(800):
            if not connection.send(block):
                break
        assert daemon.rss_kib() - before < 1024 * (4 if SANITIZER else 1)
        connection.send(fastcgi.record(PARAMS, 1) + fastcgi.record(STDIN, 1))
        answer = connection.answer()
        assert answer.status == 431 or answer.broken, answer
    assert_serves(daemon)


HUGE = {
    "name of 2 GiB": b"\xff\xff\xff\xff\x01",
    "value of 2 GiB": b"\x01\xff\xff\xff\xffA",
    "both of 2 GiB": b"\xff\xff\xff\xff\xff\xff\xff\xffA",
    "sum that overflows 32 bits": b"\xff\xff\xff\xff\x80\x00\x00\x01A",
    "length cut off": b"\x80\x00",
    "only a length": b"\x05",
    "value longer than the rest": b"\x01\x05Ab",
    "zero in a value": fastcgi.pair("REQUEST_URI", "/hello/a\0.png") + fastcgi.pair("REQUEST_METHOD", "GET"),
}


@pytest.mark.parametrize("case", HUGE)
@pytest.mark.parametrize("good_first", [True, False])
def test_hostile_lengths(daemon, case, good_first):
    before = daemon.rss_kib()
    with daemon.connect() as connection:
        content = (fastcgi.pairs(fastcgi.cgi(URI)) if good_first else b"") + HUGE[case]
        connection.send(fastcgi.begin(keep=True) + fastcgi.stream(PARAMS, 1, content) + fastcgi.record(STDIN, 1))
        answer = connection.answer()
        assert answer.status in (400, 431) or (answer.broken and answer.status is None), answer
        assert daemon.rss_kib() - before < 1024 * (4 if SANITIZER else 1)
    assert_serves(daemon)


@pytest.mark.parametrize("without", ["REQUEST_URI", "REQUEST_METHOD"])
def test_missing_variables(daemon, without):
    with daemon.connect() as connection:
        answer = connection.get(URI, keep=True, **{without: None})
        assert answer.status in ((400,) if without == "REQUEST_URI" else (400, 405)), answer
        assert_hello(connection.get(URI))


def test_no_parameters_at_all(daemon):
    with daemon.connect() as connection:
        connection.send(fastcgi.begin() + fastcgi.record(PARAMS, 1) + fastcgi.record(STDIN, 1))
        assert connection.answer().status in (400, 405)


GARBAGE = {
    "HTTP": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "zeros": bytes(64),
    "version 0": fastcgi.record(BEGIN_REQUEST, 1, b"\0\1\0\0\0\0\0\0", version=0),
    "version 2": fastcgi.record(BEGIN_REQUEST, 1, b"\0\1\0\0\0\0\0\0", version=2),
    "version 255": b"\xff" * 100,
    "begin of 4 bytes": fastcgi.record(BEGIN_REQUEST, 1, b"\0\1\0\0"),
    "begin of 64 KiB": fastcgi.record(BEGIN_REQUEST, 1, b"\0" * 65535),
    "begin with id 0": fastcgi.record(BEGIN_REQUEST, 0, b"\0\1\0\0\0\0\0\0"),
    "wrong version after begin": fastcgi.begin() + fastcgi.record(PARAMS, 1, b"x", version=3),
    "wrong version after a running request": fastcgi.request("/hang/a") + b"\0" * 8,
}


@pytest.mark.parametrize("case", GARBAGE)
def test_garbage(daemon, case):
    with daemon.connect() as connection:
        connection.send(GARBAGE[case])
        if case == "begin with id 0":
            connection.half_close()
        assert connection.wait_closed(3 * SLOW) is not None
    assert_serves(daemon)


def test_random_garbage(daemon):
    rng = random.Random(2)
    good = fastcgi.request(URI, body=b"body")
    for _ in range(300 if not SANITIZER else 60):
        data = bytearray(good)
        for _ in range(rng.randint(1, 6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        with daemon.connect() as connection:
            connection.send(bytes(data[:rng.randrange(len(data) + 1)]))
            connection.half_close()
            assert connection.wait_closed(3 * SLOW) is not None
    assert_serves(daemon)


def test_peer_that_never_reads_and_goes(daemon):
    connections = [daemon.connect() for _ in range(20)]
    for connection in connections:
        connection.send(fastcgi.request("/live/a"))
    daemon.wait_converters(20)
    for connection in connections:
        connection.close()
    wait_until(lambda: not daemon.converters(), 1 * SLOW)
