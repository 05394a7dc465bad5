# SPDX-License-Identifier: MIT
"""Makes pictures of every kind with Pillow, ImageMagick, libheif's, libavif's and libvips' own programs, and by hand."""

import io
import struct
import subprocess
import tempfile
import zlib
from pathlib import Path

from PIL import Image, TiffImagePlugin

from daemon import SLOW

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
W, H = 160, 120
CORNERS = {"nw": (200, 40, 40), "ne": (40, 160, 60), "sw": (50, 60, 190), "se": (230, 200, 60)}
# The sides that the stored picture has for each orientation, and how Pillow gets there from the upright one.
STORED = {2: Image.FLIP_LEFT_RIGHT, 3: Image.ROTATE_180, 4: Image.FLIP_TOP_BOTTOM, 5: Image.TRANSPOSE, 6: Image.ROTATE_90,
          7: Image.TRANSVERSE, 8: Image.ROTATE_270}


def stored(image, number):
    return image.transpose(STORED[number]) if number in STORED else image


def program(*argv, data=None):
    done = subprocess.run([str(a) for a in argv], input=data, capture_output=True, env=ENVIRONMENT, timeout=60 * SLOW, check=False)
    assert done.returncode == 0, (argv, done.stderr[-2000:])
    return done.stdout


def convert(*argv):
    return program("/usr/bin/convert", *argv)


def scene(mode="RGB", size=(W, H), corners=None):
    colours = corners or CORNERS
    image = Image.new("RGB", size, colours["se"])
    image.paste(colours["nw"], (0, 0, size[0] // 2, size[1] // 2))
    image.paste(colours["ne"], (size[0] // 2, 0, size[0], size[1] // 2))
    image.paste(colours["sw"], (0, size[1] // 2, size[0] // 2, size[1]))
    return image.convert(mode)


def greys(values=(0, 85, 170, 255)):
    return {key: (value,) * 3 for key, value in zip(CORNERS, values)}


def exif(orientation):
    block = Image.Exif()
    block[274] = orientation
    return block.tobytes()


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunk(png, kind, data, before=b"IDAT"):
    at = png.index(before) - 4
    return png[:at] + chunk(kind, data) + png[at:]


def profile(space, fits=True):
    """The header of an ICC profile with nothing behind it that a program could use."""
    body = bytearray(400)
    body[0:4] = struct.pack(">I", 400 if fits else 4000)
    body[12:16], body[16:20], body[20:24], body[36:40] = b"mntr", space, b"XYZ ", b"acsp" if fits else b"none"
    body[131] = 1
    return bytes(body)


def tiff(pixels, width, height, bits, photometric, samples=1, compression=1, extra=(), little=True):
    """A strip of bytes as they are."""
    order = "<" if little else ">"
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, bits), (259, 3, 1, compression), (262, 3, 1, photometric),
               (273, 4, 1, 8), (277, 3, 1, samples), (278, 4, 1, height), (279, 4, 1, len(pixels)), *extra]
    out = (b"II*\0" if little else b"MM\0*") + struct.pack(order + "I", 8 + len(pixels) + len(pixels) % 2)
    out += pixels + b"\0" * (len(pixels) % 2) + struct.pack(order + "H", len(entries))
    for tag, kind, count, value in sorted(entries):
        packed = struct.pack(order + ("H" if kind == 3 else "I") * count, *(value if count > 1 else (value,)))
        out += struct.pack(order + "HHI", tag, kind, count) + packed.ljust(4, b"\0")
    return out + b"\0\0\0\0"


def packed(bits, invert=False):
    """The greys scene, with so many bits a sample."""
    rows = bytearray()
    top = (1 << bits) - 1
    levels = [0, top // 3, top * 2 // 3, top]
    for y in range(H):
        number = 0
        for x in range(W):
            level = levels[(x >= W // 2) + 2 * (y >= H // 2)]
            number = number << bits | (top - level if invert else level)
        rows += number.to_bytes(W * bits // 8, "big")
    return bytes(rows)


def gif(frames, screen=None, loop=0, background=None):
    """frames: (image, x, y, delay in 1/100 s, disposal). Each has a table of its own."""
    first = frames[0][0]
    width, height = screen or first.size
    out = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, background or 0, 0)
    out += bytes((255, 0, 255, 0, 255, 255))
    if loop is not None:
        out += b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", loop) + b"\0"
    for image, x, y, delay, disposal in frames:
        image = image.convert("RGB")
        colours = sorted(colour for _, colour in image.getcolors(126))
        table = b"".join(bytes(colour) for colour in colours).ljust(3 * 128, b"\0")
        pixels = bytes(map({colour: index for index, colour in enumerate(colours)}.get, image.getdata()))
        # Codes of eight bits: the table of the decoder is emptied (128) before it needs nine.
        codes = b"".join(b"\x80" + pixels[i:i + 100] for i in range(0, len(pixels), 100)) + b"\x81"
        out += b"\x21\xf9\x04" + struct.pack("<BHBB", disposal << 2, delay, 0, 0)
        out += b"\x2c" + struct.pack("<HHHHB", x, y, *image.size, 0x86) + table + b"\x07"
        out += b"".join(bytes((len(codes[i:i + 255]),)) + codes[i:i + 255] for i in range(0, len(codes), 255)) + b"\0"
    return out + b"\x3b"


def apng(frames):
    """frames: (image, x, y, what becomes of it). Each of them lasts 100 ms and is painted over what is there."""
    def data(image):
        png = saved(image.convert("RGB"), "PNG")
        at = png.index(b"IDAT")
        return png[at + 4:at + 4 + struct.unpack_from(">I", png, at - 4)[0]]

    first, number = frames[0][0], 0
    out = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", *first.size, 8, 2, 0, 0, 0))
    out += chunk(b"acTL", struct.pack(">II", len(frames), 0))
    for index, (image, x, y, way) in enumerate(frames):
        out += chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, *image.size, x, y, 1, 10, way, 0))
        out += chunk(b"fdAT", struct.pack(">I", number + 1) + data(image)) if index else chunk(b"IDAT", data(image))
        number += 2 if index else 1
    return out + chunk(b"IEND", b"")


def webp(frames):
    """The same."""
    with tempfile.TemporaryDirectory() as place:
        options = []
        for index, (image, x, y, way) in enumerate(frames):
            Path(place, f"{index}.webp").write_bytes(saved(image, "WEBP", lossless=True))
            options += ["-frame", f"{place}/{index}.webp", f"+100+{x}+{y}+{way}+b"]
        program("/usr/bin/webpmux", *options, "-loop", "0", "-o", f"{place}/all.webp")
        return Path(place, "all.webp").read_bytes()


def patched(data, tag, value, little=True):
    """A TIFF whose entry has another value."""
    order = "<" if little else ">"
    at, = struct.unpack_from(order + "I", data, 4)
    count, = struct.unpack_from(order + "H", data, at)
    out = bytearray(data)
    for i in range(count):
        entry = at + 2 + 12 * i
        if struct.unpack_from(order + "H", data, entry)[0] == tag:
            out[entry + 8:entry + 12] = struct.pack(order + "HH", value, 0)
    return bytes(out)


# How a decoder comes to the upright picture of each orientation: quarter turns to the left, then a mirror (0: top and bottom are
# exchanged, 1: left and right).
TURNS = {2: (0, 1), 3: (2, None), 4: (0, 0), 5: (1, 0), 6: (3, None), 7: (1, 1), 8: (1, None)}


def exif_by_tool(data, name, orientation):
    with tempfile.TemporaryDirectory() as place:
        Path(place, name).write_bytes(data)
        program("/usr/bin/exiftool", "-q", "-overwrite_original", "-n", f"-Orientation={orientation}", f"{place}/{name}")
        return Path(place, name).read_bytes()


def avif(png, *options):
    with tempfile.TemporaryDirectory() as place:
        Path(place, "a.png").write_bytes(png)
        program("/usr/bin/avifenc", "--jobs", "1", "-s", "10", "--min", "5", "--max", "10", *options, f"{place}/a.png", f"{place}/a.avif")
        return Path(place, "a.avif").read_bytes()


def turned_avif(image, number, *options):
    turn, mirror = TURNS.get(number, (None, None))
    return avif(saved(stored(image, number), "PNG"), *options, *(["--irot", turn] if turn else []),
                *(["--imir", mirror] if mirror is not None else []))


def turned_heic(image, number):
    """heif-enc turns nothing: properties that do are put into its file, behind those that the picture has."""
    turn, mirror = TURNS.get(number, (None, None))
    data = heif(saved(stored(image, number), "PNG"), "heic", [])
    boxes = [b"\0\0\0\x09irot" + bytes((turn,))] if turn else []
    boxes += [b"\0\0\0\x09imir" + bytes((mirror,))] if mirror is not None else []
    for box in boxes:
        data = with_property(data, box)
    return data


def with_property(data, box):
    """Of the one picture of a file: the boxes around it and what lies behind it move."""
    at = {kind: data.index(kind) - 4 for kind in (b"meta", b"iprp", b"ipco", b"ipma", b"iloc", b"mdat")}
    size = {kind: struct.unpack_from(">I", data, where)[0] for kind, where in at.items()}
    count = data[at[b"ipma"] + 18]
    out = bytearray(data)
    out[at[b"ipma"] + 18] = count + 1
    for kind, more in ((b"meta", len(box) + 1), (b"iprp", len(box) + 1), (b"ipco", len(box)), (b"ipma", 1)):
        struct.pack_into(">I", out, at[kind], size[kind] + more)
    where = data.index(struct.pack(">I", at[b"mdat"] + 8), at[b"iloc"])
    struct.pack_into(">I", out, where, at[b"mdat"] + 8 + len(box) + 1)
    end = at[b"ipma"] + size[b"ipma"]
    return bytes(out[:at[b"ipma"]] + box + out[at[b"ipma"]:end] + bytes((0x80 | count + 1,)) + out[end:])


def turned(image, kind, number):
    """An upright picture as a file that is stored otherwise and says so."""
    if kind in ("heic", "avif"):
        return (turned_heic if kind == "heic" else turned_avif)(image, number)
    other = stored(image, number)
    if kind == "tiff":
        info = TiffImagePlugin.ImageFileDirectory_v2()
        info[274] = number
        return saved(other, "TIFF", tiffinfo=info)
    options = {"jpeg": {"quality": 95}, "webp": {"lossless": True}}.get(kind, {})
    return saved(other, kind.upper(), exif=exif(number), **options)


def vips(png, suffix):
    return program("/usr/bin/vips", "copy", "stdin", suffix, data=png)


SVG = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {head}>
<rect width="80" height="60" fill="#c82828"/><rect x="80" width="80" height="60" fill="#28a03c"/>
<rect y="60" width="80" height="60" fill="#323cbe"/><rect x="80" y="60" width="80" height="60" fill="{last}"/>{more}</svg>"""


def svg(head='viewBox="0 0 160 120"', before="", more="", last="#e6c83c"):
    return (before + SVG.format(head=head, more=more, last=last)).encode()


def heif(png, kind, options):
    with tempfile.TemporaryDirectory() as place:
        Path(place, "a.png").write_bytes(png)
        program("/usr/bin/heif-enc", *options, "-q", "95", "-o", f"{place}/a.{kind}", f"{place}/a.png")
        return Path(place, f"a.{kind}").read_bytes()
