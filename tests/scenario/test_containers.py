# SPDX-License-Identifier: MIT
"""In a container: what process 1 has to do, and what is left of each promise where the container lacks something."""

import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest

import container
import environments
import fastcgi
from daemon import SANITIZER, SLOW, recipe
from processes import wait_until

ETC = Path(__file__).resolve().parents[2] / "etc"
# A process of this sanitizer has a second thread, and may not enter a user namespace.
THREADS = SANITIZER == "thread"
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
    os.kill(container.first(daemon.process.pid), signal.SIGUSR2)  # which is nothing to the daemon, and must not end it
    assert daemon.get("/second/a").body == b"source\n"


def test_end_of_the_daemon_is_the_end_of_the_container(sluice):
    daemon = contained(sluice, COPY)
    assert daemon.temporary_files() != []
    os.kill(daemon.pid, signal.SIGKILL)
    assert daemon.wait(10 * SLOW) == 128 + signal.SIGKILL
    assert daemon.temporary_files() == []
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


def test_source_without_dev_fd(sluice):
    """The name of the source leads through /proc then, for cold, held, and confined programs."""
    recipes = [recipe(f"{start}-{confine}", "{source}", program="/bin/cat", start=start, confine=confine)
               for start in ("cold", "warm") for confine in ("off", "standard", "strict")]
    name = recipe("name", "{source}", program="/bin/echo", start="cold")
    daemon = contained(sluice, *recipes, name, options={"devfd": False})
    assert daemon.get("/name/a").body == b"/proc/self/fd/3\n"
    for start in ("cold", "warm"):
        for confine in ("off", "standard", "strict"):
            answer, line = daemon.logged(f"/{start}-{confine}/a")
            assert (answer.status, answer.body, line["start"]) == (200, b"source\n", start)


@pytest.mark.parametrize("options, remedy", [({}, "doc/containers.md"), ({"docker": False, "user_namespaces": False}, "doc/containers.md"),
                                             ({"docker": False}, None)])
def test_namespaces_and_their_remedy(sluice, options, remedy):
    """Without namespaces the log says why, and what can be done; who requires confinement does not start."""
    daemon = contained(sluice, COPY, options=options)
    switched_off = THREADS or Path("/proc/sys/user/max_user_namespaces").read_text().strip() == "0"
    warned = re.search("jobs get no pid namespaces, because (.*)", daemon.log.text())
    assert bool(warned) == bool(remedy) or switched_off, daemon.log.text()
    assert not warned or not remedy or remedy in warned[1] or "sysctl" in warned[1] or "AppArmor" in warned[1]
    daemon.stop()
    daemon.configure(COPY, confine="required")
    mark = daemon.log.mark()
    daemon.start(wait=not warned, contained=options)
    if warned:
        assert daemon.wait(10 * SLOW) == 1
        assert warned[1] in daemon.log.wait_text("confine = required, but .*", mark)[0]


def test_profile_of_apparmor(tmp_path):
    """Its syntax. The parser of Debian 12 does not know the one word that it is there for."""
    profile = (ETC / "apparmor/sluice").read_text()
    parser = shutil.which("apparmor_parser", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if not parser:
        pytest.skip("not installed: apparmor")
    version = re.search(r"version (\d+)", subprocess.run([parser, "--version"], capture_output=True, text=True, timeout=60, check=True).stdout)
    if int(version[1]) < 4:
        assert profile.count("\n  userns,\n") == profile.count("abi <abi/4.0>,") == 1
        profile = profile.replace("  userns,\n", "").replace("abi/4.0", "abi/3.0")
    copy = tmp_path / "sluice"
    copy.write_text(profile)
    done = subprocess.run([parser, "--skip-kernel-load", "--skip-cache", copy], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    copy.write_text(profile.replace("}", ""))
    done = subprocess.run([parser, "--skip-kernel-load", "--skip-cache", copy], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0


def test_deployment_holds_together():
    """Names and times of the Deployment in doc/containers.md fit each other and its sluice.conf."""
    yaml = pytest.importorskip("yaml")
    text = environments.PAGE.read_text()
    pod = yaml.safe_load(re.search(r"(?s)```yaml\n(.*?)```", text)[1])["spec"]["template"]["spec"]
    volumes = {volume["name"] for volume in pod["volumes"]}
    mounts = [(one["name"], mount["name"], mount["mountPath"]) for one in pod["containers"] for mount in one["volumeMounts"]]
    assert {name for _, name, _ in mounts} == volumes
    socket_places = {one: path for one, name, path in mounts if name == "run"}
    assert socket_places == {"sluice": "/run/sluice", "nginx": "/run/sluice"}
    assert pod["terminationGracePeriodSeconds"] > int(re.search(r"shutdown_timeout = (\d+)s", text)[1])
    sluice = pod["containers"][0]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert sluice[probe]["exec"]["command"][0] == "sluice" and sluice[probe]["timeoutSeconds"] > 10
    user = re.search(r"(?m)^USER (\d+):(\d+)$", text)
    assert (sluice["securityContext"]["runAsUser"], pod["securityContext"]["fsGroup"]) == (int(user[1]), int(user[2]))


def open_files(pid):
    return {int(fd): os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}




def machine_has_all(sluice):
    text = sluice(COPY).log.text()
    return not THREADS and "namespaces=yes" in text and "landlock=0" not in text


@pytest.mark.parametrize("name, options, weaker", environments.ENVIRONMENTS)
def test_table_of_environments(sluice, name, options, weaker):
    """The rows of doc/containers.md are what happens: otherwise run environments.py --write."""
    row = environments.row_of(sluice(start=False), name, options, weaker)
    if row not in environments.printed() and not machine_has_all(sluice):
        pytest.skip("this machine has no Landlock, or this build gets no user namespaces")
    assert row in environments.printed(), row


def test_table_of_environments_is_complete():
    lines = environments.printed()
    assert lines[:2] == environments.HEAD and [line.split(" | ")[0] for line in lines[2:]] == [f"| {one[0]}" for one in environments.ENVIRONMENTS]
