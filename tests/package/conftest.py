# SPDX-License-Identifier: MIT
"""What is installed, and by which way."""

import os
import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

import debs  # noqa: E402


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    """The directory of the Debian packages, which can be written to; SLUICE_PACKAGES: where they have been made already."""
    directory = tmp_path_factory.mktemp("package")
    if "SLUICE_PACKAGES" in os.environ:
        for made in pathlib.Path(os.environ["SLUICE_PACKAGES"]).glob("*.deb"):
            shutil.copy(made, directory)
    elif debs.missing():
        pytest.skip(debs.missing())
    else:
        debs.make(directory)
    return directory
