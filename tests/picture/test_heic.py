# SPDX-License-Identifier: MIT
"""HEIC, compared with libheif's own program and with the pictures that the files were made of."""
import json
import struct
import subprocess

import pytest
from PIL import Image, ImageCms

import heic
from picture import PICTURE, convert, fails, image, rmse, run, tool


@pytest.fixture(scope="module", name="soft")
def fixture_soft():
    """200x150, each corner another colour."""
    small = Image.new("RGB", (2, 2))
    small.putdata([(230, 40, 30), (30, 200, 50), (40, 60, 220), (240, 240, 200)])
    return small.resize((200, 150), Image.BICUBIC)


def made(path, source, *options):
    """What heif-enc makes of a picture."""
    source.save(path.with_suffix(".png"))
    tool("heif-enc", "-q", "98", *options, path.with_suffix(".png"), "-o", path)
    return path.read_bytes()


def by_heif_convert(data, path):
    """What heif-convert makes of it."""
    (path / "in.heic").write_bytes(data)
    tool("heif-convert", path / "in.heic", path / "out.png")
    return Image.open(path / "out.png").convert("RGB")


def seen(data, *options):
    """What this program makes of it."""
    return image(convert("--format", "png", *options, source=data))


COLOURS = {
    "": ((2, 2, 2, False), "yuv420p", ""),
    "full": ((1, 13, 6, True), "yuvj420p", ":out_range=full"),
    "limited": ((1, 13, 6, False), "yuv420p", ""),
    "422": ((1, 13, 6, False), "yuv422p", ""),
    "444": ((1, 13, 6, False), "yuv444p", ""),
    "gray": ((1, 13, 6, True), "gray", ""),
    "10 bit": ((1, 13, 6, False), "yuv420p10le", ""),
    "12 bit": ((1, 13, 6, False), "yuv444p12le", ""),
    "BT.709": ((1, 13, 1, False), "yuv420p", ":out_color_matrix=bt709"),
    "BT.2020": ((1, 13, 9, False), "yuv444p10le", ":out_color_matrix=bt2020"),
}


@pytest.mark.parametrize("kind", COLOURS)
@pytest.mark.parametrize("said", ["by the file", "by the coded picture"])
def test_each_kind_of_samples(kind, said, soft):
    """Whether the file or the coded picture says what the numbers mean."""
    words, pixels, scale = COLOURS[kind]
    told = f"colorprim={words[0]}:transfer={words[1]}:colormatrix={words[2]}:range={'full' if words[3] else 'limited'}"
    coded = heic.encode(soft, *(["-x265-params", f"log-level=none:info=0:crf=4:{told}"] if said != "by the file" and kind else []),
                        pixels=pixels, scale=scale)
    data = heic.single(coded, *([heic.nclx(*words)] if said == "by the file" and kind else []))
    result = seen(data)
    expected = soft.convert("L").convert("RGB") if kind == "gray" else soft
    assert result.size == expected.size
    assert rmse(result.convert("RGB"), expected) < 0.02
    assert rmse(seen(data, "--gray").convert("L"), expected.convert("L")) < 0.02
    planes = image(convert("--format", "jpeg", "--quality", "100", source=data))
    assert rmse(planes.convert("RGB"), expected) < 0.03


@pytest.mark.parametrize("side", [64, 128])
@pytest.mark.parametrize("turns", [None, 0, 1, 2, 3])
def test_tiles_come_together(side, turns, soft, tmp_path):
    """As a phone writes them; the right and lower ones reach out of the picture. It is turned as it says."""
    data = heic.grid(soft, side, *([] if turns is None else [heic.turn(turns)]))
    result = seen(data).convert("RGB")
    assert rmse(result, by_heif_convert(data, tmp_path)) < 0.004
    assert rmse(result, soft.rotate(90 * (turns or 0), expand=True)) < 0.03


CLEAN = heic.box(b"clap", struct.pack(">8I", 100, 1, 50, 1, 0, 1, 0, 1))


@pytest.mark.parametrize("turns", [
    [heic.turn(1), heic.turn(2)], [heic.box(b"imir", b"\0")], [heic.box(b"imir", b"\1"), heic.turn(1)], [heic.turn(3), heic.box(b"imir", b"\0")],
    [CLEAN], [CLEAN, heic.turn(1)]], ids=["twice", "mirror", "mirror, turn", "turn, mirror", "clean", "clean, turn"])
def test_turns_with_something_else(turns, soft, tmp_path):
    """As libheif does it."""
    data = heic.single(heic.encode(soft), heic.nclx(1, 13, 6, False), *turns)
    expected, result = by_heif_convert(data, tmp_path), seen(data).convert("RGB")
    assert result.size == expected.size
    assert rmse(result, expected) < 0.004


def test_what_it_is_turned_by_is_told(soft):
    """So that it can be done when the picture is small."""
    for turns, orientation in ((0, 1), (1, 8), (2, 3), (3, 6)):
        told = json.loads(run("--info", source=heic.single(heic.encode(soft), heic.turn(turns))).stdout)
        assert (told["orientation"], told["stored"]) == (orientation, {"width": 200, "height": 150})


def test_it_becomes_smaller(soft, tmp_path):
    data = heic.grid(soft, 64)
    by_heif_convert(data, tmp_path)
    tool("vips", "resize", tmp_path / "out.png", tmp_path / "small.png", "0.4")
    assert rmse(seen(data, "--size", "80x60").convert("RGB"), Image.open(tmp_path / "small.png").convert("RGB")) < 0.012


def with_thumbnail(soft, size, *properties, turns=None):
    """Another colour than the picture itself, so that one can see it; turns: of the picture, if it has others."""
    file = heic.File()
    whole = file.add_coded(heic.encode(soft), *(properties if turns is None else [properties[0], heic.turn(turns)]))
    file.refer(b"thmb", file.add_coded(heic.encode(Image.new("RGB", size, "white")), *properties, hidden=True), whole)
    return file.bytes()


@pytest.mark.parametrize("turns", [0, 1])
def test_a_thumbnail_that_is_large_enough(turns, soft):
    """It is, for half of its size; and not for a part of the picture, nor when it has another shape."""
    properties = [heic.nclx(1, 13, 6, False), *([heic.turn(turns)] if turns else [])]
    data = with_thumbnail(soft, (80, 60), *properties)
    large, small = ("80x60", "50x37") if not turns else ("60x80", "37x50")
    for form in ("png", "jpeg"):
        assert min(image(convert("--format", form, "--size", small, source=data)).convert("L").getdata()) > 240
        expected = soft.rotate(90 * turns, expand=True).resize(tuple(map(int, large.split("x"))), Image.Resampling.LANCZOS)
        assert rmse(image(convert("--format", form, "--size", large, source=data)).convert("L"), expected.convert("L")) < 0.02
    assert min(seen(data, "--crop", "0,0,100,100", "--size", "20x20").convert("L").getdata()) < 140
    turned = with_thumbnail(soft, (80, 60), *properties, turns=turns + 1)
    assert min(seen(turned, "--size", small).convert("L").getdata()) < 140
    other = with_thumbnail(soft, (80, 64), *properties)
    assert min(seen(other, "--size", small).convert("L").getdata()) < 140


@pytest.mark.parametrize("options", [[], ["--premultiplied-alpha"]], ids=" ".join)
def test_alpha_stays(options, tmp_path):
    source = Image.new("RGBA", (120, 90), (200, 30, 40, 255))
    source.paste((0, 0, 0, 0), (60, 0, 120, 90))
    data = made(tmp_path / "alpha.heic", source, "-p", "chroma=444", *options)
    result = seen(data, "--size", "60x45")
    assert result.mode == "RGBA"
    assert result.getpixel((50, 20))[3] <= 3
    for place in ((10, 10), (28, 40)):
        assert all(abs(one - other) <= 8 for one, other in zip(result.getpixel(place), (200, 30, 40, 255)))


def test_its_profile_is_told(soft, tmp_path):
    """A picture with the profile of sRGB stays as it is."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    soft.save(tmp_path / "in.png", icc_profile=profile)
    tool("heif-enc", "-q", "98", tmp_path / "in.png", "-o", tmp_path / "in.heic")
    assert rmse(seen((tmp_path / "in.heic").read_bytes()).convert("RGB"), soft) < 0.02


def test_no_thread_is_started(soft, tmp_path):
    """libheif would start one for each decoder; a strictly confined process may not."""
    (tmp_path / "in.heic").write_bytes(heic.grid(soft, 64))
    trace = subprocess.run(["strace", "-f", "-qq", "-E", "ASAN_OPTIONS=detect_leaks=0", "-e", "trace=clone,clone3", "-o",
                            tmp_path / "trace", PICTURE, "--source", tmp_path / "in.heic"], capture_output=True, check=False)
    assert trace.returncode == 0, trace.stderr
    assert not (tmp_path / "trace").read_text()


def test_too_many_pixels(soft):
    data = heic.grid(soft, 64)
    convert("--max-pixels", 200 * 150, source=data)
    assert "200x150" in fails(3, "--max-pixels", 200 * 150 - 1, source=data)


@pytest.mark.parametrize("kind", ["single", "grid"])
def test_half_a_file_is_no_picture(kind, soft):
    data = heic.grid(soft, 64) if kind == "grid" else heic.single(heic.encode(soft))
    for part in range(1, 20):
        assert run("--format", "jpeg", source=data[:len(data) * part // 20]).returncode in (1, 4), part
    fails(1, source=data[:-1])
    convert(source=data + b"more")


@pytest.mark.parametrize("encoder", [[], ["-x265-params", "log-level=none:info=0:wpp=0"]], ids=["wpp", "one part"])
def test_a_damaged_picture_is_none(encoder, soft):
    """Not one with gray in it, as libde265 would have it: the coded picture ends too early."""
    coded = heic.encode(soft, *encoder)
    assert len(coded.data) == int.from_bytes(coded.data[:4], "big") + 4
    convert(source=heic.single(coded))
    for part in (2, 3, 4):
        data = coded.data[4:len(coded.data) * (part - 1) // part]
        damaged = heic.Coded(coded.setup, len(data).to_bytes(4, "big") + data, coded.size)
        fails(1, source=heic.single(damaged))


@pytest.mark.parametrize("size", [(201, 150), (200, 300), (4000, 3000)])
def test_a_header_that_lies(size, soft):
    """The coded picture has 200x150 pixels. More than it has cannot be shown, less of it can."""
    coded = heic.encode(soft)
    fails(1, source=heic.single(heic.Coded(coded.setup, coded.data, size)))
    part = seen(heic.single(heic.Coded(coded.setup, coded.data, (190, 140))))
    assert rmse(part.convert("RGB"), soft.crop((0, 0, 190, 140))) < 0.02


def test_tiles_without_end(soft):
    """One tile, again and again: the canvas has a bound, and tiles outside of it are refused."""
    tile = heic.encode(soft.crop((0, 0, 64, 64)))
    for count, canvas, status in ((200, (64, 64), 1), (250, (16000, 16000), 3)):
        file = heic.File()
        whole = file.add(b"grid", struct.pack(">BBBBHH", 0, 0, count - 1, count - 1, *canvas), [heic.extent(canvas)])
        file.refer(b"dimg", whole, *([file.add_coded(tile, hidden=True)] * count * count))
        fails(status, "--max-pixels", 10**8, source=file.bytes())


def test_an_overlay(soft):
    """A picture that is put together of others, on a canvas of a colour."""
    file = heic.File()
    canvas = struct.pack(">BBHHHHHHhhhh", 0, 0, 0, 0xffff, 0, 0xffff, 200, 152, 0, 0, 100, 76)
    whole = file.add(b"iovl", canvas, [heic.extent((200, 152))])
    parts = [file.add_coded(heic.encode(soft.crop((0, 0, 100, 76))), heic.nclx(1, 13, 6, False), hidden=True),
             file.add_coded(heic.encode(soft.crop((100, 74, 200, 150))), heic.nclx(1, 13, 6, False), hidden=True)]
    file.refer(b"dimg", whole, *parts)
    result = seen(file.bytes()).convert("RGB")
    assert result.size == (200, 152)
    assert rmse(result.crop((0, 0, 100, 76)), soft.crop((0, 0, 100, 76))) < 0.02
    assert rmse(result.crop((100, 76, 200, 152)), soft.crop((100, 74, 200, 150))) < 0.02
    assert result.getpixel((150, 30)) == (0, 255, 0)
