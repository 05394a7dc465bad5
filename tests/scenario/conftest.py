# SPDX-License-Identifier: MIT
"""After every test, whatever it did: the daemon holds the descriptors that it held before, no converter runs, no
temporary file is left, and TERM ends it with 0."""

import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from daemon import Daemon  # noqa: E402


class _Fleet:
    def __init__(self):
        self.daemons = []

    def __call__(self, *recipes, **settings):
        daemon = Daemon(*recipes, start=False, **{k: v for k, v in settings.items() if k != "start"})
        self.daemons.append(daemon)
        if settings.get("start", True):
            daemon.start()
        return daemon

    def running(self):
        return [d for d in self.daemons if d.process and d.process.poll() is None and d.baseline]

    def finish(self):
        try:
            for daemon in self.running():
                daemon.assert_nothing_left()
                daemon.stop()
        finally:
            for daemon in self.daemons:
                daemon.close()


@pytest.fixture
def sluice():
    """Starts daemons for one test: sluice(recipe(…), …, setting=value)."""
    fleet = _Fleet()
    yield fleet
    fleet.finish()


@pytest.fixture(scope="module")
def module_sluice():
    """The same for the daemon that all tests of a file share; see `nothing_left`."""
    fleet = _Fleet()
    yield fleet
    fleet.finish()


@pytest.fixture
def nothing_left(module_sluice):
    yield
    for daemon in module_sluice.daemons:
        daemon.assert_nothing_left()
