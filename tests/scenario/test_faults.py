# SPDX-License-Identifier: MIT
"""What goes wrong around the daemon: converters that are killed at random, a system that gives no process, no descriptor and no
room, and web servers that read a byte a second or vanish. Whatever happens, every answer that is complete is right. Converters
that misbehave by themselves are in test_status.py and test_pump.py, sudden deaths of the daemon in test_life.py."""

import contextlib
import ctypes
import fcntl
import os
import random
import resource
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time

import pytest

import fastcgi
import pattern
import processes
from daemon import FAKE, SANITIZER, SLOW, Moment, anybody_may_execute, elapsed, recipe, taken
from ports import free_port
from processes import wait_until

MIB = 1 << 20
HELLO = recipe("hello", "text", "hello", slots=4)
ROOT = os.geteuid() == 0


# Sudden deaths in the middle of a load

N, BIG = 3001, 3 * MIB + 7
# Long enough to be met by a kill; both ways to start, both ways to answer, beyond a pipe, and two programs.
VICTIMS = {
    "warm": recipe("warm", "write", "1000", "pause", "20", "write", str(N - 1000), slots=8),
    "cold": recipe("cold", "write", "1000", "pause", "20", "write", str(N - 1000), slots=8, start="cold"),
    "live": recipe("live", "write", "1000", "pause", "20", "write", str(N - 1000), slots=8, response="live"),
    "big": recipe("big", "write", str(BIG), "pause", "20", slots=8),
    "pipe": recipe("pipe", "write", str(N), "pause", "20", "|", FAKE, "pause", "10", "stdin", slots=8),
}
LENGTHS = {name: BIG if name == "big" else N for name in VICTIMS}


class Clients:
    """`total` requests or more from eight clients, until there are `enough`. A wrong answer is kept, and so is an honest failure."""

    def __init__(self, daemon, total, names=tuple(VICTIMS)):
        self.daemon, self.total, self.names = daemon, total, names
        self.lock, self.asked, self.answered = threading.Lock(), 0, 0
        self.wrong, self.failed, self.enough = [], [], False
        self.threads = [threading.Thread(target=self._run) for _ in range(8)]
        for thread in self.threads:
            thread.start()

    def _next(self):
        with self.lock:
            if self.asked >= self.total and self.enough:
                return None
            self.asked += 1
            return self.asked

    def _run(self):
        while (i := self._next()) is not None:
            # `big` is for one in fifty: it is there for the spill file, not for the processor.
            name = self.names[i % len(self.names)]
            if name == "big" and i % 50:
                name = self.names[0]
            check = pattern.Checker()
            try:
                answer = self.daemon.get(f"/{name}/a", sink=check, timeout=60)
            except (OSError, fastcgi.Closed) as error:
                self.wrong.append((name, error))
                continue
            self._judge(name, answer, check)

    def _judge(self, name, answer, check):
        with self.lock:
            self.answered += 1
            if answer.status == 200 and answer.ended:
                if check.length != LENGTHS[name] or check.wrong_at is not None:
                    self.wrong.append((name, answer))
            elif answer.status == 200:
                # Live, and broken off: what came until then was right, and the web server sees that it is not all.
                self.failed.append(200)
                if name != "live" or answer.broken != "version" or check.wrong_at is not None or answer.stdout_closed:
                    self.wrong.append((name, answer))
            else:
                self.failed.append(answer.status)
                if not answer.ended:
                    self.wrong.append((name, answer))

    def busy(self):
        return any(thread.is_alive() for thread in self.threads)

    def finish(self):
        self.enough = True
        for thread in self.threads:
            thread.join(300)
        assert not self.busy()


def converters(daemon):
    """Programs of requests, found before they are gone: not holders, nor what is about to become a converter."""
    try:
        with open(f"/proc/{daemon.pid}/task/{daemon.pid}/children", encoding="ascii") as file:
            found = [int(pid) for pid in file.read().split()]
    except FileNotFoundError:
        found = processes.children(daemon.pid)
    return [p for p in found if (processes.command(p) or [b""])[0] == FAKE.encode()]


def test_kill_converters_at_random(sluice):
    """50 kill -9 among 2,000 requests: at most 50 fail, with an honest status or a broken stream; the others are right, byte for byte."""
    kills, total = (15, 600) if SANITIZER else (50, 2000)
    daemon = sluice(HELLO, *VICTIMS.values(), slots=8)
    clients, dice, killed = Clients(daemon, total), random.Random(1), 0
    start = Moment()
    try:
        while killed < kills and elapsed(start) < 300:
            # Spread over the whole load.
            wait_until(lambda: clients.answered >= killed * total * 0.9 / kills, 300)
            found = converters(daemon)
            if not found:
                continue
            try:
                os.kill(dice.choice(found), signal.SIGKILL)
                killed += 1
            except ProcessLookupError:
                pass
    finally:
        clients.finish()
    print(f"{killed} killed, {len(clients.failed)} of {clients.answered} failed: {sorted(clients.failed)}")
    assert not clients.wrong, clients.wrong[:3]
    assert killed == kills and clients.answered >= total
    assert 0 < len(clients.failed) <= kills and set(clients.failed) <= {200, 502}
    daemon.assert_nothing_left()
    assert daemon.get("/hello/a").text == "hello"


@pytest.mark.parametrize("start", ["warm", "cold"])
def test_kill_what_starts_them(sluice, start):
    """The spawner, and with it the holders that there are, five times in a load: it is restarted, and nothing is wrong."""
    total = 200 if SANITIZER else 500
    daemon = sluice(HELLO, *VICTIMS.values(), slots=8)
    clients = Clients(daemon, total, names=(start,))
    try:
        for i in range(5):
            wait_until(lambda i=i: clients.answered >= i * total // 6, 120 * SLOW)
            for pid in daemon.spawners() + daemon.holders():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
    finally:
        clients.finish()
    print(f"{len(clients.failed)} of {clients.answered} failed: {sorted(clients.failed)}")
    assert not clients.wrong, clients.wrong[:3]
    assert clients.answered >= total and set(clients.failed) <= {502, 503}
    wait_until(lambda: daemon.get(f"/{start}/a").status == 200, 10 * SLOW)
    wait_until(lambda: len(daemon.spawners()) == 1, 10 * SLOW)
    daemon.assert_nothing_left(10)


# Nothing to be had from the system

@pytest.mark.skipif(not ROOT or not anybody_may_execute(), reason="the limit is that of a user who has no other processes")
@pytest.mark.parametrize("start", ["warm", "cold"])
def test_no_process_to_be_had(sluice, start):
    """fork fails: 503, at once, and what needs no process is served; when there are processes again, so are conversions."""
    daemon = sluice(recipe("hello", "text", "hello", slots=4, start=start), start=False)
    for path in (daemon.directory, daemon.temp):
        os.chown(path, 54321, 54321)
    os.chmod(daemon.root, 0o755)

    daemon.start(user=54321)
    # So many threads that there is one for every answer below.
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(daemon.connect()) for _ in range(8)]
        for connection in connections:
            connection.send(fastcgi.request("/hello/a"))
        assert [connection.answer().text for connection in connections] == ["hello"] * 8
    daemon.assert_nothing_left()
    everybody = [daemon.pid, *daemon.spawners(), *daemon.holders()]

    def allow(count):
        for pid in everybody:
            if processes.alive(pid):
                subprocess.run(["/usr/bin/prlimit", f"--pid={pid}", f"--nproc={count}:"], check=True, user=54321, group=54321, extra_groups=[])
    allow(1)
    failed = []
    for _ in range(8):
        answer = daemon.get("/hello/a")
        assert answer.ended and answer.status in (200, 503), answer
        if answer.status == 503:
            assert int(answer.headers["retry-after"]) >= 1
            failed.append(answer)
        assert daemon.get("/no/a").status == 404
    # The holder's standby is one process that there was already.
    assert len(failed) >= 6, daemon.log.text()[-3000:]
    allow(resource.getrlimit(resource.RLIMIT_NPROC)[0])
    wait_until(lambda: daemon.get("/hello/a").status == 200, 10 * SLOW, lambda: daemon.log.text()[-3000:])
    for _ in range(4):
        assert daemon.get("/hello/a").text == "hello"
    daemon.assert_nothing_left(10)


def test_descriptors_run_out_in_the_middle(sluice):
    """With a connection that is there already: refused for now, and nothing leaks on the way out."""
    daemon = sluice(HELLO, recipe("live", "text", "live", response="live"), recipe("two", "text", "x", "|", FAKE, "stdin"))
    soft, hard = resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE)
    with daemon.connect() as kept:
        assert kept.get("/hello/a", keep=True).text == "hello"
        held, seen = processes.descriptors(daemon.pid), set()
        free = [number for number in range(len(held) + 60) if number not in held]
        # The limit is one of numbers: from none at all up to enough.
        for first_refused in free[:40]:
            resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (first_refused, hard))
            for uri in ("/hello/a", "/live/a", "/two/a"):
                answer = kept.get(uri, keep=True)
                assert answer.ended and answer.status in (200, 503), (first_refused, uri, answer, daemon.log.text()[-1500:])
                seen.add(answer.status)
        assert seen == {200, 503}
        resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (soft, hard))
        assert kept.get("/hello/a", keep=True).text == "hello"
    daemon.assert_nothing_left()


def test_disk_full(sluice):
    """A file system of 4 MiB for all temporary files: 507 for what does not fit, and the room is there again after it."""
    prefix = ["/usr/bin/unshare", "-m" if ROOT else "-Urm"]
    if subprocess.run([*prefix, "/bin/true"], stderr=subprocess.DEVNULL, check=False).returncode:
        pytest.skip("no mount namespaces")
    daemon = sluice(HELLO, recipe("whole", "write", "{n}", params={"n": {"type": "integer"}}, slots=4, max_output="1G"),
                    recipe("fill", "tempfile", str(64 * MIB), "write", "10", slots=4, temp_max="1G"),
                    recipe("output", "to", "{output}", "write", str(64 * MIB), slots=4, temp_max="1G", max_output="1G"), start=False)
    daemon.start(prefix=[*prefix, "/bin/sh", "-c", 'mount -t tmpfs -o size=4m none "$0" && exec "$@"', daemon.temp])
    inside = f"/proc/{daemon.pid}/root{daemon.temp}"
    own = len(os.listdir(inside))

    def has_room():
        """Files are freed a moment after their answer."""
        return len(os.listdir(inside)) == own and os.statvfs(inside).f_bfree * os.statvfs(inside).f_bsize > 3.5 * MIB
    for _ in range(2):
        assert daemon.get(f"/whole/a?n={3 * MIB}").length == 3 * MIB
        answer = daemon.get(f"/whole/a?n={20 * MIB}")
        assert answer.status == 507 and answer.ended, answer
        for name in ("fill", "output"):
            wait_until(has_room, 5 * SLOW, lambda: os.listdir(inside))
            answer = daemon.get(f"/{name}/a")
            # The program finds out itself, and whatever it says: the source is not the cause.
            assert answer.ended and answer.status == 507, answer
        assert daemon.get("/hello/a").text == "hello"
    wait_until(has_room, 5 * SLOW, lambda: os.listdir(inside))


# Converters that come to no end

@pytest.mark.parametrize("response", ["whole", "live"])
def test_converters_without_end(sluice, response):
    """They close their output and go on, or complain for ever: the deadline ends them, and the daemon keeps nothing of it."""
    daemon = sluice(HELLO, recipe("closed", "write", "10", "close", "1", "close", "2", "hang", timeout="500ms", response=response),
                    recipe("complain", "ignore-term", "write", "10", "flood-stderr", str(1 << 60), timeout="500ms", response=response))
    for name in ("closed", "complain"):
        mark = daemon.log.mark()
        answer = daemon.get(f"/{name}/a")
        if response == "whole":
            assert answer.status == 504 and answer.ended, answer
        else:
            # 504 on a machine so busy that the program has come to nothing at all.
            assert answer.status == 504 or (answer.status == 200 and answer.broken == "version" and answer.length == 10), answer
        assert daemon.log.wait_request(mark)[0]["outcome"] == "deadline"
        assert len(daemon.log.text(mark)) < 30000
        wait_until(lambda: not daemon.converters(), 5 * SLOW, daemon.converters)
    assert daemon.get("/hello/a").text == "hello"
    assert processes.memory_kib(daemon.pid, "VmHWM") < (400 if SANITIZER else 40) * 1024


# Web servers

@pytest.mark.parametrize("uri", ["/endless/a", "/big/a"])
def test_a_byte_a_second(sluice, uri):
    """It holds up nobody; and as it empties no buffer in its time, it is one that does not read."""
    daemon = sluice(HELLO, recipe("endless", "endless", response="live", timeout="60s"), recipe("big", "write", str(8 * MIB)),
                    send_timeout="2s")
    def over():
        return [line for line in daemon.log.requests() if line["url"] == uri]
    with daemon.connect() as connection:
        connection.send(fastcgi.request(uri))
        start = Moment()
        while not over():
            assert len(connection.socket.recv(1)) == 1
            assert daemon.get("/no/a").status == 404 and daemon.get("/hello/a").text == "hello"
            assert taken(start) < 60 * SLOW
            time.sleep(1)
    assert over()[0]["outcome"] == "send-failed" and elapsed(start) >= 2
    wait_until(lambda: not daemon.converters() and not daemon.open_temporary_files(), 5 * SLOW)


CLONE_NEWNET, SIOCSIFFLAGS, IFF_UP = 0x40000000, 0x8914, 1


def set_loopback(up):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP if up else 0))


@pytest.fixture
def own_network():
    """This test's main thread, and what it starts, has a loopback interface of its own; a function that sets it up or down."""
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    if libc.unshare(CLONE_NEWNET) != 0:
        os.close(before)
        pytest.skip("no network of its own to be had")
    try:
        set_loopback(True)
        yield set_loopback
    finally:
        libc.setns(before, CLONE_NEWNET)
        os.close(before)


def test_web_server_vanishes(sluice, own_network):
    """No FIN, no RST, nothing goes through any more: what sends finds out by its timeout, and the converter ends by its own."""
    daemon = sluice(start=False)
    port = free_port()
    daemon.configure(HELLO, recipe("endless", "endless", response="live", timeout="60s"),
                     recipe("hang", "write", "1", "hang", timeout=f"{SLOW}s"), listen=f"tcp:127.0.0.1:{port}", send_timeout="1s")
    daemon.address = ("127.0.0.1", port)
    daemon.start()
    connections = [daemon.connect(receive_buffer=65536) for _ in range(4)]
    idle, endless, hang, half = connections
    assert idle.get("/hello/a", keep=True).text == "hello"
    mark = daemon.log.mark()
    endless.send(fastcgi.request("/endless/a"))
    hang.send(fastcgi.request("/hang/a", keep=True))
    half.send(fastcgi.request("/hello/a")[:50])
    daemon.wait_converters(2)
    own_network(False)
    for connection in connections:
        connection.close()

    def ends():
        found = {line["recipe"]: line["outcome"] for line in daemon.log.requests(mark)}
        return found if {"hang", "endless"} <= set(found) else None
    outcomes = wait_until(ends, 30 * SLOW, lambda: daemon.log.text(mark))
    assert outcomes["hang"] == "deadline" and outcomes["endless"] in ("send-failed", "client-gone"), outcomes
    wait_until(lambda: not daemon.converters(), 5 * SLOW, daemon.converters)
    # Its address is somebody else's now, who knows nothing of these connections.
    own_network(True)
    daemon.assert_nothing_left(30)
    assert daemon.get("/hello/a").text == "hello"


def keepalive_timers(port):
    """Seconds until the next look at who is connected there; only those that wait for that."""
    found = []
    with open("/proc/self/net/tcp", encoding="ascii") as file:
        for line in file.readlines()[1:]:
            fields = line.split()
            timer, when = fields[5].split(":")
            if fields[1].endswith(f":{port:04X}") and fields[3] == "01" and timer == "02":
                found.append(int(when, 16) / os.sysconf("SC_CLK_TCK"))
    return found


def test_silent_peers_are_asked_whether_they_live(sluice):
    """An idle connection, and one whose converter has nothing to say, end within minutes when the peer is gone."""
    daemon = sluice(HELLO, start=False)
    port = free_port()
    daemon.configure(HELLO, recipe("hang", "hang", timeout="60s"), listen=f"tcp:127.0.0.1:{port}")
    daemon.address = ("127.0.0.1", port)
    daemon.start()
    with daemon.connect() as idle, daemon.connect() as waiting:
        assert idle.get("/hello/a", keep=True).text == "hello"
        waiting.send(fastcgi.request("/hang/a"))
        daemon.wait_converters(1)
        timers = wait_until(lambda: found if len(found := keepalive_timers(port)) == 2 else None, 5 * SLOW)
        assert all(seconds <= 60 for seconds in timers), timers


def test_a_program_that_is_installed_later(sluice, tmp_path):
    """Missing when the configuration was read, it is looked for again with each request, and runs when it is there."""
    tools = tmp_path / "tools"
    tools.mkdir()
    daemon = sluice(recipe("later", "write", "10", program="later-tool"), recipe("absolute", "write", "10", program=str(tools / "other")),
                    recipe("pipe", "write", "10", "|", "later-tool", "stdin"), programs=f"{tools}:/usr/bin:/bin")
    assert [daemon.get(f"/{name}/a").status for name in ("later", "absolute", "pipe")] == [500, 500, 500]
    shutil.copy(FAKE, tools / "later-tool")
    shutil.copy(FAKE, tools / "other")
    for name, length in (("later", 10), ("absolute", 10), ("pipe", 10)):
        answer = daemon.get(f"/{name}/a")
        assert (answer.status, answer.length) == (200, length), daemon.log.text()[-2000:]
    (tools / "later-tool").unlink()
    assert daemon.get("/later/a").status == 500
