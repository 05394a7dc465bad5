# SPDX-License-Identifier: MIT
"""doc/cookbook.md taken apart, and the sources that its URLs name, made here and now."""

import re
import struct
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import media

DOCUMENT = Path(__file__).resolve().parents[2] / "doc/cookbook.md"


@dataclass
class Dish:
    """One section: a recipe, the scripts that it starts, and what the document promises of one URL."""
    title: str
    name: str
    block: str
    scripts: dict
    url: str
    type: str
    packages: list


def dishes():
    found = []
    for section in re.split(r"(?m)^## ", DOCUMENT.read_text())[1:]:
        block = re.search(r"(?ms)^```\n(recipe .*?)^```$", section).group(1)
        promise = re.search(r"(?m)^`(/\S+)` gives\s`([^`]+)`", section)
        assert promise, f"no URL in: {section[:200]}"
        scripts = dict(re.findall(r"(?ms)^`(/usr/local/lib/sluice/\S+)`:\n\n```\w+\n(.*?)^```$", section))
        packages = re.search(r"Packages?:\s([^.]+)\.", section)
        names = re.findall(r"[a-z0-9][a-z0-9+-]+", packages.group(1)) if packages else []
        found.append(Dish(section.partition("\n")[0], re.match(r"recipe (\S+)", block).group(1), block, scripts,
                          promise.group(1), promise.group(2), [n for n in names if n not in ("none", "and")]))
    return found


def installed(package):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Abbrev}", package], capture_output=True, text=True, check=False)
    return done.stdout.startswith("ii")


# ---- sources ---------------------------------------------------------------------------------------------------


def pdf(pages):
    """One line of text on each page, of 500 x 700 points."""
    bodies = ["<< /Type /Catalog /Pages 2 0 R >>",
              f"<< /Type /Pages /Count {pages} /Kids [{' '.join(f'{4 + 2 * n} 0 R' for n in range(pages))}] >>",
              "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    for n in range(pages):
        text = f"BT /F1 60 Tf 60 400 Td (Page {n + 1}) Tj ET"
        bodies.append(f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 500 700] /Contents {5 + 2 * n} 0 R"
                      " /Resources << /Font << /F1 3 0 R >> >> >>")
        bodies.append(f"<< /Length {len(text)} >>\nstream\n{text}\nendstream")
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n" + "".join(f"{p:010} 00000 n \n" for p in places)
    return data + f"{table}trailer\n<< /Size {len(places) + 1} /Root 1 0 R >>\nstartxref\n{len(data)}\n%%EOF\n".encode()


def dng(preview, width=256, height=192):
    """A RAW picture as DNG has it: a JPEG for the impatient, and the bare samples behind a filter of RGGB."""
    def ifd(at, entries, extra_at):
        """Entries (tag, type, values); what does not fit into an entry stands behind, from extra_at on."""
        sizes = {1: "B", 2: "B", 3: "H", 4: "I", 5: "I", 10: "i"}
        out, extra = struct.pack("<H", len(entries)), b""
        for tag, kind, values in sorted(entries):
            count = len(values) // 2 if kind in (5, 10) else len(values)
            data = struct.pack(f"<{len(values)}{sizes[kind]}", *values)
            if len(data) > 4:
                out += struct.pack("<HHII", tag, kind, count, extra_at + len(extra))
                extra += data + b"\0" * (len(data) % 2)
            else:
                out += struct.pack("<HHI4s", tag, kind, count, data.ljust(4, b"\0"))
        return out + struct.pack("<I", 0), extra

    samples = b"".join(struct.pack("<H", 1000 + 60 * (x % 200) + 100 * (y % 100)) for y in range(height) for x in range(width))
    raw_at, extra_at = 1024, 2048
    samples_at, preview_at = 4096, 4096 + len(samples)
    matrix = [int(v * 10000) if i % 2 == 0 else 10000 for v in (0.8, -0.2, -0.1, -0.4, 1.2, 0.2, 0, 0.2, 0.6) for i in range(2)]
    first, first_extra = ifd(8, [
        (254, 4, [1]), (256, 4, [160]), (257, 4, [120]), (258, 3, [8, 8, 8]), (259, 3, [7]), (262, 3, [6]),
        (271, 2, b"Sampleflex\0"), (272, 2, b"Sampleflex One\0"), (273, 4, [preview_at]), (274, 3, [1]), (277, 3, [3]),
        (278, 4, [120]), (279, 4, [len(preview)]), (330, 4, [raw_at]), (50706, 1, [1, 4, 0, 0]), (50707, 1, [1, 1, 0, 0]),
        (50708, 2, b"Sampleflex One\0"), (50721, 10, matrix), (50728, 5, [1, 2, 1, 1, 1, 2]), (50778, 3, [21])], extra_at)
    raw, raw_extra = ifd(raw_at, [
        (254, 4, [0]), (256, 4, [width]), (257, 4, [height]), (258, 3, [16]), (259, 3, [1]), (262, 3, [32803]),
        (273, 4, [samples_at]), (277, 3, [1]), (278, 4, [height]), (279, 4, [len(samples)]), (33421, 3, [2, 2]),
        (33422, 1, [0, 1, 1, 2]), (50710, 1, [0, 1, 2]), (50711, 3, [1]), (50714, 4, [0]), (50717, 4, [30000])],
        extra_at + len(first_extra))
    data = bytearray(preview_at)
    for at, piece in ((0, b"II*\0\x08\0\0\0"), (8, first), (raw_at, raw), (extra_at, first_extra + raw_extra), (samples_at, samples)):
        data[at:at + len(piece)] = piece
    return bytes(data) + preview


def odt(target):
    names = " ".join(f'xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in ("office", "text"))
    manifest = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    kind = "application/vnd.oasis.opendocument.text"
    with zipfile.ZipFile(target, "w") as out:
        out.writestr("mimetype", kind)
        out.writestr("content.xml", f'<office:document-content {names} office:version="1.2"><office:body><office:text>'
                     "<text:p>Dear reader,</text:p></office:text></office:body></office:document-content>")
        out.writestr("META-INF/manifest.xml", f'<m:manifest xmlns:m="{manifest}" m:version="1.2"><m:file-entry m:full-path="/" '
                     f'm:media-type="{kind}"/><m:file-entry m:full-path="content.xml" m:media-type="text/xml"/></m:manifest>')


def recordings(directory):
    """A photo, an animation, a film and its sound; of make_samples only what is asked for, because encoders are slow."""
    scene = directory / "scene.png"
    media.scene(scene)
    photo = directory / "landscape.jpg"
    media.convert(scene, "-quality", "90", photo)
    photo.write_bytes(media.with_segments(photo.read_bytes(), media.segment(0xE1, b"Exif\0\0" + media.exif(1))))
    (directory / "half.jpg").write_bytes(photo.read_bytes()[:photo.stat().st_size // 2])
    media.convert("-delay", "20", "-loop", "0", "-size", "240x160", "xc:red", "xc:lime", "xc:blue", directory / "animation.gif")
    boxes = ",".join(f"drawbox=w=160:h=90:t=fill:c=0x{r:02x}{g:02x}{b:02x}:enable='gte(t,{n})*lt(t,{n + 1})'"
                     for n, (r, g, b) in enumerate(media.SECONDS))
    width, height = media.CLIP_SIZE
    media.ffmpeg("-f", "lavfi", "-i", f"testsrc2=s={width}x{height}:r=25:d={media.CLIP_SECONDS},{boxes},format=yuv420p",
                 "-f", "lavfi", "-i", f"sine=frequency=440:beep_factor=4:duration={media.CLIP_SECONDS}",
                 "-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-c:a", "aac", directory / "clip.mp4")
    for name in ("tone.mp3", "tone.flac"):
        media.ffmpeg("-i", directory / "clip.mp4", "-vn", directory / name)


def make(directory):
    """Everything that the cookbook's URLs name."""
    recordings(directory)
    (directory / "manual.pdf").write_bytes(pdf(4))
    (directory / "logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20">'
                                        '<rect width="40" height="20" fill="#c00"/></svg>')
    media.run("/usr/bin/heif-enc", "-q", "60", directory / "landscape.jpg", "-o", directory / "photo.heic")
    preview = directory / "preview.jpg"
    media.convert(directory / "landscape.jpg", "-resize", "160x120!", "-strip", preview)
    (directory / "photo.dng").write_bytes(dng(preview.read_bytes()))
    odt(directory / "letter.odt")
    media.run("/usr/bin/vips", "text", directory / "ink.png", "The quick brown fox", "--font", "sans 40")
    media.convert(directory / "ink.png", "-negate", "-bordercolor", "white", "-border", "40", directory / "scan.png")
    media.ffmpeg("-i", directory / "tone.mp3", "-i", directory / "landscape.jpg", "-map", "0:a", "-map", "1:v", "-c:a", "copy",
                 "-c:v", "mjpeg", "-disposition:v:0", "attached_pic", directory / "song.mp3")
    words = directory / "words.srt"
    words.write_text("1\n00:00:01,000 --> 00:00:02,500\nGood evening.\n")
    media.ffmpeg("-i", directory / "clip.mp4", "-i", words, "-map", "0", "-map", "1", "-c", "copy", directory / "subtitled.mkv")
    (directory / "states.dot").write_text("digraph { waiting -> running -> done; running -> failed }\n")
    (directory / "link.txt").write_text("https://example.org/")
    (directory / "energy.tex").write_text("E = mc^2 + \\frac{1}{2}mv^2\n")
    (directory / "hello.uml").write_text("@startuml\nBrowser -> sluice: GET\nsluice --> Browser: 200\n@enduml\n")
    return directory


if __name__ == "__main__":
    make(Path(sys.argv[1]))
