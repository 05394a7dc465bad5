# SPDX-License-Identifier: MIT
"""What a job takes beside what the kernel's limits count: shared memory, files without a name. The daemon looks at it twice a second."""

import os
import shutil
import signal

import pytest

import fastcgi
import processes
from daemon import SLOW, Moment, anybody_may_execute, recipe, taken
from processes import wait_until

MEMORY = {"shared": ["shared", "200"], "memfd": ["memfd", "200"], "in-children": ["child", "shared", "200"],
          "hides": ["undumpable", "shared", "200"]}
FILES = {"open": ["unnamed", "200"], "mapped": ["mapped", "200"], "hides": ["undumpable", "unnamed", "200"],
         "beside": ["unnamed", "8", "tempfile", str(6 << 20)]}


HIDDEN = "temp_max, which cannot be measured: a process of the job hides its files"


def attacks(kind, table, **limits):
    return [recipe(f"{kind}-{name}-{start}", *steps, "hang", start=start, timeout="60s", **limits)
            for name, steps in table.items() for start in ("warm", "cold")]


@pytest.fixture(scope="module")
def daemon(module_sluice):
    return module_sluice(*attacks("memory", MEMORY, memory="64M"), *attacks("files", FILES, temp_max="10M"),
                         recipe("fine", "shared", "40", "child", "child", "unnamed", "8", "pause", "1300", "text", "fine",
                                memory="64M", temp_max="10M"),
                         recipe("strict", "shared", "200", "hang", memory="64M", confine="strict", timeout="60s"), slots=8)


def fails(daemon, name, limit):
    start = Moment()
    answer, line = daemon.logged(f"/{name}/a", timeout=60)
    assert answer.status == 507, daemon.log.text()[-2000:]
    assert line["reason"] == f"limit: {limit}" and line["start"] == ("cold" if name.endswith("cold") else "warm"), line
    assert taken(start) < 8 * SLOW


@pytest.mark.parametrize("start", ["warm", "cold"])
@pytest.mark.parametrize("name", list(MEMORY))
def test_memory(daemon, nothing_left, name, start):
    fails(daemon, f"memory-{name}-{start}", "memory")


@pytest.mark.parametrize("start", ["warm", "cold"])
@pytest.mark.parametrize("name", list(FILES))
def test_temp_max(daemon, nothing_left, name, start):
    fails(daemon, f"files-{name}-{start}", HIDDEN if name == "hides" and os.geteuid() != 0 else "temp_max")


@pytest.mark.skipif(os.geteuid() != 0 or not anybody_may_execute(), reason="without root the test above is the same")
def test_temp_max_cannot_be_measured(sluice):
    """Root may look into every process. Another user may not, and the log must say why the job ended."""
    daemon = sluice(*attacks("files", {"hides": FILES["hides"]}, temp_max="10M"), start=False, user="nobody")
    for path in (daemon.directory, daemon.temp):
        shutil.chown(path, "nobody")
    os.chmod(daemon.root, 0o755)
    daemon.start()
    for start in ("warm", "cold"):
        fails(daemon, f"files-hides-{start}", HIDDEN)


def test_memory_strict(daemon, nothing_left):
    fails(daemon, "strict", "memory")


def test_what_is_shared_counts_once(daemon, nothing_left):
    """Three processes with the same 40 MiB, and a file that three have open."""
    assert daemon.get("/fine/a").text == "fine", daemon.log.text()[-1500:]


def test_a_source_that_lost_its_name_is_not_the_jobs(daemon, nothing_left):
    path = daemon.file("large", bytes(20 << 20))
    with daemon.connect() as connection:
        connection.send(fastcgi.request("/fine/large"))
        daemon.wait_converters(1)
        os.unlink(path)
        assert connection.answer().text == "fine"


def counting(daemon):
    """The process that counts: a child of the meter."""
    meter, = daemon.meters()
    return processes.children(meter)


def test_the_meter_is_started_again(sluice):
    """A job that runs meanwhile is looked at again."""
    daemon = sluice(*attacks("memory", {"shared": ["pause", "1000", "shared", "200"]}, memory="64M"))
    wait_until(lambda: counting(daemon), 5 * SLOW)
    before, = counting(daemon)
    with daemon.connect() as connection:
        connection.send(fastcgi.request("/memory-shared-cold/a"))
        daemon.wait_converters(1)
        os.kill(before, signal.SIGKILL)
        assert connection.answer().status == 507
    wait_until(lambda: len(counting(daemon)) == 1 and counting(daemon) != [before], 5 * SLOW)
    assert "meter: the counting process was killed by signal 9" in daemon.log.text()
    fails(daemon, "memory-shared-warm", "memory")


def test_without_a_meter_a_job_has_no_limit_and_ends(sluice):
    daemon = sluice(recipe("fine-cold", "hang", memory="64M", start="cold", timeout="60s"), recipe("short", "text", "fine"))
    wait_until(lambda: counting(daemon), 5 * SLOW)
    every = daemon.meters() + counting(daemon)
    for pid in every:
        os.kill(pid, signal.SIGKILL)
    assert processes.wait_gone(every[1:], 5 * SLOW) == []
    fails(daemon, "fine-cold", "memory, which cannot be measured")
    assert daemon.get("/short/a").text == "fine"
    assert "the meter is gone" in daemon.log.text()
    # Without the socket to the meter. The spawner may still hold the last job.
    spawner = daemon.baseline["spawner"]
    wait_until(lambda: len(daemon.holders()) == 2, 10 * SLOW, daemon.holders)  # the last job was a standby
    daemon.take_baseline()
    daemon.baseline["spawner"] = spawner
    assert daemon.baseline["converters"] == []


def test_the_meter_ends_with_the_daemon(sluice):
    daemon = sluice(recipe("fine", "text", "fine"))
    wait_until(lambda: counting(daemon), 5 * SLOW)
    meters = daemon.meters() + counting(daemon)
    assert len(meters) == 2
    daemon.process.kill()
    daemon.process.wait()
    assert processes.wait_gone(meters, 5 * SLOW) == []
    wait_until(lambda: not os.listdir(daemon.temp), 5 * SLOW)


def test_a_meter_that_stands_still_holds_up_nobody(sluice):
    daemon = sluice(recipe("slow", "text", "fine", "pause", "1200", slots=8), slots=8)
    meter, = counting(daemon)
    os.kill(meter, signal.SIGSTOP)
    try:
        connections = [daemon.connect() for _ in range(6)]
        start = Moment()
        for connection in connections:
            connection.send(fastcgi.request("/slow/a"))
        for connection in connections:
            assert connection.answer().text == "fine"
            connection.close()
        assert taken(start) < 2.4 * SLOW
    finally:
        os.kill(meter, signal.SIGCONT)
