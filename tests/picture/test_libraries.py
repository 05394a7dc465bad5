# SPDX-License-Identifier: MIT
"""A library is loaded when the source or the result wants it, or before the hold; only libjpeg is always there."""
import os
import re
import resource
import subprocess
from pathlib import Path

import pytest
from PIL import Image

import heic
import profiles
from picture import PICTURE, run, tool
from pngs import png

pytestmark = pytest.mark.skipif(bool(os.environ.get("SLUICE_SANITIZER")), reason="the sanitizer wants to be the first library")

ALL = ["--frames", "all"]
# Source, options, and the libraries that they want.
WANTED = [
    ("a.jpg", ["--format", "jpeg"], []),
    ("cmyk.jpg", ["--format", "jpeg"], []),
    ("matrix.jpg", ["--format", "jpeg"], []),
    ("table.jpg", ["--format", "jpeg"], ["liblcms2"]),
    ("cmyk-table.jpg", ["--format", "jpeg"], ["liblcms2"]),
    ("a.jpg", ["--format", "webp"], ["libwebp"]),
    ("a.jpg", ["--format", "png"], ["libdeflate"]),
    ("large.jpg", ["--format", "png"], ["libdeflate", "libz"]),
    ("a.png", ["--format", "jpeg"], ["libdeflate", "libisal"]),
    ("interlaced.png", ["--format", "jpeg"], ["libdeflate", "libisal", "libpng16"]),
    ("profile.png", ["--format", "jpeg"], ["libdeflate", "libisal", "libz"]),
    ("a.gif", ["--format", "jpeg"], ["libgif"]),
    ("a.webp", ["--format", "jpeg"], ["libwebp", "libwebpdemux"]),
    ("moving.gif", ["--format", "webp", *ALL], ["libgif", "libwebp", "libwebpmux"]),
    ("moving.webp", ["--format", "webp", *ALL], ["libwebp", "libwebpdemux", "libwebpmux"]),
    ("moving.png", ["--format", "webp", *ALL], ["libdeflate", "libisal", "libpng16", "libwebp", "libwebpmux"]),
    ("a.jpg", ["--format", "avif"], ["libavif"]),
    ("a.avif", ["--format", "jpeg"], ["libavif"]),
    ("a.heic", ["--format", "jpeg"], ["libavif", "libheif"]),
    ("a.tif", ["--format", "jpeg"], ["libtiff"]),
]
PHOTOS = ("a.jpg", "cmyk.jpg", "matrix.jpg", "table.jpg", "cmyk-table.jpg")
HEAVY = ("a.avif", "a.heic", "a.tif")


@pytest.fixture(scope="module", name="work")
def fixture_work(tmp_path_factory):
    """A directory with a picture of each kind."""
    path = tmp_path_factory.mktemp("libraries")
    picture = Image.linear_gradient("L").convert("RGB").resize((96, 72))
    picture.save(path / "a.png")
    picture.save(path / "a.jpg")
    picture.save(path / "a.gif")
    picture.save(path / "a.webp")
    picture.save(path / "a.tif", compression="tiff_lzw")
    picture.convert("CMYK").save(path / "cmyk.jpg")
    # Its pixels are more than are compressed at once.
    picture.resize((2600, 2600)).save(path / "large.jpg")
    tool("avifenc", "-s", "9", path / "a.png", path / "a.avif")
    (path / "a.heic").write_bytes(heic.grid(picture, 64))
    (path / "interlaced.png").write_bytes(png([[*range(24)]] * 8, interlaced=True))
    matrix = profiles.rgb(profiles.ADOBE, profiles.gamma(2.2))
    picture.save(path / "matrix.jpg", icc_profile=matrix)
    picture.save(path / "profile.png", icc_profile=matrix)
    picture.save(path / "table.jpg", icc_profile=profiles.lut(lambda r, g, b: (100 * g, 80 * (r - g), 60 * (g - b)), 3))
    picture.convert("CMYK").save(path / "cmyk-table.jpg", icc_profile=profiles.lut(
        lambda c, m, y, k: (100 * (1 - m) * (1 - k), 50 * (m - c), 50 * (y - m)), 4, 5, b"CMYK"))
    frames = [picture, picture.rotate(90), picture.rotate(180)]
    for name in ("moving.gif", "moving.webp", "moving.png"):
        frames[0].save(path / name, save_all=True, append_images=frames[1:], duration=100)
    return path


def loaded(told):
    """What the dynamic linker says that the program itself has asked for: {short name: name of the file}."""
    names = re.findall(rb"file=([^ ]+) \[0\];  dynamically loaded by [^\n]*/sluice-picture", told)
    return {name.decode().split(".so")[0]: name.decode() for name in names}


def with_isal(names):
    """A build without ISA-L has zlib in its place."""
    with open(PICTURE, "rb") as program:
        if b"libisal.so" in program.read():
            return names
    return sorted({"libz" if name == "libisal" else name for name in names})


def test_only_libjpeg_is_linked_to():
    told = tool("readelf", "-d", PICTURE).decode()
    assert {name.split(".so")[0] for name in re.findall(r"\(NEEDED\).*\[(.*)\]", told)} == {"libjpeg", "libm", "libc"}


@pytest.mark.parametrize("source,options,wanted", WANTED)
def test_what_is_wanted_is_loaded_and_nothing_else(source, options, wanted, work):
    done = run(*options, source=work / source, env={"LD_DEBUG": "files"})
    assert done.returncode == 0
    assert sorted(loaded(done.stderr)) == with_isal(wanted)
    if not wanted:
        files = {name.decode().split("/")[-1].split(".so")[0] for name in re.findall(rb"calling init: (.*)", done.stderr)}
        assert files - {"linux-vdso", "ld-linux-x86-64", "ld-linux-aarch64"} == {"libjpeg", "libm", "libc"}


@pytest.mark.parametrize("source,options", [row[:2] for row in WANTED if row[2]])
def test_without_a_library_it_says_which(source, options, work, tmp_path):
    """A file of its name that is none stands before it."""
    names = loaded(run(*options, source=work / source, env={"LD_DEBUG": "files"}).stderr).values()
    for name in names:
        (tmp_path / name).write_bytes(b"")
        done = run(*options, source=work / source, env={"LD_LIBRARY_PATH": str(tmp_path)})
        assert done.returncode == 4 and not done.stdout
        assert re.fullmatch(rf"sluice-picture: \w+: cannot load {re.escape(name)}: .*too short\n", done.stderr.decode()), done.stderr
        (tmp_path / name).unlink()


def opened(path, options, prime, *variables):
    """The files that are opened after the hold, and whether anything is executed or started."""
    trace = path.with_suffix(".trace")
    with open(path, "rb") as source:
        done = subprocess.run(["strace", "-f", "-qq", "-e", "trace=openat,open,access,clone,clone3,execve", "-o", trace,
                               "-E", f"LD_PRELOAD={os.environ['PRIMED']}", "-E", f"PRIME={prime}",
                           *(word for variable in variables for word in ("-E", variable)), PICTURE, *options],
                              stdin=source, capture_output=True, check=True)
    assert done.stdout and (variables or not done.stderr)
    lines = trace.read_text().splitlines()
    held = [number for number, line in enumerate(lines) if '"/held"' in line]
    assert len(held) == 1
    return [line for line in lines[held[0] + 1:] if not re.search(r"= -1 |exit", line)]


@pytest.mark.parametrize("source, options", [("a.jpg", ["--format", "avif"]), ("a.heic", ["--format", "jpeg"])])
def test_no_room_for_a_library_is_a_limit(source, options, work):
    """And none that lacks something: less memory than the library takes, but enough for the program."""
    seen = set()
    for mib in range(5, 41, 5):
        with open(work / source, "rb") as file:
            done = subprocess.run([PICTURE, *options], stdin=file, capture_output=True, check=False, preexec_fn=lambda mib=mib: (
                resource.setrlimit(resource.RLIMIT_AS, (mib << 20, mib << 20))))
        if done.returncode != 127:  # the dynamic linker's own
            assert done.returncode in (0, 3) and done.stderr.count(b"\n") == done.returncode // 3, (mib, done)
            seen.add(done.stderr.decode().partition("cannot load")[1])
    assert "cannot load" in seen


@pytest.mark.parametrize("source,options", [row[:2] for row in WANTED])
def test_nothing_is_opened_once_it_is_held(source, options, work):
    """It would be opened anew for each picture. With a rehearsal for less there is something to open."""
    heavy = source in HEAVY or "avif" in options
    photo = source in (*PHOTOS, "large.jpg") and options[1] in ("jpeg", "webp")
    assert not opened(work / source, options, "sluice_picture_prime_heavy")
    assert bool(opened(work / source, options, "sluice_picture_prime")) == heavy
    assert bool(opened(work / source, options, "sluice_picture_prime_photo")) == (not photo)


@pytest.mark.parametrize("missing,source,options", [
    ("libwebp", "a.png", ["--format", "png"]), ("libisal", "a.gif", ["--format", "jpeg"]), ("libgif", "moving.webp", ["--format", "webp", *ALL]),
    ("libavif", "a.tif", ["--format", "jpeg"]), ("liblcms2", "a.png", ["--format", "webp"])])
def test_a_rehearsal_goes_on_without_a_library(missing, source, options, work, tmp_path):
    """The others are there once it is held."""
    files = loaded(run("--format", "jpeg", source=work / "a.jpg", env={
        "LD_DEBUG": "files", "LD_PRELOAD": os.environ["PRIMED"], "PRIME": "sluice_picture_prime_heavy"}).stderr)
    if missing not in files:
        pytest.skip("this build does not use it")
    (tmp_path / files[missing]).write_bytes(b"")
    if missing == "libwebp":
        (tmp_path / files["libtiff"]).write_bytes(b"")  # it wants libwebp itself
    assert not opened(work / source, options, "sluice_picture_prime_heavy", f"LD_LIBRARY_PATH={tmp_path}")


@pytest.mark.parametrize("form", ["jpeg", "webp"])
@pytest.mark.parametrize("source", PHOTOS)
def test_a_photo_needs_no_more_than_its_rehearsal(source, form, work):
    assert not opened(work / source, ["--format", form], "sluice_picture_prime_photo")


def test_the_rehearsal_for_photos_loads_little(work):
    done = run("--format", "jpeg", source=work / "a.jpg",
               env={"LD_DEBUG": "files", "LD_PRELOAD": os.environ["PRIMED"], "PRIME": "sluice_picture_prime_photo"})
    assert sorted(loaded(done.stderr)) == ["liblcms2", "libwebp"]
    assert not re.search(rb"lib(png16|webpdemux|webpmux|gif|z|deflate|isal|avif|heif|tiff)\.so", done.stderr)


def test_recipes_preload_what_their_rehearsal_loads(work):
    """By that sluice knows of it: results are made anew when a library is replaced."""
    shipped = (Path(__file__).resolve().parents[2] / "etc/sluice.conf").read_text()
    recipes = re.findall(r"(?s)prime *= \{\"(\w+)\"\}\n *preload = \{(.*?)\}", shipped)
    assert len(recipes) == len(re.findall("(?m)^recipe picture", shipped))
    for prime, preload in recipes:
        done = run("--format", "jpeg", source=work / "a.jpg",
                   env={"LD_DEBUG": "files", "LD_PRELOAD": os.environ["PRIMED"], "PRIME": prime})
        assert {path.split("/")[-1] for path in re.findall('"([^"]+)"', preload)} >= set(loaded(done.stderr).values())


@pytest.mark.parametrize("prime,sources", [
    ("sluice_picture_prime_photo", PHOTOS), ("sluice_picture_prime", [row[0] for row in WANTED if row[0] not in HEAVY]),
    ("sluice_picture_prime_heavy", ("a.jpg", *HEAVY))])
def test_the_rehearsal_leaves_the_result_alone(prime, sources, work):
    """The bytes are those of a program that was not primed."""
    for source in dict.fromkeys(sources):
        for form in ("jpeg", "webp", "avif" if prime.endswith("heavy") else "png"):
            primed = run("--format", form, source=work / source, env={"LD_PRELOAD": os.environ["PRIMED"], "PRIME": prime})
            assert primed.returncode == 0 and primed.stdout == run("--format", form, source=work / source).stdout
