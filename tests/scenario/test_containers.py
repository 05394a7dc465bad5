# SPDX-License-Identifier: MIT
"""In a container: what process 1 has to do, and what is left of each promise where the container lacks something."""

import os
import signal
import socket
import subprocess

import pytest

import container
import fastcgi
from daemon import SLOW, recipe
from processes import wait_until

WITHOUT = {"SLUICE_TEST_NO_NAMESPACES": "1"}
COPY = recipe("copy", "{source}", program="/bin/cat", start="cold")
# Ends before its child, which the daemon then kills.
PARENT = recipe("parent", "-c", "sleep 1000 & cat", "{source}", program="/bin/sh", stdin="source", confine="off", start="cold")

pytestmark = pytest.mark.skipif(container.missing() is not None, reason=str(container.missing()))


def contained(sluice, *recipes, options=None, **more):
    daemon = sluice(*recipes, start=False, **more)
    return daemon.start(contained=options or {})


@pytest.mark.parametrize("options, hooks", [({"docker": False}, WITHOUT), ({}, {}), ({"docker": False}, {})])
def test_orphans_are_reaped(sluice, options, hooks):
    """By process 1, whoever lost them: a job, or a health check in the same container."""
    daemon = contained(sluice, PARENT, options=options, environment=hooks)
    before = len(container.inhabitants(daemon.process.pid))
    for _ in range(10):
        assert daemon.get("/parent/a").body == b"source\n"
    subprocess.run(["nsenter", "--target", str(container.first(daemon.process.pid)), "--pid", "sh", "-c", "sh -c 'sleep 0.01 &'"],
                   check=True, timeout=60)
    wait_until(lambda: len(container.inhabitants(daemon.process.pid)) == before, 10 * SLOW,
               lambda: f"{before} processes; there are {container.inhabitants(daemon.process.pid)}")


def test_orphan_of_a_killed_job_is_reaped(sluice):
    slow = recipe("slow", "-c", "sleep 1000 & sleep 1000", "{source}", program="/bin/sh", start="cold", timeout="100ms")
    daemon = contained(sluice, slow)
    for _ in range(3):
        assert daemon.get("/slow/a").status == 504
    wait_until(lambda: "Z" not in container.inhabitants(daemon.process.pid).values(), 10 * SLOW)


def test_signals_reach_the_daemon(sluice):
    daemon = contained(sluice, COPY)
    mark = daemon.log.mark()
    daemon.configure(COPY, recipe("second", "{source}", program="/bin/cat", start="cold"))
    daemon.signal(signal.SIGHUP)
    daemon.log.wait_text("configuration reloaded", mark)
    daemon.signal(signal.SIGUSR1)
    daemon.signal(signal.SIGUSR2)  # which the daemon does not know, and nothing else in the container should die of
    assert daemon.get("/second/a").body == b"source\n"


def test_end_of_the_daemon_is_the_end_of_the_container(sluice):
    daemon = contained(sluice, COPY)
    os.kill(daemon.pid, signal.SIGKILL)
    assert daemon.wait(10 * SLOW) == 128 + signal.SIGKILL
    assert "the daemon was ended by signal 9" in daemon.log.text()
    daemon.start(contained={})
    daemon.signal(signal.SIGTERM)
    assert daemon.wait(10 * SLOW) == 0
    daemon.configure(COPY, root="/there/is/no/such/root", user="nobody-of-this-name")
    daemon.start(wait=False, contained={})
    assert daemon.wait(10 * SLOW) == 1


def test_socket_for_process_1_is_the_daemons(sluice):
    """LISTEN_PID=1 is what a manager in the container, or one that knows what it starts, can say. Process 1 does not hold the socket
    open: when the daemon stops no connection waits in it."""
    daemon = sluice(COPY, start=False, environment={"LISTEN_FDS": "1", "LISTEN_PID": "1"})
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(daemon.socket)
        listener.listen()
        os.set_inheritable(listener.fileno(), True)
        os.dup2(listener.fileno(), 3, inheritable=True) if listener.fileno() != 3 else None
        daemon.start(contained={}, pass_fds=[3])
    assert not [what for fd, what in open_files(container.first(daemon.process.pid)).items() if fd > 2]
    assert daemon.get("/copy/a").body == b"source\n"


def open_files(pid):
    return {int(fd): os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
