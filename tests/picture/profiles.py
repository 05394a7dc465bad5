# SPDX-License-Identifier: MIT
"""Builds ICC profiles (ICC.1:2022), tag by tag."""
import struct

SRGB = [(0.4360747, 0.2225045, 0.0139322), (0.3850649, 0.7168786, 0.0971045), (0.1430804, 0.0606169, 0.7141733)]
ADOBE = [(0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)]
P3 = [(0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407)]
PROPHOTO = [(0.79767, 0.28804, 0), (0.13519, 0.71187, 0), (0.03134, 0.00009, 0.82491)]


def fixed(*values):
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def xyz(values):
    return b"XYZ \0\0\0\0" + fixed(*values)


def gamma(exponent):
    """A curve that is an exponent."""
    return struct.pack(">4sIIH", b"curv", 0, 1, round(exponent * 256))


def table(function, count):
    """A curve of values at equal distances."""
    values = [round(65535 * function(at / (count - 1))) for at in range(count)]
    return struct.pack(f">4sII{count}H", b"curv", 0, count, *values)


def formula(kind, *parameters):
    return struct.pack(">4sIHH", b"para", 0, kind, 0) + fixed(*parameters)


def linear():
    return struct.pack(">4sII", b"curv", 0, 0)


def light(sample):
    """The curve of sRGB."""
    return sample / 12.92 if sample <= 0.04045 else ((sample + 0.055) / 1.055) ** 2.4


def sample(value):
    """Back from light."""
    return value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


SRGB_FORMULA = formula(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def old_name(text):
    ascii_text = text.encode("latin-1") + b"\0"
    return struct.pack(">4sII", b"desc", 0, len(ascii_text)) + ascii_text + bytes(78)


def name(*texts):
    """Translations; each is (language, text)."""
    head, strings = b"", b""
    for language, text in texts:
        encoded = text.encode("utf-16-be", "surrogatepass")
        head += struct.pack(">2s2sII", language, b"XX", len(encoded), 16 + 12 * len(texts) + len(strings))
        strings += encoded
    return struct.pack(">4sIII", b"mluc", 0, len(texts), 12) + head + strings


def profile(tags, space=b"RGB ", pcs=b"XYZ ", kind=b"mntr", version=0x02400000):
    """The bytes; `tags` is a dictionary."""
    table_of_tags, data = b"", b""
    for tag, content in tags.items():
        content += bytes(-len(content) % 4)
        table_of_tags += struct.pack(">4sII", tag, 132 + 12 * len(tags) + len(data), len(content))
        data += content
    head = struct.pack(">I4sI4s4s4s", 132 + 12 * len(tags) + len(data), b"test", version, kind, space, pcs)
    head += bytes(12) + b"acsp" + bytes(28) + fixed(0.9642, 1, 0.8249) + bytes(48)
    return head + struct.pack(">I", len(tags)) + table_of_tags + data


def rgb(columns, curve, **more):
    """A profile of a matrix and a curve."""
    tags = {b"desc": old_name("a test"), b"wtpt": xyz((0.9642, 1, 0.8249))}
    tags.update({tag: xyz(values) for tag, values in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns)})
    tags.update({tag: curve for tag in (b"rTRC", b"gTRC", b"bTRC")})
    return profile({**tags, **more.pop("tags", {})}, **more)


def gray(curve, **more):
    return profile({b"desc": old_name("gray"), b"wtpt": xyz((0.9642, 1, 0.8249)), b"kTRC": curve}, b"GRAY", **more)


def lut(function, channels, grid=9, space=b"RGB ", **more):
    """A profile of a table to Lab: `function` takes samples from 0 to 1 and returns L, a, b."""
    values = []
    for number in range(grid ** channels):
        place = [number // grid ** at % grid / (grid - 1) for at in reversed(range(channels))]
        lightness, a, b = function(*place)
        values += [round(lightness / 100 * 0xff00), round((a + 128) * 256), round((b + 128) * 256)]
    body = struct.pack(">4sIBBBB", b"mft2", 0, channels, 3, grid, 0) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    body += struct.pack(">HH", 2, 2) + struct.pack(">HH", 0, 65535) * channels
    body += b"".join(struct.pack(">H", min(max(value, 0), 65535)) for value in values) + struct.pack(">HH", 0, 65535) * 3
    tags = {b"desc": old_name("a table"), b"wtpt": xyz((0.9642, 1, 0.8249)), b"A2B0": body, **more.pop("tags", {})}
    return profile(tags, space, b"Lab ", b"prtr", **more)
