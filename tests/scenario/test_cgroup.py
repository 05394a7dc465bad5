# SPDX-License-Identifier: MIT
"""Where a cgroup is delegated to the daemon each job gets one of its own, which bounds its memory and its processes. Needs root, and a
hierarchy of version 2 that has the controllers."""

import glob
import os

import pytest

import fastcgi
from daemon import SLOW, recipe
from processes import wait_until


def hierarchy():
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        for line in file:
            if " - cgroup2 " in line and line.split()[3] == "/":
                return line.split()[4]
    return None


@pytest.fixture
def delegated():
    """A cgroup as systemd delegates one."""
    top = hierarchy()
    if not top or os.geteuid() != 0:
        pytest.skip("no cgroup hierarchy of version 2, or not root")
    with open(f"{top}/cgroup.controllers", encoding="ascii") as file:
        if not {"memory", "pids"} <= set(file.read().split()):
            pytest.skip("memory and pids are not controlled by version 2")
    path = f"{top}/sluice-test-{os.getpid()}"
    try:
        with open(f"{top}/cgroup.subtree_control", "w", encoding="ascii") as file:
            file.write("+memory +pids")
        os.mkdir(path)
    except OSError as error:
        pytest.skip(f"no cgroup can be made here: {error}")
    os.setxattr(path, "user.delegate", b"1")
    yield path
    for group in glob.glob(f"{path}/*/"):
        os.rmdir(group)
    os.rmdir(path)


def groups(path):
    return [os.path.basename(group[:-1]) for group in glob.glob(f"{path}/job-*/")]


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read().strip()


def start(daemon, path):
    def enter():
        with open(f"{path}/cgroup.procs", "w", encoding="ascii") as file:
            file.write("0")
    daemon.start(preexec_fn=enter)
    assert read(f"/proc/{daemon.pid}/cgroup").splitlines()[-1].endswith("/daemon")
    return daemon


def test_jobs_are_bounded(sluice, delegated):
    daemon = start(sluice(
        recipe("grows", "pause", "400", "shared", "200", "hang", memory="64M", temp_max="1M", timeout="60s"),
        recipe("cold", "pause", "400", "shared", "200", "hang", memory="64M", temp_max="1M", timeout="60s", start="cold"),
        recipe("family", "child", "child", "text", "x", "pause", "1500", memory="64M", processes=77, timeout="60s"),
        recipe("fine", "text", "fine"), start=False), delegated)
    for name in ("grows", "cold"):
        assert daemon.get(f"/{name}/a", timeout=60).status == 507
        assert "limit: memory" in daemon.log.requests()[-1]["reason"]
    with daemon.connect() as connection:
        connection.send(fastcgi.request("/family/a"))
        group = wait_until(lambda: [g for g in groups(delegated) if len(read(f"{delegated}/{g}/cgroup.procs").split()) == 3], 5 * SLOW)[0]
        limits = [read(f"{delegated}/{group}/{name}") for name in ("memory.max", "pids.max")]
        # And 16 MiB for what is no data; with temp_max, where temporary files are in memory.
        assert limits[0] in (str(80 << 20), str((80 << 20) + (1 << 30))) and limits[1] == "77"
        assert connection.answer().status == 200
    assert daemon.get("/fine/a").text == "fine"
    # Used again, and as many as there were at once.
    assert len(groups(delegated)) == 1
    daemon.stop()
    assert groups(delegated) == []


def test_killed(sluice, delegated):
    daemon = start(sluice(recipe("slow", "child", "text", "x", "hang", timeout="60s"), start=False), delegated)
    with daemon.connect() as connection:
        connection.send(fastcgi.request("/slow/a"))
        wait_until(lambda: groups(delegated), 5 * SLOW)
        daemon.process.kill()
        daemon.process.wait()
    wait_until(lambda: not groups(delegated), 8 * SLOW)
    wait_until(lambda: not read(f"{delegated}/daemon/cgroup.procs"), 8 * SLOW)


def test_what_is_not_delegated_is_left_alone(sluice, delegated):
    os.removexattr(delegated, "user.delegate")

    def enter():
        with open(f"{delegated}/cgroup.procs", "w", encoding="ascii") as file:
            file.write("0")
    daemon = sluice(recipe("slow", "text", "fine", "pause", "300"), start=False)
    daemon.start(preexec_fn=enter)
    assert daemon.get("/slow/a").text == "fine"
    assert os.path.basename(delegated) == read(f"/proc/{daemon.pid}/cgroup").splitlines()[-1].rpartition("/")[2]
    assert not groups(delegated)
    daemon.stop()
    wait_until(lambda: not read(f"{delegated}/cgroup.procs"), 5 * SLOW)
