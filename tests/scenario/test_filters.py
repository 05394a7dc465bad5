# SPDX-License-Identifier: MIT
"""The filter of a held job is in two layers, of which its holder has the larger one. A job can do what a cold one can, no more and
no less, and the holder still does what it has to."""
import os
import platform
import re
import signal
import subprocess
from pathlib import Path

import callfilter
import fastcgi
import processes
import pytest

from daemon import CONTAINED, NO_USER_NAMESPACES, SLOW, recipe
from processes import wait_until

PYTHON = "/usr/bin/python3"
KERNELS = [{}, {"SLUICE_TEST_NO_NAMESPACES": "1"}, {"SLUICE_TEST_NO_NAMESPACES": "1", "SLUICE_TEST_LANDLOCK_ABI": "4"}]
# Those of x86-64 that end the process, copy it or wait: rt_sigreturn, pause, fork, vfork, exit, exit_group, restart_syscall, sync,
# uretprobe, uprobe. The others that end a job are those of test_confine.py and of the burglar.
SKIPPED = [15, 34, 57, 58, 60, 231, 219, 162, 335, 336]
HOSTILE = [101, 310, 311, 438, 312, 440, 448, 165, 166, 155, 442, 429, 428, 430, 431, 432, 433, 304, 179, 443, 321, 298, 323, 250, 248,
           249, 246, 320, 175, 313, 176, 174, 212, 180, 169, 167, 168, 163, 172, 173]
# Nothing is at any of the addresses, no descriptor has the number.
CALLS = """
import ctypes
library = ctypes.CDLL(None, use_errno=True)
for number in (*range(600), *range(0x40000000, 0x40000250)):
    if number in %s: continue
    ctypes.set_errno(0)
    library.syscall(ctypes.c_long(number), *[ctypes.c_long(-1)] * 6)
    print(number, ctypes.get_errno())
""" % (tuple(SKIPPED + HOSTILE),)


def both(confine, *run, **options):
    return [recipe(start, *run, program=PYTHON, confine=confine, start=start, **options) for start in ("warm", "cold")]


def filters_of(pid):
    """How many this process has; None: Linux before 5.9 does not tell."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("Seccomp_filters:")), None)


def tells_of_calls():
    """Not behind a filter of whatever has started the test: a process can have but one listener."""
    return CONTAINED is None and not NO_USER_NAMESPACES and "Seccomp:\t0" in Path("/proc/self/status").read_text()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are those of x86-64")
@pytest.mark.parametrize("hooks", KERNELS)
@pytest.mark.parametrize("confine", ["standard", "strict"])
def test_each_call_is_answered_as_in_a_cold_job(sluice, confine, hooks):
    daemon = sluice(*both(confine, "-I", "-c", CALLS, "{source}"), environment=hooks)
    seen = {}
    for start in ("warm", "cold"):
        answer, line = daemon.logged(f"/{start}/a")
        assert answer.status == 200 and line["start"] == start, daemon.log.text()
        seen[start] = dict(line.split() for line in answer.text.splitlines())
    assert len(seen["cold"]) > 1000
    assert {number: (seen["warm"][number], told) for number, told in seen["cold"].items() if seen["warm"][number] != told} == {}


@pytest.mark.parametrize("hooks", KERNELS)
@pytest.mark.parametrize("confine", ["standard", "strict"])
def test_holder_has_the_larger_layer(sluice, confine, hooks):
    """But where Landlock does not look at signals (before version 6): a filter that does has the number of the job's process."""
    daemon = sluice(recipe("hold", "text", "x", confine=confine), environment=hooks)
    holder, standby = daemon.wait_holder_and_standby()
    if filters_of(holder) is None or not tells_of_calls():
        pytest.skip("the number of filters is not told, or there are others")
    kernel = dict(re.findall(r" (namespaces|landlock)=(\w+)", daemon.log.text()))
    layers = kernel["namespaces"] == "yes" or int(kernel["landlock"]) >= 6
    # The spawner, which has none of the layers, is told of forbidden calls, too.
    assert filters_of(holder) - max(map(filters_of, daemon.spawners())) == layers
    wait_until(lambda: filters_of(standby) - filters_of(holder) == (confine == "standard"), 10 * SLOW)


def test_levels_that_differ_have_holders_of_their_own(sluice):
    daemon = sluice(*[recipe(level, "text", level, confine=level) for level in ("off", "standard", "strict")])
    for level in ("off", "standard", "strict", "off", "strict", "standard"):
        answer, line = daemon.logged(f"/{level}/a")
        assert answer.text == level and line["start"] == "warm"


@pytest.mark.parametrize("hooks", KERNELS)
@pytest.mark.parametrize("confine", ["standard", "strict"])
def test_holder_ends_its_jobs_when_the_daemon_is_killed(sluice, confine, hooks):
    """It still signals: jobs that have a job's number alone, and, where there are no pid namespaces, groups."""
    daemon = sluice(recipe("hang", "ignore-term", "hang", timeout="30s", confine=confine, slots=4), slots=4, environment=hooks)
    connections = [daemon.connect() for _ in range(3)]
    for connection in connections:
        connection.send(fastcgi.request("/hang/a"))
    everybody = {*daemon.wait_converters(3), *daemon.holders(), *daemon.spawners()}
    os.kill(daemon.pid, signal.SIGKILL)
    daemon.process.wait()
    assert processes.wait_gone(everybody, 1 * SLOW) == []
    for connection in connections:
        connection.close()


@pytest.mark.parametrize("confine", ["standard", "strict"])
def test_many_jobs_of_one_holder(sluice, confine):
    """Its memory grows, and descriptors go back and forth."""
    daemon = sluice(recipe("slow", "pause", str(1000 * SLOW), "text", "x", confine=confine, slots=40), slots=40)
    connections = []
    for _ in range(40):
        daemon.wait_holder_and_standby()  # where there is none yet the job is started cold
        connections.append(daemon.connect())
        connections[-1].send(fastcgi.request("/slow/a"))
        daemon.wait_converters(1)
    for connection in connections:
        assert connection.answer().text == "x"
        connection.close()
    assert daemon.log.text().count(" start=warm ") >= 30
    assert daemon.log.text().count("program is held ") == 1


# What Docker and systemd refuse, as far as a holder uses it.
@pytest.mark.parametrize("calls", [("clone3", "pidfd_send_signal"), ("close_range", "landlock_restrict_self", "landlock_create_ruleset"),
                                   ("seccomp",)])
def test_behind_a_filter(sluice, calls):
    if NO_USER_NAMESPACES and "seccomp" in calls:
        pytest.skip("one filter would refuse the other")
    daemon = sluice(*[recipe(level, "text", level, confine=level) for level in ("standard", "strict")], start=False)
    daemon.start(preexec_fn=lambda: callfilter.refuse(*calls))
    daemon.wait_held()
    for level in ("standard", "strict") * 2:
        answer, line = daemon.logged(f"/{level}/a")
        assert answer.text == level and line["start"] == "warm", daemon.log.text()


def test_what_holders_have_loaded_runs(sluice, tmp_path):
    """Initialisers are called before the layer is there: they may start processes and have threads, as long as none is left."""
    source = tmp_path / "prime.c"
    source.write_text("""#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
static int primed;
static void *run(void *unused) { return unused; }
__attribute__((visibility("default"))) int prime(const char *name)
{ pthread_t thread; int pair[2]; pid_t pid; (void)name;
if (pthread_create(&thread, 0, run, 0) || pthread_join(thread, 0)) return 1;
if ((pid = fork()) == 0) _exit(0);
if (waitpid(pid, 0, 0) != pid || socketpair(AF_UNIX, SOCK_DGRAM, 0, pair)) return 1;
close(pair[0]); close(pair[1]); primed = 42; return 0; }
int main(void) { char digits[] = {(char)('0' + primed / 10), (char)('0' + primed % 10)}; return write(1, digits, 2) != 2; }
""")
    program = str(tmp_path / "primed")
    subprocess.run(["cc", "-O1", "-rdynamic", "-pthread", "-o", program, source], check=True, timeout=60)
    daemon = sluice(*[recipe(level, "{source}", program=program, confine=level, prime=["prime"], read=[str(tmp_path)])
                      for level in ("standard", "strict")])
    for level in ("standard", "strict") * 2:
        answer, line = daemon.logged(f"/{level}/a")
        assert answer.text == "42" and line["start"] == "warm", daemon.log.text()
