# SPDX-License-Identifier: MIT
"""Under load: cheap answers and refusals at once whatever waits, slots, weights and memory, viewers and slow readers in nobody's
way, honest Retry-After, and threads that go again."""

import contextlib
import os
import resource
import signal
import statistics
import time

import pytest

import fastcgi
import processes
from daemon import SANITIZER, SLOW, Moment, recipe, taken
from processes import wait_until

MIB = 1 << 20
HELLO = recipe("hello", "text", "hello", slots=4)
# A refusal or another cheap answer, on a machine that is busy with other things; the benchmark measures the figure to reach.
AT_ONCE = 0.2 * SLOW


@contextlib.contextmanager
def asking(daemon, count, uri):
    """count connections, each with this request under way."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    connections = []
    try:
        for _ in range(count):
            connection = daemon.connect()
            connection._buffer = bytearray(1 << 17)
            connection.send(fastcgi.request(uri))
            connections.append(connection)
        yield connections
    finally:
        for connection in connections:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def threads(daemon):
    return len(os.listdir(f"/proc/{daemon.pid}/task"))


def timed(daemon, uri, **more):
    start = Moment()
    answer = daemon.get(uri, **more)
    return answer, taken(start)


def wait_full(daemon, uri, connections):
    """Until the queue is, and who comes now is refused. Who gets a place stays with the others: leaving would free it again."""
    def refused():
        connection = daemon.connect(timeout=0.2 * SLOW)
        with contextlib.suppress(TimeoutError):
            answer = connection.get(uri)
            connection.close()
            return answer.status == 503
        connections.append(connection)
        return False
    wait_until(refused, 60 * SLOW)


def typical(daemon, count, uri, status, **more):
    """How long an answer took: the median of `count`, one after the other, because machines that test are busy."""
    times = []
    for _ in range(count):
        answer, took = timed(daemon, uri, **more)
        assert answer.status == status and answer.ended, answer
        times.append(took)
    return statistics.median(times)


def test_cheap_answers_wait_for_nobody(sluice):
    """Every slot and the whole, long queue are taken; more wait than any fixed number of threads."""
    waiting = 120 if SANITIZER else 700
    daemon = sluice(HELLO, recipe("hang", "write", "1", "hang", slots=2, queue=waiting, queue_timeout="60s", timeout="60s",
                                  params={"n": {"type": "integer"}}))
    before = threads(daemon)
    with asking(daemon, waiting + 20, "/hang/a") as connections:
        wait_full(daemon, "/hang/a", connections)
        assert connections[0].is_open()
        took = {
            "503": typical(daemon, 20, "/hang/a", 503),
            "404": typical(daemon, 20, "/no/a", 404),
            "400": typical(daemon, 20, "/hang/a?n=x", 400),
            "405": typical(daemon, 20, "/hello/a", 405, method="POST"),
        }
        with asking(daemon, 100, "/no/a") as many:
            start = Moment()
            assert {connection.answer().status for connection in many} == {404}
            took["100 at once"] = taken(start)
        with daemon.connect() as connection:
            start = Moment()
            assert connection.values("FCGI_MAX_CONNS")
            took["ping"] = taken(start)
        print({what: f"{seconds * 1000:.1f} ms" for what, seconds in took.items()}, threads(daemon), "threads")
        assert all(seconds < AT_ONCE for what, seconds in took.items() if what != "100 at once"), took
        assert took["100 at once"] < 1 * SLOW
    wait_until(lambda: not daemon.converters(), 5 * SLOW, daemon.converters)
    # Ten seconds without work, and they are gone.
    wait_until(lambda: threads(daemon) <= before + 8, 15 * SLOW, lambda: f"{threads(daemon)} threads, {before} before")


def test_a_hundred_viewers_stop_no_thumbnail(sluice):
    """They neither read nor leave: those without a slot wait, those without a place are refused."""
    daemon = sluice(recipe("hello", "text", "hello", slots=4, memory="64M"),
                    recipe("watch", "endless", response="live", queue_timeout="60s", memory="64M"), slots=2, memory_total="2G")
    with asking(daemon, 100, "/watch/a"):
        daemon.wait_converters(16)
        took = typical(daemon, 20, "/hello/a", 200)
        assert len(daemon.converters()) == 16
        print(f"a thumbnail beside them: {took * 1000:.1f} ms")
        assert took < 0.5 * SLOW


def test_slow_readers_of_whole_answers_stop_no_thumbnail(sluice):
    """Their conversions are over, so they hold no slot; and there is an end to how many there can be."""
    daemon = sluice(HELLO, recipe("big", "write", str(8 * MIB), slots=4, queue=10, queue_timeout="60s"), slots=4, send_timeout="60s")
    with asking(daemon, 100, "/big/a") as connections:
        wait_until(lambda: not daemon.converters() or None, 20 * SLOW)
        assert typical(daemon, 10, "/hello/a", 200) < 0.5 * SLOW
        assert typical(daemon, 10, "/no/a", 404) < AT_ONCE
        statuses = {connection.answer(until=lambda answer: answer.status).status for connection in connections}
        assert statuses <= {200, 503} and 200 in statuses


def test_every_seat_is_taken_by_slow_readers(sluice):
    """More of them than there are seats: the next conversion is refused, a cheap answer is not."""
    daemon = sluice(recipe("big", "write", str(8 * MIB), slots=8, queue=10, queue_timeout="60s"), slots=8, send_timeout="60s")
    with contextlib.ExitStack() as stack:
        refused = 0
        for _ in range(40):
            connections = stack.enter_context(asking(daemon, 8, "/big/a"))
            refused += sum(connection.answer(until=lambda answer: answer.status).status == 503 for connection in connections)
            if refused:
                break
        assert refused
        answer, took = timed(daemon, "/big/a")
        assert answer.status == 503 and int(answer.headers["retry-after"]) >= 1 and took < AT_ONCE
        assert typical(daemon, 10, "/no/a", 404) < AT_ONCE
    wait_until(lambda: daemon.get("/big/a").status == 200, 5 * SLOW)


def test_retry_after_is_the_queue_s_own_speed(sluice):
    """One slot, half a second each, eight in line: it is worth asking again after four seconds or so, not one and not sixty."""
    daemon = sluice(recipe("half", "pause", "500", "write", "1", slots=1, queue=8, queue_timeout="60s"), slots=8)
    for _ in range(3):
        assert daemon.get("/half/a").status == 200
    with asking(daemon, 9, "/half/a"):
        time.sleep(1.2)
        with asking(daemon, 20, "/half/a") as late:
            wait_until(lambda: not late[-1].is_open(), 5 * SLOW)
            answer = late[-1].answer()
            assert answer.status == 503
            assert 3 <= int(answer.headers["retry-after"]) <= 8 * SLOW, answer


@pytest.mark.parametrize("at_once", [True, False])
def test_who_hangs_up_in_the_queue_costs_no_conversion(sluice, at_once):
    """Also when a slot becomes free at the moment at which they go."""
    daemon = sluice(HELLO, recipe("hang", "hang", slots=2, queue=30, queue_timeout="60s", timeout="60s"), slots=8)
    mark = daemon.log.mark()
    with asking(daemon, 2, "/hang/a"):
        pids = daemon.wait_converters(2)
        with asking(daemon, 30, "/hang/a") as queued:
            wait_full(daemon, "/hang/a", queued)
            # Those who run go, too, and the daemon learns of all of them together.
            if at_once:
                daemon.signal(signal.SIGSTOP)
                wait_until(lambda: processes.stat_fields(daemon.pid)[0] == b"T", 5 * SLOW)
        if not at_once:
            daemon.log.wait_request(mark, 30, 20 * SLOW)
            assert daemon.converters() == pids
    daemon.signal(signal.SIGCONT)
    gone = wait_until(lambda: lines if len(lines := [line for line in daemon.log.requests(mark) if line["status"] == "499"]) >= 32 else None,
                      20 * SLOW, daemon.log.text)
    assert len(gone) == 32 and len([line for line in gone if "cpu_ms" in line]) == 2, [line.text for line in gone if "cpu_ms" in line]
    assert daemon.get("/hello/a").text == "hello"


def lowest_free(daemon):
    used = processes.descriptors(daemon.pid)
    time.sleep(0.005)
    return next(n for n in range(1 << 20) if n not in used)


def take_descriptors(daemon):
    """Leaves the daemon no descriptor beyond those in use; returns the limits that it had."""
    limits = resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE)
    # The lowest that is free; what is in use for a moment only does not count.
    free = min(lowest_free(daemon) for _ in range(20))
    resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (free, limits[1]))
    return limits


def test_descriptors_run_out(sluice):
    """Where all connections have requests a new one waits; the log says so once, and it goes on by itself when there are
    descriptors again."""
    daemon = sluice(HELLO, recipe("hang", "hang", timeout="60s"))
    mark = daemon.log.mark()
    with daemon.connect() as busy:
        busy.send(fastcgi.request("/hang/a"))
        daemon.wait_converters(1)
        limits = take_descriptors(daemon)
        with daemon.connect() as late:
            late.send(fastcgi.request("/hello/a"))
            daemon.log.wait_text("accept failed", mark)
            spent = processes.cpu_seconds(daemon.pid)
            time.sleep(0.5)
            assert processes.cpu_seconds(daemon.pid) - spent < 0.3 * SLOW, "it spins"
            assert late.is_open() and daemon.log.text(mark).count("accept failed") == 1
            resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, limits)
            assert late.answer().text == "hello"
    assert "accepting again" in daemon.log.text(mark)


def test_an_idle_connection_gives_way_where_descriptors_run_out(sluice):
    """Who asks comes in, and is served as soon as there are descriptors for it."""
    daemon = sluice(HELLO)
    with daemon.connect() as kept:
        assert kept.get("/hello/a", keep=True).status == 200
        wait_until(lambda: daemon.holdings()["descriptors"] == daemon.baseline["descriptors"] + 1, 5 * SLOW, daemon.holdings)
        limits = take_descriptors(daemon)
        with daemon.connect() as late:
            late.send(fastcgi.request("/hello/a"))
            assert kept.wait_closed(5 * SLOW) is not None
            resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, limits)
            answer = late.answer()
            assert answer.text == "hello" or (answer.status == 503 and int(answer.headers["retry-after"]) >= 1), answer


def assert_run(daemon, *steps):
    """Each step: so many more ask for this, and then so many converters run in all, and no more."""
    with contextlib.ExitStack() as stack:
        for uri, count, expected in steps:
            stack.enter_context(asking(daemon, count, uri))
            wait_until(lambda: len(daemon.converters()) >= expected, 10 * SLOW, lambda: f"{steps}: {daemon.converters()}")
            time.sleep(0.3)
            assert len(daemon.converters()) == expected, steps


def test_weights(sluice):
    """A heavy one takes several of the daemon's slots, and what is heavier than the daemon runs alone."""
    daemon = sluice(recipe("heavy", "hang", slots=9, weight=2, queue_timeout="60s"), recipe("light", "hang", slots=9, queue_timeout="60s"),
                    recipe("whale", "hang", slots=9, weight=9, queue_timeout="60s"), slots=4)
    for steps in ([("/light/a", 9, 4)], [("/heavy/a", 9, 2)], [("/whale/a", 3, 1)], [("/heavy/a", 1, 1), ("/light/a", 9, 3)]):
        assert_run(daemon, *steps)
        daemon.assert_nothing_left()


def test_memory_total(sluice):
    """Some of it is kept from viewers, so that the largest of the others can always run."""
    options = {"queue_timeout": "60s", "slots": 20}
    daemon = sluice(recipe("thumb", "hang", memory="200M", **options), recipe("watch", "write", "1", "hang", response="live", memory="100M", **options),
                    recipe("pipe", "hang", "|", "/usr/bin/cat", memory="150M", **options), memory_total="1000M", slots=20)
    for steps in ([("/thumb/a", 9, 5)], [("/watch/a", 16, 7)], [("/watch/a", 12, 7), ("/thumb/a", 3, 8)], [("/pipe/a", 9, 6)]):
        assert_run(daemon, *steps)
        daemon.assert_nothing_left()


def test_hup_changes_the_numbers(sluice):
    daemon = sluice(recipe("hang", "hang", slots=1, queue=0), slots=8)
    assert_run(daemon, ("/hang/a", 5, 1))
    daemon.assert_nothing_left()  # its slot is free, or one of the next would be refused for it
    daemon.configure(recipe("hang", "hang", slots=3, queue=0), slots=8)
    mark = daemon.log.mark()
    daemon.signal(signal.SIGHUP)
    daemon.log.wait_text("reloaded", mark)
    assert_run(daemon, ("/hang/a", 5, 3))
