# SPDX-License-Identifier: MIT
"""Ports of 127.0.0.1: one that is free, and whether something listens on one."""

import socket


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def listens(port):
    """Whether a connection is accepted. It is closed at once, with nothing sent."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False
