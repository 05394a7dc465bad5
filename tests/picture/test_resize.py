# SPDX-License-Identifier: MIT
"""Sizes against vips, which is the measure; orientations against turning first; shapes at the end of what there is."""
import functools
import zlib

import patterns
import pytest
from PIL import Image, ImageChops, ImageStat
from picture import convert, fails, image, rmse, run, tool

PNG = ("--format", "png")
FITS = ("contain", "inside", "fill", "cover")


def vips(data, width, height, *, kernel="lanczos3"):
    """The picture stretched to these sides by vips."""
    before = image(data)
    return image(tool("sh", "-c", "vips resize stdin .png \"$@\"", "sh", width / before.width, "--vscale", height / before.height,
                      "--kernel", kernel, data=data))


@pytest.mark.parametrize("width,height", ((320, 240), (213, 111), (91, 67), (40, 30), (13, 9), (640, 480)))
def test_as_vips(width, height):
    data = patterns.photo(640, 480)
    result = image(convert("--size", f"{width}x{height}", "--fit", "fill", *PNG, source=data))
    expected = vips(data, width, height)
    assert rmse(result, expected) <= 0.012


@pytest.mark.parametrize("kind", ("png", "jpg"))
def test_the_processor_does_not_matter(kind):
    """glibc hides AVX2 from the program (man ld.so, tunables); elsewhere, and without it, the runs are the same anyway."""
    data = patterns.photo(640, 480)
    data = data if kind == "png" else tool("/usr/bin/convert", "png:-", "jpg:-", data=data)
    for side in (301, 77):
        older = run("--size", f"{side}x{side}", *PNG, source=data, env={"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2"})
        assert older.returncode == 0 and older.stdout == convert("--size", f"{side}x{side}", *PNG, source=data)


@pytest.mark.parametrize("width,height", ((641, 481), (641, 100), (100, 481), (1000, 750), (1921, 1447)))
def test_enlarged_as_pillow(width, height):
    """There vips has no Lanczos."""
    data = patterns.photo(640, 480)
    result = image(convert("--size", f"{width}x{height}", "--fit", "fill", *PNG, source=data))
    assert rmse(result, image(data).resize((width, height), Image.LANCZOS)) <= 0.012


@pytest.mark.parametrize("width,height", ((320, 240), (213, 160), (91, 67), (40, 30)))
def test_a_jpeg_as_vips(width, height):
    """Decoded smaller than it is stored, where that is enough, and in planes."""
    data = patterns.jpeg(patterns.photo(1280, 960), "-sampling-factor", "2x2")
    whole = tool("/usr/bin/convert", "jpeg:-", "png24:-", data=data)
    expected = vips(whole, width, height)
    for options in (("png",), ("jpeg", "--quality", 100)):
        result = image(convert("--size", f"{width}x{height}", "--fit", "fill", "--format", *options, source=data)).convert("RGB")
        assert rmse(result.convert("L"), expected.convert("L")) <= 0.012
        assert rmse(result, expected) <= (0.012 if options[0] == "png" else 0.025)


@pytest.mark.parametrize("kind", ("png", "jpeg"))
@pytest.mark.parametrize("side", (400, 300, 250, 171, 100, 64, 37))
def test_a_zone_plate_shows_no_moire(side, kind):
    """What is too fine for the result is gray: no more is left of it than with vips."""
    data = patterns.zone(512)
    # As JPEG it is decoded in eighths.
    stored = data if kind == "png" else patterns.jpeg(data, "-quality", 100)
    result = image(convert("--size", f"{side}x{side}", "--gray", *PNG, source=stored))
    expected = vips(data, side, side).convert("L")

    def contrast(picture):
        """Of the corners, where the frequencies are highest."""
        part = max(side // 8, 2)
        boxes = [(x, y, x + part, y + part) for x in (0, side - part) for y in (0, side - part)]
        return max(ImageStat.Stat(picture.crop(box)).stddev[0] for box in boxes)

    assert contrast(result) <= contrast(expected) + 3
    assert rmse(result, expected) < 0.03


@pytest.mark.parametrize("size", ("1x1", "3x200", "200x3", "300x300", "299x301", "1000x10"))
def test_a_plain_picture_stays_plain(size):
    for kind in ("png24", "jpeg"):
        data = tool("/usr/bin/convert", "-size", "300x300", "xc:#c86432", "-quality", 100, f"{kind}:-")
        colour = image(data).getpixel((150, 150))
        result = image(convert("--size", size, "--fit", "fill", *PNG, source=data))
        assert result.getcolors() == [(result.width * result.height, colour)], kind


def test_an_edge_stays_where_it_is():
    """White on the left, black on the right; also mirrored, so that nothing is shifted by a fraction."""
    data = tool("/usr/bin/convert", "-size", "300x40", "xc:white", "-size", "300x40", "xc:black", "+append", "png24:-")
    for width in (600, 300, 200, 150, 60, 1200, 602):
        result = image(convert("--size", f"{width}x", "--gray", *PNG, source=data))
        row = result.crop((0, 1, width, 2))
        mirrored = ImageChops.invert(row).transpose(Image.FLIP_LEFT_RIGHT)
        assert ImageChops.difference(row, mirrored).getextrema()[1] <= 1, width
        assert row.getpixel((0, 0)) == 255 and row.getpixel((width - 1, 0)) == 0


@functools.cache
def turned(orientation):
    # No chroma of half the size: its samples would lie elsewhere in a picture that was turned first.
    stored = (141, 233) if orientation > 4 else (233, 141)
    return patterns.jpeg(patterns.photo(*stored), "-sampling-factor", "1x1", orientation=orientation)


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("fit", FITS)
def test_an_orientation_is_as_turning_first(fit, orientation):
    data = turned(orientation)
    upright = patterns.upright(data)
    for size in ("97x55", "55x97", "71x", "x67", "301x201", "1x1", "29x141"):
        for more in ((), ("--mirror", "--rotate", 90), ("--gray",), ("--crop", "31,17,101,97", "--gravity", "southeast")):
            options = ("--size", size, "--fit", fit, *more, *PNG)
            one, other = image(convert(*options, source=data)), image(convert(*options, source=upright))
            # A small result comes out of a smaller decode.
            assert rmse(one, other) < 0.012, (size, more)


def test_one_pixel():
    for width, height in ((1, 1), (1, 500), (500, 1)):
        data = tool("/usr/bin/convert", "-size", f"{width}x{height}", "xc:#0a6496", "png24:-")
        for fit in FITS:
            for size in ("1x1", "33x17", "17x33"):
                result = image(convert("--size", size, "--fit", fit, *PNG, source=data))
                assert result.getcolors() == [(result.width * result.height, (10, 100, 150))]


@pytest.mark.parametrize("width,height", ((20000, 1), (1, 20000), (65000, 10), (10, 65000)))
def test_extreme_shapes(width, height):
    data = image_of(width, height)
    for size in ("300x300", "1x", "x1", "20x"):
        for fit in ("contain", "fill"):
            if (size, fit) == ("20x", "contain") and width < height:
                continue
            options = ("--size", size, "--fit", fit)
            result = image(convert(*options, *PNG, source=data))
            assert result.width > 0 and result.height > 0
            assert (size, fit) != ("300x300", "fill") or result.size == (300, 300)


def image_of(width, height):
    """ImageMagick refuses such sides."""
    return tool("/usr/bin/python3", "-c", "import sys; from PIL import Image; "
                f"Image.linear_gradient('L').resize(({width}, {height})).convert('RGB').save(sys.stdout.buffer, 'png')")


def test_a_side_has_a_limit():
    """However few pixels there are: rows are in memory."""
    def header(width, height):
        data = image_of(1, 1)
        body = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + data[24:29]
        return data[:12] + body + zlib.crc32(body).to_bytes(4, "big") + data[33:]

    for width, height in ((1000001, 1), (1, 1000001), (100000000, 1)):
        fails(3, "--size", "10x10", *PNG, source=header(width, height))
    fails(1, "--size", "10x10", *PNG, source=header(1000000, 1))  # its pixels are missing


def test_the_same_bytes_on_every_run():
    data = patterns.jpeg(patterns.photo(640, 480))
    for options in (("--size", "100x75"), ("--size", "100x75", "--fit", "cover", "--gravity", "attention"),
                    ("--rotate", 33, "--size", "100x"), ("--crop", "100,100,256,256", "--size", "77x")):
        assert len({convert(*options, "--format", form, source=data) for form in ("jpeg",) * 3}) == 1
