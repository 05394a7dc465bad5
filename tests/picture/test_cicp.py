# SPDX-License-Identifier: MIT
"""Colours that are told by code points (ITU-T H.273) or by PNG's gAMA and cHRM. The right values are computed from the
standards' own formulas."""
import math
import struct

import pytest
from PIL import Image

import heic
import profiles
from picture import convert, image, tool
from pngs import chunk, png
from test_colour import by_lcms, as_image, iccp, near, swatches

P3_PROFILE = profiles.rgb(profiles.P3, profiles.SRGB_FORMULA)
P3_PRIMARIES = (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)


def cicp(primaries, transfer, full=True, matrix=0):
    return chunk(b"cICP", bytes([primaries, transfer, matrix, full]))


def gamma(value):
    return chunk(b"gAMA", struct.pack(">I", value))


def chromaticities(values):
    return chunk(b"cHRM", struct.pack(">8I", *(round(value * 100000) for value in values)))


def result(rows, before, colour=2, depth=8):
    return image(convert("--format", "png", source=png(rows, depth, colour, before=before)))


def pq(nits):
    """The sample of a brightness (SMPTE ST 2084), of 16 bits."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    power = (nits / 10000) ** m1
    return round(65535 * ((c1 + c2 * power) / (1 + c3 * power)) ** m2)


def hlg(light):
    """The sample of a light of the scene (ITU-R BT.2100)."""
    value = math.sqrt(3 * light) if light <= 1 / 12 else 0.17883277 * math.log(12 * light - 0.28466892) + 0.55991073
    return round(65535 * value)


def tone(light):
    """FFmpeg's tonemap=hable with a peak of 10, and the gamma of a screen for films."""
    def hable(x):
        return (x * (x * 0.15 + 0.05) + 0.004) / (x * (x * 0.15 + 0.5) + 0.06) - 0.02 / 0.3
    return round(255 * min(hable(light) / hable(10), 1) ** (1 / 2.4))


@pytest.mark.parametrize("colour", [0, 2])
@pytest.mark.parametrize("primaries", [1, 9, 12])
def test_brightness_of_hdr(colour, primaries):
    """203 cd/m² is the white of a picture beside it; the values are those of films by the shipped recipes."""
    nits = [0, 1, 43, 203, 1000, 4000, 10000]
    row = [pq(value) for value in nits for _ in range(3 if colour else 1)]
    got = result([row], cicp(primaries, 16), colour, 16)
    assert got.mode == ("RGB" if colour else "L")
    values = list(got.getdata()) if not colour else [max(pixel) for pixel in got.getdata()]
    assert all(abs(value - tone(brightness / 203)) <= 1 for value, brightness in zip(values, nits)), values
    assert [abs(value - right) <= 2 for value, right in zip(values[2:5], (90, 157, 233))] == [True] * 3
    if colour:
        assert all(max(pixel) - min(pixel) <= 1 for pixel in got.getdata())


def test_hdr_keeps_hues():
    red, green, blue = (pq(value) for value in (2000, 500, 500))
    pixel = result([[red, green, blue]], cicp(1, 16), 2, 16).getpixel((0, 0))
    light = [(value / 255) ** 2.4 for value in pixel]
    assert abs(light[0] / light[1] - 4) < 0.15 and abs(light[1] - light[2]) < 0.01


def test_hlg():
    """Its white, 75 %, is 203 cd/m² on a screen of 1000."""
    row = [round(0.75 * 65535)] * 3 + [hlg(1)] * 3 + [0] * 3
    white, most, black = result([row], cicp(9, 18), 2, 16).getdata()
    assert all(abs(value - tone(1)) <= 1 for value in white)
    assert all(abs(value - tone(1000 / 203)) <= 1 for value in most)
    assert black == (0, 0, 0)


@pytest.mark.parametrize("points", [(1, 13), (1, 1), (1, 6), (1, 14), (1, 15), (2, 13), (1, 2), (99, 99)])
def test_television_is_shown_as_it_is(points):
    rows = swatches()
    assert result(rows, cicp(*points)).tobytes() == as_image(rows).tobytes()


def test_primaries_of_p3():
    rows = swatches()
    near(result(rows, cicp(12, 13)), by_lcms(as_image(rows), P3_PROFILE))


def test_primaries_of_bt2020():
    """Its red is outside of sRGB, and what is inside comes out as computed by hand (BT.2087)."""
    row = [255, 0, 0, 128, 128, 128, 100, 160, 90]
    red, gray, green = result([row], cicp(9, 13)).getdata()
    assert red == (255, 0, 0) and gray == (128, 128, 128)
    light = [profiles.light(value / 255) for value in row[6:]]
    matrix = [(1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187)]
    wanted = [255 * profiles.sample(max(sum(a * b for a, b in zip(line, light)), 0)) for line in matrix]
    assert all(abs(one - other) <= 1 for one, other in zip(green, wanted)), (green, wanted)


@pytest.mark.parametrize("transfer, exponent", [(4, 2.2), (5, 2.8), (8, 1)])
def test_transfers(transfer, exponent):
    row = list(range(0, 256, 3))
    got = result([row], cicp(1, transfer), 0).tobytes()
    assert all(abs(one - 255 * profiles.sample((value / 255) ** exponent)) <= 1 for one, value in zip(got, row))


def test_a_narrow_range():
    row = list(range(0, 256, 3))
    got = result([row], cicp(1, 13, full=False), 0).tobytes()
    assert all(abs(one - min(max((value - 16) / 219 * 255, 0), 255)) <= 1 for one, value in zip(got, row))


def test_code_points_of_a_png_go_before_its_profile_and_its_gamma():
    rows = swatches()
    assert result(rows, cicp(1, 13) + iccp(P3_PROFILE) + gamma(100000)).tobytes() == as_image(rows).tobytes()
    assert result(rows, iccp(P3_PROFILE) + gamma(100000)).tobytes() == result(rows, iccp(P3_PROFILE)).tobytes()
    # Code points that say nothing do not count.
    assert result(rows, cicp(2, 2) + iccp(P3_PROFILE)).tobytes() == result(rows, iccp(P3_PROFILE)).tobytes()


def test_a_profile_that_says_hdr_by_code_points():
    """Its curves are only what a program without HDR can use."""
    hdr = profiles.rgb(profiles.P3, profiles.gamma(2.2), tags={b"cicp": b"cicp\0\0\0\0" + bytes([9, 16, 0, 1])})
    row = [pq(203)] * 3 + [pq(43)] * 3
    assert result([row], iccp(hdr), 2, 16).tobytes() == result([row], cicp(9, 16), 2, 16).tobytes()
    sdr = profiles.rgb(profiles.P3, profiles.SRGB_FORMULA, tags={b"cicp": b"cicp\0\0\0\0" + bytes([1, 13, 0, 1])})
    rows = swatches()
    assert result(rows, iccp(sdr)).tobytes() == result(rows, iccp(P3_PROFILE)).tobytes()


@pytest.mark.parametrize("value, exponent", [(100000, 1), (55556, 1.8), (38462, 2.6)])
def test_gamma(value, exponent):
    row = list(range(0, 256, 3))
    got = result([row], gamma(value), 0).tobytes()
    assert all(abs(one - 255 * profiles.sample((sample / 255) ** exponent)) <= 1 for one, sample in zip(got, row))


def test_gamma_of_srgb():
    rows = swatches()
    for before in (gamma(45455), gamma(45455) + chromaticities((0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)),
                   gamma(100000) + chunk(b"sRGB", b"\0"), gamma(0), gamma(1), gamma(0x7fffffff),
                   chromaticities(P3_PRIMARIES)):
        assert result(rows, before).tobytes() == as_image(rows).tobytes()


def test_chromaticities():
    rows = swatches()
    near(result(rows, gamma(45455) + chromaticities(P3_PRIMARIES)), by_lcms(as_image(rows), P3_PROFILE))


@pytest.mark.parametrize("values", [(0.3127, 0.329) + (0.3, 0.3) * 3, (0.3127, 0) + P3_PRIMARIES[2:], (9, 9) * 4,
                                    (0.3127, 0.329, 0.64, 0.33, 0.64, 0.33, 0.15, 0.06)])
def test_chromaticities_of_no_colours(values):
    """They are ignored, the gamma is not."""
    row = list(range(0, 252, 3))
    assert result([row], gamma(100000) + chromaticities(values)).tobytes() == result([row], gamma(100000)).tobytes()


def avif(tmp_path, rows, depth, *options):
    """An AVIF of 16 times as many pixels in each direction, so that colours are not mixed."""
    wide = [[value for at in range(0, len(row), 3) for value in row[at:at + 3] * 16] for row in rows for _ in range(16)]
    (tmp_path / "in.png").write_bytes(png(wide, depth))
    tool("avifenc", "--min", 0, "--max", 0, "-s", 8, "-y", 444, *options, tmp_path / "in.png", tmp_path / "out.avif")
    return (tmp_path / "out.avif").read_bytes()


def squares(data):
    """The middle of each square."""
    picture = image(convert("--format", "png", source=data))
    return [picture.getpixel((x, 8)) for x in range(8, picture.width, 16)]


def test_hdr_in_avif(tmp_path):
    nits = [0, 43, 203, 1000, 4000]
    got = squares(avif(tmp_path, [[pq(value) for value in nits for _ in range(3)]], 16, "-d", 10, "--cicp", "9/16/9"))
    for pixel, brightness in zip(got, nits):
        assert all(abs(value - tone(brightness / 203)) <= 2 for value in pixel), got


def test_code_points_of_an_avif_go_behind_its_profile(tmp_path):
    row = [200, 40, 40, 40, 200, 40, 120, 120, 120, 30, 60, 220]
    (tmp_path / "p3.icc").write_bytes(P3_PROFILE)
    (tmp_path / "none.icc").write_bytes(b"no profile")
    wanted = [tuple(pixel) for pixel in by_lcms(Image.frombytes("RGB", (4, 1), bytes(row)), P3_PROFILE).getdata()]

    def far(*options):
        got = squares(avif(tmp_path, [row], 8, "-d", 8, *options))
        return max(abs(a - b) for one, other in zip(got, wanted) for a, b in zip(one, other))
    assert far("--cicp", "12/13/6") <= 3
    assert far("--cicp", "1/13/6") > 10
    assert far("--cicp", "1/13/6", "--icc", tmp_path / "p3.icc") <= 3
    assert far("--cicp", "12/13/6", "--icc", tmp_path / "none.icc") <= 3


def test_hdr_in_heic():
    nits = [0, 43, 203, 1000]
    samples = [round(pq(value) / 257) for value in nits]
    picture = Image.new("RGB", (256, 64))
    for at, sample in enumerate(samples):
        picture.paste((sample,) * 3, (at * 64, 0, at * 64 + 64, 64))
    got = image(convert("--format", "png", source=heic.single(heic.encode(picture), heic.nclx(9, 16, 9, False))))
    for at, sample in enumerate(samples):
        wanted = image(convert("--format", "png", source=png([[sample] * 3], before=cicp(9, 16)))).getpixel((0, 0))
        assert all(abs(a - b) <= 3 for a, b in zip(got.getpixel((at * 64 + 32, 32)), wanted)), (sample, wanted)
