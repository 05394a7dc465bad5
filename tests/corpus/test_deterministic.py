# SPDX-License-Identifier: MIT
"""Which of the shipped recipes give the same bytes each time. Each kind of source goes through each recipe twice in a cold program
and twice in a warm one: a recipe says `deterministic = true` when all four are equal for all of its sources, and only then. The
sources are small; without a cache their tags show what the recipe says."""

import concurrent.futures
import io
import itertools
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from PIL import Image

import shipped
from daemon import SLOW, Daemon
FFMPEG = ("/usr/bin/ffmpeg", "-nostdin", "-v", "error", "-y", "-threads", "1")
FILM = ("-f", "lavfi", "-i", "testsrc2=s=96x64:r=10:d=1.5", "-f", "lavfi", "-i", "sine=d=1.5:r=48000")
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-threads", "1")
# As `sources` calls it → how FFmpeg writes it.
FILMS = {
    "mp4": (*X264, "-c:a", "aac"),
    "mov": ("-c:v", "mjpeg", "-c:a", "pcm_s16le"),
    "webm": ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"),
    "mkv": ("-c:v", "mpeg4", "-c:a", "libvorbis"),
    "avi": ("-c:v", "mpeg4", "-c:a", "libmp3lame"),
    "mpegts": (*X264, "-c:a", "aac", "-f", "mpegts"),
    "mpeg": ("-c:v", "mpeg1video", "-r", "25", "-c:a", "mp2", "-f", "mpeg"),
}
SOUNDS = {
    "mp3": (), "flac": (), "wav": (), "aiff": (), "aac": ("-f", "adts"), "ogg": ("-c:a", "libvorbis", "-f", "ogg"),
    "opus": ("-c:a", "libopus", "-f", "opus"),
}
STILLS = ("jpeg", "png", "gif", "webp", "tiff", "bmp", "heic", "avif")
MOVING = ("gif animated", "webp animated", "png animated")
# Recipe → the sources that it is asked with, and the URLs.
ASKED = {
    "frame": [("mp4", "mov", "webm", "mkv", "avi"), "/frame/{}?at=0.5&size=64x&format=", ("jpeg", "webp", "png")],
    "frame-stream": [("mpegts", "mpeg"), "/frame/{}?format=", ("jpeg", "webp", "png")],
    "preview": [("mp4", "mov", "webm", "mkv", "avi"), "/preview/{}?length=0.5&size=64x&format=", ("webp", "gif")],
    "preview-stream": [("mpegts", "mpeg"), "/preview/{}?length=0.5&size=64x&format=", ("webp", "gif")],
    "watch": [tuple(FILMS), "/watch/{}?height=", ("90",)],
    "listen": [(*SOUNDS, *FILMS), "/listen/{}?bitrate=64&format=", ("mp3", "opus")],
    "requantize": [("jpeg",), "/requantize/{}?scale=", ("4", "8")],
    "picture_animated": [MOVING, "/{}?size=40x40&animate=1&rotate=5&format=", ("webp",)],
    "picture": [("jpeg",), "/{}?size=50x40&rotate=5&format=", ("webp", "jpeg")],
    "picture_other": [("png", "gif", "webp", "jpeg"), "/{}?size=50x40&rotate=5&format=", ("png", "webp", "jpeg")],
    "picture_avif": [("jpeg", "png", "gif", "webp", "tiff", "heic", "avif"), "/{}?size=50x40&rotate=5&format=", ("avif",)],
    "picture_heavy": [("tiff", "heic", "avif"), "/{}?size=50x40&rotate=5&format=", ("webp", "jpeg", "png")],
    "animation": [MOVING[:2], "/{}?size=40x40&animate=1&format=", ("webp",)],
    "animation_gif": [MOVING[:2], "/{}?size=40x40&animate=1&format=", ("gif",)],
    "thumbnail_avif": [STILLS, "/{}?size=50x40&format=", ("avif",)],
    "thumbnail": [STILLS, "/{}?size=50x40&rotate=5&format=", ("webp", "jpeg", "png", "gif")],
    "drawing": [("svg",), "/{}?size=50x40&format=", ("webp", "jpeg", "png", "gif")],
    "jpeg_xl": [("jxl",), "/{}?size=50x40&format=", ("webp", "jpeg", "png", "gif")],
}
REFUSED = {"png animated"}  # named by libvips' recipes in order to be refused


def picture(shift=0):
    image = Image.new("RGB", (160, 120))
    image.putdata([((x * 3 + shift * 40) % 256, y * 2, x * y % 251) for y in range(120) for x in range(160)])
    return image


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def make_sources(directory):
    """name of the kind → file. Blanks in a kind's name are lines in the file's."""
    png = directory / "png"
    moving = {"save_all": True, "append_images": [picture(1), picture(2)], "duration": 100, "loop": 0}
    for kind, data in {
            "jpeg": saved(picture(), "JPEG", quality=90), "png": saved(picture().convert("RGBA"), "PNG"), "gif": saved(picture(), "GIF"),
            "webp": saved(picture(), "WEBP"), "tiff": saved(picture(), "TIFF"), "bmp": saved(picture(), "BMP"),
            "gif_animated": saved(picture(), "GIF", **moving), "webp_animated": saved(picture(), "WEBP", **moving),
            "png_animated": saved(picture(), "PNG", **moving),
            "svg": b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30"><circle cx="20" cy="15" r="12" fill="teal"/></svg>'}.items():
        (directory / kind).write_bytes(data)
    programs = [["/usr/bin/heif-enc", "-q", "80", "-o", f"{directory}/heic.heic", f"{png}.png"],
                ["/usr/bin/avifenc", "--jobs", "1", "-s", "10", f"{png}.png", f"{directory}/avif.avif"],
                ["/usr/bin/vips", "copy", f"{png}.png", f"{directory}/jxl.jxl"]]
    shutil.copy(png, f"{png}.png")
    programs += [[*FFMPEG, *FILM, *how, f"{directory}/{kind}.{kind}"] for kind, how in FILMS.items()]
    programs += [[*FFMPEG, *FILM[4:], *how, f"{directory}/{kind}.{kind}"] for kind, how in SOUNDS.items()]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for done in pool.map(lambda argv: subprocess.run(argv, capture_output=True, stdin=subprocess.DEVNULL, check=False), programs):
            assert done.returncode == 0, (done.args, done.stderr[-1000:])
    for file in list(directory.iterdir()):
        if file.suffix:
            file.rename(directory / file.stem)


@pytest.fixture(scope="module")
def recipes():
    """name → text."""
    found = dict(re.findall(r"(?ms)^recipe ([\w-]+) \{(.*?)^\}", shipped.text()))
    assert len(found) > 5
    return found


@pytest.fixture(scope="module")
def daemons(tmp_path_factory):
    """whether with sluice-picture → one that starts each program when it is needed, and one that holds what can be held."""
    root = tmp_path_factory.mktemp("media")
    make_sources(root)
    started = {True: [], False: []}
    for start, whole in itertools.product(("cold", "warm"), started):
        daemon = Daemon(start=False)

        def change(text, start=start):
            text = re.sub(r"(?m)^(recipe [\w-]+ \{)$", rf"\1\n    start = {start}\n    queue_timeout = 240s", text)
            return shipped.patient(text)

        text = shipped.CONFIG.read_text() if whole else shipped.without_sluice_picture(shipped.CONFIG.read_text())
        text = change(re.sub(r"(?m)^(listen|root|user|socket_group) *=.*$", "", text))
        Path(daemon.config).write_text(f'listen = "unix:{daemon.socket}"\nroot = "{root}"\ntemp_path = "{daemon.temp}"\n' + text)
        shipped.put_beside(daemon.directory, change)
        started[whole].append(daemon.start())
    try:
        yield started
    finally:
        for daemon in itertools.chain(*started.values()):
            daemon.close()


def test_every_recipe_and_every_source_is_asked(recipes):
    assert recipes.keys() == ASKED.keys()
    for name, text in recipes.items():
        sources = set(re.findall(r'"([^"]+)"', re.search(r"(?s)sources *= \{(.*?)\}", text)[1]))
        sources = {source.removesuffix(" plain") for source in sources}
        assert sources - (REFUSED if name.startswith("animation") else set()) == set(ASKED[name][0]), name


@pytest.mark.parametrize("name", ASKED)
def test_deterministic_is_what_is(name, recipes, daemons):
    kinds, path, variants = ASKED[name]
    # What ImageMagick makes alone, it is asked alone.
    daemons = daemons[name.startswith("picture")]
    # What reads a source knows nothing of the format: each source in one format, and each format of one source.
    urls = [path.format(kind.replace(" ", "_")) + variant for kind in kinds for variant in variants
            if kind == kinds[0] or variant == variants[0]]

    def ask(job):
        daemon, url = job
        answer = daemon.get(url, timeout=300 * SLOW)
        assert answer.status == 200 and answer.ended and answer.body, (url, answer)
        return bytes(answer.body), answer.headers["etag"]

    rounds = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for number in range(2):
            begun = time.time()
            rounds += [list(pool.map(ask, [(daemon, url) for url in urls])) for daemon in daemons]
            # Times that are written into a result have seconds.
            time.sleep(max(0, begun + 1.05 - time.time()) * (number == 0))
    differ = [url for url, *answers in zip(urls, *rounds) if len({body for body, _ in answers}) > 1]
    says = re.search(r"(?m)^ *deterministic *= *true\b", recipes[name]) is not None
    assert says == (not differ), differ
    assert {tag.startswith("W/") for answers in rounds for _, tag in answers} == {not says}


def test_both_starts_were_tried(daemons):
    for pair in daemons.values():
        cold, warm = ({line["start"] for line in daemon.log.requests() if "start" in line} for daemon in pair)
        assert cold == {"cold"} and "warm" in warm
