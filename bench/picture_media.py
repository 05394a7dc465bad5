# SPDX-License-Identifier: MIT
"""Media of bench/picture.py: made once by ImageMagick, then kept in a folder.

A made picture has a fractal's large shapes and grain like a sensor's. With quality 88 it takes about
0.25 bytes a pixel, as photographs from telephones do. With a folder of photographs, the largest of
them takes the place of the made picture: scaled, so that all sizes show the same.
"""

import os
import pathlib
import shutil
import subprocess

VERSION = "1"  # a change makes new media
CONVERT = "/usr/bin/convert"
BASE = (4160, 3120)
JPEG = ["-sampling-factor", "2x2", "-quality", "88"]
ALPHA = ["(", "-size", "2048x1536", "radial-gradient:white-black", ")", "-alpha", "off", "-compose", "copy_opacity", "-composite"]
# name: (width, height, what ImageMagick does with the base cut or scaled to that)
PICTURES = {
    "400x300.jpg": (400, 300, JPEG),
    "1600x1200.jpg": (1600, 1200, JPEG),
    "12mp.jpg": (4000, 3000, JPEG),
    "13mp-progressive.jpg": (4160, 3120, [*JPEG, "-interlace", "JPEG"]),
    "2048x1536.png": (2048, 1536, [*ALPHA, "-depth", "8"]),
    "1600x1200.webp": (1600, 1200, ["-quality", "85"]),
}
LARGE = {
    "48mp.jpg": (8000, 6000, JPEG),
    "48mp.png": (8000, 6000, ["-depth", "8", "-define", "png:compression-level=3"]),
    "48mp-progressive.jpg": (8000, 6000, [*JPEG, "-interlace", "JPEG"]),
}


def convert(*argv):
    subprocess.run([CONVERT, *map(str, argv)], check=True, timeout=600)


def identify(path):
    """(width, height) of the stored picture, the type as ImageMagick names it, and whether it has a profile."""
    told = subprocess.run(["/usr/bin/identify", "-format", "%w %h %m %[profile:icc]\n", f"{path}[0]"], capture_output=True, text=True,
                          check=True, timeout=60).stdout.split(maxsplit=3)
    return int(told[0]), int(told[1]), told[2], len(told) > 3 and bool(told[3].strip())


def photographs(folder):
    """The JPEG files of a folder, the largest first."""
    found = [path for path in sorted(pathlib.Path(folder).iterdir()) if path.suffix.lower() in (".jpg", ".jpeg")]
    return sorted(found, key=lambda path: -path.stat().st_size)


def make_base(path):
    size = f"{BASE[0]}x{BASE[1]}"
    convert("-seed", 7, "-size", size, "plasma:fractal", "-modulate", "100,70",
            "(", "-size", size, "xc:gray50", "-attenuate", 1.2, "+noise", "Gaussian", "-blur", "0x1", ")", "-compose", "overlay",
            "-composite", "(", "-size", size, "xc:gray50", "-attenuate", 0.3, "+noise", "Gaussian", "-colorspace", "gray", ")",
            "-compose", "overlay", "-composite", "-depth", 8, path)


def make(cache, folder, large):
    """The directory that has all of PICTURES, and LARGE if wanted. folder: of photographs, or None."""
    source = photographs(folder)[0] if folder else None
    place = pathlib.Path(cache) / (f"media-{VERSION}" + (f"-{source.stem}-{source.stat().st_size}" if source else ""))
    place.mkdir(parents=True, exist_ok=True)
    wanted = {**PICTURES, **(LARGE if large else {})}
    missing = {name: how for name, how in wanted.items() if not (place / name).exists()}
    if not missing:
        return place
    base = place / "base.png"
    if not base.exists():
        if source:
            convert(source, "-auto-orient", "-strip", "-resize", f"{BASE[0]}x{BASE[1]}^", "-gravity", "center", "-extent",
                    f"{BASE[0]}x{BASE[1]}", "-depth", 8, place / "new.png")
        else:
            make_base(place / "new.png")
        os.rename(place / "new.png", base)
    for name, (width, height, how) in missing.items():
        # 12 of the 13 MP are cut out: scaled by so little, grain would be lost. A made picture of another size has its own grain.
        cut = ["-gravity", "center", "-crop", f"{width}x{height}+0+0"] if width in (4000, 4160) or not source and width < 4000 \
            else ["-resize", f"{width}x{height}!"]
        new = place / f"new.{name.rpartition('.')[2]}"
        convert(base, *cut, "+repage", *how, new)
        os.rename(new, place / name)
    return place


def tell(place, names):
    for name in names:
        width, height = identify(place / name)[:2]
        size = (place / name).stat().st_size
        print(f"- {name}: {width}x{height}, {size} bytes, {size / width / height:.2f} a pixel")
    print()


def tools():
    return [name for name in (CONVERT, "/usr/bin/vips", "/usr/bin/vipsthumbnail", "wrk") if not shutil.which(name)]
