# SPDX-License-Identifier: MIT
"""Pictures that promise more than there is, or are far larger than their files: for the decoders of sluice-picture. What must come for
them, and what they may cost, is in manifest.py."""

import struct
import subprocess
import zlib

from PIL import Image

import media

PNG = b"\x89PNG\r\n\x1a\n"


def header(width, height, colours=0):
    return media.png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colours, 0, 0, 0))


def zeros(count):
    """Compressed, without having them all."""
    squeeze = zlib.compressobj(9)
    block = bytes(1 << 20)
    return b"".join(squeeze.compress(block[:min(len(block), count - at)]) for at in range(0, count, len(block))) + squeeze.flush()


def rows(width, height):
    return zlib.compress(bytes((width + 1) * height))


def apng(promised, frames, width=16, height=16):
    """frames: (x, y, width, height), each with the rows of a picture of that size, up to a bound."""
    out = PNG + header(width, height) + media.png_chunk(b"acTL", struct.pack(">II", promised, 0))
    number = 0
    for index, (x, y, w, h) in enumerate(frames):
        data = rows(min(w, 64), min(h, 64))
        out += media.png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, w, h, x, y, 1, 10, 0, 0))
        out += media.png_chunk(b"fdAT", struct.pack(">I", number + 1) + data) if index else media.png_chunk(b"IDAT", data)
        number += 2 if index else 1
    return out + media.png_chunk(b"IEND", b"")


def gif(screen, frames):
    """frames: (x, y, width, height), each with one pixel of data."""
    out = b"GIF89a" + struct.pack("<HH", *screen) + b"\x80\0\0\0\0\0\xff\xff\xff"
    for place in frames:
        out += b"!\xf9\4\0\1\0\0\0," + struct.pack("<HHHHB", *place, 0) + b"\2\2D\1\0"
    return out + b";"


def riff(kind, data):
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def number24(value):
    return struct.pack("<I", value)[:3]


def webp(canvas, frames, still):
    """frames: (x, y, width, height), all with the pixels of `still`, a VP8L chunk."""
    chunks = riff(b"VP8X", b"\2\0\0\0" + number24(canvas[0] - 1) + number24(canvas[1] - 1)) + riff(b"ANIM", bytes(6))
    for x, y, width, height in frames:
        place = b"".join(map(number24, (x // 2, y // 2, width - 1, height - 1, 100)))
        chunks += riff(b"ANMF", place + b"\2" + still)
    return riff(b"RIFF", b"WEBP" + chunks)


def tiff(entries, data):
    """entries: tag → (kind, value); data begin at 8 and are the one strip or tile."""
    made = [struct.pack("<HHII", tag, kind, 1, value) for tag, (kind, value) in sorted(entries.items())]
    data += b"\0" * (len(data) % 2)
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + struct.pack("<H", len(made)) + b"".join(made) + bytes(4)


def tiff_bomb(width, height, samples, bits, data, tiled=False):
    """Deflate."""
    entries = {256: (4, width), 257: (4, height), 258: (3, bits), 259: (3, 8), 262: (3, 2 if samples > 2 else 1), 277: (3, samples)}
    place = {322: (4, (width + 15) // 16 * 16), 323: (4, (height + 15) // 16 * 16), 324: (4, 8), 325: (4, len(data))} if tiled else {
        273: (4, 8), 278: (4, height), 279: (4, len(data))}
    return tiff({**entries, **place}, data)


def formats(good):
    """Of good/png.png, those that media.convert does not make."""
    media.run("/usr/bin/heif-enc", "-q", "80", "-o", good / "heic.heic", good / "png.png")
    media.run("/usr/bin/avifenc", "--jobs", "1", "-s", "10", good / "png.png", good / "avif.avif")
    picture = Image.open(good / "png.png").convert("RGB")
    more = [picture.transpose(Image.FLIP_TOP_BOTTOM), picture.transpose(Image.ROTATE_180)]
    for kind in ("webp", "png"):
        picture.save(good / f"moving.{kind}", save_all=True, append_images=more, duration=100)


def bombs(root):
    made = root / "bomb"

    def put(name, data):
        (made / name).write_bytes(data)

    # Scans that refine nothing may come again: a decoder has no reason to complain.
    script, pixels = made / ".scans", made / ".pixels.ppm"
    script.write_text("0,1,2: 0-0, 0, 0;\n0: 1-63, 0, 0;\n1: 1-63, 0, 0;\n2: 1-63, 0, 0;\n")
    media.convert("-size", "1000x1000", "plasma:", pixels)
    done = subprocess.run(["/usr/bin/cjpeg", "-scans", script, pixels], capture_output=True, check=True).stdout
    last = done.rindex(b"\xff\xda")
    put("right-scans.jpg", done[:-2] + done[last:-2] * 2000 + b"\xff\xd9")
    script.unlink()
    pixels.unlink()
    put("idat.png", PNG + header(9, 9) + media.png_chunk(b"IDAT", zeros(200_000_000)) + media.png_chunk(b"IEND", b""))
    put("itxt.png", PNG + header(9, 9) + media.png_chunk(b"iTXt", b"k\0\1\0\0\0" + zeros(100_000_000)) +
        media.png_chunk(b"IDAT", rows(9, 9)) + media.png_chunk(b"IEND", b""))
    put("chunks.png", PNG + header(9, 9) + media.png_chunk(b"tEXt", b"k\0v") * 200_000 +
        media.png_chunk(b"IDAT", rows(9, 9)) + media.png_chunk(b"IEND", b""))
    put("length.png", PNG + header(9, 9) + struct.pack(">I", 0x7fffffff) + b"IDAT" + rows(9, 9))
    put("promises.apng", apng(0x7fffffff, [(0, 0, 16, 16)] * 2))
    put("outside.apng", apng(2, [(0, 0, 16, 16), (0xfffffff0, 4, 64, 64)]))
    put("larger.apng", apng(2, [(0, 0, 16, 16), (0, 0, 30000, 30000)]))
    put("frames.apng", apng(20000, [(0, 0, 16, 16)] * 20000))
    put("outside.gif", gif((10, 10), [(0, 0, 1, 1), (60000, 60000, 1, 1), (65535, 0, 1, 1)]))
    put("beside.gif", gif((10, 10), [(60000, 60000, 1, 1)]))
    put("larger.gif", gif((10, 10), [(0, 0, 1, 1), (0, 0, 60000, 60000)]))
    dot = subprocess.run(["/usr/bin/convert", "xc:red", "-define", "webp:lossless=true", "webp:-"], capture_output=True, check=True).stdout[12:]
    put("outside.webp", webp((16, 16), [(0, 0, 1, 1), (0xfffff0, 0xfffff0, 1, 1)], dot))
    put("larger.webp", webp((16, 16), [(0, 0, 1, 1), (0, 0, 16000, 16000)], dot))
    put("frames.webp", webp((16, 16), [(0, 0, 1, 1)] * 20000, dot))
    put("canvas-frames.webp", webp((9000, 9000), [(0, 0, 1, 1)] * 900, dot))
    put("deflate.tiff", tiff_bomb(9999, 9999, 1, 8, zeros(9999 * 9999)))
    put("deflate-wide.tiff", tiff_bomb(9999, 9999, 4, 16, zeros(9999 * 9999 * 8)))
    put("tile.tiff", tiff_bomb(9984, 9984, 4, 16, zeros(9984 * 9984 * 8), tiled=True))
    put("more.tiff", tiff_bomb(64, 64, 1, 8, zeros(300_000_000)))
    put("strips.tiff", tiff({256: (4, 9000), 257: (4, 9000), 258: (3, 8), 259: (3, 1), 262: (3, 1), 277: (3, 1), 278: (4, 1), 273: (4, 8), 279: (4, 8)}, bytes(8)))
    lies(root, put)


def lies(root, put):
    """Of HEIC and AVIF: a size that is not there, a place behind the end, and boxes that are longer than the file."""
    good = {kind: (root / "good" / f"{kind}.{kind}").read_bytes() for kind in ("heic", "avif")}
    for kind, data in good.items():
        at = data.index(b"ispe") + 8
        put(f"sides.{kind}", data[:at] + struct.pack(">II", 60000, 60000) + data[at + 8:])
        put(f"sides-under-the-limit.{kind}", data[:at] + struct.pack(">II", 9999, 9999) + data[at + 8:])
        at = data.index(b"mdat") + 4
        where = data.index(struct.pack(">I", at), data.index(b"iloc"))
        put(f"place.{kind}", data[:where] + b"\x7f\xff\xff\xf0" + data[where + 4:])
        put(f"length.{kind}", data[:where + 4] + b"\x7f\xff\xff\xf0" + data[where + 8:])
        at = data.index(b"iprp") - 4
        put(f"box.{kind}", data[:at] + b"\x7f\xff\xff\xf0" + data[at + 4:])
