# SPDX-License-Identifier: MIT
"""Nothing stops the main loop: each thing that it touches is stalled, one by one, and a ping is answered all the while."""

import array
import contextlib
import fcntl
import mmap
import os
import select
import signal
import socket
import struct
import subprocess
import time

import pytest

import fastcgi
import openmetrics
import processes
from daemon import FAKE, SANITIZER, SLOW, SLUICE, Moment, elapsed, recipe, taken
from processes import wait_until
from test_service import Manager

# The loop's thread answers a ping itself.
LIMIT_S = 0.05 * SLOW
STALL = os.path.join(os.path.dirname(FAKE), "libfake-stall.so")
HELLO = recipe("hello", "text", "hello", slots=4, start="cold", stdin="source")
PING = {"ping_path": "/ping", "status_path": "/status"}


def waited_s(pid, thread):
    """How long a thread has waited for a processor so far, though it could have run: the machine's fault, not the daemon's."""
    try:
        with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0


class Pings:
    """One after the other, on a connection that is kept and on new ones. In a process of its own: the test's threads would stop it."""

    def __init__(self, daemon):
        self.address, self.times, self.wrong = daemon.address, [], []
        self.pids = mmap.mmap(-1, 2 * 8)  # whose waiting for a processor does not count; shared with the process below
        self.pids[:8] = struct.pack("=q", daemon.pid)
        self.reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 1 << 20)
        self.process = os.fork()
        if self.process == 0:
            processes.die_with_parent()
            try:
                self._run(writer)
            except BaseException as error:  # pylint: disable=broad-except
                os.write(writer, f"{error!r}\n".encode())
            os._exit(0)
        os.close(writer)

    def _ping(self, connection, keep):
        def now():
            own = (os.getpid(), *struct.unpack("=2q", self.pids[:16]))
            return time.monotonic() - sum(waited_s(pid, pid) for pid in own)
        start, moment = now(), Moment()
        connection = connection or fastcgi.Connection(self.address, timeout=20)
        answer = connection.get("/ping", keep=keep)
        # Other threads and processes have a part in it, too, of which only the whole machine's shortage is known.
        spent = min(now() - start, taken(moment))
        assert answer.status == 200 and answer.text == "ok\n", answer
        if keep:
            return connection, spent
        connection.close()
        return None, spent

    def _run(self, writer):
        connection, count = None, 0
        while True:
            connection, spent = self._ping(connection, count % 4 != 3)
            os.write(writer, f"{spent}\n".encode())
            count += 1
            time.sleep(0.004)

    def count_in(self, pid):
        """Another daemon answers soon."""
        self.pids[8:16] = struct.pack("=q", pid)

    def look(self):
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self.reader, 1 << 16):
                for line in data.decode().splitlines():
                    try:
                        self.times.append(float(line))
                    except ValueError:
                        self.wrong.append(line)
        return len(self.times)

    def wait(self, more=10):
        """So that there were some after what was just done."""
        count = self.look()
        wait_until(lambda: self.look() >= count + more or self.wrong, 30 * SLOW, "pings")

    def end(self):
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        self.look()
        self.pids.close()
        os.close(self.reader)


@contextlib.contextmanager
def pinging(daemon):
    """The daemon answers pings all the while."""
    pings = Pings(daemon)
    try:
        pings.wait()
        yield pings
        pings.wait()
    finally:
        pings.end()
    assert not pings.wrong, (pings.wrong, daemon.log.text()[-2000:])
    assert max(pings.times) < LIMIT_S, f"a ping took {max(pings.times):.3f} s; log:\n{daemon.log.text()[-2000:]}"


def stalls(directory, name):
    """(environment of a daemon that stalls while the file is there, the file)"""
    path = os.path.join(directory, "stall")
    environment = {"LD_PRELOAD": STALL, name: path}
    if SANITIZER:
        environment["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    return environment, path


@contextlib.contextmanager
def unread_log(tmp_path):
    """A FIFO for the log, and the end that could be read."""
    path = str(tmp_path / "log")
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    try:
        yield path, reader
    finally:
        os.close(reader)


def read_until(fd, text, timeout=10 * SLOW):
    """As fast as it is written: the pipe holds a page, and the daemon has kept many."""
    found, end = b"", time.monotonic() + timeout
    while text not in found[-len(text) - (1 << 16):]:
        left = end - time.monotonic()
        assert left > 0, f"{text} not in ...{found[-500:]}"
        if not select.select([fd], [], [], left)[0]:
            continue
        data = os.read(fd, 1 << 16)
        found += data
        if not data:  # nobody has it open for writing
            time.sleep(0.01)
    return found.decode("utf-8", "replace")


def test_log_that_nobody_reads(sluice, tmp_path):
    """900 half-sent requests, a warning for each; then more lines than there is memory for. Requests go on, too."""
    with unread_log(tmp_path) as (path, reader):
        daemon = sluice(HELLO, log=path, request_timeout="1s", **PING)
        read_until(reader, b" ready ")
        with pinging(daemon), contextlib.ExitStack() as stack:
            half = [stack.enter_context(daemon.connect()) for _ in range(200 if SANITIZER else 900)]
            for connection in half:
                connection.send(fastcgi.begin())
            for connection in half:
                assert connection.wait_closed(10 * SLOW) is not None
            assert daemon.get("/hello/a").text == "hello"

            def dropped():
                for _ in range(30):
                    with daemon.connect() as connection:
                        for _ in range(500):
                            assert connection.get("/none/" + "x" * 2000, keep=True).status == 404
                    page = openmetrics.parse(daemon.get("/status?openmetrics").text)
                    if page["sluice_log_dropped"].value("_total") > 0:
                        return True
                return False
            assert dropped()
            text = daemon.get("/status").text
            assert "log lines dropped" in text, text
        with pinging(daemon):
            text = read_until(reader, b"some were dropped lines=")
            daemon.get("/hello/b")
            text += read_until(reader, b'url="/hello/b"')
        assert text.count("request not received in time") >= len(half)
        # The end does not wait for a reader either.
        for _ in range(60):
            daemon.get("/none")
        daemon.signal(signal.SIGTERM)
        assert daemon.wait(5 * SLOW) == 0


def test_spawner_that_stands_still(sluice, tmp_path):
    """First the one that runs, which is killed after a while, then the one that is to follow it."""
    environment, path = stalls(tmp_path, "STALL_SPAWNER")
    daemon = sluice(HELLO, environment=environment, **PING)
    with pinging(daemon) as pings:
        open(path, "w").close()
        os.kill(daemon.spawners()[0], signal.SIGSTOP)
        with daemon.connect(timeout=60) as waiting:
            waiting.send(fastcgi.request("/hello/a"))
            pings.wait(20)
            old = daemon.spawners()
            os.kill(old[0], signal.SIGKILL)
            wait_until(lambda: (now := daemon.spawners()) and now != old, 5 * SLOW, lambda: (old, daemon.spawners(), daemon.log.text()))
            daemon.signal(signal.SIGHUP)
            daemon.log.wait_text("configuration reloaded", timeout=5 * SLOW)
            assert "the spawner is gone" in ask(daemon, "health")
            pings.wait(20)
            os.unlink(path)
            daemon.log.wait_text("the spawner ended and was started again", timeout=20 * SLOW)
            assert waiting.answer().status in (500, 503)
        assert daemon.get("/hello/a").text == "hello"
        assert "healthy" in ask(daemon, "health")


def ask(daemon, *command):
    done = subprocess.run([SLUICE, *command, "-c", daemon.config], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def test_standby_and_holder_that_stand_still(sluice):
    """A request waits for a standby, and meanwhile a reload wants the holder gone."""
    warm = recipe("warm", "text", "warm", slots=4, start="warm", stdin="source")
    daemon = sluice(HELLO, warm, **PING)
    assert daemon.get("/warm/a").text == "warm"
    for _ in range(2):
        stopped = wait_until(lambda: pids if len(pids := daemon.holders()) >= 2 else None, 10 * SLOW)
        with pinging(daemon) as pings, daemon.connect(timeout=60) as waiting:
            mark = daemon.log.mark()
            for pid in stopped:
                os.kill(pid, signal.SIGSTOP)
            waiting.send(fastcgi.request("/warm/a"))
            pings.wait(20)
            daemon.configure(HELLO, **PING)
            daemon.signal(signal.SIGHUP)
            daemon.log.wait_text("configuration reloaded", mark, timeout=10 * SLOW)
            pings.wait(20)
            assert daemon.get("/hello/a").text == "hello"
            assert waiting.answer().text == "warm"
            for pid in stopped:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
            wait_until(lambda: not daemon.holders(), 10 * SLOW, daemon.log.text)
            daemon.configure(HELLO, warm, **PING)
            daemon.signal(signal.SIGHUP)
            wait_until(lambda: len(daemon.holders()) >= 2, 10 * SLOW, daemon.log.text)


def hang_as_successor(daemon):
    """Asks for the sockets and says nothing more."""
    file = os.stat(daemon.socket)
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    channel.connect(f"\0sluice/unix:{file.st_dev:x}:{file.st_ino:x}")
    _, control, _, _ = channel.recvmsg(4096, socket.CMSG_SPACE(64))
    for _, _, data in control:
        fds = array.array("i", data)
        for fd in fds:
            os.close(fd)
    return channel


def test_successor_that_hangs(sluice):
    """It does not keep the next one out, and is told that it is too late."""
    daemon = sluice(HELLO, **PING)
    old = daemon.process
    with pinging(daemon) as pings:
        hanging = [hang_as_successor(daemon) for _ in range(2)]
        pings.wait(20)
        daemon.arguments = ["--take-over"]
        daemon.start(wait=False)
        pings.count_in(wait_until(lambda: daemon.pid, 10 * SLOW))
        daemon.log.wait_text("taken over from the predecessor", timeout=20 * SLOW)
        assert old.wait(10 * SLOW) == 0
        assert daemon.get("/hello/a").text == "hello"
        for channel in hanging:
            channel.settimeout(5 * SLOW)
            assert channel.recv(64)[4] == 5  # late
            assert channel.recv(64) == b""
            channel.close()
    daemon.arguments = []


def has_hook(name):
    with open(SLUICE, "rb") as file:
        return name in file.read()


@pytest.mark.skipif(not has_hook(b"SLUICE_TEST_READY_MS"), reason="a release build waits for half a minute")
def test_successor_that_is_never_ready(sluice):
    """It is given up when its time is over, is told so, and leaves its place to the next one."""
    daemon = sluice(HELLO, environment={"SLUICE_TEST_READY_MS": "400"}, **PING)
    with pinging(daemon):
        start = Moment()
        for _ in range(2):
            hanging = [hang_as_successor(daemon) for _ in range(4)]
            for channel in hanging:
                channel.settimeout(20 * SLOW)
                assert channel.recv(64)[4] == 5  # late
                assert channel.recv(64) == b""
                channel.close()
        assert elapsed(start) >= 0.79  # the daemon counts whole milliseconds
        daemon.log.wait_text("successor given up: it was not ready in time", timeout=5 * SLOW)
        assert daemon.get("/hello/a").text == "hello"
    daemon.assert_nothing_left()


@pytest.mark.skipif(not has_hook(b"SLUICE_TEST_READY_MS"), reason="a release build waits for half a minute")
def test_successor_that_is_late_for_a_daemon_that_stops(sluice):
    """No other one would serve: it is waited for as long as there is a predecessor."""
    hang = recipe("hang", "write", "10", "hang", slots=4, timeout="60s", start="cold", stdin="source")
    ready_s = 0.4 * SLOW
    daemon = sluice(hang, environment={"SLUICE_TEST_READY_MS": str(int(ready_s * 1000))}, shutdown_timeout="60s", **PING)
    with daemon.connect() as running:
        running.send(fastcgi.request("/hang/a"))
        daemon.wait_converters(1)
        channel = hang_as_successor(daemon)
        daemon.signal(signal.SIGTERM)
        daemon.log.wait_text("stopping")
        channel.settimeout(ready_s + 0.2)
        with pytest.raises(TimeoutError):
            channel.recv(64)
        channel.settimeout(20 * SLOW)
        channel.send(struct.pack("=IIIIIIQ", 0x736c7563, 2, 0, 0, 0, 0, 0))  # ready
        assert channel.recv(64)[4] == 3  # gone
        channel.close()
        assert os.path.exists(daemon.socket)
        daemon.signal(signal.SIGTERM)
        assert daemon.wait(10 * SLOW) == 0


def test_admin_endpoint_with_clients_that_stall(sluice):
    """Clients that ask for a page too large for their sockets, and do not read: health is known all the same, and so are the numbers."""
    many = [recipe(f"r{i}", "text", "x", stdin="source", start="cold") for i in range(300)]
    daemon = sluice(HELLO, *many, **PING)
    assert len(daemon.get("/status?openmetrics").body) > 1 << 20
    with pinging(daemon) as pings, contextlib.ExitStack() as stack:
        for _ in range(12):
            stalled = stack.enter_context(daemon.connect(receive_buffer=4096))
            stalled.send(fastcgi.request("/status?openmetrics"))
        pings.wait(20)
        start = Moment()
        assert "healthy" in ask(daemon, "health")
        assert taken(start) < 1.5 * SLOW
        pings.wait(20)
    wait_until(lambda: daemon.get("/status").status == 200, 10 * SLOW)


def test_manager_that_does_not_read(sluice, tmp_path):
    """What it missed meanwhile is not what it believes afterwards."""
    manager = Manager(str(tmp_path / "notify"))
    daemon = sluice(HELLO, environment={"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "20000"}, **PING)
    manager.wait("READY")
    with pinging(daemon) as pings:
        # Its queue is full of watchdogs.
        pings.wait(100)
        for _ in range(2):
            mark = daemon.log.mark()
            daemon.signal(signal.SIGHUP)
            daemon.log.wait_text("configuration reloaded", mark, timeout=10 * SLOW)
        pings.wait(20)
        assert manager.wait("READY")["READY"] == "1"


def many_recipes(count=900, params=1):
    integer = {"type": "integer", "min": 0, "max": 9, "default": 1}
    names = "nopqr"[:params]
    return [recipe(f"r{i}", "text", "".join(f"{{{name}}}" for name in names), program=os.path.basename(FAKE), start="cold", stdin="source",
                   params={name: integer for name in names}) for i in range(count)]


def test_reload_of_many_recipes(sluice):
    """As much as a configuration may say, and each program is looked for in many directories: half a second and more."""
    recipes = many_recipes(300 if SANITIZER else 900, 2)
    programs = [f"/nonexistent/{i}" for i in range(400)] + [os.path.dirname(FAKE)]
    daemon = sluice(HELLO, *recipes, programs=":".join(programs), **PING)
    with pinging(daemon) as pings:
        for _ in range(2):
            mark = daemon.log.mark()
            daemon.signal(signal.SIGHUP)
            daemon.log.wait_text("configuration reloaded", mark, timeout=60 * SLOW)
            pings.wait()
        assert daemon.get("/r7/a").text == "11"


def test_reload_that_waits_for_names(sluice, tmp_path):
    """Two HUPs during one preparation are one more, the manager hears of the end once, and TERM waits for none of it."""
    environment, path = stalls(tmp_path, "STALL_NAMES")
    manager = Manager(str(tmp_path / "notify"))
    daemon = sluice(HELLO, user="nobody", environment={**environment, "NOTIFY_SOCKET": str(tmp_path / "notify")}, **PING) \
        if os.geteuid() != 0 else sluice(HELLO, socket_group="nogroup", environment={
            **environment, "NOTIFY_SOCKET": str(tmp_path / "notify")}, **PING)
    manager.wait("READY")
    mark = daemon.log.mark()
    with pinging(daemon) as pings:
        open(path, "w").close()
        for _ in range(3):
            daemon.signal(signal.SIGHUP)
            assert manager.wait("RELOADING")
            pings.wait(20)
        assert "configuration reloaded" not in daemon.log.text(mark)
        assert daemon.get("/hello/a").text == "hello"
        os.unlink(path)
        assert manager.wait("READY")
        pings.wait()
        # One result may come before the loop has looked at the one before it.
        assert daemon.log.text(mark).count("configuration reloaded") in (1, 2)
        open(path, "w").close()
        daemon.signal(signal.SIGHUP)
        assert manager.wait("RELOADING")
        pings.wait(20)
    daemon.signal(signal.SIGTERM)
    assert manager.wait("STOPPING")
    assert daemon.wait(5 * SLOW) == 0
    assert daemon.temporary_files() == []


def test_old_configurations_are_freed(sluice):
    """By the thread that made them, when the last request has let go of them."""
    daemon = sluice(HELLO, recipe("hang", "write", "10", "hang", slots=4, timeout="60s", start="cold", stdin="source"),
                    *many_recipes(100), programs=os.path.dirname(FAKE), **PING)
    with daemon.connect() as held:
        held.send(fastcgi.request("/hang/a"))
        daemon.wait_converters(1)
        sizes = []
        for _ in range(30):
            mark = daemon.log.mark()
            daemon.signal(signal.SIGHUP)
            daemon.log.wait_text("configuration reloaded", mark, timeout=20 * SLOW)
            sizes.append(processes.memory_kib(daemon.pid))
        if not SANITIZER:
            assert sizes[-1] < sizes[9] * 1.3 + 2048, sizes
