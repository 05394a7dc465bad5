# SPDX-License-Identifier: MIT
"""Pictures of every kind through the shipped recipes, and through those of ImageMagick alone: each file is made so that it is known
how it looks, and what comes out is held against that with Pillow, webpmux and gifsicle. As a program it runs the same files and
prints the table of doc/recipes.md."""

import re
import struct
import sys
import tempfile
import zlib
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
from kinds import ALONE, ANIMATIONS, DISPOSALS, REFUSED, STILLS, files, moving  # noqa: E402
from making import CORNERS, chunk, program  # noqa: E402
import sites  # noqa: E402
from sites import Site, assert_corners, opened  # noqa: E402


@pytest.fixture(scope="module", params=[sites.ALL, sites.ALONE])
def site(request):
    site = Site(request.param, files())
    yield site
    site.stop()
    site.close()


# ---- stills ---------------------------------------------------------------------------------------------------------------


def loose(name):
    """CMYK without a profile has no one meaning; palettes of HEIC and AVIF are lossy."""
    return 30 if "cmyk" in name and not name.startswith("icc") else 8 if name.endswith((".heic", ".avif", ".webp")) else 6


# All of these are half transparent.
HALF = ("jpeg-alpha.tiff", "multiplied.avif")


@pytest.mark.parametrize("name", STILLS)
def test_still(site, name):
    url = f"/{name}?size=80x60&format=png"
    if site.alone and name in ALONE:
        site.refuses(url, ALONE[name])
        return
    image = opened(site.good(url))
    assert image.size == (80, 60)
    _, _, corners = STILLS[name]
    if name == "offset.gif":
        assert image.convert("RGBA").getpixel((20, 15))[3] == 0
        corners = {key: colour for key, colour in corners.items() if key[1] == "e"}
    if name in HALF:
        assert image.getextrema()[3] == (128, 128)
    assert_corners(image, corners, loose(name))


@pytest.mark.parametrize("kind", ["jpeg", "avif"])
@pytest.mark.parametrize("name", REFUSED)
def test_refused(site, name, kind):
    if name.endswith((".svg", ".jxl")) and kind == "avif":
        kind = "png"
    site.refuses(f"/{name}?size=80x60&format={kind}", REFUSED[name][2])


@pytest.mark.parametrize("kind", ["avif", "jpeg", "png", "webp", "gif"])
@pytest.mark.parametrize("query,size", [("size=40x40", (40, 30)), ("size=40x40&fit=cover", (40, 40)), ("size=40x40&fit=fill", (40, 40)),
                                        ("size=400x400&fit=inside", (160, 120)), ("size=x30", (40, 30)), ("size=40x40&rotate=90", (30, 40))])
def test_fits_and_results(site, kind, query, size):
    answer = site.good(f"/RGB.png?{query}&format={kind}")
    assert (opened(answer).size, answer.headers["content-type"]) == (size, f"image/{kind}")


@pytest.mark.parametrize("query,size", [("size=300x300", (300, 225)), ("size=40x40&fit=cover", (40, 40)), ("size=400x40&fit=fill", (400, 40)),
                                        ("size=1x", (1, 1)), ("size=x30", (40, 30)), ("size=40x40&rotate=90", (30, 40))])
@pytest.mark.parametrize("name", ["plain.svg", "plain.jxl"])
def test_fits_of_other_kinds(site, name, query, size):
    assert opened(site.good(f"/{name}?{query}&format=png")).size == size


def test_a_drawing_is_sharp_in_each_size(site):
    image = opened(site.good("/sides.svg?size=640x480&format=png")).convert("RGB")
    assert image.size == (640, 480)
    assert [image.getpixel((x, 100)) for x in (316, 323)] == [CORNERS["nw"], CORNERS["ne"]]


@pytest.mark.parametrize("name", ["RGB.png", "baseline.jpg", "turned-6.jpg", "palette.png", "grey-alpha.png", "rgb-16.png", "cmyk.jpg", "plain.gif",
                                  "lossy.webp", "raw.tiff", "grey-4-white.tiff", "plain.bmp", "plain.heic", "plain.avif", "icc-junk.jpg"])
def test_avif(site, name):
    image = opened(site.good(f"/{name}?size=80x60&quality=95", accept="image/avif,image/webp,*/*;q=0.8"))
    assert image.size == (80, 60)
    assert_corners(image, STILLS[name][2], loose(name) + 4)


def test_avif_keeps_what_is_transparent(site):
    image = opened(site.good("/hole.png?size=80x60&format=avif")).convert("RGBA")
    assert image.getpixel((20, 15))[3] < 8 and image.getpixel((60, 45))[3] > 247
    assert_corners(image, {key: CORNERS[key] for key in ("ne", "sw", "se")}, 10)


def test_avif_has_a_quality(site):
    low, high = (len(site.good(f"/noise.png?size=200x200&format=avif&quality={quality}").body) for quality in (30, 95))
    assert low * 2 < high


@pytest.mark.parametrize("name,size", [("phone.png", (200, 150)), ("strip.png", (12, 300))])
def test_large(site, name, size):
    box = "200x200" if name == "phone.png" else "300x300"
    image = opened(site.good(f"/{name}?size={box}&format=jpeg"))
    assert image.size == size
    if name == "phone.png":
        assert_corners(image, CORNERS)


def large_png(width, height):
    """The scene, without its rows in memory at once."""
    packer, out = zlib.compressobj(1), []
    for row in range(height):
        left, right = ("nw", "ne") if row < height // 2 else ("sw", "se")
        out.append(packer.compress(b"\0" + bytes(CORNERS[left]) * (width // 2) + bytes(CORNERS[right]) * (width - width // 2)))
    ihdr = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", ihdr) + chunk(b"IDAT", b"".join(out) + packer.flush()) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["jpeg", "avif"])
def test_a_hundred_million_pixels(site, kind):
    """What max_pixels allows by default fits into the recipe's memory."""
    Path(site.root, "hundred.png").write_bytes(large_png(11600, 8600))
    image = opened(site.good(f"/hundred.png?size=300x300&format={kind}"))
    assert image.size == (300, 222)
    assert_corners(image, CORNERS, 8)
    Path(site.root, "hundred.png").write_bytes(large_png(11600, 1)[:50].replace(struct.pack(">I", 1), struct.pack(">I", 8700), 1))
    assert site.ask(f"/hundred.png?size=300x300&format={kind}")[0] == "413"


@pytest.mark.parametrize("name,accept,kind", [
    ("RGB.png", "image/png,*/*;q=0.5", "jpeg"), ("RGB.png", "image/png", "png"), ("RGB.png", "image/png,image/gif", "png"),
    ("RGB.png", "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", "avif"), ("hole.png", "image/avif,image/webp,*/*", "avif"),
    ("RGB.png", "image/avif;q=0.5,image/webp", "webp"), ("RGB.png", "image/avif;q=0,image/webp,*/*", "webp"), ("RGB.png", "image/*", "jpeg"),
    ("RGB.png", "text/html,application/xhtml+xml,*/*;q=0.8", "jpeg"), ("RGB.png", "", "jpeg"),
    ("RGB.png", "image/gif, image/x-xbitmap, image/jpeg, image/pjpeg, */*", "jpeg"), ("hole.png", "image/gif, image/jpeg, */*", "jpeg"),
    ("pause-ever.gif", "image/avif,image/webp,*/*", "avif"), ("plain.svg", "image/avif,image/webp,*/*", "webp"),
    ("RGB.png", "image/webp,image/png,*/*", "webp"), ("RGB.png", "*/*", "jpeg"), ("baseline.jpg", "image/png,image/*;q=0.8", "jpeg"),
    ("hole.png", "image/png,*/*;q=0.5", "png"), ("hole.png", "image/webp,*/*", "webp"), ("baseline.jpg", "image/gif,image/jpeg;q=0.1", "jpeg")])
def test_accept(site, name, accept, kind):
    answer = site.good(f"/{name}?size=80x60", accept=accept)
    assert answer.headers["content-type"] == f"image/{kind}" and answer.headers["vary"] == "Accept"


def test_an_animation_is_no_avif(site):
    answer = site.good("/pause-ever.gif?size=80x60&animate=1", accept="image/avif,image/webp,*/*")
    assert answer.headers["content-type"] == "image/webp" and answer.headers["vary"] == "Accept"


def test_ignored_parameters(site):
    plain = site.good("/RGB.png?size=80x60&format=png")
    for more in ("utm_source=x&utm_medium=y", "fbclid=1", "gclid=%20", "msclkid", "mc_cid=3", "_ga=1.2", "v=123"):
        answer = site.good(f"/RGB.png?size=80x60&format=png&{more}")
        assert answer.headers["etag"].strip('W/"') == plain.headers["etag"].strip('W/"')
    assert site.ask("/RGB.png?size=80x60&utm=1")[0] == "400" and site.ask("/RGB.png?size=80x60&vv=1")[0] == "400"


# ---- animations -----------------------------------------------------------------------------------------------------------


def webp_times(body):
    with tempfile.NamedTemporaryFile(suffix=".webp") as file:
        file.write(body)
        file.flush()
        told = program("/usr/bin/webpmux", "-info", file.name).decode()
    return [int(line.split()[6]) for line in told.splitlines() if re.match(r" *\d+:", line)], int(re.search(r"Loop Count : (\d+)", told)[1])


def gif_times(body):
    told = program("/usr/bin/gifsicle", "--info", data=body).decode()
    loop = re.search(r"loop (forever|count (\d+))", told)
    times = [round(float(t) * 1000) for t in re.findall(r"delay ([\d.]+)s", told)]
    return times, 1 if not loop else 0 if loop[1] == "forever" else int(loop[2]) + 1


def refused_moving(site, name, kind):
    """Whether an animation is refused: libvips reads the first picture of a PNG only, and paints the background's colour where a
    frame of a GIF is cleared; browsers ignore it. sluice-picture does both, but writes no GIF."""
    return (name.endswith(".png") or name == "disposal-2.gif") and (site.alone or kind == "gif")


@pytest.mark.parametrize("kind", ["gif", "webp"])
@pytest.mark.parametrize("name", ANIMATIONS)
def test_animation(site, name, kind):
    url = f"/{name}?size=80x60&animate=1&format={kind}"
    if refused_moving(site, name, kind):
        assert "kept moving" in site.refuses(url, 415).text
        return
    _, delays, loop = ANIMATIONS[name]
    answer = site.good(url)
    body = bytes(answer.body)
    times, loops = (webp_times if kind == "webp" else gif_times)(body)
    wanted = delays if kind == "webp" else [round(d / 10) * 10 for d in delays]
    assert (times, loops) == (wanted, loop)
    image = opened(answer)
    assert image.size == (80, 60)
    sources = moving(len(delays))
    for index in range(len(delays)):
        image.seek(index)
        frame = image.convert("RGB")
        where = (index * 5 % 60 + 10, 30)
        wanted = sources[index].getpixel((where[0] * 2, where[1] * 2))
        assert all(abs(a - b) <= 14 for a, b in zip(frame.getpixel(where), wanted)), (index, frame.getpixel(where), wanted)
        assert all(abs(a - 229) <= 14 for a in frame.getpixel((40, 4)))


@pytest.mark.parametrize("kind", ["gif", "webp"])
@pytest.mark.parametrize("name", DISPOSALS)
def test_disposal(site, name, kind):
    url = f"/{name}?size=80x60&animate=1&format={kind}"
    if refused_moving(site, name, kind):
        site.refuses(url, 415)
        return
    image = opened(site.good(url))
    image.seek(1)
    assert all(c < 24 for c in image.convert("RGB").getpixel((38, 28)))
    image.seek(2)
    last = image.convert("RGBA").getpixel((35, 26))
    wanted = {"1": (10, 10, 10, 255), "2": None, "3": (*CORNERS["nw"], 255)}[name[9]]
    assert last[3] == 0 if wanted is None else all(abs(a - b) <= 14 for a, b in zip(last, wanted)), last


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_many_frames(site, kind):
    body = bytes(site.good(f"/f250.gif?size=60x&animate=1&format={kind}").body)
    times, _ = (webp_times if kind == "webp" else gif_times)(body)
    assert sum(times) == 250 * 40
    site.refuses(f"/f1200.gif?size=60x&animate=1&format={kind}", 413)
    site.good("/f1200.gif?size=60x&format=jpeg")


@pytest.mark.parametrize("name", ["pause-ever.gif", "pause-ever.webp", "pause-ever.png"])
@pytest.mark.parametrize("query", ["animate=0&format=webp", "format=gif", "animate=1&format=jpeg", "animate=1&format=png"])
def test_first_frame(site, name, query):
    image = opened(site.good(f"/{name}?size=80x60&{query}"))
    assert getattr(image, "n_frames", 1) == 1 and image.size == (80, 60)
    assert all(abs(a - b) <= 14 for a, b in zip(image.convert("RGB").getpixel((10, 30)), (200, 40, 40)))


def test_the_picture_that_is_no_frame(site):
    assert_corners(opened(site.good("/hidden.png?size=80x60&format=png")), CORNERS)


@pytest.mark.parametrize("query,size", [("rotate=90", (45, 60)), ("size=40x40&fit=cover", (40, 40)), ("size=40x40&fit=fill", (40, 40)),
                                        ("size=400x400&fit=inside", (160, 120)), ("size=20x30&fit=cover&rotate=180&gravity=north", (20, 30))])
@pytest.mark.parametrize("name", ["pause-ever.gif", "pause-ever.webp", "disposal-3.png"])
def test_fits_of_animations(site, name, query, size):
    """ImageMagick's recipes have no cover and no rotate for them."""
    query = query if "size=" in query else f"size=80x60&{query}"
    refused = 415 if name.endswith(".png") else 400 if "cover" in query or "rotate" in query else 0
    for kind in ("webp", "gif"):
        url = f"/{name}?{query}&animate=1&format={kind}"
        if refused and (site.alone or kind == "gif"):
            assert site.ask(url)[0] in (str(refused), "400")
            continue
        image = opened(site.good(url))
        assert (image.size, image.n_frames) == (size, 3 if name.endswith(".png") else 4)
    assert site.ask(f"/plain.gif?{query}&animate=1&format=gif")[0] == "200"


# ---- the table ------------------------------------------------------------------------------------------------------------


def column(which):
    """group → what came of each of its files."""
    site = Site(which, files())
    rows = {}
    try:
        for name, (group, _, _) in STILLS.items():
            try:
                test_still(site, name)
                result = f"refused, {ALONE[name]}" if site.alone and name in ALONE else "right"
            except AssertionError:
                result = "wrong"
            rows.setdefault(group, []).append(result)
        for name, (group, _, status) in REFUSED.items():
            came = site.ask(f"/{name}?size=80x60&format=jpeg")[0]
            rows.setdefault(group, []).append(f"refused, {came}" if came == str(status) else "wrong")
    finally:
        site.stop()
        site.close()
    return rows


def main():
    """Prints the table: each group of files, and whether all of them came out right or were refused as they should."""
    both = [column(which) for which in (sites.ALL, sites.ALONE)]
    print("| pictures | files | sluice.conf | imagemagick.conf alone |\n|---|---|---|---|")
    for group, results in sorted(both[0].items()):
        print(f"| {group} | {len(results)} | {' | '.join(', '.join(sorted(set(rows[group]))) for rows in both)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
