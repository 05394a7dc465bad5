# SPDX-License-Identifier: MIT
"""TIFF, compared with libvips and Pillow."""
import struct

import pytest
from PIL import Image

from picture import PICTURE, convert, fails, image, rmse, run, tool


@pytest.fixture(scope="module", name="work")
def fixture_work(tmp_path_factory):
    """A directory with soft.png, 200x150, each corner another colour, with a sharp edge, and large.png, 4 times of it."""
    path = tmp_path_factory.mktemp("tiff")
    small = Image.new("RGB", (2, 2))
    small.putdata([(230, 40, 30), (30, 200, 50), (40, 60, 220), (240, 240, 200)])
    for name, size in (("soft", (200, 150)), ("large", (800, 600))):
        picture = small.resize(size, Image.BICUBIC)
        picture.paste((20, 20, 20), (size[0] // 3, size[1] // 3, size[0] // 2, size[1] // 2))
        picture.save(path / f"{name}.png")
    return path


def made(work, *options, name="soft", form="tif"):
    """What ImageMagick makes of a picture."""
    tool("/usr/bin/convert", work / f"{name}.png", *options, work / f"made.{form}")
    return work / f"made.{form}"


def by_vips(path, *options):
    """What libvips makes of a file."""
    tool("vips", "copy", f"{path}{''.join(options)}", path.with_suffix(".out.png"))
    return Image.open(path.with_suffix(".out.png"))


def seen(path, *options):
    """What this program makes of it."""
    return image(convert("--format", "png", *options, source=path))


KINDS = [
    "-compress None", "-compress LZW", "-compress Zip", "-compress RLE", "-compress JPEG", "-compress LZMA", "-compress ZSTD",
    "-monochrome -compress Fax", "-monochrome -compress Group4", "-monochrome -compress None",
    "-colorspace gray -depth 2", "-colorspace gray -depth 4", "-colorspace gray -depth 8", "-colorspace gray -depth 16",
    "-colorspace gray -define quantum:polarity=min-is-white", "-monochrome -define quantum:polarity=min-is-white",
    "-type palette", "-colors 12 -type palette -depth 4", "-depth 16", "-depth 16 -endian MSB -compress LZW",
    "-interlace plane -compress LZW", "-interlace plane -depth 16", "-interlace plane -compress None",
    "-define tiff:rows-per-strip=7 -compress LZW", "-define tiff:fill-order=lsb -monochrome -compress Group4",
    "-define tiff:tile-geometry=64x48 -compress Zip", "-define tiff:tile-geometry=32x32 -interlace plane",
    "-define tiff:tile-geometry=64x64 -depth 16", "-define tiff:tile-geometry=64x64 -monochrome -compress Group4",
    "-define tiff:tile-geometry=256x256", "-define tiff:tile-geometry=64x64 -type palette",
]


@pytest.mark.parametrize("options", KINDS)
@pytest.mark.parametrize("form", ["tif", "tiff64"])
def test_each_kind_of_samples(options, form, work):
    if form == "tiff64":
        tool("/usr/bin/convert", work / "soft.png", *options.split(), f"tiff64:{work / 'made.tif'}")
    path = work / "made.tif" if form == "tiff64" else made(work, *options.split())
    separate_tiles = "tile" in options and "plane" in options  # libvips does not have them
    expected = Image.open(work / "soft.png") if separate_tiles else by_vips(path)
    result = seen(path)
    mode = "I" if expected.mode.startswith("I") else expected.mode
    if mode == "I":  # of 16 bits, to the nearest of 8
        expected = expected.point(lambda value: value / 257 + 0.5, "L") if expected.mode == "I" else expected
        mode = "L"
    assert rmse(result.convert("RGB"), expected.convert(mode).convert("RGB")) < 0.002


@pytest.mark.parametrize("extra", [["jpeg"], ["jpeg", "tile"], ["jpeg", "ycbcr"], ["none", "ycbcr"]], ids=" ".join)
def test_colours_of_video(extra, work):
    """YCbCr, as JPEG and without."""
    path = work / "ycc.tif"
    if "ycbcr" in extra:
        done = ycbcr(Image.open(work / "soft.png"), "JPEG" if "jpeg" in extra else None)
        path.write_bytes(done)
        assert rmse(seen(path).convert("RGB"), Image.open(work / "soft.png")) < 0.02
        return
    tool("vips", "tiffsave", work / "soft.png", path, "--compression", "jpeg", "--Q", "90",
         *(["--tile", "--tile-width", "64", "--tile-height", "64"] if "tile" in extra else []))
    assert rmse(seen(path).convert("RGB"), by_vips(path).convert("RGB")) < 0.006


def entry(tag, kind, *values):
    """One of a directory, whose values fit in it."""
    size = {3: "H", 4: "I"}[kind]
    return struct.pack("<HHI", tag, kind, len(values)) + struct.pack(f"<{len(values)}{size}", *values).ljust(4, b"\0")


def tiff(entries, *strips):
    """A file with one directory; the strips lie behind it, and 0x111 and 0x117 are made for them."""
    offset = 8 + 2 + 12 * (len(entries) + 2) + 4 + 8 * len(strips)
    lists = offset - 8 * len(strips)
    places, sizes = [], []
    for strip in strips:
        places.append(offset)
        sizes.append(len(strip))
        offset += len(strip)
    def spread(tag, values, at):
        return struct.pack("<HHII", tag, 4, len(values), values[0] if len(values) == 1 else at)
    entries = sorted([*entries, spread(0x111, places, lists), spread(0x117, sizes, lists + 4 * len(strips))],
                     key=lambda one: struct.unpack("<H", one[:2]))
    return (b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4) +
            struct.pack(f"<{len(strips)}I", *places) + struct.pack(f"<{len(strips)}I", *sizes) + b"".join(strips))


def ycbcr(picture, compression, rows=32):
    """A TIFF of YCbCr with half the chroma, in strips."""
    sides = [entry(0x100, 4, picture.width), entry(0x101, 4, picture.height), entry(0x106, 3, 6), entry(0x115, 3, 3),
             entry(0x116, 4, rows)]
    if compression:
        import io  # pylint: disable=import-outside-toplevel
        strips = []
        for top in range(0, picture.height, rows):
            out = io.BytesIO()
            picture.crop((0, top, picture.width, min(top + rows, picture.height))).save(out, "JPEG", quality=95, subsampling=2)
            strips.append(out.getvalue())
        return tiff([*sides, entry(0x102, 3, 8), entry(0x103, 3, 7), entry(0x212, 3, 2, 2)], *strips)
    bands = [band.tobytes() for band in picture.convert("YCbCr").split()]
    strips = []
    for top in range(0, picture.height, rows):
        strip = bytearray()
        for y in range(top, min(top + rows, picture.height + picture.height % 2), 2):
            for x in range(0, picture.width, 2):
                at = y * picture.width + x
                strip += bytes([bands[0][at], bands[0][at + 1], bands[0][at + picture.width], bands[0][at + picture.width + 1],
                                bands[1][at], bands[2][at]])
        strips.append(bytes(strip))
    return tiff([*sides, entry(0x102, 3, 8), entry(0x103, 3, 1), entry(0x212, 3, 2, 2)], *strips)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("layout", ["", "-interlace plane"])
@pytest.mark.parametrize("alpha", ["associated", "unassociated"])
def test_alpha(alpha, layout, depth, tmp_path):
    """Red that is half transparent is red, however it is stored."""
    if layout and alpha == "associated":
        pytest.skip("ImageMagick does not write this as it says")
    source = Image.new("RGBA", (60, 40), (200, 30, 40, 255))
    source.paste((200, 30, 40, 100), (30, 0, 60, 40))
    source.save(tmp_path / "in.png")
    tool("/usr/bin/convert", tmp_path / "in.png", "-define", f"tiff:alpha={alpha}", "-depth", depth, *layout.split(), tmp_path / "in.tif")
    result = seen(tmp_path / "in.tif")
    assert result.mode == "RGBA"
    for place, expected in (((10, 20), (200, 30, 40, 255)), ((50, 20), (200, 30, 40, 100))):
        assert all(abs(one - other) <= 2 for one, other in zip(result.getpixel(place), expected)), result.getpixel(place)


def test_cmyk(work):
    """Ink of 255 is all of it."""
    source = Image.new("CMYK", (40, 30), (255, 0, 0, 0))
    source.paste((0, 255, 255, 0), (20, 0, 40, 30))
    source.save(work / "ink.tif", compression="tiff_lzw")
    result = seen(work / "ink.tif").convert("RGB")
    first, second = result.getpixel((5, 15)), result.getpixel((35, 15))
    assert first[0] < 100 < first[2] and second[0] > 200 and second[2] < 100


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_turned_as_it_says(orientation, work):
    """Also where the rows are converted by libtiff."""
    source = Image.open(work / "soft.png")
    turns = {2: Image.FLIP_LEFT_RIGHT, 3: Image.ROTATE_180, 4: Image.FLIP_TOP_BOTTOM, 5: Image.TRANSPOSE, 6: Image.ROTATE_270,
             7: Image.TRANSVERSE, 8: Image.ROTATE_90}
    expected = source.transpose(turns[orientation]) if orientation > 1 else source
    source.save(work / "turned.tif", tiffinfo={0x112: orientation})
    assert rmse(seen(work / "turned.tif").convert("RGB"), expected) < 0.002
    data = ycbcr(source, None)
    count = struct.unpack("<H", data[8:10])[0]
    entries = [data[10 + 12 * at:22 + 12 * at] for at in range(count)]
    kept = [one for one in entries if one[:2] not in (b"\x11\x01", b"\x17\x01")]
    strips = strips_of(data, entries)
    (work / "turned.tif").write_bytes(tiff([*kept, entry(0x112, 3, orientation)], *strips))
    assert rmse(seen(work / "turned.tif").convert("RGB"), expected) < 0.02


def strips_of(data, entries):
    """The strips of a file that tiff() has made."""
    lists = {}
    for one in entries:
        tag, _, count, at = struct.unpack("<HHII", one)
        if tag in (0x111, 0x117):
            lists[tag] = struct.unpack(f"<{count}I", data[at:at + 4 * count]) if count > 1 else (at,)
    return [data[at:at + size] for at, size in zip(lists[0x111], lists[0x117])]


def pyramid(work, *options):
    """A tiled pyramid of the large picture."""
    tool("vips", "tiffsave", work / "large.png", work / "pyramid.tif", "--tile", "--tile-width", "64", "--tile-height", "64",
         "--pyramid", "--compression", "deflate", *options)
    return work / "pyramid.tif"


def reads(path, *options):
    """How many bytes of the source are read, by strace."""
    done = tool("strace", "-qq", "-E", "ASAN_OPTIONS=detect_leaks=0", "-e", "trace=pread64", "-o", path.with_suffix(".trace"), PICTURE,
                *options, "--source", path)
    assert done
    return sum(int(line.rsplit("=", 1)[1]) for line in path.with_suffix(".trace").read_text().splitlines() if "= -" not in line)


@pytest.mark.parametrize("options", [[], ["--subifd"], ["--bigtiff"]], ids=" ".join)
def test_a_small_result_takes_a_level_of_the_pyramid(options, work):
    """It reads less, and looks like what the full picture becomes."""
    path = pyramid(work, *options)
    tool("vips", "resize", work / "large.png", work / "expected.png", "0.125")
    result = seen(path, "--size", "100x75")
    assert rmse(result.convert("RGB"), Image.open(work / "expected.png").convert("RGB")) < 0.012
    assert reads(path, "--size", "100x75") < path.stat().st_size / 3
    assert rmse(seen(path).convert("RGB"), Image.open(work / "large.png").convert("RGB")) < 0.001


@pytest.mark.parametrize("kind", ["tile", "strip", "level"])
def test_a_crop_reads_its_part(kind, work):
    """Of a pyramid, the part of the level that is large enough."""
    if kind == "strip":
        path = made(work, "-compress", "LZW", "-define", "tiff:rows-per-strip=8", name="large")
    else:
        path = pyramid(work)
    crop, size = ((200, 150, 400, 300), (100, 75)) if kind == "level" else ((270, 190, 90, 60), (90, 60))
    options = ["--crop", ",".join(map(str, crop)), "--size", f"{size[0]}x{size[1]}"]
    left, top, width, height = crop
    part = Image.open(work / "large.png").convert("RGB").crop((left, top, left + width, top + height))
    assert rmse(seen(path, *options).convert("RGB"), part.resize(size, Image.LANCZOS)) < 0.012
    assert reads(path, *options) < path.stat().st_size / 2


def test_only_the_first_page(work):
    """Also of a document whose pages are no pyramid."""
    tool("/usr/bin/convert", work / "large.png", "(", work / "large.png", "-negate", "-resize", "50%", ")", work / "pages.tif")
    result = seen(work / "pages.tif", "--size", "100x75").convert("RGB")
    assert rmse(result, Image.open(work / "large.png").resize((100, 75), Image.LANCZOS)) < 0.012


@pytest.mark.parametrize("options", ["-define quantum:format=floating-point -depth 32", "-depth 32", "-colorspace Lab"])
def test_what_it_does_not_have(options, work):
    fails(4, source=made(work, *options.split()))


def test_compressions_that_it_does_not_have(work):
    """Whatever is in the strips: old JPEG, and runs in whole words."""
    source = ycbcr(Image.open(work / "soft.png"), "JPEG")
    for number in (6, 32771):
        other = source.replace(entry(0x103, 3, 7), entry(0x103, 3, number))
        assert other != source
        fails(4, source=other)


def test_runs_of_black_and_white():
    """A row that is too short, or is not there, is damage: libtiff only warns."""
    def row(*codes):
        line = "".join(codes)
        return int(line.ljust((len(line) + 7) // 8 * 8, "0"), 2).to_bytes((len(line) + 7) // 8, "big")
    white_0, white_80, black_80 = "00110101", "11011" "101010", "0000001111" "0000010111"
    top, bottom = row(white_0, black_80, white_80), row(white_80, black_80)
    sides = [entry(0x100, 4, 160), entry(0x101, 4, 120), entry(0x102, 3, 1), entry(0x103, 3, 2), entry(0x106, 3, 0),
             entry(0x115, 3, 1), entry(0x116, 4, 120)]
    result = image(convert("--format", "png", source=tiff(sides, top * 60 + bottom * 60))).convert("L")
    assert [result.getpixel(place) for place in ((79, 59), (80, 59), (79, 60), (80, 60))] == [0, 255, 255, 0]
    fails(1, source=tiff(sides, top * 60 + row(white_80, "000000000001") + bottom * 59))
    fails(1, source=tiff(sides, top * 60 + bottom * 40))


def test_too_many_pixels(work):
    path = made(work)
    convert("--max-pixels", 200 * 150, source=path)
    assert "200x150" in fails(3, "--max-pixels", 200 * 150 - 1, source=path)


def test_a_header_that_lies(work):
    """Of sizes that are not there."""
    strip = bytes(300)
    sides = [entry(0x102, 3, 8), entry(0x103, 3, 1), entry(0x106, 3, 1), entry(0x115, 3, 1)]
    fails(1, source=tiff([*sides, entry(0x100, 4, 5000), entry(0x101, 4, 5000), entry(0x116, 4, 5000)], strip))
    fails(3, source=tiff([*sides, entry(0x100, 4, 60000), entry(0x101, 4, 60000), entry(0x116, 4, 60000)], strip))
    fails(1, source=tiff([*sides, entry(0x100, 4, 0), entry(0x101, 4, 10), entry(0x116, 4, 10)], strip))
    convert(source=tiff([*sides, entry(0x100, 4, 20), entry(0x101, 4, 15), entry(0x116, 4, 15)], strip))
    many = [one for one in sides if one[:2] != b"\x15\x01"] + [entry(0x115, 3, 65535)]
    assert run(source=tiff([*many, entry(0x100, 4, 10000), entry(0x101, 4, 10000), entry(0x116, 4, 1)], strip)).returncode in (1, 3)
    tile = [entry(0x142, 4, 2**20), entry(0x143, 4, 2**20), entry(0x100, 4, 20), entry(0x101, 4, 15)]
    assert run(source=tiff([*sides, *tile], strip)).returncode in (1, 3)


@pytest.mark.parametrize("options", ["-compress None", "-compress LZW", "-compress Zip", "-compress JPEG", "-monochrome -compress Group4",
                                     "-define tiff:tile-geometry=64x64 -compress Zip", "-interlace plane"])
def test_half_a_file_is_no_picture(options, work):
    """The directory comes first, so that the picture itself is cut."""
    path = made(work, *options.split())
    data = path.read_bytes()
    for part in range(1, 20):
        assert run(source=data[:len(data) * part // 20]).returncode in (1, 4), part
    convert(source=data + b"more")


@pytest.mark.parametrize("options", ["", "-define tiff:tile-geometry=64x64"])
def test_a_file_that_lacks_a_value_is_cut(options, work):
    """Also of a tag that nobody needs: WhitePoint, which stands last."""
    data = made(work, "-compress", "Zip", *options.split()).read_bytes()
    convert(source=data)
    fails(1, source=data[:-4])


@pytest.mark.parametrize("compression", [None, "JPEG"])
def test_half_a_strip_is_no_picture(compression, work):
    data = ycbcr(Image.open(work / "soft.png"), compression)
    convert(source=data)
    for part in range(10, 20):
        fails(1, source=data[:len(data) * part // 20])
    rotten = bytearray(data)
    rotten[-900:-100] = bytes(800)
    assert run(source=bytes(rotten)).returncode == (1 if compression else 0)
