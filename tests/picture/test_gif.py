# SPDX-License-Identifier: MIT
"""GIF in, as a still: what the first frame looks like on its canvas."""
import io
import struct
import subprocess

import pytest
from PIL import Image

import gifs
from picture import convert, fails, image, rmse, tool


def still(data, *options):
    return gifs.seen(image(convert("--format", "png", *options, source=data)))


ROWS = ["rgbr", "gbrg", "bbgg", "rrrr", "gggg", "bgbg", "rgrg", "bbbb", "rbrb", "wwrw"]


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("count", range(1, 11))
def test_rows_of_a_frame(interlaced, count):
    data = gifs.start(4, count) + gifs.frame(ROWS[:count], interlaced=interlaced) + gifs.END
    assert still(data) == ROWS[:count]


def test_a_frame_is_placed_on_a_transparent_canvas():
    data = gifs.start(5, 4) + gifs.frame(["rg", "bw"], 2, 1) + gifs.END
    assert still(data) == [".....", "..rg.", "..bw.", "....."]
    assert still(data, "--background", "00ff00") == ["ggggg", "ggrgg", "ggbwg", "ggggg"]


def test_transparent_pixels_and_a_palette_of_its_own():
    data = gifs.start(3, 2, local=True) + gifs.control(transparent=True) + gifs.frame(["r.b", ".g."], colours="bgrw") + gifs.END
    assert still(data) == ["r.b", ".g."]


@pytest.mark.parametrize("screen", [(0, 0), (1, 1), (3, 9), (9, 3)])
def test_a_first_frame_that_is_larger_than_the_screen_has_room(screen):
    data = gifs.start(*screen) + gifs.frame(["rgbw"] * 5, 1, 2) + gifs.END
    seen = image(convert("--format", "png", source=data))
    assert seen.size == (max(screen[0], 5), max(screen[1], 7))
    assert [row[1:5] for row in gifs.seen(seen)[2:7]] == ["rgbw"] * 5


def test_only_the_first_frame_is_looked_at():
    first = gifs.start(2, 1) + gifs.frame(["rg"])
    assert still(first + gifs.control() + gifs.frame(["bb"]) + gifs.END) == ["rg"]
    assert still(first + gifs.control() + gifs.frame(["bb"])[:-4]) == ["rg"]
    assert still(first) == ["rg"]
    assert still(first + gifs.END + b"behind the end") == ["rg"]


def test_extensions_and_stray_zeros_before_the_frame():
    comment = b"\x21\xfe\5hello\0"
    odd_control = b"\x21\xf9\3abc\0"
    data = gifs.start(2, 1) + comment + b"\0\0" + odd_control + gifs.looping(3) + comment + gifs.frame(["rg"]) + gifs.END
    assert still(data) == ["rg"]


@pytest.fixture(scope="module", name="photo")
def fixture_photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("gif")
    subprocess.run(["/usr/bin/convert", "-seed", "3", "-size", "300x200", "plasma:tomato-steelblue", path / "photo.gif"], check=True)
    subprocess.run(["/usr/bin/convert", path / "photo.gif", "-interlace", "gif", path / "interlaced.gif"], check=True)
    return path


@pytest.mark.parametrize("name", ["photo.gif", "interlaced.gif"])
def test_a_larger_one_is_resampled_as_libvips_does(photo, name, tmp_path):
    seen = image(convert("--size", "100x", "--format", "png", source=photo / name))
    tool("/usr/bin/convert", photo / name, tmp_path / "full.png")
    tool("vips", "resize", tmp_path / "full.png", tmp_path / "small.png", 1 / 3)
    with Image.open(tmp_path / "small.png") as reference:
        assert rmse(seen.convert("RGB"), reference.convert("RGB")) <= 0.012


@pytest.mark.parametrize("name", ["photo.gif", "interlaced.gif"])
def test_a_cut_one_is_a_fault(photo, name):
    source = (photo / name).read_bytes()
    for part in range(1, 20):
        fails(1, "--format", "png", source=source[:len(source) * part // 20])


def test_what_is_damaged_is_a_fault():
    whole = gifs.start(2, 1) + gifs.frame(["rg"]) + gifs.END
    fails(1, source=gifs.start(2, 1) + gifs.END)
    fails(1, source=gifs.start(2, 1))
    fails(1, source=gifs.start(2, 1, local=True) + gifs.frame(["rg"]) + gifs.END)  # no colours at all
    fails(1, source=gifs.start(2, 1) + b"what is this" + gifs.END)
    no_width = whole.replace(struct.pack("<HH", 2, 1) + b"\0", struct.pack("<HH", 0, 1) + b"\0")
    fails(1, source=no_width)
    fails(1, source=whole.replace(gifs.pixels([0, 1]), gifs.pixels([0])))


def test_limits():
    data = gifs.start(65535, 65535) + gifs.frame(["rg"]) + gifs.END
    fails(3, source=data)
    fails(3, "--max-pixels", 7, source=gifs.start(4, 2) + gifs.frame(["rgbr"] * 2) + gifs.END)
    assert still(gifs.start(4, 2) + gifs.frame(["rgbr"] * 2) + gifs.END, "--max-pixels", 8) == ["rgbr"] * 2


def test_pillow_s_own():
    data = io.BytesIO()
    Image.linear_gradient("L").resize((64, 64)).save(data, "GIF")
    seen = image(convert("--format", "png", source=data.getvalue()))
    assert rmse(seen.convert("L"), Image.linear_gradient("L").resize((64, 64))) < 0.005
