# SPDX-License-Identifier: MIT
"""--info: what it tells is right, and it is JSON whatever a file has in it."""
import io
import json
import struct

import pytest
from PIL import Image

import profiles
from picture import convert, fails
from pngs import GRAY, GRAY_ALPHA, PALETTE, RGBA, chunk, png
from test_cicp import cicp
from test_colour import iccp

SRGB = [profiles.SRGB, profiles.SRGB_FORMULA]
KEYS = ["type", "width", "height", "stored", "orientation", "frames", "times", "loop", "space", "alpha", "depth", "profile", "cicp"]


def info(source):
    data = convert("--info", source=source)
    assert data.endswith(b"\n}\n")
    told = json.loads(data.decode())
    assert list(told) == KEYS
    # A terminal would obey them.
    assert not [character for character in data.decode() if character != "\n" and not character.isprintable() and ord(character) < 0xa0]
    return told


def jpeg(mode="RGB", orientation=None, **more):
    file = io.BytesIO()
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    Image.new(mode, (40, 30)).save(file, "JPEG", exif=exif, **more)
    return file.getvalue()


def test_a_plain_jpeg():
    assert info(jpeg()) == {
        "type": "jpeg", "width": 40, "height": 30, "stored": {"width": 40, "height": 30}, "orientation": 1, "frames": 1,
        "times": [], "loop": None, "space": "rgb", "alpha": False, "depth": 8, "profile": None, "cicp": None}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_sides_are_those_that_are_seen(orientation):
    told = info(jpeg(orientation=orientation))
    assert told["orientation"] == orientation
    assert told["stored"] == {"width": 40, "height": 30}
    assert (told["width"], told["height"]) == ((40, 30) if orientation <= 4 else (30, 40))


@pytest.mark.parametrize("mode, space", [("L", "gray"), ("RGB", "rgb"), ("CMYK", "cmyk")])
def test_spaces(mode, space):
    assert info(jpeg(mode))["space"] == space


def test_png():
    told = info(png([[1, 2, 3, 4]], 8, RGBA, before=cicp(9, 16, full=False)))
    assert told["type"] == "png" and told["alpha"] is True and told["space"] == "rgb" and told["depth"] == 8
    assert told["cicp"] == {"primaries": 9, "transfer": 16, "matrix": 0, "full_range": False}
    told = info(png([[1, 2]], 16, GRAY_ALPHA))
    assert (told["space"], told["alpha"], told["depth"]) == ("gray", True, 16)
    told = info(png([[1, 0]], 1, GRAY))
    assert (told["width"], told["height"], told["alpha"], told["depth"]) == (2, 1, False, 1)
    told = info(png([[1, 0]], 4, PALETTE, before=chunk(b"PLTE", bytes(6))))
    assert (told["space"], told["depth"]) == ("rgb", 4)


def name_of(description):
    return info(png([[1, 2, 3]], before=iccp(profiles.rgb(*SRGB, tags={b"desc": description}))))["profile"]


@pytest.mark.parametrize("text", [
    "sRGB IEC61966-2.1", "", 'quo"te', "back\\slash", "a\nb\tc\rd", "\x1b]0;title\x07", "\x7f", "\x9b31m", "\xa0\xe9\xff"])
def test_names_of_old_profiles(text):
    assert name_of(profiles.old_name(text)) == text


@pytest.mark.parametrize("text", ["Display P3", "Grüße", "色空間", "\U0001f600", '"},\n"x": "', "\x85\u200b", "a" * 300])
def test_names_of_new_profiles(text):
    assert name_of(profiles.name((b"en", text))) == text


def test_english_is_preferred():
    assert name_of(profiles.name((b"de", "Farben"), (b"en", "colours"), (b"fr", "couleurs"))) == "colours"
    assert name_of(profiles.name((b"de", "Farben"), (b"fr", "couleurs"))) == "Farben"


def test_names_that_are_wrong():
    assert name_of(profiles.name((b"en", "a\ud800b"))) == "a\ufffdb"
    assert name_of(profiles.name((b"en", "\udc00"))) == "\ufffd"
    # Cut at a bound, between characters.
    name = name_of(profiles.name((b"en", "\u8272" * 1000)))
    assert 100 < len(name) < 1000 and set(name) == {"\u8272"}
    assert name_of(b"mluc" + bytes(8)) == ""
    assert name_of(struct.pack(">4sIII", b"mluc", 0, 0xffffffff, 12) + bytes(12)) == ""
    assert name_of(struct.pack(">4sIII2s2sII", b"mluc", 0, 1, 12, b"en", b"US", 0xfffffff0, 0xfffffff0)) == ""
    assert name_of(struct.pack(">4sII", b"desc", 0, 0xffffffff) + b"abc\0") == "abc"
    assert name_of(b"none" + bytes(8)) == ""


def test_what_is_no_profile_has_no_name():
    assert info(jpeg(icc_profile=b"junk"))["profile"] is None
    assert info(jpeg(icc_profile=profiles.rgb(*SRGB)))["profile"] == "a test"
    # Also one that does not fit is told.
    assert info(jpeg(icc_profile=profiles.gray(profiles.linear())))["profile"] == "gray"


def test_its_failures_are_those_of_a_conversion():
    assert "known type" in fails(4, "--info", source=b"GARBAGE" * 10)
    fails(1, "--info", source=jpeg()[:50])
    assert "pixels" in fails(3, "--info", "--max-pixels", 100, source=jpeg())


def animation(kind, times, loop):
    frames = [Image.new("RGB", (20, 10), (40 * at, 90, 200 - 30 * at)) for at in range(len(times))]
    file = io.BytesIO()
    frames[0].save(file, kind, save_all=True, append_images=frames[1:], duration=times, loop=loop)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
@pytest.mark.parametrize("loop", [0, 3])
def test_animations(kind, loop):
    times = [100, 250, 3000, 70]
    told = info(animation(kind, times, loop))
    assert (told["type"], told["width"], told["height"]) == (kind.lower(), 20, 10)
    assert told["frames"] == 4 and told["times"] == times
    # GIF's extension counts repetitions; what is told is how often it is shown.
    assert told["loop"] == (loop + 1 if kind == "GIF" and loop else loop)
    assert "frames" in fails(3, "--info", "--max-frames", 3, source=animation(kind, times, loop))


def test_an_animation_that_is_cut():
    fails(1, "--info", source=animation("GIF", [100] * 5, 0)[:-60])
