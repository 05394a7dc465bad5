# SPDX-License-Identifier: MIT
"""JPEG that is broken, or larger than it may be, and what only looks so."""
import struct

import pytest
from PIL import Image

from picture import convert, fails, image, tool

WISHES = [("--size", "40x30"), ("--size", "40x30", "--gray"), ("--crop", "0,0,160,120"), ("--size", "40x30", "--format", "png")]


def picture():
    """Something with colours, as a PPM."""
    made = Image.merge("RGB", [Image.radial_gradient("L"), Image.linear_gradient("L"), Image.radial_gradient("L").rotate(90)])
    return b"P6 160 120 255\n" + made.resize((160, 120)).tobytes()


def scans(data):
    """Where each scan begins."""
    return [at for at in range(len(data) - 1) if data[at:at + 2] == b"\xff\xda"]


@pytest.fixture(name="separate", scope="module")
def _separate(tmp_path_factory):
    """Baseline, each component in a scan of its own."""
    script = tmp_path_factory.mktemp("scans") / "script"
    script.write_text("0;\n1;\n2;\n")
    return tool("/usr/bin/cjpeg", "-scans", script, data=picture())


@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("option", ["-baseline", "-progressive", "-arithmetic"])
def test_half_a_file_is_no_picture(option, wish):
    data = tool("/usr/bin/cjpeg", option, data=picture())
    convert(*wish, source=data)
    for length in [len(data) * part // 16 for part in range(1, 16)] + [len(data) - 1, len(data) - 2]:
        fails(1, *wish, source=data[:length])


@pytest.mark.parametrize("wish", WISHES)
def test_a_component_that_is_in_no_scan(separate, wish):
    """The end may have been written behind what had come; libjpeg shows the component as gray, and warns of nothing."""
    starts = scans(separate)
    assert len(starts) == 3
    convert(*wish, source=separate)
    for end in starts[1:]:
        assert "component" in fails(1, *wish, source=separate[:end] + b"\xff\xd9")


def test_sides_that_no_library_takes():
    data = tool("/usr/bin/cjpeg", data=picture())
    at = data.index(b"\xff\xc0") + 5
    for sides in ((65535, 65535), (65501, 1), (65500, 65500)):
        fails(3, source=data[:at] + struct.pack(">HH", *sides) + data[at + 4:])


def lossless(rows):
    """SOF3 in gray: each sample by its difference from the left one, or the one above. The code of each length is the length."""
    bits = ""
    for y, row in enumerate(rows):
        for x, sample in enumerate(row):
            step = sample - (row[x - 1] if x else rows[y - 1][0] if y else 128)
            length = abs(step).bit_length()
            bits += f"{length:04b}" + (f"{step if step > 0 else step + (1 << length) - 1:0{length}b}" if length else "")
    bits += "1" * (-len(bits) % 8)
    coded = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    return (b"\xff\xd8\xff\xc3" + struct.pack(">HBHHBBBB", 11, 8, len(rows), len(rows[0]), 1, 1, 0x11, 0) + b"\xff\xc4\0\x1d\0"
            + bytes([0, 0, 0, 10] + [0] * 12) + bytes(range(10)) + b"\xff\xda\0\x08\1\1\0\1\0\0" + coded + b"\xff\xd9")


@pytest.mark.parametrize("wish", WISHES)
def test_lossless_is_not_supported(wish):
    """By no library: that of Debian 12 does not know it, and later ones take a part of it. It has no tables, and lacks nothing."""
    source = lossless([[(x * y) % 256 for x in range(160)] for y in range(120)])
    assert "component" not in fails(4, *wish, source=source)
    baseline = tool("/usr/bin/cjpeg", "-grayscale", data=picture())
    at = baseline.index(b"\xff\xda") + 7
    assert baseline[at:at + 3] == b"\0\x3f\0"
    assert "lossless" in fails(4, *wish, source=baseline[:at] + b"\1\0" + baseline[at + 2:])  # as a later library tells of it


def test_bytes_behind_the_end():
    data = tool("/usr/bin/cjpeg", data=picture())
    for behind in (b"\0" * 5000, b"junk", data, data[:100]):
        assert image(convert(source=data + behind)).tobytes() == image(convert(source=data)).tobytes()
