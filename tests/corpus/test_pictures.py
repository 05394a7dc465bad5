# SPDX-License-Identifier: MIT
"""Pictures of every kind through the shipped recipes: each file is made so that it is known how it looks, and what comes out
is held against that with Pillow, webpmux and gifsicle. As a program it runs the same files and prints the table of
doc/recipes.md."""

import io
import os
import re
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import pytest
from PIL import Image, TiffImagePlugin

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import shipped  # noqa: E402
from daemon import SLOW, Daemon  # noqa: E402

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
W, H = 160, 120
CORNERS = {"nw": (200, 40, 40), "ne": (40, 160, 60), "sw": (50, 60, 190), "se": (230, 200, 60)}
# The sides that the stored picture has for each orientation, and how Pillow gets there from the upright one.
STORED = {2: Image.FLIP_LEFT_RIGHT, 3: Image.ROTATE_180, 4: Image.FLIP_TOP_BOTTOM, 5: Image.TRANSPOSE, 6: Image.ROTATE_90,
          7: Image.TRANSVERSE, 8: Image.ROTATE_270}


def program(*argv, data=None):
    done = subprocess.run([str(a) for a in argv], input=data, capture_output=True, env=ENVIRONMENT, timeout=60 * SLOW, check=False)
    assert done.returncode == 0, (argv, done.stderr[-2000:])
    return done.stdout


def convert(*argv):
    return program("/usr/bin/convert", *argv)


# ---- the files ------------------------------------------------------------------------------------------------------------


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
        packed = struct.pack(order + ("H" if kind == 3 else "I"), value)
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


STILLS = {}  # file → (group of the table, bytes or a function, corners)
REFUSED = {}  # file → (group, bytes or a function, status)


def still(name, group, data, corners=None):
    STILLS[name] = (group, data, corners or CORNERS)


def refused(name, group, data, status):
    REFUSED[name] = (group, data, status)


def declare_jpeg():
    upright = scene()
    for name, options in {"baseline": {}, "progressive": {"progressive": True}, "444": {"subsampling": 0}, "422": {"subsampling": 1},
                          "optimized": {"optimize": True}}.items():
        still(f"{name}.jpg", "JPEG", saved(upright, "JPEG", quality=95, **options))
    still("grey.jpg", "JPEG", saved(scene("L", corners=greys()), "JPEG", quality=95), greys())
    still("cmyk.jpg", "JPEG", saved(scene("CMYK"), "JPEG", quality=95))
    still("rgb.jpg", "JPEG", lambda: convert("png:-", "-colorspace", "sRGB", "-sampling-factor", "1x1", "-quality", "95", "jpeg:-"))
    for number in range(1, 9):
        turned = upright.transpose(STORED[number]) if number in STORED else upright
        still(f"turned-{number}.jpg", "JPEG, EXIF orientation", saved(turned, "JPEG", quality=95, exif=exif(number)))
    junk = {"junk": b"no profile at all" * 9, "cmyk": profile(b"CMYK"), "grey": profile(b"GRAY"), "short": profile(b"RGB ", False)}
    for name, icc in junk.items():
        still(f"icc-{name}.jpg", "JPEG, a profile that is none or of other colours", saved(upright, "JPEG", quality=95, icc_profile=icc))
    still("icc-rgb-in-grey.jpg", "JPEG, a profile that is none or of other colours",
          saved(scene("L", corners=greys()), "JPEG", quality=95, icc_profile=profile(b"RGB ")), greys())


def declare_png():
    upright = scene()
    png = saved(upright, "PNG")
    for mode in ("RGB", "RGBA"):
        still(f"{mode}.png", "PNG", saved(scene(mode), "PNG"))
    still("palette.png", "PNG", saved(upright.convert("P", palette=Image.ADAPTIVE, colors=16), "PNG"))
    for bits in (1, 2, 4):
        colours = greys((0, 255, 255, 0) if bits == 1 else (0, 85, 170, 255))
        image = scene("L", corners=colours).convert("P", palette=Image.ADAPTIVE, colors=1 << bits)
        still(f"palette-{bits}.png", "PNG", saved(image, "PNG", bits=bits), colours)
    still("grey.png", "PNG", saved(scene("L", corners=greys()), "PNG"), greys())
    still("grey-alpha.png", "PNG", saved(scene("LA", corners=greys()), "PNG"), greys())
    still("interlaced.png", "PNG", lambda: program("/usr/bin/convert", "png:-", "-interlace", "Plane", "png:-", data=png))
    still("rgb-16.png", "PNG", lambda: program("/usr/bin/convert", "png:-", "-depth", "16", "png48:-", data=png))
    still("trimmed.png", "PNG, offsets and canvases", with_chunk(png, b"oFFs", struct.pack(">iiB", 40, 30, 0)))
    still("canvas.png", "PNG, offsets and canvases", with_chunk(png, b"caNv", struct.pack(">IIii", 400, 300, 40, 30)))
    still("canvas-only.png", "PNG, offsets and canvases", with_chunk(png, b"caNv", struct.pack(">IIii", 160, 120, 40, 0)))
    still("junk-icc.png", "PNG", with_chunk(png, b"iCCP", b"x\0\0" + zlib.compress(b"junk" * 40)))
    for number in range(1, 9):
        turned = upright.transpose(STORED[number]) if number in STORED else upright
        still(f"turned-{number}.png", "PNG, EXIF orientation", saved(turned, "PNG", exif=exif(number)))
    late = saved(upright.transpose(STORED[6]), "PNG")
    still("turned-late.png", "PNG, EXIF orientation", with_chunk(late, b"eXIf", exif(6)[6:], b"IEND"))


def declare_webp():
    upright = scene()
    still("lossy.webp", "WebP", saved(upright, "WEBP", quality=95))
    still("lossless.webp", "WebP", saved(upright, "WEBP", lossless=True))
    still("alpha.webp", "WebP", saved(scene("RGBA"), "WEBP", quality=95))
    still("icc-junk.webp", "WebP", saved(upright, "WEBP", lossless=True, icc_profile=b"junk" * 50))
    still("icc-cmyk.webp", "WebP", saved(upright, "WEBP", lossless=True, icc_profile=profile(b"CMYK")))
    for number in range(1, 9):
        turned = upright.transpose(STORED[number]) if number in STORED else upright
        still(f"turned-{number}.webp", "WebP, EXIF orientation", saved(turned, "WEBP", lossless=True, exif=exif(number)))


def declare_gif():
    picture = scene()
    still("plain.gif", "GIF", saved(picture, "GIF"))
    still("interlaced.gif", "GIF", saved(picture, "GIF", interlace=1))
    still("background.gif", "GIF, screens and offsets", gif([(picture, 0, 0, 0, 0)], background=1))
    still("small-screen.gif", "GIF, screens and offsets", gif([(picture, 0, 0, 0, 0)], screen=(20, 20)))
    still("no-loop.gif", "GIF", gif([(picture, 0, 0, 10, 1), (picture, 0, 0, 10, 1)], loop=None))
    still("long.gif", "GIF", gif([(picture, 0, 0, 4, 1)] * 300))
    half = picture.crop((W // 2, 0, W, H))
    still("offset.gif", "GIF, screens and offsets", gif([(half, W // 2, 0, 0, 0)], screen=(W, H)),
          {**CORNERS, "nw": (255, 255, 255), "sw": (255, 255, 255)})


def declare_tiff():
    upright = scene()
    for compression in ("raw", "tiff_lzw", "packbits", "tiff_adobe_deflate"):
        still(f"{compression}.tiff", "TIFF", saved(upright, "TIFF", compression=compression))
    still("jpeg.tiff", "TIFF", saved(upright, "TIFF", compression="jpeg", quality=95))
    still("cmyk.tiff", "TIFF", saved(scene("CMYK"), "TIFF"))
    still("alpha.tiff", "TIFF", saved(scene("RGBA"), "TIFF"))
    still("palette.tiff", "TIFF", saved(upright.convert("P", palette=Image.ADAPTIVE, colors=16), "TIFF"))
    png = saved(upright, "PNG")
    for name, options in {"planar": ["-interlace", "Plane"], "tiled": ["-define", "tiff:tile-geometry=64x64"], "rgb-16": ["-depth", "16"],
                          "big-end": ["-define", "tiff:endian=msb"]}.items():
        still(f"{name}.tiff", "TIFF", lambda o=options: program("/usr/bin/convert", "png:-", *o, "-compress", "None", "tiff:-", data=png))
    still("big.tiff", "TIFF", lambda: program("/usr/bin/convert", "png:-", "tiff64:-", data=png))
    for bits in (2, 4, 8):
        for zero, photometric in (("black", 1), ("white", 0)):
            still(f"grey-{bits}-{zero}.tiff", "TIFF, 0 is white or black", tiff(packed(bits, zero == "white"), W, H, bits, photometric), greys())
    binary = greys((0, 255, 255, 0))
    still("fax.tiff", "TIFF", saved(scene("L", corners=binary).convert("1"), "TIFF", compression="group4"), binary)
    for number in range(1, 9):
        turned = upright.transpose(STORED[number]) if number in STORED else upright
        info = TiffImagePlugin.ImageFileDirectory_v2()
        info[274] = number
        still(f"turned-{number}.tiff", "TIFF, orientation", saved(turned, "TIFF", tiffinfo=info))
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[282], info[283], info[296], info[286], info[287] = 72.0, 72.0, 2, 0.5, 0.5
    still("position.tiff", "TIFF, positions", saved(upright, "TIFF", tiffinfo=info))
    still("pages.tiff", "TIFF", saved(upright, "TIFF", save_all=True, append_images=[upright.transpose(STORED[3])] * 5))
    raw = saved(upright, "TIFF", compression="raw")
    refused("old-jpeg.tiff", "TIFF, old JPEG", patched(saved(upright, "TIFF", compression="jpeg"), 259, 6), 415)
    alpha = scene("RGBA")
    alpha.putalpha(128)
    refused("jpeg-alpha.tiff", "TIFF, JPEG with alpha", lambda: program(
        "/usr/bin/convert", "png:-", "-compress", "JPEG", "tiff:-", data=saved(alpha, "PNG")), 415)
    refused("word.tiff", "TIFF, rare compressions", patched(saved(scene("L", corners=binary).convert("1"), "TIFF", compression="raw"), 259, 32771), 415)
    refused("ycbcr.tiff", "TIFF, YCbCr without JPEG", patched(raw, 262, 6), 415)
    refused("bits-24.tiff", "TIFF, samples of 10, 24, 32 bits, real numbers", tiff(bytes(W * H * 3), W, H, 24, 1), 415)
    refused("bits-10.tiff", "TIFF, samples of 10, 24, 32 bits, real numbers", tiff(bytes(W * H * 10 // 8), W, H, 10, 1), 415)
    refused("real.tiff", "TIFF, samples of 10, 24, 32 bits, real numbers", tiff(bytes(W * H * 4), W, H, 32, 1, extra=[(339, 3, 1, 3)]), 415)


def declare_others():
    upright = scene()
    still("plain.bmp", "BMP", saved(upright, "BMP"))
    still("palette.bmp", "BMP", saved(upright.convert("P", palette=Image.ADAPTIVE, colors=16), "BMP"))
    still("grey.bmp", "BMP", saved(scene("L", corners=greys()), "BMP"), greys())
    png = saved(upright, "PNG")
    for kind, name in (("bmp2", "os2.bmp"), ("bmp3", "bmp3.bmp")):
        still(name, "BMP", lambda k=kind: program("/usr/bin/convert", "png:-", f"{k}:-", data=png))
    for kind, options in (("heic", []), ("avif", ["-A"])):
        still(f"plain.{kind}", kind.upper(), lambda k=kind, o=options: heif(png, k, o))
    jpeg = saved(upright, "JPEG")
    at = jpeg.index(b"\xff\xc0")
    refused("no-frame.jpg", "a picture that is cut", jpeg[:at] + b"\xff\xfe" + jpeg[at + 2:], 422)
    refused("no-table.jpg", "a picture that is cut", jpeg[:jpeg.index(b"\xff\xc4") + 8] + b"\xff" * 40 + b"\xff\xd9", 422)
    refused("text.png", "no picture", b"This is no picture.\n" * 30, 415)
    refused("film.mp4", "no picture", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(400), 415)
    for name, (_, data, _) in list(STILLS.items()):
        if name in ("baseline.jpg", "progressive.jpg", "RGB.png", "lossy.webp", "plain.gif", "raw.tiff", "plain.bmp"):
            refused(f"cut-{name}", "a picture that is cut", data[:len(data) * 6 // 10], 422)
    wide = struct.pack("<HH", 20000, 20000)
    refused("frame.gif", "more than max_pixels", b"GIF89a\1\0\1\0\0\0\0\x2c\0\0\0\0" + wide + b"\0\2\2\x4c\1\0\x3b", 413)
    ihdr = struct.pack(">IIBBBBB", 30000, 30000, 8, 2, 0, 0, 0)
    refused("large.png", "more than max_pixels", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", ihdr) + chunk(b"IDAT", b"") + chunk(b"IEND", b""), 413)


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


def turned_avif(number):
    turn, mirror = TURNS[number]
    return avif(saved(scene().transpose(STORED[number]), "PNG"), *(["--irot", turn] if turn else []),
                *(["--imir", mirror] if mirror is not None else []))


def turned_heic(number):
    """heif-enc turns nothing: the property that says the depth of the samples becomes the one that turns."""
    turn, mirror = TURNS[number]
    data = heif(saved(scene().transpose(STORED[number]), "PNG"), "heic", [])
    at = data.index(b"pixi")
    box = b"irot" + bytes((turn,)) if mirror is None else b"imir" + bytes((mirror,))
    return data[:at] + box.ljust(12, b"\0") + data[at + 12:]


def vips(png, suffix):
    return program("/usr/bin/vips", "copy", "stdin", suffix, data=png)


SVG = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {head}>
<rect width="80" height="60" fill="#c82828"/><rect x="80" width="80" height="60" fill="#28a03c"/>
<rect y="60" width="80" height="60" fill="#323cbe"/><rect x="80" y="60" width="80" height="60" fill="{last}"/>{more}</svg>"""


def svg(head='viewBox="0 0 160 120"', before="", more="", last="#e6c83c"):
    return (before + SVG.format(head=head, more=more, last=last)).encode()


def declare_svg():
    still("plain.svg", "SVG", svg())
    still("sides.svg", "SVG", svg('width="16" height="12" viewBox="0 0 160 120"'))
    still("sides-only.svg", "SVG", svg('width="160" height="120"'))
    still("percent.svg", "SVG", svg('width="100%" height="100%" viewBox="0 0 160 120"'))
    still("entities.svg", "SVG", svg('viewBox="0 0 160 120" xmlns:x="&ns_x;"', '<?xml version="1.0" encoding="utf-8"?>\n<!-- ' + "=" * 1000 +
          ' -->\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd" [<!ENTITY ns_x "x">'
          '<!ENTITY yellow "#e6c83c">]>\n', last="&yellow;"))
    still("outside.svg", "SVG, files that it refers to", svg(more="".join(
        f'<image xlink:href="{where}" width="160" height="120"/>' for where in ("RGB.png", "file:///usr/share/pixmaps/debian-logo.png", "grey.jpg"))))
    refused("broken.svg", "SVG, broken", svg()[:-40], 422)
    refused("empty.svg", "SVG, broken", b'<svg xmlns="http://www.w3.org/2000/svg"/>', 422)


def declare_turned():
    for name, options in {"full": ["-r", "full"], "narrow": ["-r", "limited"]}.items():
        colour = lambda o=options: avif(saved(scene(), "PNG"), *o)
        still(f"{name}.avif", "AVIF", colour)
    still("grey.avif", "AVIF", lambda: avif(saved(scene("L", corners=greys()), "PNG"), "-y", "400"), greys())
    still("holed.avif", "AVIF", lambda: avif(saved(scene("RGBA"), "PNG"), "-r", "limited"))
    refused("grey-narrow.avif", "AVIF, grey in the narrow range; multiplied with alpha",
            lambda: avif(saved(scene("L", corners=greys()), "PNG"), "-y", "400", "-r", "limited"), 415)
    half = scene("RGBA")
    half.putalpha(128)
    refused("multiplied.avif", "AVIF, grey in the narrow range; multiplied with alpha", lambda: avif(saved(half, "PNG"), "--premultiply"), 415)
    for number in TURNS:
        still(f"turned-{number}.avif", "AVIF, irot and imir", lambda n=number: turned_avif(n))
        if number not in (5, 7):
            still(f"turned-{number}.heic", "HEIC, irot or imir", lambda n=number: turned_heic(n))
    # Browsers go by the boxes alone; the EXIF beside them says how the camera was held.
    still("exif.avif", "AVIF, irot and imir", lambda: exif_by_tool(turned_avif(6), "a.avif", 6))
    still("exif.heic", "HEIC, irot or imir", lambda: exif_by_tool(turned_heic(6), "a.heic", 6))
    for kind in ("JPEG", "PNG", "WEBP", "TIFF"):
        name = f"tool-6.{kind.lower()}"
        data = saved(scene().transpose(STORED[6]), kind, **({"quality": 95} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}))
        group = {"WEBP": "WebP, EXIF orientation", "TIFF": "TIFF, orientation"}.get(kind, f"{kind}, EXIF orientation")
        still(name, group, lambda d=data, n=name: exif_by_tool(d, n, 6))


def declare_moving_png():
    frames = moving(3)
    still("moving.png", "PNG, animated: its first picture", saved(scene(), "PNG", save_all=True, append_images=frames, duration=100))


def declare_jxl():
    png = saved(scene(), "PNG")
    still("plain.jxl", "JPEG XL", lambda: vips(png, ".jxl"))
    still("lossless.jxl", "JPEG XL", lambda: vips(png, ".jxl[lossless]"))
    still("alpha.jxl", "JPEG XL", lambda: vips(saved(scene("RGBA"), "PNG"), ".jxl"))
    still("grey.jxl", "JPEG XL", lambda: vips(saved(scene("L", corners=greys()), "PNG"), ".jxl"), greys())
    deep = lambda: program("/usr/bin/convert", "png:-", "-depth", "16", "png48:-", data=png)
    still("deep.jxl", "JPEG XL", lambda: vips(deep(), ".jxl"))
    refused("cut.jxl", "a picture that is cut", lambda: vips(png, ".jxl[lossless]")[:-60], 422)
    # Not small; a height in 30 bits, less one; as wide as high.
    refused("large.jxl", "more than max_pixels", b"\xff\x0a" + (3 << 1 | 39999 << 3 | 1 << 33).to_bytes(8, "little"), 413)


def heif(png, kind, options):
    with tempfile.TemporaryDirectory() as place:
        Path(place, "a.png").write_bytes(png)
        program("/usr/bin/heif-enc", *options, "-q", "95", "-o", f"{place}/a.{kind}", f"{place}/a.png")
        return Path(place, f"a.{kind}").read_bytes()


def declare():
    for part in (declare_jpeg, declare_png, declare_webp, declare_gif, declare_tiff, declare_others, declare_svg, declare_turned,
                 declare_moving_png, declare_jxl):
        part()
    STILLS["rgb.jpg"] = (STILLS["rgb.jpg"][0], lambda: program(
        "/usr/bin/convert", "png:-", "-set", "colorspace", "sRGB", "-define", "jpeg:colorspace=RGB", "-quality", "95", "jpeg:-",
        data=saved(scene(), "PNG")), CORNERS)



DELAYS = {"even": [100] * 4, "pause": [100, 100, 100, 3000], "mixed": [40, 250, 70, 1000, 20], "two": [500, 30]}
LOOPS = {"ever": 0, "once": 1, "three": 3}
FINE = [33, 17, 250, 41]


def moving(count, size=(W, H)):
    out = []
    for index in range(count):
        image = Image.new("RGB", size, (229, 229, 229))
        image.paste([(200, 40, 40), (40, 160, 60), (50, 60, 190), (230, 200, 60), (20, 20, 20)][index % 5],
                    (index * 10 % 120, 20, index * 10 % 120 + 40, 100))
        out.append(image)
    return out


def animations():
    made = {}
    for label, delays in DELAYS.items():
        for word, loop in LOOPS.items():
            frames = moving(len(delays))
            # A GIF's number counts what comes behind the first round.
            number = {0: 0, 1: None}.get(loop, loop - 1)
            made[f"{label}-{word}.gif"] = gif([(f, 0, 0, d // 10, 1) for f, d in zip(frames, delays)], loop=number), delays, loop
            made[f"{label}-{word}.webp"] = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=delays, loop=loop,
                                                 lossless=True), delays, loop
    frames = moving(len(FINE))
    made["fine.webp"] = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=FINE, loop=0, lossless=True), FINE, 0
    return made


declare()
ANIMATIONS = animations()


def disposals():
    """A part is painted over a whole, and taken away in each of the three ways."""
    whole, part = scene(), Image.new("RGB", (40, 30), (10, 10, 10))
    return {f"disposal-{n}.gif": gif([(whole, 0, 0, 10, 1), (part, 60, 45, 10, n), (Image.new("RGB", (10, 10), (255, 255, 255)), 0, 0, 10, 1)])
            for n in (1, 2, 3)}


# ---- the daemon -----------------------------------------------------------------------------------------------------------


class Site(Daemon):
    """The shipped file with another root and deadlines for a busy machine."""

    def configure(self, *recipes, **settings):
        settings = {"listen": f"unix:{self.socket}", "root": self.root, "temp_path": self.temp, **settings}
        text = re.sub(r"(?m)^(listen|root|user|socket_group) *=.*$\n", "", shipped.CONFIG.read_text())
        shipped.put_beside(self.directory)
        Path(self.config).write_text("".join(f'{name} = "{value}"\n' for name, value in settings.items()) + shipped.patient(text))

    def __init__(self):
        super().__init__(start=False)
        for name, (_, data, _) in {**STILLS, **REFUSED}.items():
            Path(self.root, name).write_bytes(data() if callable(data) else data)
        for name, (data, _, _) in ANIMATIONS.items():
            Path(self.root, name).write_bytes(data)
        for name, data in disposals().items():
            Path(self.root, name).write_bytes(data)
        many = [Image.new("RGB", (16, 16), colour) for colour in CORNERS.values()]
        Path(self.root, "f250.gif").write_bytes(gif([(many[i % 4], 0, 0, 4, 1) for i in range(250)]))
        Path(self.root, "f1200.gif").write_bytes(gif([(many[i % 4], 0, 0, 4, 1) for i in range(1200)]))
        holed = scene("RGBA")
        holed.putalpha(Image.new("L", (W, H), 255))
        holed.paste((0, 0, 0, 0), (0, 0, W // 2, H // 2))
        Path(self.root, "hole.png").write_bytes(saved(holed, "PNG"))
        noise = program("/usr/bin/convert", "-size", "400x400", "-seed", "1", "plasma:red-blue", "png24:-")
        Path(self.root, "noise.png").write_bytes(noise)
        Path(self.root, "phone.png").write_bytes(saved(scene(size=(4032, 3024)), "PNG", compress_level=1))
        Path(self.root, "strip.png").write_bytes(saved(scene(size=(800, 20000)), "PNG", compress_level=1))
        self.start()

    def ask(self, url, **fields):
        answer = self.get(url, timeout=300 * SLOW, **{"HTTP_" + name.upper(): value for name, value in fields.items()})
        return ("broken" if answer.broken else str(answer.status)), answer

    def good(self, url, **fields):
        came, answer = self.ask(url, **fields)
        assert came == "200", f"{url}: {came} {answer.text[:200]}\n{self.log.text()[-1500:]}"
        return answer


@pytest.fixture(scope="module")
def site():
    site = Site()
    yield site
    site.stop()
    site.close()


def opened(answer):
    """As Pillow has no AVIF here, libavif's own program decodes it."""
    body = bytes(answer.body)
    if answer.headers["content-type"] == "image/avif":
        with tempfile.TemporaryDirectory() as place:
            Path(place, "a.avif").write_bytes(body)
            program("/usr/bin/avifdec", "--jobs", "1", f"{place}/a.avif", f"{place}/a.png")
            body = Path(place, "a.png").read_bytes()
    return Image.open(io.BytesIO(body))


def assert_corners(image, corners, tolerance=6):
    image = image.convert("RGB")
    width, height = image.size
    for key, wanted in corners.items():
        where = (width // 4 + (width // 2 if key[1] == "e" else 0), height // 4 + (height // 2 if key[0] == "s" else 0))
        came = image.getpixel(where)
        assert all(abs(a - b) <= tolerance for a, b in zip(came, wanted)), (key, came, wanted)


# ---- stills ---------------------------------------------------------------------------------------------------------------


def loose(name):
    """CMYK without a profile has no one meaning; palettes of HEIC and AVIF are lossy."""
    return 30 if "cmyk" in name and not name.startswith("icc") else 8 if name.endswith((".heic", ".avif", ".webp")) else 6


@pytest.mark.parametrize("name", STILLS)
def test_still(site, name):
    image = opened(site.good(f"/{name}?size=80x60&format=png"))
    assert image.size == (80, 60)
    _, _, corners = STILLS[name]
    if name == "offset.gif":
        assert image.convert("RGBA").getpixel((20, 15))[3] == 0
        corners = {key: colour for key, colour in corners.items() if key[1] == "e"}
    assert_corners(image, corners, loose(name))


@pytest.mark.parametrize("kind", ["jpeg", "avif"])
@pytest.mark.parametrize("name", REFUSED)
def test_refused(site, name, kind):
    if name.endswith((".svg", ".jxl")) and kind == "avif":
        kind = "png"
    came, answer = site.ask(f"/{name}?size=80x60&format={kind}")
    assert came == str(REFUSED[name][2]), answer.text


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


@pytest.mark.parametrize("kind", ["gif", "webp"])
@pytest.mark.parametrize("name", ANIMATIONS)
def test_animation(site, name, kind):
    _, delays, loop = ANIMATIONS[name]
    answer = site.good(f"/{name}?size=80x60&animate=1&format={kind}")
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
@pytest.mark.parametrize("way", [1, 2, 3])
def test_disposal(site, way, kind):
    came, answer = site.ask(f"/disposal-{way}.gif?size=80x60&animate=1&format={kind}")
    # libvips would paint the background's colour; browsers ignore it.
    assert came == ("415" if way == 2 else "200")
    if way == 2:
        return
    image = opened(answer)
    image.seek(1)
    assert all(c < 24 for c in image.convert("RGB").getpixel((38, 28)))
    image.seek(2)
    last = image.convert("RGBA").getpixel((35, 26))
    wanted = {1: (10, 10, 10, 255), 3: (*CORNERS["nw"], 255)}[way]
    assert all(abs(a - b) <= 14 for a, b in zip(last, wanted)), last


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_many_frames(site, kind):
    body = bytes(site.good(f"/f250.gif?size=60x&animate=1&format={kind}").body)
    times, _ = (webp_times if kind == "webp" else gif_times)(body)
    assert sum(times) == 250 * 40
    assert site.ask(f"/f1200.gif?size=60x&animate=1&format={kind}")[0] == "413"
    assert site.ask("/f1200.gif?size=60x&format=jpeg")[0] == "200"


@pytest.mark.parametrize("name", ["pause-ever.gif", "pause-ever.webp"])
@pytest.mark.parametrize("query", ["animate=0&format=webp", "format=gif", "animate=1&format=jpeg", "animate=1&format=png"])
def test_first_frame(site, name, query):
    image = opened(site.good(f"/{name}?size=80x60&{query}"))
    assert getattr(image, "n_frames", 1) == 1 and image.size == (80, 60)
    assert all(abs(a - b) <= 14 for a, b in zip(image.convert("RGB").getpixel((10, 30)), (200, 40, 40)))


@pytest.mark.parametrize("name", ["moving.png", "disposal-2.gif"])
@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_what_cannot_be_kept_moving_is_told(site, name, kind):
    came, answer = site.ask(f"/{name}?size=80x60&animate=1&format={kind}")
    assert came == "415" and "kept moving" in answer.text
    for query in ("animate=0", "animate=1&format=png"):
        site.good(f"/{name}?size=80x60&{query}")


def test_what_an_animation_is_not_asked(site):
    assert site.ask("/pause-ever.gif?size=80x60&animate=1&format=gif&rotate=90")[0] == "400"
    assert site.ask("/pause-ever.gif?size=80x60&animate=1&format=gif&fit=cover")[0] == "400"
    assert site.ask("/plain.gif?size=80x60&animate=1&format=gif&rotate=90")[0] == "200"


# ---- the table ------------------------------------------------------------------------------------------------------------


def main():
    """Prints the table: each group of files, and whether all of them came out right or were refused as they should."""
    site = Site()
    rows = {}
    try:
        for name, (group, _, _) in STILLS.items():
            try:
                test_still(site, name)
                rows.setdefault(group, []).append("right")
            except AssertionError:
                rows.setdefault(group, []).append("wrong")
        for name, (group, _, status) in REFUSED.items():
            came = site.ask(f"/{name}?size=80x60&format=jpeg")[0]
            rows.setdefault(group, []).append(f"refused, {came}" if came == str(status) else "wrong")
    finally:
        site.stop()
        site.close()
    print("| pictures | files | result |\n|---|---|---|")
    for group, results in sorted(rows.items()):
        print(f"| {group} | {len(results)} | {', '.join(sorted(set(results)))} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
