# SPDX-License-Identifier: MIT
"""What the file says of its colours: ICC profiles, and the flat conversions. Compared with lcms2 in Pillow and with libvips."""
import io
import random
import struct
import zlib

import pytest
from PIL import Image, ImageCms

import profiles
from picture import convert, image, tool
from pngs import chunk, png

GAMMA = profiles.gamma(2.2)
NEARLY_SRGB = {
    "exact": profiles.rgb(profiles.SRGB, profiles.SRGB_FORMULA),
    "a table": profiles.rgb(profiles.SRGB, profiles.table(profiles.light, 1024)),
    "a short table": profiles.rgb(profiles.SRGB, profiles.table(profiles.light, 64)),
    "rounded primaries": profiles.rgb([(0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7139)],
                                      profiles.SRGB_FORMULA),
    "the one of Debian's icc-profiles-free": profiles.rgb([(0.43585, 0.22238, 0.01392), (0.38533, 0.71704, 0.09714),
                                                           (0.14302, 0.06059, 0.71384)], profiles.table(profiles.light, 1024)),
    "another formula": profiles.rgb(profiles.SRGB, profiles.formula(4, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045, 0, 0)),
}
OTHERS = {
    "Adobe RGB": profiles.rgb(profiles.ADOBE, profiles.gamma(563 / 256)),
    "P3": profiles.rgb(profiles.P3, profiles.SRGB_FORMULA, version=0x04000000),
    "ProPhoto": profiles.rgb(profiles.PROPHOTO, profiles.formula(0, 1.8)),
    "linear": profiles.rgb(profiles.SRGB, profiles.linear()),
    "a table of P3": profiles.rgb(profiles.P3, profiles.table(profiles.light, 182)),
    "formula 1": profiles.rgb(profiles.SRGB, profiles.formula(1, 2, 1.1, -0.1)),
    "formula 2": profiles.rgb(profiles.SRGB, profiles.formula(2, 2, 1.01, -0.02, -0.03)),
    "formula 4": profiles.rgb(profiles.P3, profiles.formula(4, 2.2, 0.9, 0.1, 0.2, 0.05, -0.005, 0)),
    "a scanner": profiles.rgb(profiles.ADOBE, GAMMA, kind=b"scnr"),
    "more than one curve": profiles.rgb(profiles.ADOBE, GAMMA, tags={b"bTRC": profiles.gamma(1.8)}),
}
UNUSABLE = {
    "nothing": b"no profile",
    "cut": OTHERS["Adobe RGB"][:200],
    "cut in the curve": profiles.rgb(profiles.ADOBE, profiles.table(lambda x: x ** 3, 1024))[:-500],
    "no signature": OTHERS["Adobe RGB"].replace(b"acsp", b"acsq"),
    "a link": profiles.rgb(profiles.ADOBE, GAMMA, kind=b"link"),
    "gray": profiles.gray(profiles.gamma(1)),
    "no blue": OTHERS["Adobe RGB"].replace(b"bXYZ", b"qXYZ"),
    "no curve": OTHERS["Adobe RGB"].replace(b"rTRC", b"qTRC"),
    "a curve of no type": OTHERS["Adobe RGB"].replace(b"curv", b"kurv"),
    "a curve that is longer than its tag": profiles.rgb(profiles.ADOBE, struct.pack(">4sII", b"curv", 0, 1 << 31)),
    "a formula of no kind": profiles.rgb(profiles.ADOBE, profiles.formula(5, 1, 1, 1, 1, 1, 1, 1)),
    "a formula without its numbers": profiles.rgb(profiles.ADOBE, profiles.formula(4, 1)),
    "black is white": profiles.rgb([(0, 0, 0)] * 3, GAMMA),
    "for Lab": profiles.rgb(profiles.ADOBE, GAMMA, pcs=b"Lab "),
    "a table of nothing": profiles.rgb(profiles.ADOBE, GAMMA, tags={b"A2B0": b"mft2" + bytes(100)}),
    "a table for other colours": profiles.rgb(profiles.ADOBE, GAMMA, tags={b"A2B0": struct.pack(
        ">4sIBBBB", b"mft2", 0, 15, 3, 255, 0) + bytes(2000)}),
    "offsets beyond": OTHERS["Adobe RGB"][:132] + b"".join(
        struct.pack(">4sII", tag, 0xfffffff0, 0x20) for tag in (b"rXYZ", b"gXYZ", b"bXYZ")) + bytes(200),
    "too many tags": OTHERS["Adobe RGB"][:128] + struct.pack(">I", 1 << 30) + OTHERS["Adobe RGB"][132:],
}


def iccp(data):
    return chunk(b"iCCP", b"a\0\0" + zlib.compress(data))


def swatches(channels=3, seed=1):
    """Two rows of 64 pixels: samples side by side."""
    noise = random.Random(seed)
    row = [noise.randrange(256) for _ in range(60 * channels)] + [0] * channels + [255] * channels + [20] * channels + [
        128] * channels
    return [row, row[::-1]]


def as_image(rows, mode="RGB"):
    return Image.frombytes(mode, (64, len(rows)), bytes(value for row in rows for value in row))


def by_lcms(picture, data, intent=0):
    """What lcms2 makes of it, with floating point numbers inside."""
    to = ImageCms.createProfile("sRGB")
    transform = ImageCms.buildTransform(ImageCms.ImageCmsProfile(io.BytesIO(data)), to, picture.mode, "RGB", intent,
                                        flags=0x0100)  # NOOPTIMIZE
    return ImageCms.applyTransform(picture, transform)


def near(got, wanted, most=1):
    assert got.size == wanted.size and got.mode == wanted.mode, (got, wanted)
    worst = max(abs(one - other) for one, other in zip(got.tobytes(), wanted.tobytes()))
    assert worst <= most, (worst, list(zip(got.getdata(), wanted.getdata()))[:6])


def result(rows, before, colour=2, *options):
    return image(convert("--format", "png", *options, source=png(rows, 8, colour, before=before)))


@pytest.mark.parametrize("which", OTHERS)
def test_matrix_and_curves(which):
    rows = swatches()
    got = result(rows, iccp(OTHERS[which]))
    near(got, by_lcms(as_image(rows), OTHERS[which]))
    assert got.tobytes() != as_image(rows).tobytes()


def jpeg(picture, data=None, **more):
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=90, **({} if data is None else {"icc_profile": data}), **more)
    return file.getvalue()


@pytest.mark.parametrize("which", NEARLY_SRGB)
def test_srgb_by_another_name_is_skipped(which):
    picture = Image.effect_noise((200, 150), 80).convert("RGB")
    assert convert("--size", "50x50", source=jpeg(picture, NEARLY_SRGB[which])) == convert(
        "--size", "50x50", source=jpeg(picture))


@pytest.mark.parametrize("which", UNUSABLE)
def test_what_is_no_profile_for_it_is_ignored(which):
    picture = Image.effect_noise((200, 150), 80).convert("RGB")
    assert convert("--size", "50x50", source=jpeg(picture, UNUSABLE[which])) == convert(
        "--size", "50x50", source=jpeg(picture))


def test_a_profile_that_says_a_wrong_length():
    picture = Image.effect_noise((200, 150), 80).convert("RGB")
    data = OTHERS["Adobe RGB"]
    assert convert("--size", "50x50", source=jpeg(picture, b"\x7f" + data[1:])) == convert(
        "--size", "50x50", source=jpeg(picture, data))


def test_every_cut_of_a_profile_gives_a_picture():
    rows = swatches()
    plain = result(rows, b"").tobytes()
    whole = profiles.rgb(profiles.ADOBE, profiles.table(lambda x: x ** 2, 16))
    right = result(rows, iccp(whole)).tobytes()
    for length in range(0, len(whole), 7):
        assert result(rows, iccp(whole[:length])).tobytes() in (plain, right)


def test_gray_profiles():
    row = list(range(0, 256, 4))
    wanted = [round(profiles.sample((value / 255) ** 1.8) * 255) for value in row]
    got = result([row], iccp(profiles.gray(profiles.gamma(1.8))), 0)
    assert got.mode == "L"
    assert all(abs(one - other) <= 1 for one, other in zip(got.tobytes(), wanted))
    # L* of Lab.
    lightness = [value / 255 * 100 for value in row]
    light = [((l + 16) / 116) ** 3 if l > 8 else l / 903.3 for l in lightness]
    got = result([row], iccp(profiles.gray(profiles.linear(), pcs=b"Lab ")), 0)
    assert all(abs(one - round(profiles.sample(other) * 255)) <= 1 for one, other in zip(got.tobytes(), light))


def test_a_gray_picture_with_a_profile_of_colours_keeps_its_grays():
    row = list(range(0, 256, 4))
    got = result([row], iccp(profiles.rgb(profiles.PROPHOTO, profiles.gamma(1.8))), 0)
    assert got.mode == "L"
    wanted = [round(profiles.sample((value / 255) ** 1.8) * 255) for value in row]
    assert all(abs(one - other) <= 1 for one, other in zip(got.tobytes(), wanted))
    got = result([row], iccp(profiles.rgb(profiles.ADOBE, profiles.SRGB_FORMULA)), 0)
    assert list(got.tobytes()) == row


def colourful(r, g, b):
    """A table that no matrix has."""
    return 100 * (0.3 * r + 0.6 * g + 0.1 * b), 80 * (r - g) * (1 - b / 2), 60 * (g - b)


def test_a_table_of_rgb():
    data = profiles.lut(colourful, 3)
    rows = swatches()
    near(result(rows, iccp(data)), by_lcms(as_image(rows), data))


def test_a_table_of_floating_point_numbers_is_not_looked_at():
    """They may have any number of stages."""
    element = struct.pack(">4sIHH", b"matf", 0, 3, 3) + struct.pack(">12f", *([0.0] * 12))
    floats = struct.pack(">4sIHHI", b"mpet", 0, 3, 3, 1) + struct.pack(">II", 24, len(element)) + element
    data = profiles.lut(colourful, 3, tags={b"D2B0": floats})
    rows = swatches()
    assert result(rows, iccp(data)).tobytes() == result(rows, iccp(profiles.lut(colourful, 3))).tobytes()


def test_a_table_of_gray():
    data = profiles.lut(lambda value: (100 * value, 0, 0), 1, 33, b"GRAY")
    row = list(range(0, 256, 4))
    got = result([row], iccp(data), 0)
    assert got.mode == "L"
    light = [((l + 16) / 116) ** 3 if l > 8 else l / 903.3 for l in (value / 255 * 100 for value in row)]
    assert all(abs(one - round(profiles.sample(other) * 255)) <= 1 for one, other in zip(got.tobytes(), light))


def large_swatches(mode):
    """As blocks, so that a JPEG keeps them."""
    noise = random.Random(3)
    small = Image.frombytes(mode, (12, 8), bytes(noise.randrange(256) for _ in range(96 * len(mode))))
    return small.resize((12 * 32, 8 * 32), Image.NEAREST)


def centres(picture):
    return [picture.getpixel((x * 32 + 16, y * 32 + 16)) for y in range(8) for x in range(12)]


def far(one, other):
    return max(abs(a - b) for p, q in zip(one, other) for a, b in zip(p, q))


def inks(c, m, y, k):
    return 100 * (1 - k) * (1 - 0.3 * c - 0.5 * m - 0.1 * y), 60 * (m - c) * (1 - k), 70 * (y - 0.5 * c) * (1 - k)


@pytest.mark.parametrize("size", [(384, 256), (768, 512)])  # each pixel by itself, and by one table
def test_cmyk_with_a_profile(tmp_path, size):
    data = profiles.lut(inks, 4, 5, b"CMYK")
    picture = large_swatches("CMYK").resize(size, Image.NEAREST)
    (tmp_path / "in.jpg").write_bytes(jpeg(picture, data, subsampling=0))
    tool("vips", "icc_transform", tmp_path / "in.jpg", tmp_path / "right.png", "srgb", "--embedded", "--intent", "perceptual",
         "--black-point-compensation")
    right = Image.open(tmp_path / "right.png").resize((384, 256), Image.NEAREST)
    got = image(convert("--format", "png", source=tmp_path / "in.jpg")).resize((384, 256), Image.NEAREST)
    assert far(centres(got), centres(right)) <= (4 if size[0] == 384 else 12)


def test_cmyk_without_a_profile():
    picture = large_swatches("CMYK")
    data = jpeg(picture, subsampling=0)
    for name, source in {"plain": data, "junk": jpeg(picture, b"junk", subsampling=0),
                         "a profile for colours": jpeg(picture, OTHERS["P3"], subsampling=0)}.items():
        got = image(convert("--format", "png", source=source))
        right = Image.open(io.BytesIO(data)).convert("RGB")
        assert far(centres(got), centres(right)) <= 2, name


def test_a_profile_with_alpha():
    """Colours are converted without their alpha."""
    rows = swatches()
    data = OTHERS["P3"]
    with_alpha = [[value for at in range(64) for value in row[3 * at:3 * at + 3] + [at * 2 + 129]] for row in rows]
    got = result(with_alpha, iccp(data), 6)
    near(got.convert("RGB"), by_lcms(as_image(rows), data), 2)
    assert list(got.getchannel("A").getdata())[:64] == [at * 2 + 129 for at in range(64)]
    # The background is sRGB, whatever the picture is.
    nothing = [[10, 200, 30, 0] * 64]
    assert set(result(nothing, iccp(data), 6, "--background", "4080c0").getdata()) == {(0x40, 0x80, 0xc0)}
