# SPDX-License-Identifier: MIT
"""Alpha, backgrounds, gray and black and white: what becomes of the samples on their way. Compared with formulas and libvips."""
import io
import random

import pytest
from PIL import Image

import profiles
from picture import convert, image, rmse, tool
from pngs import GRAY_ALPHA, RGBA, png
from test_colour import iccp


def swatches(channels, depth=8, count=67):
    noise = random.Random(channels * 100 + depth)
    return [noise.randrange(1 << depth) for _ in range(count * channels)]


def pixels(row, channels):
    return [row[at:at + channels] for at in range(0, len(row), channels)]


def result(row, colour, *options, depth=8, before=b""):
    return image(convert("--format", "png", *options, source=png([row], depth, colour, before=before)))


def luma(rgb):
    return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]


def near(got, wanted, most=0.51):
    got, wanted = list(got), list(wanted)
    assert len(got) == len(wanted)
    worst = max(abs(a - b) for a, b in zip(got, wanted))
    assert worst <= most, (worst, got[:8], wanted[:8])


@pytest.mark.parametrize("depth", [8, 16])
def test_gray_is_the_luma(depth):
    row = swatches(3, depth)
    got = result(row, 2, "--gray", depth=depth)
    assert got.mode == "L"
    near(got.getdata(), (luma(pixel) / ((1 << depth) - 1) * 255 for pixel in pixels(row, 3)), 0.6)


def test_gray_is_the_luma_of_srgb():
    """… after the conversion of colours."""
    row = swatches(3)
    profile = iccp(profiles.rgb(profiles.P3, profiles.SRGB_FORMULA))
    converted = result(row, 2, before=profile)
    near(result(row, 2, "--gray", before=profile).getdata(), (luma(pixel) for pixel in converted.getdata()), 1.01)


def test_gray_of_a_jpeg_is_that_of_a_png():
    picture = Image.linear_gradient("L").resize((64, 48)).convert("RGB")
    picture.paste((200, 30, 60), (16, 16, 32, 32))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=95, subsampling=0)
    colours = convert("--format", "png", source=file.getvalue())
    assert rmse(image(convert("--format", "png", "--gray", source=file.getvalue())),
                image(convert("--format", "png", "--gray", source=colours))) < 0.004


def test_black_and_white():
    row = list(range(256))
    got = result(row, 0, "--bitonal")
    assert list(got.convert("L").getdata()) == [0] * 128 + [255] * 128
    got = result([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 0], 2, "--bitonal")
    assert list(got.convert("L").getdata()) == [0, 255, 0, 255]


def test_black_and_white_of_what_is_transparent():
    """The background counts."""
    got = result([0, 0, 0, 255], GRAY_ALPHA, "--bitonal", "--background", "ffffff")
    assert list(got.convert("L").getdata()) == [255, 0]
    assert list(result([0, 0, 0, 255], GRAY_ALPHA, "--bitonal", "--background", "000000").convert("L").getdata()) == [0, 0]


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("background", [(255, 255, 255), (0, 0, 0), (10, 200, 90)])
def test_a_background(depth, background):
    row, white = swatches(4, depth), (1 << depth) - 1
    got = result(row, RGBA, "--background", bytes(background).hex(), depth=depth)
    assert got.mode == "RGB"
    wanted = [(colour / white * 255 * pixel[3] + back * (white - pixel[3])) / white
              for pixel in pixels(row, 4) for colour, back in zip(pixel, background)]
    near((sample for pixel in got.getdata() for sample in pixel), wanted, 0.6)


def test_a_background_of_gray():
    row = swatches(2)
    got = result(row, GRAY_ALPHA, "--background", "0ac85a")
    back = luma((0x0a, 0xc8, 0x5a))
    near((pixel if isinstance(pixel, int) else pixel[0] for pixel in got.getdata()),
         ((value * alpha + back * (255 - alpha)) / 255 for value, alpha in pixels(row, 2)), 1.01)


def test_without_a_background_a_jpeg_has_white():
    row = [0, 0, 0, 0] * 16
    assert image(convert("--format", "jpeg", source=png([row] * 16, 8, RGBA))).getpixel((8, 8)) == (255, 255, 255)


@pytest.mark.parametrize("depth", [8, 16])
def test_colours_with_little_alpha(depth):
    """Their own samples are 14 bits, with alpha multiplied in, so a colour that is hardly visible loses some."""
    row, white = swatches(4, depth), (1 << depth) - 1
    got = result(row, RGBA, depth=depth)
    for one, other in zip(got.getdata(), pixels(row, 4)):
        alpha = other[3] / white
        assert abs(one[3] - alpha * 255) <= 0.6
        assert all(abs(a - b / white * 255) * alpha <= 0.55 for a, b in zip(one[:3], other[:3])), (one, other)


def test_invisible_colours_do_not_bleed():
    left, right = [255, 0, 0, 255] * 40, [0, 255, 0, 0] * 40
    got = image(convert("--format", "png", "--size", "20x", source=png([left + right] * 40, 8, RGBA)))
    assert all(pixel[:3] == (255, 0, 0) or pixel[3] <= 1 for pixel in got.getdata()), set(got.getdata())


def multiplied(picture):
    """RGBA as it is seen: on black, and its alpha."""
    return Image.merge("RGBA", Image.alpha_composite(Image.new("RGBA", picture.size, (0, 0, 0, 255)), picture).split()[:3]
                       + (picture.getchannel("A"),))


@pytest.mark.parametrize("size", [(160, 120), (97, 73), (40, 30)])
def test_resampled_as_libvips_does(tmp_path, size):
    noise = random.Random(5)
    small = Image.frombytes("RGBA", (40, 30), bytes(noise.randrange(256) for _ in range(40 * 30 * 4)))
    small.resize((320, 240), Image.BICUBIC).save(tmp_path / "in.png")
    tool("vipsthumbnail", tmp_path / "in.png", "--size", f"{size[0]}x{size[1]}!", "-o", tmp_path / "right.png")
    got = image(convert("--format", "png", "--size", f"{size[0]}x{size[1]}", "--fit", "fill", source=tmp_path / "in.png"))
    assert rmse(multiplied(got), multiplied(Image.open(tmp_path / "right.png"))) <= 0.012
