# SPDX-License-Identifier: MIT
"""--gravity attention keeps what there is to see, wherever it is."""
import patterns
import pytest
from picture import convert, fails, image, tool

COVER = ("--fit", "cover", "--gravity", "attention", "--format", "png")
CORNERS = {"northwest": (90, 70), "northeast": (510, 70), "southwest": (90, 380), "southeast": (510, 380)}


def thing(x, y, colour="#b03020", background="#8090a0", size="600x450", form="png24:-"):
    """A disc on a plain background that is a little uneven, as photographs are."""
    return tool("/usr/bin/convert", "-seed", 3, "-size", size, f"xc:{background}", "-attenuate", 0.1, "+noise", "Gaussian",
                "-fill", colour, "-draw", f"circle {x},{y} {x + 55},{y}", form)


def seen(data, is_thing=lambda pixel: pixel[0] > pixel[2] + 40):
    """How many pixels of the result belong to the disc."""
    result = image(data)
    return sum(count for count, pixel in result.getcolors(1 << 20) if is_thing(pixel)) / (result.width * result.height)


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize("size", ("200x60", "60x150", "100x100"))
def test_a_thing_in_a_corner_is_kept(corner, size):
    data = thing(*CORNERS[corner])
    width, height = map(int, size.split("x"))
    scale = max(width / 600, height / 450)
    whole = 3.1416 * (55 * scale) ** 2 / (width * height)
    assert seen(convert("--size", size, *COVER, source=data)) > 0.95 * whole
    # As long as the place is not told.
    assert size == "100x100" or seen(convert("--size", size, *COVER[:2], *COVER[4:], source=data)) < 0.6 * whole


@pytest.mark.parametrize("options", (("--mirror",), ("--rotate", 90), ("--rotate", 270, "--mirror"), ("--rotate", 30),
                                     ("--rotate", 200, "--mirror"), ("--crop", "300,0,300,450")))
def test_however_it_is_turned(options):
    data = thing(*CORNERS["northeast"])
    for size in ("200x40", "40x200"):
        assert seen(convert("--size", size, *options, *COVER, "--background", "8090a0", source=data)) > 0.08, size


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientations(orientation):
    data = patterns.jpeg(thing(*CORNERS["southwest"]), orientation=orientation)
    for size in ("200x40", "40x200"):
        assert seen(convert("--size", size, *COVER, source=data)) > 0.08, size


def test_what_kind_of_thing():
    """Without colours; on something transparent; a face on the same brightness."""
    dark = thing(*CORNERS["southeast"], colour="#303030", background="#b0b0b0")
    for options in ((), ("--gray",)):
        assert seen(convert("--size", "60x150", *options, *COVER, source=dark),
                    lambda pixel: (pixel if isinstance(pixel, int) else pixel[0]) < 90) > 0.11
    alpha = tool("/usr/bin/convert", "-size", "600x450", "xc:none", "-fill", "#b03020", "-draw", "circle 510,380 565,380", "png32:-")
    assert seen(convert("--size", "60x150", *COVER, source=alpha), lambda pixel: pixel[3] > 200) > 0.11
    skin = thing(*CORNERS["northwest"], colour="#c89878", background="#9aa69a")
    assert seen(convert("--size", "60x150", *COVER, source=skin)) > 0.11


def test_nothing_to_choose():
    """Where nothing is cut off, or nothing is to see, or it is not asked for, it is the middle."""
    data = thing(*CORNERS["northwest"])
    plain = tool("/usr/bin/convert", "-size", "600x450", "xc:teal", "png24:-")
    for source, size, fit in ((data, "200x150", "cover"), (data, "200x100", "contain"), (data, "200x", "cover"),
                              (plain, "60x150", "cover")):
        options = ("--size", size, "--fit", fit, "--format", "png")
        assert convert(*options, "--gravity", "attention", source=source) == convert(*options, source=source), (size, fit)


def test_one_line_of_complaint():
    data = patterns.jpeg(patterns.photo(300, 200))
    fails(1, "--size", "50x100", *COVER, source=data[:len(data) // 2])
    fails(2, "--size", "50x100", "--crop", "300,0,1,1", *COVER, source=data)
    fails(3, "--size", "50x100", "--max-pixels", 59999, *COVER, source=data)
    fails(3, "--size", "500x1000", "--max-pixels", 60000, *COVER, source=data)


def test_the_smallest():
    for width, height in ((1, 1), (2, 1), (1, 3), (15000, 1), (1, 15000)):
        data = tool("/usr/bin/convert", "-size", f"{width}x{height}", "xc:red", "png24:-")
        for size in ("3x1", "1x3"):
            result = image(convert("--size", size, *COVER, source=data))
            assert f"{result.width}x{result.height}" == size


def test_an_animation_is_cut_at_one_place():
    frames = tool("/usr/bin/convert", "-delay", 10, "-size", "600x450", "-fill", "#b03020",
                  "(", "xc:#8090a0", "-draw", "circle 90,380 145,380", ")", "(", "xc:#8090a0", "-draw", "circle 510,70 565,70", ")", "gif:-")
    result = image(convert("--size", "60x150", "--frames", "all", *COVER[:4], source=frames))
    assert result.n_frames == 2 and result.size == (60, 150)
    shown = []
    for frame in range(2):
        result.seek(frame)
        shown.append(sum(count for count, pixel in result.convert("RGB").getcolors(1 << 20) if pixel[0] > pixel[2] + 40))
    assert shown[0] > 900 and shown[1] == 0
