#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Media for tests and for quickstart, made here and now: nothing is downloaded and nothing binary is kept in the repository.

    media.py DIR            the samples
    media.py DIR --all      also the harmless oddities and the broken files

Needs Debian's imagemagick and ffmpeg. Everything is deterministic but for the encoders' versions. The pictures are drawn so that a
test can tell from a few pixels what happened to them:

- the scene (landscape.jpg and its relatives) is a sky with a sun at the upper right, a red house at the lower left, and grass;
  SCENE holds points of it (as fractions) with their colours;
- orientation-N.jpg is the same scene, stored as a camera held in position N stores it, with the EXIF that says so: all eight
  must come out the same way up;
- the clips show a square at the upper left whose colour tells the second: SECONDS.
"""

import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

CONVERT = "/usr/bin/convert"
FFMPEG = "/usr/bin/ffmpeg"

# (x, y) as a fraction of the upright picture -> (r, g, b) of the scene there
SCENE = {
    (0.05, 0.05): (70, 130, 210),   # sky
    (0.80, 0.20): (255, 220, 60),   # sun
    (0.22, 0.75): (200, 50, 40),    # house
    (0.90, 0.95): (50, 150, 60),    # grass
}
SCENE_SIZE = (1600, 1200)

# Colour of the clips' square in second 0, 1, 2 …
SECONDS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 0, 255), (0, 255, 255), (255, 255, 255), (0, 0, 0)]
CLIP_SIZE = (640, 360)
CLIP_SECONDS = len(SECONDS)
CAMERA = "Sampleflex"  # stands in the EXIF, XMP and comment of the photos: must not be found in a stripped answer


def run(*argv):
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent"}
    environment.update({k: v for k, v in os.environ.items() if k == "TMPDIR"})
    done = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, env=environment, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f"{argv[0]} exits {done.returncode}: {done.stderr.decode(errors='replace')[-800:]}")


def convert(*argv):
    run(CONVERT, *argv)


def ffmpeg(*argv):
    run(FFMPEG, "-nostdin", "-hide_banner", "-loglevel", "error", "-y", *argv)


# ---- metadata that is made by hand -------------------------------------------------------------------------------


def exif(orientation, make=CAMERA):
    """A TIFF block with Make, Orientation and a GPS position, as a camera writes it (Exif 2.32, 4.6)."""
    text = make.encode() + b"\0"
    text += b"\0" * (len(text) % 2)
    first = 8                                 # IFD0: 3 entries
    text_at = first + 2 + 3 * 12 + 4
    gps_at = text_at + len(text)              # GPS IFD: 4 entries
    rationals_at = gps_at + 2 + 4 * 12 + 4
    ifd0 = struct.pack("<H", 3)
    ifd0 += struct.pack("<HHII", 0x010F, 2, len(make) + 1, text_at)
    ifd0 += struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    ifd0 += struct.pack("<HHII", 0x8825, 4, 1, gps_at)
    ifd0 += struct.pack("<I", 0)
    gps = struct.pack("<H", 4)
    gps += struct.pack("<HHI4s", 1, 2, 2, b"N")
    gps += struct.pack("<HHII", 2, 5, 3, rationals_at)
    gps += struct.pack("<HHI4s", 3, 2, 2, b"E")
    gps += struct.pack("<HHII", 4, 5, 3, rationals_at + 24)
    gps += struct.pack("<I", 0)
    rationals = struct.pack("<12I", 48, 1, 51, 1, 30, 1, 2, 1, 21, 1, 7, 1)
    return b"II*\0" + struct.pack("<I", first) + ifd0 + text + gps + rationals


def segment(marker, payload):
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def with_segments(jpeg, *segments):
    """Puts segments behind the SOI of a JPEG; a JFIF header, if there is one, stays the first."""
    at = 2
    if jpeg[2:4] == b"\xff\xe0":
        at = 4 + struct.unpack(">H", jpeg[4:6])[0]
    return jpeg[:at] + b"".join(segments) + jpeg[at:]


def icc(red, green, blue, gamma=None, name="test", version=2):
    """An ICC matrix profile from CIE xy primaries with a D65 white point, adapted to D50 with Bradford's matrix
    (ICC.1:2010, 8.3.3). gamma None: the sRGB curve, as a parametric curve, which needs version 4."""
    def multiply(a, b):
        return [[sum(a[i][k] * b[k][j] for k in range(3)) for j in range(len(b[0]))] for i in range(3)]

    def invert(m):
        (a, b, c), (d, e, f), (g, h, i) = m
        det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
        return [[(e * i - f * h) / det, (c * h - b * i) / det, (b * f - c * e) / det],
                [(f * g - d * i) / det, (a * i - c * g) / det, (c * d - a * f) / det],
                [(d * h - e * g) / det, (b * g - a * h) / det, (a * e - b * d) / det]]

    def xyz(x, y):
        return [x / y, 1.0, (1 - x - y) / y]

    white = [[v] for v in xyz(0.3127, 0.3290)]
    d50 = [[0.9642], [1.0], [0.8249]]
    columns = [list(row) for row in zip(xyz(*red), xyz(*green), xyz(*blue))]
    scale = multiply(invert(columns), white)
    to_xyz = [[columns[i][j] * scale[j][0] for j in range(3)] for i in range(3)]
    bradford = [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
    cone_from, cone_to = multiply(bradford, white), multiply(bradford, d50)
    gain = [[cone_to[i][0] / cone_from[i][0] if i == j else 0.0 for j in range(3)] for i in range(3)]
    to_d50 = multiply(multiply(multiply(invert(bradford), gain), bradford), to_xyz)

    def s15(value):
        return struct.pack(">i", round(value * 65536))

    def xyz_tag(values):
        return b"XYZ \0\0\0\0" + b"".join(s15(v) for v in values)

    if gamma is None:
        version = 4
        curve = b"para\0\0\0\0" + struct.pack(">HH", 3, 0) + b"".join(
            s15(v) for v in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
    else:
        curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    if version == 4:
        utf16 = name.encode("utf-16-be")
        text = b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(utf16), 28) + utf16
        right = b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", 6, 28) + "CC0".encode("utf-16-be")
    else:
        ascii_name = name.encode() + b"\0"
        text = b"desc\0\0\0\0" + struct.pack(">I", len(ascii_name)) + ascii_name + b"\0" * (4 + 4 + 2 + 1 + 67)
        right = b"text\0\0\0\0CC0\0"
    data = {b"desc": text, b"cprt": right, b"wtpt": xyz_tag([v[0] for v in d50])}
    for index, key in enumerate((b"rXYZ", b"gXYZ", b"bXYZ")):
        data[key] = xyz_tag([to_d50[row][index] for row in range(3)])
    for key in (b"rTRC", b"gTRC", b"bTRC"):
        data[key] = curve
    return icc_file(b"RGB ", b"XYZ ", b"mntr", data, version)


def icc_file(space, pcs, kind, data, version):
    """Header and tag table around tags; equal tags are stored once."""
    table, body, places = b"", b"", {}
    start = 128 + 4 + 12 * len(data)
    for key, tag in data.items():
        if tag not in places:
            body += b"\0" * (-len(body) % 4)
            places[tag] = start + len(body)
            body += tag
        table += struct.pack(">4sII", key, places[tag], len(tag))
    body += b"\0" * (-len(body) % 4)
    head = struct.pack(">I4sB3x4s4s4s", start + len(body), b"\0\0\0\0", version, kind, space, pcs)
    head += struct.pack(">6H4s", 2024, 1, 1, 0, 0, 0, b"acsp") + b"\0" * 28
    head += b"".join(struct.pack(">i", round(v * 65536)) for v in (0.9642, 1.0, 0.8249))
    return head.ljust(128, b"\0") + struct.pack(">I", len(data)) + table + body


def icc_srgb():
    return icc((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), name="sRGB")


def icc_wide():
    """The primaries and the gamma of Adobe RGB (1998): colours are visibly dull when the profile is ignored."""
    return icc((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), gamma=563 / 256, name="wide")


def with_icc(jpeg, profile):
    return with_segments(jpeg, segment(0xE2, b"ICC_PROFILE\0\1\1" + profile))


def png_chunk(kind, payload):
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))


def png_with(png, *chunks):
    """Chunks behind the IHDR of a PNG."""
    return png[:33] + b"".join(chunks) + png[33:]


# ---- samples ---------------------------------------------------------------------------------------------------


def scene(target, size=SCENE_SIZE):
    """The scene, with a little noise so that it compresses as a photo does and no two areas are equal."""
    w, h = size
    draw = (f"fill rgb(255,220,60) circle {0.8 * w},{0.2 * h} {0.8 * w},{0.3 * h} "
            f"fill rgb(50,150,60) rectangle 0,{0.62 * h} {w},{h} "
            f"fill rgb(60,120,70) polygon {0.45 * w},{0.62 * h} {0.65 * w},{0.4 * h} {0.85 * w},{0.62 * h} "
            f"fill rgb(200,50,40) rectangle {0.12 * w},{0.55 * h} {0.34 * w},{0.82 * h} "
            f"fill rgb(110,60,40) polygon {0.09 * w},{0.55 * h} {0.23 * w},{0.4 * h} {0.37 * w},{0.55 * h} "
            f"fill rgb(250,240,200) rectangle {0.26 * w},{0.6 * h} {0.31 * w},{0.68 * h}")
    convert("-seed", "7", "-size", f"{w}x{h}", "gradient:rgb(70,130,210)-rgb(180,215,245)", "-draw", draw,
            "-attenuate", "0.2", "+noise", "Gaussian", "-depth", "8", target)


# What a camera in position N stores: undone by the orientation that the EXIF names.
STORED = {1: [], 2: ["-flop"], 3: ["-rotate", "180"], 4: ["-flip"], 5: ["-transpose"], 6: ["-rotate", "270"],
          7: ["-transverse"], 8: ["-rotate", "90"]}


def photos(directory):
    upright = directory / ".scene.png"
    scene(upright)
    xmp = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + CAMERA.encode() + b"</x:xmpmeta>"
    for number, turn in STORED.items():
        target = directory / f"orientation-{number}.jpg"
        convert(upright, *turn, "-resize", "50%", "-quality", "90", target)
        target.write_bytes(with_segments(target.read_bytes(), segment(0xE1, b"Exif\0\0" + exif(number)),
                                         segment(0xE1, xmp), segment(0xFE, CAMERA.encode())))
    photo = directory / "landscape.jpg"
    convert(upright, "-quality", "90", photo)
    photo.write_bytes(with_segments(photo.read_bytes(), segment(0xE1, b"Exif\0\0" + exif(1))))
    convert(upright, "-interlace", "JPEG", "-quality", "85", directory / "progressive.jpg")
    convert(upright, "-resize", "50%", "-colorspace", "Gray", directory / "gray.jpg")
    convert(upright, "-resize", "50%", "-colorspace", "CMYK", directory / "cmyk.jpg")
    small = directory / ".small.jpg"
    convert(upright, "-resize", "50%", "-quality", "92", small)
    # The same bytes with a wide profile: a right conversion makes the colours stronger than SCENE.
    (directory / "wide.jpg").write_bytes(with_icc(small.read_bytes(), icc_wide()))
    small.unlink()
    convert(upright, "-resize", "50%", "-quality", "80", directory / "landscape.webp")
    convert(upright, "-resize", "50%", "-compress", "LZW", directory / "landscape.tiff")
    convert(upright, "-resize", "50%", "-depth", "16", directory / "deep.png")
    convert(upright, "-resize", "50%", "-colors", "64", f"PNG8:{directory}/palette.png")
    upright.unlink()


def drawings(directory):
    # A blue disc with a soft edge; everything else is transparent, over black, so that ignored alpha shows as black.
    convert("-size", "400x300", "xc:rgba(0,0,0,0)", "-fill", "rgb(30,80,200)", "-draw", "circle 200,150 200,50",
            "-channel", "A", "-blur", "0x4", "+channel", "-depth", "8", f"PNG32:{directory}/alpha.png")
    # Four frames; the later ones are only the part that changes (what a careless resize shows as scraps).
    frames = []
    for index, colour in enumerate(("red", "lime", "blue", "yellow")):
        frames += ["(", "-size", "240x160", "xc:gray90", "-fill", colour, "-draw",
                   f"circle {40 + 53 * index},80 {40 + 53 * index},50", ")"]
    convert("-delay", "20", "-dispose", "None", "-loop", "0", *frames, "-layers", "Optimize", directory / "animation.gif")
    moving = directory / "animation.webp"
    convert("-delay", "20", "-loop", "0", *frames, moving)
    data = moving.read_bytes()  # ImageMagick 6 puts a second file behind the first
    moving.write_bytes(data[:8 + struct.unpack("<I", data[4:8])[0]])
    convert(*frames, "-depth", "8", "-compress", "LZW", directory / "pages.tiff")


def clips(directory):
    w, h = CLIP_SIZE
    boxes = ",".join(f"drawbox=x=0:y=0:w={w // 4}:h={w // 4}:t=fill:c=0x{r:02x}{g:02x}{b:02x}:"
                     f"enable='gte(t,{n})*lt(t,{n + 1})'" for n, (r, g, b) in enumerate(SECONDS))
    picture = ["-f", "lavfi", "-i", f"testsrc2=s={w}x{h}:r=25:d={CLIP_SECONDS},{boxes},format=yuv420p"]
    sound = ["-f", "lavfi", "-i", f"sine=frequency=440:beep_factor=4:sample_rate=48000:duration={CLIP_SECONDS}"]
    exact = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact"]
    h264 = ["-c:v", "libx264", "-preset", "veryfast", "-g", "50", "-crf", "26", "-threads", "1"]
    tail = directory / "clip-tail.mp4"  # the index behind the media, as cameras and ffmpeg write it
    ffmpeg(*picture, *sound, *h264, "-c:a", "aac", "-b:a", "96k", *exact, tail)
    ffmpeg("-i", tail, "-c", "copy", *exact, "-movflags", "+faststart", directory / "clip.mp4")
    ffmpeg("-i", tail, "-c", "copy", "-an", *exact, "-movflags", "+faststart", directory / "silent.mp4")
    ffmpeg("-i", tail, "-c", "copy", *exact, directory / "clip.mov")
    ffmpeg("-i", tail, "-c", "copy", *exact, directory / "clip.mkv")
    ffmpeg("-i", tail, "-c:v", "libvpx", "-b:v", "500k", "-deadline", "realtime", "-cpu-used", "8", "-g", "50", "-threads", "1",
           "-c:a", "libvorbis", *exact, directory / "clip.webm")


def sounds(directory):
    tone = ["-f", "lavfi", "-i", "sine=frequency=440:beep_factor=4:sample_rate=44100:duration=6"]
    exact = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact"]
    ffmpeg(*tone, "-ac", "2", *exact, directory / "tone.wav")
    for name, codec in {"tone.mp3": "libmp3lame", "tone.ogg": "libvorbis", "tone.opus": "libopus", "tone.flac": "flac",
                        "tone.m4a": "aac"}.items():
        ffmpeg("-i", directory / "tone.wav", "-c:a", codec, *exact, directory / name)


def make_samples(directory):
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    photos(directory)
    drawings(directory)
    clips(directory)
    sounds(directory)
    return directory


# ---- harmless: programs grumble, people see a picture ------------------------------------------------------------


def make_harmless(directory):
    """Needs the samples in the same directory. Every file of the result must convert."""
    directory = Path(directory)
    made = []

    def put(name, data):
        (directory / name).write_bytes(data)
        made.append(directory / name)

    photo = (directory / "orientation-1.jpg").read_bytes()
    plain = (directory / "gray.jpg").read_bytes()
    png = (directory / "deep.png").read_bytes()
    put("odd-exif-garbage.jpg", with_segments(plain, segment(0xE1, b"Exif\0\0II*\0" + b"\xff" * 40)))
    put("odd-exif-cut.jpg", with_segments(plain, segment(0xE1, b"Exif\0\0" + exif(1)[:30])))
    put("odd-exif-orientation-99.jpg", with_segments(plain, segment(0xE1, b"Exif\0\0" + exif(99))))
    put("odd-trailing.jpg", photo + b"\0trailing bytes of a telephone\0" * 50)
    put("odd-trailing-jpeg.jpg", photo + plain)  # as in a "motion photo" or an MPO
    scan = photo.index(b"\xff\xda")
    put("odd-extraneous.jpg", photo[:scan] + b"\0" * 12 + photo[scan:])
    put("odd-icc-garbage.jpg", with_icc(plain, b"no profile at all" * 9))
    put("odd-adobe.jpg", with_segments(plain, segment(0xED, b"Photoshop 3.0\0" + b"8BIM\x04\x04" + b"\xff" * 9)))
    put("odd-iccp.png", png_with(png, png_chunk(b"iCCP", b"bad\0\0" + zlib.compress(b"no profile at all"))))
    put("odd-grey-profile.png", png_with(png, png_chunk(b"iCCP", b"g\0\0" + zlib.compress(
        icc_file(b"GRAY", b"XYZ ", b"mntr", {b"kTRC": b"curv\0\0\0\0\0\0\0\0"}, 2)))))
    put("odd-text-crc.png", png_with(png, struct.pack(">I", 9) + b"tEXt" + b"a\0b c d e" + b"\0\0\0\0"))
    put("odd-trailing.png", png + b"\0" * 100)
    put("odd-trailing.gif", (directory / "animation.gif").read_bytes() + b"trailing" * 20)
    put("odd-trailing.webp", (directory / "landscape.webp").read_bytes() + b"\0" * 64)
    put("odd-tags.tiff", tiff_with_tag((directory / "landscape.tiff").read_bytes()))
    put("gif-called.jpg", (directory / "animation.gif").read_bytes())
    put("odd-trailing.mp4", (directory / "clip.mp4").read_bytes() + struct.pack(">I4s", 24, b"free") + b"\0" * 16)
    return made + odd_clips(directory)


def odd_clips(directory):
    """Sound ones that a strict look takes for damaged: references into the past after a seek, no duration, and the like."""
    exact = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact"]
    clip, h264 = directory / "clip.mp4", ["-c:v", "libx264", "-preset", "ultrafast", "-threads", "1"]
    made = {"odd-open-gop.mp4": ["-an", *h264, "-bf", "3", "-x264-params", "open-gop=1:keyint=50:scenecut=0"],
            "odd-short-sound.mp4": [*h264, "-g", "1000", "-c:a", "aac", "-af", "atrim=0:3"],
            "odd-one-frame.mp4": ["-an", *h264, "-frames:v", "1"],
            "odd-turned.mp4": ["-c", "copy", "-metadata:s:v:0", "rotate=90"],
            "odd-fragments.mp4": ["-c", "copy", "-movflags", "frag_keyframe+empty_moov"]}
    for name, options in made.items():
        ffmpeg("-i", clip, *options, *exact, directory / name)
    # As a browser's recorder writes it: neither a duration nor an index.
    ffmpeg("-i", directory / "clip.webm", "-c", "copy", *exact, "-live", "1", directory / "odd-recorded.webm")
    return [directory / name for name in [*made, "odd-recorded.webm"]]


def tiff_with_tag(tiff):
    """The same TIFF with an unknown private tag (65000) in its first directory."""
    order = "<" if tiff[:2] == b"II" else ">"
    at = struct.unpack(order + "I", tiff[4:8])[0]
    count = struct.unpack(order + "H", tiff[at:at + 2])[0]
    entries = tiff[at + 2:at + 2 + 12 * count] + struct.pack(order + "HHII", 65000, 4, 1, 7)
    following = tiff[at + 2 + 12 * count:at + 6 + 12 * count]
    tiff += b"\0" * (len(tiff) % 2)
    directory = struct.pack(order + "H", count + 1) + entries + following
    return tiff[:4] + struct.pack(order + "I", len(tiff)) + tiff[8:] + directory


# ---- broken: must never become an answer -----------------------------------------------------------------------------

CUTS = {"30": 0.3, "50": 0.5, "90": 0.9}
CUT_PICTURES = ["landscape.jpg", "progressive.jpg", "cmyk.jpg", "deep.png", "palette.png", "alpha.png", "animation.gif",
                "animation.webp", "landscape.webp", "landscape.tiff"]
CUT_CLIPS = ["clip.mp4", "clip-tail.mp4", "silent.mp4", "clip.mov", "clip.webm", "clip.mkv"]
INDEX_LAST = ["clip-tail.mp4", "clip.mov", "tone.m4a"]
CUT_SOUNDS = ["tone.wav", "tone.mp3", "tone.ogg", "tone.opus", "tone.flac", "tone.m4a"]


def cut(source, target, fraction=None, less=None):
    """The first `fraction` of a file, or all but its last `less` bytes."""
    data = Path(source).read_bytes()
    Path(target).write_bytes(data[:int(len(data) * fraction)] if fraction is not None else data[:-less])
    return Path(target)


def make_broken(directory, names=tuple(CUT_PICTURES + CUT_CLIPS + CUT_SOUNDS)):
    """Needs the samples in the same directory. cut-50-clip.mp4 is the first half of clip.mp4; "last" lacks a few bytes."""
    directory = Path(directory)
    made = []
    for name in names:
        for label, fraction in CUTS.items():
            made.append(cut(directory / name, directory / f"cut-{label}-{name}", fraction))
        # Behind the index of a clip stands an empty list of tags: without it nothing is missing.
        made.append(cut(directory / name, directory / f"cut-last-{name}", less=120 if name in INDEX_LAST else 10))
    noise = bytes((n * 167 + 13) % 251 for n in range(4096))
    for name, magic in {"noise.jpg": b"\xff\xd8\xff\xe0", "noise.png": b"\x89PNG\r\n\x1a\n", "noise.gif": b"GIF89a\x40\0\x30\0",
                        "noise.mp4": b"\0\0\0\x18ftypmp42", "noise.webm": b"\x1aE\xdf\xa3\x87\x42\x82\x84webm"}.items():
        (directory / name).write_bytes(magic + noise)
        made.append(directory / name)
    (directory / "empty.jpg").write_bytes(b"")
    (directory / "text.jpg").write_text("This is no picture, whatever its name says.\n" * 20)
    return made


def main(argv):
    if not 2 <= len(argv) <= 3 or argv[1].startswith("-") or (len(argv) == 3 and argv[2] != "--all"):
        print("usage: media.py DIR [--all]", file=sys.stderr)
        return 2
    make_samples(argv[1])
    if len(argv) == 3:
        make_harmless(argv[1])
        make_broken(argv[1])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
