# SPDX-License-Identifier: MIT
"""AVIF, compared with libavif's own programs."""
import subprocess

import pytest
from PIL import Image, ImageDraw

from picture import convert, fails, image, rmse, run, tool


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


def made(path, *options):
    """An AVIF of the soft picture that lies there, with little loss."""
    tool("avifenc", "-s", "9", "--min", "4", "--max", "8", *options, path.parent / "soft.png", path)
    return path


@pytest.fixture(scope="module", name="soft")
def fixture_soft(tmp_path_factory):
    """A directory with soft.png, 200x150, each corner another colour."""
    path = tmp_path_factory.mktemp("soft")
    small = Image.new("RGB", (2, 2))
    small.putdata([(230, 40, 30), (30, 200, 50), (40, 60, 220), (240, 240, 200)])
    small.resize((200, 150), Image.BICUBIC).save(path / "soft.png")
    return path


def as_avifdec(path):
    """What avifdec makes of a file."""
    tool("avifdec", path, path.with_suffix(".png"))
    with Image.open(path.with_suffix(".png")) as opened:
        return Image.eval(opened.convert("I"), lambda value: value / 256).convert("L") if opened.mode == "I" else opened.convert("RGB")


@pytest.mark.parametrize("options", [
    ["-y", "420"], ["-y", "422"], ["-y", "444"], ["-y", "400"], ["-y", "420", "-r", "limited"], ["-y", "444", "-r", "limited"],
    ["-y", "400", "-r", "limited"], ["-d", "10", "-y", "420"], ["-d", "10", "-y", "444", "-r", "limited"],
    ["-d", "12", "-y", "422"], ["-d", "10", "-y", "400"], ["-d", "12", "-y", "400", "-r", "limited"],
    ["--cicp", "1/13/1", "-y", "420"], ["--cicp", "1/13/0", "-y", "444"], ["--cicp", "1/13/9", "-y", "420", "-r", "limited"],
    ["-y", "420", "--grid", "2x1"]], ids=" ".join)
def test_each_kind_of_samples(options, soft):
    """Also without colours, when the result wants none."""
    path = made(soft / "kind.avif", *options)
    exact = as_avifdec(path)
    if options == ["-y", "400", "-r", "limited"]:
        exact = Image.open(soft / "soft.png").convert("L")  # avifdec forgets the range here
    for wish in ([], ["--gray"], ["--rotate", "180"]):
        result = image(convert("--format", "jpeg", "--quality", "100", *wish, source=path))
        expected = exact.rotate(180) if "--rotate" in wish else exact
        assert rmse(result.convert(expected.mode if not wish else "L"), expected.convert(expected.mode if not wish else "L")) < 0.008


@pytest.mark.parametrize("options", [[f"--irot {turn}"] for turn in range(4)] + [[f"--imir {mode}"] for mode in (0, 1)] +
                         [["--irot 1", "--imir 0"], ["--irot 1", "--imir 1"], ["--irot 3", "--imir 0"]], ids=" ".join)
def test_it_is_turned_as_it_says(options, soft):
    """As libheif turns it."""
    path = made(soft / "turned.avif", "-y", "444", *" ".join(options).split())
    tool("heif-convert", path, soft / "turned.png")
    expected = Image.open(soft / "turned.png").convert("RGB")
    result = image(convert("--format", "jpeg", "--quality", "100", source=path))
    assert result.size == expected.size
    assert rmse(result, expected) < 0.01


@pytest.mark.parametrize("chroma", ["420", "444"])
@pytest.mark.parametrize("wish", [[], ["--rotate", "180"], ["--gray"]], ids=" ".join)
def test_only_the_clean_part_is_seen(chroma, wish, soft):
    """120x90 of 200x150, 20 to the left of the middle and 10 above it."""
    path = made(soft / "clean.avif", "-y", chroma, "--clap", "120,1,90,1,-20,1,-10,1")
    result = image(convert("--format", "jpeg", "--quality", "100", *wish, source=path))
    expected = Image.open(soft / "soft.png").crop((20, 20, 140, 110))
    assert result.size == (120, 90)
    expected = expected.rotate(180) if "--rotate" in wish else expected
    assert rmse(result.convert("L"), expected.convert("L")) < 0.02


@pytest.mark.parametrize("options", [["-y", "420"], ["-d", "10"], ["-y", "400"], ["--clap", "180,1,130,1,0,1,0,1"]], ids=" ".join)
def test_a_part_of_it(options, soft):
    """Of the part that is seen."""
    path = made(soft / "part.avif", *options)
    place = (45, 21, 45 + 101, 21 + 67) if "--clap" not in options else (35, 11, 35 + 101, 11 + 67)
    expected = as_avifdec(path).crop((45, 21, 45 + 101, 21 + 67))
    for wish in ([], ["--gray"]):
        crop = f"{place[0]},{place[1]},101,67"
        result = image(convert("--format", "png", "--crop", crop, *wish, source=path))
        assert rmse(result.convert("L"), expected.convert("L")) < 0.006


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("options", [[], ["-p"], ["-d", "10"], ["-r", "limited"]], ids=" ".join)
def test_alpha_stays(mode, options, tmp_path):
    """Through a resampling; a hole in an area has no dark edge."""
    colour = (200, 30, 40) if mode == "RGBA" else (250, 250, 250)
    source = Image.new("RGBA", (120, 90), colour + (255,))
    source.paste((0, 255, 0, 0), (60, 0, 120, 90))
    source.paste(colour + (100,), (0, 45, 60, 90))
    source.convert(mode).save(tmp_path / "soft.png")
    path = made(tmp_path / "alpha.avif", *(["-y", "400"] if mode == "LA" else ["-y", "444"]), *options)
    result, told = seen(convert("--size", "60x45", "--quality", "95", "--format", "avif", source=path), tmp_path)
    assert told["Alpha"] in ("Premultiplied", "Not premultiplied"), told
    for place, alpha in (((10, 10), 255), ((10, 40), 100), ((50, 20), 0), ((28, 10), 255)):
        pixel = result.convert("RGBA").getpixel(place)
        assert abs(pixel[3] - alpha) <= 6, (place, pixel)
        assert not alpha or all(abs(one - other) <= 14 for one, other in zip(pixel, colour)), (place, pixel)
    if mode == "LA":
        return
    flat = image(convert("--size", "60x45", "--quality", "95", "--format", "jpeg", "--background", "0000ff", source=path))
    assert all(abs(one - other) <= 14 for one, other in zip(flat.getpixel((50, 20)), (0, 0, 255)))


def test_a_sequence_shows_its_first_frame(soft, tmp_path):
    """All frames are not to be had."""
    (tmp_path / "other.png").write_bytes(tool("/usr/bin/convert", soft / "soft.png", "-negate", "png:-"))
    tool("avifenc", "-s", "9", soft / "soft.png", tmp_path / "other.png", tmp_path / "film.avif")
    result = image(convert("--format", "jpeg", source=tmp_path / "film.avif"))
    assert rmse(result.convert("RGB"), Image.open(soft / "soft.png")) < 0.03
    assert "first frame" in fails(4, "--frames", "all", "--format", "jpeg", source=tmp_path / "film.avif")


def test_too_many_pixels(soft):
    path = made(soft / "large.avif")
    convert("--max-pixels", 200 * 150, "--format", "jpeg", source=path)
    assert "200x150" in fails(3, "--max-pixels", 200 * 150 - 1, "--format", "jpeg", source=path)


@pytest.mark.parametrize("options", [[], ["-d", "10"], ["--grid", "2x1"]], ids=" ".join)
def test_half_a_file_is_no_picture(options, soft):
    data = made(soft / "half.avif", *options).read_bytes()
    for part in range(1, 20):
        assert run("--format", "jpeg", source=data[:len(data) * part // 20]).returncode in (1, 4), part
    fails(1, "--format", "jpeg", source=data[:-1])
    convert("--format", "jpeg", source=data + b"more")
