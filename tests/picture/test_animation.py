# SPDX-License-Identifier: MIT
"""Animations: GIF and WebP in, WebP out, frame by frame as browsers show them, with the times and loops of the source."""
import io
import os
import re
import resource
import struct
import subprocess

import pytest
from PIL import Image

import gifs
from picture import PICTURE, convert, fails, image, tool

LETTERS = {letter: colour for letter, colour in gifs.COLOURS.items() if colour}


def info(data, path):
    """What webpmux says: ([a row for each frame], loops, whether it is animated)."""
    (path / "told.webp").write_bytes(data)
    told = tool("webpmux", "-info", path / "told.webp").decode()
    rows = [line.split() for line in told.splitlines() if re.match(r" +\d+:", line)]
    loops = re.search(r"Loop Count : (\d+)", told)
    return rows, int(loops[1]) if loops else None, "animation" in told


def times(data, path):
    return [int(row[6]) for row in info(data, path)[0]]


def frames(data):
    """All frames, RGBA."""
    opened, found = Image.open(io.BytesIO(data)), []
    for number in range(opened.n_frames):
        opened.seek(number)
        found.append(opened.convert("RGBA"))
    return found


def letter(pixel):
    if pixel[3] < 64:
        return "."
    return min(LETTERS, key=lambda name: sum((a - b) ** 2 for a, b in zip(LETTERS[name], pixel)))


def shown(data, width, height, scale=16):
    """Each frame as rows of letters; each was scaled up, so that the middle of a pixel is what it was."""
    found = []
    for picture in frames(data):
        assert picture.size == (width * scale, height * scale)
        found.append(["".join(letter(picture.getpixel((x * scale + scale // 2, y * scale + scale // 2))) for x in range(width))
                      for y in range(height)])
    return found


def animate(parts, width, height, *options, start=None):
    source = (start or gifs.start(width, height)) + b"".join(parts) + gifs.END
    return shown(convert("--frames", "all", "--format", "webp", "--size", f"{width * 16}x{height * 16}", *options, source=source), width, height)


FULL = gifs.frame(["rrr", "rrr"])


@pytest.mark.parametrize("disposal, second, third", [
    (0, ["rrr", "rbr"], ["grr", "rbr"]),
    (1, ["rrr", "rbr"], ["grr", "rbr"]),
    (2, ["rrr", "rbr"], ["grr", "r.r"]),  # transparent, whatever the background is
    (3, ["rrr", "rbr"], ["grr", "rrr"]),
    (4, ["rrr", "rbr"], ["grr", "rrr"]),  # some programs mean 3
    (7, ["rrr", "rbr"], ["grr", "rbr"]),
])
def test_disposal(disposal, second, third):
    parts = [gifs.control(), FULL, gifs.control(disposal=disposal), gifs.frame(["b"], 1, 1), gifs.control(), gifs.frame(["g"])]
    assert animate(parts, 3, 2) == [["rrr", "rrr"], second, third]


def test_disposal_of_the_first_frame():
    for disposal, seen in ((2, ["g..", "..."]), (3, ["g..", "..."]), (1, ["grr", "rrr"])):
        assert animate([gifs.control(disposal=disposal), FULL, gifs.control(), gifs.frame(["g"])], 3, 2) == [["rrr", "rrr"], seen]


def test_restoring_several_times():
    """What is restored is what was there before the frame, not what the one before that had painted."""
    parts = [gifs.control(), FULL] + [part for at, colour in enumerate("bgw") for part in (
        gifs.control(disposal=3), gifs.frame([colour * 2], at % 2, at % 2))] + [gifs.control(), gifs.frame(["b"], 2, 1)]
    assert animate(parts, 3, 2) == [["rrr", "rrr"], ["bbr", "rrr"], ["rrr", "rgg"], ["wwr", "rrr"], ["rrr", "rrb"]]


def test_transparent_pixels_show_what_is_below():
    parts = [gifs.control(), FULL, gifs.control(transparent=True), gifs.frame(["g.b", "..g"])]
    assert animate(parts, 3, 2) == [["rrr", "rrr"], ["grb", "rrg"]]
    # With nothing below, nothing; and a background shows through.
    parts = [gifs.control(transparent=True), gifs.frame(["g.b"]), gifs.control(transparent=True), gifs.frame(["..r"])]
    assert animate(parts, 3, 2) == [["g.b", "..."], ["g.r", "..."]]
    assert animate(parts, 3, 2, "--background", "0000ff") == [["gbb", "bbb"], ["gbr", "bbb"]]


def test_frames_outside_of_the_canvas_are_clipped():
    parts = [gifs.control(), FULL, gifs.control(), gifs.frame(["bg", "gb"], 2, 1), gifs.control(), gifs.frame(["www"] * 3, 3, 0),
             gifs.control(disposal=2), gifs.frame(["gg"] * 4, 1, 1), gifs.control(disposal=3), gifs.frame(["ww"] * 3, 2, 0), gifs.control(),
             gifs.frame(["b"], 500, 400), gifs.control(), gifs.frame(["b"])]
    red = ["rrr", "rrb"]
    # The two that change nothing are no frames of the result.
    assert animate(parts, 3, 2) == [["rrr", "rrr"], red, ["rrr", "rgg"], ["rrw", "r.w"], ["rrr", "r.."], ["brr", "r.."]]


def test_palettes_and_interlaced_frames():
    parts = [gifs.control(), gifs.frame(["rgb"] * 9, colours="bgrw", interlaced=True), gifs.control(), gifs.frame(["gwb"] * 4, 0, 3, interlaced=True)]
    assert animate(parts, 3, 9, start=gifs.start(3, 9)) == [["rgb"] * 9, ["rgb"] * 3 + ["gwb"] * 4 + ["rgb"] * 2]


def gif(delays, loops=None, colours="rgb"):
    """Frames that all differ."""
    parts = b"".join(gifs.control(delay) + gifs.frame([colours[at % len(colours)] * 3]) for at, delay in enumerate(delays))
    return gifs.start(3, 1) + (b"" if loops is None else gifs.looping(loops)) + parts + gifs.END


def test_times(tmp_path):
    """A time of 0 or 1 is 100 ms, as in browsers."""
    result = convert("--frames", "all", source=gif([10, 10, 10, 300, 0, 1, 2, 65535]))
    assert times(result, tmp_path) == [100, 100, 100, 3000, 100, 100, 20, 655350]
    assert info(result, tmp_path)[2]


@pytest.mark.parametrize("stored, loops", [(None, 1), (0, 0), (1, 2), (5, 6), (65534, 65535), (65535, 65535)])
def test_loops(stored, loops, tmp_path):
    """A GIF counts the repetitions, WebP how often it is shown."""
    assert info(convert("--frames", "all", source=gif([9, 9], stored)), tmp_path)[1] == loops


def test_equal_neighbours_become_one(tmp_path):
    result = convert("--frames", "all", source=gif([10, 20, 30, 40, 50], colours="rrrgg"))
    assert times(result, tmp_path) == [600, 900]
    # More than a frame's time can tell: two, the second of which changes nothing.
    result = convert("--frames", "all", source=gif([65535] * 27 + [7], colours="r" * 27 + "g"))
    assert sum(times(result, tmp_path)) == 27 * 655350 + 70 and len(times(result, tmp_path)) == 3
    assert times(result, tmp_path)[-1] == 70
    assert shown(convert("--frames", "all", "--size", "48x16", source=gif([65535] * 27 + [7], colours="r" * 27 + "g")), 3, 1) == [
        ["rrr"], ["rrr"], ["ggg"]]


def test_a_slow_fade_keeps_its_frames(tmp_path):
    steps = [Image.new("RGB", (32, 32), (value, value, 255 - value)) for value in range(40)]
    source = io.BytesIO()
    steps[0].save(source, "GIF", save_all=True, append_images=steps[1:], duration=40)
    assert times(convert("--frames", "all", source=source.getvalue()), tmp_path) == [40] * 40


def test_only_what_changes_is_encoded(tmp_path):
    noise = Image.effect_noise((160, 120), 80).convert("RGB").quantize(64)
    second, third = noise.copy(), noise.copy()
    second.paste(0, (33, 50, 40, 60))
    third.paste(1, (0, 0, 8, 8))
    third.paste(1, (150, 110, 160, 120))
    source = io.BytesIO()
    noise.save(source, "GIF", save_all=True, append_images=[second, third], duration=100)
    result = convert("--frames", "all", "--quality", 90, source=source.getvalue())
    rows = info(result, tmp_path)[0]
    # width, height, alpha, x, y
    assert rows[0][1:3] == ["160", "120"] and rows[1][1:6] == ["8", "10", "no", "32", "50"] and rows[2][1:6] == ["160", "120", "yes", "0", "0"]
    assert int(rows[2][-2]) < int(rows[0][-2]) / 5
    for seen, made in zip(frames(result), (noise, second, third)):
        for box in ((0, 0, 8, 8), (33, 50, 40, 60), (150, 110, 160, 120), (60, 60, 80, 80)):
            one, other = seen.convert("L").crop(box).resize((1, 1), Image.Resampling.BOX), made.convert("L").crop(box).resize((1, 1), Image.Resampling.BOX)
            assert abs(one.getpixel((0, 0)) - other.getpixel((0, 0))) < 12


def still_of(data, number):
    """A frame of an animation of three, coalesced by ImageMagick."""
    others = [str(other) for other in (2, 1, 0) if other != number]
    return tool("/usr/bin/convert", "gif:-", "-coalesce", *[part for other in others for part in ("-delete", other)], "png:-", data=data)


@pytest.mark.parametrize("options", [
    ["--size", "30x30", "--fit", "cover"], ["--size", "50x20", "--fit", "fill"], ["--size", "20x"], ["--rotate", "90"], ["--rotate", "180", "--mirror"],
    ["--crop", "5,7,20,10"], ["--gray"], ["--background", "ff0000"], ["--size", "20x20", "--fit", "cover", "--gravity", "southeast"], ["--bitonal"],
])
def test_each_frame_is_what_a_still_would_be(options):
    """Frames with soft colours and alpha, against the same frames as single pictures."""
    made = []
    for number in range(3):
        frame = Image.radial_gradient("L").resize((48, 36)).rotate(40 * number, translate=(4 * number, 0))
        made.append(Image.merge("RGB", (frame, frame.point(lambda value: 255 - value), Image.linear_gradient("L").resize((48, 36)))))
    source = io.BytesIO()
    made[0].save(source, "GIF", save_all=True, append_images=made[1:], duration=100)
    result = frames(convert("--frames", "all", "--format", "webp", "--quality", 95, *options, source=source.getvalue()))
    assert len(result) == 3
    for number, frame in enumerate(result):
        expected = image(convert("--format", "png", *options, source=still_of(source.getvalue(), number))).convert("RGBA")
        assert frame.size == expected.size
        difference = [abs(a - b) for a, b in zip(frame.convert("L").tobytes(), expected.convert("L").tobytes())]
        assert sum(difference) / len(difference) < 5, (number, sum(difference) / len(difference))


def webp_frames(path, parts, loops=7):
    """parts: (picture, x, y, ms, dispose, blend)"""
    arguments = []
    for number, (picture, left, top, duration, dispose, blend) in enumerate(parts):
        picture.save(path / f"{number}.webp", "WEBP", lossless=True, exact=True)
        arguments += ["-frame", path / f"{number}.webp", f"+{duration}+{left}+{top}+{dispose}{'+b' if blend else '-b'}"]
    tool("webpmux", *arguments, "-loop", loops, "-o", path / "made.webp")
    return (path / "made.webp").read_bytes()


def test_webp_frames(tmp_path):
    """Offsets, disposal and blending as webpmux and Pillow understand them."""
    clear = Image.new("RGBA", (32, 32), (0, 0, 0, 0))
    clear.paste((0, 0, 255, 255), (8, 8, 24, 24))
    source = webp_frames(tmp_path, [
        (Image.new("RGB", (64, 48), (255, 0, 0)), 0, 0, 70, 0, True), (clear, 16, 0, 0, 1, True), (Image.new("RGB", (16, 16), (0, 255, 0)), 32, 16, 1000, 0, True),
        (clear, 32, 16, 11, 0, False)])
    result = convert("--frames", "all", "--quality", 95, source=source)
    assert info(result, tmp_path)[1] == 7 and times(result, tmp_path) == [70, 0, 1000, 11]
    for seen, expected in zip(frames(result), frames(source)):
        for x in range(4, 64, 8):
            for y in range(4, 48, 8):
                assert letter(seen.getpixel((x, y))) == letter(expected.getpixel((x, y))), (x, y)


def test_what_is_no_animation_stays_a_still(tmp_path):
    still = gifs.start(3, 1) + gifs.control(20) + gifs.frame(["rgb"]) + gifs.END
    assert convert("--frames", "all", "--format", "webp", source=still) == convert("--format", "webp", source=still)
    assert image(convert("--frames", "all", "--format", "jpeg", source=still)).format == "JPEG"
    one = webp_frames(tmp_path, [(Image.new("RGB", (8, 8), "red"), 0, 0, 70, 0, True)])
    assert image(convert("--frames", "all", "--format", "png", source=one)).format == "PNG"
    # All frames alike.
    result = convert("--frames", "all", source=gif([10, 10], colours="r"))
    assert not info(result, tmp_path)[2] and image(result).size == (3, 1)


def test_other_formats_have_no_animations(tmp_path):
    moving = webp_frames(tmp_path, [(Image.new("RGB", (8, 8), colour), 0, 0, 70, 0, True) for colour in ("red", "blue")])
    for source in (gif([10, 10]), moving):
        for form in ("jpeg", "png", "avif"):
            assert "webp" in fails(4, "--frames", "all", "--format", form, source=source)
        assert image(convert("--format", "png", source=source)).format == "PNG"


def test_limits(tmp_path):
    moving = webp_frames(tmp_path, [(Image.new("RGB", (8, 8), colour), 0, 0, 70, 0, True) for colour in ("red", "blue", "green")])
    for source in (gif([10, 10, 10]), moving):
        fails(3, "--frames", "all", "--max-frames", 2, source=source)
        assert len(frames(convert("--frames", "all", "--max-frames", 3, source=source))) == 3
    # A frame that is far larger than the canvas.
    head = gifs.start(3, 1) + gifs.frame(["rgb"])
    fails(3, "--frames", "all", source=head + b"\x2c" + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + gifs.pixels([0] * 9) + gifs.END)
    fails(3, "--frames", "all", "--size", "16384x1", "--fit", "fill", source=gif([10, 10]))


def test_all_frames_together_have_a_limit():
    """Few bytes make a frame, which costs as much as the whole canvas: of the source, or of the result."""
    data = gifs.start(4, 4) + b"".join(gifs.control(10) + gifs.frame([colour]) for colour in "rgb" * 4) + gifs.END
    assert len(frames(convert("--frames", "all", "--max-pixels", 24, source=data))) == 12
    assert "12 frames of 4x4" in fails(3, "--frames", "all", "--max-pixels", 23, source=data)
    assert len(frames(convert("--frames", "all", "--max-pixels", 96, "--size", "8x8", source=data))) == 12
    assert "12 frames of 8x8" in fails(3, "--frames", "all", "--max-pixels", 95, "--size", "8x8", source=data)
    assert convert("--max-pixels", 16, source=data)


def test_a_cut_animation_is_none(tmp_path):
    whole = gif([10, 10, 10])
    parts = [whole.index(b"\x21\xf9", whole.index(b"\x21\xf9") + 3), len(whole)]
    for length in range(parts[0] + 3, parts[1] - 1):
        # Between two frames nothing tells that there were more.
        if whole[length:length + 2] == b"\x21\xf9":
            continue
        fails(1, "--frames", "all", source=whole[:length])
    convert("--frames", "all", source=whole[:-1])
    moving = webp_frames(tmp_path, [(Image.effect_noise((40, 40), 50).convert("RGB"), 0, 0, 70, 0, True) for _ in range(3)])
    for part in range(1, 20):
        fails(1, "--frames", "all", source=moving[:len(moving) * part // 20])


@pytest.mark.skipif(bool(os.environ.get("SLUICE_SANITIZER")), reason="a sanitizer's memory is another")
def test_memory_does_not_depend_on_the_number_of_frames():
    made = []
    for number in range(60):
        frame = Image.new("L", (800, 600))
        frame.paste(255, (number * 5, 0, number * 5 + 200, 600))
        made.append(frame)
    source = io.BytesIO()
    made[0].save(source, "GIF", save_all=True, append_images=made[1:], duration=100)

    def limit():
        # All frames of the source would have 110 MiB, those of the result 28.
        resource.setrlimit(resource.RLIMIT_DATA, (20 << 20, 20 << 20))
    done = subprocess.run([PICTURE, "--frames", "all", "--size", "400x"], input=source.getvalue(), capture_output=True, check=False,
                          preexec_fn=limit)
    assert done.returncode == 0 and len(frames(done.stdout)) == 60
