#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What quickstart shows beside the drawn samples of media.py: photographs, a film of them, and a list of all samples.

    samples.py MEDIA LIST KEPT [--drawn]

MEDIA: the folder with the drawn samples; the photographs and the film are put beside them. LIST: the JSON file that the page reads.
KEPT: where photographs stay from one run to the next.

The photographs are parts of Debian packages. apt-get downloads these (under 4 MB) and checks them, and the pictures are taken out;
nothing is installed. Without network, or with --drawn, the drawn samples stand in their places.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# name, package, its path, what it shows, whose it is
PHOTOGRAPHS = [
    ("beach.jpg", "sddm-theme-maldives", "usr/share/sddm/themes/maldives/background.jpg", "A jetty in the Maldives",
     "Nevit Dilmen, CC BY 3.0", "wide.jpg"),
    ("pagoda.jpg", "python3-sklearn", "usr/lib/python3/dist-packages/sklearn/datasets/images/china.jpg", "The Summer Palace in Beijing",
     "danielbuechele, CC BY 2.0", "landscape.jpg"),
    ("dahlia.jpg", "python3-sklearn", "usr/lib/python3/dist-packages/sklearn/datasets/images/flower.jpg", "A dahlia",
     "vultilion, CC BY 2.0", "progressive.jpg"),
    ("earth.jpg", "xplanet-images", "usr/share/xplanet/images/earth.jpg", "The earth without clouds",
     "Xplanet, GPL-2+", "landscape.jpg"),
]
TYPES = {"jpg": "jpeg", "png": "png", "gif": "gif", "webp": "webp", "tiff": "tiff", "mp4": "mp4", "mkv": "mkv", "webm": "webm",
         "flac": "flac", "mp3": "mp3", "wav": "wav", "opus": "opus"}
# The drawn ones that the page offers, and the two broken ones that quickstart adds.
DRAWN = {"landscape.jpg": "A drawn landscape", "cmyk.jpg": "The landscape in CMYK", "orientation-6.jpg": "The landscape, held sideways",
         "alpha.png": "A drawing with transparency", "palette.png": "A PNG with a palette", "animation.gif": "An animated GIF",
         "landscape.tiff": "The landscape as TIFF", "clip.mp4": "A drawn clip", "clip.mkv": "The clip as Matroska",
         "tone.flac": "A tone as FLAC", "tone.wav": "A tone as WAV", "cut.jpg": "A JPEG that ends half-way", "text.jpg": "A text called .jpg"}
SMALLEST, LARGEST = 10_000, 5_000_000  # bytes of a photograph
FRAMES = 75                            # of each photograph in the film, at 25 a second


def run(*argv, timeout, cwd=None):
    return subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=timeout, cwd=cwd, check=True)


def take(path, target):
    """Only a JPEG of a sensible size becomes a sample."""
    if path.is_file() and SMALLEST < path.stat().st_size < LARGEST and path.read_bytes()[:3] == b"\xff\xd8\xff":
        shutil.copyfile(path, target.with_suffix(".part"))
        target.with_suffix(".part").replace(target)


def fetch(kept):
    """Puts into `kept` what is not there yet, from installed packages or from downloaded ones."""
    kept.mkdir(parents=True, exist_ok=True)
    for name, _, path, *_ in PHOTOGRAPHS:
        if not (kept / name).exists():
            take(Path("/") / path, kept / name)
    packages = {package for name, package, *_ in PHOTOGRAPHS if not (kept / name).exists()}
    for package in sorted(packages):
        with tempfile.TemporaryDirectory() as directory:
            try:
                run("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", package, timeout=60, cwd=directory)
                run("dpkg-deb", "-x", *Path(directory).glob("*.deb"), f"{directory}/x", timeout=60)
            except (OSError, subprocess.SubprocessError):
                print(f"== no photographs from {package}: drawn samples stand in", file=sys.stderr)
                continue
            for name, of, path, *_ in PHOTOGRAPHS:
                if of == package:
                    take(Path(directory) / "x" / path, kept / name)


def make_film(media):
    """A slow look at three pictures."""
    filters, inputs = [], []
    for i, name in enumerate(("beach.jpg", "pagoda.jpg", "dahlia.jpg")):
        inputs += ["-i", media / name]
        filters.append(f"[{i}]scale=1280:720:force_original_aspect_ratio=increase,crop=1280:720,zoompan=z='1+0.0015*on':x='iw/2-iw/zoom/2'"
                       f":y='ih/2-ih/zoom/2':d={FRAMES}:s=640x360:fps=25,setsar=1[v{i}]")
    filters.append(f"[v0][v1][v2]concat=n=3[v];[3]apad=whole_dur={3 * FRAMES // 25},atrim=end={3 * FRAMES // 25}[a]")
    run("ffmpeg", "-nostdin", "-loglevel", "error", "-y", *inputs, "-i", media / "tone.flac", "-filter_complex",
        ";".join(filters), "-map", "[v]", "-map", "[a]", "-c:v", "libx264",
        "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-movflags", "+faststart", media / "film.mp4", timeout=120)


def main(argv):
    drawn_only = "--drawn" in argv
    media, listing, kept = (Path(a) for a in argv if not a.startswith("--"))
    if not drawn_only:
        fetch(kept)
    samples = []

    def add(name, title, credit):
        samples.append({"name": name, "title": title, "credit": credit, "type": TYPES[name.rsplit(".", 1)[1]],
                        "bytes": (media / name).stat().st_size})
    for name, package, _, title, credit, drawn in PHOTOGRAPHS:
        real = not drawn_only and (kept / name).exists()
        shutil.copyfile(kept / name if real else media / drawn, media / name)
        if real:
            add(name, title, f"{credit} (package {package})")
        else:
            add(name, f"In the place of a photograph: {drawn}", "drawn")
    make_film(media)
    add("film.mp4", "A film of three of them", "made of the above")
    for name, title in DRAWN.items():
        add(name, title, "drawn")
    listing.write_text(json.dumps(samples, indent=1))


if __name__ == "__main__":
    main(sys.argv[1:])
