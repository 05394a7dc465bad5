# SPDX-License-Identifier: MIT
"""AVIF, compared with libavif's own programs."""
import subprocess

import pytest
from PIL import Image, ImageDraw

from picture import convert, rmse, run, tool


@pytest.fixture(scope="module", name="photo")
def fixture_photo(tmp_path_factory):
    """A picture with soft and sharp parts, 320x240, and its JPEG."""
    path = tmp_path_factory.mktemp("avif")
    subprocess.run(["/usr/bin/convert", "-size", "320x240", "plasma:tomato-steelblue", "-seed", "3", "-fill", "white", "-draw",
                    "circle 160,120 160,60", path / "photo.png"], check=True)
    subprocess.run(["/usr/bin/convert", path / "photo.png", "-quality", "95", path / "photo.jpg"], check=True)
    return path / "photo.jpg"


def seen(data, path):
    """What avifdec makes of it, and what it says of it."""
    (path / "seen.avif").write_bytes(data)
    tool("avifdec", path / "seen.avif", path / "seen.png")
    told = tool("avifdec", "--info", path / "seen.avif").decode()
    with Image.open(path / "seen.png") as opened:
        opened.load()
    return opened, {line[3:].split(":")[0].strip(): line.split(":", 1)[1].strip()
                    for line in told.splitlines() if line.startswith(" * ") and ":" in line}


def test_its_colours_are_signalled(photo, tmp_path):
    """Full range and BT.601's matrix, as the planes of a JPEG are; sRGB's primaries and curve."""
    _, told = seen(convert("--size", "160x160", "--format", "avif", source=photo), tmp_path)
    assert (told["Range"], told["Matrix Coeffs."], told["Color Primaries"], told["Transfer Char."]) == ("Full", "6", "1", "13")
    assert (told["Format"], told["Resolution"], told["Alpha"]) == ("YUV420", "160x120", "Absent")


@pytest.mark.parametrize("colour", [(230, 30, 40), (20, 200, 60), (30, 40, 220), (255, 255, 255), (0, 0, 0)])
@pytest.mark.parametrize("kind", ["planes", "rgb"])
def test_its_colours_are_right(colour, kind, tmp_path):
    """CMYK does not come as planes but as RGB."""
    source = Image.new("RGB", (64, 48), colour)
    if kind == "rgb":
        source = Image.new("CMYK", (64, 48), tuple(255 - value for value in colour) + (0,))
    source.save(tmp_path / "plain.jpg", quality=100)
    result, _ = seen(convert("--size", "32x32", "--format", "avif", source=tmp_path / "plain.jpg"), tmp_path)
    got = result.convert("RGB").getpixel((16, 12))
    assert all(abs(one - other) <= 4 for one, other in zip(got, colour)), (got, colour)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (33, 17), (16, 16), (320, 240)])
@pytest.mark.parametrize("kind", ["planes", "rgb", "gray"])
def test_every_row_has_its_place(size, kind, tmp_path):
    """Also where the last strip, and the last sample of chroma, are not full."""
    source = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(source)
    draw.rectangle((0, 0, size[0] - 1, size[1] // 2), fill="black")
    draw.rectangle((size[0] // 2, 0, size[0] - 1, size[1] - 1), fill="gray")
    source = source.convert({"planes": "RGB", "rgb": "CMYK", "gray": "L"}[kind])
    source.save(tmp_path / "in.jpg", quality=100, subsampling=0)
    result, told = seen(convert("--quality", "95", "--format", "avif", source=tmp_path / "in.jpg"), tmp_path)
    assert result.size == size
    assert told["Format"] == ("YUV400" if kind == "gray" else "YUV420")
    assert rmse(result.convert("L"), Image.open(tmp_path / "in.jpg").convert("L")) < 0.03


def test_quality_is_that_of_a_jpeg(photo, tmp_path):
    """A worse one is smaller and further from the source; the default is as near as the JPEG of the same number, within a third."""
    exact = Image.open(photo).convert("RGB")
    sizes, errors = [], []
    for quality in (30, 60, 82, 95):
        data = convert("--quality", quality, "--format", "avif", source=photo)
        sizes.append(len(data))
        errors.append(rmse(seen(data, tmp_path)[0].convert("RGB"), exact))
    assert sizes == sorted(sizes) and errors == sorted(errors, reverse=True)
    assert convert("--format", "avif", source=photo) == convert("--quality", 82, "--format", "avif", source=photo)
    exact.save(tmp_path / "as.jpg", quality=82)
    assert errors[2] < rmse(Image.open(tmp_path / "as.jpg"), exact) * 4 / 3


def test_effort_pays(photo, tmp_path):
    """The result of more effort is nearer to the source, with about as many bytes."""
    low, high = (convert("--effort", effort, "--format", "avif", source=photo) for effort in (0, 4))
    exact = Image.open(photo).convert("RGB")
    assert rmse(seen(high, tmp_path)[0].convert("RGB"), exact) < rmse(seen(low, tmp_path)[0].convert("RGB"), exact)
    assert len(high) < len(low) * 1.15


def test_the_same_bytes_on_every_run(photo):
    assert len({convert("--size", "200x200", "--format", "avif", source=photo) for _ in range(3)}) == 1


def test_the_library_is_loaded_only_when_it_is_wanted(photo):
    """The dynamic linker tells which files it loads."""
    def loaded(form):
        done = run("--format", form, source=photo, env={"LD_DEBUG": "files"})
        assert done.returncode == 0
        return b"libavif" in done.stderr
    assert not loaded("jpeg")
    assert loaded("avif")
