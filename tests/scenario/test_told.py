# SPDX-License-Identifier: MIT
"""The administrator is told the truth: every refusal has its reason in the log, however little the client is told."""

import errno
import os
import re
import socket
import subprocess

import pytest

import fuse
import tiny
from daemon import SLUICE, anybody_may_execute, recipe

ROOT = os.geteuid() == 0
USER = 54321
as_another = pytest.mark.skipif(not ROOT or not anybody_may_execute(), reason="only root can become another user")
mounts = pytest.mark.skipif(not fuse.is_possible(), reason="no file system can be mounted here")
N = {"n": {"type": "integer", "max": 9}}


def become():
    os.setgroups([])
    os.setgid(USER)
    os.setuid(USER)


def give(daemon, *paths):
    """The daemon's directories belong to USER, the sources do not."""
    for path in (daemon.directory, daemon.temp, *paths):
        os.chown(path, USER, USER)
    for path in (daemon.root, *paths):
        os.chmod(path, 0o755)


def reason_of(daemon, uri, status, **more):
    """The reason in the log of a request that is answered so."""
    mark = daemon.log.mark()
    answer = daemon.get(uri, **more)
    line = daemon.log.wait_request(mark)[0]
    assert answer.status == status and line.number("status") == status, (answer, line.text)
    return line.get("reason", "")


def run(*arguments, **more):
    return subprocess.run([SLUICE, *arguments], capture_output=True, text=True, timeout=60, check=False, **more)


# Why a request is refused

@pytest.fixture(scope="module")
def daemon(module_sluice):
    daemon = module_sluice(
        recipe("ok", "text", "fine", params=N),
        recipe("gif", "text", "gif", sources=["gif"], path="/one/{source}"),
        recipe("jpeg", "text", "jpeg", sources=["jpeg", "webp"], path="/one/{source}"),
        recipe("small", "text", "small", max_source="1K"),
        recipe("pixels", "text", "pixels", sources=["png"], max_pixels=100),
        recipe("where", "text", "where", params={"n": {"type": "integer", "max": 9}}, where=["n=3"]),
        recipe("fails", "stderr", "Oh dear", "exit", "3"), recipe("empty", "exit", "0"),
        recipe("mapped", "exit", "3", exits=["3=403"]), recipe("crash", "signal", "11"),
        recipe("missing", program="there-is-no-such-program-here"),
        recipe("deadline", "hang", timeout="300ms"),
        recipe("cpu", "spin", cpu="1s", timeout="20s"),
        status_path="/-/status", start=False)
    daemon.file("photos/a", b"a")
    daemon.file("big", b"x" * 2000)
    daemon.file("empty.jpg", b"")
    daemon.file("a.png", tiny.png(200, 100))
    for name, target in (("absolute", "/etc/hostname"), ("out", "../sluice.conf"), ("dangling", "nothing"), ("loop", "loop"),
                         ("into", "photos"), ("closed-link", "closed")):
        os.symlink(target, os.path.join(daemon.root, name))
    os.mkfifo(os.path.join(daemon.root, "fifo"))
    daemon.file("closed/a", b"a")
    daemon.file("unreadable", b"a")
    if ROOT and anybody_may_execute():
        give(daemon)
        os.chmod(os.path.join(daemon.root, "closed"), 0o600)
        os.chmod(os.path.join(daemon.root, "unreadable"), 0)
        daemon.start(preexec_fn=become)
    else:
        daemon.start()
    return daemon


NOT_FOUND = [
    ("/nothing", "no recipe's path fits"), ("/ok/none", "no such file"), ("/ok/none/a", "no such file: there is no directory none/"),
    ("/ok/photos/none", "no such file"), ("/ok/photos", "a directory"), ("/ok/into", "a directory"), ("/ok/fifo", "a FIFO, not a regular file"),
    ("/ok/absolute", "absolute link: absolute"), ("/ok/out", "leaves the root: link out"), ("/ok/out/x", "leaves the root: link out"),
    ("/ok/dangling", "no such file: nothing behind the link dangling"), ("/ok/loop", "too many links: loop"),
    ("/ok/a/b", "ENOTDIR (Not a directory): a/"), ("/ok/../a", "URL: a segment of dots in the path"),
    ("/ok/a%2fb", "URL: encoded slash in the path"), ("/ok/" + "x" * 300, "ENAMETOOLONG (File name too long): " + "x" * 200 + "..."),
    ("/ok/%0a", "no such file"),
]


@pytest.mark.parametrize("uri,reason", NOT_FOUND)
def test_a_404_is_explained_to_the_administrator(daemon, uri, reason):
    """In the log and by `explain`; the client sees one page."""
    assert reason_of(daemon, uri, 404) == reason
    done = run("explain", "-c", daemon.config, uri)
    assert done.returncode != 0 and "404 Not Found: nothing here" in done.stderr and reason in done.stderr, done.stderr


@as_another
@pytest.mark.parametrize("uri,reason", [("/ok/closed/a", "Permission denied on closed/"), ("/ok/unreadable", "Permission denied on unreadable"),
                                        ("/ok/closed-link/a", "Permission denied on closed-link/")])
def test_missing_rights_are_named(daemon, uri, reason):
    assert reason_of(daemon, uri, 404) == reason


OTHERS = [
    ("/ok/a?n=10", 400, "n: "), ("/ok/a?m=1", 400, "m: "), ("/ok/a?n=%", 400, "URL: bad escape"), ("ok/a", 400, "URL: the path does not begin"),
    ("/where/a?n=1", 400, "no recipe takes these values"), ("/mapped/a", 403, "fake-converter: exit 3"),
    ("/small/big", 413, "the source has 2000 bytes, max_source = 1024"),
    ("/pixels/a.png", 413, "the source has 200x100 pixels, max_pixels = 100"),
    ("/ok/a?" + "x" * 9000, 414, "URL: the URL is too long"),
    ("/one/a.png", 415, "the source's type is png; recipe 'gif' takes gif; recipe 'jpeg' takes jpeg, webp"),
    ("/one/empty.jpg", 415, "the source's type is unknown (it is empty); recipe 'gif' takes gif"),
    ("/fails/a", 422, "fake-converter: exit 3"), ("/empty/a", 422, "exit 0 without output"), ("/missing/a", 500, "program not found"),
    ("/crash/a", 502, "signal 11"), ("/deadline/a", 504, "."), ("/cpu/a", 507, "limit: cpu"), ("/-/status?nonsense", 400, "."),
]


@pytest.mark.parametrize("uri,status,reason", OTHERS)
def test_every_refusal_has_its_reason(daemon, uri, status, reason):
    assert re.search(reason if reason == "." else re.escape(reason), reason_of(daemon, uri, status))


@pytest.mark.parametrize("more,status,reason", [
    ({"method": "POST"}, 405, "only GET and HEAD"), ({"HTTP_IF_MATCH": '"other"'}, 412, "."), ({"X": "x" * 70000}, 431, "64 KiB"),
    ({"REQUEST_METHOD": None}, 400, r"no REQUEST_METHOD.*fastcgi_param REQUEST_METHOD \$request_method"),
    ({"REQUEST_URI": None}, 400, r"no REQUEST_URI.*fastcgi_param REQUEST_URI \$request_uri")])
def test_every_refused_request_has_its_reason(daemon, more, status, reason):
    assert re.search(reason, reason_of(daemon, "/ok/a", status, **more))


def test_the_message_names_what_the_web_server_leaves_out(daemon):
    assert "no REQUEST_URI" in daemon.get("/ok/a", REQUEST_URI=None).text


def test_explain_names_the_recipes_that_nearly_fit(daemon):
    done = run("explain", "-c", daemon.config, "/small")
    assert "  small  /small/{source}" in done.stderr and "/ok/{source}" not in done.stderr, done.stderr
    done = run("explain", "-c", daemon.config, "/x")
    assert "  ok  /ok/{source}" in done.stderr and "more" in done.stderr, done.stderr
    done = run("explain", "-c", daemon.config, "/one/a.png")
    assert "415" in done.stderr and "the source's type is png" in done.stderr, done.stderr


# Storage that fails

@mounts
@pytest.mark.parametrize("name", ["ENOTCONN", "ESTALE", "EIO", "ETIMEDOUT"])
def test_storage_that_fails_is_no_404(sluice, name):
    """Neither when the file is opened nor when it is read; when it works again, so do requests."""
    daemon = sluice(recipe("ok", "copy", "{source}", start="cold"))
    mount = fuse.Fuse(daemon.root, {"a": b"content"})
    try:
        assert daemon.get("/ok/a").text == "content"
        for field in ("fail", "fail_reads"):
            setattr(mount, field, getattr(errno, name))
            reason = reason_of(daemon, "/ok/a", 500)
            assert name in reason, reason
            setattr(mount, field, 0)
        assert daemon.get("/ok/a").text == "content" and daemon.get("/ok/b").status == 404
    finally:
        mount.close()
