# SPDX-License-Identifier: MIT
"""The pump: every byte, in the right place, with the right length, by splice where it can be, in memory that does not grow,
at the pace of the client; and an answer that stops half-way looks like one."""

import os
import re
import resource
import time

import pytest

import fastcgi
import pattern
import processes
from daemon import FAKE, SANITIZER, SLOW, Moment, elapsed, recipe, taken
from processes import wait_until

MIB = 1 << 20
PIPE = MIB  # what a pipe may hold
COUNT = {"n": {"type": "integer", "min": 0, "max": 1 << 32}}

RECIPES = [
    recipe("whole", "write", "{n}", params=COUNT, timeout="60s", memory=0),
    recipe("file", "to", "{output}", "write", "{n}", params=COUNT, timeout="60s"),
    recipe("live", "write", "{n}", params=COUNT, response="live", timeout="120s"),
    recipe("endless", "endless", response="live", timeout="120s"),
    recipe("endlesswhole", "endless", timeout="120s", max_output="200M"),
    recipe("clock", "clock", "pause", "700", "clock", "pause", "300", "clock", response="live"),
    recipe("clockpipe", "clock", "pause", "700", "clock", "|", FAKE, "stdin", response="live"),
    recipe("half", "write", "{n}", "exit", "3", params=COUNT, response="live"),
    recipe("halfcrash", "write", "{n}", "signal", "9", params=COUNT, response="live"),
    recipe("halfhang", "write", "{n}", "hang", params=COUNT, response="live", timeout="400ms"),
    recipe("halfpipe", "write", "{n}", "exit", "3", "|", FAKE, "stdin", params=COUNT, response="live"),
    recipe("halfstderr", "write", "{n}", "stderr", "file is truncated", params=COUNT, response="live", stderr_fails=["truncated"]),
    *(recipe(name, "write", "{n}", "pause", "150", "exit", "{exit}", params={**COUNT, "exit": COUNT["n"]}, response="live",
             begin_after="1K", timeout="60s", **more) for name, more in (("header", {}), ("headerjoin", {"join": True}))),
    recipe("none", "exit", "{n}", params=COUNT, response="live"),
    recipe("early", "write", "10", "close", "1", "pause", "300", "exit", "{n}", params=COUNT, response="live"),
    recipe("earlywhole", "write", "10", "close", "1", "pause", "300", "exit", "{n}", params=COUNT),
    recipe("wholehalf", "write", "{n}", "exit", "3", params=COUNT),
    recipe("grand", "write", "10", "daemon", "child", response="live", timeout="20s"),
    recipe("burst", "-c", "import os, time; os.write(1, b'x' * 10); time.sleep(0.1); os.write(1, b'y' * 3000000)",
           program="/usr/bin/python3", timeout="20s"),
    recipe("grandwhole", "write", "10", "daemon", "child", timeout="20s"),
]


@pytest.fixture(scope="module")
def daemon(module_sluice):
    return module_sluice(*RECIPES, slots=16, send_timeout="60s")


@pytest.fixture(scope="module")
def copying(module_sluice):
    return module_sluice(*RECIPES, slots=16, splice=False)


@pytest.fixture(scope="module")
def impatient(module_sluice):
    return module_sluice(*RECIPES, slots=16, send_timeout="500ms")


pytestmark = pytest.mark.usefixtures("nothing_left")


def fetch(daemon, uri, connection=None, **more):
    """(answer, the pattern as it arrived, the line of the log)"""
    check = pattern.Checker()
    answer, line = daemon.logged(uri, connection, sink=check, **more)
    return answer, check, line


def assert_exact(answer, check, n):
    assert (answer.status, answer.ended, check.length, check.wrong_at) == (200, True, n, None), (answer, check.wrong_at)
    assert answer.paddings == {0} and max(answer.sizes) <= 65528, answer


def assert_spliced(line, n):
    """The body never saw a buffer of the daemon's; the header fields did."""
    assert line.number("spliced") == n and 0 < line.number("copied") < 1024, line.text
    assert line.number("bytes") == line.number("spliced") + line.number("copied"), line.text


SIZES = [1, 7, 8, 4095, 4096, 4097, 65527, 65528, 65529, 65535, 65536, 65537, 131056, MIB - 1, MIB, MIB + 1, MIB + 65536, 5 * MIB + 3]


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("name", ["whole", "file"])
def test_whole(daemon, name, n):
    with daemon.connect() as connection:
        answer, check, line = fetch(daemon, f"/{name}/a?n={n}", connection)
        assert_exact(answer, check, n)
        assert answer.headers["content-length"] == str(n)
        assert_spliced(line, n)
        # and the connection is in step
        answer, check, _ = fetch(daemon, "/whole/a?n=3", connection)
        assert_exact(answer, check, 3)


def test_pipe_that_fills_in_the_middle_of_a_write(daemon):
    """The kernel tells no reader of it: a little output, and later one write of more than the pipe holds."""
    answer = daemon.get("/burst/a")
    assert (answer.status, answer.length) == (200, 3000010), answer


def test_whole_without_output_is_422(daemon):
    assert daemon.get("/whole/a?n=0").status == 422
    assert daemon.get("/file/a?n=0").status == 422


def test_whole_64_mib_is_spilled_and_gone(daemon):
    answer, check, line = fetch(daemon, f"/whole/a?n={64 * MIB}")
    assert_exact(answer, check, 64 * MIB)
    assert max(answer.sizes) == 65528 and answer.headers["content-length"] == str(64 * MIB)
    assert_spliced(line, 64 * MIB)
    wait_until(lambda: not daemon.open_temporary_files(), 3 * SLOW)


def test_spill_has_no_name(daemon):
    """While a slow client takes it, the file can be seen as a descriptor only."""
    with daemon.connect() as connection:
        connection.send(fastcgi.request(f"/whole/a?n={64 * MIB}"))
        answer = connection.answer(until=lambda a: a.status)
        assert len(daemon.open_temporary_files()) == 1
        assert not [name for name in daemon.temporary_files() if not os.path.isdir(os.path.join(daemon.temp, name))]
        assert not daemon.converters(), "the converter has ended before the first byte"
        connection.close()
        wait_until(lambda: not daemon.open_temporary_files(), 1 * SLOW)
        assert answer.headers["content-length"] == str(64 * MIB)


@pytest.mark.parametrize("n", [1, 65528, MIB, 3 * MIB, 20 * MIB])
def test_whole_that_dies_half_way_is_no_200(daemon, n):
    answer = daemon.get(f"/wholehalf/a?n={n}")
    assert answer.status == 422 and answer.ended, answer


@pytest.mark.parametrize("n", [1, 100, 65528, 65529, MIB, 5 * MIB + 3])
def test_live(daemon, n):
    with daemon.connect() as connection:
        answer, check, line = fetch(daemon, f"/live/a?n={n}", connection)
        assert_exact(answer, check, n)
        assert "content-length" not in answer.headers
        assert_spliced(line, n)
        answer, check, _ = fetch(daemon, "/live/a?n=3", connection)
        assert_exact(answer, check, 3)


@pytest.mark.parametrize("name", ["clock", "clockpipe"])
def test_live_passes_on_at_once(daemon, name):
    with daemon.connect() as connection:
        connection.send(fastcgi.request(f"/{name}/a"))
        delays = []

        def arrived(data):
            now = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
            delays.extend((now - int(line)) / 1e6 for line in bytes(data).split())
        answer = connection.answer(sink=arrived)
    assert answer.ended and len(delays) == (3 if name == "clock" else 2), (answer, delays)
    # The first one has the header to wait for, a loaded machine has its moods: the median tells.
    assert min(delays) < 10 * SLOW and max(delays) < 100 * SLOW, delays
    print("delays in ms:", [round(d, 2) for d in delays])


def test_live_memory_does_not_depend_on_the_length(daemon):
    large = 256 * MIB if SANITIZER else 1024 * MIB
    peaks = []
    for n in (16 * MIB, large):
        processes.reset_peak(daemon.pid)
        answer, check, line = fetch(daemon, f"/live/a?n={n}")
        assert_exact(answer, check, n)
        assert max(answer.sizes) == 65528
        assert_spliced(line, n)
        peaks.append(processes.memory_kib(daemon.pid, "VmHWM"))
    print("peak KiB:", peaks)
    assert peaks[1] - peaks[0] < 512 * (8 if SANITIZER else 1), peaks


def test_whole_memory_does_not_depend_on_the_length(daemon):
    peaks = []
    for n in (MIB, 128 * MIB):
        processes.reset_peak(daemon.pid)
        assert fetch(daemon, f"/whole/a?n={n}")[0].status == 200
        peaks.append(processes.memory_kib(daemon.pid, "VmHWM"))
    assert peaks[1] - peaks[0] < 512 * (8 if SANITIZER else 1), peaks


def stalled(daemon, pid):
    """How much the converter has written, once it does not write any more."""
    seen = []

    def still():
        seen.append(processes.bytes_written(pid))
        return len(seen) > 60 and seen[-1] == seen[-60]
    wait_until(still, 10 * SLOW)
    return seen[-1]


@pytest.mark.parametrize("which", ["daemon", "copying"])
def test_live_back_pressure(request, which):
    daemon = request.getfixturevalue(which)
    before = daemon.rss_kib()
    with daemon.connect() as connection:
        connection.send(fastcgi.request("/endless/a"))
        pid = daemon.wait_converters(1)[0]
        written = stalled(daemon, pid)
        assert written < 8 * MIB, f"{written} bytes, and nobody has read one"
        check = pattern.Checker()
        answer = connection.answer(sink=check, until=lambda a: a.length > 32 * MIB)
        # its last write counts when it has returned
        assert processes.bytes_written(pid) > 31 * MIB and check.wrong_at is None, answer
        again = stalled(daemon, pid)
        assert again - check.length < 8 * MIB
        assert daemon.rss_kib() - before < 1024 * (8 if SANITIZER else 1)


def test_replies_go_between_the_records_of_a_long_answer(daemon):
    """Somebody else's requests and questions, all the while, on the same connection."""
    n = 48 * MIB
    with daemon.connect() as connection:
        connection.send(fastcgi.request(f"/live/a?n={n}", keep=True))
        check, answer, others = pattern.Checker(), fastcgi.Answer(), []
        for stop in range(0, n, 4 * MIB):
            connection.send(fastcgi.request("/live/a?n=1", request_id=77) + fastcgi.record(fastcgi.GET_VALUES, 0, b""))
            connection.answer(sink=check, into=answer, others=others, until=lambda a, stop=stop: a.length > stop)
        connection.answer(sink=check, into=answer, others=others)
        assert_exact(answer, check, n)
        assert {(kind, request_id) for kind, request_id, _ in others} == {(fastcgi.END_REQUEST, 77), (fastcgi.GET_VALUES_RESULT, 0)}


def test_slow_reader_gets_everything(daemon):
    """A client that reads little by little behind a small receive buffer."""
    n = 3 * MIB + 5
    for uri in (f"/live/a?n={n}", f"/whole/a?n={n}"):
        with daemon.connect(receive_buffer=4096) as connection:
            connection.send(fastcgi.request(uri))
            check = pattern.Checker()
            answer = fastcgi.Answer()
            for stop in range(0, n, n // 20):
                connection.answer(sink=check, into=answer, until=lambda a, stop=stop: a.length > stop)
                time.sleep(0.005)
            connection.answer(sink=check, into=answer)
            assert_exact(answer, check, n)


def test_slow_readers_delay_nobody(daemon):
    """More stalled clients than the daemon has processors; a new request is served."""
    connections = [daemon.connect() for _ in range(12)]
    try:
        for connection in connections:
            connection.send(fastcgi.request("/endless/a"))
        daemon.wait_converters(12)
        start = Moment()
        assert daemon.get("/whole/a?n=10").status == 200
        assert taken(start) < 1 * SLOW
    finally:
        for connection in connections:
            connection.close()


# Late failure

@pytest.mark.parametrize("name", ["header", "headerjoin"])
@pytest.mark.parametrize("n", [1, 1023, 1024, 1025, 70000, 3 * MIB])
def test_a_header_alone_begins_no_answer(daemon, name, n):
    """begin_after: a program that says no behind its header gets its status; and of a good one every byte arrives."""
    check = pattern.Checker()
    answer = daemon.get(f"/{name}/a?n={n}&exit=0", sink=check)
    assert answer.status == 200 and answer.ended and not answer.broken and answer.length == n
    answer = daemon.get(f"/{name}/a?n={n}&exit=3", sink=lambda data: None)
    if n < 1024:
        assert answer.status == 422 and answer.ended and not answer.broken, answer
    else:
        assert answer.status == 200 and (answer.broken or not answer.ended), answer
    daemon.assert_nothing_left()


LATE = {"half": "3", "halfcrash": "signal (9|11) ", "halfhang": "deadline|timeout", "halfpipe": "3", "halfstderr": "truncated|stderr"}


@pytest.mark.parametrize("name", LATE)
@pytest.mark.parametrize("n", [1, 1000, 65528, 2 * MIB])
@pytest.mark.parametrize("keep", [True, False])
def test_late_failure_breaks_the_stream(daemon, name, n, keep):
    mark = daemon.log.mark()
    with daemon.connect() as connection:
        check = pattern.Checker()
        answer = connection.get(f"/{name}/a?n={n}", sink=check, keep=keep)
        if answer.status != 200:
            # The failure was there before the first byte was sent: an honest status.
            assert answer.status in (422, 502, 504) and answer.ended, answer
            # A machine so busy that the program has come to nothing before its deadline, or so much would have had to wait in a pipe.
            assert n < 2 * MIB or (name, answer.status) == ("halfhang", 504), answer
            return
        assert not answer.ended and answer.broken == "version", answer
        assert not answer.stdout_closed, "the stream says that it is complete"
        assert check.wrong_at is None and check.length <= n
        assert connection.wait_closed(2 * SLOW) is not None
    line = daemon.log.wait_request(mark, url=f"/{name}/a?n={n}")[0]
    text = "\n".join(other.text for other in daemon.log.lines(mark) if line["id"] in other.text)

    assert re.search(LATE[name], text.replace(line["url"], "").replace(line["id"], "")), text


@pytest.mark.parametrize("code,status", [(0, 422), (1, 422)])
def test_live_failure_before_the_first_byte_is_a_status(daemon, code, status):
    answer = daemon.get(f"/none/a?n={code}")
    assert answer.status == status and answer.ended, answer


def test_output_closed_early_is_not_the_end(daemon):
    """The exit status decides, not the end of the output."""
    assert daemon.get("/earlywhole/a?n=0").length == 10
    assert daemon.get("/earlywhole/a?n=1").status == 422
    answer = daemon.get("/early/a?n=0")
    assert answer.ended and answer.length == 10, answer
    answer = daemon.get("/early/a?n=1")
    assert not answer.ended and answer.broken == "version", answer


@pytest.mark.parametrize("name", ["grand", "grandwhole"])
def test_grandchild_that_keeps_the_output_open(daemon, name):
    start = Moment()
    answer = daemon.get(f"/{name}/a")
    assert answer.ended and answer.status == 200 and answer.length == 10, answer
    assert taken(start) < 2 * SLOW
    wait_until(lambda: not daemon.converters(), 1 * SLOW, daemon.converters)


def test_head_of_a_live_answer(daemon):
    with daemon.connect() as connection:
        answer = connection.get("/endless/a", method="HEAD", keep=True)
        assert answer.ended and answer.status == 200 and answer.length == 0, answer
        assert connection.get("/live/a?n=5").length == 5


# The copying path

@pytest.mark.parametrize("n", [1, 65528, 65529, MIB - 1, MIB + 1, 5 * MIB + 3, 64 * MIB])
@pytest.mark.parametrize("name", ["whole", "file", "live"])
def test_copying_path(copying, name, n):
    answer, check, line = fetch(copying, f"/{name}/a?n={n}")
    assert_exact(answer, check, n)
    assert line["spliced"] == "0" and line.number("copied") >= n, line.text


@pytest.mark.parametrize("name", ["half", "halfcrash"])
def test_copying_path_late_failure(copying, name):
    answer = copying.get(f"/{name}/a?n={2 * MIB}")
    assert answer.status == 200 and not answer.ended and answer.broken == "version", answer


def test_copying_costs_more(daemon, copying):
    n = (64 if SANITIZER else 512) * MIB
    spent = {}
    for which, one in (("splice", daemon), ("copy", copying)):
        before = processes.cpu_seconds(one.pid)
        assert fetch(one, f"/live/a?n={n}")[0].ended
        spent[which] = processes.cpu_seconds(one.pid) - before
    print("CPU seconds:", spent)
    if not SANITIZER:
        assert spent["splice"] < spent["copy"], spent


# Clients that stop

@pytest.mark.parametrize("uri", ["/endless/a", f"/whole/a?n={64 * MIB}"])
def test_client_that_stops_reading_is_dropped(impatient, uri):
    mark = impatient.log.mark()
    with impatient.connect() as connection:
        connection.send(fastcgi.request(uri))
        answer = connection.answer(until=lambda a: a.status)
        start = Moment()
        impatient.log.wait_request(mark, timeout=4 * SLOW)
        assert elapsed(start) > 0.3
        wait_until(lambda: not impatient.converters() and not impatient.open_temporary_files(), 1 * SLOW)
        connection.answer(into=answer)
        assert not answer.ended


@pytest.mark.parametrize("uri", ["/endless/a", f"/whole/a?n={64 * MIB}", f"/file/a?n={64 * MIB}"])
def test_client_that_closes_half_way(daemon, uri):
    with daemon.connect() as connection:
        connection.send(fastcgi.request(uri))
        answer = connection.answer(until=lambda a: a.length > 100000)
        assert answer.status == 200
    wait_until(lambda: not daemon.converters() and not daemon.open_temporary_files(), 0.5 * SLOW)


def test_whole_client_closes_while_it_spills(daemon):
    with daemon.connect() as connection:
        connection.send(fastcgi.request("/endlesswhole/a"))
        pid = daemon.wait_converters(1)[0]
        wait_until(lambda: processes.bytes_written(pid) > 8 * MIB or not processes.alive(pid), 10 * SLOW)
        start = Moment()
    assert processes.wait_gone([pid], 0.5 * SLOW) == [], elapsed(start)
    wait_until(lambda: not daemon.open_temporary_files(), 0.5 * SLOW)


def test_full_disk_of_temporary_files(sluice):
    """The spill file may not grow beyond what a file may: an honest status, and nothing half."""
    daemon = sluice(*RECIPES, start=False, slots=4)

    daemon.start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4 * MIB, 4 * MIB)))
    assert daemon.get(f"/whole/a?n={3 * MIB}").length == 3 * MIB
    answer = daemon.get(f"/whole/a?n={20 * MIB}")
    assert answer.status in (500, 502, 507) and answer.ended, answer
    assert daemon.get("/whole/a?n=10").status == 200
    assert os.path.isdir(daemon.temp)
