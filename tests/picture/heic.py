# SPDX-License-Identifier: MIT
"""Writes HEIC files that heif-enc cannot make: of tiles, turned, with a thumbnail, with other colours (ISO/IEC 23008-12)."""
import dataclasses
import struct

from picture import tool


def box(kind, *parts):
    """One box."""
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def full(kind, version, flags, *parts):
    """One with a version."""
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


@dataclasses.dataclass
class Coded:
    """One coded picture."""
    setup: bytes  # its hvcC box
    data: bytes
    size: tuple


def encode(picture, *options, pixels="yuv420p", scale=""):
    """A Pillow image as HEVC; scale: more options of FFmpeg's filter."""
    raw = tool("ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", f"{picture.width}x{picture.height}", "-i", "-",
               "-vf", f"scale=flags=accurate_rnd+full_chroma_int{scale}", "-pix_fmt", pixels, "-c:v", "libx265", "-x265-params",
               "log-level=none:info=0:crf=4", *options, "-movflags", "frag_keyframe+empty_moov+default_base_moof", "-f", "mp4", "-",
               data=picture.convert("RGB").tobytes())
    at = raw.index(b"hvcC") - 4
    setup = raw[at:at + struct.unpack(">I", raw[at:at + 4])[0]]
    at = raw.index(b"mdat") - 4
    return Coded(setup, raw[at + 8:at + struct.unpack(">I", raw[at:at + 4])[0]], picture.size)


def nclx(primaries, transfer, matrix, is_full):
    """A property that says what the colours are."""
    return box(b"colr", b"nclx", struct.pack(">HHHB", primaries, transfer, matrix, 0x80 if is_full else 0))


def turn(quarters):
    """A property: anti-clockwise."""
    return box(b"irot", bytes([quarters]))


def extent(size):
    """A property: the sides."""
    return full(b"ispe", 0, 0, struct.pack(">II", *size))


class File:
    """Items, their properties, and who refers to whom; the first item is the picture."""

    def __init__(self):
        self.items, self.properties, self.references = [], [], []

    def add(self, kind, data, properties, hidden=False):
        """The number of the new item."""
        numbers = []
        for one in properties:
            if one not in self.properties:
                self.properties.append(one)
            numbers.append(self.properties.index(one) + 1)
        self.items.append((kind, data, numbers, hidden))
        return len(self.items)

    def add_coded(self, coded, *properties, hidden=False):
        """One that is coded as a whole."""
        return self.add(b"hvc1", coded.data, [coded.setup, extent(coded.size), *properties], hidden)

    def refer(self, kind, one, *others):
        """From one item to others."""
        self.references.append(box(kind, struct.pack(f">HH{len(others)}H", one, len(others), *others)))

    def _meta(self, offset):
        infos, places, associations = [], [], []
        for number, (kind, data, properties, hidden) in enumerate(self.items, 1):
            infos.append(full(b"infe", 2, int(hidden), struct.pack(">HH4s", number, 0, kind), b"\0"))
            places.append(struct.pack(">HHHII", number, 0, 1, offset, len(data)))
            associations.append(struct.pack(">HB", number, len(properties)) + bytes(properties))
            offset += len(data)
        count = len(self.items)
        return full(b"meta", 0, 0, full(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)), full(b"pitm", 0, 0, struct.pack(">H", 1)),
                    full(b"iinf", 0, 0, struct.pack(">H", count), *infos),
                    full(b"iref", 0, 0, *self.references) if self.references else b"",
                    box(b"iprp", box(b"ipco", *self.properties), full(b"ipma", 0, 0, struct.pack(">I", count), *associations)),
                    full(b"iloc", 0, 0, struct.pack(">HH", 0x4400, count), *places))

    def bytes(self):
        """The whole file."""
        head = box(b"ftyp", b"heic", bytes(4), b"mif1heic")
        offset = len(head) + len(self._meta(0)) + 8
        return head + self._meta(offset) + box(b"mdat", *(data for _, data, _, _ in self.items))


def single(coded, *properties):
    """A file with one picture."""
    file = File()
    file.add_coded(coded, *properties)
    return file.bytes()


def grid(picture, side, *properties, encoder=()):
    """A picture cut into tiles of side x side; the last ones reach over its edge, with white."""
    columns, rows = -(-picture.width // side), -(-picture.height // side)
    file = File()
    whole = file.add(b"grid", struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, *picture.size), [extent(picture.size), *properties])
    tiles = []
    for row in range(rows):
        for column in range(columns):
            place = (column * side, row * side)
            tile = picture.crop((*place, place[0] + side, place[1] + side))
            tiles.append(file.add_coded(encode(tile, *encoder), hidden=True))
    file.refer(b"dimg", whole, *tiles)
    return file.bytes()
