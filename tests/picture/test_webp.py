# SPDX-License-Identifier: MIT
"""WebP in and out, compared with libwebp's own programs and with libvips."""
import io
import os
import resource
import struct
import subprocess

import pytest
from PIL import Image, ImageDraw

from picture import PICTURE, convert, fails, image, rmse, tool


def webp(picture, **options):
    data = io.BytesIO()
    picture.save(data, "WEBP", **options)
    return data.getvalue()


def chunks(*parts):
    """A WebP file of (name, content)…"""
    body = b"WEBP" + b"".join(name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2) for name, content in parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def payload(data):
    """The picture's own chunk of a simple file."""
    length = struct.unpack("<I", data[16:20])[0]
    return data[12:16], data[20:20 + length]


def extended(data, size, flags, before=(), after=()):
    """A simple file with other chunks around its picture."""
    canvas = (size[0] - 1).to_bytes(3, "little") + (size[1] - 1).to_bytes(3, "little")
    return chunks((b"VP8X", bytes((flags, 0, 0, 0)) + canvas), *before, payload(data), *after)


def exif(orientation):
    return b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 274, 3, 1, orientation, 0, 0)


@pytest.fixture(scope="module", name="photo")
def fixture_photo(tmp_path_factory):
    """A picture with soft and sharp parts, 480x360."""
    path = tmp_path_factory.mktemp("webp") / "photo.png"
    subprocess.run(["/usr/bin/convert", "-seed", "3", "-size", "480x360", "plasma:tomato-steelblue", "-fill", "white", "-draw",
                    "circle 240,180 240,90", "-depth", "8", path], check=True)
    with Image.open(path) as opened:
        return opened.convert("RGB")


def resampled(picture, size, tmp_path):
    """By libvips, with Lanczos, from all pixels."""
    picture.save(tmp_path / "full.png")
    tool("vips", "resize", tmp_path / "full.png", tmp_path / "small.png", size[0] / picture.width)
    with Image.open(tmp_path / "small.png") as opened:
        assert opened.size == size
        return opened.convert(picture.mode)


COLOURS = [(230, 30, 40), (20, 200, 60), (30, 40, 220), (255, 255, 255), (0, 0, 0), (128, 128, 128)]


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("source", ["planes", "rgb", "lossy"])
def test_colours_stay_as_they_are(colour, source):
    """As Y, Cb and Cr from a JPEG, as RGB, and as the planes of a lossy WebP."""
    data, picture = io.BytesIO(), Image.new("RGB", (41, 31), colour)
    if source == "planes":
        picture.save(data, "JPEG", quality=95)
    else:
        picture.save(data, "WEBP", quality=95, lossless=source == "rgb")
    for form in ("webp", "jpeg"):
        seen = image(convert("--format", form, "--quality", 95, source=data.getvalue())).convert("RGB")
        assert seen.size == (41, 31)
        assert all(abs(a - b) <= 4 for a, b in zip(seen.getpixel((20, 15)), colour)), (form, seen.getpixel((20, 15)))


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("size", [(240, 180), (160, 120), (60, 45)])
def test_a_picture_is_resampled_as_libvips_does(photo, lossless, size, tmp_path):
    source = webp(photo, lossless=lossless, quality=90)
    reference = resampled(image(source), size, tmp_path)
    seen = image(convert("--size", f"{size[0]}x{size[1]}", "--format", "jpeg", "--quality", 100, source=source))
    # Half of the chroma is lost in the result, which shows where a picture is small.
    assert rmse(seen.convert("L"), reference.convert("L")) <= 0.012 and rmse(seen, reference) <= 0.02
    seen = image(convert("--size", f"{size[0]}x{size[1]}", "--format", "webp", "--quality", 100, source=source)).convert("RGB")
    assert rmse(seen.convert("L"), reference.convert("L")) <= 0.012 and rmse(seen, reference) <= 0.025


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("options", [[], ["--gray"]])
def test_far_smaller(photo, lossless, options, tmp_path):
    """libwebp does a part of it then."""
    large = photo.resize((1920, 1440), Image.Resampling.BICUBIC)
    source = webp(large, lossless=lossless, quality=90)
    for width in (240, 160, 60):
        reference = resampled(image(source), (width, width * 3 // 4), tmp_path)
        seen = image(convert("--size", f"{width}x", "--format", "png", *options, source=source))
        assert rmse(seen.convert("L"), reference.convert("L")) <= 0.012
        seen = image(convert("--size", f"{width}x", "--format", "jpeg", "--quality", 100, *options, source=source))
        assert rmse(seen.convert("L"), reference.convert("L")) <= 0.012


@pytest.mark.parametrize("kind", ["lossy", "lossless", "alpha"])
@pytest.mark.parametrize("part", ["0,0,480,360", "101,51,37,45", "440,320,40,40", "0,359,480,1", "33,0,100,360"])
def test_a_part(photo, kind, part):
    """As from a PNG that has the same pixels."""
    photo = photo.copy()
    if kind == "alpha":
        photo.putalpha(Image.linear_gradient("L").resize(photo.size))
    source, png = webp(photo, lossless=kind == "lossless"), io.BytesIO()
    image(source).save(png, "PNG")
    for options in ([], ["--size", "20x20"], ["--size", "200x", "--mirror"]):
        seen, expected = (image(convert("--crop", part, "--format", "png", *options, source=data)) for data in (source, png.getvalue()))
        assert rmse(seen, expected) <= 0.004, options


def status_within(mebibytes, source, *options):
    def limit():
        resource.setrlimit(resource.RLIMIT_DATA, (mebibytes << 20, mebibytes << 20))
    return subprocess.run([PICTURE, "--format", "jpeg", *options], input=source, capture_output=True, check=False, preexec_fn=limit).returncode


@pytest.mark.skipif(bool(os.environ.get("SLUICE_SANITIZER")), reason="a sanitizer's memory is another")
def test_memory_of_a_small_result_or_a_small_part():
    """4000x3000 pixels are 18 MiB of Y, Cb and Cr."""
    source = webp(Image.radial_gradient("L").resize((4000, 3000)).convert("RGB"), method=0)
    assert status_within(12, source, "--size", "1600x") == 3
    assert status_within(40, source, "--size", "1600x") == 0
    assert status_within(12, source, "--size", "150x") == 0
    assert status_within(12, source, "--crop", "3000,2000,100,100") == 0


def test_alpha_is_kept_exactly(photo):
    alpha = Image.linear_gradient("L").resize(photo.size)
    photo = photo.copy()
    photo.putalpha(alpha)
    for lossless in (False, True):
        seen = image(convert("--format", "webp", source=webp(photo, lossless=lossless)))
        assert seen.mode == "RGBA" and seen.getchannel("A").tobytes() == alpha.tobytes()
    # Without alpha in the result, what is transparent is the background.
    seen = image(convert("--format", "jpeg", "--background", "00ff00", source=webp(photo)))
    assert seen.getpixel((240, 0))[1] > 250 and seen.getpixel((240, 0))[0] < 5


def test_what_is_opaque_has_no_alpha(photo):
    photo = photo.copy()
    photo.putalpha(255)
    # Pillow keeps such an alpha only on demand.
    source = webp(photo, lossless=True, exact=True)
    assert b"ALPH" not in convert("--format", "webp", source=source)


def test_gray_and_bitonal(photo):
    data = io.BytesIO()
    photo.convert("L").save(data, "JPEG", quality=95)
    seen = image(convert("--format", "webp", "--quality", 95, source=data.getvalue())).convert("RGB")
    assert rmse(seen, photo.convert("L").convert("RGB")) < 0.015
    seen = image(convert("--format", "webp", "--gray", "--quality", 95, source=webp(photo, quality=95))).convert("RGB")
    assert rmse(seen, photo.convert("L").convert("RGB")) < 0.015
    seen = image(convert("--format", "webp", "--bitonal", "--size", "100x", source=webp(photo)))
    assert {value for _, value in seen.convert("RGB").getcolors()} == {(0, 0, 0), (255, 255, 255)}


def test_effort_makes_it_smaller(photo):
    sizes = [len(convert("--format", "webp", "--effort", effort, source=webp(photo, lossless=True))) for effort in (0, 4, 9)]
    assert sizes == sorted(sizes, reverse=True) and len(set(sizes)) == 3
    assert len(convert("--format", "webp", source=webp(photo, lossless=True))) == sizes[1]


def test_a_side_of_more_than_16383_pixels_is_refused():
    source = webp(Image.new("RGB", (100, 1)), lossless=True)
    line = fails(3, "--size", "16384x1", "--fit", "fill", "--format", "webp", source=source)
    assert "16383" in line
    assert image(convert("--size", "16383x1", "--fit", "fill", "--format", "webp", source=source)).size == (16383, 1)


@pytest.mark.parametrize("prefix", [b"", b"Exif\0\0"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(orientation, prefix):
    """The corner that is top-left when the picture is upright is red."""
    corner = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (0, 1), 7: (1, 1), 8: (1, 0)}[orientation]
    picture = Image.new("RGB", (64, 32), "blue")
    ImageDraw.Draw(picture).rectangle((corner[0] * 48, corner[1] * 16, corner[0] * 48 + 15, corner[1] * 16 + 15), "red")
    source = extended(webp(picture, quality=95), picture.size, 8, after=[(b"EXIF", prefix + exif(orientation))])
    seen = image(convert("--format", "jpeg", source=source))
    assert seen.size == ((64, 32) if orientation < 5 else (32, 64))
    red, _, blue = seen.getpixel((5, 5))
    assert red > 200 and blue < 60


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"alpha": True}])
def test_a_cut_file_is_no_picture(photo, options):
    photo = photo.copy()
    if options.pop("alpha", False):
        photo.putalpha(Image.linear_gradient("L").resize(photo.size))
    source = webp(photo, **options)
    for part in range(1, 20):
        fails(1, "--format", "jpeg", source=source[:len(source) * part // 20])
    fails(1, "--format", "jpeg", source=source[:-2])


def test_oddities_are_no_faults(photo):
    source = webp(photo)
    plain = convert("--format", "jpeg", source=source)
    for odd in (source + b"behind the end", source + source,
                extended(source, photo.size, 0x28, before=[(b"ICCP", b"no profile")], after=[(b"EXIF", b"II*\0\xff\xff\xff\xff")]),
                extended(source, photo.size, 0, after=[(b"ABCD", b"unknown"), (b"XMP ", b"<x>")])):
        assert convert("--format", "jpeg", source=odd) == plain


def test_a_header_that_lies_is_a_fault(photo):
    source = webp(photo, quality=80)
    fails(1, source=extended(source, (480, 361), 0))
    fails(1, source=extended(source, (480, 360), 2))  # an animation without frames
    fails(3, "--max-pixels", 480 * 360 - 1, source=source)
    convert("--max-pixels", 480 * 360, source=source)
    fails(1, source=extended(source, (1 << 24, 1 << 24), 0))


def test_the_first_frame_of_an_animation_stands_on_its_canvas(tmp_path):
    (tmp_path / "small.webp").write_bytes(webp(Image.new("RGB", (16, 12), "red"), lossless=True))
    (tmp_path / "large.webp").write_bytes(webp(Image.effect_noise((40, 30), 50).convert("RGB"), lossless=True))
    tool("webpmux", "-frame", tmp_path / "small.webp", "+100+8+4", "-frame", tmp_path / "large.webp", "+100", "-o", tmp_path / "both.webp")
    source = (tmp_path / "both.webp").read_bytes()
    seen = image(convert("--format", "webp", source=source))
    assert seen.size == (40, 30) and seen.mode == "RGBA"
    alpha = seen.getchannel("A")
    assert alpha.getbbox() == (8, 4, 24, 16) and alpha.getpixel((8, 4)) == 255
    assert seen.getpixel((16, 10))[0] > 240
    # The second frame need not be there, the first one must.
    assert convert("--format", "webp", source=source[:-50]) == convert("--format", "webp", source=source)
    fails(1, "--format", "webp", source=source[:source.index(b"VP8L") + 20])


def test_the_same_bytes_each_time(photo):
    for source in (webp(photo), webp(photo, lossless=True)):
        assert len({convert("--size", "100x", "--format", "webp", source=source) for _ in range(3)}) == 1
