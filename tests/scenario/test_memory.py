# SPDX-License-Identifier: MIT
"""The memory of the cgroup that the daemon is in, as a container or a unit has one: what the kernel kills for want of it is told as that,
and it kills jobs and not the daemon. Needs root, and a memory controller of either version in which a group can be made."""

import contextlib
import os

import pytest

import callfilter
import fastcgi
from daemon import SANITIZER, SLOW, anybody_may_execute, recipe
from processes import wait_until
from test_cgroup import hierarchy

MIB = 1 << 20


class Group:
    """A group with a limit of memory."""

    def __init__(self, path, limit_file):
        self.path, self.limit_file = path, limit_file

    def write(self, name, value):
        with open(f"{self.path}/{name}", "w", encoding="ascii") as file:
            file.write(str(value))

    def limit(self, size):
        self.write(self.limit_file, size)
        with contextlib.suppress(OSError):  # where there is swap
            self.write("memory.swap.max", 0)

    def enter(self):
        self.write("cgroup.procs", 0)


@pytest.fixture
def group():
    if os.geteuid() != 0:
        pytest.skip("not root")
    if SANITIZER:
        pytest.skip("a sanitizer's own memory exceeds the limits here")
    top, old = hierarchy(), "/sys/fs/cgroup/memory"
    unified = False
    with contextlib.suppress(OSError, TypeError), open(f"{top}/cgroup.controllers", encoding="ascii") as file:
        unified = "memory" in file.read().split()
    if not unified and not os.path.exists(f"{old}/memory.limit_in_bytes"):
        pytest.skip("no memory controller here")
    path = f"{top if unified else old}/sluice-test-{os.getpid()}"
    try:
        if unified:
            with open(f"{top}/cgroup.subtree_control", "w", encoding="ascii") as file:
                file.write("+memory")
        os.mkdir(path)
    except OSError as error:
        pytest.skip(f"no cgroup can be made here: {error}")
    yield Group(path, "memory.max" if unified else "memory.limit_in_bytes")

    def removed():
        with contextlib.suppress(OSError):
            os.rmdir(path)
        return not os.path.exists(path)
    wait_until(removed, 10 * SLOW)


def start(sluice, group, *recipes, **more):
    daemon = sluice(*recipes, start=False, **more)
    daemon.start(preexec_fn=group.enter)
    return daemon


RECIPES = (
    recipe("grows", "memory", "400", "hang", memory="4G", timeout="60s"),
    recipe("cold", "memory", "400", "hang", memory="4G", timeout="60s", start="cold"),
    recipe("crash", "signal", "9", memory="4G"),
    recipe("modest", "memory", "400", "hang", memory="64M", timeout="60s"),
    recipe("fine", "text", "fine"),
    recipe("waits", "text", "x", "hang", response="live", type="text/plain", timeout="60s"),
)


def test_what_the_kernel_kills_is_a_limit_and_no_crash(group, sluice):
    group.limit(192 * MIB)
    daemon = start(sluice, group, *RECIPES)
    for name in ("grows", "cold"):
        answer = daemon.get(f"/{name}/a", timeout=60 * SLOW)
        assert answer.status == 507, (answer, daemon.log.text()[-2000:])
        assert wait_until(lambda: daemon.log.requests(), 5 * SLOW)[-1]["reason"].endswith("limit: cgroup")
    # A crash stays a crash, and the recipe's own limit its own, also after the kernel has killed.
    assert daemon.get("/crash/a").status == 502
    assert daemon.get("/modest/a", timeout=60 * SLOW).status == 507
    wait_until(lambda: daemon.log.requests()[-1]["reason"].endswith("limit: memory"), 5 * SLOW)
    # Only jobs were killed.
    assert daemon.process.poll() is None and daemon.get("/fine/a").text == "fine"
    assert "spawner" not in "".join(line for line in daemon.log.text().splitlines() if " error " in line)


def test_the_limit_is_compared_at_the_start(group, sluice):
    group.limit(512 * MIB)
    ask = (recipe("one", "text", "x", memory="200M", slots=2), recipe("two", "text", "x", memory="100M", slots=2))
    for slots, most in ((1, None), (3, None), (4, "600")):  # 200; 200 + 200 + 100; and 100 more
        daemon = start(sluice, group, *ask, slots=slots)
        told = [line for line in daemon.log.text().splitlines() if "more memory at once than the cgroup has" in line]
        assert bool(told) == bool(most), daemon.log.text()
        if most:
            assert f"memory_times_slots_mib={most} cgroup_limit_mib=512" in told[0]
        daemon.stop()
    daemon = start(sluice, group, *ask, slots=4, memory_total="500M")
    assert "more memory at once" not in daemon.log.text()


def score(pid):
    with open(f"/proc/{pid}/oom_score_adj", encoding="ascii") as file:
        return int(file.read())


def assert_preferred(daemon):
    own = score(daemon.pid)
    with daemon.connect() as connection:
        connection.send(fastcgi.request("/waits/a"))
        jobs = daemon.wait_converters(2)
        wait_until(lambda: all(score(pid) == 500 for pid in jobs), 5 * SLOW)
        assert {score(pid) for pid in [daemon.pid, *daemon.spawners(), *daemon.meters()]} == {own} and own < 500


WAITS = ("waits", "text", "x", "child", "hang")


@pytest.mark.parametrize("start", ["warm", "cold"])
def test_jobs_are_the_preferred_victims(sluice, start):
    assert_preferred(sluice(recipe(*WAITS, response="live", type="text/plain", timeout="60s", start=start)))


@pytest.mark.skipif(os.geteuid() != 0 or not anybody_may_execute(), reason="the daemon changes its user")
def test_jobs_of_another_user_without_namespaces_are_the_preferred_victims(sluice):
    """As in a container: the file in /proc has to belong to the user that the daemon has become."""
    daemon = sluice(recipe(*WAITS, response="live", type="text/plain", timeout="60s", start="cold"), start=False, user="nobody")
    os.chmod(daemon.temp, 0o777)
    os.chmod(daemon.directory, 0o777)
    daemon.start(preexec_fn=lambda: callfilter.refuse("clone3", user_namespaces=True))
    assert "namespaces=no" in daemon.log.text()
    assert_preferred(daemon)
