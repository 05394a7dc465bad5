# SPDX-License-Identifier: MIT
"""A part of a picture is what a whole decode shows there, parts fit together, and what lies behind a part is not looked at."""
import functools
import io
import tempfile

import patterns
import pytest
from PIL import Image, ImageChops, ImageOps
from picture import convert, fails, image, rmse, run, tool

GRAY = ("--gray", "--format", "png")
SAMPLINGS = ("1x1", "2x1", "2x2", "1x2", "4x1")


@functools.cache
def source(sampling="2x2", interlace="none", orientation=1):
    return patterns.jpeg(patterns.photo(643, 481), "-sampling-factor", sampling, "-interlace", interlace, orientation=orientation)


def worst(one, other):
    """The largest difference of a sample."""
    assert one.size == other.size
    return ImageChops.difference(one, other).getextrema()[1]


def gray(data, *options):
    return image(convert(*options, *GRAY, source=data))


@pytest.mark.parametrize("interlace", ("none", "plane"))
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_a_part_is_what_the_whole_shows_there(sampling, interlace):
    data = source(sampling, interlace)
    whole = gray(data)
    for x, y, width, height in ((0, 0, 643, 481), (0, 0, 1, 1), (642, 480, 1, 1), (0, 300, 643, 1), (300, 0, 1, 481),
                                (17, 33, 256, 256), (387, 225, 256, 256), (15, 16, 2, 3)):
        part = gray(data, "--crop", f"{x},{y},{width},{height}")
        assert worst(part, whole.crop((x, y, x + width, y + height))) == 0, (x, y, width, height)


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_colours_of_a_part(sampling):
    data = source(sampling)
    whole = image(data)
    for x, y in ((0, 0), (17, 33), (387, 225), (1, 224)):
        part = image(convert("--crop", f"{x},{y},256,256", "--format", "png", source=data))
        for one, other in zip(part.split(), whole.crop((x, y, x + 256, y + 256)).split()):
            assert worst(one, other) == 0


@pytest.mark.parametrize("orientation", (1, 3, 6, 7))
@pytest.mark.parametrize("factor", (1, 2, 4, 8, 16, 40))
def test_tiles_fit_together(orientation, factor):
    """As a viewer of deep zoom asks for them: each level is half of the one before."""
    side = 64 if factor < 8 else 16 if factor < 40 else 8
    width, height = factor * side * 3, factor * side * 2
    stored = (height, width) if orientation > 4 else (width, height)
    data = patterns.jpeg(patterns.photo(*stored), "-sampling-factor", "2x2", orientation=orientation)
    whole = gray(data, "--crop", f"0,0,{width},{height}", "--size", f"{width // factor}x")
    joined = Image.new("L", whole.size)
    for column in range(3):
        for row in range(2):
            tile = gray(data, "--crop", f"{column * side * factor},{row * side * factor},{side * factor},{side * factor}",
                        "--size", f"{side}x{side}")
            assert tile.size == (side, side)
            joined.paste(tile, (column * side, row * side))
    assert worst(joined, whole) <= 1
    assert worst(whole, gray(data, "--size", f"{width // factor}x")) <= 3


def test_what_lies_below_is_not_looked_at():
    data = source()
    part = ("--crop", "200,10,100,60")
    result = convert(*part, *GRAY, source=data)
    assert run(*part, *GRAY, source=data[:len(data) // 2]).stdout == result
    fails(1, "--crop", "200,400,100,60", *GRAY, source=data[:len(data) // 2])
    # What cover cuts off was not asked to be left out.
    fails(1, "--size", "100x10", "--fit", "cover", "--gravity", "north", *GRAY, source=data[:len(data) // 2])


def test_a_part_outside():
    for part, same in (("0,0,644,1", "0,0,643,1"), ("600,400,256,256", "600,400,43,81"), ("642,480,4294967295,4294967295", "642,480,1,1")):
        assert convert("--crop", part, *GRAY, source=source()) == convert("--crop", same, *GRAY, source=source())
    for part in ("0,481,1,1", "643,0,1,1", "4294967295,4294967295,4294967295,4294967295"):
        fails(2, "--crop", part, *GRAY, source=source())
    for part in ("0,0,0,1", "-1,0,1,1", "1,1,1", "1,1,1,1,1", "a,1,1,1", ""):
        fails(2, "--crop", part, *GRAY, source=source())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_part_of_the_upright_picture(orientation):
    stored = (481, 643) if orientation > 4 else (643, 481)
    data = patterns.jpeg(patterns.photo(*stored), orientation=orientation)
    opened = Image.open(io.BytesIO(data))
    opened.draft("L", None)  # lightness as it is in the file
    whole = ImageOps.exif_transpose(opened)
    part = gray(data, "--crop", "400,100,200,150", "--mirror", "--rotate", "90")
    expected = whole.crop((400, 100, 600, 250)).transpose(Image.FLIP_LEFT_RIGHT).transpose(Image.ROTATE_270)
    assert worst(part, expected) <= 1


def stored(form):
    """The picture in another format, without loss, and where parts can be had alone, in such parts."""
    photo = patterns.photo(643, 481)
    if form == "heic":
        return tool("sh", "-c", 'cat >"$1/a.png"; heif-enc -L -p chroma=444 -o "$1/a.heic" "$1/a.png" >&2; cat "$1/a.heic"; rm -r "$1"',
                    "sh", tempfile.mkdtemp(), data=photo)
    options = {"png": ("png24:-",), "webp": ("-define", "webp:lossless=true", "webp:-"), "gif": ("gif:-",), "tiff": ("tiff:-",),
               "tiled": ("-define", "tiff:tile-geometry=64x64", "tiff:-"), "adam7": ("-interlace", "PNG", "png24:-"),
               "avif": ("-quality", 90, "avif:-")}[form]
    return tool("/usr/bin/convert", "png:-", *options, data=photo)


@pytest.mark.parametrize("form", ("png", "adam7", "webp", "gif", "tiff", "tiled", "avif", "heic"))
def test_parts_of_other_formats(form):
    """Also of the smaller picture, whose pixels come from outside of the part, too."""
    data = stored(form)
    whole = image(convert("--format", "png", source=data)).convert("RGB")
    for x, y, width, height in ((0, 0, 1, 1), (642, 480, 1, 1), (17, 33, 256, 256), (387, 225, 256, 256), (600, 0, 3, 481)):
        part = image(convert("--crop", f"{x},{y},{width},{height}", "--format", "png", source=data)).convert("RGB")
        assert rmse(part, whole.crop((x, y, x + width, y + height))) == 0, (x, y, width, height)
    half = image(convert("--size", "160x120", "--fit", "fill", "--crop", "0,0,640,480", "--format", "png", source=data)).convert("RGB")
    for x, y in ((0, 0), (64, 32), (96, 56)):
        part = image(convert("--crop", f"{4 * x},{4 * y},256,256", "--size", "64x64", "--format", "png", source=data)).convert("RGB")
        assert rmse(part, half.crop((x, y, x + 64, y + 64))) < 0.002, (x, y)


def test_an_animation_is_cut_in_all_frames():
    frames = tool("/usr/bin/convert", "png:-", "(", "+clone", "-negate", ")", "(", "+clone", "-flop", ")", "gif:-",
                  data=patterns.photo(120, 90))
    result = image(convert("--crop", "30,0,50,40", "--frames", "all", source=frames))
    assert result.n_frames == 3 and result.size == (50, 40)
