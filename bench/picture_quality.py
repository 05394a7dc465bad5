# SPDX-License-Identifier: MIT
"""What sluice-picture's results are like: their distance from a careful reference, moiré, and sizes.

The reference is a full decode, brought to 16 bits and reduced by libvips with Lanczos3: no
shrink-on-load, no box filter before. Distances are the root of the mean squared error, 0 to 1, over
all channels.
"""

import array
import math
import os
import re
import statistics
import subprocess

from picture_media import convert, identify

from measure import median  # noqa: E402

BOXES = ("100x100", "300x200", "720x720", "1600x1600")
SIZES = ((1600, 1200), (1601, 1067), (333, 1000), (1999, 1333), (3000, 7), (5, 4000), (641, 479), (100, 75), (17, 13))
# The larger the ratio, the more of the plate is beyond what the result can show.
PLATE, PLATE_TO = 2048, (200, 333, 512, 700)
# Beyond 1.4 times the result's Nyquist frequency even a Lanczos filter lets nothing through.
BEYOND = 1.4


def vips(*argv):
    subprocess.run(["/usr/bin/vips", *map(str, argv)], check=True, timeout=300, env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"})


def picture(program, path, *options):
    """The result's bytes."""
    return subprocess.run([program, *map(str, options), "--source", str(path)], stdout=subprocess.PIPE, check=True, timeout=120).stdout


def write(path, content):
    with open(path, "wb") as file:
        file.write(content)
    return path


def reference(path, width, height, directory):
    """A 16-bit PNG of exactly that size."""
    steps = [os.path.join(directory, f"step{n}.v") for n in range(4)]
    result = os.path.join(directory, "reference.png")
    vips("copy", path, steps[0])
    vips("autorot", steps[0], steps[1])
    vips("colourspace", steps[1], steps[2], "grey16" if identify(path)[2] == "GRAY" else "rgb16")
    upright = [int(subprocess.run(["/usr/bin/vipsheader", "-f", field, steps[2]], capture_output=True, check=True, timeout=30).stdout)
               for field in ("width", "height")]
    vips("reduce", steps[2], steps[3], upright[0] / width, upright[1] / height, "--kernel", "lanczos3")
    vips("pngsave", steps[3], result, "--compression", 1, "--strip")
    return result


def rmse(one, other):
    done = subprocess.run(["/usr/bin/compare", "-metric", "RMSE", one, other, "null:"], capture_output=True, text=True, timeout=120)
    found = re.search(r"\(([\d.e+-]+)\)", done.stderr)
    if done.returncode > 1 or not found:
        raise RuntimeError(f"compare: {done.stderr}")
    return float(found[1])


def photograph(program, path, box, directory):
    """{way: distance}. "encoder alone": the reference itself as JPEG, what no resampler can avoid."""
    found, size = {}, None
    ways = {"png": ("--format", "png"), "jpeg 100": ("--format", "jpeg", "--quality", 100), "jpeg 82": ("--format", "jpeg", "--quality", 82)}
    for way, options in ways.items():
        result = write(os.path.join(directory, f"result.{options[1]}"), picture(program, path, "--size", box, "--fit", "inside", *options))
        if identify(result)[:2] != size:
            size = identify(result)[:2]
            sought = reference(path, *size, directory)
        found[way] = rmse(result, sought)
    for quality in (100, 82):
        encoded = os.path.join(directory, "encoded.jpg")
        convert(sought, "-sampling-factor", "2x2", "-quality", quality, encoded)
        found[f"encoder alone {quality}"] = rmse(encoded, sought)
    thumbnail = os.path.join(directory, "thumbnail.png")
    subprocess.run(["/usr/bin/vipsthumbnail", path, "--size", f"{size[0]}x{size[1]}!", "-o", thumbnail], check=True, timeout=60)
    found["vipsthumbnail"] = rmse(thumbnail, sought)
    return found


def photographs(program, paths, directory):
    """{way: [distance]} over all paths and boxes. Pictures with a profile are left out: the reference converts none."""
    found = {}
    for path in paths:
        if identify(path)[3]:
            continue
        for box in BOXES:
            for way, distance in photograph(program, str(path), box, directory).items():
                found.setdefault(way, []).append(distance)
    return found


def moire(path, directory):
    """How much is to be seen where the plate's rings are finer than the result's pixels: the standard deviation, 0 to 1."""
    width, height = identify(path)[:2]
    raw = subprocess.run(["/usr/bin/convert", path, "-colorspace", "gray", "-depth", "16", "-endian", "LSB", "gray:-"], capture_output=True,
                         check=True, timeout=60).stdout
    pixels = array.array("H", raw)
    # At a radius of r source pixels the plate has r / PLATE rings a pixel.
    limit = BEYOND * width / PLATE * width / 2
    seen = [pixels[y * width + x] for y in range(height) for x in range(width)
            if math.hypot(x + 0.5 - width / 2, y + 0.5 - height / 2) > limit]
    return statistics.pstdev(seen) / 65535


def plates(program, directory):
    """[(source's format, width, moiré of ours, of the reference, of vipsthumbnail)]"""
    zone, rows = os.path.join(directory, "zone.v"), []
    vips("zone", zone, PLATE, PLATE)
    vips("linear", zone, os.path.join(directory, "zone2.v"), 120, 128, "--uchar")
    for suffix, options in (("png", []), ("jpg", ["--Q", 95])):
        plate = os.path.join(directory, f"plate.{suffix}")
        vips("jpegsave" if suffix == "jpg" else "pngsave", os.path.join(directory, "zone2.v"), plate, *options)
        for width in PLATE_TO:
            ours = write(os.path.join(directory, "zone-ours.png"), picture(program, plate, "--size", f"{width}x{width}", "--format", "png"))
            thumbnail = os.path.join(directory, "zone-thumbnail.png")
            subprocess.run(["/usr/bin/vipsthumbnail", plate, "--size", str(width), "-o", thumbnail], check=True, timeout=60)
            rows.append((suffix, width, *(moire(path, directory) for path in (ours, reference(plate, width, width, directory), thumbnail))))
    return rows


def sizes(program, directory):
    """(how many were looked at, [what is a pixel off]): neither side more than half a pixel beside the exact one."""
    wrong, seen = [], 0
    for width, height in SIZES:
        for suffix in ("jpg", "png"):
            source = os.path.join(directory, f"size.{suffix}")
            convert("-size", f"{width}x{height}", "gradient:red-blue", source)
            for box in BOXES:
                limits = [int(side) for side in box.split("x")]
                scale = min(limits[0] / width, limits[1] / height)
                result = write(os.path.join(directory, "size-result.png"), picture(program, source, "--size", box, "--format", "png"))
                got = identify(result)[:2]
                exact = max(1, width * scale), max(1, height * scale)
                seen += 1
                if any(abs(a - b) > 0.5 + 1e-9 for a, b in zip(got, exact)):
                    wrong.append(f"{width}x{height} {suffix} in {box}: {got[0]}x{got[1]}, exactly {exact[0]:.2f}x{exact[1]:.2f}")
    return seen, wrong


def summary(distances):
    return {way: (median(values), max(values)) for way, values in distances.items()}
