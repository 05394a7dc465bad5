# SPDX-License-Identifier: MIT
"""The same conversion never runs twice: results that are kept, and conversions that several requests share. The log counts the
conversions: a request that ran one has `cpu_ms`, whoever had it from elsewhere has none."""

import concurrent.futures
import contextlib
import glob
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import threading
import time

import pytest

import fastcgi
import openmetrics
import pattern
import processes
from daemon import SANITIZER, SLOW, SLUICE, Daemon, Moment, elapsed, recipe, taken
from processes import wait_until

MIB = 1 << 20
SHORT = 16384  # goes out in one piece with its fields, which takes a copy
COUNT = {"n": {"type": "integer", "min": 0, "max": 1 << 32}, "x": {"type": "integer", "max": 1 << 30}}

RECIPES = [
    recipe("whole", "write", "{n}", "note", "{x}", params=COUNT, timeout="60s"),
    recipe("file", "to", "{output}", "write", "{n}", "note", "{x}", params=COUNT),
    recipe("slow", "write", "{n}", "pause", "700", "note", "{x}", params=COUNT),
    recipe("fails", "write", "{n}", "pause", "500", "note", "{x}", "exit", "1", params=COUNT),
    recipe("hangs", "write", "{n}", "note", "{x}", "hang", params=COUNT, timeout="500ms"),
    recipe("hangslong", "write", "{n}", "note", "{x}", "hang", params=COUNT, timeout="30s"),
    recipe("one", "write", "{n}", "pause", "400", "note", "{x}", params=COUNT, slots=1, queue=1, queue_timeout="20s"),
    recipe("uncached", "write", "{n}", "note", "{x}", params=COUNT, cache=False),
    recipe("live", "write", "{n}", "pause", "700", "write", "{n}", "note", "{x}", params=COUNT, response="live", cache=True),
    recipe("livefast", "write", "{n}", "note", "{x}", params=COUNT, response="live", cache=True, timeout="60s"),
    recipe("livefails", "write", "{n}", "pause", "400", "note", "{x}", "exit", "3", params=COUNT, response="live", cache=True),
    recipe("livefinish", "write", "{n}", "pause", "600", "write", "{n}", "note", "{x}", params=COUNT, response="live",
           cache=True, finish=True),
    recipe("liveendless", "note", "{x}", "endless", params={"x": COUNT["x"]}, response="live", cache=True, timeout="60s"),
    recipe("liveplain", "write", "{n}", "note", "{x}", params=COUNT, response="live"),
]


class Store:
    """A directory for results, and the sluices that use it."""

    def __init__(self, directory, make):
        self.directory, self.make = str(directory), make
        self.number = 0

    def daemon(self, size="100M", recipes=RECIPES, path=None, **more):
        section = f'cache {{\n    path = "{path or self.directory}"\n    size = {size}\n}}'
        return self.make(section, *recipes, slots=more.pop("slots", 16), **more)

    def entries(self):
        return [path for path in glob.glob(f"{self.directory}/??/?/*") if os.path.isfile(path)]

    def sizes(self):
        """Of the entries alone, on the disk, as du counts them."""
        found = {}
        for path in self.entries():
            with contextlib.suppress(FileNotFoundError):
                found[path] = os.stat(path).st_blocks * 512
        return found

    def bytes(self):
        return sum(self.sizes().values())

    def bytes_at_once(self):
        """While it changes: what two looks have seen was there between them, all at one time."""
        before, after = self.sizes(), self.sizes()
        return sum(size for path, size in before.items() if path in after)


@pytest.fixture
def store(tmp_path, sluice):
    directory = tmp_path / "store"
    directory.mkdir()
    return Store(directory, sluice)


@pytest.fixture(scope="module")
def shared(module_sluice, tmp_path_factory):
    """For tests that only need a store, each with values of its own."""
    return Store(tmp_path_factory.mktemp("store"), module_sluice).daemon()


def conversions(daemon, mark=0):
    return [line for line in daemon.log.requests(mark) if "cpu_ms" in line]


def how(line):
    return line.get("cache")


@pytest.mark.parametrize("kind", ["whole", "file", "livefast"])
@pytest.mark.parametrize("size", [1, 1000, 65536, 3 * MIB])
def test_second_time_is_a_hit(shared, kind, size):
    uri = f"/{kind}/a?n={size}&x={size}"
    first, line = shared.logged(uri)
    assert how(line) == "miss" and "cpu_ms" in line
    second, line = shared.logged(uri)
    assert how(line) == "hit" and "cpu_ms" not in line
    assert first.status == second.status == 200 and first.ended and second.ended
    assert bytes(first.body) == bytes(second.body) == b"".join(pattern.at(at, min(MIB, size - at)) for at in range(0, size, MIB))
    for field in ("etag", "last-modified", "content-type", "cache-control"):
        assert first.headers.get(field) == second.headers.get(field)
    assert second.headers["content-length"] == str(size) and second.headers["accept-ranges"] == "bytes"
    assert line.number("spliced") == (size if size > SHORT else 0), line.text
    head, line = shared.logged(uri, method="HEAD")
    assert how(line) == "hit" and head.headers["content-length"] == str(size) and head.length == 0


@pytest.mark.parametrize("kind", ["whole", "livefast"])
def test_seeking_in_a_hit(shared, kind):
    uri = f"/{kind}/a?n=200000&x=77"
    tag = shared.get(uri).headers["etag"]
    for first, last in ((0, 0), (100000, 199999), (65536, 131071)):
        answer, line = shared.logged(uri, HTTP_RANGE=f"bytes={first}-{last}", HTTP_IF_RANGE=tag)
        assert answer.status == 206 and answer.headers["content-range"] == f"bytes {first}-{last}/200000"
        assert bytes(answer.body) == (pattern.at(0, 200000))[first:last + 1] and how(line) == "hit"
    answer = shared.get(uri, HTTP_RANGE="bytes=200000-")
    assert answer.status == 416 and answer.headers["content-range"] == "bytes */200000"
    assert shared.get(uri, HTTP_IF_NONE_MATCH=tag).status == 304


def test_not_kept(shared):
    for _ in range(2):
        for uri, status in (("/uncached/a?n=10&x=1", 200), ("/liveplain/a?n=10&x=1", 200), ("/fails/a?n=10&x=1", 422)):
            answer, line = shared.logged(uri)
            assert answer.status == status and how(line) != "hit" and "cpu_ms" in line, line.text


def test_changed_source_is_another_result(shared):
    path = shared.file("changing", b"1")
    assert how(shared.logged("/whole/changing?n=5&x=3")[1]) == "miss"
    with open(path, "wb") as file:
        file.write(b"22")
    assert how(shared.logged("/whole/changing?n=5&x=3")[1]) == "miss"


def test_source_overwritten_meanwhile_is_converted_again(shared):
    """What is kept is of the second run; test_torn.py has the rest."""
    path = shared.file("racing", b"before")
    mark = shared.log.mark()
    with shared.connect() as connection:
        connection.send(fastcgi.request("/slow/racing?n=5&x=4"))
        shared.wait_converters(1)
        with open(path, "wb") as file:
            file.write(b"after!")
        answer = connection.answer()
    assert answer.status == 200 and answer.headers["etag"]
    assert "converted again" in shared.log.wait_request(mark)[0].text
    assert how(shared.logged("/slow/racing?n=5&x=4")[1]) == "hit"


def together(daemon, uri, count, **more):
    """The same request `count` times at the same moment: answers and the conversions that it took."""
    mark = daemon.log.mark()
    connections = [daemon.connect() for _ in range(count)]
    try:
        for connection in connections:
            connection.send(fastcgi.request(uri, **more))
        answers = [connection.answer() for connection in connections]
    finally:
        for connection in connections:
            connection.close()
    return answers, daemon.log.wait_request(mark, count, 20)


@pytest.mark.parametrize("kind", ["slow", "live"])
def test_a_thousand_at_once_are_one_conversion(store, kind):
    count = 100 if SANITIZER else 1000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    daemon = store.daemon()
    answers, lines = together(daemon, f"/{kind}/a?n=50000&x=1", count)
    whole = pattern.at(0, 50000) if kind == "slow" else None
    for answer in answers:
        assert answer.status == 200 and answer.ended and bytes(answer.body) == bytes(answers[0].body)
    if whole:
        assert bytes(answers[0].body) == whole
    else:
        assert answers[0].length == 100000
    assert len([line for line in lines if "cpu_ms" in line]) == 1
    assert {how(line) for line in lines} <= {"miss", "join", "hit"}
    assert len(store.entries()) == 1


def test_a_leader_that_fails_fails_all(shared):
    answers, lines = together(shared, "/fails/a?n=10&x=20", 5)
    assert [answer.status for answer in answers] == [422] * 5
    assert len([line for line in lines if "cpu_ms" in line]) == 1
    answers, lines = together(shared, "/hangs/a?n=10&x=20", 5)
    assert [answer.status for answer in answers] == [504] * 5
    answers, lines = together(shared, "/livefails/a?n=10&x=20", 5)
    assert [(answer.status, answer.length) for answer in answers] == [(200, 10)] * 5
    assert all(answer.broken for answer in answers)


def test_a_leader_that_hangs_up_fails_nobody(shared):
    mark = shared.log.mark()
    first = shared.connect()
    first.send(fastcgi.request("/slow/a?n=1000&x=30"))
    shared.wait_converters(1)
    with shared.connect() as second:
        second.send(fastcgi.request("/slow/a?n=1000&x=30"))
        time.sleep(0.1)
        first.close()
        answer = second.answer()
    assert answer.status == 200 and bytes(answer.body) == pattern.at(0, 1000)
    shared.log.wait_request(mark, 2)
    assert how(shared.logged("/slow/a?n=1000&x=30")[1]) == "hit"


def test_a_leader_that_hangs_up_in_the_queue_fails_nobody(shared):
    with shared.connect() as busy, shared.connect() as second:
        busy.send(fastcgi.request("/one/a?n=10&x=1"))
        shared.wait_converters(1)
        first = shared.connect()
        first.send(fastcgi.request("/one/a?n=10&x=2"))
        time.sleep(0.1)
        second.send(fastcgi.request("/one/a?n=10&x=2"))
        time.sleep(0.05)
        first.close()
        assert second.answer().status == 200 and busy.answer().status == 200


def test_nobody_reads_so_the_converter_waits(shared):
    """It is paced by the fastest of its clients, so what lies in the file is bounded."""
    with shared.connect() as connection:
        connection.send(fastcgi.request("/liveendless/a?x=41"))
        shared.wait_converters(1)
        sizes = []

        def rests():
            sizes.append(sum(os.stat(f"/proc/{shared.pid}/fd/{n}").st_size for n, what in processes.descriptors(shared.pid).items()
                             if "(deleted)" in what and "store" in what))
            time.sleep(0.1)
            return len(sizes) > 5 and sizes[-1] > MIB and len(set(sizes[-5:])) == 1
        wait_until(rests, 10 * SLOW, lambda: sizes)
        assert sizes[-1] < 40 * MIB
        answer = connection.answer(until=lambda answer: answer.length > 60 * MIB, sink=lambda data: None)
        assert answer.length > 60 * MIB
    wait_until(lambda: not shared.converters(), 2 * SLOW)


def running(daemon):
    """How many requests are under way."""
    done = subprocess.run([SLUICE, "status", "-s", daemon.socket, "json"], capture_output=True, text=True, timeout=60, check=True)
    return len(json.loads(done.stdout)["running"])


@pytest.mark.parametrize("kind", ["hangslong", "liveendless"])
def test_the_converter_ends_with_the_last_client(shared, kind):
    connections = [shared.connect() for _ in range(3)]
    for connection in connections:
        connection.send(fastcgi.request(f"/{kind}/a?x=40" + ("&n=10" if kind == "hangslong" else "")))
    converter = shared.wait_converters(1)
    wait_until(lambda: running(shared) == 3, 10 * SLOW)
    for connection in connections[:2]:
        connection.close()
    time.sleep(0.2)
    assert shared.converters() == converter
    connections[2].close()
    processes.wait_gone(converter, 2 * SLOW)
    wait_until(lambda: not shared.converters(), 2 * SLOW)


def test_it_is_finished_for_the_cache(shared):
    mark = shared.log.mark()
    with shared.connect() as connection:
        connection.send(fastcgi.request("/livefinish/a?n=1000&x=50"))
        connection.answer(until=lambda answer: answer.length >= 1000)
    shared.log.wait_request(mark)
    wait_until(lambda: not shared.converters(), 3 * SLOW)
    answer, line = wait_until(lambda: found if how((found := shared.logged("/livefinish/a?n=1000&x=50"))[1]) == "hit" else None,
                              3 * SLOW)
    assert answer.length == 2000


def test_a_late_comer_gets_everything_and_holds_up_nobody(shared):
    """One reads nothing at all, one comes late: each gets every byte, and the quick ones are quick."""
    uri = f"/live/a?n={3 * MIB}&x=60"
    stalled = shared.connect(receive_buffer=4096)
    stalled.send(fastcgi.request(uri))
    time.sleep(0.15)
    late, start = shared.connect(), Moment()
    late.send(fastcgi.request(uri))
    answer = late.answer()
    assert (answer.status, answer.length, answer.ended) == (200, 6 * MIB, True)
    assert taken(start) < 3 * SLOW
    late.close()
    slow = stalled.answer()
    assert (slow.length, slow.ended) == (6 * MIB, True) and bytes(slow.body) == bytes(answer.body)
    stalled.close()


def test_first_byte_of_a_shared_live_answer(shared):
    with shared.connect() as connection:
        start = Moment()
        connection.send(fastcgi.request("/live/a?n=10&x=70"))
        answer = connection.answer(until=lambda answer: answer.length >= 10)
        assert taken(start) < 0.3 * SLOW
        answer = connection.answer(into=answer)
        assert answer.ended and answer.length == 20


def test_restart_finds_everything(store):
    daemon = store.daemon()
    assert how(daemon.logged("/whole/a?n=1000&x=1")[1]) == "miss"
    daemon.stop()
    daemon.start()
    assert how(daemon.logged("/whole/a?n=1000&x=1")[1]) == "hit"


def test_two_daemons_on_one_store(store):
    one = store.daemon()
    two = store.daemon(root=one.root)
    assert how(one.logged("/whole/a?n=1000&x=1")[1]) == "miss"
    assert how(two.logged("/whole/a?n=1000&x=1")[1]) == "hit"
    assert how(two.logged("/whole/a?n=1000&x=2")[1]) == "miss"
    assert how(one.logged("/whole/a?n=1000&x=2")[1]) == "hit"


@pytest.mark.parametrize("harm", ["zeroed", "overwritten", "cut", "grown", "attribute", "foreign", "link", "directory", "empty"])
def test_what_is_no_entry_is_replaced(store, harm):
    daemon = store.daemon()
    uri = "/whole/a?n=1000&x=1"
    daemon.get(uri)
    path, = store.entries()
    if harm == "zeroed":
        os.truncate(path, 0)
        os.truncate(path, 1000)
    elif harm == "overwritten":
        with open(path, "r+b") as file:
            file.write(b"x")
    elif harm == "cut":
        os.truncate(path, 999)
    elif harm == "grown":
        os.truncate(path, 1001)
    elif harm == "attribute":
        value = bytearray(os.getxattr(path, "user.sluice"))
        value[-1] ^= 1
        os.setxattr(path, "user.sluice", bytes(value))
    elif harm == "empty":
        os.removexattr(path, "user.sluice")
    else:
        os.unlink(path)
        if harm == "foreign":
            with open(path, "wb") as file:
                file.write(b"x" * 1000)
        elif harm == "link":
            os.symlink("/etc/passwd", path)
        else:
            os.mkdir(path)
    answer, line = daemon.logged(uri)
    assert answer.status == 200 and bytes(answer.body) == pattern.at(0, 1000) and how(line) == "miss"
    if harm != "directory":
        answer, line = daemon.logged(uri)
        assert bytes(answer.body) == pattern.at(0, 1000) and how(line) == "hit"


def test_a_result_that_was_overwritten_a_moment_ago(store):
    """What is remembered of it does not hold any more: it is made anew."""
    daemon = store.daemon()
    uri = "/whole/a?n=100000&x=1"
    for _ in range(3):
        daemon.get(uri)
    path, = store.entries()
    os.truncate(path, 0)
    os.truncate(path, 100000)
    answer, line = daemon.logged(uri)
    assert how(line) == "miss" and bytes(answer.body) == pattern.at(0, 100000)


def test_the_file_of_numbers_is_cut(store):
    """By any process of the same user: the daemon lives, and goes on to keep."""
    daemon = store.daemon()
    usage = os.path.join(store.directory, "usage")
    for n in range(1, 9):
        os.truncate(usage, (0, 20, 4096, 65552)[n % 4])
        assert daemon.get(f"/whole/a?n=1000&x={n}").status == 200
        assert daemon.process.poll() is None
        assert how(daemon.logged(f"/whole/a?n=1000&x={n}")[1]) == "hit"
    assert re.search(r"entries +8\b", command(daemon, "stat").stdout)


def test_an_entry_of_another_key_is_no_entry(store):
    daemon = store.daemon()
    daemon.get("/whole/a?n=1000&x=1")
    first, = store.entries()
    daemon.get("/whole/a?n=2000&x=2")
    second, = set(store.entries()) - {first}
    os.rename(second, first)
    answer, line = daemon.logged("/whole/a?n=1000&x=1")
    assert answer.length == 1000 and how(line) == "miss"


def test_least_recently_used_goes_first(store):
    daemon = store.daemon(size="1M")
    for x in range(8):
        daemon.get(f"/whole/a?n=100000&x={x}")
        time.sleep(0.02)
    assert len(store.entries()) == 8
    time.sleep(0.15)
    assert how(daemon.logged("/whole/a?n=100000&x=0")[1]) == "hit"
    for x in range(8, 11):
        daemon.get(f"/whole/a?n=100000&x={x}")
    assert store.bytes() <= MIB * 1.02
    assert how(daemon.logged("/whole/a?n=100000&x=0")[1]) == "hit"
    assert how(daemon.logged("/whole/a?n=100000&x=1")[1]) == "miss"


def test_the_bound_holds_under_load(store):
    """Two daemons, eight clients, results of all sizes; looked at all the while."""
    one = store.daemon(size="8M")
    two = store.daemon(size="8M", root=one.root)
    highest, stop = [0], threading.Event()

    def watch():
        while not stop.is_set():
            highest[0] = max(highest[0], store.bytes_at_once())
            time.sleep(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    numbers = random.Random(1)
    wanted = [(numbers.randrange(1, 300000), x) for x in range(150 if SANITIZER else 600)]
    try:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(lambda w: (one, two)[w[1] % 2].get(f"/whole/a?n={w[0]}&x={w[1]}").status, wanted))
    finally:
        stop.set()
        watcher.join()
    assert set(statuses) == {200}
    assert highest[0] <= 8 * MIB * 1.02, highest
    assert store.bytes() >= 6 * MIB


def test_larger_than_the_store(store):
    daemon = store.daemon(size="1M")
    for _ in range(2):
        answer, line = daemon.logged(f"/whole/a?n={2 * MIB}&x=1")
        assert answer.length == 2 * MIB and answer.ended and how(line) == "miss"
    assert store.entries() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")
@pytest.mark.parametrize("kind", ["whole", "livefast", "file"])
def test_disk_full(store, tmp_path, kind):
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(small)], capture_output=True)
    if mounted.returncode:
        pytest.skip(mounted.stderr.decode())
    try:
        try:
            os.setxattr(small, "user.test", b"x")
        except OSError:
            pytest.skip("no extended attributes on tmpfs")
        daemon = store.daemon(path=str(small))
        for x in range(3):
            answer, line = daemon.logged(f"/{kind}/a?n={3 * MIB}&x={x}")
            assert (answer.status, answer.length, answer.ended) == (200, 3 * MIB, True), line.text
            assert bytes(answer.body[-1000:]) == pattern.at(3 * MIB - 1000, 1000)
        assert daemon.log.text().count("nothing is kept for now") == 1
        daemon.stop()
    finally:
        subprocess.run(["umount", "-l", str(small)], check=False)


@pytest.fixture
def full(tmp_path):
    """A file system of 1 MiB; fill() leaves no room on it."""
    small = tmp_path / "small"
    small.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounts a file system")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(small)], capture_output=True)
    if mounted.returncode:
        pytest.skip(mounted.stderr.decode())
    try:
        yield small
    finally:
        subprocess.run(["umount", "-l", str(small)], check=False)


def fill(directory):
    with open(os.path.join(directory, "ballast"), "wb") as file:
        try:
            while True:
                os.write(file.fileno(), bytes(4096))
        except OSError:
            pass


def test_store_and_temporary_files_on_a_full_disk(store, full):
    """What fits into a pipe needs no disk."""
    (full / "store").mkdir()
    (full / "temp").mkdir()
    try:
        os.setxattr(full, "user.test", b"x")
    except OSError:
        pytest.skip("no extended attributes on tmpfs")
    daemon = store.daemon(path=str(full / "store"), temp_path=str(full / "temp"))
    fill(full)
    for x in range(3):
        answer, line = daemon.logged(f"/whole/a?n=60000&x={x}")
        assert (answer.status, bytes(answer.body)) == (200, pattern.at(0, 60000)), line.text
    assert daemon.log.text().count("nothing is kept for now") == 1
    told = subprocess.run([SLUICE, "health", "-s", f"unix:{daemon.socket}"], capture_output=True, text=True, timeout=30, check=False)
    assert "yellow: cache: nothing is kept for now" in told.stdout + told.stderr and "No space left" in told.stdout + told.stderr, told
    os.unlink(full / "ballast")
    daemon.stop()


def test_files_that_may_not_grow(store):
    """RLIMIT_FSIZE is like a full disk, and no reason for the daemon to die of SIGXFSZ."""
    daemon = store.daemon()
    daemon.stop()
    daemon.start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200000, 200000)))
    answer, line = daemon.logged("/whole/a?n=50000&x=1")
    assert answer.status == 200 and how(line) == "miss" and len(store.entries()) == 1
    answer, line = daemon.logged(f"/whole/a?n={3 * MIB}&x=2")
    assert answer.status == 507 and "File too large" in line["reason"], line.text
    assert daemon.log.text().count("nothing is kept for now") == 1
    answer, line = daemon.logged("/whole/a?n=50000&x=3")
    assert answer.status == 200 and bytes(answer.body) == pattern.at(0, 50000) and len(store.entries()) == 1


def test_a_directory_that_is_removed_meanwhile(store):
    """Results are sent all the same, and it is said what to do: the daemon may not open another directory."""
    daemon = store.daemon()
    daemon.logged("/whole/a?n=100&x=1")
    shutil.rmtree(store.directory)
    for _ in range(2):
        answer, line = daemon.logged("/whole/a?n=100&x=1")
        assert answer.status == 200 and bytes(answer.body) == pattern.at(0, 100) and how(line) == "miss", line.text
        os.makedirs(store.directory, exist_ok=True)
    what = "its directory was removed: make it again, and restart sluice"
    told = subprocess.run([SLUICE, "health", "-s", f"unix:{daemon.socket}"], capture_output=True, text=True, timeout=30, check=False)
    assert told.returncode == 0 and f"{store.directory}: {what}" in told.stdout + told.stderr, told
    assert daemon.log.text().count(f"nothing is kept for now: {what}") == 1
    daemon.stop()
    daemon.start()
    assert [how(daemon.logged("/whole/a?n=100&x=1")[1]) for _ in range(2)] == ["miss", "hit"]


# Joining without a store

JOIN = [
    recipe("slow", "write", "{n}", "pause", "700", "note", "{x}", params=COUNT, join=True),
    recipe("to", "to", "{output}", "write", "{n}", "pause", "700", "note", "{x}", params=COUNT, join=True),
    recipe("fails", "write", "{n}", "pause", "500", "note", "{x}", "exit", "1", params=COUNT, join=True),
    recipe("live", "write", "{n}", "pause", "700", "write", "{n}", "note", "{x}", params=COUNT, response="live", join=True),
    recipe("liveendless", "note", "{x}", "endless", params={"x": COUNT["x"]}, response="live", join=True, timeout="60s", temp_max="8M"),
    recipe("alone", "write", "{n}", "pause", "300", "note", "{x}", params=COUNT),
    recipe("unkept", "write", "{n}", "pause", "300", "note", "{x}", params=COUNT, cache=False, join=True),
]


@pytest.mark.parametrize("kind", ["slow", "to", "live"])
@pytest.mark.parametrize("size", [100, 2 * MIB])
def test_joining_without_a_store(sluice, kind, size):
    daemon = sluice(*JOIN, slots=16)
    answers, lines = together(daemon, f"/{kind}/a?n={size}&x=1", 10)
    assert all(answer.status == 200 and answer.ended and bytes(answer.body) == bytes(answers[0].body) for answer in answers)
    assert answers[0].length == size * (2 if kind == "live" else 1)
    assert len([line for line in lines if "cpu_ms" in line]) == 1
    assert sorted(how(line) for line in lines) == ["join"] * 9 + ["off"]
    answer, line = daemon.logged(f"/{kind}/a?n={size}&x=1", HTTP_RANGE="bytes=10-19")
    assert "cpu_ms" in line and how(line) == "off"
    # Another run may give other bytes: without a stored result there are no parts.
    assert answer.status == 200 and answer.headers["etag"].startswith("W/")


def test_joining_without_a_store_only_where_it_is_said(sluice, store):
    daemon = sluice(*JOIN, slots=16)
    answers, lines = together(daemon, "/alone/a?n=100&x=1", 3)
    assert [how(line) for line in lines] == ["off"] * 3 and len([line for line in lines if "cpu_ms" in line]) == 3
    daemon = store.daemon(recipes=JOIN)
    answers, lines = together(daemon, "/unkept/a?n=100&x=1", 3)
    assert sorted(how(line) for line in lines) == ["join", "join", "off"] and store.entries() == []
    answers, lines = together(daemon, "/fails/a?n=100&x=1", 3)
    assert [answer.status for answer in answers] == [422] * 3


def test_a_joined_stream_without_a_store_is_bounded(sluice):
    daemon = sluice(*JOIN, slots=16)
    answer, line = daemon.logged("/liveendless/a?x=1", sink=lambda data: None)
    assert answer.broken and 4 * MIB < answer.length <= 16 * MIB and "limit: more than can be kept" in line["reason"], line.text


def test_no_store_is_no_reason_not_to_serve(store, tmp_path):
    os.rmdir(store.directory)
    os.mkdir(store.directory)
    os.mkdir(os.path.join(store.directory, "usage"))
    daemon = store.daemon()
    assert daemon.get("/whole/a?n=10&x=1").status == 200
    assert "nothing is kept" in daemon.log.text()


def health(daemon):
    return subprocess.run([SLUICE, "health", "-s", f"unix:{daemon.socket}"], capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("trouble", ["missing", "wrong"])
def test_a_store_that_comes_later(store, tmp_path, trouble):
    """Its volume is not there yet, or something is wrong with it: the daemon serves, says so, and tries again until it is right."""
    directory = tmp_path / "volume" / "results"
    directory.parent.mkdir()
    if trouble == "wrong":
        (directory / "usage").mkdir(parents=True)
    daemon = store.daemon(path=directory)
    told = health(daemon)
    assert told.returncode == 0 and told.stdout.startswith("healthy\nyellow: cache: nothing is kept"), told
    assert str(directory) in told.stdout and told.stdout.count("\n") == 2, told
    assert daemon.logged("/whole/a?n=10&x=1")[1].get("cache") == "off"
    if trouble == "wrong":
        (directory / "usage").rmdir()
    else:
        directory.mkdir()
    daemon.log.wait_text("results are kept from now on", timeout=20 * SLOW)
    assert health(daemon).stdout == "healthy\n"
    assert daemon.log.text().count("nothing is kept") == 1
    assert [daemon.logged("/whole/a?n=10&x=1")[1].get("cache") for _ in range(3)] == ["miss", "hit", "hit"], daemon.log.text()[-3000:]
    assert len(glob.glob(f"{directory}/??/?/*")) == 1
    daemon.take_baseline()  # the store has descriptors of its own


def test_a_missing_store_is_told_by_the_check_of_the_configuration(store, tmp_path):
    daemon = store.daemon(path=tmp_path / "nowhere", start=False)
    done = subprocess.run([SLUICE, "-t", "-c", daemon.config], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1 and "nowhere" in done.stderr, done


def test_killed_while_filling(store):
    """Whatever has a name afterwards is whole."""
    rounds = 10 if SANITIZER else 80
    numbers = random.Random(2)
    longest = 0.03
    for i in range(rounds):
        if not store.entries():
            longest *= 1.2  # a slow machine
        daemon = Daemon(f'cache {{ path = "{store.directory}" size = 100M }}', *RECIPES, slots=16)
        try:
            connections = [daemon.connect() for _ in range(6)]
            for j, connection in enumerate(connections):
                kind = ("whole", "livefast")[j % 2]
                connection.send(fastcgi.request(f"/{kind}/a?n={numbers.randrange(1, 2 * MIB)}&x={i * 10 + j}"))
            time.sleep(numbers.random() * longest)
            daemon.signal(signal.SIGKILL)
            daemon.wait(5)
            for connection in connections:
                connection.close()
        finally:
            daemon.close()
    entries = store.entries()
    assert entries
    done = command(store.daemon(), "verify")
    assert done.returncode == 0 and f"{len(entries)} looked at, 0 wrong" in done.stdout, done
    for path in entries:
        attribute = os.getxattr(path, "user.sluice")
        length = int.from_bytes(attribute[48:56], "little")
        assert os.path.getsize(path) == length
        with open(path, "rb") as file:
            body = file.read()
        assert body == b"".join(pattern.at(at, min(MIB, length - at)) for at in range(0, length, MIB))


# stale: the older result, while a new one is made

STALE = [
    recipe("whole", "write", "{n}", "pause", "300", "note", "{x}", params=COUNT, stale="1h", cache_control="max-age=600"),
    recipe("mine", "write", "{n}", "pause", "300", "note", "{x}", params=COUNT, stale="1h", cache_control="private, max-age=600"),
    recipe("live", "write", "{n}", "pause", "300", "note", "{x}", params=COUNT, stale="1h", response="live", cache=True),
    recipe("file", "copy", "{source}", "note", "{x}", params=COUNT, stale="1h"),
    recipe("short", "copy", "{source}", params=COUNT, stale="1s"),
    recipe("never", "copy", "{source}", params=COUNT),
]


def refreshes(daemon, count, mark=0):
    """The lines of at least so many refreshes that have ended."""
    def enough():
        found = [line for line in daemon.log.lines(mark) if " refresh " in line.text]
        return found if len(found) >= count else None
    return wait_until(enough, 10 * SLOW, lambda: daemon.log.text(mark))


def change(daemon, name, data):
    """Another file in its place, as editors and rsync do it."""
    path = daemon.file(name + ".new", data)
    os.replace(path, os.path.join(daemon.root, name))


@pytest.mark.parametrize("kind", ["whole", "mine", "live"])
def test_stale_is_served_while_it_is_refreshed(store, kind):
    daemon = store.daemon(recipes=STALE)
    daemon.file("photo", b"one")
    uri = f"/{kind}/photo?n=5000&x=1"
    first, line = daemon.logged(uri)
    assert how(line) == "miss" and "fwd=miss" in first.headers["cache-status"]
    change(daemon, "photo", b"two")
    mark = daemon.log.mark()
    answers, lines = together(daemon, uri, 20)
    assert {how(line) for line in lines} <= {"stale", "hit"} and "stale" in {how(line) for line in lines}
    for answer in answers:
        if "ttl" not in answer.headers["cache-status"]:
            continue
        assert answer.status == 200 and bytes(answer.body) == bytes(first.body)
        assert answer.headers["etag"] == first.headers["etag"] and answer.headers["last-modified"] == first.headers["last-modified"]
        assert answer.headers["cache-status"].startswith("sluice; hit; ttl=-")
        assert answer.headers["cache-control"] == ("private, no-cache" if kind == "mine" else "no-cache")
    line, = refreshes(daemon, 1, mark)
    assert line["status"] == "200" and "cpu_ms" in line and line["recipe"] == kind
    answer, line = daemon.logged(uri)
    assert how(line) == "hit" and answer.headers["etag"] != first.headers["etag"] and answer.headers["cache-status"] == "sluice; hit"
    assert answer.headers.get("cache-control") == first.headers.get("cache-control")
    assert len(refreshes(daemon, 1, mark)) == 1, "more than one conversion for twenty requests"


def test_conditions_and_ranges_of_a_stale_answer(store):
    daemon = store.daemon(recipes=STALE)
    daemon.file("photo", b"one")
    uri = "/whole/photo?n=5000&x=2"
    old = daemon.get(uri).headers["etag"]
    change(daemon, "photo", b"two")
    assert daemon.get(uri).headers["etag"] == old
    answer, line = daemon.logged(uri, HTTP_IF_NONE_MATCH=old)
    if how(line) == "stale":
        assert answer.status == 304 and answer.headers["etag"] == old and answer.headers["cache-control"] == "no-cache"
        assert answer.headers["cache-status"].startswith("sluice; hit; ttl=-")
    refreshes(daemon, 1)
    change(daemon, "photo", b"three")
    old = daemon.logged(uri, method="HEAD")[0].headers["etag"]
    answer, line = daemon.logged(uri, HTTP_RANGE="bytes=100-199", HTTP_IF_RANGE=old)
    if how(line) == "stale":  # else the machine was so busy that the refresh is over
        assert answer.status == 206 and bytes(answer.body) == pattern.at(100, 100)
    refreshes(daemon, 2)
    answer = daemon.get(uri, HTTP_RANGE="bytes=100-199", HTTP_IF_RANGE=old)
    assert answer.status == 200 and answer.length == 5000


def test_stale_is_for_a_time(store):
    """Counted from the change, also when nobody has asked meanwhile; a source that fails is told of then."""
    daemon = store.daemon(recipes=STALE)
    daemon.file("photo", b"one")
    assert daemon.get("/short/photo?n=1&x=1").text == "one"
    change(daemon, "photo", b"")
    mark = daemon.log.mark()

    def fails():
        answer, line = daemon.logged("/short/photo?n=1&x=1")
        assert how(line) == "stale" and answer.text == "one" or answer.status == 422, (line.text, answer)
        return answer.status == 422
    wait_until(fails, 10 * SLOW)
    assert all(line["status"] == "422" for line in refreshes(daemon, 0, mark))


def test_a_refresh_that_fails_is_not_begun_by_everybody(store):
    daemon = store.daemon(recipes=STALE)
    daemon.file("photo", b"one")
    assert daemon.get("/file/photo?n=1&x=1").text == "one"
    change(daemon, "photo", b"")
    start = Moment()
    for _ in range(100):
        answer = daemon.get("/file/photo?n=1&x=1")
        assert (answer.status, answer.text) == (200, "one")
    # After 1, 2, 4 … seconds.
    assert 1 <= len(refreshes(daemon, 1)) <= 2 + elapsed(start)
    change(daemon, "photo", b"three")
    assert daemon.get("/file/photo?n=1&x=1").text == "one"
    wait_until(lambda: daemon.get("/file/photo?n=1&x=1").text == "three", 10 * SLOW)


def test_stale_of_another_daemon_and_after_a_restart(store):
    one = store.daemon(recipes=STALE)
    two = store.daemon(recipes=STALE, root=one.root)
    one.file("photo", b"one")
    assert two.get("/file/photo?n=1&x=1").text == "one"
    change(one, "photo", b"two")
    assert one.logged("/file/photo?n=1&x=1")[0].text == "one"
    wait_until(lambda: two.get("/file/photo?n=1&x=1").text == "two", 10 * SLOW)
    one.stop()
    one.start()
    change(one, "photo", b"three")
    answer, line = one.logged("/file/photo?n=1&x=1")
    assert answer.text == "two" and how(line) == "stale"


def test_stale_is_of_the_same_command_and_parameters(store):
    daemon = store.daemon(recipes=STALE)
    daemon.file("photo", b"one")
    assert daemon.get("/file/photo?n=1&x=1").text == "one"
    assert daemon.get("/never/photo?n=1&x=1").text == "one"
    change(daemon, "photo", b"two")
    assert daemon.get("/file/photo?n=1&x=2").text == "two"
    assert daemon.get("/never/photo?n=1&x=1").text == "two"
    daemon.stop()
    other = store.daemon(recipes=[recipe("file", "copy", "{source}", "note", "{x}", "text", "", params=COUNT, stale="1h")], root=daemon.root)
    answer, line = other.logged("/file/photo?n=1&x=1")
    assert answer.text == "two" and how(line) == "miss"


def test_a_source_that_is_gone_is_not_stale(store):
    daemon = store.daemon(recipes=STALE)
    path = daemon.file("photo", b"one")
    assert daemon.get("/file/photo?n=1&x=1").status == 200
    os.unlink(path)
    assert daemon.get("/file/photo?n=1&x=1").status == 404


def links(store):
    return glob.glob(f"{store.directory}/??/?/*.series")


def test_links_go_with_their_entries(store):
    daemon = store.daemon(size="1M", recipes=STALE)
    daemon.file("photo", os.urandom(100000))
    for x in range(30):
        assert daemon.get(f"/file/photo?n=1&x={x}").status == 200
    assert len(links(store)) == len(store.entries()) < 12 and store.bytes() <= MIB * 1.02
    assert command(daemon, "purge", "*x=29").stdout == "1 removed\n"
    assert len(links(store)) == len(store.entries())
    os.unlink(store.entries()[0])
    assert command(daemon, "verify").returncode == 0 and len(links(store)) == len(store.entries())
    for path in links(store):
        os.unlink(path)
        os.symlink("/etc/passwd", path)
    change(daemon, "photo", b"two")
    for x in range(30):
        assert daemon.get(f"/file/photo?n=1&x={x}").text == "two"
    assert command(daemon, "verify").returncode == 0
    assert len(links(store)) == 30


def test_counters(store):
    """How requests came by their results, in the log and on the status page in all its forms."""
    daemon = store.daemon(size="1M", recipes=[*STALE, recipe("off", "text", "x", cache=False)], status_path="/-/status")
    daemon.file("photo", os.urandom(200000))

    def count(name, **labels):
        families = openmetrics.parse(bytes(daemon.get("/-/status?openmetrics").body).decode())
        return families[f"sluice_{name}"].sum(families[f"sluice_{name}"].type == "counter" and "_total" or "", **labels)

    assert count("cache_entries") == count("cache_used_bytes") == 0 and count("cache_limit_bytes") == MIB
    tag = daemon.get("/file/photo?n=1&x=1").headers["etag"]
    daemon.get("/file/photo?n=1&x=1")
    assert daemon.get("/file/photo?n=1&x=1", HTTP_IF_NONE_MATCH=tag).status == 304
    daemon.get("/off/photo")
    ways = {way: count("cache_requests", way=way) for way in ("hit", "stale", "miss", "join", "off")}
    assert ways == {"hit": 1, "stale": 0, "miss": 1, "join": 0, "off": 1}
    assert count("cache_entries") == count("cache_stored") == 1 and 200000 <= count("cache_used_bytes") < 220000
    together(daemon, "/whole/photo?n=10&x=1", 3)
    assert count("cache_requests", recipe="whole", way="join") + count("cache_requests", recipe="whole", way="hit") == 2
    change(daemon, "photo", os.urandom(200000))
    answer, line = daemon.logged("/file/photo?n=1&x=1")
    assert how(line) == "stale" and count("cache_requests", recipe="file", way="stale") == 1
    refreshes(daemon, 1)
    # Counted a moment after it is logged.
    wait_until(lambda: count("cache_refreshes", recipe="file") == 1 and count("conversions", recipe="file") == 2, 5 * SLOW)
    assert count("requests", recipe="file") == 4
    for x in range(2, 10):
        daemon.get(f"/file/photo?n=1&x={x}")
    wait_until(lambda: count("cache_evicted") >= 5, 5 * SLOW)
    assert count("cache_used_bytes") <= MIB and count("cache_entries") == len(store.entries())
    status = json.loads(bytes(daemon.get("/-/status?json").body))
    assert status["cache"]["limit_bytes"] == MIB and status["cache"]["entries"] == len(store.entries())
    of_file, = [one for one in status["recipes"] if one["name"] == "file"]
    assert of_file["cache"] == {"hit": 1, "stale": 1, "miss": 9, "join": 0, "off": 0} and of_file["refreshes"] == 1
    text = bytes(daemon.get("/-/status").body).decode()
    assert re.search(r"^requests: hit \d+, stale 1, miss \d+, join \d+, off 1, not modified 1$", text, re.M), text
    assert re.search(r"^cache: \d entries, [01]\.\d of 1\.0 MiB; stored \d+, not stored 0, evicted \d+, damaged 0$", text, re.M), text
    assert "results kept" in bytes(daemon.get("/-/status?html").body).decode()


# The commands

def command(daemon, *words, arguments=(), **more):
    return subprocess.run([SLUICE, "cache", "-c", daemon.config, *arguments, *words], capture_output=True, text=True, timeout=60,
                          check=False, **more)


def test_commands(store):
    daemon = store.daemon()
    urls = [f"/whole/a?n={1000 + x}&x={x}" for x in range(10)]
    done = command(daemon, "warm", *urls[:4], "/whole/none?n=1&x=1", "-", input="\n".join(urls[4:]) + "\n\n")
    assert done.returncode == 1 and "10 of 11 are in the cache" in done.stdout, done
    assert "/whole/none?n=1&x=1: 404" in done.stderr and len(conversions(daemon)) == 10
    done = command(daemon, "warm", *urls)
    assert done.returncode == 0 and len(conversions(daemon)) == 10
    done = command(daemon, "ls")
    assert done.returncode == 0 and sorted(line.split()[-1] for line in done.stdout.splitlines()) == sorted(urls)
    assert {line.split()[2] for line in done.stdout.splitlines()} == {"whole"}
    done = command(daemon, "stat")
    assert "entries  10\n" in done.stdout and f"content  {sum(range(1000, 1010))} bytes" in done.stdout, done.stdout
    assert command(daemon, "verify").returncode == 0
    done = command(daemon, "purge", "/whole/a?n=100[0-4]&*")
    assert done.stdout == "5 removed\n" and len(store.entries()) == 5
    assert how(daemon.logged(urls[0])[1]) == "miss" and how(daemon.logged(urls[9])[1]) == "hit"
    with open(store.entries()[0], "r+b") as file:
        file.truncate(3)
    done = command(daemon, "verify")
    assert done.returncode == 1 and "does not have its recorded length" in done.stdout and "6 looked at, 1 wrong" in done.stdout, done.stdout
    assert command(daemon, "verify").returncode == 0 and len(store.entries()) == 5
    assert command(daemon, "purge", "*").stdout == "5 removed\n"
    assert "on disk  0 of" in command(daemon, "stat").stdout


def test_verify_reads_what_was_converted(store):
    daemon = store.daemon()
    for x, size in enumerate((1, 1000, 300000)):
        daemon.get(f"/whole/a?n={size}&x={x}")
    used = {path: os.stat(path).st_atime_ns for path in store.entries()}
    done = command(daemon, "verify")
    assert done.returncode == 0 and done.stdout == "3 have a checksum of their content now\n3 looked at, 0 wrong\n", done
    assert command(daemon, "verify").stdout == "3 looked at, 0 wrong\n"
    assert used == {path: os.stat(path).st_atime_ns for path in store.entries()}, "looking is not using"
    path = max(store.entries(), key=os.path.getsize)
    times = os.stat(path)
    with open(path, "r+b") as file:
        file.seek(299999)
        file.write(b"\0")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    done = command(daemon, "verify")
    assert done.returncode == 1 and "is not what it was: removed" in done.stdout and "3 looked at, 1 wrong" in done.stdout, done
    answer, line = daemon.logged("/whole/a?n=300000&x=2")
    assert how(line) == "miss" and bytes(answer.body) == pattern.at(0, 300000)
    assert command(daemon, "verify").stdout == "1 have a checksum of their content now\n3 looked at, 0 wrong\n"


@pytest.mark.parametrize("words", [(), ("x",), ("ls", "x"), ("purge",), ("warm",), ("purge", "a", "b")])
def test_command_is_not_understood(shared, words):
    assert command(shared, *words).returncode == 2


def read_terminal(master):
    """What is there, a piece; nothing at the end."""
    try:
        return os.read(master, 65536)
    except OSError:  # EIO: nobody has the other side open any more
        return b""


def test_warm_shows_how_far_it_is(store):
    """On a terminal: a bar with rate and time left."""
    daemon = store.daemon()
    master, slave = os.openpty()
    urls = [f"/slow/a?n=10&x={x}" for x in range(8)]
    done = subprocess.run([SLUICE, "cache", "-c", daemon.config, "warm", *urls], stdout=subprocess.PIPE, stderr=slave, timeout=60,
                          check=False)
    os.close(slave)
    shown = b""
    while piece := read_terminal(master):
        shown += piece
    os.close(master)
    shown = shown.decode()
    assert done.returncode == 0, shown
    assert "8/8" in shown and "a second" in shown and "s left" in shown and "done" in shown, shown


def test_numbers_are_put_right(store):
    """A daemon that was killed at the wrong moment has left a wrong number: whoever looks through the directory mends it."""
    daemon = store.daemon()
    daemon.get("/whole/a?n=100000&x=1")
    with open(os.path.join(store.directory, "usage"), "r+b") as file:
        for number in range(0, 4096, 7):
            file.seek(16 + 8 * number)
            file.write((50 * MIB).to_bytes(8, "little"))
    assert "100 entries" not in command(daemon, "stat").stdout
    used = [line for line in command(daemon, "stat").stdout.splitlines() if line.startswith("on disk")][0]
    assert int(used.split()[2]) < 200000, used
