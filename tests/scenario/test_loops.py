# SPDX-License-Identifier: MIT
"""Loops whose end is a decision of ours: what others do all at once is not a reason to go round for ever."""

import os
import signal

from daemon import SLOW, recipe
from processes import wait_until

HOLDERS = 24  # the main thread takes 16 events at a time


def test_all_holders_die_at_once(sluice):
    """While the main thread looks elsewhere. It came back to more events than it took at a time, and none of them went away."""
    daemon = sluice(*(recipe(f"held{i}", "text", "held", slots=2, env=[f"NUMBER={i}"]) for i in range(HOLDERS)))
    # Each has a standby of the same name.
    held = wait_until(lambda: len(found := set(daemon.holders())) >= 2 * HOLDERS and found, 20 * SLOW)
    daemon.signal(signal.SIGSTOP)
    for pid in held:
        os.kill(pid, signal.SIGKILL)
    daemon.signal(signal.SIGCONT)
    assert [daemon.get(f"/held{i}/a", timeout=10 * SLOW).text for i in range(HOLDERS)] == ["held"] * HOLDERS
    wait_until(lambda: len(found := set(daemon.holders())) >= 2 * HOLDERS and not found & held, 20 * SLOW)
