# SPDX-License-Identifier: MIT
"""doc/cookbook.md keeps its promises: each recipe is taken out of the document, a daemon is started with it, and the URL beside it
gives what stands there. Recipes whose packages are large are skipped where these are not installed."""

import base64
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from PIL import Image

import cookbook
import media
from daemon import SLUICE, anybody_may_execute

REPOSITORY = Path(__file__).resolve().parents[2]
DISHES = {dish.name: dish for dish in cookbook.dishes()}
# Hundreds of megabytes, or a virtual machine: `check --long` installs them.
LARGE = {"libreoffice-writer-nogui", "texlive-latex-base", "dvisvgm", "plantuml", "tesseract-ocr"}
BOUNDED = {"size", "integer", "number", "position", "text", "region"}
VENDOR = """
#include <stdio.h>
#include <string.h>
static int ends(const char *name, const char *end) { size_t n = strlen(name); return n > 4 && !strcmp(name + n - 4, end); }
int main(int argc, char **argv)
{
	static const unsigned char png[] = {%s};
	char head[2] = "";
	FILE *in, *out;
	if (argc != 5 || strcmp(argv[1], "--level") || strcmp(argv[2], "3") || !ends(argv[3], ".jpg") || !ends(argv[4], ".png"))
		return fputs("usage: vendor-convert --level N IN.jpg OUT.png\\n", stderr), 2;
	if (!(in = fopen(argv[3], "rb")) || fread(head, 1, 2, in) != 2 || memcmp(head, "\\xff\\xd8", 2))
		return perror(argv[3]), 1;
	return !(out = fopen(argv[4], "wb")) || fwrite(png, sizeof png, 1, out) != 1 || fclose(out);
}
"""


UNPRIVILEGED = {"user": "nobody"} if os.geteuid() == 0 and anybody_may_execute() else {}


@pytest.fixture(scope="module")
def sources():
    with tempfile.TemporaryDirectory(prefix="sluice-cookbook-") as directory:
        os.chmod(directory, 0o755)
        yield cookbook.make(Path(directory))


def picture(body, kind, size=None):
    image = Image.open(io.BytesIO(body))
    image.load()
    assert image.format == kind
    assert size is None or image.size == size
    return image.convert("RGBA")


def probe(body, *entries):
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        done = subprocess.run(["ffprobe", "-loglevel", "error", "-of", "default=nw=1", "-show_entries", *entries, file.name],
                              stdout=subprocess.PIPE, check=True, timeout=60)
    return dict(line.split("=") for line in done.stdout.decode().split())


def dark(image):
    """How many pixels are ink."""
    return sum(image.convert("L").histogram()[:100])


def avif(body):
    assert body[4:12] == b"ftypavif"
    told = subprocess.run(["vipsheader", "-f", "width", "stdin"], input=body, stdout=subprocess.PIPE, check=True, timeout=60)
    assert told.stdout.strip() == b"200"


def avatar(body):
    image = picture(body, "PNG", (64, 64))
    assert image.getpixel((0, 0))[3] == 0 and image.getpixel((63, 63))[3] == 0 and image.getpixel((32, 32))[3] == 255


def smart(body):
    picture(body, "JPEG", (200, 200))


def marked(body):
    image = picture(body, "JPEG", (400, 300))
    red, green, blue, _ = image.getpixel((400 - 12 - 20, 300 - 12 - 10))
    assert red > 140 and blue > 140 and green < 120, "the mark is not where it belongs"


def placeholder(body):
    assert len(body) < 2000
    picture(base64.b64decode(body.partition(b"base64,")[2]), "JPEG", (16, 12))
    assert body.startswith(b"data:image/jpeg;base64,")


def palette(body):
    lines = body.decode().splitlines()
    assert len(lines) == 4 and all(re.search(r"\d+: \(.*#[0-9A-F]{6}", line) for line in lines)


def picture_data(body):
    told = json.loads(body)[0]
    assert told["Make"] == media.CAMERA and told["ImageWidth"] == 1600
    assert not [name for name in told if name.startswith("GPS")]


def pdf_sheet(body):
    image = picture(body, "JPEG")
    assert image.size[0] == 512 and dark(image) > 100


def title(body):
    image = picture(body, "JPEG", (1200, 630)).crop((0, 500, 600, 630))
    assert sum(r < 60 and g < 60 and 90 < b < 170 for r, g, b, _ in image.getdata()) > 500, "no navy ink at the lower left"


def qr(body):
    image = picture(body, "PNG")
    assert image.size[0] == image.size[1] and image.size[0] % 3 == 0 and dark(image) > 1000


def gif_film(body):
    told = probe(body, "stream=codec_name,width")
    assert told == {"codec_name": "h264", "width": "160"}
    assert body.index(b"moov") < body.index(b"mdat"), "the index is not in front"


def excerpt(body):
    told = probe(body, "stream=codec_name:format=duration")
    assert told["codec_name"] == "mp3" and 2.9 < float(told["duration"]) < 3.2


def sprite(body):
    image = picture(body, "JPEG", (320, 180))
    seen = [image.getpixel((160 * (n % 2) + 10, 90 * (n // 2) + 6))[:3] for n in range(4)]
    for pixel, second in zip(seen, (0, 2, 4, 6)):
        assert all(abs(a - b) < 60 for a, b in zip(pixel, media.SECONDS[second])), seen


def clean(body):
    picture(body, "JPEG")
    assert media.CAMERA.encode() not in body and b"Exif" not in body


def film_data(body):
    told = json.loads(body)
    assert told["streams"][0]["width"] == media.CLIP_SIZE[0] and float(told["format"]["duration"]) >= media.CLIP_SECONDS


def svg(body):
    assert b"<svg" in body and body.rstrip().endswith(b"</svg>")


def waveform(body):
    image = picture(body, "PNG", (400, 80))
    assert (0x20, 0x60, 0xc0, 255) in set(image.getdata())


def duotone(body):
    image = picture(body, "PNG", (200, 150))
    assert all(r == g and b >= r for r, g, b, _ in image.getdata())


def checksum(body, root):
    assert json.loads(body) == {"algorithm": "sha256", "checksum": hashlib.sha256((root / "landscape.jpg").read_bytes()).hexdigest()}


def graph(body):
    assert dark(picture(body, "PNG")) > 100


def pdf_page(body):
    image = picture(body, "PNG", (500, 700))
    assert dark(image) > 100


def office(body):
    image = picture(body, "PNG")
    assert image.size[0] == 400 and dark(image) > 20


CHECKS = {
    "pdf-page": pdf_page, "pdf-sheet": pdf_sheet, "office-page": office, "avif": avif, "avatar": avatar, "smart-crop": smart,
    "pdf-text": lambda body: [body.decode().index(word) for word in ("Page 1", "Page 2")],
    "ocr": lambda body: body.decode().index("quick brown fox"),
    "svg": lambda body: picture(body, "PNG", (320, 160)),
    "heic": lambda body: picture(body, "JPEG", media.SCENE_SIZE),
    "raw-preview": lambda body: picture(body, "JPEG", (160, 120)),
    "raw-develop": lambda body: picture(body, "JPEG", (128, 96)),
    "region": lambda body: picture(body, "JPEG", (320, 240)),
    "watermark": marked, "clean": clean, "placeholder": placeholder, "palette": palette, "picture-data": picture_data,
    "waveform": waveform, "spectrogram": lambda body: picture(body, "PNG", (300, 128)), "excerpt": excerpt, "gif-film": gif_film,
    "sprite": sprite, "cover": lambda body: picture(body, "JPEG", (200, 150)), "film-data": film_data,
    "subtitles": lambda body: [body.decode().index(word) for word in ("WEBVTT", "Good evening.")],
    "title": title, "qr": qr, "graph": graph, "formula": svg, "uml": svg, "duotone": duotone,
    "vendor": lambda body: picture(body, "PNG", (3, 2)), "checksum": checksum,
}


# What the document says about requests that fail.
REFUSALS = {
    "pdf-page": ("/pdf/manual.pdf?page=9", 422), "raw-preview": ("/raw/photo.dng?which=full", 422),
    "region": ("/region/landscape.jpg?area=1500,1100,320x240", 422), "cover": ("/cover/tone.mp3", 404),
    "duotone": ("/duotone/half.jpg", 422), "clean": ("/clean/half.jpg", 422), "watermark": ("/marked/half.jpg", 422),
}


def test_every_recipe_has_a_check():
    assert sorted(DISHES) == sorted(CHECKS)
    assert len(DISHES) >= 25


@pytest.mark.parametrize("name", DISHES)
def test_is_confined_and_bounded(name):
    block = DISHES[name].block
    assert "confine" not in block
    assert re.search(r"(?m)^ +timeout += ", block) and re.search(r"(?m)^ +memory += ", block)
    for param, inside in re.findall(r"param (\S+) +\{(.*?)\}\s*(?=#|$)", block, re.M):
        kind = re.search(r"type = (\w+)", inside).group(1)
        assert kind not in BOUNDED or "max = " in inside, param


def prepare(dish, directory):
    """The programs of a recipe where a test may put them; the text of the recipe with their place."""
    text = dish.block
    for path, script in dish.scripts.items():
        target = directory / Path(path).name
        target.write_text(script.replace("/opt/vendor/bin", str(directory)))
        target.chmod(0o755)
    if dish.name == "vendor":
        source = directory / "vendor.c"
        png = io.BytesIO()
        Image.new("RGB", (3, 2)).save(png, "PNG")
        source.write_text(VENDOR % ", ".join(map(str, png.getvalue())))
        subprocess.run(["cc", "-static", "-o", directory / "vendor-convert", source], check=True, timeout=60)
    if "watermark.png" in text:
        media.convert("-size", "60x30", "xc:magenta", f"PNG32:{directory.parent}/watermark.png")
    text = text.replace("/usr/local/lib/sluice", str(directory))
    return re.sub(r"(?m)^( *timeout *=) *\d+s", r"\1 240s", text)  # the machine may be busy


def too_much(dish):
    """The URL with one parameter behind its bound."""
    path, _, query = dish.url.partition("?")
    bounds = re.findall(r"param (\S+) +\{ type = integer .*?max = (\d+)", dish.block)
    if not bounds:
        return None
    name, most = bounds[0]
    kept = [pair for pair in query.split("&") if pair and not pair.startswith(f"{name}=")]
    return f"{path}?{'&'.join([*kept, f'{name}={int(most) + 1}'])}"


def test_all_together(tmp_path):
    """One file may have all of them: no recipe takes the URLs of another one."""
    shutil.copytree(REPOSITORY / "etc/imagemagick", tmp_path / "imagemagick")
    (tmp_path / "programs").mkdir()
    blocks = [prepare(dish, tmp_path / "programs") for dish in DISHES.values() if all(map(cookbook.installed, dish.packages))]
    config = tmp_path / "sluice.conf"
    config.write_text("\n".join([f'listen = "unix:{tmp_path}/sock"', f'root = "{tmp_path}"', *blocks]))
    done = subprocess.run([SLUICE, "-t", "-c", config], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and "warning: recipe" not in done.stderr, done.stderr


@pytest.mark.parametrize("name", DISHES)
def test_gives_what_it_promises(name, sources, sluice):
    """As the user of a daemon that is installed: not root, who may more."""
    dish = DISHES[name]
    missing = [package for package in dish.packages if not cookbook.installed(package)]
    if missing and set(missing) <= LARGE:
        pytest.skip(f"not installed: {', '.join(missing)}")
    assert not missing, "./check has to install them"
    daemon = sluice(start=False)
    directory = Path(daemon.directory) / "programs"
    directory.mkdir()
    if UNPRIVILEGED:
        os.chmod(daemon.directory, 0o755)
        shutil.chown(daemon.temp, "nobody")
    shutil.copytree(REPOSITORY / "etc/imagemagick", Path(daemon.directory) / "imagemagick")
    daemon.configure(prepare(dish, directory), root=str(sources), programs=f"/usr/bin:/bin:{directory}", **UNPRIVILEGED)
    daemon.start()
    answer = daemon.get(dish.url, timeout=300)
    assert answer.status == 200, daemon.log.text()[-3000:]
    assert answer.headers["content-type"].partition(";")[0] == dish.type
    CHECKS[name](*[answer.body, sources][:CHECKS[name].__code__.co_argcount])
    beyond = too_much(dish)
    assert beyond is None or daemon.get(beyond).status == 400
    if name in REFUSALS:
        url, status = REFUSALS[name]
        assert daemon.get(url, timeout=300).status == status, daemon.log.text()[-2000:]
