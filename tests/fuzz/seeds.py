#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Where the fuzzers begin: seeds.py DIR writes a folder of inputs and a dictionary for each. Small, made here and now."""

import struct
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))

import fastcgi  # noqa: E402
import seeds_picture  # noqa: E402
import shipped  # noqa: E402
import tiny  # noqa: E402

TYPES = ["size", "integer", "number", "time", "position", "choice", "color", "region", "flag", "format", "text"]


def param(kind, text, flags=0, low="", high="", allow="", standard="", values=""):
    lines = "\n".join((low, high, allow, standard, values, text))
    return bytes((TYPES.index(kind), flags)) + lines.encode()


def params():
    return [param("size", "300x200", high="4096x4096"), param("size", "x200", low="2x2"), param("integer", "-3", low="-9", high="9"),
            param("number", "0.125", high="2"), param("time", "1:02:03.5"), param("time", "90", 4, "0", "100", standard="1:30"),
            param("choice", "cover", values="contain=,cover=^"), param("color", "fF8000"), param("color", "teal"),
            param("region", "10,20,300x200"), param("flag", "yes"), param("format", "jpg", values="webp,jpeg"),
            param("text", "Grüße 50%", 2, allow="%:"), param("text", "", 0, low="0", high="3")]


def queries():
    uris = ["/every/5/a.jpg", "/every/-5/a/b%20c.jpg?size=9x&number=2.5&at=1:30", "/every/1/%C3%A4?fit=cover&color=f80&flag=",
            "/every/1/a?region=1,2,3x4&format=jpg&text=a+b%25", "http://host/every/1/a?size=1", "/every/1/..%2fa?x&&=&y=%00", "/"]
    return [f"image/webp,*/*;q=0.8\n{uri}".encode() for uri in uris]


def templates():
    values = "300x200&-3&0.5&1,2,3x4&1&a b&cover\n"
    runs = [["convert", "{source.format}:fd:{source.fd}[0]", "-resize", "{size*2}{fit}", "[", "-rotate", "{n}", "]", "{{}}"],
            ["djpeg", "-scale", "{n*2|8}", "{source}", "|", "cjpeg", "[", "{flag}", "-x", "]"],
            ["a", "{region.w}+{region.x*0.5}", "{size.h|-2}", "{text|none}", "{output}.webp"]]
    return [(values + "\n".join(run)).encode() for run in runs]


def stories():
    """For fuzz_connection: what the answers are like, then what the peer does, two bytes a turn."""
    def raw(data):
        return b"".join(bytes((0, len(data[i:i + 256]) - 1)) + data[i:i + 256] for i in range(0, len(data), 256))
    send, rest, read, read_all, question, abort, second, late, gone = (
        lambda n=1: bytes((5, n)), bytes((15, 0)), bytes((3, 9)), bytes((4, 0)), bytes((7, 47)), bytes((6, 0)), bytes((10, 2)),
        bytes((11, 255)), bytes((14, 0)))
    found = [bytes((plan,)) + raw(data) for plan, data in zip(range(0, 256, 37), streams())]
    for plan in range(0, 256, 5):
        found += [bytes((plan,)) + send() + rest * 4 + read_all * 8 + send() + read_all * 4,
                  bytes((plan,)) + send() + question + bytes((9, 1)) + rest * 3 + read * 9 + late * 4 + gone,
                  bytes((plan,)) + send(0) + abort + second + question * 2 + read * 40 + read_all * 9]
    return found


def files():
    riff = lambda kind, body: b"RIFF" + struct.pack("<I", len(body) + 4) + kind + body  # noqa: E731
    vp8x = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + b"\x2b\1\0\x0f\1\0"
    vp8 = b"VP8 " + struct.pack("<I", 10) + b"\0\0\0\x9d\1\x2a" + struct.pack("<HH", 30, 20)
    vp8l = b"VP8L" + struct.pack("<I", 5) + b"\x2f\x1d\xc0\4\0"
    tiff = b"II*\0\x08\0\0\0" + struct.pack("<H", 2) + struct.pack("<HHII", 256, 4, 1, 70) + struct.pack("<HHII", 257, 3, 1, 50) + b"\0" * 4
    bigtiff = b"MM\0+\0\x08\0\0" + struct.pack(">QQ", 16, 1) + struct.pack(">HHQQ", 256, 4, 1, 9 << 32)

    def box(kind, body):
        return struct.pack(">I4s", len(body) + 8, kind) + body
    avif = box(b"ftyp", b"avif\0\0\0\0avifmif1") + box(b"meta", b"\0\0\0\0" + box(
        b"iprp", box(b"ipco", box(b"ispe", b"\0\0\0\0" + struct.pack(">II", 30, 20)))))
    grey = box(b"ftyp", b"avif\0\0\0\0avifmif1") + box(b"meta", b"\0\0\0\0" + box(b"iref", b"\0\0\0\0" + box(b"prem", b"\0\2\0\1\0\1")) + box(
        b"iprp", box(b"ipco", box(b"av1C", b"\x81\0\x1c\0") + box(b"colr", b"nclx\0\1\0\x0d\0\6\0"))))
    # A parameter set of H.265 that names PQ, in a transport stream and in the record of an MP4.
    hevc = bytes.fromhex("42010102200000030090000003000003003ca00f080f136595952930bc05a84880482000000300200000030141")
    video = b"\0\0\1\xe0\0\0\x80\0\0\0\0\1" + hevc + b"\0\0\1\x44"
    packet = b"G\x41\0\x30" + bytes((183 - len(video), 0)) + b"\xff" * (182 - len(video)) + video
    record = b"\0" * 22 + b"\1\x21\0\1" + struct.pack(">H", len(hevc)) + hevc
    entry = box(b"hev1", b"\0" * 78 + box(b"hvcC", record))
    hdr = box(b"ftyp", b"isom\0\0\0\0mp42") + box(b"moov", box(b"trak", box(b"mdia", box(b"hdlr", b"\0" * 8 + b"vide" + b"\0" * 13) + box(
        b"minf", box(b"stbl", box(b"stsd", b"\0\0\0\0\0\0\0\1" + entry))))))
    ogg = b"OggS\0\2" + b"\0" * 20 + b"\1\x13OpusHead\1\2"
    whole = [tiny.jpeg(9, 9), tiny.jpeg(9, 9, 300), tiny.png(9, 9), tiny.gif(9, 9), riff(b"WEBP", vp8x), riff(b"WEBP", vp8),
             riff(b"WEBP", vp8l), tiff, bigtiff, avif, box(b"ftyp", b"isom\0\0\0\0mp42"), box(b"ftyp", b"qt  \0\0\0\0"),
             b"BM" + b"\0" * 12 + struct.pack("<Iii", 40, 30, -20) + b"\1\0\x18\0", b"\x1aE\xdf\xa3\x8fB\x82\x84webm",
             b"\x1aE\xdf\xa3\x93B\x82\x88matroska", riff(b"WAVE", b"fmt "), riff(b"AVI ", b"LIST"), b"FORM\0\0\0\4AIFF", b"fLaC\0\0\0\x22",
             ogg, b"ID3\4\0\0\0\0\0\n" + b"\0" * 10 + b"\xff\xfb\x90\0", b"\xff\xf1\x50\x80\1\x7f\xfc", b"%PDF-1.7\n", b"\xff\x0a",
             b"<?xml version='1.0'?><!-- a --><!DOCTYPE svg><svg width='30' height=\"20mm\" viewBox='0 0 1 2'>", b"\0\0\1\xba\x44",
             (b"G" + b"\0" * 187) * 4, packet * 5, hdr, grey, b"\xff\x0a\x31\7\1\x68\1",
             b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x18jxlp\0\0\0\0\xff\x0a\xc0\xb3\1\1\x4c\1", "Grüße\n".encode()]
    return [step + data for data in whole for step in (b"\xff\xff", b"\x20\0")]


def http():
    accepts = ["image/avif,image/webp,*/*;q=0.8", "image/*;q=0, image/png;q=0.001", 'a/b;q="x,y";c=d,,image/webp', "*/*;q=0"]
    dates = ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
    return [bytes((63 - i,)) + f"{a}\n{d}".encode() for i, a in enumerate(accepts) for d in dates]


def configs():
    head = 'root = "/"\nlisten = "tcp:127.0.0.1:9000"\n'
    small = ['recipe a { path = "/{source}" run = {"true"} }',
             'recipe a { path = "/a/{n}/{source}"\n param n { type = integer min = -1 max = 9 default = 3 }\n param t { type = text '
             'max = 9 allow = "%\\"" min = 0 }\n run = {"sort", "{n}{t}", "|", "cat"}\n timeout = 1m memory = 1.5G cpu = 3s '
             'stderr_fails = {"bad", "worse"} exits = {"3=404"} env = {"A=b"} read = {"/srv"} response = live type = "a/b" start = cold '
             'confine = strict stdin = source max_source = 9K max_pixels = 1M max_output = 9 cache_control = "no-store" }']
    # Files that are included stand behind the first one (fuzz_config.c).
    small += [small[0].replace("recipe a", 'include "1"\ninclude \'x/2\' recipe a') + more for more in
              ('\x1erecipe b { path = "/b/{source}" run = {"true"} }\nslots = 3\x1einclude "3"\x1euser = "root"', '\x1einclude "0"', '\x1e{')]
    lines = "\n".join(line for line in shipped.text().splitlines() if "base64" not in line)
    recipes = lines.split("\nrecipe ")
    return [(head + text).encode() for text in small + ["recipe " + r for r in recipes[1:]]]


def streams():
    get = fastcgi.request("/a.jpg?size=9x9", keep=True)
    return [get, fastcgi.request("/a", 7, body=b"body", padding=3, chunk=16), get + get,
            fastcgi.record(9, 0, fastcgi.pairs({"FCGI_MPXS_CONNS": "", "FCGI_MAX_REQS": ""})), fastcgi.record(77, 0, b"?"),
            fastcgi.begin(1, fastcgi.FILTER), fastcgi.begin(1, keep=True) + fastcgi.begin(2) + fastcgi.record(2, 1),
            fastcgi.begin() + fastcgi.stream(4, 1, fastcgi.pair("A", "b" * 300, True)), fastcgi.record(4, 1, b"", version=3)]


def messages():
    """spawn/protocol.h, version 2; two bytes for the fuzzer in front."""
    def header(kind, size):
        return struct.pack("=IHHII", 0x4A4C5553, 2, kind, size, 0 if kind == 1 else 5)

    def start(files, ruleset):
        body = struct.pack("=IIII", 2, 1, files, 256) + struct.pack("=QQQ", 1 << 28, 9, 9)
        body += struct.pack("=IBBBB", 64, 5, 1, ruleset, 0) + bytes((0, 3)[:files]).ljust(8, b"\0")
        body += b"/bin/true\0/tmp\0true\0a\0A=b\0"
        return header(2, 16 + len(body)) + body
    return [b"\2\0" + start(2, 0), b"\3\0" + start(2, 1), b"\0\0" + header(1, 220) + b"\1\0\0\0" + b"note".ljust(200, b"\0"),
            b"\1\0" + header(3, 32) + struct.pack("=iiII", 77, 0, 0, 1), b"\1\0" + header(4, 24) + struct.pack("=iI", 77, 1),
            b"\0\0" + header(5, 16), b"\0\1\2\0\3\7\5\1one\ntwo\n\nthree"]


CORPORA = {
    "param": params(), "query": queries(), "template": templates(), "sniff": files(), "http": http(), "config": configs(),
    "pattern": [b"/{source}\n/a/b.jpg", b"/t/{size}/{source}.html\n/t/9x/a/b.html", b"/{a}-{b}/{source}\n/x-y-z/s"],
    "input": [bytes((3, 1, 7, 200)) + s for s in streams()], "connection": stories(), "protocol": messages(),
    **seeds_picture.CORPORA,
}
WORDS = {
    "param": ["x", ",", ":", ".", "%", "-", "@", "jpeg", "webp", "white", "true"],
    "query": ["size=", "number=", "at=", "fit=cover", "color=", "region=", "flag=", "format=webp", "text=", "&", "%2f", "%00", "%25",
              "/every/", "http://", "image/webp", ";q=0.5"],
    "pattern": ["{source}", "{a}", "{b}", "/", "//", ".", ".."],
    "template": ["{size}", "{size.w}", "{size*2}", "{size.h|-2}", "{n}", "{region}", "{region.x}", "{flag}", "{text}", "{fit}",
                 "{source}", "{source.fd}", "{source.format}", "{output}", "[", "]", "|", "{{", "}}", "*0.5"],
    "sniff": ["ftyp", "meta", "iprp", "ipco", "ispe", "avif", "heic", "moov", "RIFF", "WEBP", "VP8X", "IHDR", "OggS", "matroska", "<svg",
              "viewBox", "<!--", "<!DOCTYPE"],
    "http": ["image/webp", "image/jpeg", "*/*", "image/*", ";q=", "0.001", ", ", "GMT", "Mon", "Jan"],
    "config": ["recipe r {", "}", "param p {", "path = ", "run = {", "type = ", "sources = {", "values = {", "default = ", "timeout = ",
               "memory = ", "min = ", "max = ", "required = true", "include \"1\"", "include 'a/2'", "#", "/*", "*/", "+=", "10s", "1G", "\\\"", "'"],
    "input": ["REQUEST_URI"], "connection": ["REQUEST_URI", "FCGI_MPXS_CONNS"], "protocol": ["SULJ", "/bin/true"],
    **seeds_picture.WORDS,
}


def quoted(word):
    """As it stands in a dictionary; bytes are not text."""
    if isinstance(word, bytes):
        return "".join(f"\\x{byte:02x}" for byte in word)
    return word.replace("\\", "\\\\").replace('"', '\\"')


def main(argv):
    if len(argv) != 2:
        print("usage: seeds.py DIR", file=sys.stderr)
        return 2
    top = Path(argv[1])
    for name, seeds in CORPORA.items():
        (top / name).mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds):
            (top / name / f"{number:02}").write_bytes(seed)
        words = "".join('"%s"\n' % quoted(word) for word in WORDS[name])
        (top / f"{name}.dict").write_text(words)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
