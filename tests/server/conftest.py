# SPDX-License-Identifier: MIT
"""A site is sluice behind one web server, started once for all tests of a file."""

import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

import webservers  # noqa: E402
from websites import Site  # noqa: E402


@pytest.fixture(scope="module", params=webservers.ALL, ids=lambda kind: kind.name)
def site(request):
    missing = request.param.missing()
    if missing:
        pytest.skip(f"not installed: {missing}")
    with Site(request.param) as running:
        yield running
