# SPDX-License-Identifier: MIT
"""What the client sees: the table of statuses, one cause at a time; error pages that tell one line and nothing of the
file system."""

import os
import re
import signal
import socket

import pytest

import fastcgi
import pattern
import processes
import tiny
from daemon import FAKE, SLOW, Moment, elapsed, recipe, taken
from processes import wait_until

PARAMS = {
    "size": {"type": "size", "max": "4096x4096", "required": True},
    "quality": {"type": "integer", "min": 1, "max": 100, "default": "82"},
    "gain": {"type": "number", "min": -10, "max": 10},
    "at": {"type": "time", "max": "1:00:00"},
    "fit": {"type": "choice", "values": ["contain=", "fill=!", "cover=^"], "default": "contain"},
    "background": {"type": "color"},
    "crop": {"type": "region"},
    "strip": {"type": "flag"},
    "format": {"type": "format", "values": ["webp", "jpeg"]},
    "label": {"type": "text", "max": 20},
}
PARAM_ARGS = ["args", "{size}{fit}", "{quality}", "[", "-gain", "{gain}", "]", "[", "-at", "{at}", "]",
              "[", "-background", "{background}", "]", "[", "-crop", "{crop}", "]", "[", "{strip}", "-strip", "]",
              "[", "-label", "{label}", "]", "{format}:-"]

# What must never be seen by a client.
SECRETS = re.compile(r"fake-converter|sluice-test|/tmp|/proc|/dev/fd|/etc|root:|/media|No such file|Traceback|SECRET")


@pytest.fixture(scope="module")
def daemon(module_sluice, tmp_path_factory):
    programs = tmp_path_factory.mktemp("programs")
    for name, content, mode in (("notexec", b"#!/bin/sh\n", 0o644), ("interpreter", b"#!/nonexistent/sh\n", 0o755),
                                ("junk", b"\x7fELF is no more than four letters", 0o755)):
        (programs / name).write_bytes(content)
        (programs / name).chmod(mode)
    daemon = module_sluice(
        recipe("ok", "text", "fine", cache_control="max-age=60", type="image/test"),
        recipe("params", *PARAM_ARGS, params=PARAMS),
        recipe("jpeg", "text", "jpeg", sources=["jpeg"]),
        recipe("gif", "text", "gif", sources=["gif", "png"]),
        recipe("small", "read", "{source.fd}", max_source="1K"),
        recipe("pixels", "text", "pixels", sources=["jpeg", "png", "gif"], max_pixels=1000),
        recipe("empty", "exit", "0"),
        recipe("refuse", "stderr", "SECRET /etc/passwd", "write", "100", "exit", "{code}",
               params={"code": {"type": "integer", "min": 1, "max": 255}}),
        recipe("mapped", "write", "100", "exit", "{code}", params={"code": {"type": "integer", "min": 1, "max": 255}},
               exits=["3=404", "4=415", "5=413"]),
        recipe("crash", "write", "100", "signal", "{number}",
               params={"number": {"type": "integer", "min": 1, "max": 31}}),
        recipe("missing", program="/nonexistent/converter"),
        recipe("unnamed", program="there-is-no-such-program-here"),
        *(recipe(name, program=str(programs / name)) for name in ("notexec", "interpreter", "junk")),
        recipe("directory", program="/usr/bin"),
        recipe("deadline", "write", "100", "hang", timeout="300ms"),
        recipe("deaf", "ignore-term", "daemon", "child", "write", "100", "hang", timeout="300ms"),
        recipe("memory", "memory", "400", "write", "10", memory="100M"),
        recipe("modest", "memory", "50", "write", "10", memory="100M"),
        recipe("cpu", "spin", cpu="1s", timeout="120s"),
        recipe("output", "write", "3000000", max_output="1M"),
        recipe("named", "to", "{output}", "write", "3000000", max_output="1M"),
        recipe("stderr", "stderr", "{text}", "write", "10", params={"text": {"type": "text", "max": 60}},
               stderr_fails=["Premature end", "truncated"]),
        recipe("earlystderr", "stderr", "Premature end of file\n", "flood-stderr", "300000", "write", "10",
               stderr_fails=["Premature end"]),
        recipe("complains", "stderr", "memory allocation failed", "exit", "1", memory="100M", stderr_fails=["Premature end"]),
        recipe("confused", "stderr", "Premature end; memory allocation failed", "exit", "1", memory="100M", stderr_fails=["Premature end"]),
        recipe("splitstderr", "stderr", "Prema", "pause", "50", "stderr", "ture end", "write", "10",
               stderr_fails=["Premature end"]),
        recipe("flood", "flood-stderr", "20000000", "write", "10"),
        recipe("slot", "write", "10", "hang", slots=1, queue=1, queue_timeout="400ms", timeout="30s"),
        recipe("out", "to", "{output}", "write", "3000000"),
        recipe("outsuffix", "to", "{output}.webp", "write", "10"),
        recipe("outnone", "exit", "0"),
        recipe("outnothing", "args", "{output}", "exit", "0"),
        recipe("outempty", "to", "{output}", "write", "0"),
        recipe("outlink", "link", "{output}"),
        recipe("outfifo", "fifo", "{output}"),
        recipe("outdir", "mkdir", "{output}"),
        recipe("outfail", "to", "{output}", "write", "1000", "exit", "2"),
        recipe("stdin", "stdin", stdin="source"),
        recipe("nostdin", "stdin", "text", "end"),
        recipe("fd3", "read", "{source.fd}"),
        recipe("path", "copy", "{source}"),
        recipe("left", "tempfile", "100000", "write", "10"),
        recipe("leftcrash", "tempfile", "100000", "daemon", "signal", "9"),
        recipe("pipe", "write", "1000000", "|", FAKE, "stdin", "|", FAKE, "stdin", "|", FAKE, "stdin"),
        recipe("pipefirst", "write", "10", "exit", "1", "|", FAKE, "stdin", "|", FAKE, "stdin"),
        recipe("pipemiddle", "write", "10", "|", FAKE, "stdin", "exit", "1", "|", FAKE, "stdin"),
        recipe("pipelast", "write", "10", "|", FAKE, "stdin", "|", FAKE, "stdin", "exit", "1"),
        recipe("pipefirstcrash", "write", "10", "signal", "9", "|", FAKE, "stdin", "|", FAKE, "stdin"),
        recipe("pipemiddlecrash", "write", "10", "|", FAKE, "stdin", "signal", "11", "|", FAKE, "stdin"),
        recipe("pipelastcrash", "write", "10", "|", FAKE, "stdin", "|", FAKE, "stdin", "signal", "6"),
        recipe("pipecrashes", "-c", "trap '' PIPE; while echo a; do :; done; exit 1", "|", FAKE, "signal", "11", program="/bin/sh"),
        recipe("pipekilled", "-c", "trap '' PIPE; while echo a; do :; done; exit 1", "|", FAKE, "write", "10", "hang", program="/bin/sh"),
        recipe("pipefirstmissing", "|", FAKE, "stdin", program="/nonexistent/a"),
        recipe("pipelastmissing", "write", "10", "|", "/nonexistent/b"),
        recipe("pipemiddlemissing", "endless", "|", "/nonexistent/b", "|", FAKE, "stdin"),
        recipe("pipequit", "endless", "|", FAKE, "exit", "1"),
        recipe("pipehang", "hang", "|", FAKE, "exit", "1", timeout="20s"),
        recipe("pipedeadline", "write", "10", "|", FAKE, "hang", "|", FAKE, "stdin", timeout="300ms"),
        recipe("environment", "env", env=["EXTRA=more", "LANG=de_DE.UTF-8"], threads=3),
        recipe("plainenv", "env"),
        recipe("fds", "note", "{source}", "fds", read=["/proc"]),
        recipe("fdsnone", "fds", read=["/proc"]),
        recipe("limits", "limits", memory="300M", cpu="7s"),
        recipe("pair", "args", "{size.w}", "{size.h|-2}", "{size*2}", "{source}", "{source.fd}", "{source.format}", "{{}}",
               params={"size": PARAMS["size"]}),
        recipe("inpath", "args", "{size}", path="/inpath/{size}/{source}", params={"size": PARAMS["size"]}),
        recipe("negotiated", "args", "{format}", params={"format": PARAMS["format"]}),
        slots=64)
    daemon.file("photo.jpg", tiny.jpeg(10, 10))
    daemon.file("sub/deep/photo.jpg", tiny.jpeg(10, 10))
    daemon.file("a gif called.jpg", tiny.gif())
    daemon.file("text.jpg", b"this is no picture\n" * 10)
    daemon.file("empty.jpg", b"")
    daemon.file("1023", b"x" * 1023)
    daemon.file("1024", b"x" * 1024)
    daemon.file("1025", b"x" * 1025)
    for name, data in {"small": (31, 32), "large": (50, 21), "huge": (65535, 65535)}.items():
        daemon.file(f"{name}.png", tiny.png(*data))
        daemon.file(f"{name}.gif", tiny.gif(*data))
        daemon.file(f"{name}.jpg", tiny.jpeg(*data))
    daemon.file("behind.jpg", tiny.jpeg(65535, 65535, junk=300000))
    os.mkdir(os.path.join(daemon.root, "dir"))
    os.mkfifo(os.path.join(daemon.root, "fifo"))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.path.join(daemon.root, "socket"))
    os.symlink("/etc/passwd", os.path.join(daemon.root, "absolute-link"))
    os.symlink("../sluice.conf", os.path.join(daemon.root, "link-out"))
    os.symlink("photo.jpg", os.path.join(daemon.root, "link-in"))
    os.symlink("nowhere", os.path.join(daemon.root, "link-dangling"))
    os.symlink("/proc/self/environ", os.path.join(daemon.root, "magic"))
    os.symlink("/dev/zero", os.path.join(daemon.root, "zero"))
    os.symlink("loop", os.path.join(daemon.root, "loop"))
    yield daemon
    listener.close()


pytestmark = pytest.mark.usefixtures("nothing_left")


def assert_error(answer, status):
    """An error page as they all are: one line, a request id, no path, never kept by a cache."""
    assert answer.ended and answer.status == status, answer
    assert answer.headers["content-type"].startswith("text/plain"), answer
    assert answer.headers["cache-control"] == "no-store", answer
    assert int(answer.headers["content-length"]) == len(answer.body), answer
    assert len(answer.text.strip().splitlines()) == 1 and answer.text.endswith("\n"), answer
    assert not SECRETS.search(answer.raw().decode("latin-1")), answer
    assert not answer.stderr, answer
    return answer


def assert_logged_error(daemon, uri, status):
    answer, line = daemon.logged(uri)
    assert_error(answer, status)
    assert line["status"] == str(status), line.text
    assert line["id"] in answer.text, (line.text, answer)
    return line


# Good answers

def test_200(daemon):
    answer, line = daemon.logged("/ok/a")
    assert (answer.status, answer.text) == (200, "fine"), answer
    assert answer.headers["content-type"] == "image/test"
    assert answer.headers["content-length"] == "4"
    assert answer.headers["cache-control"] == "max-age=60"
    assert len({name.lower() for name, _ in answer.fields}) == len(answer.fields), "a field twice"
    assert (line["status"], line["method"], line["url"], line["recipe"]) == ("200", "GET", "/ok/a", "ok"), line.text


@pytest.mark.parametrize("uri", ["/ok/a", "/ok/nothing", "/refuse/a?code=1", "/params/a?size=x", "/deadline/a",
                                 "/jpeg/text.jpg", "/negotiated/a"])
def test_head_is_get_without_body(daemon, uri):
    get = daemon.get(uri)
    head = daemon.get(uri, method="HEAD")
    assert head.ended and head.status == get.status and not head.body, head

    def comparable(answer):
        return {k: v for k, v in answer.headers.items() if k not in ("date", "content-length" if get.status != 200 else "")}
    assert comparable(head) == comparable(get)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "PROPFIND", "", "G\r\nX: y",
                                    "x" * 5000])
def test_405(daemon, method):
    answer = assert_error(daemon.get("/ok/a", method=method), 405)
    assert sorted(re.split(r",\s*", answer.headers["allow"])) == ["GET", "HEAD"]


NOT_FOUND = [
    "/", "/ok", "/ok/", "/no-such-recipe/a", "/OK/a", "/ok/nothing", "/ok/dir", "/ok/dir/", "/ok/a/", "/ok/fifo", "/ok/socket",
    "/ok/absolute-link", "/ok/link-out", "/ok/link-dangling", "/ok/magic", "/ok/zero", "/ok/loop", "/ok/..", "/ok/../sluice.conf",
    "/ok/../../../../etc/passwd", "/ok/%2e%2e/sluice.conf", "/ok/sub/%2E%2E/%2E./sluice.conf", "/ok//etc/passwd", "/ok/%2fetc%2fpasswd",
    "/ok/sub%2fdeep%2fphoto.jpg", "/ok/..%2f..%2fetc%2fpasswd", "/ok/" + "x" * 300, "/ok/" + "d/" * 2000 + "a", "/ok/a%0a", "/ok/%5c..%5ca",
    "/ok/photo.jpg/a", "/ok/%FF%FE", "/ok/-",
]


@pytest.mark.parametrize("uri", NOT_FOUND)
def test_404_is_the_same_page_for_all(daemon, uri):
    reference, reference_line = daemon.logged("/ok/there-is-nothing-of-that-name")
    answer, line = daemon.logged(uri)
    assert_error(answer, 404)
    assert answer.text.replace(line["id"], "ID") == reference.text.replace(reference_line["id"], "ID")
    assert ({k: v for k, v in answer.headers.items() if k != "date"}.keys()
            == {k: v for k, v in reference.headers.items() if k != "date"}.keys())


@pytest.mark.parametrize("uri", ["/ok/link-in", "/ok/sub/deep/photo.jpg", "/ok/%61", "/ok/a%20gif%20called.jpg", "/ok/a?"])
def test_found(daemon, uri):
    assert daemon.get(uri).status == 200


# Malformed URLs

@pytest.mark.parametrize("uri", ["/ok/%", "/ok/%4", "/ok/%zz", "/ok/%g1", "/ok/a%00", "/ok/%00", "/ok/a?x=%", "/ok/a?%zz=1", "/ok/a?x=%00",
                                 "ok/a", "*", "", "/ok/a\tb", "/ok/a\x01", "/ok/a\r\nX: y", "/ok/%u0041"])
def test_malformed_urls(daemon, uri):
    assert_error(daemon.get(uri), 400)


@pytest.mark.parametrize("uri", ["/ok/" + "x" * 9000, "/ok/a?" + "&".join(f"p{i}=1" for i in range(200))])
def test_414(daemon, uri):
    assert_error(daemon.get(uri), 414)


# Malformed parameters: (query, the parameter that the line names)

BAD = [
    ("", "size"), ("size=", "size"), ("size=x", "size"), ("size=300y200", "size"), ("size=300x200x1", "size"), ("size=-1x5", "size"),
    ("size=5000x10", "size"), ("size=10x4097", "size"), ("size=0x10", "size"), ("size=99999999999999999999x1", "size"),
    ("size=%2B300x200", "size"), ("size=300x200%20", "size"), ("size=300x200%0a", "size"), ("size=0x1F", "size"),
    ("size=1&size=1", "size"), ("size=1&size=2", "size"), ("size=1&quality=0", "quality"), ("size=1&quality=101", "quality"),
    ("size=1&quality=", "quality"), ("size=1&quality=8e1", "quality"), ("size=1&quality=82.0", "quality"),
    ("size=1&quality=%2D5", "quality"), ("size=1&quality=99999999999999999999999", "quality"), ("size=1&gain=nan", "gain"),
    ("size=1&gain=inf", "gain"), ("size=1&gain=0x1p3", "gain"), ("size=1&gain=10.5", "gain"), ("size=1&gain=1,5", "gain"),
    ("size=1&at=1:60", "at"), ("size=1&at=-1", "at"), ("size=1&at=1:00:01:00", "at"), ("size=1&at=2:00:00", "at"), ("size=1&at=soon", "at"),
    ("size=1&fit=stretch", "fit"), ("size=1&fit=^", "fit"), ("size=1&fit=", "fit"), ("size=1&fit=FILL", "fit"),
    ("size=1&background=ff", "background"), ("size=1&background=gggggg", "background"), ("size=1&background=url(x)", "background"),
    ("size=1&background=none;", "background"), ("size=1&crop=10,20,300", "crop"), ("size=1&crop=10,20,0x0", "crop"),
    ("size=1&crop=-1,0,5x5", "crop"), ("size=1&strip=maybe", "strip"), ("size=1&format=exe", "format"), ("size=1&format=png", "format"),
    ("size=1&format=webp:/etc/passwd", "format"), ("size=1&label=%40/etc/passwd", "label"), ("size=1&label=-version", "label"),
    ("size=1&label=a%0ab", "label"), ("size=1&label=" + "x" * 21, "label"), ("size=1&label=a%25b", "label"),
    ("size=1&label=%c3%28", "label"), ("size=1&label=a;b", "label"), ("size=1&unknown=1", "unknown"), ("size=1&Size=1", "Size"),
    ("size=1&source=x", "source"), ("size=1&=1", None), ("size=1&%0aX=1", None), ("size=1&<b>=1", None),
]


@pytest.mark.parametrize("query,name", BAD)
def test_bad_parameters(daemon, query, name):
    answer = assert_error(daemon.get("/params/a" + ("?" + query if query else "")), 400)
    if name:
        assert name in answer.text.split(":")[0], answer.text
    assert "<" not in answer.text
    for pair in query.split("&")[1:]:
        value = pair.partition("=")[2]
        # 10,20,300 begins the example in the line
        if len(value) > 5 and value != "10,20,300":
            assert value not in answer.text, "the client's own text is repeated"


GOOD = {
    "size=300": ["300x", "82", "webp:-"],
    "size=300x": ["300x", "82", "webp:-"],
    "size=x200&quality=7": ["x200", "7", "webp:-"],
    "size=300x200&fit=fill": ["300x200!", "82", "webp:-"],
    "size=4096x4096&fit=cover": ["4096x4096^", "82", "webp:-"],
    "size=1&gain=-1.250": ["1x", "82", "-gain", "-1.25", "webp:-"],
    "size=1&at=1:30.5": ["1x", "82", "-at", "90.5", "webp:-"],
    "size=1&background=fff&strip": ["1x", "82", "-background", "#ffffff", "-strip", "webp:-"],
    "size=1&background=red&strip=no": ["1x", "82", "-background", "#ff0000", "webp:-"],
    "size=1&crop=10,20,300x200": ["1x", "82", "-crop", "300x200+10+20", "webp:-"],
    "size=1&format=jpeg": ["1x", "82", "jpeg:-"],
    "size=1&label=two+words%20more": ["1x", "82", "-label", "two words more", "webp:-"],
    "&&size=1&": ["1x", "82", "webp:-"],
    "%73ize=%31": ["1x", "82", "webp:-"],
}


def arguments(answer):
    assert answer.status == 200, answer
    return bytes(answer.body).decode().split("\0")[2:-1]


@pytest.mark.parametrize("query", GOOD)
def test_good_parameters(daemon, query):
    assert arguments(daemon.get(f"/params/a?{query}", HTTP_ACCEPT="image/webp")) == GOOD[query]


def test_parts_and_source_holes(daemon):
    assert arguments(daemon.get("/pair/photo.jpg?size=300x")) == ["300", "-2", "600x", "/dev/fd/3", "3", "jpeg", "{}"]


@pytest.mark.parametrize("uri,status", [("/inpath/30x20/a", 200), ("/inpath/30x20/a?size=1", 400), ("/inpath/30y/a", 400),
                                        ("/inpath/30x20/sub/deep/photo.jpg", 200), ("/inpath/30x20/", 404)])
def test_parameters_in_the_path(daemon, uri, status):
    answer = daemon.get(uri)
    assert answer.status == status, answer
    if status == 200:
        assert arguments(answer) == ["30x20"]


@pytest.mark.parametrize("accept,format_name", [
    (None, "jpeg"), ("*/*", "jpeg"), ("image/webp,*/*;q=0.8", "webp"), ("image/webp;q=0.1,image/jpeg", "jpeg"),
    ("image/webp;q=0,*/*", "jpeg"), ("text/html,image/avif,image/webp,*/*;q=0.8", "webp"), (";;q=,,/", None), ("image/*;q=0", None)])
def test_negotiation(daemon, accept, format_name):
    answer = daemon.get("/negotiated/a", HTTP_ACCEPT=accept)
    assert answer.status == 200, answer
    assert "accept" in answer.headers["vary"].lower()
    if format_name:
        assert arguments(answer) == [format_name]
        assert answer.headers["content-type"] == f"image/{format_name}"
    assert "vary" not in daemon.get("/negotiated/a?format=webp", HTTP_ACCEPT=accept).headers


# Sources

@pytest.mark.parametrize("name,status", [("1023", 200), ("1024", 200), ("1025", 413)])
def test_413_max_source(daemon, name, status):
    assert daemon.get(f"/small/{name}").status == status
    if status == 413:
        assert_logged_error(daemon, f"/small/{name}", 413)


@pytest.mark.parametrize("name,status", [("small.png", 200), ("small.gif", 200), ("small.jpg", 200), ("large.png", 413), ("large.gif", 413),
                                         ("large.jpg", 413), ("huge.png", 413), ("huge.gif", 413), ("huge.jpg", 413), ("behind.jpg", 413)])
def test_413_max_pixels(daemon, name, status):
    answer = daemon.get(f"/pixels/{name}")
    assert answer.status == status, answer


@pytest.mark.parametrize("uri,status", [("/jpeg/photo.jpg", 200), ("/jpeg/text.jpg", 415), ("/jpeg/empty.jpg", 415), ("/jpeg/a%20gif%20called.jpg", 415),
                                        ("/gif/a%20gif%20called.jpg", 200), ("/gif/photo.jpg", 415), ("/ok/empty.jpg", 200)])
def test_415(daemon, uri, status):
    if status == 415:
        assert_logged_error(daemon, uri, 415)
    else:
        answer = daemon.get(uri)
        assert answer.status == status, answer


@pytest.mark.parametrize("how", ["fd3", "path", "stdin"])
def test_source_reaches_the_converter(daemon, how):
    daemon.file("large", content := os.urandom(300000))
    answer = daemon.get(f"/{how}/large")
    assert answer.status == 200 and bytes(answer.body) == content


def test_stdin_is_null_by_default(daemon):
    assert daemon.get("/nostdin/a", body=b"from the client").text == "end"


# Converters that fail

@pytest.mark.parametrize("code", [1, 2, 99, 126, 127, 255])
def test_422(daemon, code):
    line = assert_logged_error(daemon, f"/refuse/a?code={code}", 422)
    assert f"{code}" in line.text.partition("status=422")[2], line.text


def test_422_for_no_output(daemon):
    assert_logged_error(daemon, "/empty/a", 422)


def test_stderr_is_logged_with_the_request(daemon):
    mark = daemon.log.mark()
    line = assert_logged_error(daemon, "/refuse/a?code=1", 422)
    assert any("SECRET" in other.text and line["id"] in other.text for other in daemon.log.lines(mark)), daemon.log.text(mark)


@pytest.mark.parametrize("code,status", [(1, 422), (3, 404), (4, 415), (5, 413)])
def test_exits(daemon, code, status):
    assert_logged_error(daemon, f"/mapped/a?code={code}", status)


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL, signal.SIGTERM, signal.SIGBUS, signal.SIGPIPE])
def test_502(daemon, number):
    assert_logged_error(daemon, f"/crash/a?number={int(number)}", 502)


@pytest.mark.parametrize("name", ["missing", "unnamed", "notexec", "interpreter", "junk", "directory", "pipefirstmissing", "pipelastmissing", "pipemiddlemissing"])
def test_500(daemon, name):
    assert_logged_error(daemon, f"/{name}/a", 500)


@pytest.mark.parametrize("name", ["deadline", "deaf"])
def test_504(daemon, name):
    start = Moment()
    assert_logged_error(daemon, f"/{name}/a", 504)
    assert elapsed(start) > 0.25 and taken(start) < 3 * SLOW
    wait_until(lambda: not daemon.converters(), 0.5 * SLOW, daemon.converters)


@pytest.mark.parametrize("name,limit", [("memory", "memory"), ("cpu", "cpu"), ("output", "output"), ("named", "output")])
def test_507_names_the_limit(daemon, name, limit):
    mark = daemon.log.mark()
    line = assert_logged_error(daemon, f"/{name}/a", 507)
    assert any(limit in other.text.replace(f"/{name}/", "").replace(f"recipe={name}", "") and line["id"] in other.text
               for other in daemon.log.lines(mark)), daemon.log.text(mark)


def test_within_the_limit(daemon):
    assert daemon.get("/modest/a").status == 200


@pytest.mark.parametrize("text,status", [("Corrupt%20JPEG%20data", 200), ("Premature%20end%20of%20JPEG", 422), ("file%20truncated", 422),
                                         ("TRUNCATED", 200), ("Premature", 200)])
def test_stderr_fails(daemon, text, status):
    assert daemon.get(f"/stderr/a?text={text}").status == status


@pytest.mark.parametrize("name", ["earlystderr", "splitstderr"])
def test_stderr_fails_wherever_it_stands(daemon, name):
    assert_logged_error(daemon, f"/{name}/a", 422)


def test_a_damaged_source_is_no_lack_of_memory(daemon):
    """Decoders that damaged data have confused complain of memory, too."""
    assert daemon.get("/complains/a").status == 507
    assert daemon.get("/confused/a").status == 422


def test_stderr_is_drained(daemon):
    mark = daemon.log.mark()
    assert daemon.get("/flood/a").status == 200
    assert len(daemon.log.text(mark)) < 30000, "the log has the last 4 KiB only"


# Admission

def test_503(daemon):
    with daemon.connect() as first, daemon.connect() as second:
        first.send(fastcgi.request("/slot/a"))
        daemon.wait_converters(1)
        mark = daemon.log.mark()
        second.send(fastcgi.request("/slot/a"))
        start = Moment()
        # One runs and one waits; whoever comes now is one too many, as soon as the second is in the queue.
        refused = daemon.get("/slot/a")
        if elapsed(start) > 0.3:
            waited, refused = refused, second.answer()
        else:
            waited = second.answer()
        assert elapsed(start) > 0.3 and taken(start) < 2 * SLOW
        for answer in (refused, waited):
            assert_error(answer, 503)
            assert int(answer.headers["retry-after"]) >= 1, answer
        assert len(daemon.log.wait_request(mark, 2)) == 2
        assert daemon.get("/ok/a").status == 200, "another recipe has slots of its own"


# {output}

def test_output_file(daemon):
    check = pattern.Checker()
    answer = daemon.get("/out/a", sink=check)
    assert (answer.status, check.length, check.wrong_at) == (200, 3000000, None), answer
    assert answer.headers["content-length"] == "3000000"
    assert daemon.get("/outsuffix/a").length == 10


@pytest.mark.parametrize("name,statuses", [("outnothing", (422,)), ("outempty", (422,)), ("outfail", (422,)), ("outlink", (422, 502, 500)),
                                           ("outfifo", (422, 502, 500)), ("outdir", (422, 502, 500))])
def test_output_file_that_is_none(daemon, name, statuses):
    start = Moment()
    answer = daemon.get(f"/{name}/a")
    assert answer.status in statuses, answer
    assert_error(answer, answer.status)
    assert taken(start) < 2 * SLOW


def test_what_converters_leave_behind_is_removed(daemon):
    assert daemon.get("/left/a").status == 200
    assert_logged_error(daemon, "/leftcrash/a", 502)
    assert daemon.temporary_files() == [] or len(daemon.temporary_files()) == daemon.baseline["files"]


# Pipelines

def test_pipeline(daemon):
    check = pattern.Checker()
    answer = daemon.get("/pipe/a", sink=check)
    assert (answer.status, check.length, check.wrong_at) == (200, 1000000, None), answer


@pytest.mark.parametrize("name,status", [("pipefirst", 422), ("pipemiddle", 422), ("pipelast", 422), ("pipefirstcrash", 502),
                                         ("pipemiddlecrash", 502), ("pipelastcrash", 502), ("pipecrashes", 502), ("pipequit", 422), ("pipedeadline", 504)])
def test_pipeline_with_one_that_fails(daemon, name, status):
    assert_logged_error(daemon, f"/{name}/a", status)


def test_the_last_of_a_pipeline_is_killed(daemon):
    """The first fails by the broken pipe; the cause is who was killed."""
    wait_until(lambda: not daemon.converters(), 5 * SLOW)
    with daemon.connect() as connection:
        connection.send(fastcgi.request("/pipekilled/a"))
        # Where it has written something: a program that ends before its `main` is started once more.
        last = wait_until(lambda: [p for p in daemon.converters() if (processes.command(p) or [b""])[0] == FAKE.encode()
                                   and processes.bytes_written(p) >= 10], 20 * SLOW)
        os.kill(last[0], signal.SIGKILL)
        assert_error(connection.answer(), 502)


def test_pipeline_does_not_wait_for_the_rest(daemon):
    """The last one has failed: nothing that the first still does can save the answer."""
    start = Moment()
    assert_error(daemon.get("/pipehang/a"), 422)
    assert taken(start) < 5 * SLOW


# What a job sees

def test_environment(daemon):
    lines = dict(line.partition("=")[::2] for line in daemon.get("/plainenv/a").text.splitlines() if "=" in line)
    assert set(lines) >= {"PATH", "HOME", "TMPDIR", "LANG", "OMP_NUM_THREADS", "VIPS_CONCURRENCY"}, lines
    assert lines["PATH"] == "/usr/bin:/bin" and lines["LANG"] == "C.UTF-8" and lines["OMP_NUM_THREADS"] == "1", lines
    assert lines["TMPDIR"] == lines["HOME"] and lines["TMPDIR"].startswith(daemon.temp + "/"), lines
    assert not {name for name in lines if name.startswith(("HTTP_", "REQUEST", "LISTEN", "ASAN"))}
    lines = dict(line.partition("=")[::2] for line in daemon.get("/environment/a").text.splitlines() if "=" in line)
    assert lines["EXTRA"] == "more" and lines["LANG"] == "de_DE.UTF-8" and lines["OMP_NUM_THREADS"] == "3", lines


def test_descriptors_of_a_job(daemon):
    answer = daemon.get("/fds/photo.jpg")
    found = dict(line.split(" ", 1) for line in answer.text.splitlines())
    assert set(found) == {"0", "1", "2", "3"}, found
    assert found["0"] == "/dev/null" and found["3"].endswith("/photo.jpg"), found
    found = dict(line.split(" ", 1) for line in daemon.get("/fdsnone/photo.jpg").text.splitlines())
    assert {"0", "1", "2"} <= set(found) <= {"0", "1", "2", "3"}, found


def test_limits_of_a_job(daemon):
    answer_lines = daemon.get("/limits/a").text.splitlines()
    found = dict(line.split(" ", 1) for line in answer_lines if not line.startswith("blocked"))
    assert found["data"] == str(300 << 20) and found["cpu"] in ("7", "8") and found["core"] == "0", found
    assert found["sigpipe"] == "default" and not [line for line in answer_lines if line.startswith("blocked")], answer_lines
    assert processes.alive(daemon.pid)


def test_request_ids_differ(daemon):
    mark = daemon.log.mark()
    for _ in range(20):
        daemon.get("/ok/nothing")
    ids = [line["id"] for line in daemon.log.wait_request(mark, 20)]
    assert len(set(ids)) == 20


def test_log_lines_cannot_be_forged(daemon):
    mark = daemon.log.mark()
    daemon.get('/ok/a%0a2026-01-01" status=200 x="', HTTP_USER_AGENT="a\nb")
    daemon.get("/ok/\x1b[31m\n2026 error forged")
    lines = daemon.log.wait_request(mark, 2)
    assert len(lines) == 2 and "\x1b" not in daemon.log.text(mark)
    assert all(line["status"] in ("400", "404") for line in lines), daemon.log.text(mark)
