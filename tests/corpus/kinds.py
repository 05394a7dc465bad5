# SPDX-License-Identifier: MIT
"""The pictures of the corpus, by name. Each is made so that it is known how it looks."""

import functools
import struct
import zlib

from PIL import Image, TiffImagePlugin

from making import (CORNERS, H, STORED, TURNS, W, apng, avif, chunk, convert, exif, exif_by_tool, gif, greys, heif, packed, patched, profile, program,
                    saved, scene, stored, svg, tiff, turned,
                    turned_avif, turned_heic, vips, webp, with_chunk)

STILLS = {}  # file → (group of the table, bytes or a function, corners)
REFUSED = {}  # file → (group, bytes or a function, status)
ALONE = {}  # of the stills: file → the status that ImageMagick's recipes refuse it with


def still(name, group, data, corners=None, alone=None):
    STILLS[name] = (group, data, corners or CORNERS)
    if alone:
        ALONE[name] = alone


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
        still(f"turned-{number}.jpg", "JPEG, EXIF orientation", turned(upright, "jpeg", number))
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
        still(f"turned-{number}.png", "PNG, EXIF orientation", turned(upright, "png", number))
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
        still(f"turned-{number}.webp", "WebP, EXIF orientation", turned(upright, "webp", number))


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


def runs():
    """The scene in black and white, as a facsimile without its lines' ends."""
    white_0, white_80, black_80 = "00110101", "11011" "101010", "0000001111" "0000010111"
    rows = (white_0 + black_80 + white_80).ljust(40, "0"), (white_80 + black_80).ljust(32, "0")
    pixels = b"".join(int(row, 2).to_bytes(len(row) // 8, "big") * (H // 2) for row in rows)
    return tiff(pixels, W, H, 1, 0, compression=2)


def video(side):
    """The scene in the colours of video, of which several pixels have one in common."""
    y, cb, cr = (band.tobytes() for band in scene().convert("YCbCr").split())
    out = bytearray()
    for top in range(0, H, side):
        for left in range(0, W, side):
            at = top * W + left
            out += bytes(y[at + line * W + x] for line in range(side) for x in range(side)) + bytes((cb[at], cr[at]))
    return bytes(out)


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
        still(f"turned-{number}.tiff", "TIFF, orientation", turned(upright, "tiff", number))
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[282], info[283], info[296], info[286], info[287] = 72.0, 72.0, 2, 0.5, 0.5
    still("position.tiff", "TIFF, positions", saved(upright, "TIFF", tiffinfo=info))
    still("pages.tiff", "TIFF", saved(upright, "TIFF", save_all=True, append_images=[upright.transpose(STORED[3])] * 5))
    alpha = scene("RGBA")
    alpha.putalpha(128)
    still("jpeg-alpha.tiff", "TIFF, JPEG with alpha", lambda: program(
        "/usr/bin/convert", "png:-", "-compress", "JPEG", "tiff:-", data=saved(alpha, "PNG")), alone=415)
    for side in (1, 2):
        still(f"ycbcr-{side}.tiff", "TIFF, YCbCr without JPEG", tiff(video(side), W, H, 8, 6, 3, extra=[(530, 3, 2, (side, side))]), alone=415)
    still("runs.tiff", "TIFF, runs of black and white", runs(), binary)
    refused("old-jpeg.tiff", "TIFF, old JPEG", patched(saved(upright, "TIFF", compression="jpeg"), 259, 6), 415)
    refused("word.tiff", "TIFF, rare compressions", patched(runs(), 259, 32771), 415)
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
    still("grey-narrow.avif", "AVIF, grey in the narrow range; multiplied with alpha",
          lambda: avif(saved(scene("L", corners=greys()), "PNG"), "-y", "400", "-r", "limited"), greys(), alone=415)
    half = scene("RGBA")
    half.putalpha(128)
    still("multiplied.avif", "AVIF, grey in the narrow range; multiplied with alpha", lambda: avif(saved(half, "PNG"), "--premultiply"), alone=415)
    for number in TURNS:
        still(f"turned-{number}.avif", "AVIF, irot and imir", lambda n=number: turned_avif(scene(), n))
        still(f"turned-{number}.heic", "HEIC, irot and imir", lambda n=number: turned_heic(scene(), n))
        mirrored = TURNS[number][1] is not None
        still(f"deep-{number}.avif", f"AVIF of 10 bits, {'mirrored' if mirrored else 'turned'}",
              lambda n=number: turned_avif(scene(), n, "-d", "10"), alone=422 if mirrored else None)
    # Browsers go by the boxes alone; the EXIF beside them says how the camera was held.
    still("exif.avif", "AVIF, irot and imir", lambda: exif_by_tool(turned_avif(scene(), 6), "a.avif", 6))
    still("exif.heic", "HEIC, irot and imir", lambda: exif_by_tool(turned_heic(scene(), 6), "a.heic", 6))
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
    """file → (bytes, times, rounds)"""
    made = {}

    def add(name, delays, loop):
        frames = moving(len(delays))
        more = {"save_all": True, "append_images": frames[1:], "duration": delays, "loop": loop}
        made[f"{name}.webp"] = saved(frames[0], "WEBP", lossless=True, **more), delays, loop
        made[f"{name}.png"] = saved(frames[0], "PNG", **more), delays, loop
        return frames

    for label, delays in DELAYS.items():
        for word, loop in LOOPS.items():
            frames = add(f"{label}-{word}", delays, loop)
            # A GIF's number counts what comes behind the first round.
            number = {0: 0, 1: None}.get(loop, loop - 1)
            made[f"{label}-{word}.gif"] = gif([(f, 0, 0, d // 10, 1) for f, d in zip(frames, delays)], loop=number), delays, loop
    frames = add("fine", FINE, 0)
    # The picture that is shown where nothing moves is none of the frames.
    made["hidden.png"] = saved(scene(), "PNG", save_all=True, append_images=frames, duration=FINE, loop=0, default_image=True), FINE, 0
    return made


def disposals():
    """A part is painted over a whole, and taken away in each of the ways: it stays, it is cleared, what was below it comes back."""
    parts = [(scene(), 0, 0), (Image.new("RGB", (40, 30), (10, 10, 10)), 60, 44), (Image.new("RGB", (10, 10), (255, 255, 255)), 0, 0)]
    made = {}
    for way in (1, 2, 3):
        ways = (1, way, 1)
        made[f"disposal-{way}.gif"] = gif([(*part, 10, n) for part, n in zip(parts, ways)])
        made[f"disposal-{way}.png"] = apng([(*part, n - 1) for part, n in zip(parts, ways)])
        if way < 3:
            made[f"disposal-{way}.webp"] = webp([(*part, n - 1) for part, n in zip(parts, ways)])
    return made


@functools.lru_cache(maxsize=None)
def files():
    """name → bytes, of all."""
    made = {name: data() if callable(data) else data for name, (_, data, _) in {**STILLS, **REFUSED}.items()}
    made.update({name: data for name, (data, _, _) in ANIMATIONS.items()})
    made.update(DISPOSALS)
    many = [Image.new("RGB", (16, 16), colour) for colour in CORNERS.values()]
    for count in (250, 1200):
        made[f"f{count}.gif"] = gif([(many[i % 4], 0, 0, 4, 1) for i in range(count)])
    holed = scene("RGBA")
    holed.putalpha(Image.new("L", (W, H), 255))
    holed.paste((0, 0, 0, 0), (0, 0, W // 2, H // 2))
    made["hole.png"] = saved(holed, "PNG")
    made["noise.png"] = convert("-size", "400x400", "-seed", "1", "plasma:red-blue", "png24:-")
    made["phone.png"] = saved(scene(size=(4032, 3024)), "PNG", compress_level=1)
    made["strip.png"] = saved(scene(size=(800, 20000)), "PNG", compress_level=1)
    return made


declare()
ANIMATIONS = animations()
DISPOSALS = disposals()
