# SPDX-License-Identifier: MIT
"""Builds PNG files of every kind, chunk by chunk."""
import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GRAY, RGB, PALETTE, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6
CHANNELS = {GRAY: 1, RGB: 3, PALETTE: 1, GRAY_ALPHA: 2, RGBA: 4}
# The passes of an interlaced picture (PNG, 8.2): the first column and row, the steps.
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(kind, data=b"", damaged=False):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body) ^ damaged)


def header(width, height, depth=8, colour=RGB, interlaced=False):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))


def packed(row, depth):
    """The bytes of a row of samples."""
    if depth == 16:
        return struct.pack(f">{len(row)}H", *row)
    bits = "".join(format(sample, f"0{depth}b") for sample in row)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def paeth(left, up, corner):
    guess = left + up - corner
    return min((left, up, corner), key=lambda value: abs(guess - value))


def filtered(lines, pixel, kinds):
    """Rows of bytes, filtered by the kinds in turn (PNG, 9.2); `pixel` is bytes for each pixel."""
    result, above = b"", bytes(len(lines[0]))
    for number, line in enumerate(lines):
        kind = kinds[number % len(kinds)]
        result += bytes([kind])
        for at, value in enumerate(line):
            left, corner = (line[at - pixel], above[at - pixel]) if at >= pixel else (0, 0)
            guess = (0, left, above[at], (left + above[at]) // 2, paeth(left, above[at], corner))[kind]
            result += bytes([(value - guess) & 255])
        above = line
    return result


def scanlines(rows, depth, channels, interlaced):
    """`rows` are lists of samples, side by side. No filter."""
    if not interlaced:
        return b"".join(b"\0" + packed(row, depth) for row in rows)
    lines = b""
    for left, top, across, down in PASSES:
        for row in rows[top::down]:
            pixels = [row[at:at + channels] for at in range(0, len(row), channels)][left::across]
            if pixels:
                lines += b"\0" + packed([sample for pixel in pixels for sample in pixel], depth)
    return lines


def pixels_of(rows, depth=8, colour=RGB, interlaced=False):
    """What an IDAT has."""
    return zlib.compress(scanlines(rows, depth, CHANNELS[colour], interlaced))


def png(rows, depth=8, colour=RGB, interlaced=False, before=b"", behind=b"", pieces=1):
    """A whole file; `before` and `behind` are chunks around the pixels, which are cut into IDATs."""
    data = pixels_of(rows, depth, colour, interlaced)
    size = -(-len(data) // pieces)
    cut = b"".join(chunk(b"IDAT", data[at:at + size]) for at in range(0, len(data), size))
    width = len(rows[0]) // CHANNELS[colour]
    return SIGNATURE + header(width, len(rows), depth, colour, interlaced) + before + cut + behind + chunk(b"IEND")
