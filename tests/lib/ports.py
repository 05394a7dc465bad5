# SPDX-License-Identifier: MIT
"""Ports of the loopback interface: one that is free, and whether something listens on one."""

import random
import socket

_random = random.SystemRandom()


def free_port(family=socket.AF_INET, host="127.0.0.1"):
    """Below those that the kernel gives to connections by itself: it would give this one to another test before it is used."""
    for port in _random.sample(range(20000, 32768), 100):
        with socket.socket(family) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise OSError("no port is free")


def listens(port):
    """Whether a connection is accepted. It is closed at once, with nothing sent."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False
