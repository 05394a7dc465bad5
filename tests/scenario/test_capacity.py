# SPDX-License-Identifier: MIT
"""What a request of each kind holds at its worst is what src/admission/limits.c counts, so that with few descriptors or threads requests
wait or are refused, and nothing that has begun fails for want of one."""

import contextlib
import json
import os
import re
import resource
import signal
import subprocess
import threading
import time

import pytest

import fastcgi
import pattern
import processes
from daemon import FAKE, SANITIZER, SLOW, anybody_may_execute, recipe
from processes import wait_until

MIB = 1 << 20
# As in src/capacity.c.
FILES_SEAT, FILES_FLIGHT, FILES_CONVERSION, FILES_JOB = 3, 3, 9, 3
X = {"x": {"type": "integer", "max": 1 << 30}}
SLOWCLOSE = os.path.join(os.path.dirname(FAKE), "slowclose.so")
FOUR = ["|", FAKE, "stdin", "|", FAKE, "stdin", "|", FAKE, "stdin"]


class Peak:
    """Looks again and again; the most descriptors and threads that it saw at once."""

    def __init__(self, pid):
        self.pid, self.files, self.threads = pid, 0, 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._end.wait(0.002):
            with contextlib.suppress(OSError):
                self.files = max(self.files, len(os.listdir(f"/proc/{self.pid}/fd")))
                self.threads = max(self.threads, len(os.listdir(f"/proc/{self.pid}/task")))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()


def status_of(daemon, field):
    with open(f"/proc/{daemon.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(field + ":"))


def files(daemon):
    return len(os.listdir(f"/proc/{daemon.pid}/fd"))


@contextlib.contextmanager
def connections(daemon, uris, **more):
    """One for each, its request sent."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    with contextlib.ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        made = []
        for uri in uris:
            connection = stack.enter_context(daemon.connect(timeout=60 * SLOW, **more))
            connection._buffer = bytearray(1 << 17)
            connection.send(fastcgi.request(uri))
            made.append(connection)
        yield made


def limited(sluice, tmp_path, limit, *recipes, **settings):
    """A daemon that may have so many descriptors, and has a store."""
    store = tmp_path / "store"
    store.mkdir()
    daemon = sluice(f'cache {{\n    path = "{store}"\n    size = 1G\n}}', *recipes, start=False, **settings)
    return daemon.start(prefix=("/usr/bin/prlimit", f"--nofile={limit}:{limit}"))


def assert_none_was_lacking(daemon, mark=0):
    text = daemon.log.text(mark)
    for complaint in ("accept failed", "Too many open files", "Cannot allocate memory", "nothing is kept"):
        assert complaint not in text, text[-3000:]


@pytest.mark.parametrize("limit", [256, 512, 1024])
def test_queued_shared_requests_have_their_descriptors(sluice, tmp_path, limit):
    """Hundreds of different results at once: what cannot wait is refused, and what waits is made."""
    daemon = limited(sluice, tmp_path, limit, recipe("slow", "write", "2000", "pause", "20", "note", "{x}", params=X, slots=4, queue=1000,
                                               queue_timeout="60s"), slots=4)
    count = 200 if SANITIZER else 600
    table = status_of(daemon, "FDSize")
    with Peak(daemon.pid) as peak, connections(daemon, [f"/slow/a?x={i}" for i in range(count)]) as asking:
        answers = [connection.answer() for connection in asking]
        assert daemon.get("/slow/a?x=0").ended
    assert all(answer.ended and answer.status in (200, 503) for answer in answers)
    good = [answer for answer in answers if answer.status == 200]
    assert all(bytes(answer.body) == pattern.at(0, 2000) for answer in good)
    # Those that the queue has room for, and more than run at once.
    assert len(good) > 4 + limit // 64, len(good)
    assert peak.files < limit, (peak.files, limit)
    assert_none_was_lacking(daemon)
    assert daemon.get("/slow/a?x=0").status == 200
    # Nobody had to wait for a larger table.
    assert status_of(daemon, "FDSize") == table >= peak.files


def grow(daemon, uris, ready, **more):
    """How many descriptors each of these requests adds, its connection aside, when all of them are at the point of `ready`."""
    before = files(daemon)
    with connections(daemon, uris, **more):
        seen = []

        def settled():
            seen.append(files(daemon))
            return ready() and len(seen) > 20 and len(set(seen[-20:])) == 1
        wait_until(settled, 20 * SLOW, lambda: f"{seen[-5:]}, log:\n{daemon.log.text()[-2000:]}")
        return (files(daemon) - before - len(uris)) / len(uris)


@pytest.fixture
def plenty(sluice, tmp_path):
    """A daemon that has enough of everything, one recipe for each kind of request."""
    slow = {"timeout": "60s", "queue": 100, "slots": 1, "params": X}
    daemon = limited(
        sluice, tmp_path, 4096,
        recipe("lone", "note", "{x}", "hang", cache=False, **slow),
        recipe("shared", "note", "{x}", "hang", **slow),
        recipe("pipe", "write", "900000", "note", "{x}", cache=False, params=X, slots=8),
        recipe("spilled", "write", str(4 * MIB), "note", "{x}", cache=False, params=X, slots=8),
        recipe("kept", "write", str(4 * MIB), "note", "{x}", params=X, slots=8),
        recipe("livekept", "write", str(4 * MIB), "note", "{x}", params=X, slots=8, response="live", cache=True),
        recipe("four", "write", "4000000", "copy", "{source}", "note", "{x}", "hang", *FOUR, cache=False, params=X,
               slots=8, timeout="60s"),
        recipe("fourlive", "write", "4000000", "note", "{x}", "hang", *FOUR, params=X, slots=8, timeout="60s", response="live"),
        recipe("fourcold", "write", "4000000", "note", "{x}", "hang", *FOUR, params=X, slots=8, timeout="60s", start="cold"),
        recipe("output", "to", "{output}", "write", "4000000", "note", "{x}", "hang", params=X, slots=8, timeout="60s"),
        slots=16)
    return daemon


def test_what_waiting_requests_hold(plenty):
    running = [plenty.connect() for _ in range(2)]
    for connection, name in zip(running, ("lone", "shared")):
        connection.send(fastcgi.request(f"/{name}/a?x=0"))
    plenty.wait_converters(2)
    try:
        waiting = lambda count: lambda: plenty.log.text().count("status=") >= 0 and files(plenty) > count
        assert grow(plenty, [f"/lone/a?x={i}" for i in range(1, 41)], waiting(80)) <= FILES_SEAT
        assert grow(plenty, [f"/shared/a?x={i}" for i in range(1, 41)], waiting(120)) <= FILES_SEAT + FILES_FLIGHT
        assert grow(plenty, ["/shared/a?x=0"] * 40, waiting(80)) <= FILES_SEAT
    finally:
        for connection in running:
            connection.close()


@pytest.mark.parametrize("name", ["pipe", "spilled", "kept", "livekept"])
@pytest.mark.parametrize("again", [False, True])
def test_what_sending_requests_hold(plenty, name, again):
    """The clients read nothing; the second time what is kept is a hit."""
    uris = [f"/{name}/a?x={i}" for i in range(16)]
    if again:
        for uri in uris:
            assert plenty.get(uri).status == 200
    assert grow(plenty, uris, lambda: not plenty.converters(), receive_buffer=4096) <= FILES_SEAT


@pytest.mark.parametrize("name", ["four", "fourlive", "fourcold", "output"])
def test_what_conversions_hold(plenty, name):
    """At the worst moment, while the programs of some start and those of others run."""
    count, programs = 8, 1 if name == "output" else 4
    before = files(plenty)
    with Peak(plenty.pid) as peak, connections(plenty, [f"/{name}/a?x={i}" for i in range(count)]) as asking:
        plenty.wait_converters(count * programs)
        # Their directories are looked into every half second.
        time.sleep(1)
        assert not any(line.get("outcome") == "internal" for line in plenty.log.requests())
        assert len(asking) == count
    each = FILES_SEAT + FILES_FLIGHT + FILES_CONVERSION + programs * FILES_JOB
    assert (peak.files - before - count) / count <= each


@pytest.mark.parametrize("limit", [256, 512, 1024])
def test_everything_at_once(sluice, tmp_path, limit):
    """Every kind of request beside the others, many of each, with clients that read slowly or go, and the operator's commands."""
    few = {"params": X, "slots": 2, "timeout": "20s", "queue": 200, "queue_timeout": "60s"}
    daemon = limited(
        sluice, tmp_path, limit,
        recipe("lone", "write", "900000", "pause", "20", "note", "{x}", cache=False, **few),
        recipe("spilled", "write", str(3 * MIB), "note", "{x}", cache=False, **few),
        recipe("shared", "write", "300000", "pause", "20", "note", "{x}", stale="1h", **few),
        recipe("output", "to", "{output}", "write", "300000", "note", "{x}", **few),
        recipe("live", "write", "100000", "pause", "50", "write", "100000", "note", "{x}", response="live", **few),
        recipe("livekept", "write", "100000", "pause", "50", "write", "100000", "note", "{x}", response="live", cache=True,
               finish=True, **few),
        recipe("four", "write", "300000", "copy", "{source}", *FOUR, "note", "{x}", start="cold", **few),
        slots=8, status_path="/status")
    names = ["lone", "spilled", "shared", "output", "live", "livekept", "four"]
    count = 10 if SANITIZER else 40
    for i in range(4):
        assert daemon.get(f"/shared/a?x={i}").status == 200
    daemon.file("a", b"another source\n")
    uris = [f"/{name}/a?x={i % 30}" for i in range(count) for name in [*names, "shared"]]
    with Peak(daemon.pid) as peak, connections(daemon, uris, receive_buffer=4096) as asking:
        for connection in asking[::5]:
            connection.close()
        daemon.signal(signal.SIGHUP)
        daemon.signal(signal.SIGUSR1)
        answers = [connection.answer() for i, connection in enumerate(asking) if i % 5]
        status = daemon.get("/status?json")
        assert status.status == 200
    statuses = {answer.status for answer in answers}
    assert all(answer.ended for answer in answers) and statuses <= {200, 503} and 200 in statuses
    assert peak.files < limit, (peak.files, limit)
    assert_none_was_lacking(daemon)
    assert daemon.get("/shared/a?x=1").status == 200


def test_conversions_wait_for_descriptors(sluice, tmp_path):
    """More slots than descriptors: they are not all used, which is said at the start, and a live stream leaves room for others."""
    daemon = limited(sluice, tmp_path, 256, recipe("live", "endless", "note", "{x}", params=X, slots=100, queue=0, response="live"),
                     recipe("hello", "text", "hello", "note", "{x}", params=X, slots=100), slots=200)
    daemon.log.wait_text("fewer conversions run at once than the configuration allows")
    with Peak(daemon.pid) as peak, connections(daemon, [f"/live/a?x={i}" for i in range(60)], receive_buffer=4096):
        daemon.wait_converters(1)
        for i in range(8):
            assert daemon.get(f"/hello/a?x={i}").status == 200
    assert peak.files < 256
    assert_none_was_lacking(daemon)


def test_a_shortage_is_told_as_what_it_is(sluice, tmp_path):
    """The limit is lowered under a running daemon, to each number from none at all up to enough: 200 or 503, and the log has the
    errno that the kernel gave. Nothing is said to be the converter's fault, and the store goes on."""
    shared = {"params": X, "timeout": "20s"}
    daemon = limited(sluice, tmp_path, 1024,
                     recipe("shared", "text", "hello", "note", "{x}", **shared),
                     recipe("cold", "text", "hello", "note", "{x}", start="cold", **shared),
                     recipe("large", "write", str(3 * MIB), "note", "{x}", **shared),
                     recipe("output", "to", "{output}", "text", "hello", "note", "{x}", **shared),
                     recipe("live", "text", "hello", "note", "{x}", response="live", cache=True, **shared),
                     recipe("two", "text", "hello", "note", "{x}", "|", FAKE, "stdin", **shared))
    names, x = ["shared", "cold", "large", "output", "live", "two"], 0
    soft, hard = resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE)
    mark = daemon.log.mark()
    with daemon.connect() as kept:
        assert kept.get("/shared/a?x=0", keep=True).text == "hello"
        held, seen = processes.descriptors(daemon.pid), set()
        free = [number for number in range(len(held) + 60) if number not in held]
        for first_refused in free[:30]:
            resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (first_refused, hard))
            for name in names:
                x += 1
                answer = kept.get(f"/{name}/a?x={x}", keep=True)
                assert answer.ended and answer.status in (200, 503), (first_refused, name, answer, daemon.log.text()[-1500:])
                seen.add(answer.status)
        resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (soft, hard))
        assert seen == {200, 503}
        assert kept.get("/shared/a?x=100000", keep=True).text == "hello"
        assert kept.get("/shared/a?x=100000", keep=True).text == "hello"
    refused = [line for line in daemon.log.requests(mark) if line["status"] == "503"]
    assert refused and all("Too many open files" in line.text for line in refused), refused[0].text
    assert "Cannot allocate memory" not in daemon.log.text() and "nothing is kept" not in daemon.log.text()
    assert daemon.log.requests(mark)[-1].get("cache") == "hit"


def few(sluice, limit, **more):
    daemon = sluice(recipe("work", "write", "2000", "pause", "20", "note", "{x}", params=X, slots=4, queue=1000, queue_timeout="60s"),
                    recipe("pipe", "write", "2000", "|", FAKE, "stdin", stdin="source"), start=False, status_path="/-/status", slots=4)
    return daemon.start(prefix=("/usr/bin/prlimit", f"--nofile={limit}:{limit}"), **more)


@pytest.mark.parametrize("limit", [64, 128, 256])
def test_with_few_descriptors_requests_wait(sluice, limit):
    """Connections that a web server keeps give way to new ones; nothing is refused, and nothing fails half-way."""
    daemon = few(sluice, limit)
    statuses = []

    def ask(x):
        statuses.append(fastcgi.get(daemon.address, f"/work/a?x={x}", timeout=60 * SLOW).status)
    with contextlib.ExitStack() as stack:
        for i in range(30):
            kept = stack.enter_context(daemon.connect())
            assert kept.get(f"/work/a?x={i}", keep=True).status == 200, i
        threads = [threading.Thread(target=ask, args=(100 + i,)) for i in range(40)]
        with Peak(daemon.pid) as peak:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert statuses == [200] * 40 and peak.files < limit, (statuses, peak.files)
    assert daemon.get("/pipe/a").status == 200
    assert "Too many open files" not in daemon.log.text()


def test_the_bound_of_connections_is_the_true_one(sluice):
    """Not the one that is configured: web servers, the status page and the metrics get what the descriptors allow."""
    daemon = few(sluice, 128)
    status = json.loads(daemon.get("/-/status?json").body)
    with daemon.connect() as connection:
        told = int(connection.values("FCGI_MAX_CONNS")["FCGI_MAX_CONNS"])
    assert status["connections_limit"] == told < 64 and status["descriptors_limit"] == 128
    assert re.search(rf"^connections [12]/{told},", daemon.get("/-/status?text").text, re.M)  # the one before may be closing


def test_the_start_refuses_what_is_too_few_for_one_request(sluice):
    daemon = few(sluice, 40, wait=False)
    assert daemon.wait(20 * SLOW) == 1
    found = re.search(r"cannot start: 40 descriptors may be open, and one request needs (\d+)", daemon.log.text())
    needed = int(found[1])
    assert 40 < needed <= 64
    assert few(sluice, needed - 1, wait=False).wait(20 * SLOW) == 1
    daemon = few(sluice, needed)
    assert [daemon.get(uri).status for uri in ("/work/a?x=1", "/pipe/a", "/work/a?x=2")] == [200, 200, 200]


def test_with_few_descriptors_jobs_are_confined_as_always(sluice, tmp_path):
    """The places that a job may read are then opened by name for each job, and not kept."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    secret.chmod(0o644)
    daemon = sluice(recipe("secret", "copy", str(secret)), recipe("passwd", "copy", "/etc/passwd"),
                    recipe("system", "copy", "/usr/lib/os-release"), start=False)
    daemon.start(prefix=("/usr/bin/prlimit", "--nofile=128:128"))
    kept = {what for what in processes.descriptors(daemon.pid).values() if what.startswith(("/usr", "/etc"))}
    assert not kept, kept
    if "landlock=0" in daemon.log.text():
        pytest.skip("no Landlock here")
    assert daemon.get("/system/a").status == 200
    assert [daemon.get(f"/{name}/a").status for name in ("secret", "passwd")] == [422, 422]


@pytest.mark.skipif(os.geteuid() != 0 or not anybody_may_execute(), reason="the limit is that of a user who has no other processes")
def test_no_thread_is_an_overload(sluice, tmp_path):
    """What needs a thread that is not to be had is answered by 503, the reason is said once, and then all is well again."""
    store, user = tmp_path / "store", 54322
    store.mkdir()
    daemon = sluice(f'cache {{\n    path = "{store}"\n    size = 1G\n}}', recipe("hello", "text", "hello", "note", "{x}", params=X),
                    start=False)
    for path in (daemon.directory, daemon.temp, str(store)):
        os.chown(path, user, user)
    os.chmod(daemon.root, 0o755)

    def allow(count):
        subprocess.run(["/usr/bin/prlimit", f"--pid={daemon.pid}", f"--nproc={count}:"], check=True, user=user, group=user, extra_groups=[])
    daemon.start(user=user)
    mark = daemon.log.mark()
    allow(1)
    for i in range(5):
        answer = daemon.get(f"/hello/a?x={i}")
        assert answer.ended and answer.status == 503 and int(answer.headers["retry-after"]) >= 1, answer
    assert daemon.log.text(mark).count("no thread can be started") == 1
    allow(resource.getrlimit(resource.RLIMIT_NPROC)[0])
    for i in range(5):
        wait_until(lambda i=i: daemon.get(f"/hello/a?x={i}").status == 200, 10 * SLOW, lambda: daemon.log.text()[-3000:])


class Gate:
    """A daemon in which to close a large file without a name takes until this is opened."""

    def __init__(self, sluice, *recipes, **settings):
        self.daemon = sluice(*recipes, start=False, **settings)
        self.path = os.path.join(self.daemon.directory, "gate")
        self.daemon.environment = {"LD_PRELOAD": SLOWCLOSE, "SLOWCLOSE_GATE": self.path}
        self.daemon.start()

    def wait_closing(self):
        self.daemon.log.wait_text("slowclose: closing", timeout=10 * SLOW)

    def open(self):
        with open(self.path, "wb"):
            pass


@pytest.mark.skipif(SANITIZER != "", reason="the sanitizers want to be the first library")
@pytest.mark.parametrize("leader", [True, False])
def test_freeing_a_large_file_stops_nobody(sluice, leader):
    """Its last reader is answered to the end and closes it; meanwhile other shared requests begin, end and are joined."""
    gate = Gate(sluice, recipe("large", "write", str(5 * MIB), "pause", "100", "note", "{x}", params=X, join=True, slots=4),
                recipe("small", "text", "small", "note", "{x}", params=X, join=True, slots=4), slots=8)
    daemon = gate.daemon
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(daemon.connect()) for _ in range(1 if leader else 3)]
        for reader in readers:
            reader.send(fastcgi.request("/large/a?x=1"))
        assert [reader.answer().length for reader in readers] == [5 * MIB] * len(readers)
        gate.wait_closing()
        for i in range(5):
            assert daemon.get(f"/small/a?x={i}", timeout=2 * SLOW).text == "small"
        gate.open()


@pytest.mark.skipif(SANITIZER != "", reason="the sanitizers want to be the first library")
def test_removing_a_large_result_stops_nobody(sluice, tmp_path):
    """What goes from the store to make room is freed while others make room, too."""
    store = tmp_path / "store"
    store.mkdir()
    gate = Gate(sluice, f'cache {{\n    path = "{store}"\n    size = 20M\n}}',
                recipe("large", "write", str(6 * MIB), "note", "{x}", params=X, slots=4), slots=8)
    daemon = gate.daemon
    for i in range(3):
        assert daemon.get(f"/large/a?x={i}").length == 6 * MIB
    with daemon.connect() as first:
        first.send(fastcgi.request("/large/a?x=3"))
        gate.wait_closing()
        mark = daemon.log.mark()
        with daemon.connect() as second:
            second.send(fastcgi.request("/large/a?x=4"))
            # The second has removed another one, or it would not say so.
            daemon.log.wait_text("slowclose: closing", mark, 5 * SLOW)
            gate.open()
            assert first.answer().length == second.answer().length == 6 * MIB
