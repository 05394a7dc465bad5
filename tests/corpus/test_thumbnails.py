# SPDX-License-Identifier: MIT
"""What sluice-picture makes, through the daemon and the shipped recipes, held against vipsthumbnail: a picture with edges and noise
in each format, in each orientation that a format can tell, and the frames of animations. The sides are the same to the pixel, and
the pixels are near."""

import functools
import io
import sys
import tempfile
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
from making import avif, convert, heif, program, saved, turned  # noqa: E402
import sites  # noqa: E402
from sites import Site, opened  # noqa: E402

WIDTH, HEIGHT = 401, 299
NEAR = 0.012
FORMATS = ("jpeg", "png", "webp", "tiff", "heic", "avif")


@functools.lru_cache(maxsize=None)
def photo(seed=7):
    """No side of it looks like another one."""
    image = Image.open(io.BytesIO(convert("-size", f"{WIDTH}x{HEIGHT}", "-seed", seed, "plasma:tomato-steelblue", "-depth", "8", "png24:-")))
    draw = ImageDraw.Draw(image)
    draw.rectangle((20, 15, 150, 70), (250, 240, 200))
    draw.ellipse((220, 160, 390, 280), (10, 40, 30))
    draw.polygon(((60, 290), (120, 120), (180, 290)), (200, 20, 60))
    return image.convert("RGB")


def fading():
    """The photo, which is transparent on the left."""
    image = photo().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").rotate(90).resize(image.size))
    return image


def by_convert(image, target, *options):
    return program("/usr/bin/convert", "png:-", *options, target, data=saved(image, "PNG"))


STILLS = {
    "baseline.jpg": lambda: saved(photo(), "JPEG", quality=90),
    "progressive.jpg": lambda: saved(photo(), "JPEG", quality=90, progressive=True),
    "422.jpg": lambda: saved(photo(), "JPEG", quality=90, subsampling=1),
    "444.jpg": lambda: saved(photo(), "JPEG", quality=90, subsampling=0),
    "grey.jpg": lambda: saved(photo().convert("L"), "JPEG", quality=90),
    "rgb.png": lambda: saved(photo(), "PNG"),
    "alpha.png": lambda: saved(fading(), "PNG"),
    "palette.png": lambda: saved(photo().quantize(200), "PNG"),
    "grey.png": lambda: saved(photo().convert("L"), "PNG"),
    "interlaced.png": lambda: by_convert(photo(), "png:-", "-interlace", "Plane"),
    "deep.png": lambda: by_convert(photo(), "png48:-", "-depth", "16"),
    "plain.gif": lambda: saved(photo().quantize(256), "GIF"),
    "lossy.webp": lambda: saved(photo(), "WEBP", quality=90),
    "lossless.webp": lambda: saved(photo(), "WEBP", lossless=True),
    "alpha.webp": lambda: saved(fading(), "WEBP", lossless=True),
    "lzw.tiff": lambda: saved(photo(), "TIFF", compression="tiff_lzw"),
    "jpeg.tiff": lambda: saved(photo(), "TIFF", compression="jpeg", quality=90),
    "grey.tiff": lambda: saved(photo().convert("L"), "TIFF"),
    "tiled.tiff": lambda: by_convert(photo(), "tiff:-", "-define", "tiff:tile-geometry=64x64", "-compress", "Zip"),
    "deep.tiff": lambda: by_convert(photo(), "tiff:-", "-depth", "16"),
    "plain.heic": lambda: heif(saved(photo(), "PNG"), "heic", []),
    "full.avif": lambda: avif(saved(photo(), "PNG"), "-r", "full"),
    "narrow.avif": lambda: avif(saved(photo(), "PNG"), "-r", "limited", "-y", "420"),
    "deep.avif": lambda: avif(saved(photo(), "PNG"), "-d", "10"),
    # Of odd sides heif-enc makes a grid of one tile, which turned() does not know.
    **{f"turned-{number}.{kind}": functools.partial(lambda n, k: turned(photo().crop((0, 0, 400, 298)) if k == "heic" else photo(), k, n), number, kind)
       for kind in FORMATS for number in range(1, 9)},
}
MOVING = ("moving.gif", "moving.webp", "moving.png")
TIMES = [40, 250, 70]


def moving(name):
    frames = [photo().crop((x, 10 * x // 8, x + 240, 10 * x // 8 + 180)) for x in (0, 60, 90)]
    if name.endswith(".gif"):
        return saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=TIMES, loop=0)
    kind = name.rpartition(".")[2].upper()
    return saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=TIMES, loop=0, **({"lossless": True} if kind == "WEBP" else {}))


@pytest.fixture(scope="module", name="site")
def fixture_site():
    site = Site(sites.ALL, {**{name: make() for name, make in STILLS.items()}, **{name: moving(name) for name in MOVING}})
    yield site
    site.stop()
    site.close()


def expected(data, size):
    """What vipsthumbnail makes of all pixels: JPEG and WebP it would else decode smaller, and lose sharpness and sometimes a pixel of
    the sides."""
    with tempfile.TemporaryDirectory() as place:
        Path(place, "a").write_bytes(data)
        program("/usr/bin/vips", "autorot", f"{place}/a", f"{place}/a.png[compression=1]")
        program("/usr/bin/vipsthumbnail", f"{place}/a.png", "--size", size, "-o", f"{place}/b.png")
        return opened_png(Path(place, "b.png").read_bytes())


def opened_png(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def seen(image, background):
    """On a background, so that colours count as much as they are seen."""
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, background), image).convert("RGB")


def difference(one, other):
    """The root of the mean square of the differences, 1 is from black to white."""
    both = []
    for background in ("black", "white"):
        squares = ImageStat.Stat(ImageChops.difference(seen(one, background), seen(other, background))).rms
        both.append((sum(band ** 2 for band in squares) / len(squares)) ** 0.5 / 255)
    return max(both)


SIZES = {False: ("80x60", "77x", "x41", "200x33", "1x", "500x500"), True: ("77x", "90x200")}


@pytest.mark.parametrize("name,size", [(name, size) for name in STILLS for size in SIZES[name.startswith("turned")]])
def test_still(site, name, size):
    result = opened(site.good(f"/{name}?size={size}&format=png"))
    other = expected(STILLS[name](), size)
    assert result.size == other.size
    # libvips enlarges with another kernel.
    assert difference(result, other) < NEAR * (2 if result.width > WIDTH else 1)


@pytest.mark.parametrize("kind", ["jpeg", "webp", "avif"])
@pytest.mark.parametrize("name", ["baseline.jpg", "rgb.png", "lossy.webp", "lzw.tiff", "plain.heic", "narrow.avif", "plain.gif"])
def test_results(site, name, kind):
    """At a quality that leaves the sides and the colours to be compared."""
    result = opened(site.good(f"/{name}?size=200x150&quality=95&format={kind}"))
    other = expected(STILLS[name](), "200x150")
    assert result.size == other.size
    assert difference(result, other) < NEAR * 2


@pytest.mark.parametrize("size", ["100x", "61x61"])
@pytest.mark.parametrize("name", MOVING)
def test_animation(site, name, size):
    """Each frame is what vipsthumbnail makes of it as a picture."""
    source = Image.open(io.BytesIO(moving(name)))
    result = opened(site.good(f"/{name}?size={size}&animate=1&quality=95&format=webp"))
    assert result.n_frames == source.n_frames == len(TIMES)
    for index in range(result.n_frames):
        source.seek(index)
        result.seek(index)
        other = expected(saved(source.convert("RGBA"), "PNG"), size)
        assert result.size == other.size
        assert difference(result, other) < NEAR * 2.5
