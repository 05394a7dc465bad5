# SPDX-License-Identifier: MIT
"""Sizes are those of ImageMagick and of vipsthumbnail, to the pixel."""
import random

import patterns
import pytest
from picture import convert, fails, image, tool

FITS = {"contain": "", "inside": ">", "fill": "!", "cover": "^"}


def size_of(*options, source):
    return image(convert(*options, "--format", "jpeg", source=source)).size


def plain(width, height, orientation=None):
    data = tool("/usr/bin/convert", "-size", f"{width}x{height}", "xc:gray", "jpeg:-")
    return data if orientation is None else patterns.turned(data, orientation)


def cases():
    """Odd sides, the same ones on every run."""
    generator = random.Random(5)
    fixed = [(1, 1), (1, 40), (40, 1), (3, 2), (1000, 7), (641, 479), (100, 75), (333, 1000)]
    for number in range(16):
        width, height = fixed[number] if number < len(fixed) else (generator.randrange(1, 900), generator.randrange(1, 900))
        yield width, height, generator.randrange(1, 700), generator.randrange(1, 700)


@pytest.mark.parametrize("width,height,wide,high", cases())
def test_imagemagick(width, height, wide, high):
    data = plain(width, height)
    for fit, flag in FITS.items():
        for size in (f"{wide}x{high}", f"{wide}x", f"x{high}"):
            if flag in ("!", "^") and "x" in (size[0], size[-1]):
                continue  # ImageMagick stretches one side only, or covers a square
            cut = ["-gravity", "center", "-crop", f"{size}+0+0"] if fit == "cover" else []
            sides = tool("/usr/bin/convert", "jpeg:-", "-resize", size + flag, *cut,
                         "+repage", "-format", "%w %h", "info:-", data=data)
            assert size_of("--size", size, "--fit", fit, source=data) == tuple(map(int, sides.split())), (size, fit)


@pytest.mark.parametrize("width,height,wide,high", cases())
def test_vipsthumbnail(width, height, wide, high, tmp_path):
    (tmp_path / "source.jpg").write_bytes(plain(width, height))
    for fit, options in {"contain": [f"{wide}x{high}"], "inside": [f"{wide}x{high}>"], "fill": [f"{wide}x{high}!"],
                         "cover": [f"{wide}x{high}", "--smartcrop", "centre"]}.items():
        tool("vipsthumbnail", tmp_path / "source.jpg", "--size", *options, "-o", tmp_path / "result.png")
        assert size_of("--size", f"{wide}x{high}", "--fit", fit, source=plain(width, height)) == \
            image((tmp_path / "result.png").read_bytes()).size, fit


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation_turns_first(orientation):
    data = plain(301, 97, orientation)
    upright = plain(97, 301) if orientation > 4 else plain(301, 97)
    for size in ("50x50", "50x", "x50", "77x31"):
        for fit in FITS:
            for more in ((), ("--rotate", 90), ("--mirror",), ("--crop", "3,5,71,33")):
                assert size_of("--size", size, "--fit", fit, *more, source=data) == \
                    size_of("--size", size, "--fit", fit, *more, source=upright), (size, fit, more)


def test_one_side():
    data = plain(300, 200)
    for fit, wide, high in (("contain", (600, 400), (900, 600)), ("fill", (600, 400), (900, 600)), ("cover", (600, 400), (900, 600)),
                            ("inside", (300, 200), (300, 200))):
        assert size_of("--size", "600x", "--fit", fit, source=data) == wide
        assert size_of("--size", "x600", "--fit", fit, source=data) == high


def test_never_no_pixels():
    assert size_of("--size", "10x10", source=plain(2000, 1)) == (10, 1)
    assert size_of("--size", "10x10", source=plain(1, 2000)) == (1, 10)
    assert size_of("--size", "1x", source=plain(2000, 100)) == (1, 1)
    assert size_of("--size", "x1", "--fit", "cover", source=plain(100, 2000)) == (1, 1)


def test_a_result_that_is_too_large():
    data = plain(30, 20)
    assert "3000x2000" in fails(3, "--size", "3000x2000", "--max-pixels", 5999999, source=data)
    assert size_of("--size", "3000x2000", "--max-pixels", 6000000, source=data) == (3000, 2000)
    fails(3, "--size", "100000x100000", "--fit", "fill", source=data)
    fails(3, "--size", "100000x", "--fit", "contain", source=data)
    fails(3, "--size", "70000x1", "--fit", "fill", source=data)  # JPEG has no such side
