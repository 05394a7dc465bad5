# SPDX-License-Identifier: MIT
"""What libfcgi accepts, we read alike: the same parameters in the same order, the same body. Where we differ, DIFFERENCES says how, and
doc/architecture.md why."""

import pathlib
import random
import re
import signal
import struct

import pytest

import fastcgi
from fastcgi import KEEP_CONN, PARAMS, RESPONDER, STDIN, begin, pair as encoded, record, stream

LENGTHS = (0, 1, 2, 126, 127, 128, 129, 255, 256, 257, 1000)
ARCHITECTURE = pathlib.Path(__file__).resolve().parents[2] / "doc" / "architecture.md"


def fnv(data):
    value = 14695981039346656037
    for byte in data:
        value = (value ^ byte) * 1099511628211 % (1 << 64)
    return value


def body_line(data):
    return f"STDIN {len(data)} {fnv(data):016x}"


def same(pair, messages, cuts=()):
    reference, ours = (one.converse(messages, cuts) for one in pair)
    assert reference.accepted(), f"libfcgi does not accept it: {reference}"
    assert ours == reference
    return ours


def request(content, body=b"", request_id=1, keep=True, padding=0, chunk=65528, between=b""):
    """Padded but for the records that end a stream: libfcgi does not skip the padding of those."""
    def parts(kind, data):
        return stream(kind, request_id, data, chunk, padding, end=False) + record(kind, request_id)
    return begin(request_id, keep=keep) + between + parts(PARAMS, content) + between + parts(STDIN, body)


SMALL = encoded("A", "b") + encoded("LONG", "x" * 128) + encoded("", "") + encoded("EMPTY", "")


def test_says_what_was_asked(pair):
    """Both are wrong alike when neither is right: once, against what was sent."""
    seen = same(pair, [request(SMALL, b"body\n\0\xff")])
    assert seen.requests == [(("A=b", "LONG=" + "x" * 128, "=", "EMPTY="), body_line(b"body\n\0\xff"))]


def test_split_at_every_byte(pair):
    message = request(encoded("NAME", "value") + encoded("N" * 127, "v" * 128) + encoded("E", ""), b"twelve bytes", padding=3, chunk=50)
    for cut in range(1, len(message)):
        seen = same(pair, [message], (cut,))
        assert seen.requests[0][1] == body_line(b"twelve bytes")


def test_byte_by_byte(pair):
    message = request(SMALL, b"body", chunk=7, padding=1)
    same(pair, [message], range(1, len(message)))


@pytest.mark.parametrize("padding", [0, 1, 7, 8, 255])
def test_padded(pair, padding):
    same(pair, [request(SMALL, b"x" * 100, padding=padding, chunk=11)])


def test_lengths(pair):
    """Each in one byte, where it fits, and in four."""
    for name in LENGTHS:
        for value in LENGTHS:
            for long_lengths in (False, True):
                same(pair, [request(encoded("n" * name, "v" * value, long_lengths) + encoded("LAST", "1"))])


def test_many_parameters(pair):
    same(pair, [request(b"".join(encoded(f"NAME_{i}", str(i) * (i % 50)) for i in range(500)))])


def test_bytes_of_every_value(pair):
    same(pair, [request(encoded(bytes(range(1, 256)), bytes(range(255, 0, -1))))])


def test_same_name_twice_and_names_with_signs(pair):
    same(pair, [request(encoded("A", "1") + encoded("A", "2") + encoded("a", "3") + encoded("A=B", "C=D"))])


def test_no_parameters(pair):
    assert same(pair, [request(b"")]).requests == [((), body_line(b""))]


@pytest.mark.parametrize("length", [1, 8191, 8192, 8193, 65528, 65535, 200_000])
def test_bodies(pair, length):
    body = bytes(i * 7 % 256 for i in range(length))
    for chunk in (65535, 8184, 1000):
        assert same(pair, [request(SMALL, body, chunk=chunk, padding=5)]).requests[0][1] == body_line(body)


def test_several_requests_on_a_kept_connection(pair):
    messages = [request(encoded("NUMBER", str(i)) + SMALL * (i % 3), b"b" * i, request_id=1 + i % 2, padding=i % 4, keep=i < 19)
                for i in range(20)]
    assert len(same(pair, messages).requests) == 20


@pytest.mark.parametrize("request_id", [1, 255, 256, 0xffff])
def test_request_ids(pair, request_id):
    same(pair, [request(SMALL, b"body", request_id=request_id)])


def test_records_of_other_requests(pair):
    """They belong to nothing: skipped, wherever they stand."""
    others = record(STDIN, 7, b"other") + record(PARAMS, 0x101, SMALL) + record(200, 9, b"x", padding=3)
    same(pair, [others + request(SMALL, b"body", between=others, chunk=9)])


def test_another_request_meanwhile_is_refused(pair):
    message = request(SMALL, b"body", between=begin(2, keep=True) + record(PARAMS, 2, SMALL))
    seen = same(pair, [message])
    assert seen.refused == [(2, fastcgi.CANT_MPX_CONN)] * 2


def test_management_records(pair):
    """Before a request, between its records, and after it."""
    ask = record(fastcgi.GET_VALUES, 0, encoded("FCGI_MPXS_CONNS", "") + encoded("NO_SUCH_VALUE", ""), padding=4)
    strange = record(77, 0) + record(255, 0, padding=3)
    seen = same(pair, [ask + strange + request(SMALL, b"body", between=ask + strange), strange + request(SMALL)])
    unknown = [(fastcgi.UNKNOWN_TYPE, bytes((n,)) + bytes(7)) for n in (77, 255)]
    assert seen.replies == [(fastcgi.GET_VALUES_RESULT, encoded("FCGI_MPXS_CONNS", "0")), *unknown] * 3 + unknown


def test_flags_and_reserved_bytes(pair):
    """What is reserved may have any value."""
    for flags in (KEEP_CONN, 0xff):
        content = struct.pack(">HB", RESPONDER, flags) + b"\xaa" * 5
        same(pair, [record(fastcgi.BEGIN_REQUEST, 1, content) + request(SMALL, b"body")[16:]])


def generated(rng):
    """A request of everything above, and where it is cut."""
    def data(length):
        return bytes(rng.randrange(1, 256) for _ in range(length))
    request_id = rng.choice((1, 2, rng.randrange(1, 65536)))
    content = b"".join(encoded(data(rng.choice(LENGTHS[:9])), data(rng.choice(LENGTHS)), rng.random() < 0.3)
                       for _ in range(rng.randrange(8)))
    body = data(rng.choice((0, 1, 100, 5000)))

    def noise():
        kinds = (b"", b"", record(rng.randrange(12, 256), 0, b"", rng.randrange(9)),
                 record(rng.randrange(2, 256), request_id ^ 1 or 2, data(rng.randrange(1, 20)), rng.randrange(9)),
                 record(fastcgi.GET_VALUES, 0, encoded("FCGI_MPXS_CONNS", ""), rng.randrange(9)))
        return rng.choice(kinds)

    def cut(kind, text):
        out, at = b"", 0
        while at < len(text):
            n = rng.choice((1, 2, 7, 8, 127, 128, 1000, len(text)))
            out += record(kind, request_id, text[at:at + n], rng.choice((0, 0, 1, 7, 255))) + noise()
            at += n
        return out + record(kind, request_id)
    before = rng.choice((b"", record(99, 0)))
    message = before + begin(request_id, keep=True) + noise() + cut(PARAMS, content) + noise() + cut(STDIN, body)
    cuts = sorted({rng.randrange(1, len(message)) for _ in range(rng.randrange(6))})
    return message, cuts


@pytest.mark.parametrize("seed", range(8))
def test_generated(pair, seed):
    rng = random.Random(seed)
    for _ in range(25):
        message, cuts = generated(rng)
        same(pair, [message], cuts)


# Where we are not alike.

def reads(*lines, body=b"body"):
    return lambda seen: seen.requests == [(lines, body_line(body))]


def refuses(status, request_id=1, then=lambda seen: not seen.requests):
    return lambda seen: seen.refused == [(request_id, status)] and then(seen)


def has_values(right):
    return lambda seen: right({name: int(value) for _, content in seen.replies for name, value in fastcgi.parse_pairs(content).items()})


def cuts_it_off(seen):
    return seen.closed and not seen.requests and not seen.refused


def goes_wrong(seen):
    """libfcgi closes, or gives its program a request that it could not read, with an error that the program may ask for."""
    return seen.died is None and not seen.accepted() and not any("A=b" in lines for lines, _ in seen.requests)


def loses_the_body(seen):
    return not seen.accepted() and seen.requests[0][1] == body_line(b"")


def dies(seen):
    return seen.died == -signal.SIGABRT


A = encoded("A", "b")
GOOD = reads("A=b")
REST = request(A, b"body")[16:]
BEFORE, PADDED = begin(keep=True), record(PARAMS, 1, A) + record(PARAMS, 1, padding=8)
BODY = record(STDIN, 1, b"body") + record(STDIN, 1)
ASK = record(fastcgi.GET_VALUES, 0, encoded("FCGI_MAX_CONNS", "") + encoded("FCGI_MAX_REQS", ""))


def role(number):
    return begin(role=number, keep=True) + REST


# What: (stream, what libfcgi does, what we do). doc/architecture.md has a row for each.
DIFFERENCES = {
    "a length that says 2 GiB": (request(b"\xff\xff\xff\x00\x01xx", b"body"), dies, reads("error Invalid argument")),
    "a parameter that is cut short": (request(b"\x05\x01xx", b"body"), goes_wrong, reads("error Invalid argument")),
    "NUL in a name or a value": (request(encoded("A", "b\0c"), b"body"), GOOD, reads("error Invalid argument")),
    "more than 64 KiB of parameters": (request(encoded("A", "b" * 66000), b"body"), reads("A=" + "b" * 66000),
                                       reads("error Argument list too long")),
    "padding of BEGIN_REQUEST": (record(fastcgi.BEGIN_REQUEST, 1, BEFORE[8:], padding=8) + REST, goes_wrong, GOOD),
    "padding of the record that ends PARAMS": (BEFORE + PADDED + BODY, loses_the_body, GOOD),
    "an empty record of another request": (BEFORE + record(STDIN, 2) + REST, reads(), GOOD),
    "content of a management record of unknown type": (BEFORE + record(77, 0, b"\x01\x01cd") + REST, reads("c=d", "A=b"), GOOD),
    "a record of unknown type within a request": (BEFORE + record(77, 1, b"x") + REST, goes_wrong, GOOD),
    "STDIN before the end of PARAMS": (BEFORE + record(STDIN, 1, b"early") + REST, goes_wrong, GOOD),
    "PARAMS behind their end": (BEFORE + record(PARAMS, 1, A) + record(PARAMS, 1) + record(PARAMS, 1, A) + BODY, loses_the_body, GOOD),
    "ABORT_REQUEST before the end of the request": (BEFORE + record(fastcgi.ABORT_REQUEST, 1), goes_wrong,
                                                    refuses(fastcgi.REQUEST_COMPLETE)),
    "a second BEGIN_REQUEST of the same request": (BEFORE + BEFORE + REST, refuses(fastcgi.CANT_MPX_CONN, then=GOOD), cuts_it_off),
    "a second request behind the first": (request(A, b"body") + request(A, b"body", 2), lambda seen: GOOD(seen) and not seen.refused,
                                          refuses(fastcgi.CANT_MPX_CONN, 2, then=GOOD)),
    "the roles authorizer and filter": (role(fastcgi.AUTHORIZER), reads("FCGI_ROLE=AUTHORIZER", "A=b"), refuses(fastcgi.UNKNOWN_ROLE)),
    "a role that there is not": (role(9), goes_wrong, refuses(fastcgi.UNKNOWN_ROLE)),
    "the numbers in GET_VALUES_RESULT": (ASK + BEFORE + REST, has_values(lambda values: set(values.values()) == {1}),
                                         has_values(lambda values: len(values) == 2 and min(values.values()) > 1)),
}


@pytest.mark.parametrize("what", DIFFERENCES)
def test_differences(pair, what):
    """The web server has nothing more to say then."""
    message, *expected = DIFFERENCES[what]
    for responder, right in zip(pair, expected):
        seen = responder.converse([message], then_ends=True)
        assert right(seen), f"{responder.program}: {seen}"


def test_differences_are_documented():
    listed = set(re.findall(r"^\| ([^|]+) \|", ARCHITECTURE.read_text(), re.M))
    assert set(DIFFERENCES) - listed == set()
