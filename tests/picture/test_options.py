# SPDX-License-Identifier: MIT
"""The command line: what it takes, how it refuses, and where the bytes come from and go to."""
import io
import os
import re
import subprocess

import pytest
from PIL import Image

from picture import PICTURE, convert, fails, image


def jpeg(width=40, height=30):
    file = io.BytesIO()
    Image.new("RGB", (width, height), (10, 100, 200)).save(file, "JPEG")
    return file.getvalue()


BAD = {
    "size": ["", "x", "0x0", "0x10", "10x0", "10", "-1x5", "+1x5", " 1x5", "1x5 ", "1x5x", "1X5", "ax5", "5xa", "1.5x2", "100001x1",
             "1x100001", "99999999999999999999x1", "1x18446744073709551617", "10x10\n", "\u0661x1"],
    "fit": ["", "Contain", "contain ", "stretch", "cover,"],
    "gravity": ["", "centre", "north-east", "auto"],
    "crop": ["", "1", "1,2,3", "1,2,3,4,5", "1,2,3,", ",1,2,3", "-1,0,5,5", "0,0,0,5", "0,0,5,0", "1,2,3,4x", "1 ,2,3,4",
             "0,0,5,4294967296", "99999999999999999999,0,1,1", "1.5,0,1,1"],
    "rotate": ["", "360", "-90", "90.5", "9x", "99999999999999999999"],
    "background": ["", "fff", "ff00ff0", "ff00ff000", "gg0000", "##ff0000", "#ff000", "0xff00", "white", "ff00ff "],
    "quality": ["", "0", "101", "-1", "50%", "1e2", "99999999999999999999"],
    "effort": ["", "10", "-1", "x"],
    "format": ["", "jpg", "JPEG", "gif", "tiff", "jpeg "],
    "frames": ["", "0", "2", "ALL", "al"],
    "max-pixels": ["", "0", "-1", "1099511627777", "1k"],
    "max-frames": ["", "0", "1000001", "-5"],
    "max-scans": ["", "0", "100001", "many"],
}
FLAGS = ["mirror", "gray", "bitonal", "info", "help", "version"]


def told_options():
    """Every option that --help tells, and whether it takes a value."""
    text = subprocess.run([PICTURE, "--help"], capture_output=True, text=True, check=True).stdout
    rows = dict(re.findall(r"^  --([a-z-]+)(?: (\S+))? ", text, re.M))
    assert len(rows) > 15, text
    return rows


@pytest.mark.parametrize("option, value", [(option, value) for option, values in BAD.items() for value in values])
def test_bad_values(option, value):
    for arguments in ([f"--{option}", value], [f"--{option}={value}"]):
        line = fails(2, *arguments, source=jpeg())
        assert f"--{option}" in line


def test_every_option_is_tried_here():
    rows = told_options()
    assert set(rows) == set(BAD) | set(FLAGS) | {"source"}
    assert {name for name, takes in rows.items() if not takes} == set(FLAGS)


@pytest.mark.parametrize("flag", FLAGS)
def test_flags_take_no_value(flag):
    assert f"--{flag} takes no value" in fails(2, f"--{flag}=1", source=jpeg())


@pytest.mark.parametrize("option", [*BAD, "source"])
def test_a_value_that_is_not_there(option):
    assert f"--{option} wants a value" in fails(2, f"--{option}", source=jpeg())


@pytest.mark.parametrize("argument", ["", "-", "--", "-h", "x.jpg", "--sizes", "--siz", "--=5", "--no-such-thing", "-size", "\u2013size"])
def test_what_is_no_option(argument):
    line = fails(2, argument, source=jpeg())
    assert "--help" in line


def test_a_refusal_is_one_line_whatever_it_is_about():
    assert "\x1b" not in fails(2, "--\x1b[31m\nred", source=jpeg())
    assert len(fails(2, "--size", "9" * 5000, source=jpeg())) < 200
    assert len(fails(2, "--" + "x" * 5000, source=jpeg())) < 200


def test_the_last_of_repeated_options_counts():
    options = ["--size", "20x20", "--size=10x10", "--fit", "fill", "--fit", "contain", "--format", "png", "--format", "jpeg"]
    result = image(convert(*options, source=jpeg()))
    assert result.format == "JPEG" and result.size == (10, 8)


@pytest.mark.parametrize("options, size", [
    (("--size", "20x20"), (20, 15)), (("--size", "20x"), (20, 15)), (("--size", "x15"), (20, 15)),
    (("--size=020x020",), (20, 15)), (("--background", "#FF00fF", "--rotate", "90"), (30, 40)),
    (("--crop", "0,0,5,7"), (5, 7)), ((), (40, 30))])
def test_good_values(options, size):
    assert image(convert(*options, source=jpeg())).size == size


def test_a_background_with_alpha_is_laid_on_white():
    file = io.BytesIO()
    Image.new("RGBA", (1, 1)).save(file, "PNG")
    for value, pixel in {"0080ff": (0, 128, 255), "#0080ffff": (0, 128, 255), "0080ff00": (255, 255, 255),
                         "00800080": (127, 191, 127)}.items():
        assert image(convert("--background", value, source=file.getvalue())).getpixel((0, 0)) == pixel


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version(option):
    done = subprocess.run([PICTURE, option, "--no-such-thing"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0 and not done.stderr
    assert done.stdout.startswith("usage: sluice-picture" if option == "--help" else "sluice-picture ")
    assert all(len(line) <= 110 for line in done.stdout.splitlines())


def test_sources_of_no_known_type():
    for source in (b"GIF", b"x", b"\0" * 1000, b"%PDF-1.7\n", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\xff\xd8"):
        assert "known type" in fails(4, source=source)


def test_a_source_of_nothing(tmp_path):
    assert "empty" in fails(1, source=b"")
    (tmp_path / "empty").touch()
    assert "empty" in fails(1, source=tmp_path / "empty")
    assert "empty" in fails(1, source="/dev/null")


def test_a_directory_as_the_source(tmp_path):
    directory = os.open(tmp_path, os.O_RDONLY)
    try:
        done = subprocess.run([PICTURE], stdin=directory, capture_output=True, check=False)
    finally:
        os.close(directory)
    assert (done.returncode, done.stdout) == (1, b"") and b"directory" in done.stderr
    done = subprocess.run([PICTURE, "--source", tmp_path], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"") and b"directory" in done.stderr


def test_no_standard_input():
    done = subprocess.run(["sh", "-c", 'exec "$0" <&-', PICTURE], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"") and done.stderr.count(b"\n") == 1


def test_pipes_that_do_not_block():
    """Another program that shares them may have made them so: there is a wait then, and no half picture."""
    source_read, source_write = os.pipe()
    result_read, result_write = os.pipe()
    os.set_blocking(source_read, False)
    os.set_blocking(result_write, False)
    options = ["--size", "400x300", "--fit", "fill", "--format", "png"]
    noise = Image.effect_noise((400, 300), 80)
    file = io.BytesIO()
    noise.save(file, "PNG")
    with subprocess.Popen([PICTURE, *options], stdin=source_read, stdout=result_write, stderr=subprocess.PIPE) as process:
        os.close(source_read)
        os.close(result_write)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.2)
        with open(source_write, "wb") as pipe:
            pipe.write(file.getvalue())
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        with open(result_read, "rb") as pipe:
            result = pipe.read()
        assert (process.wait(20), process.stderr.read()) == (0, b"")
    assert len(result) > 65536 and image(result).convert("L").tobytes() == noise.tobytes()


def test_a_path(tmp_path):
    (tmp_path / "a picture").write_bytes(jpeg())
    piped = convert("--size", "10x10", source=jpeg())
    assert convert("--size", "10x10", "--source", tmp_path / "a picture", source=b"not looked at") == piped
    assert convert("--size", "10x10", source=tmp_path / "a picture") == piped
    assert "No such file" in fails(1, "--source", tmp_path / "missing", source=jpeg())
    assert "No such file" in fails(1, "--source=", source=jpeg())


def test_a_file_from_its_position_on(tmp_path):
    """As any program reads its standard input; the position stays."""
    (tmp_path / "two").write_bytes(b"skipped" + jpeg())
    with open(tmp_path / "two", "rb") as file:
        os.lseek(file.fileno(), 7, os.SEEK_SET)
        done = subprocess.run([PICTURE], stdin=file, capture_output=True, check=True)
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == 7
    assert done.stdout == convert(source=jpeg())
    with open(tmp_path / "two", "rb") as file:
        os.lseek(file.fileno(), 100000, os.SEEK_SET)
        done = subprocess.run([PICTURE], stdin=file, capture_output=True, check=False)
    assert done.returncode == 1 and b"empty" in done.stderr


@pytest.mark.parametrize("options", [(), ("--info",), ("--help",), ("--version",)])
def test_a_result_that_cannot_be_written(options):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([PICTURE, *options], input=jpeg(), stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1 and done.stderr == b"sluice-picture: cannot write the result: No space left on device\n"
    done = subprocess.run(["sh", "-c", 'exec "$0" "$@" >&-', PICTURE, *options], input=jpeg(), stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1 and done.stderr.startswith(b"sluice-picture: cannot write the result: ")


def test_a_source_that_takes_the_place_of_a_closed_output(tmp_path):
    """A path is opened as descriptor 1 then, and must not be written to."""
    (tmp_path / "in.jpg").write_bytes(jpeg())
    done = subprocess.run(["sh", "-c", 'exec "$0" --source "$1" >&-', PICTURE, tmp_path / "in.jpg"],
                          stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1 and done.stderr.startswith(b"sluice-picture: cannot write the result: ")
    assert (tmp_path / "in.jpg").read_bytes() == jpeg()


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_the_same_bytes_on_every_run(kind):
    assert len({convert("--size", "30x", "--format", kind, source=jpeg()) for _ in range(5)}) == 1
