# SPDX-License-Identifier: MIT
"""What converters leave in their directories: deeper than any path, than any stack and than any table of descriptors. The daemon
goes on as if nothing were, and nothing of it stays."""

import contextlib
import os
import resource
import signal
import tempfile
import threading

import pytest

from daemon import SLOW, Moment, recipe, remove_tree, taken
from processes import wait_until

HELLO = recipe("hello", "text", "hello", slots=4)
# 330 chains of 12 levels: 3,960 levels in the end, and no look while it grows sees more than 12.
CHAINS = recipe("chains", "chains", "330", "text", "done", slots=4, timeout="20s")
STRICT = recipe("strict", "chains", "330", "text", "done", slots=4, timeout="20s", confine="strict", start="cold")
DEEP = recipe("deep", "deep", "2000", "text", "done", slots=4, timeout="20s", temp_max="0")


@pytest.fixture(name="memory")
def _memory():
    """Temporary files where the daemon cannot wait for a disk."""
    path = tempfile.mkdtemp(prefix="sluice-test-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    yield path
    remove_tree(path)


def start(sluice, memory, *recipes, **more):
    daemon = sluice(start=False)
    daemon.temp = memory
    daemon.configure(*recipes)
    return daemon.start(**more)


@contextlib.contextmanager
def honest_requests(daemon):
    """Requests of others, one after the other, from two clients meanwhile: all of them are right."""
    wrong, asked, over = [], [], threading.Event()

    def run():
        while not over.is_set():
            try:
                answer = daemon.get("/hello/a", timeout=20 * SLOW)
                asked.append(answer.status)
                if answer.status != 200 or answer.text != "hello":
                    wrong.append(answer)
            except OSError as error:
                wrong.append(error)
                return

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert asked and not wrong, wrong[:3]


def attack(daemon, name, rounds):
    """Returns the statuses. The quota may see the tree before the job has ended."""
    statuses = []

    def run():
        for _ in range(rounds):
            try:
                statuses.append(daemon.get(f"/{name}/a", timeout=20 * SLOW).status)
            except OSError as error:
                statuses.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


@pytest.mark.parametrize("name", ["chains", "strict", "deep"])
def test_deep_trees(memory, sluice, name):
    daemon = start(sluice, memory, HELLO, CHAINS, STRICT, DEEP)
    with honest_requests(daemon):
        statuses = attack(daemon, name, 4)
        daemon.assert_nothing_left(20)
    assert set(statuses) <= {200, 507} and 200 in statuses, statuses


def test_deep_trees_and_few_descriptors(memory, sluice):
    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))
    daemon = start(sluice, memory, HELLO, DEEP, preexec_fn=few)
    with honest_requests(daemon):
        statuses = attack(daemon, "deep", 4)
        daemon.assert_nothing_left(20)
    assert set(statuses) <= {200, 507} and 200 in statuses, statuses


def test_the_limit_of_temporary_files_comes_to_an_end(memory, sluice):
    """Also while the converter makes and removes as fast as it can, and below what is too deep."""
    daemon = start(sluice, memory, HELLO, recipe("churn", "churn", timeout="1s"),
                   recipe("hides", "deep", "100", "hang", timeout="20s", temp_max="100M"))
    begin = Moment()
    with honest_requests(daemon):
        assert daemon.get("/churn/a", timeout=20 * SLOW).status == 504
        assert taken(begin) < 4 * SLOW
        assert daemon.get("/hides/a", timeout=20 * SLOW).status == 507


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_the_end_comes_first(memory, sluice, how):
    """Nobody waits for what is still to be removed; the spawner sees to it."""
    daemon = start(sluice, memory, HELLO, recipe("deep", "deep", "5000", "text", "done", slots=4, timeout="60s", temp_max="0"))
    assert daemon.get("/deep/a", timeout=60 * SLOW).status == 200
    begin = Moment()
    daemon.signal(how)
    daemon.wait(10 * SLOW)
    assert taken(begin) < 4 * SLOW
    wait_until(lambda: not os.listdir(memory), 20 * SLOW, lambda: os.listdir(memory))
    assert not daemon.log.text().count("cannot remove")
