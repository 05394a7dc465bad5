# SPDX-License-Identifier: MIT
"""A new daemon takes the place of a running one, on the same socket and in the middle of a load: by --take-over, and by a service
manager that holds the socket. Not one request is refused, lost or broken."""

import array
import contextlib
import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

import fastcgi
import pattern
import processes
from daemon import SLOW, SLUICE, anybody_may_execute, recipe
from ports import free_port
from processes import wait_until
from test_loop import stalls
from test_service import Manager

N = 70_001
LOAD = [recipe("x", "write", str(N), slots=8, queue=100, queue_timeout="60s"),
        recipe("pause", "write", "10", "pause", "600", "write", "10", slots=8),
        recipe("hang", "write", "10", "hang", slots=8, timeout="60s")]


class Load:
    """Clients without a pause between their requests; every other one keeps its connection, if they may."""

    def __init__(self, address, keep=True, clients=4):
        self.address, self.wrong, self.good, self.stopping = address, [], 0, False
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._run, args=(keep and i % 2 == 0,)) for i in range(clients)]
        for thread in self.threads:
            thread.start()

    def _ask(self, connection, keep):
        check = pattern.Checker()
        answer = connection.get("/x/a", keep=keep, sink=check)
        if answer.status != 200 or not answer.ended or answer.length != N or check.wrong_at is not None:
            raise AssertionError(answer)

    def _run(self, keep):
        connection = None
        while not self.stopping:
            try:
                connection = connection or fastcgi.Connection(self.address, timeout=60)
                self._ask(connection, keep)
                with self.lock:
                    self.good += 1
            except (OSError, AssertionError, fastcgi.Closed) as error:
                self.wrong.append(error)
                keep = False
            if not keep:
                connection.close()
                connection = None
        if connection:
            connection.close()

    def wait(self, more):
        """Until so many were answered from now on."""
        good = self.good
        wait_until(lambda: self.good >= good + more or self.wrong, 60 * SLOW, lambda: f"{self.good - good} requests")
        assert not self.wrong, self.wrong[:3]

    def finish(self):
        self.stopping = True
        for thread in self.threads:
            thread.join(60 * SLOW)


@pytest.fixture
def load():
    loads = []

    def begin(*arguments, **settings):
        loads.append(Load(*arguments, **settings))
        return loads[-1]
    yield begin
    for one in loads:
        one.finish()


def ready(daemon):
    daemon.log.wait_text(r"notice ready version", timeout=30 * SLOW)


def place(sluice, kind):
    """A daemon, not started, and what its successors have to say in their configurations."""
    daemon = sluice(*LOAD, start=False)
    settings = {"slots": 8, "listen": f"unix:{daemon.socket}"}
    if kind == "tcp":
        port = free_port()
        settings["listen"], daemon.address = f"tcp:127.0.0.1:{port}", ("127.0.0.1", port)
    daemon.configure(*LOAD, **settings)
    return daemon, settings


def follow(sluice, daemon, settings, *recipes, wait=True, environment=None, **more):
    """Another daemon that takes over from this one."""
    successor = sluice(start=False, environment=environment or {})
    successor.configure(*(recipes or LOAD), **settings)
    successor.address, successor.socket = daemon.address, daemon.socket
    successor.arguments = ["--take-over"]
    successor.start(wait=False, **more)
    if wait:
        ready(successor)
    return successor


def assert_ended(daemon):
    assert daemon.wait(30 * SLOW) == 0, daemon.log.text()[-2000:]
    daemon.assert_no_sanitizer_report()
    wait_until(lambda: not processes.marked(daemon.temp) and not daemon.temporary_files(), 5 * SLOW, daemon.temporary_files)


@pytest.mark.parametrize("kind", ["unix", "tcp"])
def test_take_over_under_load(sluice, load, kind):
    daemon, settings = place(sluice, kind)
    daemon.start()
    baseline = daemon.baseline
    clients = load(daemon.address)
    for _ in range(5):
        clients.wait(40)
        old, daemon = daemon, follow(sluice, daemon, settings)
        clients.wait(40)
        assert_ended(old)
    clients.finish()
    print(f"{clients.good} requests during 5 take-overs")
    assert not clients.wrong and clients.good >= 400, clients.wrong[:3]
    daemon.baseline = baseline
    daemon.assert_nothing_left()
    if kind == "unix":
        daemon.stop()
        assert not os.path.exists(daemon.socket), "the file is the last one's to remove"


def test_running_requests_end_where_they_began(sluice):
    daemon, settings = place(sluice, "unix")
    daemon.start()
    with daemon.connect() as running, daemon.connect() as idle, daemon.connect() as fresh, daemon.connect() as half:
        idle.get("/x/a", keep=True)
        running.send(fastcgi.request("/pause/a", keep=True))
        request = fastcgi.request("/x/a")
        half.send(request[:50])
        daemon.wait_converters(1)
        successor = follow(sluice, daemon, settings, recipe("new", "text", "new"))
        answer = running.answer()
        assert answer.status == 200 and answer.length == 20 and answer.ended, answer
        half.send(request[50:])
        assert half.answer().length == N, "what has begun to arrive is the old one's"
        assert_ended(daemon)
        # All three connections have outlived the daemon that accepted them.
        for connection in (idle, fresh, running):
            answer = connection.get("/new/a", keep=True)
            assert answer.status == 200 and answer.text == "new", answer
    successor.baseline = daemon.baseline


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_old_one_ends_before_its_time(sluice, number):
    """A successor has the sockets for good, whatever becomes of the other."""
    daemon, settings = place(sluice, "unix")
    daemon.start()
    with daemon.connect() as running:
        running.send(fastcgi.request("/hang/a"))
        daemon.wait_converters(1)
        successor = follow(sluice, daemon, settings)
        assert daemon.process.poll() is None
        daemon.signal(number)
        assert daemon.wait(10 * SLOW) == (0 if number == signal.SIGTERM else -number), daemon.log.text()
        assert not running.answer().ended
    assert successor.get("/x/a").length == N
    successor.baseline = daemon.baseline


def test_nobody_to_take_over_from(sluice):
    for kind in ("unix", "tcp"):
        daemon, _ = place(sluice, kind)
        daemon.arguments = ["--take-over"]
        daemon.start()
        assert "no daemon to take over from" in daemon.log.text()
        assert daemon.get("/x/a").length == N
    daemon, _ = place(sluice, "unix")
    daemon.start()
    daemon.process.kill()
    daemon.process.wait()
    daemon.arguments = ["--take-over"]
    daemon.start()
    assert daemon.get("/x/a").length == N


def test_a_daemon_that_starts_is_waited_for(sluice, tmp_path):
    """It has its socket before it can be asked for it: the successor neither fails nor starts beside it."""
    environment, path = stalls(tmp_path, "STALL_SPAWNER")
    daemon, settings = place(sluice, "unix")
    daemon.environment.update(environment)
    with open(path, "w"):
        pass
    daemon.start(wait=False)
    wait_until(lambda: os.path.exists(daemon.socket), 10 * SLOW)
    successor = follow(sluice, daemon, settings, wait=False)
    successor.log.wait_text("cannot be asked for it yet: waiting", timeout=10 * SLOW)
    os.remove(path)
    ready(successor)
    assert "taken over" in successor.log.text()
    assert_ended(daemon)
    assert successor.get("/x/a").length == N


def test_successor_that_fails(sluice, load):
    """The one that serves notices nothing."""
    daemon, settings = place(sluice, "unix")
    daemon.start()
    clients = load(daemon.address)
    inode = os.stat(daemon.socket).st_ino
    broken = [{"nonsense": 1}, {"temp_path": "/nonexistent"}, {"log": "/nonexistent/log"}, {"user": "nobody-of-that-name"}]
    for wrong in broken if os.geteuid() == 0 else broken[:-1]:
        successor = follow(sluice, daemon, {**settings, **wrong}, wait=False)
        assert successor.wait(20 * SLOW) == 1, successor.log.text()
        clients.wait(10)
        assert os.stat(daemon.socket).st_ino == inode
    clients.finish()
    assert not clients.wrong and daemon.process.poll() is None
    daemon.assert_nothing_left()
    assert daemon.get("/x/a").length == N


def ask(daemon):
    """As a successor does; the connection."""
    asking = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    asking.settimeout(20 * SLOW)
    file = os.stat(daemon.socket)
    asking.connect(b"\0sluice/unix:%x:%x" % (file.st_dev, file.st_ino))
    return asking


def take_sockets(asking):
    data, control, _, _ = asking.recvmsg(100, 1000)
    fds = array.array("i")
    for _, _, content in control:
        fds.frombytes(content)
    return data, list(fds)


def test_successor_that_goes_away(sluice):
    """With the sockets in its hands, before it was ready."""
    daemon, settings = place(sluice, "unix")
    daemon.start()
    for last_word in (b"", b"nonsense", b"\0" * 32):
        with ask(daemon) as asking:
            _, fds = take_sockets(asking)
            assert len(fds) == 1
            # Who is kept waiting keeps nobody out, up to a number.
            others = [ask(daemon) for _ in range(3)]
            for other in others:
                for fd in take_sockets(other)[1]:
                    os.close(fd)
            second = follow(sluice, daemon, settings, wait=False)
            assert second.wait(20 * SLOW) == 1 and "too many successors" in second.log.text(), second.log.text()
            for other in others:
                other.close()
            if last_word:
                asking.send(last_word)
            else:
                mark = daemon.log.mark()
        for fd in fds:
            os.close(fd)
        assert daemon.get("/x/a").length == N
    daemon.log.wait_text("nothing changes", mark, 10 * SLOW)
    daemon.assert_nothing_left()
    old, daemon = daemon, follow(sluice, daemon, settings)
    assert_ended(old)
    daemon.baseline = old.baseline


def test_stopped_while_somebody_takes_over(sluice):
    """The file stays for who has the sockets."""
    daemon, _ = place(sluice, "unix")
    daemon.start()
    with ask(daemon) as asking:
        _, fds = take_sockets(asking)
        daemon.signal(signal.SIGTERM)
        assert daemon.wait(20 * SLOW) == 0
        with fastcgi.Connection(daemon.socket):
            pass
        os.close(fds[0])


STRANGER = """
import os, socket, sys
os.setuid(12345)
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.settimeout(20)
name = b"\\0sluice/" + sys.argv[2].encode()
if sys.argv[1] == "ask":
    s.connect(name)
    print(len(s.recvmsg(100, 1000)[0]))
else:
    s.bind(name)
    s.listen(4)
    print("bound", flush=True)
    try:
        while True:
            s.accept()[0].recv(100)
    except TimeoutError:
        pass
"""


def stranger(*arguments):
    return subprocess.Popen([sys.executable, "-c", STRANGER, *arguments], stdout=subprocess.PIPE, text=True,
                            preexec_fn=processes.die_with_parent)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_another_user(sluice):
    """He gets no socket; and he is believed nothing."""
    daemon, settings = place(sluice, "unix")
    daemon.start()
    file = os.stat(daemon.socket)
    asking = stranger("ask", f"unix:{file.st_dev:x}:{file.st_ino:x}")
    assert asking.communicate(timeout=60)[0] == "0\n"
    daemon.log.wait_text("take-over refused: Permission denied")
    daemon.assert_nothing_left()
    other, settings = place(sluice, "tcp")
    squatter = stranger("bind", f"tcp:127.0.0.1:{other.address[1]}")
    try:
        assert squatter.stdout.readline() == "bound\n"
        other.arguments = ["--take-over"]
        other.start(wait=False)
        assert other.wait(20 * SLOW) == 1 and "another user" in other.log.text(), other.log.text()
        other.arguments = []
        other.start()
        assert "cannot be taken over later" in other.log.text()
    finally:
        squatter.kill()
        squatter.communicate()


@pytest.mark.skipif(os.geteuid() != 0 or not anybody_may_execute(), reason="needs root, and a build that others can run")
def test_root_takes_over_from_its_user(sluice):
    """Both begin as root; the one that serves is somebody else by then."""
    daemon, settings = place(sluice, "unix")
    settings = {**settings, "user": "nobody"}
    daemon.configure(*LOAD, **settings)
    for path in (daemon.directory, daemon.temp):
        os.chmod(path, 0o777)
    daemon.start()

    def let_in(successor):
        for path in (successor.directory, successor.temp):
            os.chmod(path, 0o777)
    successor = sluice(start=False)
    successor.configure(*LOAD, **{**settings, "socket_mode": "0600"})
    let_in(successor)
    successor.address, successor.socket, successor.arguments = daemon.address, daemon.socket, ["--take-over"]
    successor.start(wait=False)
    ready(successor)
    assert_ended(daemon)
    assert successor.get("/x/a").length == N
    file = os.stat(successor.socket)
    assert file.st_mode & 0o777 == 0o600 and file.st_uid != 0
    successor.baseline = daemon.baseline


def test_the_service_manager_is_told(sluice, tmp_path):
    """Who follows goes on in the other's place, watchdog included."""
    manager = Manager(str(tmp_path / "notify"))
    daemon, settings = place(sluice, "unix")
    daemon.environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"}
    daemon.start()
    assert manager.wait("READY")
    # Watchdogs that are not read would fill the manager's queue, and the order would be another.
    successor = follow(sluice, daemon, settings, wait=False)
    assert manager.wait("MAINPID")["MAINPID"] == str(successor.pid)
    assert manager.wait("READY")
    assert_ended(daemon)
    for _ in range(3):
        manager.wait("WATCHDOG")
    successor.baseline = daemon.baseline


def test_a_service_manager_that_is_slow_is_told(sluice, tmp_path):
    """There was no room for the number of the successor: it comes as soon as there is, or the manager would take one end for the other."""
    manager = Manager(str(tmp_path / "notify"))
    daemon, settings = place(sluice, "unix")
    daemon.environment = {"NOTIFY_SOCKET": str(tmp_path / "notify")}
    daemon.start()
    assert manager.wait("READY")
    with daemon.connect() as running, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        running.send(fastcgi.request("/hang/a"))
        daemon.wait_converters(1)
        other.setblocking(False)
        other.connect(str(tmp_path / "notify"))
        with contextlib.suppress(BlockingIOError):
            while True:
                other.send(b"WATCHDOG=1")
        successor = follow(sluice, daemon, settings)
        daemon.log.wait_text("a successor has taken over")
        told = list(itertools.islice((message for message in iter(manager.message, None) if "WATCHDOG" not in message), 2))
        assert {"MAINPID": str(successor.pid), "STATUS": "serving"} in told and {"READY": "1", "STATUS": "serving"} in told, told
    assert_ended(daemon)
    successor.baseline = daemon.baseline


def test_two_on_one_path(sluice):
    """Without a take-over: whose file it is is seen, and the older one's end does not remove it."""
    first, settings = place(sluice, "unix")
    first.start()
    os.rename(first.socket, first.socket + ".old")
    second = sluice(start=False)
    second.configure(*LOAD, **settings)
    second.address = second.socket = first.socket
    second.start()
    first.signal(signal.SIGTERM)
    assert first.wait(20 * SLOW) == 0
    assert second.get("/x/a").length == N
    second.stop()
    assert not os.path.exists(first.socket)


# A service manager that holds the socket

def inherited(sluice, listener, address):
    daemon = sluice(start=False)
    daemon.configure(*LOAD, slots=8, listen=None)
    daemon.address = address
    daemon.start(wait=False, prefix=["/bin/sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', "sh"],
                 preexec_fn=lambda: os.dup2(listener.fileno(), 3, True), pass_fds=(3,))
    return daemon


@pytest.mark.parametrize("kind", ["unix", "tcp"])
@pytest.mark.parametrize("overlap", [True, False])
def test_restart_with_an_inherited_socket(sluice, load, tmp_path, kind, overlap):
    """As `systemctl restart` does it, the one after the other; and with the new one first."""
    listener = socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET)
    listener.bind(str(tmp_path / "sock") if kind == "unix" else ("127.0.0.1", 0))
    listener.listen(128)
    address = listener.getsockname()
    daemon = inherited(sluice, listener, address)
    ready(daemon)
    clients = load(address, keep=False)
    for _ in range(3):
        clients.wait(30)
        old = daemon
        if overlap:
            daemon = inherited(sluice, listener, address)
            ready(daemon)
        old.signal(signal.SIGTERM)
        if not overlap:
            assert_ended(old)
            daemon = inherited(sluice, listener, address)
            ready(daemon)
        clients.wait(30)
        assert_ended(old)
    clients.finish()
    assert not clients.wrong and clients.good >= 180, clients.wrong[:3]
    daemon.stop()
    listener.close()


def test_take_over_of_an_inherited_socket(sluice, tmp_path):
    """From what spawn-fcgi has started, say; the file stays that of who has made it."""
    path = str(tmp_path / "sock")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    daemon = sluice(start=False)
    daemon.configure(*LOAD, listen=None)
    daemon.address = daemon.socket = path
    daemon.start(stdin=listener)
    listener.close()
    successor = follow(sluice, daemon, {"listen": f"unix:{path}"})
    assert_ended(daemon)
    assert successor.get("/x/a").length == N
    successor.baseline = daemon.baseline
    successor.stop()
    assert os.path.exists(path)


def test_option_is_for_serving():
    for arguments in (["-t", "--take-over"], ["health", "--take-over"]):
        assert subprocess.run([SLUICE, *arguments], capture_output=True, timeout=60, check=False).returncode == 2
