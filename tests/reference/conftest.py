# SPDX-License-Identifier: MIT
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

import responders  # noqa: E402


@pytest.fixture
def pair():
    """(libfcgi's responder, ours)"""
    two = []
    try:
        for program in (responders.REFERENCE, responders.OURS):
            two.append(responders.Responder(program))
        yield two
    finally:
        for one in two:
            one.close()
