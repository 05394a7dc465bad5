# SPDX-License-Identifier: MIT
"""Films and sounds of every kind through the shipped recipes: what comes out is held against how each file was made, with
Pillow, ffprobe and plain FFmpeg. As a program it runs the same files and prints the table of doc/recipes.md."""

import io
import json
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import shipped  # noqa: E402
from daemon import SLOW, Daemon  # noqa: E402

FFMPEG, FFPROBE = "/usr/bin/ffmpeg", "/usr/bin/ffprobe"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
W, H, RATE, SECONDS = 160, 120, 10, 4
# What fills the picture in each second; the upper left quarter is white.
COLOURS = [(200, 40, 40), (40, 160, 60), (50, 60, 190), (190, 130, 60)]
WHITE = (235, 235, 235)
BARS = [(254, 0, 0), (0, 255, 0), (0, 0, 254), (192, 128, 64)]
TYPES = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp", "gif": "image/gif"}


def program(*argv, data=None):
    done = subprocess.run([str(a) for a in argv], input=data, capture_output=True, env=ENVIRONMENT, timeout=60 * SLOW, check=False)
    assert done.returncode == 0, (argv, done.stderr[-2000:])
    return done.stdout


def ffmpeg(*argv, data=None):
    return program(FFMPEG, "-nostdin" if data is None else "-hide_banner", "-v", "error", "-y", "-threads", "1", *argv, data=data)


# ---- the files ------------------------------------------------------------------------------------------------------------

X264 = ["-c:v", "libx264", "-preset", "veryfast", "-qp", "8", "-g", "15", "-threads", "1"]
AAC, MP2, MP3, VORBIS, OPUS = (["-c:a", codec] for codec in ("aac", "mp2", "libmp3lame", "libvorbis", "libopus"))
# The table's name of the kind → file, how FFmpeg writes it.
KINDS = {
    "MP4, H.264": ("h264.mp4", [*X264, *AAC, "-movflags", "+faststart"]),
    "MP4, H.264, index behind": ("tail.mp4", [*X264, *AAC]),
    "MP4 in fragments": ("fragments.mp4", [*X264, *AAC, "-movflags", "frag_keyframe+empty_moov"]),
    "MP4, H.265": ("h265.mp4", ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "qp=8:log-level=none:pools=1", *AAC]),
    "MP4, AV1": ("av1.mp4", ["-c:v", "libsvtav1", "-preset", "10", "-qp", "10", *AAC]),
    "MP4, MPEG-4": ("mpeg4.mp4", ["-c:v", "mpeg4", "-q:v", "2", *AAC]),
    "MOV, H.264": ("h264.mov", [*X264, *AAC]),
    "MOV, ProRes": ("prores.mov", ["-c:v", "prores_ks", "-c:a", "pcm_s16le"]),
    "MOV, Motion JPEG": ("mjpeg.mov", ["-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p", "-c:a", "pcm_s16le"]),
    "Matroska, H.264": ("h264.mkv", [*X264, *AAC]),
    "Matroska, FFV1, FLAC": ("ffv1.mkv", ["-c:v", "ffv1", "-c:a", "flac"]),
    "WebM, VP8, Vorbis": ("vp8.webm", ["-c:v", "libvpx", "-b:v", "2M", "-qmax", "10", "-cpu-used", "8", "-deadline", "realtime", *VORBIS]),
    "WebM, VP9, Opus": ("vp9.webm", ["-c:v", "libvpx-vp9", "-b:v", "2M", "-qmax", "10", "-cpu-used", "8", "-deadline", "realtime", *OPUS]),
    "WebM without sizes": ("live.webm", ["-c:v", "libvpx", "-b:v", "2M", "-qmax", "10", "-cpu-used", "8", "-deadline", "realtime", *OPUS, "-live", "1"]),
    "AVI, MPEG-4, MP3": ("mpeg4.avi", ["-c:v", "mpeg4", "-q:v", "2", *MP3]),
    "AVI, Motion JPEG": ("mjpeg.avi", ["-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p", "-c:a", "pcm_s16le"]),
    "MPEG-TS, H.264": ("h264.ts", [*X264, *AAC]),
    "MPEG-TS, MPEG-2": ("mpeg2.ts", ["-r", "25", "-c:v", "mpeg2video", "-q:v", "2", *MP2]),
    "MPEG-PS, MPEG-2": ("mpeg2.mpg", ["-r", "25", "-c:v", "mpeg2video", "-q:v", "2", *MP2]),
    "MPEG-PS, MPEG-1": ("mpeg1.mpg", ["-r", "25", "-c:v", "mpeg1video", "-q:v", "2", *MP2, "-f", "mpeg"]),
}
SOUNDS = {
    "WAV": ("s.wav", ["-c:a", "pcm_s16le"]), "WAV, 24 bits": ("s24.wav", ["-c:a", "pcm_s24le"]), "AIFF": ("s.aiff", []),
    "FLAC": ("s.flac", []), "MP3": ("s.mp3", [*MP3]), "Ogg Vorbis": ("s.ogg", [*VORBIS]), "Ogg Opus": ("s.opus", [*OPUS]),
    "ADTS (AAC)": ("s.aac", [*AAC]), "M4A, AAC": ("s.m4a", [*AAC]), "M4A, ALAC": ("alac.m4a", ["-c:a", "alac"]),
    "Matroska, Opus": ("s.mka.mkv", [*OPUS]), "WebM, Vorbis": ("s.webm", [*VORBIS]), "AVI, PCM": ("s.avi", ["-c:a", "pcm_s16le"]),
    "MPEG-TS, AAC": ("s.ts", [*AAC, "-f", "mpegts"]),
}


def picture(colour, size=(W, H)):
    image = Image.new("RGB", size, colour)
    image.paste(WHITE, (0, 0, size[0] // 2, size[1] // 2))
    return image.tobytes()


def to_yuv(matrix="bt601", pixels="yuv420p", rate="tv", tag=None):
    names = {"bt601": "smpte170m", "bt709": "bt709", "bt2020": "bt2020nc"}
    made = f"scale=out_color_matrix={matrix}:out_range={rate}:flags=accurate_rnd+full_chroma_inp,format={pixels}"
    tag = tag if tag is not None else names[matrix]
    return ["-vf", made, *(["-colorspace", tag, "-color_primaries", tag if tag == "bt709" else "smpte170m", "-color_trc", "bt709",
                            "-color_range", rate] if tag else [])]


def make_films(directory):
    raw = b"".join(picture(colour) * RATE for colour in COLOURS)
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{W}x{H}", "-r", str(RATE), "-i", "-",
              "-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={SECONDS}"]
    for name, options in KINDS.values():
        plain = "mjpeg" in name
        ffmpeg(*source, *(to_yuv(rate="pc" if plain else "tv", pixels="yuvj420p" if plain else "yuv422p10" if "prores" in name else "yuv420p")),
               *options, directory / name, data=raw)


def bars(directory, name, options, size=(480, 240), colours=BARS, codec=None):
    image = Image.new("RGB", size)
    for index, colour in enumerate(colours):
        image.paste(colour, (index * size[0] // len(colours), 0, (index + 1) * size[0] // len(colours), size[1]))
    ffmpeg("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", "10", "-i", "-", *options, *(codec or X264),
           directory / name, data=image.tobytes() * 5)


# Name → matrix, tag, pixel format, range, size.
MEANINGS = {
    "c-709.mp4": ("bt709", None, "yuv420p", "tv", (480, 240)), "c-601.mp4": ("bt601", None, "yuv420p", "tv", (480, 240)),
    "c-2020.mp4": ("bt2020", None, "yuv420p", "tv", (480, 240)), "c-full.mp4": ("bt709", None, "yuv420p", "pc", (480, 240)),
    "c-709-10.mp4": ("bt709", None, "yuv420p10", "tv", (480, 240)), "c-709-444.mp4": ("bt709", None, "yuv444p", "tv", (480, 240)),
    "c-709-422.mkv": ("bt709", None, "yuv422p", "tv", (480, 240)), "c-709.mkv": ("bt709", None, "yuv420p", "tv", (480, 240)),
    "c-no-word.mp4": ("bt601", "", "yuv420p", "tv", (480, 240)), "c-no-word-hd.mp4": ("bt709", "", "yuv420p", "tv", (1280, 720)),
    "c-no-word-hd.mkv": ("bt709", "", "yuv420p", "tv", (1280, 720)), "c-601-hd.mp4": ("bt601", None, "yuv420p", "tv", (1280, 720)),
}


def make_colours(directory):
    for name, (matrix, tag, pixels, scale, size) in MEANINGS.items():
        bars(directory, name, to_yuv(matrix, pixels, scale, tag), size)
    x265 = ["-c:v", "libx265", "-preset", "ultrafast"]
    for name, transfer, nits in (("pq.mp4", "smpte2084", (203, 43, 1000)), ("pq.ts", "smpte2084", (203, 43, 1000)),
                                 ("hlg.ts", "arib-std-b67", (203, 43, 1000)), ("pq.mkv", "smpte2084", (203, 43, 1000)),
                                 ("hlg.mp4", "arib-std-b67", (203, 43, 1000))):
        levels = [pq(n) if transfer == "smpte2084" else hlg(n) for n in nits]
        luma = b"".join(struct.pack("<H", round(64 + 876 * level)) * 160 for level in levels) * 240
        chroma = struct.pack("<H", 512) * (240 * 120 * 2)
        tags = f"colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc:qp=4:log-level=none:pools=1"
        ffmpeg("-f", "rawvideo", "-pix_fmt", "yuv420p10le", "-s", "480x240", "-r", "10", "-i", "-", *x265, "-x265-params", tags,
               "-color_primaries", "bt2020", "-color_trc", transfer, "-colorspace", "bt2020nc", "-color_range", "tv", directory / name,
               data=(luma + chroma) * 5)


    for name in ("pq.mp4", "hlg.mp4", "pq.mkv"):
        data = (directory / name).read_bytes()
        bare = data.replace(b"colr", b"free").replace(b"\x55\xb0", b"\x55\xbf", 1)
        (directory / f"bare-{name}").write_bytes(bare)


def pq(nits):
    """SMPTE ST 2084."""
    y = (nits / 10000) ** (2610 / 16384)
    return ((3424 / 4096 + 2413 / 128 * y) / (1 + 2392 / 128 * y)) ** (2523 / 32)


def hlg(nits):
    """ARIB STD-B67, of a screen of 1,000 nit: its gamma of 1.2, and the curve."""
    light = (nits / 1000) ** (1 / 1.2)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    import math
    return math.sqrt(3 * light) if light <= 1 / 12 else a * math.log(12 * light - b) + c


def as_unknown(film, at):
    """A sound track of a kind that FFmpeg does not know; it would go by the `esds` whatever the name says."""
    esds = film.index(b"esds", at)
    return film[:at] + b"apac" + film[at + 4:esds] + b"dapa" + film[esds + 4:]


def make_odd_films(directory):
    film = directory / "h264.mp4"
    for name, sar in {"sar-64-45.mp4": "64/45", "sar-1-2.mp4": "1/2", "sar-4-3.mkv": "4/3"}.items():
        ffmpeg("-i", film, "-vf", f"setsar={sar}", *X264, "-c:a", "copy", directory / name)
    for angle in (90, 180, 270):
        ffmpeg("-i", film, "-c", "copy", "-metadata:s:v:0", f"rotate={angle}", directory / f"turned-{angle}.mp4")
    ffmpeg("-ss", "0.8", "-i", film, "-c", "copy", directory / "trimmed.mp4")  # an edit list, the key frame before it
    ffmpeg("-itsoffset", "0.7", "-i", film, "-i", film, "-map", "0:v", "-map", "1:a", "-c", "copy", directory / "late.mp4")
    cover = directory / "cover.jpg"
    Image.new("RGB", (300, 300), (255, 0, 255)).save(cover, quality=95)
    ffmpeg("-i", cover, "-i", film, "-map", "0", "-map", "1", "-c", "copy", directory / "cover-first.mkv")
    ffmpeg("-i", cover, "-i", film, "-map", "0", "-map", "1", "-c", "copy", directory / "cover-first.mp4")
    ffmpeg("-i", film, "-i", cover, "-map", "0", "-map", "1", "-c", "copy", "-disposition:v:1", "attached_pic", directory / "cover.mp4")
    ffmpeg("-i", film, "-frames:v", "1", "-an", "-c", "copy", directory / "one-frame.mp4")
    ffmpeg("-i", film, "-an", "-c", "copy", directory / "silent.mp4")
    ffmpeg("-i", film, "-f", "lavfi", "-i", f"sine=d={SECONDS}", "-map", "0", "-map", "1", "-c:v", "copy", *AAC, directory / "two.mp4")
    two = (directory / "two.mp4").read_bytes()
    (directory / "unknown-track.mp4").write_bytes(as_unknown(two, two.rindex(b"mp4a")))
    (directory / "unknown-first.mp4").write_bytes(as_unknown(two, two.index(b"mp4a")))
    ffmpeg("-i", film, "-f", "lavfi", "-i", f"sine=d={SECONDS}", "-map", "0", "-map", "1", "-c:v", "copy", *AAC, directory / "two.mkv")
    two = (directory / "two.mkv").read_bytes()
    at = two.index(b"A_AAC")
    (directory / "unknown-first.mkv").write_bytes(two[:at] + b"A_XXX" + two[at + 5:])
    data = film.read_bytes()
    (directory / "unknown-only.mp4").write_bytes(as_unknown(data, data.index(b"mp4a")))
    at = data.index(b"mp4a")
    (directory / "odd-name.mp4").write_bytes(data[:at] + b"apac" + data[at + 4:])
    (directory / "junk-behind.mp4").write_bytes(data + b"\0" * 512)
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=s=320x180:r=10:d={SECONDS}", *X264, directory / "wide.mp4")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x180:r=10:d=1,format=yuv444p,scale=853:481,setsar=1", *X264[:4], directory / "odd-size.mp4")


def make_sounds(directory):
    tone = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=3"]
    for name, options in SOUNDS.values():
        ffmpeg(*tone, *options, directory / name)
    ffmpeg(*tone, "-ac", "2", directory / "stereo.wav")
    ffmpeg(*tone, "-ac", "6", directory / "six.wav")
    wav = (directory / "s.wav").read_bytes()
    at = wav.index(b"data") + 4
    for name, size in {"wav-0.wav": 0, "wav-ff.wav": 0xFFFFFFFF, "wav-7f.wav": 0x7FFFFFFF}.items():
        riff = (size + 36) & 0xFFFFFFFF if size else 0
        (directory / name).write_bytes(wav[:4] + struct.pack("<I", riff) + wav[8:at] + struct.pack("<I", size) + wav[at + 4:])
    mp3, aac = (directory / "s.mp3").read_bytes(), (directory / "s.aac").read_bytes()
    tag = b"ID3\4\0\0\0\0\0\x14" + b"\0" * 20
    (directory / "glued.mp3").write_bytes(mp3 + mp3)
    (directory / "zeros.mp3").write_bytes(b"\0" * 3000 + mp3[45:])
    (directory / "tagged.aac").write_bytes(tag + aac)
    (directory / "junk.aac").write_bytes(tag + b"\0junk\0" * 40 + aac)
    for name in ("s.mp3", "s.aac", "s.ogg", "s.opus", "s.m4a"):
        data = bytearray((directory / name).read_bytes())
        middle = len(data) // 2
        data[middle:middle + 200] = bytes((n * 151 + 7) % 256 for n in range(200))
        (directory / f"damaged-{name}").write_bytes(data)


CUT = ["h264.mp4", "tail.mp4", "h264.mov", "h264.mkv", "vp9.webm", "mpeg4.avi", "s.wav", "s.aiff", "s.flac", "s.ogg", "s.opus", "s.m4a"]


def make_cut(directory):
    for name in CUT:
        data = (directory / name).read_bytes()
        (directory / f"half-{name}").write_bytes(data[:len(data) // 2])
        (directory / f"last-{name}").write_bytes(data[:-10])


def make_all(directory):
    make_films(directory)
    make_colours(directory)
    make_odd_films(directory)
    make_sounds(directory)
    make_cut(directory)


# ---- the daemon -----------------------------------------------------------------------------------------------------------


class Site:
    def __init__(self):
        text = re.sub(r"(?m)^(listen|root|user|socket_group) *=.*$", "", shipped.CONFIG.read_text())
        self.daemon = Daemon(shipped.patient(text), start=False)
        shipped.put_beside(self.daemon.directory)
        self.root = Path(self.daemon.root)
        make_all(self.root)
        self.daemon.start()

    def get(self, url, **more):
        return self.daemon.get(url, timeout=250, **more)

    def good(self, url, kind=None):
        answer = self.get(url)
        assert answer.status == 200 and answer.ended and not answer.broken, (url, answer, self.daemon.log.text()[-1500:])
        assert kind is None or answer.headers["content-type"] == kind
        return bytes(answer.body)


@pytest.fixture(scope="session")
def site():
    made = Site()
    try:
        yield made
        made.daemon.stop()
    finally:
        made.daemon.close()


def opened(data):
    return Image.open(io.BytesIO(data))


def near(found, wanted, tolerance=6):
    return all(abs(a - b) <= tolerance for a, b in zip(found, wanted))


def assert_scene(image, second, tolerance=6):
    image = image.convert("RGB")
    w, h = image.size
    for where, wanted in (((w * 3 // 4, h * 3 // 4), COLOURS[second]), ((w * 3 // 4, h // 4), COLOURS[second]), ((w // 4, h // 4), WHITE)):
        assert near(image.getpixel(where), wanted, tolerance), (second, where, image.getpixel(where), wanted)


def played(data):
    """(begin, length, picture) of each frame, in milliseconds. Equal ones that follow each other may have become one."""
    image, begin, shown = opened(data), 0, []
    for frame in range(image.n_frames):
        image.seek(frame)
        image.load()
        shown.append((begin, image.info["duration"], image.convert("RGB")))
        begin += image.info["duration"]
    return shown


def count(film):
    return sum(line.startswith(b"0") for line in ffmpeg("-i", "-", "-map", "0:v", "-f", "framecrc", "-", data=film).splitlines())


def probe(data):
    return json.loads(program(FFPROBE, "-v", "error", "-of", "json", "-show_streams", "-show_format", "-", data=data))


def still_of(film, at=0.0):
    """A picture of an answer that is a film, by plain FFmpeg."""
    return opened(ffmpeg("-i", "-", "-ss", str(at), "-frames:v", "1", "-f", "image2pipe", "-c:v", "png", "-vf",
                         "scale=in_color_matrix=auto:flags=accurate_rnd+full_chroma_int+full_chroma_inp,format=rgb24", "-", data=film))


def samples(data, channels=1):
    return ffmpeg("-i", "-", "-ac", str(channels), "-ar", "8000", "-f", "s16le", "-", data=data)


def length(data):
    return len(samples(data)) / 16000


def peak_db(data):
    done = subprocess.run([FFMPEG, "-hide_banner", "-i", "-", "-af", "volumedetect", "-f", "null", "-"], input=data, capture_output=True,
                          env=ENVIRONMENT, timeout=60, check=True)
    return float(re.search(rb"max_volume: (-?[\d.]+) dB", done.stderr).group(1))


# ---- films ----------------------------------------------------------------------------------------------------------------

FILMS = [name for name, _ in KINDS.values()]


@pytest.mark.parametrize("at,second", [("", 0), ("1.5", 1), ("3.95", 3)])
@pytest.mark.parametrize("name", FILMS)
def test_frame(site, name, at, second):
    query = f"?at={at}&format=png" if at else "?format=png"
    image = opened(site.good(f"/frame/{name}{query}", "image/png"))
    assert image.size == (W, H)
    assert_scene(image, second)


@pytest.mark.parametrize("name", FILMS)
def test_preview(site, name):
    shown = played(site.good(f"/preview/{name}?at=0.5&length=2&fps=5&size=80x&format=webp", "image/webp"))
    assert abs(shown[-1][0] + shown[-1][1] - 2000) <= 200
    assert all(begin % 200 == 0 and image.size == (80, 60) for begin, _, image in shown)
    for ms, second in ((0, 0), (300, 0), (700, 1), (1300, 1), (1700, 2)):
        assert_scene(next(image for begin, length, image in shown if begin <= ms < begin + length), second, 10)


@pytest.mark.parametrize("name", FILMS)
def test_watch(site, name):
    film = site.good(f"/watch/{name}?height=90", "video/mp4")
    video, sound = probe(film)["streams"]
    assert (video["codec_name"], video["width"], video["height"]) == ("h264", 120, 90)
    assert (sound["codec_name"], sound["channels"]) == ("aac", 1)
    rate = 25 if "mpeg2" in name or "mpeg1" in name else RATE
    assert video["color_space"] == "bt709" and abs(count(film) - SECONDS * rate) <= 2
    assert abs(length(film) - SECONDS) < 0.1
    assert_scene(still_of(film, 0.5), 0, 8)
    assert_scene(still_of(film, 2.5), 2, 8)


# ---- colours --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
@pytest.mark.parametrize("name", MEANINGS)
def test_colours_are_those_of_a_player(site, name, kind):
    image = opened(site.good(f"/frame/{name}?size=320x&format={kind}", TYPES[kind])).convert("RGB")
    for index, wanted in enumerate(BARS):
        found = image.getpixel((40 + 80 * index, image.height // 2))
        assert near(found, wanted), (index, found, wanted)


@pytest.mark.parametrize("name", ["c-709.mp4", "c-601.mp4", "c-full.mp4", "c-no-word.mp4", "c-no-word-hd.mp4"])
@pytest.mark.parametrize("recipe", ["preview", "watch"])
def test_colours_of_what_moves(site, name, recipe):
    if recipe == "watch":
        image = still_of(site.good(f"/watch/{name}?height=180"))
    else:
        image = opened(site.good(f"/preview/{name}?length=0.3&format=webp&size=320x")).convert("RGB")
    for index, wanted in enumerate(BARS):
        found = image.getpixel((image.width * (1 + 2 * index) // 8, image.height // 2))
        assert near(found, wanted, 8), (index, found, wanted)


@pytest.mark.parametrize("recipe", ["frame", "preview", "watch"])
@pytest.mark.parametrize("name", ["pq.mp4", "pq.mkv", "hlg.mp4", "pq.ts", "hlg.ts", "bare-pq.mp4", "bare-hlg.mp4", "bare-pq.mkv"])
def test_hdr_is_mapped_to_what_a_screen_shows(site, name, recipe):
    if recipe == "watch":
        image = still_of(site.good(f"/watch/{name}"))
    elif recipe == "frame":
        image = opened(site.good(f"/frame/{name}?format=jpeg"))
    else:
        image = opened(site.good(f"/preview/{name}?length=0.3&format=webp&size=480x"))
    image = image.convert("RGB")
    found = [image.getpixel((image.width * (1 + 2 * n) // 6, image.height // 2)) for n in range(3)]
    for colour, wanted in zip(found, (157, 89, 232)):
        assert near(colour, (wanted,) * 3, 6 if "pq" in name else 12), found


# ---- shapes ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name,query,expected", [
    ("sar-64-45.mp4", "", (228, 120)), ("sar-64-45.mp4", "size=200x200", (200, 105)), ("sar-1-2.mp4", "", (160, 240)),
    ("sar-1-2.mp4", "size=100x100", (67, 100)), ("sar-4-3.mkv", "size=x90", (160, 90)), ("turned-90.mp4", "", (120, 160)),
    ("turned-270.mp4", "size=60x", (60, 80)), ("turned-180.mp4", "", (160, 120)), ("wide.mp4", "size=320x", (320, 180)),
    ("wide.mp4", "size=319x", (319, 179)), ("wide.mp4", "size=x1", (2, 1)), ("wide.mp4", "size=1x", (1, 1)),
    ("odd-size.mp4", "", (853, 481)), ("odd-size.mp4", "size=320x", (320, 180)), ("wide.mp4", "size=640x", (640, 360)),
])
def test_shapes(site, name, query, expected):
    assert opened(site.good(f"/frame/{name}?{query}&format=png".replace("?&", "?"))).size == expected


@pytest.mark.parametrize("name,corner", [("turned-90.mp4", (1, 3)), ("turned-180.mp4", (3, 3)), ("turned-270.mp4", (3, 1))])
def test_turned_films_are_upright(site, name, corner):
    image = opened(site.good(f"/frame/{name}?format=png")).convert("RGB")
    for x in (1, 3):
        for y in (1, 3):
            wanted = WHITE if (x, y) == corner else COLOURS[0]
            assert near(image.getpixel((image.width * x // 4, image.height * y // 4)), wanted), (x, y)


@pytest.mark.parametrize("name,expected", [("sar-64-45.mp4", (228, 120)), ("turned-90.mp4", (120, 160)), ("odd-size.mp4", (854, 480)),
                                           ("sar-1-2.mp4", (80, 120))])
def test_shapes_of_watch(site, name, expected):
    video = probe(site.good(f"/watch/{name}"))["streams"][0]
    assert (video["width"], video["height"]) == expected and video["sample_aspect_ratio"] == "1:1"


# ---- which stream, and when -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cover-first.mkv", "cover-first.mp4", "cover.mp4"])
def test_a_cover_is_not_the_film(site, name):
    assert_scene(opened(site.good(f"/frame/{name}?at=1.5&format=png")), 1)
    assert_scene(still_of(site.good(f"/watch/{name}"), 1.5), 1, 8)
    assert_scene(played(site.good(f"/preview/{name}?format=webp&at=1.5"))[0][2], 1, 10)


@pytest.mark.parametrize("recipe", ["frame", "preview", "watch", "listen"])
def test_a_sound_track_that_nothing_decodes(site, recipe):
    site.good(f"/{recipe}/unknown-track.mp4")


@pytest.mark.parametrize("name", ["unknown-first.mp4", "unknown-first.mkv"])
def test_the_first_sound_that_can_be_decoded(site, name):
    video, sound = probe(site.good(f"/watch/{name}?height=90"))["streams"]
    assert (video["codec_name"], sound["codec_name"]) == ("h264", "aac")
    assert abs(length(site.good(f"/listen/{name}?format=mp3")) - SECONDS) < 0.1


def test_a_sound_whose_name_nobody_knows(site):
    assert len(probe(site.good("/watch/odd-name.mp4?height=90"))["streams"]) == 2
    site.good("/listen/odd-name.mp4")


def test_a_film_whose_only_sound_cannot_be_decoded_is_silent(site):
    assert [stream["codec_name"] for stream in probe(site.good("/watch/unknown-only.mp4?height=90"))["streams"]] == ["h264"]
    assert site.get("/listen/unknown-only.mp4").status == 422


def test_a_trimmed_film(site):
    """Its edit list begins behind the key frame; what lies before is not shown, wherever one looks."""
    duration = float(program(FFPROBE, "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", site.root / "trimmed.mp4"))
    assert_scene(opened(site.good("/frame/trimmed.mp4?format=png")), 0)
    assert_scene(opened(site.good("/frame/trimmed.mp4?at=0.5&format=png")), 1)
    assert_scene(opened(site.good(f"/frame/trimmed.mp4?at={duration - 0.01:.3f}&format=png")), 3)
    assert abs(count(site.good("/watch/trimmed.mp4")) - duration * RATE) <= 1
    site.good("/preview/trimmed.mp4?at=3")


def test_a_film_that_begins_late(site):
    for query in ("", "at=0&", "at=0.3&"):
        assert_scene(opened(site.good(f"/frame/late.mp4?{query}format=png")), 0)
    assert_scene(opened(site.good("/frame/late.mp4?at=2&format=png")), 1)


@pytest.mark.parametrize("name", ["h264.mp4", "h264.mkv", "vp9.webm", "mpeg4.avi"])
@pytest.mark.parametrize("recipe", ["frame", "preview", "watch", "listen"])
def test_behind_the_end(site, name, recipe):
    answer = site.get(f"/{recipe}/{name}?at=1:30")
    assert answer.status == 400 and re.match(r"at: the source ends at 4\.[01]\d\d seconds", answer.text), answer


@pytest.mark.parametrize("name", ["h264.ts", "mpeg2.mpg", "live.webm", "fragments.mp4"])
def test_behind_an_end_that_no_header_tells(site, name):
    assert site.get(f"/frame/{name}?at=1:30").status == 422


def test_one_frame_and_junk(site):
    assert_scene(opened(site.good("/frame/one-frame.mp4?format=png")), 0)
    assert_scene(opened(site.good("/frame/junk-behind.mp4?at=2.5&format=png")), 2)
    site.good("/watch/junk-behind.mp4")


def test_the_first_bytes_are_more_than_a_header(site):
    """What has no sound is refused, and no 200 was begun."""
    for name in ("silent.mp4", "one-frame.mp4"):
        assert site.get(f"/listen/{name}").status == 422
    assert site.get("/watch/s.m4a").status == 422


# ---- sounds ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name,kind", [(name, "mp3") for name, _ in SOUNDS.values()] + [
    (name, "opus") for name in ("s.wav", "s.opus", "alac.m4a", "h264.mp4", "h264.ts", "mpeg2.mpg", "mpeg4.avi")])
def test_sound(site, name, kind):
    data = site.good(f"/listen/{name}?format={kind}", {"mp3": "audio/mpeg", "opus": "audio/ogg"}[kind])
    stream = probe(data)["streams"][0]
    assert (stream["codec_name"], stream["channels"]) == (kind, 1)
    wanted = length((site.root / name).read_bytes()) if name.endswith(("mp3", "aac", "ogg", "opus", "flac", "wav")) else \
        3 if name.startswith(("s.", "alac")) else SECONDS
    assert abs(length(data) - wanted) < 0.1
    assert -19.5 < peak_db(data) < -15.5  # -18.1 in, with what AAC adds: mono is not made quieter


@pytest.mark.parametrize("name", ["s.wav", "s.flac", "s.mp3", "s.ogg", "s.opus", "s.m4a", "h264.mkv", "h264.ts"])
def test_sound_from_there(site, name):
    whole = length(site.good(f"/listen/{name}?format=mp3"))
    assert abs(length(site.good(f"/listen/{name}?format=mp3&at=1")) - (whole - 1)) < 0.15
    assert length(site.good(f"/listen/{name}?format=mp3&at=0")) == whole


@pytest.mark.parametrize("name,channels", [("s.wav", 1), ("stereo.wav", 2), ("six.wav", 2)])
def test_channels(site, name, channels):
    assert probe(site.good(f"/listen/{name}"))["streams"][0]["channels"] == channels


@pytest.mark.parametrize("name,seconds", [("wav-0.wav", 3), ("wav-ff.wav", 3), ("wav-7f.wav", 3), ("glued.mp3", 6), ("zeros.mp3", 3),
                                          ("tagged.aac", 3), ("junk.aac", 3)])
def test_odd_but_sound(site, name, seconds):
    assert abs(length(site.good(f"/listen/{name}?format=mp3")) - seconds) < 0.2


@pytest.mark.parametrize("name", ["s.mp3", "s.aac", "s.ogg", "s.opus", "s.m4a"])
def test_damage_goes_on_and_is_told(site, name):
    data = site.good(f"/listen/damaged-{name}?format=mp3")
    plain = subprocess.run([FFMPEG, "-v", "quiet", "-i", site.root / f"damaged-{name}", "-ac", "1", "-ar", "8000", "-f", "s16le", "-"],
                           capture_output=True, env=ENVIRONMENT, check=True).stdout
    assert abs(length(data) - len(plain) / 16000) < 0.2
    lines = [line for line in site.daemon.log.text().splitlines() if f"/listen/damaged-{name}?" in line]
    assert lines and "stderr=" in lines[-1] and "status=200" in lines[-1]


@pytest.mark.parametrize("label", ["half", "last"])
@pytest.mark.parametrize("name", CUT)
def test_a_cut_file_is_refused_before_anything_is_sent(site, name, label):
    recipes = ["listen"] if name.startswith("s.") else ["frame", "preview", "watch", "listen"]
    for recipe in recipes:
        answer = site.get(f"/{recipe}/{label}-{name}")
        assert answer.status == 422 and "cut" in answer.text, (recipe, answer)


# ---- the table ------------------------------------------------------------------------------------------------------------


def mark(good):
    return "yes" if good else "no"


def table(site):
    def status(url):
        answer = site.get(url)
        return answer.status if not answer.broken else 0
    yield "| films | frame | preview | watch | listen | cut in half |"
    yield "|---|---|---|---|---|---|"
    for kind, (name, _) in KINDS.items():
        row = [mark(status(f"/{recipe}/{name}") == 200) for recipe in ("frame", "preview", "watch", "listen")]
        yield f"| {kind} | {' | '.join(row)} | {cut_word(site, status, 'watch', name)} |"
    yield ""
    yield "| sounds | listen | cut in half |"
    yield "|---|---|---|"
    for kind, (name, _) in SOUNDS.items():
        yield f"| {kind} | {mark(status(f'/listen/{name}') == 200)} | {cut_word(site, status, 'listen', name)} |"


def cut_word(site, status, recipe, name):
    data = (site.root / name).read_bytes()
    (site.root / f"table-{name}").write_bytes(data[:len(data) // 2])
    found = status(f"/{recipe}/table-{name}")
    return "plays to the cut" if found == 200 else "breaks at the cut" if found == 0 else f"refused, {found}"


def main():
    made = Site()
    try:
        print("\n".join(table(made)))
    finally:
        made.daemon.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
