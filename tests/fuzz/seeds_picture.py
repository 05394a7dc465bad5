# SPDX-License-Identifier: MIT
"""Small pictures for the fuzzers of sluice-picture, each behind the bytes that choose the options (fuzz_picture.h)."""

import io
import os
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "picture"))
os.environ.setdefault("PICTURE", "")  # no test runs
import heic  # noqa: E402
import pngs  # noqa: E402
import profiles  # noqa: E402

# Format, flags, fit and gravity, rotation, width, height, quality, effort: fuzz_picture.h says what they mean.
OPTIONS = [bytes((0, 0, 0, 0, 0, 0, 80, 0)), bytes((1, 0, 0, 0, 20, 0, 80, 4)), bytes((2, 0, 3, 0, 20, 30, 80, 4)), bytes((3, 1, 1, 0, 9, 9, 50, 1)),
           bytes((1, 4, 2, 90, 33, 9, 10, 0)), bytes((3, 8, 3, 30, 17, 0, 90, 0)), bytes((2, 0x32, 3, 0, 20, 20, 33, 2))]


def picture(mode="RGB", size=(40, 30)):
    noise = Image.effect_noise(size, 60)
    if mode == "CMYK":
        return Image.merge("CMYK", (noise, Image.linear_gradient("L").resize(size), noise, noise.point(lambda value: value // 8)))
    if mode.endswith("A"):
        merged = Image.merge("RGB", (noise, Image.linear_gradient("L").resize(size), noise.transpose(Image.Transpose.ROTATE_180)))
        merged.putalpha(Image.linear_gradient("L").resize(size))
        return merged.convert(mode)
    return noise.convert(mode) if mode == "L" else Image.merge("RGB", (noise, Image.linear_gradient("L").resize(size), noise)).convert(mode)


def saved(image, form, **options):
    data = io.BytesIO()
    image.save(data, form, **options)
    return data.getvalue()


def exif(orientation):
    block = Image.Exif()
    block[274] = orientation
    return block.tobytes()


def frames(count, size=(24, 16)):
    found = []
    for number in range(count):
        frame = Image.new("RGBA", size, (0, 0, 0, 0))
        frame.paste((255 - 40 * number, 40 * number, 99, 255), (number * 3, number, number * 3 + 9, number + 9))
        found.append(frame)
    return found


def with_options(pictures):
    """Each picture with some of the options, each of the options with some picture."""
    return [OPTIONS[(first + step) % len(OPTIONS)] + data for first, data in enumerate(pictures) for step in (0, 3)]


def jpegs():
    return [saved(picture(), "JPEG"), saved(picture(), "JPEG", subsampling=0, progressive=True), saved(picture("L"), "JPEG"),
            saved(picture("CMYK"), "JPEG"), saved(picture(size=(33, 17)), "JPEG", subsampling=1, exif=exif(6), icc_profile=b"p" * 200)]


def gifs():
    several = frames(4)
    return [saved(picture("L"), "GIF"), saved(picture(), "GIF", interlace=0), saved(several[1], "GIF", transparency=0),
            saved(several[0], "GIF", save_all=True, append_images=several[1:], duration=[10, 70, 0, 3000], loop=2, disposal=2),
            saved(several[0], "GIF", save_all=True, append_images=several[1:], disposal=[0, 3, 1, 3])]


def webps():
    several = frames(4)
    return [saved(picture(), "WEBP"), saved(picture(), "WEBP", lossless=True), saved(picture("RGBA"), "WEBP", exif=exif(8)),
            saved(picture("RGBA"), "WEBP", lossless=True, icc_profile=b"p" * 200),
            saved(several[0], "WEBP", save_all=True, append_images=several[1:], duration=[10, 70, 0, 3000], loop=2),
            saved(several[0], "WEBP", save_all=True, append_images=several[1:], lossless=True, kmax=0)]


def png_kinds():
    """Each kind of pixels, interlaced or not, with the chunks that mean something for it."""
    extra = {pngs.PALETTE: pngs.chunk(b"PLTE", bytes(range(48))) + pngs.chunk(b"tRNS", b"\0\x80"), pngs.GRAY: pngs.chunk(b"tRNS", b"\0\1"),
             pngs.RGB: pngs.chunk(b"gAMA", struct.pack(">I", 100000)) + pngs.chunk(b"cICP", bytes((9, 16, 0, 1))),
             pngs.RGBA: pngs.chunk(b"iCCP", b"p\0\0" + zlib.compress(struct.pack(">I", 200) + b"p" * 196))}
    for colour, depth in ((pngs.GRAY, 1), (pngs.GRAY, 16), (pngs.RGB, 8), (pngs.RGB, 16), (pngs.PALETTE, 4), (pngs.GRAY_ALPHA, 8), (pngs.RGBA, 8)):
        for interlaced in (False, True):
            rows = [[(x * y + x) % (1 << min(depth, 4)) for x in range(9 * pngs.CHANNELS[colour])] for y in range(7)]
            yield pngs.png(rows, depth, colour, interlaced, extra.get(colour, b""), pngs.chunk(b"eXIf", exif(7)[6:]), pieces=2)


def png_files():
    several = frames(4)
    return [*png_kinds(), saved(picture(), "PNG"), saved(picture("RGBA"), "PNG"), saved(picture("L"), "PNG"),
            saved(several[0], "PNG", save_all=True, append_images=several[1:], duration=[10, 70, 0, 3000], loop=2, disposal=[0, 1, 2, 0], blend=1),
            saved(several[0], "PNG", save_all=True, append_images=several[1:], default_image=True, disposal=2)]


def avifs():
    """By avifenc, which wants files."""
    made = []
    with tempfile.TemporaryDirectory() as where:
        picture("RGBA").save(f"{where}/alpha.png")
        picture().save(f"{where}/plain.png")
        for name, options in (("plain", []), ("plain", ["-y", "444", "-d", "10"]), ("plain", ["-y", "400", "-r", "limited"]),
                              ("plain", ["--irot", "1", "--imir", "0"]), ("plain", ["--clap", "20,1,10,1,0,1,0,1"]), ("alpha", []),
                              ("alpha", ["-p", "-d", "12"])):
            subprocess.run(["avifenc", "-s", "9", *options, f"{where}/{name}.png", f"{where}/out.avif"], check=True, capture_output=True)
            made.append(Path(f"{where}/out.avif").read_bytes())
        subprocess.run(["avifenc", "-s", "9", f"{where}/plain.png", f"{where}/plain.png", f"{where}/out.avif"], check=True, capture_output=True)
        made.append(Path(f"{where}/out.avif").read_bytes())
    return made


def heics():
    plain = picture()
    return [heic.single(heic.encode(plain)), heic.single(heic.encode(plain, pixels="yuv444p10le"), heic.nclx(9, 16, 9, False), heic.turn(1)),
            heic.single(heic.encode(plain, pixels="gray")), heic.grid(picture(size=(80, 70)), 64, heic.turn(3))]


def tiffs():
    kinds = [saved(picture(mode), "TIFF", compression=compression) for mode, compression in
             (("RGB", None), ("RGB", "tiff_lzw"), ("RGB", "jpeg"), ("L", "tiff_adobe_deflate"), ("RGBA", "packbits"), ("CMYK", "tiff_lzw"),
              ("1", "group4"), ("1", "group3"), ("P", "packbits"))]
    with tempfile.TemporaryDirectory() as where:
        picture(size=(80, 70)).save(f"{where}/in.png")
        for options in (["--tile", "--tile-width", "16", "--tile-height", "16", "--pyramid"], ["--tile", "--tile-width", "32", "--tile-height",
                        "16", "--pyramid", "--subifd", "--bigtiff", "--compression", "deflate"]):
            subprocess.run(["vips", "tiffsave", f"{where}/in.png", f"{where}/out.tif", *options], check=True, capture_output=True)
            kinds.append(Path(f"{where}/out.tif").read_bytes())
        subprocess.run(["/usr/bin/convert", f"{where}/in.png", "-interlace", "plane", "-depth", "16", f"{where}/out.tif"], check=True)
        kinds.append(Path(f"{where}/out.tif").read_bytes())
    return kinds


def profile_seeds():
    """Behind eight bytes: the type of the file and its colours, code points, gamma and chromaticities."""
    gray, rgb, cmyk = b"\0\2\2\0\0\0\0\0", b"\2\2\2\0\0\0\0\0", b"\4\2\2\0\0\0\0\0"
    curve = profiles.table(profiles.light, 16)
    return [gray + profiles.gray(curve), gray + profiles.gray(profiles.linear(), pcs=b"Lab "), rgb + profiles.rgb(profiles.P3, curve),
            rgb + profiles.rgb(profiles.ADOBE, profiles.formula(4, 2.2, 0.9, 0.1, 0.2, 0.05, -0.005, 0)), gray + profiles.rgb(profiles.P3, curve),
            rgb + profiles.rgb(profiles.P3, curve, tags={b"desc": profiles.name((b"de", "Farben"), (b"en", "colours"))}),
            rgb + profiles.rgb(profiles.P3, curve, tags={b"cicp": b"cicp\0\0\0\0" + bytes([9, 16, 0, 1])}),
            rgb + profiles.lut(lambda r, g, b: (100 * g, r - b, b - g), 3, 2),
            cmyk + profiles.lut(lambda c, m, y, k: (100 - 100 * k, m - c, y), 4, 2, b"CMYK"), cmyk,
            gray + profiles.lut(lambda value: (100 * value, 0, 0), 1, 3, b"GRAY"),
            *(bytes([1 + 2 * space, primaries, transfer, 0, gamma, 9, 90, 90]) for space in (0, 1) for primaries, transfer, gamma in
              ((9, 16, 0), (9, 18, 0), (12, 13, 0), (1, 8, 0), (2, 2, 45), (2, 2, 100)))]


CORPORA = {
    "picture_profile": profile_seeds(),
    "picture_avif": with_options(avifs()),
    "picture_heif": with_options(heics()),
    "picture_tiff": with_options(tiffs()),
    "picture_gif": with_options(gifs()),
    "picture_jpeg": with_options(jpegs()),
    "picture_png": with_options(png_files()),
    "picture_webp": with_options(webps()),
}
BOXES = ["ftyp", "meta", "hdlr", "pict", "pitm", "iloc", "iinf", "infe", "iref", "dimg", "auxl", "iprp", "ipco", "ipma", "ispe", "pixi",
         "colr", "nclx", "prof", "irot", "imir", "clap", "grid", "mdat", "idat"]
WORDS = {
    "picture_avif": ["avif", "avis", "av01", "av1C", "auxC", "moov", "trak", "stsz", *BOXES],
    "picture_heif": ["heic", "mif1", "hvc1", "hvcC", "iovl", *BOXES],
    "picture_tiff": ["II*", "MM", b"\0\1\3\0", b"\1\1\3\0", b"\2\1\3\0", b"\3\1\3\0", b"\6\1\3\0", b"\x11\1\4\0", b"\x15\1\3\0",
                     b"\x1c\1\3\0", b"\x42\1\4\0", b"\x4a\1\4\0", b"\x52\1\3\0", b"\x53\1\3\0"],
    "picture_gif": ["GIF89a", "NETSCAPE2.0", b"\x21\xf9\x04", b"\x21\xfe", b"\x21\xff\x0b", b"\x2c\0\0\0\0", b"\0\x3b"],
    "picture_jpeg": [b"\xff\xd8", b"\xff\xc0", b"\xff\xc2", b"\xff\xc4", b"\xff\xda", b"\xff\xdb", b"\xff\xdd", b"\xff\xd9", "Exif", "ICC_PROFILE", "Adobe"],
    "picture_png": ["IHDR", "PLTE", "IDAT", "IEND", "tRNS", "iCCP", "cICP", "gAMA", "cHRM", "sRGB", "eXIf", "acTL", "fcTL", "fdAT", "tEXt"],
    "picture_profile": ["acsp", "mntr", "RGB ", "GRAY", "CMYK", "XYZ ", "Lab ", "curv", "para", "mft1", "mft2", "mAB ", "mluc", "desc", "rTRC",
                        "kTRC", "rXYZ", "A2B0", "D2B0", "cicp", "wtpt", "chad"],
    "picture_webp": ["RIFF", "WEBP", "VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF", "ICCP", "EXIF", b"\x9d\x01\x2a"],
}
