# SPDX-License-Identifier: MIT
"""Time, for the bounds of tests. Where processes wait for a processor or for a disk the machine is slow and not the daemon: such
time counts less, so that a bound can be short on a quiet machine and hold on a loaded one."""

import os
import time

SANITIZER = os.environ.get("SLUICE_SANITIZER", "")
# What a machine that does other things costs, in time, a sanitizer, and a processor that is emulated (SLUICE_SLOW).
SLOW = int(os.environ.get("SLUICE_SLOW", 8 if SANITIZER else 3))
# The part of any time that counts, whatever else the machine did: a wait has an end.
_COUNTED_AT_LEAST = 0.2


def _lines(path):
    try:
        with open(path, encoding="ascii") as file:
            return file.read().splitlines()
    except OSError:  # a kernel without it, or a container that hides it: all time counts
        return []


def _stalled():
    """Seconds so far in which a process could not go on for want of a processor or a disk, or a processor for want of the host's."""
    pressure = [int(line.rpartition("total=")[2]) / 1e6 for what in ("cpu", "io", "memory")
                for line in _lines(f"/proc/pressure/{what}") if line.startswith("some")]
    steal = [int(line.split()[8]) / os.sysconf("SC_CLK_TCK") / os.cpu_count() for line in _lines("/proc/stat")[:1]]
    return sum(pressure + steal)


class Moment(float):
    """Of time.monotonic(); it knows how long the machine had been short of something by then."""

    def __new__(cls):
        self = super().__new__(cls, time.monotonic())
        self.stalled = _stalled()
        return self


def elapsed(start):
    """What the clock says, for the least that something has to take."""
    return time.monotonic() - start


def taken(start):
    """For the most that something may take: seconds since the Moment without those in which the machine was short of something."""
    real = elapsed(start)
    return max(real - (_stalled() - start.stalled), real * _COUNTED_AT_LEAST)


def left(start, timeout):
    """Of so many seconds since the Moment, zero or less when they are over."""
    return timeout - taken(start) if elapsed(start) >= timeout else timeout - elapsed(start)
