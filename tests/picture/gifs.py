# SPDX-License-Identifier: MIT
"""GIFs made by hand, so that nothing in them is by chance: four colours, no compression."""
import struct

COLOURS = {".": None, "r": (255, 0, 0), "g": (0, 255, 0), "b": (0, 0, 255), "w": (255, 255, 255)}
PALETTE = "rgbw"
TRANSPARENT = 3  # where a frame has a transparent colour, it is the last one


def palette(letters=PALETTE):
    return b"".join(bytes(COLOURS[letter]) for letter in letters)


def blocks(data):
    return b"".join(bytes((len(data[at:at + 255]),)) + data[at:at + 255] for at in range(0, len(data), 255)) + b"\0"


def pixels(places):
    """LZW with codes of three bits: it is cleared before it would need more."""
    bits, codes = "", []
    for at, place in enumerate(places):
        codes += ([4] if at % 2 == 0 else []) + [place]
    for code in codes + [5]:
        bits = f"{code:03b}" + bits
    bits = bits.zfill((len(bits) + 7) // 8 * 8)
    return b"\2" + blocks(int(bits, 2).to_bytes(len(bits) // 8, "little"))


def start(width, height, local=False):
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0 if local else 0x81, 0, 0) + (b"" if local else palette())


def looping(count):
    return b"\x21\xff\x0bNETSCAPE2.0" + b"\3\1" + struct.pack("<H", count) + b"\0"


def control(delay=10, disposal=0, transparent=False):
    return b"\x21\xf9\4" + struct.pack("<BHB", disposal << 2 | transparent, delay, TRANSPARENT) + b"\0"


def frame(rows, left=0, top=0, colours=None, interlaced=False):
    """Rows are strings of letters of the palette; "." is the transparent one. `colours` are a palette of its own."""
    letters = colours or PALETTE
    order = [y for first, step in ((0, 8), (4, 8), (2, 4), (1, 2)) for y in range(first, len(rows), step)] if interlaced else range(len(rows))
    places = [TRANSPARENT if letter == "." else letters.index(letter) for y in order for letter in rows[y]]
    flags = (0x81 if colours else 0) | (0x40 if interlaced else 0)
    return b"\x2c" + struct.pack("<HHHHB", left, top, len(rows[0]), len(rows), flags) + (palette(colours) if colours else b"") + pixels(places)


END = b"\x3b"


def seen(image):
    """A picture as rows of letters."""
    names = {colour: letter for letter, colour in COLOURS.items() if colour}
    image = image.convert("RGBA")

    def letter(pixel):
        return "." if pixel[3] == 0 else names[pixel[:3]] if pixel[3] == 255 else "?"
    return ["".join(letter(image.getpixel((x, y))) for x in range(image.width)) for y in range(image.height)]
