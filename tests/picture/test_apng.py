# SPDX-License-Identifier: MIT
"""Animated PNG in: frames as browsers show them. Each pixel is scaled up, so that its middle keeps its colour in a lossy WebP."""
import io
import re
import struct

import pytest
from PIL import Image

from picture import convert, fails, image, run, tool
from pngs import GRAY, PALETTE, RGBA, SIGNATURE, chunk, header, pixels_of, png

COLOURS = {"r": (250, 0, 0, 255), "g": (0, 250, 0, 255), "b": (0, 0, 250, 255), "w": (250, 250, 250, 255), ".": (0, 0, 0, 0)}
SCALE = 16
NONE, BACKGROUND, PREVIOUS = range(3)
SOURCE, OVER = range(2)


def rows_of(letters):
    return [[sample for letter in line for sample in COLOURS[letter]] for line in letters.split()]


class Frame:
    """Letters of its own colours at x, y: lines with a space between them."""

    def __init__(self, letters, x=0, y=0, dispose=NONE, blend=SOURCE, delay=(1, 10), **control):
        self.letters, self.dispose, self.blend, self.delay = letters, dispose, blend, delay
        lines = letters.split()
        self.box = {"width": len(lines[0]), "height": len(lines), "x": x, "y": y, **control}

    def control(self, number):
        return chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, self.box["width"], self.box["height"], self.box["x"], self.box["y"],
                                          *self.delay, self.dispose, self.blend))


def apng(frames, still=None, told=None, loops=0, interlaced=False, numbers=None):
    """A file; the first frame is the still picture unless `still` has letters of its own. `numbers` replaces the chunks' own."""
    first = (still or frames[0].letters).split()
    numbers = iter(numbers or range(1000))
    result = SIGNATURE + header(len(first[0]), len(first), 8, RGBA, interlaced)
    result += chunk(b"acTL", struct.pack(">II", len(frames) if told is None else told, loops))
    if still:
        result += chunk(b"IDAT", pixels_of(rows_of(still), 8, RGBA, interlaced))
    for at, frame in enumerate(frames):
        data = pixels_of(rows_of(frame.letters), 8, RGBA, interlaced)
        result += frame.control(next(numbers))
        if at or still:
            half = len(data) // 2
            result += b"".join(chunk(b"fdAT", struct.pack(">I", next(numbers)) + part) for part in (data[:half], data[half:]))
        else:
            result += chunk(b"IDAT", data)
    return result + chunk(b"IEND")


def letter(pixel):
    if pixel[3] < 64:
        return "."
    return min("rgbw", key=lambda name: sum((a - b) ** 2 for a, b in zip(COLOURS[name], pixel)))


def read(data):
    """Of each frame: its letters."""
    opened, found = Image.open(io.BytesIO(data)), []
    for number in range(getattr(opened, "n_frames", 1)):
        opened.seek(number)
        frame = opened.convert("RGBA")
        found.append(" ".join("".join(letter(frame.getpixel((x + SCALE // 2, y + SCALE // 2))) for x in range(0, frame.width, SCALE))
                              for y in range(0, frame.height, SCALE)))
    return found


def animate(source, *options):
    width, height = struct.unpack(">II", source[16:24])
    return convert("--frames", "all", "--format", "webp", "--size", f"{width * SCALE}x{height * SCALE}", *options, source=source)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("dispose, after", [(NONE, "rrr rgb rrr"), (BACKGROUND, "rrr r.b rrr"), (PREVIOUS, "rrr rrb rrr")])
def test_what_a_frame_leaves(dispose, after, interlaced):
    source = apng([Frame("rrr rrr rrr"), Frame("g", 1, 1, dispose), Frame("b", 2, 1)], interlaced=interlaced)
    assert read(animate(source)) == ["rrr rrr rrr", "rrr rgr rrr", after]


@pytest.mark.parametrize("blend, seen", [(SOURCE, "rrr .bw rrr"), (OVER, "rrr rbw rrr")])
def test_what_is_transparent(blend, seen):
    source = apng([Frame("rrr rrr rrr"), Frame(".bw", 0, 1, blend=blend)])
    assert read(animate(source)) == ["rrr rrr rrr", seen]


def test_half_transparent_over_others():
    """Half of white over red, and over nothing."""
    frames = [Frame("r. r."), Frame(".. ..", blend=OVER)]
    source = apng(frames)
    half = [[255, 255, 255, 128] * 2] * 2
    at = source.index(b"fdAT") - 4
    source = source[:at] + chunk(b"fdAT", struct.pack(">I", 2) + pixels_of(half, 8, RGBA)) + chunk(b"IEND")
    opened = Image.open(io.BytesIO(animate(source, "--quality", 100)))
    opened.seek(1)
    frame = opened.convert("RGBA")
    over_red, over_nothing = (frame.getpixel((x, 16)) for x in (8, 24))
    assert all(abs(a - b) <= 8 for a, b in zip(over_red, (253, 128, 128, 255))), over_red
    assert all(abs(a - b) <= 8 for a, b in zip(over_nothing, (255, 255, 255, 128))), over_nothing


def test_a_first_frame_that_would_bring_back_nothing():
    """PREVIOUS is BACKGROUND there."""
    assert read(animate(apng([Frame("rg bw", dispose=PREVIOUS), Frame("b")]))) == ["rg bw", "b. .."]


def test_a_still_picture_that_is_no_frame():
    source = apng([Frame("rg bw"), Frame("w", 1, 0)], still="gg gg")
    assert read(animate(source)) == ["rg bw", "rw bw"]
    assert read(convert("--size", "32x32", source=source)) == ["gg gg"]
    assert image(convert(source=source)).format == "PNG"
    # A first frame need not be the whole canvas then.
    assert read(animate(apng([Frame("r", 1, 1), Frame("b")], still="gg gg"))) == [".. .r", "b. .r"]


def test_one_frame_is_the_still_picture():
    assert read(convert("--size", "32x32", source=apng([Frame("rg bw"), Frame("w", 1, 0)]))) == ["rg bw"]


@pytest.mark.parametrize("loops", [0, 1, 7])
def test_times_and_loops(loops, tmp_path):
    delays = [(1, 10), (1, 3), (2, 3), (7, 0), (0, 100), (65535, 1000), (5, 65535)]
    letters = ["rg", "gr", "bw", "wb", "rr", "gg", "bb"]
    source = apng([Frame(text, delay=delay) for text, delay in zip(letters, delays)], loops=loops)
    (tmp_path / "result.webp").write_bytes(animate(source))
    told = tool("webpmux", "-info", tmp_path / "result.webp").decode()
    times = [int(line.split()[6]) for line in told.splitlines() if re.match(r" +\d+:", line)]
    assert times[:4] == [100, 333, 667, 70] and times[5:] == [65535, 0], times
    assert times[4] == 0
    assert int(re.search(r"Loop Count : (\d+)", told)[1]) == loops


def test_palettes_and_gray():
    """Frames have the depth, the palette and the transparency of the file."""
    for depth, colour, before in ((2, PALETTE, chunk(b"PLTE", bytes((250, 0, 0, 0, 250, 0, 0, 0, 250))) + chunk(b"tRNS", b"\xff\xff\0")),
                                  (16, GRAY, chunk(b"tRNS", b"\0\0"))):
        still = png([[0, 1], [1, 0]] if colour == PALETTE else [[0xf0f0, 0xffff], [0xffff, 0]], depth, colour)
        first = still[33:still.index(b"IEND") - 4]
        frame = pixels_of([[2]] if colour == PALETTE else [[0]], depth, colour)
        source = (still[:33] + before + chunk(b"acTL", struct.pack(">II", 2, 0)) + Frame("rr rr").control(0) + first +
                  Frame("r").control(1) + chunk(b"fdAT", struct.pack(">I", 2) + frame) + chunk(b"IEND"))
        assert read(animate(source)) == (["rg gr", ".g gr"] if colour == PALETTE else ["ww w.", ".w w."])


FRAMES = [Frame("rg bw"), Frame("w", 1, 0), Frame("b", 0, 1)]
GOOD = apng(FRAMES)


@pytest.mark.parametrize("source", [
    apng([FRAMES[0], Frame("w", 2, 0)]), apng([FRAMES[0], Frame("w", 0, 2)]), apng([FRAMES[0], Frame("w", 0xffffffff, 0)]),
    apng([FRAMES[0], Frame("w", width=3)]), apng([FRAMES[0], Frame("w", width=0)]), apng([FRAMES[0], Frame("w", height=0x80000000)]),
    apng([FRAMES[0], Frame("w", width=2)]), apng([FRAMES[0], Frame("w", dispose=3)]), apng([FRAMES[0], Frame("w", blend=2)]),
    apng([Frame("rg bw", width=1), FRAMES[1]]), apng(FRAMES, told=4), apng(FRAMES, told=0x7fffffff),
    apng(FRAMES, numbers=[0, 1, 3, 2, 4, 5, 6]), apng(FRAMES, numbers=[0, 1, 2, 4, 5, 6, 7]), apng(FRAMES, numbers=[1, 2, 3, 4, 5, 6, 7]),
    GOOD.replace(b"fdAT", b"fdAt", 1), GOOD[:GOOD.rindex(b"fdAT") + 9], GOOD[:GOOD.rindex(b"fdAT") - 4] + chunk(b"IEND"),
], ids=range(18))
def test_broken_ones_are_never_half_an_animation(source):
    assert fails(3 if b"acTL\x7f" in source else 1, "--frames", "all", source=source)


def test_damage_in_any_frame_is_seen():
    for at in range(GOOD.index(b"fcTL") + 4, len(GOOD) - 12, 5):
        garbled = bytearray(GOOD)
        garbled[at] ^= 4
        done = run("--frames", "all", source=bytes(garbled))
        assert done.returncode in (1, 4) and not done.stdout, at


def test_files_that_only_say_that_they_are_animated():
    """Without frames, or with none told, a file is the still picture; frames beyond those told are none."""
    still = png(rows_of("rg bw"), 8, RGBA, before=chunk(b"acTL", struct.pack(">II", 2, 0)))
    assert read(convert("--frames", "all", "--size", "32x32", source=still)) == ["rg bw"]
    assert read(convert("--frames", "all", "--size", "32x32", source=apng(FRAMES, told=0))) == ["rg bw"]
    assert read(animate(apng(FRAMES, told=2))) == ["rg bw", "rw bw"]
    damaged = png(rows_of("rg bw"), 8, RGBA, before=chunk(b"acTL", struct.pack(">II", 2, 0), damaged=True))
    assert read(convert("--frames", "all", "--size", "32x32", source=damaged)) == ["rg bw"]


def test_limits():
    assert "more than 2 frames" in fails(3, "--frames", "all", "--max-frames", 2, source=GOOD)
    fails(3, "--frames", "all", "--max-pixels", 3, source=GOOD)
    assert convert("--frames", "all", "--max-frames", 3, source=GOOD) == convert("--frames", "all", source=GOOD)
