# SPDX-License-Identifier: MIT
"""The bytes that `fake-converter write` puts out: what stands at an offset follows from the offset alone."""

PERIOD = 65521


def _period():
    x, out = 1, bytearray()
    for _ in range(PERIOD):
        x = (x * 1103515245 + 12345) & 0xFFFFFFFF
        out.append((x >> 16) & 0xFF)
    return bytes(out)


_REPEATED = _period() * 18


def at(offset, length):
    start = offset % PERIOD
    if start + length <= len(_REPEATED):
        return _REPEATED[start:start + length]
    return (_REPEATED[:PERIOD] * ((start + length) // PERIOD + 1))[start:start + length]


class Checker:
    """Compares a body with the pattern while it arrives, and keeps none of it."""

    def __init__(self):
        self.length = 0
        self.wrong_at = None

    def __call__(self, data):
        if self.wrong_at is None and bytes(data) != at(self.length, len(data)):
            self.wrong_at = self.length
        self.length += len(data)
