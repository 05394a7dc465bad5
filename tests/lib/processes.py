# SPDX-License-Identifier: MIT
"""What /proc says about processes: the tests believe the kernel, not the daemon."""

import ctypes
import os
import re
import select
import signal
import time

import clock

_libc = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1


def die_with_parent():
    """For preexec_fn: whatever happens to the test, the daemon does not outlive it."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def wait_until(condition, timeout, what=None):
    """The first true value of condition(), asked every few milliseconds; AssertionError after timeout seconds of clock.taken()."""
    start = clock.Moment()
    while True:
        asked = time.monotonic()
        over = clock.left(start, timeout) <= 0  # before the last look, which may take long
        value = condition()
        if value:
            return value
        if over:
            raise AssertionError(f"not within {timeout} s: {what() if callable(what) else what or condition}")
        # No more than half of a processor, whatever the look costs: it is what the daemon works with.
        time.sleep(max(0.003, min(time.monotonic() - asked, 0.1)))


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return b""


def stat_fields(pid):
    """Fields of /proc/PID/stat behind the name: state, ppid, pgrp, session, … or None."""
    text = _read(f"/proc/{pid}/stat")
    return text[text.rindex(b")") + 2:].split() if text else None


def number_within(pid):
    """Its number as it knows it itself, in its own pid namespace; None: it has ended."""
    text = _read(f"/proc/{pid}/status")
    return int(re.search(rb"^NSpid:.*\t(\d+)$", text, re.M)[1]) if text else None


def alive(pid):
    fields = stat_fields(pid)
    return bool(fields) and fields[0] not in (b"Z", b"X")


def all_pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def children(pid):
    """Direct children, zombies too."""
    return [p for p in all_pids() if (f := stat_fields(p)) and int(f[1]) == pid]


def command(pid):
    return _read(f"/proc/{pid}/cmdline").split(b"\0")[:-1]


def marked(marker):
    """Processes that have `marker` in their environment or command, or work below it: found wherever they hide."""
    needle = marker.encode()
    found = []
    for pid in all_pids():
        if pid == os.getpid():
            continue
        try:
            where = os.readlink(f"/proc/{pid}/cwd").encode()
        except OSError:
            where = b""
        if (needle in where or needle in _read(f"/proc/{pid}/environ") or needle in _read(f"/proc/{pid}/cmdline")) \
                and alive(pid):
            found.append(pid)
    return found


def descriptors(pid):
    """{number: what it is}"""
    found = {}
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except FileNotFoundError:
        return found
    for name in names:
        try:
            found[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
        except FileNotFoundError:
            pass
    return found


def memory_kib(pid, field="VmRSS"):
    """VmRSS now, VmHWM the peak."""
    for line in _read(f"/proc/{pid}/status").decode().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    return 0


def reset_peak(pid):
    with open(f"/proc/{pid}/clear_refs", "w") as file:
        file.write("5")


def cpu_seconds(pid):
    fields = stat_fields(pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bytes_written(pid):
    """By write(2) and the like, pipes included."""
    for line in _read(f"/proc/{pid}/io").decode().splitlines():
        if line.startswith("wchar:"):
            return int(line.split()[1])
    return 0


def wait_gone(pids, timeout):
    """Waits for the ends of all; those that are left after timeout seconds of clock.taken()."""
    start = clock.Moment()
    left = []
    for pid in pids:
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            while not select.select([fd], [], [], max(0, clock.left(start, timeout)))[0]:
                if clock.left(start, timeout) <= 0:
                    left.append(pid)
                    break
        finally:
            os.close(fd)
    return left
