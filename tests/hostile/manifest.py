# SPDX-License-Identifier: MIT
"""What must come for every hostile request: (URL, status, what it is). A status like "422/504" allows either, since the way in
which a decoder gives up differs between versions and machines; "200" means a whole and right answer. "broken" is a stream that was
begun and visibly cut. Recipes are those of etc/sluice.conf, and a few of test_hostile.py: /careless-…, /svg, /type-….

Whatever the status, for all of them holds what test_hostile.py checks after each request."""

GOOD_COLOUR = (32, 160, 96)
FLIPS = 8

# good/NAME is a whole file; cut/PERCENT-NAME and flip/N-NAME are made of it. The URL that converts it.
FORMATS = {
    "jpeg.jpg": "/{}?size=32x32&format=png",
    "progressive.jpg": "/requantize/{}",
    "png.png": "/{}?size=32x32&format=png",
    "gif.gif": "/{}?size=32x32&format=gif&animate=1",
    "webp.webp": "/{}?size=32x32&format=png",
    "lossless.webp": "/{}?size=32x32&format=jpeg",
    "tiff.tiff": "/{}?size=32x32&format=png",
    "heic.heic": "/{}?size=32x32&format=png",
    "avif.avif": "/{}?size=32x32&format=avif",
    "moving.webp": "/{}?size=32x32&format=webp&animate=1",
    "moving.png": "/{}?size=32x32&format=webp&animate=1",
    "mp4.mp4": "/frame/{}?at=1&size=32x&format=png",
    "mov.mov": "/frame/{}?at=1&size=32x&format=png",
    "mkv.mkv": "/frame/{}?at=1&size=32x&format=png",
    "webm.webm": "/preview/{}?at=0&length=0.5&size=32x&format=gif",
    "mp3.mp3": "/listen/{}?format=mp3",
    "flac.flac": "/listen/{}?format=mp3",
    "ogg.ogg": "/listen/{}?format=mp3",
    "opus.opus": "/listen/{}?format=mp3",
    "wav.wav": "/listen/{}?format=mp3",
}
# A flipped bit may leave a good file, a bad one, or another type or size; never a fault of ours.
FLIPPED = "200/413/415/422/507/broken"
# A cut file is refused; of the least piece not even the type may be left.
CUT = "415/422/broken"
# Sound as a stream of packets: when it is cut between two of them, nothing is missing that anybody could know of.
CUT_STREAM = {"mp3.mp3", "ogg.ogg", "opus.opus"}

# names/NAME is a picture in GOOD_COLOUR, or a film: 200, and that picture. They are escaped for the URL byte by byte.
NAMES = [
    b"a b.jpg", b" leading.jpg", b"trailing.jpg ", b"a'b.jpg", b'a"b.jpg', b"a`id`b.jpg", b"$(id).jpg", b"${HOME}.jpg", b"a;id.jpg", b"a&b.jpg",
    b"a\nb.jpg", b"\n", b"a\rb.jpg", b"a\tb.jpg", b"\x01.jpg", b"\x7f.jpg", b"\x1b[31mred.jpg",
    b"-resize", b"--help", b"-", b"-write", b"-rf/a.jpg", b"%d.jpg", b"%s%n%x.jpg", b"%03d.jpg", b"a%20b.jpg", b"%2e%2e%2fa.jpg", b"%00.jpg",
    b"[0]", b"a[0].jpg", b"a.jpg[0-9999]", b"a.jpg[99999x99999]", b"@a.jpg", b"@", b"|id", b"|id.jpg", b"a|b.jpg", b"a<b>c.jpg",
    b"msl:a.jpg", b"mvg:a.jpg", b"https:a.jpg", b"label:@a.jpg", b"inline:data.jpg", b"file:a.jpg", b"a:b:c.jpg", b"fd:0", b":", b"C:\\a.jpg",
    b"a\\b.jpg", b"..\\a.jpg", b"*.jpg", b"?.jpg", b"a?size=9.jpg", b"#a.jpg", b"a#b.jpg", b"~root.jpg", b"{a}.jpg", b"{source}.jpg", b"a{,b}.jpg",
    b"...", b"...jpg", b"..a.jpg", b".hidden.jpg", b"a..jpg", b"=a.jpg", b"a=b&c=d.jpg", b"+a+.jpg", b"!a.jpg", b"(", b"]", b"\\", b"'", b'"',
    "Grüße.jpg".encode(), "\u202egpj.exe.jpg".encode(), "\u2028.jpg".encode(), b"\xff\xfe.jpg", b"\xc0\xae\xc0\xae.jpg", b"\xed\xa0\x80.jpg",
    b"x" * 251 + b".jpg", b"mp4", b"a.svg", b"a.msl", b"a.php", b"a.jpg.mvg",
    b"-i.mp4", b"%d.mp4", b"concat:a|b.mp4", b"a'b\".mp4", b"pipe:0.mp4", b"http:a.mp4", b"a,b=c:d.mp4",
]

THUMBNAIL = "?size=32x32&format=png"
BOMB = "413/422/504/507"

REQUESTS = [
    # ---- scripts and documents: what they are is told by their content, and no recipe of the shipped ones takes it
    *((f"/trick/{name}{THUMBNAIL}", "415", "a script or document with the name of a picture")
      for name in ("mvg.jpg", "mvg.png", "msl.jpg", "eps.jpg", "pdf.jpg", "text.jpg",
                   "html.jpg", "script.jpg")),
    (f"/trick/mvg-behind-a-jpeg.jpg{THUMBNAIL}", "422", "MVG behind the head of a JPEG: the JPEG decoder gets it, and nobody else"),
    (f"/trick/mvg-behind-a-png.png{THUMBNAIL}", "422", "the same with PNG"),
    ("/requantize/trick/mvg-behind-a-jpeg.jpg", "422", "the same, djpeg"),
    *((f"{where}/trick/{name}{more}", status, f"SVG, {what}") for where, more in (("", THUMBNAIL), ("/svg", "")) for name, status, what in (
        ("svg.svg", "200/422", "that reads files and the network"), ("svg.jpg", "200/422", "the same"), ("svg.mp4", "200/422", "the same"),
        ("laughs.svg", "422/504/507", "billion laughs"), ("uses.svg", "200/422/504/507", "a hundred million uses"))),
    # ---- playlists and the like with the names of films
    *((f"/{recipe}/trick/{name}.{kind}", "415", "a playlist with the name of a film or song")
      for name in ("hls-file", "hls-passwd", "hls-http", "concat", "dash", "sdp", "ref")
      for recipe, kind in (("frame", "mp4"), ("frame", "m3u8"), ("preview", "mkv"), ("watch", "mp4"), ("listen", "mp3"))),
    *((f"/{recipe}/trick/playlist-behind-ftyp.{kind}", status, "a playlist behind the head of an MP4")
      for recipe, kind, status in (("frame", "mp4", "422"), ("watch", "mkv", "422"), ("listen", "mp3", "422"))),
    ("/frame/trick/data-reference.mov", "200/422", "a film whose data are in another file"),
    ("/frame/trick/data-reference-url.mov", "200/422", "the same, by URL"),
    # ---- the same files for recipes without any care: the confinement alone stands before what they want
    *((f"/careless-{recipe}/trick/{name}", "200/422/502/504/507", "a recipe that lets the program guess")
      for recipe, names in {
          "convert": ("mvg.jpg", "mvg.png", "msl.jpg", "svg.jpg", "svg.svg", "eps.jpg", "text.jpg", "pdf.jpg"),
          "ffmpeg": ("hls-file.mp4", "hls-file.m3u8", "hls-passwd.mp4", "hls-http.m3u8", "hls-http.mp4", "concat.mp4", "dash.mp4", "sdp.mp4", "ref.mp4",
                     "svg.mp4", "data-reference.mov")}.items() for name in names),
    # ---- one format with the name of another
    *((f"/renamed/{kind}.jpg{THUMBNAIL}", "200", "a good picture with another's name") for kind in ("gif", "tiff", "webp", "png", "jpg", "bmp")),
    *((f"/renamed/{kind}.jpg{THUMBNAIL}", "415", "a format that the recipe does not take")
      for kind in ("xpm", "ppm", "miff", "ico", "tga", "pcx", "sgi", "fits", "xbm", "sun", "pict", "psd", "dds", "mpc", "palm", "mp4", "mp3",
                   "zip", "elf", "empty", "zeros", "one-byte")),
    ("/frame/renamed/jpg.mp4", "415", "a picture with the name of a film"),
    ("/frame/renamed/avi.mp4", "422", "the head of an AVI, and nothing behind it"),
    ("/frame/renamed/empty.jpg", "415", "zero bytes"),
    ("/listen/renamed/empty.jpg", "415", "zero bytes"),
    ("/requantize/renamed/png.jpg", "415", "a PNG for djpeg"),
    # ---- bombs
    *((f"/bomb/{name}{THUMBNAIL}", "413", "more pixels than max_pixels, as declared")
      for name in ("30000.png", "header.jpg", "canvas.gif", "header.tiff", "header.webp", "canvas.webp", "wide.tiff")),
    ("/requantize/bomb/header.jpg", "413", "the same, djpeg"),
    (f"/bomb/under-the-limit.png{THUMBNAIL}", "200/422/504", "99 million pixels: within the recipe's memory"),
    (f"/bomb/wide.png{THUMBNAIL}", "200/422", "a million pixels in one row"),
    (f"/bomb/ztxt.png{THUMBNAIL}", "200/422/507", "100 MB of text, compressed"),
    (f"/bomb/iccp.png{THUMBNAIL}", "200/422/507", "a profile of 50 MB, compressed"),
    (f"/bomb/frames.gif{THUMBNAIL}", "200", "20,000 frames, of which the first is decoded"),
    ("/bomb/frames.gif?size=32x32&format=gif&animate=1", "413", "20,000 frames, more than max_frames"),
    ("/bomb/frames-large.gif?size=32x32&format=gif&animate=1", "413", "20,000 frames of 2000 x 2000"),
    (f"/bomb/header-under-the-limit.jpg{THUMBNAIL}", "422", "a header without pixels behind it"),
    ("/requantize/bomb/header-under-the-limit.jpg", "422", "the same, djpeg"),
    (f"/bomb/metadata.jpg{THUMBNAIL}", "422", "20 MB of metadata, no pixels"),
    (f"/bomb/loop.tiff{THUMBNAIL}", "200/422", "a TIFF whose directory follows itself"),
    (f"/bomb/strip.tiff{THUMBNAIL}", "422/507", "a strip of 4 GB in a file of 200 bytes"),
    (f"/bomb/scans.jpg{THUMBNAIL}", "413/422", "2,000 scans of a megapixel, of which one is repeated too often"),
    (f"/bomb/right-scans.jpg{THUMBNAIL}", "413", "2,000 scans that may be there; sluice-picture takes a hundred"),
    # ---- what decoders.py makes, for sluice-picture
    *((f"/bomb/{name}{THUMBNAIL}", status, what) for name, status, what in (
        ("idat.png", "200/422", "200 MB of pixels for 81"), ("itxt.png", "200", "100 MB of text"), ("chunks.png", "200", "200,000 chunks"),
        ("length.png", "422", "a chunk of 2 GB"), ("deflate.tiff", "200", "99 million pixels in one strip"),
        ("deflate-wide.tiff", "200", "800 MB in one strip"), ("tile.tiff", "413", "800 MB in one tile"), ("more.tiff", "200/422", "300 MB for 4 KB"),
        ("strips.tiff", "422", "9,000 strips, of which there is one"), ("outside.gif", "200", "frames beside the screen, behind the first"),
        ("sides.heic", "413", "60000 x 60000, as declared"), ("sides.avif", "413", "the same"),
        ("sides-under-the-limit.heic", "422", "larger than the picture in it"), ("sides-under-the-limit.avif", "200/422", "the same"),
        *((f"{lie}.{kind}", "415/422", "a header that lies") for lie in ("place", "length", "box") for kind in ("heic", "avif")))),
    *((f"/bomb/{name}?size=32x32&format=webp&animate=1", status, what) for name, status, what in (
        ("promises.apng", "413/422", "2 billion frames, of which there are two"), ("outside.apng", "413/422", "a frame outside of the canvas"),
        ("larger.apng", "413/422", "a frame that is larger than the canvas"), ("frames.apng", "413", "20,000 frames"),
        ("outside.gif", "200", "frames beside the screen"), ("larger.gif", "413", "a frame of 60000x60000"),
        ("outside.webp", "413/422", "a frame outside of the canvas"), ("larger.webp", "200/413/422", "a frame that is larger than it"),
        ("frames.webp", "413", "20,000 frames"), ("canvas-frames.webp", "413", "900 frames on a canvas of 9000x9000"))),
    ("/requantize/bomb/scans.jpg", "422", "2,000 scans; djpeg takes a hundred"),
    ("/frame/bomb/60000-frames.mp4?at=50&size=16x", "200", "60,000 frames, one wanted"),
    ("/preview/bomb/60000-frames.mp4?length=10&size=16x&format=gif", "200/504", "60,000 frames, 10,000 to be decoded"),
    ("/frame/bomb/60000-frames.mp4?at=86400", "400", "behind the end"),
    ("/frame/bomb/sides.mp4", "200/422/507", "65535 x 65535, as the track says"),
    *((f"/frame/bomb/{name}", "422", "boxes that lie about their size") for name in ("box.mp4", "nested.mp4", "cluster.mkv")),
    ("/frame/bomb/time.mp4", "200/422", "a film of another time"),
    ("/listen/bomb/id3.mp3", "415/422", "a tag of 256 MB in 4 KB"),
    ("/listen/bomb/wav.wav", "422/broken", "65,535 channels at 4 GHz"),
    # ---- paths
    *((path + THUMBNAIL, "404", "out of the root, or nothing there") for path in (
        "/../outside/secret.png", "/special/../../outside/secret.png", "/%2e%2e/outside/secret.png", "/.%2e/outside/secret.png",
        "/special/%2e%2e/%2e%2e/outside/secret.png", "/..%2foutside%2fsecret.png", "/..%5coutside%5csecret.png", "/..\\outside\\secret.png",
        "/%252e%252e%252foutside%252fsecret.png", "/%252e%252e/outside/secret.png", "/..%252foutside/secret.png", "/special%2fgood.jpg",
        "/special%2Fgood.jpg", "/special%252fgood.jpg", "//etc/passwd", "//special/good.jpg", "/special//good.jpg", "/etc/passwd", "/proc/self/environ",
        "/%c0%ae%c0%ae/outside/secret.png", "/%c0%af..%c0%afoutside", "/%e0%80%ae%e0%80%ae/outside/secret.png", "/%ff%fe", "/%ed%a0%80", "/%f8%80%80%80%af",
        "/special/good.jpg/", "/special/good.jpg/.", "/special/good.jpg/x", "/special/good.jpg%20", "/special/good.jpg%0a", "/special/good.jpg:stream",
        "/special/good.jpg;a=b", "/special/good.jpg[0]", "/special/GOOD.JPG", "/", "/special/", "/special", "/.", "/..", "/...", "/special/.", "/dev/fd/3",
        "/special/directory.jpg", "/special/directory.jpg/", "/x" * 2000, "/" + "x" * 300, "/" + "x" * 5000, "/~root", "/-", "/--help", "/%7cid", "/@")),
    *((path + THUMBNAIL, "400", "a URL that is none") for path in (
        "/special/good.jpg%00", "/%00", "/special/good.jpg%00.png", "/special/good%", "/special/good%2", "/special/good%zz.jpg", "/%", "/%%", "/%u002e",
        "/special/good.jpg\x01", "/special/good.jpg\x7f", "/special/a\nb", "special/good.jpg", "?", "", "*", "../outside/secret.png", "#")),
    ("/special/good.jpg" + THUMBNAIL + "&" + "&".join(f"a{n}=1" for n in range(100)), "414", "a hundred parameters"),
    ("/special/good.jpg?size=" + "9" * 9000, "414", "a URL of 9,000 bytes"),
    ("/" + "x/" * 4100, "414", "a path of 8,200 bytes"),
    *((f"/special/good.jpg?size=32x32&{query}", "400", "a query that no recipe takes") for query in (
        "format=png&format=png", "size=32x32", "unknown=1", "=1", "source=/etc/passwd", "source.fd=0", "output=/tmp/x", "format=png%00", "format=msl",
        "format=png:/tmp/x", "Format=png", "format[]=png", "rotate", "quality=&rotate=", "%", "a%zz=1", "format=png;rotate=9", "run=id", "-x=1", "@x=1")),
    # ---- what is no file
    *((f"/special/{name}{THUMBNAIL}", "404", "a link out of the root, or no file") for name in (
        "absolute.jpg", "up.jpg", "passwd.jpg", "inside-absolute.jpg", "loop.jpg", "dangling.jpg", "fd.jpg", "environ.jpg", "stdin.jpg", "zero.jpg",
        "tree", "tree/etc/passwd", "tree-up/secret.png", "chain.jpg", "fifo.jpg", "socket.jpg", "null.jpg", "urandom.jpg", "directory.jpg", "unreadable.jpg",
        "locked/good.jpg", "locked", "missing.jpg", "good.jpg/../../../outside/secret.png")),
    *((f"/special/{name}{THUMBNAIL}", "200", "inside of the root, and a file") for name in (
        "good.jpg", "inside.jpg", "inside-up.jpg", "hardlink.jpg")),
    (f"/special/sparse.jpg{THUMBNAIL}", "413", "a file of a terabyte, with holes"),
]

# Of each type the worst values, and what the program gets for the few that are good. /type-NAME/good.jpg?v=VALUE (escaped byte by byte).
TYPES = {
    "size": ('max = "4096x4096"', [
        ("300x200", "300x200"), ("300", "300x"), (b"", None), (b"x", None), (b"0x0", None), (b"4097x1", None), (b"-1x5", None), (b"+5x5", None), (b"5X5", None),
        (b"5x5x5", None), (b"05x5", None), (b" 5x5", None), (b"5x5 ", None), (b"5x5\n", None), (b"5x5!", None), (b"5%x5", None), (b"1e3x5", None),
        (b"99999999999999999999x1", None), (b"0x10", None), (b"5x5 -write /tmp/x", None), (b"@/etc/passwd", None), (b"\xef\xbc\x95x5", None)]),
    "integer": ("min = -5  max = 99", [
        ("82", "82"), ("-5", "-5"), (b"", None), (b"100", None), (b"-6", None), (b"-0", None), (b"+1", None), (b"01", None), (b"1.0", None), (b"1e1", None),
        (b"0x1", None), (b" 1", None), (b"1 ", None), (b"1\n", None), (b"1;id", None), (b"--1", None), (b"-", None), (b"NaN", None),
        (b"9223372036854775808", None), (b"-9223372036854775809", None), (b"4294967297", None), (b"1,0", None), (b"\xd9\xa1", None)]),
    "number": ("min = 0.1  max = 10", [
        ("0.5", "0.5"), ("2.500", "2.5"), (b"", None), (b".5", None), (b"5.", None), (b"1e0", None), (b"inf", None), (b"nan", None), (b"-1", None), (b"+1", None),
        (b"0x1p1", None), (b"1,5", None), (b"1.0000001", None), (b"10.000001", None), (b"0.09", None), (b"00.5", None), (b"1.5.5", None), (b"1 ", None),
        (b"1\t", None), (b"1" * 400, None), (b"0." + b"0" * 400 + b"1", None), (b"infinity", None)]),
    "time": ("max = 86400", [
        ("1:30.5", "90.5"), ("0", "0"), (b"", None), (b":", None), (b"1:", None), (b":30", None), (b"1:60", None), (b"1:5", None), (b"-1", None), (b"1:-5", None),
        (b"1:2:3:4", None), (b"24:00:01", None), (b"86400.001", None), (b"1.2345", None), (b"1:00.2345", None), (b"1e2", None), (b"10ms", None), (b"1:30,5", None),
        (b"now", None), (b"999999999999:00", None), (b"00:00:00:00", None), (b" 1:30", None)]),
    "choice": ('values = {"contain=", "cover=^", "plain"}', [
        ("cover", "^"), ("plain", "plain"), (b"", None), (b"^", None), (b"contain=", None), (b"Cover", None), (b"cover ", None), (b" cover", None), (b"cover\n", None),
        (b"cover,plain", None), (b"cove", None), (b"coverr", None), (b"cover^", None), (b"-write", None), (b"../cover", None), (b"*", None), (b"\xff", None),
        (b"cover;id", None), (b"0", None), (b"cover=^", None), (b"null", None), (b"c\xc3\xb6ver", None)]),
    "color": ("", [
        ("fff", "#ffffff"), ("FF800040", "#ff800040"), (b"", None), (b"#fff", None), (b"ff", None), (b"ffff", None), (b"fffff", None), (b"fffffffff", None),
        (b"ggg", None), (b"0xfff", None), (b"rgb(1,2,3)", None), (b"url(/etc/passwd)", None), (b"transparent", None), (b"red ", None), (b"red;id", None),
        (b"@red", None), (b"-fff", None), (b"currentColor", None), (b"f f f", None), (b"fff\n", None), (b"none", None), (b"gradient:red", None)]),
    "region": ('max = "100x100"', [
        ("10,20,30x40", "30x40+10+20"), ("0,0,1x1", "1x1+0+0"), (b"", None), (b"1,2", None), (b"1,2,3", None), (b"1,2,3x", None), (b"1,2,x4", None), (b"1,2,0x4", None),
        (b"-1,2,3x4", None), (b"1,2,101x4", None), (b"65536,2,3x4", None), (b"1,2,3x4,5", None), (b"1;2;3x4", None), (b"1,2,3x4!", None), (b" 1,2,3x4", None),
        (b"1,,3x4", None), (b",,", None), (b"1.5,2,3x4", None), (b"1,2,3X4", None), (b"3x4+1+2", None), (b"01,2,3x4", None), (b"1,2,99999999999x4", None)]),
    "flag": ("", [
        ("1", "1"), ("", "1"), ("yes", "1"), (b"2", None), (b"-1", None), (b"TRUE", None), (b"True", None), (b"y", None), (b"n", None), (b"t", None), (b"1 ", None), (b" 1", None),
        (b"01", None), (b"1\n", None), (b"on;id", None), (b"yes no", None), (b"null", None), (b"undefined", None), (b"-write", None), (b"\xff", None), (b"oui", None),
        (b"1,0", None)]),
    "format": ('values = {"webp", "jpeg"}', [
        ("webp", "webp"), ("jpg", "jpeg"), (b"", None), (b"png", None), (b"WEBP", None), (b"webp:", None), (b"webp:/tmp/x", None), (b"msl", None), (b"mvg", None),
        (b"../webp", None), (b"webp ", None), (b"webp\n", None), (b"image/webp", None), (b".webp", None), (b"jpeg[0]", None), (b"fd", None), (b"|id", None), (b"-jpeg", None),
        (b"@jpeg", None), (b"unknown", None), (b"text", None), (b"jpeg,webp", None)]),
    "text": ("max = 20", [
        ("hello World 1", "hello World 1"), ("Gr\u00fc\u00dfe", "Gr\u00fc\u00dfe"), (b"", None), (b"-x", None), (b"@/etc/passwd", None), (b"a\nb", None), (b"a\tb", None),
        (b"a\x1b[31m", None), (b"%d", None), (b"a:b", None), (b"a'b", None), (b'a"b', None), (b"a\\b", None), (b"$(id)", None), (b"`id`", None), (b"a/b", None), (b"a;b", None),
        (b"a|b", None), (b"\xff\xfe", None), (b"\xc0\xae", None), (b"x" * 21, None), ("\u202ex".encode(), None), ("\u2028".encode(), None)]),
}
