# SPDX-License-Identifier: MIT
"""Pictures to test with, made here."""
import functools
import subprocess

import picture


@functools.cache
def photo(width, height):
    """Something like a photograph, as PNG: soft areas, edges, fine lines; the same on every run."""
    lines = [argument for at in range(7, max(width, height), 61) for argument in ("-draw", f"line {at},0 {width - at},{height}")]
    return picture.tool("/usr/bin/convert", "-seed", 11, "-size", f"{width}x{height}", "plasma:tomato-steelblue", "-blur", "0x1.2",
                        "-stroke", "ivory", *lines, "-depth", 8, "-strip", "png24:-")


@functools.cache
def zone(side):
    """A zone plate: all frequencies up to the highest, in all directions."""
    return picture.tool("vips", "zone", ".png", side, side, "--uchar")


def jpeg(source, *options, orientation=None):
    """The picture as JPEG by ImageMagick, with what is given to it."""
    data = picture.tool("/usr/bin/convert", "png:-", "-quality", 95, *options, "jpeg:-", data=source)
    return data if orientation is None else turned(data, orientation)


def turned(data, orientation):
    """The JPEG with an EXIF block that wants it turned."""
    tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0" + bytes([orientation]) + b"\0\0\0\0\0\0\0"
    body = b"Exif\0\0" + tiff
    return data[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + data[2:]


def upright(data, *options):
    """The JPEG as it is seen, as PNG, by ImageMagick."""
    return picture.tool("/usr/bin/convert", "jpeg:-", "-auto-orient", "-strip", *options, "png:-", data=data)


def vips(operation, data, *arguments):
    """The result of one operation of vips, as PNG."""
    done = subprocess.run(["vips", operation, "stdin", ".png", *map(str, arguments)], input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
