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


NO_FEATURE = 4
# A JPEG has half of the colour's pixels, whoever resamples; what it has of the light shows the resampling.
LUMA = ("-colorspace", "Rec601Luma")


def picture(program, path, *options):
    """The result's bytes, or None where the program says that it cannot do that."""
    done = subprocess.run([program, *map(str, options), "--source", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    if done.returncode not in (0, NO_FEATURE):
        raise RuntimeError(f"{program} exits {done.returncode}: {done.stderr.decode(errors='replace')} {path} {options}")
    return done.stdout if done.returncode == 0 else None


def exact_picture(program, path, size):
    """A result without the loss of an encoder: PNG, or else the best JPEG."""
    return picture(program, path, "--size", size, "--format", "png") \
        or picture(program, path, "--size", size, "--format", "jpeg", "--quality", 100)


def write(path, content):
    with open(path, "wb") as file:
        file.write(content)
    return path


def vips_field(path, field):
    return int(subprocess.run(["/usr/bin/vipsheader", "-f", field, path], capture_output=True, check=True, timeout=30).stdout)


class Reference:
    """One source, decoded once; reduced(width, height) is a 16-bit PNG of exactly that size."""

    def __init__(self, path, directory):
        decoded, upright = (os.path.join(directory, f"decoded{n}.v") for n in range(2))
        self.directory, self.deep = directory, os.path.join(directory, "deep.v")
        vips("copy", path, decoded)
        vips("autorot", decoded, upright)
        vips("colourspace", upright, self.deep, "grey16" if identify(path)[2] == "GRAY" else "rgb16")
        self.size = vips_field(self.deep, "width"), vips_field(self.deep, "height")

    def reduced(self, width, height):
        less, result = os.path.join(self.directory, "less.v"), os.path.join(self.directory, "reference.png")
        vips("reduce", self.deep, less, self.size[0] / width, self.size[1] / height, "--kernel", "lanczos3")
        vips("pngsave", less, result, "--compression", 1, "--strip")
        return result


def rmse(one, other, *how):
    done = subprocess.run(["/usr/bin/compare", *how, "-metric", "RMSE", one, other, "null:"], capture_output=True, text=True, timeout=120)
    found = re.search(r"\(([\d.e+-]+)\)", done.stderr)
    if done.returncode > 1 or not found:
        raise RuntimeError(f"compare: {done.stderr}")
    return float(found[1])


def photograph(program, path, reference, box, directory):
    """{way: distance}. "encoder alone": the reference itself as JPEG, what no resampler can avoid."""
    found, size = {}, None
    ways = {"png": ("--format", "png"), "jpeg 100": ("--format", "jpeg", "--quality", 100), "jpeg 82": ("--format", "jpeg", "--quality", 82)}
    for way, options in ways.items():
        made = picture(program, path, "--size", box, "--fit", "inside", *options)
        if made is None:
            continue
        result = write(os.path.join(directory, f"result.{options[1]}"), made)
        if identify(result)[:2] != size:
            size = identify(result)[:2]
            sought = reference.reduced(*size)
        found[way] = rmse(result, sought)
        found[f"{way}, luma"] = rmse(result, sought, *LUMA)
    for quality in (100, 82):
        encoded = os.path.join(directory, "encoded.jpg")
        convert(sought, "-sampling-factor", "2x2", "-quality", quality, encoded)
        found[f"encoder alone {quality}"] = rmse(encoded, sought)
        found[f"encoder alone {quality}, luma"] = rmse(encoded, sought, *LUMA)
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
        reference = Reference(path, directory)
        for box in BOXES:
            for way, distance in photograph(program, str(path), reference, box, directory).items():
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
        reference = Reference(plate, directory)
        for width in PLATE_TO:
            made = exact_picture(program, plate, f"{width}x{width}")
            if made is None:
                continue
            ours = write(os.path.join(directory, "zone-ours"), made)
            thumbnail = os.path.join(directory, "zone-thumbnail.png")
            subprocess.run(["/usr/bin/vipsthumbnail", plate, "--size", str(width), "-o", thumbnail], check=True, timeout=60)
            rows.append((suffix, width, *(moire(path, directory) for path in (ours, reference.reduced(width, width), thumbnail))))
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
                made = exact_picture(program, source, box)
                if made is None:
                    continue
                got = identify(write(os.path.join(directory, "size-result"), made))[:2]
                exact = max(1, width * scale), max(1, height * scale)
                seen += 1
                if any(abs(a - b) > 0.5 + 1e-9 for a, b in zip(got, exact)):
                    wrong.append(f"{width}x{height} {suffix} in {box}: {got[0]}x{got[1]}, exactly {exact[0]:.2f}x{exact[1]:.2f}")
    return seen, wrong


def summary(distances):
    return {way: (median(values), max(values)) for way, values in distances.items()}
