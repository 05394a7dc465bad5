# SPDX-License-Identifier: MIT
"""The smallest files that are what they say, and pictures that claim any size: made of bytes, without an encoder."""

import struct
import zlib


def png(width=1, height=1):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0\0") if (width, height) == (1, 1) else zlib.compress(b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def gif(width=1, height=1):
    return (b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\1\0\1\0\0"
            b"\2\2D\1\0;")


def jpeg(width=1, height=1, junk=0):
    """Up to the frame header: enough to be recognised and measured. junk: bytes of metadata in front of it."""
    out = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
    while junk:
        n = min(junk, 65000)
        out += b"\xff\xe2" + struct.pack(">H", n + 2) + b"x" * n
        junk -= n
    return (out + b"\xff\xc0\0\x0b\x08" + struct.pack(">HH", height, width) + b"\1\1\x11\0"
            + b"\xff\xda\0\x08\1\1\0\0\x3f\0" + b"\0" * 16 + b"\xff\xd9")
