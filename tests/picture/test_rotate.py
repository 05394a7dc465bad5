# SPDX-License-Identifier: MIT
"""Any angle: the box of ImageMagick's -rotate and then -resize, the same picture in it, and nothing at its corners."""
import patterns
import pytest
from PIL import Image, ImageChops
from picture import convert, fails, image, rmse, tool

FITS = {"contain": "", "inside": ">", "fill": "!", "cover": "^"}
PNG = ("--format", "png")


def magick(data, angle, *options, before=()):
    """The way of ImageMagick, without alpha."""
    return image(tool("/usr/bin/convert", "png:-", *before, "-background", "#204060", "-rotate", angle, "+repage", *options,
                      "+repage", "png24:-", data=data))


def cut(whole, size, x, y):
    """What `cover` keeps of it; of an odd rest, the smaller half is on the left."""
    width, height = map(int, size.split("x"))
    left, top = int((whole.width - width) * x), int((whole.height - height) * y)
    return whole.crop((left, top, left + width, top + height))


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("angle", (1, 30, 135, 200, 271))
def test_imagemagick(angle, fit):
    data = patterns.photo(403, 298)
    for size in ("240x160", "97x301", "900x700"):
        expected = magick(data, angle, "-resize", size + FITS[fit])
        if fit == "cover":
            expected = cut(expected, size, 0.5, 0.5)
        result = image(convert("--rotate", angle, "--size", size, "--fit", fit, "--background", "204060", *PNG, source=data))
        assert result.size == expected.size
        # ImageMagick's filter for a rotation is softer.
        assert rmse(result, expected) < 0.03, size


@pytest.mark.parametrize("width,height", ((403, 298), (298, 403), (50, 51), (1, 1), (1, 40), (40, 1)))
def test_sizes(width, height):
    data = patterns.photo(width, height)
    for angle in (1, 13, 45, 89, 91, 100, 179, 181, 300, 359):
        for options, same in (((), ()), (("--size", "77x"), ("-resize", "77x")), (("--size", "x91"), ("-resize", "x91"))):
            assert image(convert("--rotate", angle, *options, *PNG, source=data)).size == magick(data, angle, *same).size, (angle, options)


def test_as_it_is():
    """Without another size; and a picture whose colour is one everywhere keeps it."""
    data = patterns.photo(403, 298)
    assert rmse(image(convert("--rotate", 37, "--background", "204060", *PNG, source=data)), magick(data, 37)) < 0.03
    plain = tool("/usr/bin/convert", "-size", "90x60", "xc:#c86432", "png24:-")
    for options in ((), ("--size", "50x70", "--fit", "fill"), ("--size", "300x")):
        result = image(convert("--rotate", 37, *options, *PNG, source=plain))
        for count, (red, green, blue, alpha) in result.getcolors(100000):
            assert alpha < 40 or (red, green, blue) == (200, 100, 50) or abs(red - 200) + abs(green - 100) + abs(blue - 50) < 9, count
        assert result.getpixel((result.width // 2, result.height // 2)) == (200, 100, 50, 255)


def test_corners():
    data = patterns.photo(80, 60)
    corner = {"": (0, 0, 0, 0), "204060": (32, 64, 96)}
    for background, colour in corner.items():
        options = ("--background", background) if background else ()
        assert image(convert("--rotate", 30, *options, *PNG, source=data)).getpixel((0, 0)) == colour
    assert image(convert("--rotate", 30, "--format", "jpeg", source=data)).getpixel((0, 0)) == (255, 255, 255)
    gray = image(convert("--rotate", 30, "--gray", *PNG, source=data))
    assert gray.mode == "LA" and gray.getpixel((0, 0)) == (0, 0)
    gray = image(convert("--rotate", 30, "--gray", "--background", "204060", "--format", "jpeg", "--quality", 100, source=data))
    assert gray.mode == "L" and abs(gray.getpixel((0, 0)) - 58) <= 1
    bitonal = image(convert("--rotate", 30, "--bitonal", "--background", "000000", *PNG, source=data))
    assert {colour for _, colour in bitonal.convert("L").getcolors()} == {0, 255}


def test_edges_are_smooth():
    data = tool("/usr/bin/convert", "-size", "200x200", "xc:white", "png24:-")
    result = image(convert("--rotate", 5, "--background", "000000", *PNG, source=data)).convert("L")
    row = [result.getpixel((x, 10)) for x in range(result.width)]
    steps = [value for value in row if 0 < value < 255]
    assert len(steps) > 8 and sorted(row[:row.index(255)]) == row[:row.index(255)]


def test_alpha_is_turned_too():
    """The colour of what cannot be seen does not come out at the edges."""
    data = tool("/usr/bin/convert", "-size", "120x80", "xc:#00ff0000", "-fill", "#ff0000", "-draw", "rectangle 30,20 89,59", "png32:-")
    result = image(convert("--rotate", 33, "--size", "100x", *PNG, source=data))
    assert result.mode == "RGBA" and result.getpixel((0, 0))[3] == 0
    assert all(green < 6 for _, (_, green, _, alpha) in result.getcolors(100000) if alpha > 30)
    white = image(convert("--rotate", 33, "--size", "100x", "--background", "ffffff", *PNG, source=data))
    assert white.getpixel((0, 0)) == (255, 255, 255) and white.getpixel((white.width // 2, white.height // 2)) == (255, 0, 0)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("more", ((), ("--mirror",), ("--crop", "20,30,150,101", "--mirror")))
def test_orientations_turn_first(orientation, more):
    stored = (203, 301) if orientation > 4 else (301, 203)
    data = patterns.jpeg(patterns.photo(*stored), "-sampling-factor", "1x1", orientation=orientation)
    options = ("--rotate", 115, "--size", "180x170", "--background", "204060", *more, *PNG)
    one, other = image(convert(*options, source=data)), image(convert(*options, source=patterns.upright(data)))
    assert rmse(one, other) < 0.006


def test_gravity_of_what_is_cut_off():
    data = patterns.photo(301, 203)
    for gravity, place in (("north", (0.5, 0)), ("east", (1, 0.5)), ("south", (0.5, 1)), ("west", (0, 0.5)), ("northeast", (1, 0)),
                           ("southwest", (0, 1))):
        for size in ("60x180", "180x60"):
            expected = cut(magick(data, 20, "-resize", size + "^"), size, *place)
            result = image(convert("--rotate", 20, "--size", size, "--fit", "cover", "--gravity", gravity, "--background", "204060",
                                   *PNG, source=data))
            assert result.size == expected.size and rmse(result, expected) < 0.03, (gravity, size)


def test_extreme_shapes():
    thin = tool("/usr/bin/convert", "-size", "15000x1", "xc:red", "png24:-")
    assert image(convert("--rotate", 45, "--size", "100x100", *PNG, source=thin)).size == (100, 100)
    assert image(convert("--rotate", 1, "--size", "1x1", "--fit", "fill", *PNG, source=thin)).size == (1, 1)
    assert image(convert("--rotate", 45, "--size", "1x", *PNG, source=patterns.photo(3, 2))).size == (1, 1)
    fails(3, "--rotate", 45, "--max-pixels", 20000, *PNG, source=thin)
    # What is cut off is in memory, too.
    fails(3, "--rotate", 45, "--size", "1x1000", "--fit", "cover", "--max-pixels", 400000, *PNG, source=patterns.photo(403, 298))
    fails(3, "--rotate", 45, "--size", "3000x2000", "--fit", "fill", "--max-pixels", 5999999, *PNG, source=patterns.photo(3, 2))


def test_there_and_back():
    """A quarter turn in two parts is one."""
    data = patterns.photo(203, 151)
    there = convert("--rotate", 40, *PNG, source=data)
    back = image(convert("--rotate", 50, *PNG, source=there))
    expected = image(data).transpose(Image.ROTATE_270)
    left, top = (back.width - expected.width) // 2, (back.height - expected.height) // 2
    middle = back.crop((left + 20, top + 20, left + expected.width - 20, top + expected.height - 20)).convert("RGB")
    expected = expected.convert("RGB").crop((20, 20, expected.width - 20, expected.height - 20))
    # The boxes have even and odd sides, so it may be half a pixel beside.
    assert min(rmse(middle, ImageChops.offset(expected, x, y)) for x in (-1, 0, 1) for y in (-1, 0, 1)) < 0.05
