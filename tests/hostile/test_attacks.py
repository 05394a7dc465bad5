# SPDX-License-Identifier: MIT
"""Each attack of tests/lib/attacks.py again and again against one daemon that has few descriptors, while others ask it: all of theirs
is right, and afterwards the daemon is what it was: the same process, descriptors, threads and files, and about as much memory. ATTACKS:
how often each."""

import collections
import itertools
import os
import resource
import sys
import tempfile
import threading
import time

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

import attacks  # noqa: E402
import clock  # noqa: E402
import fastcgi  # noqa: E402
import pattern  # noqa: E402
import processes  # noqa: E402
from daemon import SANITIZER, SLOW, Daemon, recipe, remove_tree  # noqa: E402
from processes import wait_until  # noqa: E402

TIMES = int(os.environ.get("ATTACKS", "5"))
ATTACKERS = 3        # of a kind at a time
DESCRIPTORS = 1024
# A bound that does not depend on how often. A sanitizer keeps what was freed.
GROWTH_KIB = 64 * 1024 if SANITIZER else 6 * 1024
WORKLESS_S = 11          # threads that have no work end after ten seconds
CALM_S = 2 * WORKLESS_S + 10 * SLOW

HONEST = [
    recipe("text", "text", "honest", slots=4, queue_timeout="60s"),
    recipe("large", "write", "3000000", slots=4, queue_timeout="60s"),
    recipe("live", "write", "300000", response="live", slots=4, queue_timeout="60s"),
]
WAITS = {"queue": 100, "queue_timeout": "60s"}


def attack_tree(name):
    return lambda daemon, number: attacks.tree(daemon, name).status


def attack_thief(name):
    def attack(daemon, _):
        answer, spent = attacks.thief(daemon, name)
        # From its place in the queue: behind all the others at the most.
        assert spent < (attacks.THIEF_TIMEOUT_S + SLOW) * ATTACKERS, f"outlives its deadline: {spent} s, {answer}"
    return attack


def attack_stalled(end):
    return lambda daemon, number: attacks.stalled_peer(daemon, attacks.MORE[number % len(attacks.MORE)], end)


KINDS = {
    **{f"tree {name}": attack_tree(name) for name in attacks.TREES},
    **{f"output taken back, {name}": attack_thief(name) for name in attacks.THIEVES},
    **{f"stalled peer, {end}": attack_stalled(end) for end in ("close", "half", "stay")},
}


OTHERS = ("_text", "_cheap", "_large", "_live")


class Others:
    """Clients that ask all the while, one request after the other, and know what is right."""

    def __init__(self, daemon):
        self.daemon, self.wrong, self.right = daemon, [], collections.Counter()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(ask,)) for ask in (getattr(self, name) for name in OTHERS)]

    def _text(self):
        answer = self.daemon.get("/text/a", timeout=attacks.PATIENCE_S)
        return answer.ended and answer.status == 200 and answer.text == "honest", answer

    def _cheap(self):
        answer = self.daemon.get("/text/missing", timeout=attacks.PATIENCE_S)
        return answer.ended and answer.status == 404, answer

    def _pattern(self, uri, length):
        check = pattern.Checker()
        answer = self.daemon.get(uri, sink=check, timeout=attacks.PATIENCE_S)
        return answer.ended and answer.status == 200 and (check.length, check.wrong_at) == (length, None), answer

    def _large(self):
        return self._pattern("/large/a", 3000000)

    def _live(self):
        return self._pattern("/live/a", 300000)

    def _run(self, ask):
        while not self._over.wait(0.02):
            try:
                right, answer = ask()
                self.right[ask.__name__] += right
                if not right:
                    self.wrong.append(repr(answer))
            except (OSError, AssertionError, fastcgi.Closed) as error:
                self.wrong.append(f"{ask.__name__}: {error!r}")

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()


def repeat(daemon, attack):
    """So many times, some beside each other. What came of it, and what went otherwise than it should."""
    numbers, seen, wrong = iter(range(TIMES)), [], []
    lock = threading.Lock()

    def run():
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            try:
                seen.append(attack(daemon, number))
            except (OSError, AssertionError, fastcgi.Closed) as error:
                wrong.append(f"{number}: {error!r}")

    threads = [threading.Thread(target=run) for _ in range(ATTACKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen, wrong


class Attacked:
    def __init__(self):
        def few():
            resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
        self.before = None
        self.daemon = Daemon(start=False)
        self.daemon.temp = self.memory = tempfile.mkdtemp(prefix="sluice-test-", dir=attacks.MEMORY)
        try:
            self.daemon.configure(*HONEST, *attacks.recipes(**WAITS), slots=12, send_timeout=f"{attacks.SEND_TIMEOUT_S}s")
            self.daemon.start(preexec_fn=few)
            # The first of everything makes what stays: what malloc has had once, say.
            with Others(self.daemon) as others:
                wait_until(lambda: others.wrong or min(others.right[name] for name in OTHERS) >= 20, attacks.PATIENCE_S)
            assert not others.wrong, others.wrong[:3]
            self.pid, self.before = self.daemon.pid, self.calm()
        except BaseException:
            self.close()
            raise

    def close(self):
        self.daemon.close()
        remove_tree(self.memory)

    def look(self):
        daemon = self.daemon
        return {**daemon.holdings(), "threads": len(os.listdir(f"/proc/{daemon.pid}/task")), "spawners": len(daemon.spawners()),
                "holders": len(daemon.holders()), "deleted files": len(daemon.open_temporary_files())}

    def calm(self):
        """What it holds when nobody asks anything and what it has to clear up is done; and its memory. The first time it is that when
        threads without work have ended and nothing has changed for two seconds."""
        daemon, start, earliest = self.daemon, clock.Moment(), time.monotonic() + WORKLESS_S
        seen, since = None, time.monotonic()
        while True:
            now = self.look()
            if now != seen:
                seen, since = now, time.monotonic()
            if now == self.before[0] if self.before else time.monotonic() > max(since + 2, earliest):
                break
            assert daemon.process.poll() is None, f"ended with {daemon.process.returncode}:\n{daemon.log.text()[-3000:]}"
            assert clock.left(start, CALM_S) > 0, (
                f"not calm: {now}, before: {self.before or daemon.baseline}\n{processes.descriptors(daemon.pid)}\n"
                f"{daemon.temporary_files()[:50]}\n{daemon.log.text()[-3000:]}")
            time.sleep(0.1)
        return now, daemon.rss_kib()


@pytest.fixture(scope="module")
def attacked():
    one = Attacked()
    yield one
    try:
        one.daemon.stop()
    finally:
        one.close()


@pytest.mark.parametrize("kind", KINDS)
def test_attack(attacked, kind):
    with Others(attacked.daemon) as others:
        seen, wrong = repeat(attacked.daemon, KINDS[kind])
        # An attack may be over before each of the others has had its first answer.
        wait_until(lambda: others.wrong or min(others.right[name] for name in OTHERS) > 0, attacks.PATIENCE_S)
    assert not others.wrong, others.wrong[:3]
    assert min(others.right[name] for name in OTHERS) > 0, others.right
    assert not wrong, wrong[:3]
    if kind.startswith("tree chains"):
        assert 200 in seen, f"no tree came to its depth unseen: {seen}"
    assert attacked.daemon.pid == attacked.pid and attacked.daemon.process.poll() is None


def test_all_is_as_before(attacked):
    """After all of them."""
    (_, memory), (_, before) = attacked.calm(), attacked.before
    print(f"{before} KiB before, {memory} after")
    assert memory - before <= GROWTH_KIB, f"{before} KiB before, {memory} after"
    cpu, start = processes.cpu_seconds(attacked.daemon.pid), time.monotonic()
    for _ in itertools.takewhile(lambda _: time.monotonic() < start + 1, itertools.count()):
        assert attacked.daemon.get("/text/missing").status == 404
        time.sleep(0.2)
    assert processes.cpu_seconds(attacked.daemon.pid) - cpu < 0.5, "something burns"
    assert "accept failed" not in attacked.daemon.log.text() and "cannot remove" not in attacked.daemon.log.text()
