# SPDX-License-Identifier: MIT
"""The daemon's own temporary directory: what killed daemons have left is removed by the next one, and what a cleaner takes from a
living one is made again."""

import fcntl
import os
import shutil
import signal
import subprocess

import pattern
from daemon import SLOW, SLUICE, recipe
from processes import wait_gone, wait_until

RECIPES = [recipe("out", "to", "{output}", "write", "100000"),
           recipe("whole", "write", "3000000"),
           recipe("left", "tempfile", "1000", "write", "10")]


def own(daemon):
    """The daemon's directory below temp_path."""
    found = [name for name in os.listdir(daemon.temp) if name.startswith("sluice.")]
    assert len(found) == 1, found
    return os.path.join(daemon.temp, found[0])


def kill_everything(daemon):
    """As the end of a container does: nobody is left who could clear up."""
    pids = [daemon.pid, *daemon.spawners(), *daemon.meters(), *daemon.holders()]
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass
    daemon.process.wait(10 * SLOW)
    wait_gone(pids, 10 * SLOW)


def ask_all(daemon):
    assert daemon.get("/left/a").status == 200
    for name, size in (("out", 100000), ("whole", 3000000)):
        check = pattern.Checker()
        answer = daemon.get(f"/{name}/a", sink=check)
        assert (answer.status, check.length, check.wrong_at) == (200, size, None), (answer, daemon.log.text()[-2000:])


def end(daemon):
    """The directories that jobs take in turn come back one by one, so what it holds differs; nothing may stay behind it."""
    daemon.stop()
    assert os.listdir(daemon.temp) == []


def test_what_killed_daemons_left_is_removed(sluice):
    daemon = sluice(*RECIPES)
    left = own(daemon)
    kill_everything(daemon)
    os.makedirs(os.path.join(left, "job1/deep/er"))
    others = {"sluice.LIVING", "sluice.abc", "sluice.ABCDEFG", "sluice.ABC-EF", "other"}
    for name in others:
        os.makedirs(os.path.join(daemon.temp, name, "sub"))
    # `mktemp -d sluice.XXXXXX` of a user's script gives such names, too.
    os.makedirs(os.path.join(daemon.temp, "sluice.USER01", "sub"))
    with open(os.path.join(daemon.temp, "sluice.USER01", "job1"), "wb"):
        pass
    others.add("sluice.USER01")
    os.symlink("other", os.path.join(daemon.temp, "sluice.LINK01"))
    with open(os.path.join(daemon.temp, "sluice.FILE01"), "wb"):
        pass
    living = os.open(os.path.join(daemon.temp, "sluice.LIVING"), os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(living, fcntl.LOCK_EX)
    if os.geteuid() == 0:
        others.add("sluice.ANYONE")
        os.mkdir(os.path.join(daemon.temp, "sluice.ANYONE"))
        os.chown(os.path.join(daemon.temp, "sluice.ANYONE"), 65534, 65534)
    mark = daemon.log.mark()
    daemon.start()
    try:
        wait_until(lambda: not os.path.exists(left), 20 * SLOW, daemon.log.text)
        daemon.log.wait_text("removed 1 temporary directory of killed daemons", mark, 5 * SLOW)
        for name in others:
            assert name == "sluice.ANYONE" or os.path.isdir(os.path.join(daemon.temp, name, "sub")), name
        assert others | {"sluice.LINK01", "sluice.FILE01"} <= set(os.listdir(daemon.temp))
        ask_all(daemon)
    finally:
        os.close(living)
        for name in others:
            shutil.rmtree(os.path.join(daemon.temp, name))
        for name in ("sluice.LINK01", "sluice.FILE01"):
            os.unlink(os.path.join(daemon.temp, name))
    end(daemon)


def test_a_daemon_leaves_living_ones_alone(sluice):
    first = sluice(*RECIPES)
    second = sluice(*RECIPES, temp_path=first.temp)
    assert len([name for name in os.listdir(first.temp) if name.startswith("sluice.")]) == 2
    assert second.get("/out/a").status == 200
    ask_all(first)
    second.stop()


def test_it_is_locked_against_cleaners(sluice):
    """systemd-tmpfiles(8) passes over a directory that it cannot lock."""
    daemon = sluice(*RECIPES)
    fd = os.open(own(daemon), os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert False, "the lock was free"
    except BlockingIOError:
        pass
    finally:
        os.close(fd)


def test_a_removed_directory_is_made_again(sluice):
    daemon = sluice(*RECIPES)
    ask_all(daemon)
    directory = own(daemon)
    for _ in range(3):
        mark = daemon.log.mark()
        shutil.rmtree(directory)
        ask_all(daemon)
        daemon.log.wait_text("was removed by somebody else; made again", mark, 5 * SLOW)
        assert own(daemon) == directory and os.stat(directory).st_mode & 0o7777 == 0o700
        ask_all(daemon)
    shutil.rmtree(directory)
    done = subprocess.run([SLUICE, "health", "-s", daemon.socket], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and "healthy" in done.stdout, done
    end(daemon)


def test_a_directory_that_its_name_does_not_lead_to_is_made_again(sluice):
    """It was moved, or something was mounted over it: programs get it by its name. It may come back."""
    daemon = sluice(*RECIPES)
    directory = own(daemon)
    away = daemon.directory + "/away"
    for _ in range(2):
        mark = daemon.log.mark()
        os.rename(directory, away)
        ask_all(daemon)
        daemon.log.wait_text("was removed by somebody else; made again", mark, 5 * SLOW)
        os.rename(directory, away + "-2")
        os.rename(away, directory)
        ask_all(daemon)
        shutil.rmtree(away + "-2")
    os.rename(daemon.temp, away)
    done = subprocess.run([SLUICE, "health", "-s", daemon.socket], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "temporary directory: No such file" in done.stderr, done
    os.rename(away, daemon.temp)
    ask_all(daemon)
    end(daemon)


def test_removed_directories_of_jobs_are_made_again(sluice):
    daemon = sluice(*RECIPES)
    directory = own(daemon)
    for name in os.listdir(directory):
        shutil.rmtree(os.path.join(directory, name))
    ask_all(daemon)
    end(daemon)


def test_another_one_in_its_place_is_not_used(sluice):
    daemon = sluice(*RECIPES)
    directory = own(daemon)
    shutil.rmtree(directory)
    os.symlink("/tmp", directory)
    assert daemon.get("/out/a").status == 500
    os.unlink(directory)
    ask_all(daemon)
    end(daemon)
