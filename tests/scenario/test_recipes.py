# SPDX-License-Identifier: MIT
"""The shipped etc/sluice.conf, and what it includes, with Debian's own programs, on media of every kind: what comes out is decoded and looked at."""

import base64
import json
import os
import re
import subprocess

import pytest

import media
import shipped
from daemon import SLOW, SLUICE, quote

CONVERT, IDENTIFY, FFMPEG, FFPROBE = (f"/usr/bin/{name}" for name in ("convert", "identify", "ffmpeg", "ffprobe"))
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
GRID = (40, 30)


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    directory = media.make_samples(tmp_path_factory.mktemp("media"))
    media.make_harmless(directory)
    media.make_broken(directory)
    return directory


@pytest.fixture(scope="session")
def site(root, tmp_path_factory):
    """render(URL) -> Answer, with the shipped file; root and listen are changed, as an administrator would, and the deadlines are
    longer: the machine may be busy, and the programs give way to others."""
    directory = tmp_path_factory.mktemp("site")
    text = shipped.CONFIG.read_text()
    text, listens = re.subn(r'(?m)^listen *=.*$', f"listen = {quote(f'unix:{directory}/sock')}", text)
    text, roots = re.subn(r'(?m)^root *=.*$', f"root = {quote(root)}", text)
    assert (listens, roots) == (1, 1)
    text = re.sub(r"(?m)^(user|socket_group) *=.*$", "", text)  # there may be no such user here
    config = directory / "sluice.conf"
    config.write_text(shipped.patient(text))
    shipped.put_beside(directory)
    return Site(config, directory)


class Site:
    def __init__(self, config, temp):
        self.config = config
        self.environment = {**ENVIRONMENT, "TMPDIR": str(temp),
                            **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}}

    def command(self, url, *options):
        return [SLUICE, "render", "-c", str(self.config), *options, url]

    def __call__(self, url, *options):
        done = subprocess.run(self.command(url, *options), capture_output=True, stdin=subprocess.DEVNULL, env=self.environment,
                              timeout=300 * SLOW)
        return Answer(done)

    def good(self, url, kind=None):
        answer = self(url)
        assert (answer.status, answer.exit) == (200, 0), answer.stderr
        assert kind is None or answer.fields["content-type"] == kind, answer.fields
        return answer.body

    def refused(self, url, status=422):
        """No 200, or one whose stream visibly breaks; never a body that a client would take for the whole."""
        answer = self(url)
        assert answer.exit != 0, answer.stderr
        if answer.status != 200:
            assert answer.status == status, answer.stderr
        return answer


class Answer:
    def __init__(self, done):
        self.exit, self.body = done.returncode, done.stdout
        self.stderr = done.stderr.decode(errors="replace")
        fields = re.findall(r"(?m)^([A-Za-z-]+): (.*)$", self.stderr)
        self.fields = {name.lower(): value.strip() for name, value in fields}
        self.status = int(self.fields["status"].split()[0]) if "status" in self.fields else 200


def program(*argv, data):
    done = subprocess.run([str(a) for a in argv], input=data, capture_output=True, env=ENVIRONMENT, timeout=60)
    assert done.returncode == 0, (argv, done.stderr)
    return done.stdout


def frames(picture):
    """One dict for each frame: format, width, height, channels, depth, delay in 1/100 s, interlace."""
    lines = program(IDENTIFY, "-format", "%m %W %H %[channels] %z %T %[interlace]\n", "-", data=picture).decode().split("\n")
    keys = ("format", "width", "height", "channels", "depth", "delay", "interlace")
    return [{k: int(v) if v.isdigit() else v for k, v in zip(keys, line.split())} for line in lines if line]


def size(picture):
    first = frames(picture)[0]
    return first["width"], first["height"]


def raster(picture, frame=0, grid=GRID):
    """The picture on a coarse grid: rows of (r, g, b), as somebody sees it on black."""
    data = program(CONVERT, "-", "-coalesce", "-background", "black", "-alpha", "remove", "-alpha", "off",
                   "-colorspace", "sRGB", "-filter", "Box", "-resize", f"{grid[0]}x{grid[1]}!", "-depth", "8", "rgb:-",
                   data=picture)
    each = 3 * grid[0] * grid[1]
    data = data[frame * each:(frame + 1) * each]
    assert len(data) == each
    return [[tuple(data[3 * (y * grid[0] + x):][:3]) for x in range(grid[0])] for y in range(grid[1])]


def at(picture, where, frame=0):
    return raster(picture, frame)[int(where[1] * GRID[1])][int(where[0] * GRID[0])]


def near(colour, wanted, tolerance=14):
    return all(abs(a - b) <= tolerance for a, b in zip(colour, wanted))


def assert_scene(picture, tolerance=14):
    rows = raster(picture)
    for (x, y), wanted in media.SCENE.items():
        colour = rows[int(y * GRID[1])][int(x * GRID[0])]
        assert near(colour, wanted, tolerance), ((x, y), colour, wanted)


def probe(data, *options):
    out = program(FFPROBE, "-v", "error", "-of", "json", *options, "-", data=data)
    return json.loads(out)


def streams(data):
    return probe(data, "-show_streams")["streams"]


def codecs(data):
    return [stream["codec_name"] for stream in streams(data)]


def decoded(data):
    """The number of pictures that are really in it."""
    out = program(FFMPEG, "-v", "error", "-i", "-", "-map", "0:v", "-f", "framecrc", "-", data=data)
    return len([line for line in out.splitlines() if not line.startswith(b"#")])


def square(second):
    return media.SECONDS[second]


# ---- thumbnail ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(1, 9))
def test_every_orientation_comes_out_upright(site, number):
    body = site.good(f"/orientation-{number}.jpg?size=400x300&format=jpeg", "image/jpeg")
    assert size(body) == (400, 300)
    assert_scene(body)


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_metadata_are_gone(site, root, kind):
    assert media.CAMERA.encode() in (root / "orientation-6.jpg").read_bytes()
    body = site.good(f"/orientation-6.jpg?size=400x300&format={kind}", f"image/{kind}")
    for trace in (media.CAMERA.encode(), b"Exif", b"EXIF", b"XMP", b"ICC", b"iCCP", b"date:", b"Thumb::", b"/dev/fd", b"fd:3"):
        assert trace not in body, trace


@pytest.mark.parametrize("query,expected", [
    ("size=300x200", (267, 200)), ("size=300x", (300, 225)), ("size=x90", (120, 90)), ("size=200", (200, 150)),
    ("size=300x200&fit=cover", (300, 200)), ("size=90x200&fit=cover", (90, 200)), ("size=300x100&fit=fill", (300, 100)),
    ("size=2000x2000", (2000, 1500)), ("size=1600x1200", (1600, 1200)), ("size=1601x", (1601, 1201)),
    ("size=200x200&rotate=90", (150, 200)), ("size=200x200&rotate=45", (200, 200)), ("size=1x1", (1, 1)),
])
def test_sizes(site, query, expected):
    assert size(site.good(f"/landscape.jpg?{query}&format=png")) == expected


def test_cover_keeps_the_side_that_gravity_names(site):
    south = site.good("/landscape.jpg?size=200x50&fit=cover&gravity=south&format=png")
    north = site.good("/landscape.jpg?size=200x50&fit=cover&gravity=north&format=png")
    assert near(at(south, (0.9, 0.9)), media.SCENE[0.90, 0.95]) and near(at(north, (0.05, 0.1)), media.SCENE[0.05, 0.05])


def test_turned_by_a_quarter(site):
    body = site.good("/landscape.jpg?size=200x200&rotate=90&format=png")
    assert near(at(body, (0.8, 0.8)), media.SCENE[0.80, 0.20])  # the sun goes from the upper right to the lower right


@pytest.mark.parametrize("name,tolerance", [("landscape.jpg", 14), ("progressive.jpg", 14), ("cmyk.jpg", 20), ("deep.png", 14),
                                            ("palette.png", 25), ("landscape.webp", 14), ("landscape.tiff", 14)])
def test_colours_of_every_kind_of_source(site, name, tolerance):
    body = site.good(f"/{name}?size=400x300&format=jpeg", "image/jpeg")
    assert_scene(body, tolerance)
    assert frames(body)[0]["channels"] == "srgb" and frames(body)[0]["depth"] == 8


def test_grey_stays_grey(site):
    for row in raster(site.good("/gray.jpg?size=400x300&format=jpeg"))[::7]:
        assert all(max(colour) - min(colour) <= 2 for colour in row)


def to_srgb(colour):
    """From the wide space to sRGB, as the standards say it: gamma 563/256, both with D65, clipped."""
    linear = [(v / 255) ** (563 / 256) for v in colour]
    xyz = [sum(m * v for m, v in zip(row, linear)) for row in ((0.57667, 0.18556, 0.18823), (0.29734, 0.62736, 0.07529),
                                                               (0.02703, 0.07069, 0.99134))]
    rgb = [sum(m * v for m, v in zip(row, xyz)) for row in ((3.24045, -1.53714, -0.49853), (-0.96927, 1.87601, 0.04156),
                                                            (0.05564, -0.20403, 1.05723))]
    rgb = [min(1.0, max(0.0, v)) for v in rgb]
    return tuple(round(255 * (12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055)) for v in rgb)


def test_a_profile_is_converted_to_srgb(site):
    body = site.good("/wide.jpg?size=400x300&format=png&quality=100")
    for where, stored in media.SCENE.items():
        assert near(at(body, where), to_srgb(stored)), (where, at(body, where), to_srgb(stored))
    assert not near(to_srgb(media.SCENE[0.90, 0.95]), media.SCENE[0.90, 0.95])  # or the test proves nothing


def test_the_profile_in_the_shipped_file_is_ours():
    written = re.search(r"data:image/icc;base64,([A-Za-z0-9+/=]+)", shipped.text()).group(1)
    assert base64.b64decode(written) == media.icc_srgb()


@pytest.mark.parametrize("query,corner", [("", (255, 255, 255)), ("&background=ffcc00", (255, 204, 0)), ("&background=red", (255, 0, 0))])
def test_alpha_is_flattened_for_jpeg(site, query, corner):
    body = site.good(f"/alpha.png?size=400x300&format=jpeg{query}")
    assert near(at(body, (0.03, 0.03)), corner, 4) and near(at(body, (0.5, 0.5)), (30, 80, 200), 6)


@pytest.mark.parametrize("kind", ["png", "webp", "gif"])
def test_alpha_is_kept_where_it_can_be(site, kind):
    body = site.good(f"/alpha.png?size=400x300&format={kind}", f"image/{kind}")
    corner = program(CONVERT, "-", "-coalesce", "-crop", "1x1+2+2", "+repage", "-alpha", "extract", "-depth", "8", "gray:-", data=body)
    middle = program(CONVERT, "-", "-coalesce", "-crop", "1x1+200+150", "+repage", "-alpha", "extract", "-depth", "8", "gray:-", data=body)
    assert (corner, middle) == (b"\0", b"\xff")


def test_an_opaque_picture_gets_no_alpha(site):
    assert frames(site.good("/landscape.jpg?size=100x100&format=png"))[0]["channels"] == "srgb"


@pytest.mark.parametrize("name", ["animation.gif", "animation.webp"])
@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_an_animation_keeps_moving_when_asked(site, name, kind):
    body = site.good(f"/{name}?size=120x80&animate=1&format={kind}", f"image/{kind}")
    found = frames(body)
    assert [(f["width"], f["height"], f["delay"]) for f in found] == [(120, 80, 20)] * 4
    for index, colour in enumerate(((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0))):
        where = ((40 + 53 * index) / 240, 0.5)
        assert near(at(body, where, index), colour, 40), (index, at(body, where, index))
        assert near(at(body, (0.5, 0.03), index), (229, 229, 229), 12)  # no scraps, no holes


@pytest.mark.parametrize("name,query", [("animation.gif", "format=gif"), ("animation.webp", "format=webp"),
                                        ("animation.gif", "animate=1&format=jpeg"), ("animation.gif", "animate=1&format=png"),
                                        ("pages.tiff", "format=png"), ("animation.gif", "animate=0&format=webp")])
def test_otherwise_it_is_the_first_frame(site, name, query):
    body = site.good(f"/{name}?size=120x80&{query}")
    assert len(frames(body)) == 1
    assert near(at(body, (40 / 240, 0.5)), (255, 0, 0), 40)
    assert not body.endswith(b"\xff\xd9") or body.count(b"\xff\xd9") == 1


@pytest.mark.parametrize("accept,kind", [("image/webp,*/*", "webp"), ("image/avif,image/webp,image/png,*/*;q=0.5", "avif"),
                                         ("image/png,image/jpeg;q=0.5", "jpeg"), ("image/png", "png"), ("*/*", "jpeg"), ("", "jpeg")])
def test_the_format_is_what_the_client_likes_best(site, accept, kind):
    answer = site("/landscape.jpg?size=100x100", "-H", f"Accept: {accept}") if accept else site("/landscape.jpg?size=100x100")
    assert answer.fields["content-type"] == f"image/{kind}" and "Accept" in answer.fields["vary"]
    assert frames(answer.body)[0]["format"].lower() == {"avif": "heic"}.get(kind, kind)  # ImageMagick has one name for both


def test_quality_counts(site):
    low, high = (len(site.good(f"/landscape.jpg?size=600x600&format=jpeg&quality={q}")) for q in (30, 95))
    assert low * 2 < high


# ---- photos that programs grumble about, and files that are no pictures any more ------------------------------------------


HARMLESS = ["odd-exif-garbage.jpg", "odd-exif-cut.jpg", "odd-exif-orientation-99.jpg", "odd-trailing.jpg", "odd-trailing-jpeg.jpg",
            "odd-extraneous.jpg", "odd-adobe.jpg", "odd-iccp.png", "odd-grey-profile.png", "odd-text-crc.png", "odd-trailing.png",
            "odd-trailing.gif", "odd-trailing.webp", "odd-tags.tiff", "gif-called.jpg"]


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_oddity_converts(site, name):
    assert max(size(site.good(f"/{name}?size=200x200&format=jpeg", "image/jpeg"))) == 200


LABELS = [*media.CUTS, "last"]


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("name", media.CUT_PICTURES)
def test_part_of_a_picture_is_no_picture(site, name, label):
    assert site.refused(f"/cut-{label}-{name}?size=200x200&format=jpeg").body == b""


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("name", ["animation.gif", "animation.webp"])
def test_part_of_an_animation_is_no_animation(site, name, label):
    site.refused(f"/cut-{label}-{name}?size=200x200&animate=1&format=webp")


@pytest.mark.parametrize("name,status", [("noise.jpg", 422), ("noise.png", 422), ("noise.gif", 422), ("text.jpg", 415), ("empty.jpg", 415),
                                         ("clip.mp4", 415), ("absent.jpg", 404)])
def test_what_is_no_picture(site, root, name, status):
    answer = site.refused(f"/{name}?size=200x200", status)
    told = "".join(line for line in answer.stderr.splitlines() if " request id=" not in line)
    assert answer.status == status and str(root) not in told and "/fd" not in told


@pytest.mark.parametrize("query", ["", "size=0x0", "size=5000x5000", "size=99x99&quality=0", "size=99x99&format=svg", "size=99x99&fit=crop",
                                   "size=99x99&rotate=-1", "size=99x99&rotate=360", "size=99x99&background=$x", "size=99x99&size=9x9",
                                   "size=99x99&animate=2", "size=99x99&colour=red", "size=99x99!", "size=%2d1x9"])
def test_a_wrong_parameter_never_reaches_the_program(site, query):
    site.refused(f"/landscape.jpg?{query}", 400)


# ---- requantize ----------------------------------------------------------------------------------------------------------


def test_requantize(site, root):
    body = site.good("/requantize/landscape.jpg?quality=50", "image/jpeg")
    assert size(body) == media.SCENE_SIZE and len(body) < (root / "landscape.jpg").stat().st_size / 2
    assert_scene(body)
    assert frames(body)[0]["interlace"] == "JPEG"
    half = site.good("/requantize/landscape.jpg?scale=4")
    assert size(half) == (800, 600)
    assert_scene(half)
    assert_scene(site.good("/requantize/cmyk.jpg"), 20)


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("name", ["landscape.jpg", "progressive.jpg"])
def test_requantize_of_a_part(site, name, label):
    site.refused(f"/requantize/cut-{label}-{name}")


def test_requantize_takes_jpeg_only(site):
    site.refused("/requantize/deep.png", 415)
    site.refused("/requantize/landscape.jpg?quality=96", 400)
    for name in [name for name in HARMLESS if name.startswith("odd-") and name.endswith(".jpg")]:
        site.good(f"/requantize/{name}", "image/jpeg")


# ---- frame ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", media.CUT_CLIPS)
@pytest.mark.parametrize("when,second", [("0", 0), ("0.9", 0), ("1", 1), ("3.5", 3), ("0:06.2", 6), ("7.9", 7)])
def test_the_frame_of_that_time(site, name, when, second):
    body = site.good(f"/frame/{name}?at={when}&format=png", "image/png")
    assert size(body) == media.CLIP_SIZE
    assert near(at(body, (0.1, 0.1)), square(second), 30), at(body, (0.1, 0.1))


@pytest.mark.parametrize("name,second", [("odd-open-gop.mp4", 6), ("odd-short-sound.mp4", 6), ("odd-one-frame.mp4", 0),
                                         ("odd-fragments.mp4", 6), ("odd-recorded.webm", 6), ("odd-trailing.mp4", 6)])
def test_odd_but_sound_clips(site, name, second):
    body = site.good(f"/frame/{name}?at={second and second - 0.5}&format=png")
    assert near(at(body, (0.1, 0.1)), square(second and second - 1), 30), at(body, (0.1, 0.1))
    site.good(f"/preview/{name}?at={second and second - 0.5}")
    site.good(f"/watch/{name}?at={second and second - 0.5}")


def test_a_turned_clip_comes_out_upright(site):
    assert size(site.good("/frame/odd-turned.mp4?size=90x&format=png")) == (90, 160)


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_frame_formats(site, kind):
    body = site.good(f"/frame/clip.mp4?at=2.5&format={kind}", f"image/{kind}")
    found = frames(body)
    assert len(found) == 1 and found[0]["format"].lower() == kind
    assert near(at(body, (0.1, 0.1)), square(2), 30)


@pytest.mark.parametrize("query,expected", [("size=320x", (320, 180)), ("size=x90", (160, 90)), ("size=200x200", (200, 113)),
                                            ("size=900x180", (320, 180))])
def test_frame_sizes(site, query, expected):
    got = size(site.good(f"/frame/clip.mp4?{query}&format=png"))
    assert all(abs(a - b) <= 1 for a, b in zip(got, expected)), got


def test_a_frame_behind_the_end(site):
    for recipe in ("frame", "preview", "watch", "listen"):
        assert "8.000 seconds" in site.refused(f"/{recipe}/clip.mp4?at=1:00", 400).stderr


CUT_CLIPS = [f"cut-{label}-{name}" for name in media.CUT_CLIPS for label in LABELS]


@pytest.mark.parametrize("name", CUT_CLIPS + ["noise.mp4", "noise.webm"])
def test_part_of_a_clip_gives_no_frame_and_no_preview(site, name):
    """Also when the frame that is wanted lies in the part that is there."""
    assert site.refused(f"/frame/{name}?at=0.5").body == b""
    assert site.refused(f"/preview/{name}?length=0.5").body == b""


# ---- preview -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["webp", "gif"])
def test_preview(site, kind):
    body = site.good(f"/preview/clip.webm?at=1.5&length=2&fps=5&size=160x&format={kind}", f"image/{kind}")
    found = frames(body)
    assert abs(len(found) - 10) <= 1 and all(f["delay"] == 20 for f in found[:-1])
    assert size(body) == (160, 90)
    assert near(at(body, (0.1, 0.1), 0), square(1), 60) and near(at(body, (0.1, 0.1), 5), square(2), 60)
    assert near(at(body, (0.1, 0.1), 9), square(3), 60)
    assert b"NETSCAPE2.0\x03\x01\0\0" in body or b"ANIM\x06\0\0\0\xff\xff\xff\xff\0\0" in body \
        or re.search(rb"ANIM\x06\0\0\0....\0\0", body, re.DOTALL)  # for ever


def test_preview_is_bounded(site):
    for query in ("length=11", "fps=50", "size=800x800", "length=0"):
        site.refused(f"/preview/clip.mp4?{query}", 400)


# ---- watch ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", media.CUT_CLIPS + ["odd-trailing.mp4"])
def test_watch(site, name):
    body = site.good(f"/watch/{name}?height=180", "video/mp4")
    assert codecs(body) == (["h264"] if name == "silent.mp4" else ["h264", "aac"])
    video = streams(body)[0]
    assert (video["width"], video["height"], video["pix_fmt"]) == (320, 180, "yuv420p")
    assert abs(decoded(body) - 25 * media.CLIP_SECONDS) <= 1


def test_watch_from_there(site):
    body = site.good("/watch/clip.webm?at=5&height=180")
    assert abs(decoded(body) - 25 * 3) <= 1
    picture = program(FFMPEG, "-v", "error", "-i", "-", "-frames:v", "1", "-f", "image2pipe", "-c:v", "png", "-", data=body)
    assert near(at(picture, (0.1, 0.1)), square(5), 40)


def test_watch_never_enlarges(site):
    assert streams(site.good("/watch/silent.mp4?height=1080&at=6"))[0]["height"] == media.CLIP_SIZE[1]


def test_watch_plays_while_it_is_being_made(site):
    """The first part of the answer shows pictures, with sound, while the program still works on the rest."""
    with subprocess.Popen(site.command("/watch/clip.mp4"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=site.environment) as render:
        part = b""
        while len(part) < 200000:
            more = os.read(render.stdout.fileno(), 65536)
            assert more, render.stderr.read()
            part += more
        assert render.poll() is None
        rest, _ = render.communicate(timeout=60 * SLOW)
        assert render.returncode == 0 and len(rest) > 100000
    assert part[4:8] == b"ftyp" and part.index(b"moov") < part.index(b"moof") < part.index(b"mdat")
    assert codecs(part) == ["h264", "aac"]
    done = subprocess.run([FFMPEG, "-v", "error", "-i", "-", "-map", "0:v", "-f", "framecrc", "-"], input=part, capture_output=True, timeout=60)
    assert len([line for line in done.stdout.splitlines() if not line.startswith(b"#")]) >= 12


@pytest.mark.parametrize("name", CUT_CLIPS)
def test_part_of_a_clip_breaks_the_stream(site, name):
    site.refused(f"/watch/{name}?height=90")


# ---- listen --------------------------------------------------------------------------------------------------------------


SOUNDS = ["tone.wav", "tone.mp3", "tone.ogg", "tone.opus", "tone.flac", "tone.m4a", "clip.mp4", "clip-tail.mp4", "clip.webm", "clip.mkv"]


@pytest.mark.parametrize("name", SOUNDS)
@pytest.mark.parametrize("kind,media_type,codec", [("mp3", "audio/mpeg", "mp3"), ("opus", "audio/ogg", "opus")])
def test_listen(site, name, kind, media_type, codec):
    assert codecs(site.good(f"/listen/{name}?format={kind}", media_type)) == [codec]
    wave = program(FFMPEG, "-v", "error", "-i", "-", "-ac", "1", "-ar", "8000", "-f", "s16le", "-",
                   data=site.good(f"/listen/{name}?format={kind}&at=1"))
    wanted = (media.CLIP_SECONDS if name.startswith("clip") else 6) - 1
    assert abs(len(wave) / 16000 - wanted) < 0.3


# In MP3 and Ogg nothing says how much there should be: half a song is a shorter song.
@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("name", ["tone.wav", "tone.flac", "tone.m4a", "clip.mp4", "clip-tail.mp4", "clip.webm"])
def test_part_of_a_sound_breaks_the_stream(site, name, label):
    site.refused(f"/listen/cut-{label}-{name}")


def test_nothing_to_hear(site):
    site.refused("/listen/silent.mp4")
    site.refused("/listen/landscape.jpg", 415)
