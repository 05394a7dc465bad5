# SPDX-License-Identifier: MIT
"""After every test, whatever it did: the daemon holds the descriptors that it held before, no converter runs, no
temporary file is left, and TERM ends it with 0."""

import contextlib
import os
import pathlib
import sys
import tempfile

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

import container  # noqa: E402
import daemon as daemons  # noqa: E402
from daemon import Daemon, remove_tree  # noqa: E402

# With SLUICE_CONTAINED: what a container does not have, or does otherwise.
HOST_ONLY = {
    "test_daemon_killed": "the end of process 1 is the end of the process that would remove the directory; the next start does it",
    "test_the_meter_ends_with_the_daemon": "the same",
    "test_daemon_stopped_by_sigsegv": "process 1 waits for others before it ends, which takes longer than this test allows",
    "test_the_old_one_ends_before_its_time[9]": "the exit status is that of process 1",
    "test_the_service_manager_is_told": "process numbers are the container's",
    "test_a_service_manager_that_is_slow_is_told": "the same",
    "test_temp_max[hides-warm]": "without the capability to trace, hidden files are another reason",
    "test_temp_max[hides-cold]": "the same",
    "test_a_container_without_its_files_is_told_so": "its launcher takes away what a container is made from",
    "test_syslog": "process numbers are the container's",
}

if daemons.CONTAINED is not None:
    container.share_mounts()  # tests mount file systems that the daemon has to see


def pytest_collection_modifyitems(items):
    for item in items if daemons.CONTAINED is not None else ():
        for name in {item.name, item.originalname} & HOST_ONLY.keys():
            item.add_marker(pytest.mark.skip(reason=HOST_ONLY[name]))


class _Fleet:
    def __init__(self):
        self.daemons = []

    def __call__(self, *recipes, **settings):
        start, never_held = settings.pop("start", True), settings.pop("never_held", ())
        daemon = Daemon(*recipes, start=False, **settings)
        self.daemons.append(daemon)
        if start:
            daemon.start()
            # What is held late counts as what an idle daemon holds.
            if daemon.late():
                daemon.wait_held(never_held)
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


@contextlib.contextmanager
def open_directory():
    """For daemons and converters of other users. Pytest's own is below one that each pytest, when it starts, closes to others."""
    path = tempfile.mkdtemp(prefix="sluice-path-")
    try:
        os.chmod(path, 0o755)
        yield pathlib.Path(path)
    finally:
        remove_tree(path)


@pytest.fixture
def tmp_path():
    with open_directory() as path:
        yield path


@pytest.fixture(scope="module")
def module_path():
    with open_directory() as path:
        yield path


@pytest.fixture
def sluice(tmp_path):
    """Starts daemons for one test: sluice(recipe(…), …, setting=value). They end before the directory does. never_held: programs that do
    not come to their `main` when the daemon starts."""
    fleet = _Fleet()
    yield fleet
    fleet.finish()


@pytest.fixture(scope="module")
def module_sluice(module_path):
    """The same for the daemon that all tests of a file share; see `nothing_left`."""
    fleet = _Fleet()
    yield fleet
    fleet.finish()


@pytest.fixture
def nothing_left(module_sluice):
    yield
    for daemon in module_sluice.daemons:
        daemon.assert_nothing_left()
