# SPDX-License-Identifier: MIT
"""Under a service manager: what it is told and when, and 200 reloads in the middle of a load without a lost request."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

import callfilter
import pattern
from daemon import SLOW, Moment, elapsed, recipe, taken
from gate import Gate
from processes import wait_until

HELLO = recipe("hello", "text", "hello", slots=4)
UNIT = pathlib.Path(__file__).resolve().parents[2] / "etc/systemd/sluice.service"


class Manager:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(10 * SLOW)

    def message(self):
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines())

    def wait(self, name):
        """The next message with this name; watchdogs are passed over."""
        while name not in (message := self.message()):
            assert set(message) == {"WATCHDOG"}, message
        return message


@pytest.mark.parametrize("abstract", [False, True])
def test_notify(sluice, tmp_path, abstract):
    name = f"sluice-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    manager = Manager("\0" + name if abstract else name)
    start = Moment()
    gate = Gate(tmp_path)
    gated = recipe("gated", "write", "10", *gate.steps, "write", "10", **gate.options, timeout="60s")
    daemon = sluice(HELLO, gated, environment={"NOTIFY_SOCKET": "@" + name if abstract else name, "WATCHDOG_USEC": "400000"})
    assert manager.wait("READY")["READY"] == "1"
    # Every 200 ms, also when there is nothing to do. Nothing was sent before the start, whenever it is read.
    for _ in range(6):
        manager.wait("WATCHDOG")
    assert elapsed(start) > 1 and taken(start) < 8 * SLOW
    for broken in (False, True):
        daemon.configure(HELLO, "recipe" if broken else gated)
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        daemon.signal(signal.SIGHUP)
        reloading = manager.wait("RELOADING")
        assert before <= int(reloading["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        assert manager.wait("READY")
    answer = []
    thread = threading.Thread(target=lambda: answer.append(daemon.get("/gated/a")))
    thread.start()
    with gate.waiting(daemon):
        daemon.signal(signal.SIGTERM)
        assert manager.wait("STOPPING")
        # It lives while it finishes.
        manager.wait("WATCHDOG")
    thread.join()
    assert answer[0].length == 20 and daemon.wait(5 * SLOW) == 0


def test_where_clone3_is_refused(sluice):
    """As by RestrictNamespaces= in a unit: jobs start as everywhere, also warm."""
    daemon = sluice(recipe("hello", "text", "hello", start="warm"), start=False)
    daemon.start(preexec_fn=lambda: callfilter.refuse("clone3"))
    mark = daemon.log.mark()
    assert daemon.get("/hello/a").text == "hello"
    assert "cannot be held" not in daemon.log.text(), daemon.log.text()
    assert daemon.log.wait_text("request id=.* start=warm ", mark)


def test_where_openat2_is_refused(sluice):
    """As by RestrictSUIDSGID= in a unit: no source could be opened, so it does not start, and says why."""
    daemon = sluice(HELLO, start=False)
    daemon.start(preexec_fn=lambda: callfilter.refuse("openat2"), wait=False)
    assert daemon.wait(10 * SLOW) == 1
    assert "openat2 is refused: ENOSYS (Function not implemented)" in daemon.log.text(), daemon.log.text()


def test_nobody_listens(sluice):
    """A manager that is not there is no reason not to serve."""
    for name in ("/nonexistent/notify", "relative", "", "/" + "x" * 200):
        daemon = sluice(HELLO, environment={"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "1x", "WATCHDOG_PID": "-1"})
        assert daemon.get("/hello/a").text == "hello"


def test_200_reloads_under_load_lose_nothing(sluice):
    """Two configurations in turn, four clients of their own; every answer is a right one of the one or the other."""
    n = 100_003
    both = [[recipe("x", "write", str(n + k), slots=4, queue=50, queue_timeout="60s"), HELLO] for k in (0, 1)]
    daemon = sluice(*both[0], slots=4)
    stop, wrong, seen = threading.Event(), [], []

    def ask(keep):
        connection = daemon.connect()
        while not stop.is_set():
            check = pattern.Checker()
            answer = connection.get("/x/a", keep=keep, sink=check)
            if answer.status != 200 or not answer.ended or answer.length not in (n, n + 1) or check.wrong_at is not None:
                wrong.append(answer)
            seen.append(answer.length)
            if not keep:
                connection.close()
                connection = daemon.connect()
        connection.close()
    clients = [threading.Thread(target=ask, args=(i % 2 == 0,)) for i in range(4)]
    for client in clients:
        client.start()
    try:
        for i in range(200):
            mark, answered = daemon.log.mark(), len(seen)
            daemon.configure(*both[(i + 1) % 2], slots=4)
            daemon.signal(signal.SIGHUP)
            daemon.log.wait_text("configuration reloaded", mark, 10 * SLOW)
            # At least one request falls between two of them, however busy the machine is.
            wait_until(lambda answered=answered: len(seen) > answered or wrong, 30 * SLOW)
    finally:
        stop.set()
        for client in clients:
            client.join(30)
    print(f"{len(seen)} requests during 200 reloads")
    assert not wrong, wrong[:3]
    assert set(seen) == {n, n + 1} and len(seen) >= 200


def test_the_unit_is_well_shut():
    analyze = "/usr/bin/systemd-analyze"
    if not os.path.exists(analyze):
        pytest.skip("no systemd-analyze")
    done = subprocess.run([analyze, "security", "--offline=true", str(UNIT)], capture_output=True, text=True, timeout=60, check=False)
    rated = re.search(r"Overall exposure level for sluice.service: ([\d.]+)", done.stdout)
    assert rated and float(rated[1]) < 1.3, done.stdout[-500:] + done.stderr
    text = UNIT.read_text()
    assert "Type=notify" in text and "RestrictNamespaces=user pid" in text
    assert "\nRestrictSUIDSGID=" not in text, "that refuses openat2"
