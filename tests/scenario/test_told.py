# SPDX-License-Identifier: MIT
"""The administrator is told the truth: every refusal has its reason in the log, however little the client is told."""

import contextlib
import errno
import json
import os
import pathlib
import re
import signal
import socket
import subprocess

import pytest

import callfilter
import fastcgi
import fuse
import tiny
from daemon import FAKE, SANITIZER, SLOW, SLUICE, anybody_may_execute, recipe
from ports import free_port
from processes import wait_until

ROOT = os.geteuid() == 0
USER = 54321
BECOME = {"user": USER, "group": USER, "extra_groups": []}
as_another = pytest.mark.skipif(not ROOT or not anybody_may_execute(), reason="only root can become another user")
mounts = pytest.mark.skipif(not fuse.is_possible(), reason="no file system can be mounted here")
N = {"n": {"type": "integer", "max": 9}}


def has_hook(name):
    with open(SLUICE, "rb") as file:
        return name in file.read()


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
    line = daemon.log.wait_request(mark, status=str(status))[0]
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
        recipe("memory", "memory", "400", "write", "10", memory="100M"),
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
        daemon.start(user=USER)
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
    ("/crash/a", 502, "signal 11"), ("/deadline/a", 504, "."), ("/memory/a", 507, "limit: memory"), ("/-/status?nonsense", 400, "."),
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


# What a start needs

def test_the_ready_line_says_where_and_what(sluice):
    daemon = sluice(recipe("warm", "text", "x"), recipe("cold", "text", "x", start="cold"), recipe("missing", program="no-such-program"),
                    socket_mode="0640", start=False)
    if ROOT:
        os.chown(daemon.directory, USER, USER)
    daemon.start()
    ready = next(line for line in daemon.log.lines() if " ready " in line.text)
    status = os.stat(daemon.socket)
    assert ready["listen"] == f"unix:{daemon.socket}" and ready["mode"] == "0640" and ready["root"] == daemon.root, ready.text
    names = subprocess.run(["stat", "-c", "%U:%G", daemon.socket], capture_output=True, text=True, check=True).stdout.strip()
    assert ready["owner"] == names and status.st_mode & 0o777 == 0o640, ready.text
    assert (ready["recipes"], ready["warm"], ready["cold"]) == ("3", "1", "2"), daemon.log.text()


def test_the_ready_line_says_the_port(sluice):
    port = free_port()
    daemon = sluice(recipe("hello", "text", "x"), listen=f"tcp:127.0.0.1:{port}", start=False)
    daemon.address = ("127.0.0.1", port)
    daemon.start()
    assert f'listen="tcp:127.0.0.1:{port}" owner=- mode=-' in daemon.log.text()


def refused(daemon, **popen):
    """Starts what does not start; returns what it says."""
    daemon.start(wait=False, **popen)
    assert daemon.wait(30) != 0
    return daemon.log.text()


def without(*paths):
    """For preexec_fn: a mount namespace in which an empty directory, or an empty file, hides each path."""
    def hide():
        assert fuse.LIBC.unshare(0x00020000) == 0
        assert fuse.LIBC.mount(None, b"/", None, 0x44000, None) == 0  # MS_REC | MS_PRIVATE
        for path in paths:
            assert fuse.LIBC.mount(b"none", path.encode(), b"tmpfs", 0, None) == 0
    return hide


@pytest.mark.skipif(not ROOT, reason="mounts")
@pytest.mark.parametrize("path,words", [("/proc", r"/proc/self/fd cannot be opened: ENOENT .*: mount proc on /proc"),
                                        ("/dev", r"/dev/null cannot be opened: ENOENT .*: the container needs /dev/null")])
def test_a_container_without_its_files_is_told_so(sluice, path, words):
    assert re.search("cannot start: " + words, refused(sluice(recipe("hello", "text", "x"), start=False), preexec_fn=without(path)))


@pytest.mark.parametrize("call", ["pidfd_open", "memfd_create", "openat2"])
def test_a_refused_call_is_named(sluice, call):
    text = refused(sluice(recipe("hello", "text", "x"), start=False), preexec_fn=lambda: callfilter.refuse(call, error=errno.EPERM))
    assert f"cannot start: {call} is refused: EPERM (Operation not permitted)" in text, text


@pytest.mark.parametrize("error,words", [(errno.EPERM, "a profile of system calls refuses landlock_create_ruleset"),
                                         (errno.ENOSYS, "this kernel has no Landlock, or a filter"), (errno.EOPNOTSUPP, "Landlock is switched off")])
def test_landlock_that_a_profile_refuses_is_told_from_an_old_kernel(sluice, error, words):
    daemon = sluice(recipe("hello", "text", "x"), start=False)
    daemon.start(preexec_fn=lambda: callfilter.refuse("landlock_create_ruleset", error=error))
    assert words in daemon.log.text()


@as_another
def test_the_socket_of_another_user(sluice):
    """Which may be stale, but cannot be looked at; and one that is stale, but may not be removed."""
    daemon = sluice(recipe("hello", "text", "x"), start=False)
    give(daemon)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(daemon.socket)
        os.chmod(daemon.socket, 0o600)
    assert "there is another user's socket, and user 54321 may not see whether a daemon listens" in refused(daemon, user=USER)
    os.chmod(daemon.socket, 0o666)
    os.chown(daemon.directory, 0, 0)
    os.chmod(daemon.directory, 0o1777)
    assert "has left its socket there, and user 54321 may not remove the file" in refused(daemon, user=USER)
    os.unlink(daemon.socket)
    os.chmod(daemon.directory, 0o755)
    assert f"Permission denied on {daemon.directory}: user 54321 may not write to it" in refused(daemon, user=USER)


def test_what_stands_in_the_place_of_the_socket(sluice):
    daemon = sluice(recipe("hello", "text", "x"), start=False)
    with open(daemon.socket, "w", encoding="ascii"):
        pass
    assert "there is a file with that name, and it is not a socket" in refused(daemon)
    daemon.configure(recipe("hello", "text", "x"), listen=f"unix:{daemon.directory}/none/sock")
    assert f"there is no directory {daemon.directory}/none" in refused(daemon)


@as_another
def test_a_group_that_the_user_may_not_give(sluice):
    daemon = sluice(recipe("hello", "text", "x"), socket_group="root", start=False)
    give(daemon)
    assert re.search("socket_group: cannot give .*/sock to group 0: EPERM .*: user 54321 has to be a member of the group",
                     refused(daemon, user=USER))


@as_another
@pytest.mark.skipif(subprocess.run(["unshare", "--user", "true"], capture_output=True, check=False).returncode != 0,
                    reason="there are no user namespaces here")
def test_an_owner_without_a_name(sluice, tmp_path):
    """In the user namespace of a unit (PrivateUsers=) the kernel shows the web server's group as nogroup: ready does not say that."""
    path = str(tmp_path / "sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(4)
        os.chown(path, 0, USER)
        daemon = sluice(recipe("hello", "text", "x"), start=False)
        daemon.configure(recipe("hello", "text", "x"), listen=None)
        daemon.address = path
        daemon.start(prefix=["unshare", "--user", "--map-root-user"], stdin=listener)
    assert " owner=root:? " in daemon.log.text(), daemon.log.text()


# Rights

@as_another
@pytest.mark.parametrize("closed", ["media", "media/inner"])
def test_an_unreadable_root_is_told_by_all_who_look(sluice, closed):
    """By -t and the start, as the daemon's user, and by health; requests are 500, with the cause."""
    daemon = sluice(recipe("hello", "text", "x"), user="nobody", start=False)
    root = os.path.join(daemon.root, "inner")
    os.mkdir(root)
    if closed == "media":
        root = daemon.root
    os.chmod(daemon.directory, 0o755)
    os.chmod(daemon.temp, 0o777)
    os.chmod(os.path.join(daemon.directory, closed), 0o700)
    os.chmod(daemon.root, 0o700 if closed == "media" else 0o755)
    daemon.configure(recipe("hello", "text", "x"), user="nobody", root=root)
    words = f"Permission denied on {root}: user nobody may not search it"
    done = run("-t", "-c", daemon.config)
    assert done.returncode != 0 and f"root: {words}" in done.stderr, done.stderr
    daemon.start()
    assert f"error root: {words}" in daemon.log.text()
    done = run("health", "-s", f"unix:{daemon.socket}")
    assert done.returncode != 0 and words in done.stderr, done.stderr
    assert reason_of(daemon, "/hello/a", 500) == f"the root {root}: EACCES (Permission denied)"
    os.chmod(root, 0o755)
    done = run("-t", "-c", daemon.config)
    assert done.returncode == 0, done.stderr
    assert run("health", "-s", f"unix:{daemon.socket}").returncode == 0


@as_another
def test_a_log_that_the_user_cannot_open_again(sluice, tmp_path):
    """Root opens it in root's directory; after a rotation the daemon's user would have to make it. Said by -t and the start."""
    own = tmp_path / "own"
    own.mkdir()
    os.chown(own, 65534, 65534)
    for log, told in ((f"{tmp_path}/log", True), (f"{own}/log", False), ("/dev/stderr", False)):
        daemon = sluice(recipe("hello", "text", "x"), user="nobody", log=log, start=False)
        os.chmod(daemon.directory, 0o755)
        os.chmod(daemon.temp, 0o777)
        words = "the log cannot be opened again after a rotation, give it a directory of the daemon's user: " \
                f"Permission denied on {tmp_path}: user nobody may not write to it"
        done = run("-t", "-c", daemon.config)
        assert done.returncode == 0 and (f"warning: log: {words}" in done.stderr) == told, done.stderr
        daemon.start()
        written = daemon.log.text() if log == "/dev/stderr" else pathlib.Path(log).read_text(encoding="utf-8")
        assert " ready " in written and (f" warning {words}" in written) == told, written
        daemon.stop()


def test_what_a_unit_hides_is_named(sluice):
    """The operator's shell sees the directory; the daemon in its unit does not."""
    daemon = sluice(recipe("hello", "text", "x"), root="/home/no-such-user/media", start=False)
    outside = {name: value for name, value in os.environ.items() if name != "INVOCATION_ID"}
    for environment, told in (({**outside, "INVOCATION_ID": "1"}, True), (outside, False)):
        done = run("-t", "-c", daemon.config, env=environment)
        assert done.returncode != 0 and ("ProtectHome=" in done.stderr) == told, done.stderr


@as_another
def test_an_unsearchable_parent_is_no_missing_directory(sluice):
    daemon = sluice(recipe("hello", "text", "x"), start=False)
    inner = os.path.join(daemon.root, "inner")
    os.mkdir(inner)
    daemon.configure(recipe("hello", "text", "x"), root=inner)
    give(daemon)
    os.chmod(daemon.root, 0o700)
    done = run("-t", "-c", daemon.config, **BECOME)
    assert f"root = {inner}: Permission denied on {daemon.root}: user 54321 may not search it" in done.stderr, done.stderr


def test_t_finds_what_the_start_would_refuse(sluice, tmp_path):
    daemon = sluice(recipe("hello", "text", "x"), start=False)
    for settings, words in [
            ({"socket_group": "no-such-group"}, "socket_group: there is no such group"),
            ({"log": f"{tmp_path}/none/log"}, f"log: there is no directory {tmp_path}/none"),
            ({"log": str(tmp_path)}, "log: "),
            ({"listen": f"unix:{tmp_path}/none/sock"}, f"listen: there is no directory {tmp_path}/none"),
            ({"temp_path": f"{tmp_path}/none"}, f"there is no directory {tmp_path}/none"),
            ({"root": f"{tmp_path}/none"}, f"there is no directory {tmp_path}/none"),
            *([({"user": "no-such-user"}, "user: there is no such user")] if ROOT else [])]:
        daemon.configure(recipe("hello", "text", "x"), **settings)
        done = run("-t", "-c", daemon.config)
        assert done.returncode != 0 and words in done.stderr, (settings, done.stderr)
        assert refused(daemon)


@as_another
def test_t_of_a_stranger_judges_no_rights(sluice):
    """Neither root nor the daemon's user: it cannot know what that user may do, but what is missing is missing for all."""
    daemon = sluice(recipe("hello", "copy", "{source}"), user="nobody", start=False)
    os.chmod(daemon.directory, 0o755)
    os.chmod(daemon.root, 0o755)
    daemon.configure(recipe("hello", "copy", "{source}"), user="nobody")
    done = run("-t", "-c", daemon.config, **BECOME)
    assert done.returncode == 0 and "only root and user nobody can do that" in done.stderr, done.stderr
    daemon.configure(recipe("hello", "copy", "{source}"), user="nobody", listen=f"unix:{daemon.directory}/none/sock")
    done = run("-t", "-c", daemon.config, **BECOME)
    assert done.returncode != 0 and f"listen: there is no directory {daemon.directory}/none" in done.stderr, done.stderr


@as_another
def test_t_looks_as_the_daemons_user(sluice, tmp_path):
    """Root may write everywhere; the user that the daemon becomes may not."""
    store = tmp_path / "store"
    store.mkdir()
    daemon = sluice(f'cache {{\n    path = "{store}"\n}}', recipe("hello", "text", "x"), user="nobody", start=False)
    os.chmod(daemon.directory, 0o755)
    os.chmod(daemon.temp, 0o755)
    done = run("-t", "-c", daemon.config)
    assert done.returncode != 0
    assert f"cache: path: Permission denied on {store}: user nobody may not write to it" in done.stderr, done.stderr
    assert f"temp_path: Permission denied on {daemon.temp}: user nobody may not write to it" in done.stderr, done.stderr
    os.chmod(store, 0o777)
    os.chmod(daemon.temp, 0o777)
    done = run("-t", "-c", daemon.config)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(SANITIZER != "", reason="the sanitizers want to be the first library")
def test_the_uptime_is_not_that_of_a_clock_that_was_set(sluice, tmp_path):
    """A step back gave 213503982329 days."""
    step = tmp_path / "step"
    stall = os.path.join(os.path.dirname(FAKE), "libfake-stall.so")
    daemon = sluice(recipe("hello", "text", "x"), status_path="/-/status", environment={"LD_PRELOAD": stall, "STALL_CLOCK": str(step)})
    before = json.loads(daemon.get("/-/status?json").text)["time"]
    step.touch()
    after = json.loads(daemon.get("/-/status?json").text)["time"]
    assert after < before - 3000, (before, after)
    for form in ("text", "html"):
        up = re.search(r"up [^\n<]*", daemon.get(f"/-/status?{form}").text).group()
        assert sum(map(int, re.findall(r"\d+", up))) < 600, (form, up)


# Other protocols on the socket

UWSGI = b"\x00\x1a\x00\x00" + b"\x0e\x00REQUEST_METHOD\x03\x00GET" + b"\x00" * 5
HELLO = bytes.fromhex("160301020001000001fc0303") + b"x" * 500


@pytest.mark.parametrize("first,words", [
    (b"GET /ok/a HTTP/1.1\r\nHost: x\r\n\r\n", "this is HTTP: use fastcgi_pass, not proxy_pass"),
    (b"POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100000, "this is HTTP: use fastcgi_pass, not proxy_pass"),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "this is HTTP"), (HELLO, "this is TLS"), (UWSGI, "use fastcgi_pass, not uwsgi_pass"),
    (b"70:CONTENT_LENGTH\x000\x00SCGI\x001\x00,", "use fastcgi_pass, not scgi_pass"),
    (b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n", "this is the PROXY protocol"), (b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c", "this is the PROXY protocol"),
    (b"Hello, world", "this is no FastCGI: it begins with the bytes 48 65 6c 6c")])
@pytest.mark.parametrize("kind", ["unix", "tcp"])
def test_another_protocol_is_named_once_a_minute(sluice, kind, first, words):
    daemon = sluice(recipe("ok", "text", "fine"), start=False)
    if kind == "tcp":
        daemon.address = ("127.0.0.1", free_port())
        daemon.configure(recipe("ok", "text", "fine"), listen="tcp:%s:%d" % daemon.address)
    daemon.start()
    for _ in range(3):
        with daemon.connect() as connection:
            connection.send(first)
            answer = b""
            try:
                while piece := connection.socket.recv(4096):
                    answer += piece
            except ConnectionError:
                pass
            assert (b"HTTP/1.0 400 " in answer and answer.endswith(b"not proxy_pass\n")) == ("HTTP" in words), answer
    mark = daemon.log.mark()
    assert daemon.get("/ok/a").text == "fine"
    daemon.log.wait_request(mark)  # the lines of a log keep their order
    text = daemon.log.text()
    assert text.count(words) == 1, text


def test_a_broken_record_is_no_other_protocol(sluice):
    daemon = sluice(recipe("ok", "text", "fine"))
    with daemon.connect() as connection:
        connection.get("/ok/a", keep=True)
        connection.send(b"GET / HTTP/1.0\r\n\r\n")
        assert connection.wait_closed(5 * SLOW) is not None
    assert "this is" not in daemon.log.text()


# The type of a result of which the recipe does not say it

RESULTS = {"png": ("image/png", tiny.png()), "gif": ("image/gif", tiny.gif()), "jpeg": ("image/jpeg", tiny.jpeg()),
           "big": ("image/png", tiny.png() + b"\0" * 3000000), "txt": ("text/plain", b"Good morning\n"),
           "svg": ("text/plain", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "odd": ("application/octet-stream", b"\x00\x01\x02\x03")}


@pytest.mark.parametrize("way", ["alone", "joined", "cached", "handed over", "output"])
def test_the_type_is_found_in_the_result(sluice, tmp_path, way):
    """Each time that it is sent: made, kept, from memory, for HEAD. What is unknown is told, once; SVG is no SVG without `type`."""
    store = tmp_path / "store"
    store.mkdir()
    send = '    send = "x-sendfile"\n' if way == "handed over" else ""
    cache = f'cache {{\n    path = "{store}"\n    size = 1G\n{send}}}'
    steps = ["to", "{output}", "copy", "{source}"] if way == "output" else ["copy", "{source}"]
    daemon = sluice(*([cache] if way in ("cached", "handed over") else []), recipe("copy", *steps, **({"join": True} if way == "joined" else {})))
    for name, (_, content) in RESULTS.items():
        daemon.file(name, content)
    mark = daemon.log.mark()
    for _ in range(3):
        for name, (kind, content) in RESULTS.items():
            answer = daemon.get(f"/copy/{name}")
            assert answer.status == 200 and answer.headers["content-type"] == kind, (name, answer)
            assert "x-sendfile" in answer.headers or bytes(answer.body) == content, name
            answer = daemon.get(f"/copy/{name}", method="HEAD")
            assert answer.status == 200 and answer.headers["content-type"] == kind, (name, answer)
    daemon.log.wait_request(mark, 6 * len(RESULTS))
    told = re.findall("warning a result is sent as .*recipe=copy", daemon.log.text(mark))
    assert len(told) == 1, told


def test_a_live_recipe_without_a_type_is_warned_of(sluice):
    live = recipe("live", "copy", "{source}", response="live")
    daemon = sluice(live, start=False)
    assert "warning: recipe 'live': a live response begins before its content can be looked at" in run("-t", "-c", daemon.config).stderr
    for more in ({"type": "video/webm"}, {"params": {"format": {"type": "format", "values": ["webm", "mp4"]}}}):
        daemon.configure(recipe("live", "copy", "{source}", response="live", **more))
        assert "a live response begins" not in run("-t", "-c", daemon.config).stderr


def test_explain_says_that_the_result_tells_the_type(sluice):
    daemon = sluice(recipe("copy", "copy", "{source}"), start=False)
    assert "as the result's content shows" in run("explain", "-c", daemon.config, "/copy/a").stdout


# What the confinement takes

CONFINED = pytest.mark.skipif(fuse.LIBC.syscall(444, None, 0, 1) < 1, reason="this kernel has no Landlock")


@CONFINED
@pytest.mark.parametrize("start", ["warm", "cold"])
@pytest.mark.parametrize("complaint", ["{program}: unable to open image `{path}': Permission denied @ error/blob.c/OpenBlob/2924.", "{path}: Permission denied",
                                       "PermissionError: [Errno 13] Permission denied: '{path}'", "Error: EACCES: permission denied, open '{path}'"])
def test_what_the_confinement_refuses_is_told(sluice, tmp_path, start, complaint):
    """By the path in what common programs say. Not when the file is not there, may be read, or is closed to the user as well."""
    wanted = tmp_path / "a profile.icc"
    wanted.write_text("x")

    def fails(name, path, **more):
        words = complaint.format(program="convert-im6.q16", path=path)
        return recipe(name, "stderr", "harmless\n", "stderr", words + "\n", "stderr", "and more\n", "copy", str(path), "exit", "1", start=start, **more)
    daemon = sluice(fails("wanted", wanted), fails("allowed", wanted, read=[str(tmp_path)]), fails("absent", tmp_path / "none"),
                    fails("free", "/usr/bin/env"), fails("off", wanted, confine="off"))
    assert reason_of(daemon, "/wanted/a", 422).endswith(f", confined: add {wanted} to read")
    for name in ("allowed", "absent", "free", "off"):
        assert "confined" not in reason_of(daemon, f"/{name}/a", 422), name


@CONFINED
def test_a_real_program_is_told_what_it_lacks(sluice, tmp_path):
    """It exits with 0 in the middle of a pipe; the phrase is the failure."""
    wanted = tmp_path / "secret"
    wanted.write_text("x")
    daemon = sluice(recipe("cat", str(wanted), "{source}", program="/bin/cat"),
                    recipe("phrase", "-c", f"cat {wanted}; exit 0", program="/bin/sh", stderr_fails=["cannot open", "denied"]))
    for name in ("cat", "phrase"):
        assert reason_of(daemon, f"/{name}/a", 422).endswith(f", confined: add {wanted} to read")


@CONFINED
def test_t_sees_an_argument_that_may_not_be_read(sluice, tmp_path):
    profile = tmp_path / "a.icc"
    profile.write_text("x")
    warning = f"run: confined programs may not read {profile}: add it to read"
    daemon = sluice(recipe("hello", "note", "x"), start=False)
    for arguments, more, seen in [(["note", str(profile)], {}, True), (["note", f"profile={profile}:1"], {}, True),
                                  (["note", str(profile)], {"read": [str(tmp_path)]}, False), (["note", str(profile)], {"confine": "off"}, False),
                                  (["note", "/usr/bin/env"], {}, False), (["note", f"{tmp_path}/none"], {}, False), (["note", "/dev/fd/1"], {}, False)]:
        daemon.configure(recipe("hello", *arguments, "copy", "{source}", **more))
        done = run("-t", "-c", daemon.config)
        assert done.returncode == 0 and (warning in done.stderr) == seen and ("may not read" in done.stderr) == seen, (arguments, done.stderr)


def test_config_dir_in_run(sluice):
    """Also in the middle of an argument, with braces in its name, and as the program's directory."""
    daemon = sluice(recipe("where", "text", "x"), start=False)
    directory = os.path.join(daemon.directory, "con{f}ig")
    os.mkdir(directory)
    daemon.config = os.path.join(directory, "sluice.conf")
    os.symlink(FAKE, os.path.join(directory, "fake"))
    daemon.configure(recipe("where", "text", "in={config_dir}/x,{config_dir}"), recipe("program", "text", "mine", program="{config_dir}/fake"))
    daemon.start()
    assert daemon.get("/where/a").text == f"in={directory}/x,{directory}"
    assert daemon.get("/program/a").text == "mine"
    printed = run("-T", "-c", daemon.config).stdout
    assert "in=" + directory.replace("{f}", "{{f}}") in printed, printed


# A root that hangs

@mounts
def test_health_does_not_hang_with_the_root(sluice):
    """Neither the daemon, nor the command, which reads the configuration that names the root."""
    daemon = sluice(recipe("ok", "copy", "{source}"))
    mount = fuse.Fuse(daemon.root, {"a": b"content"})
    try:
        assert run("health", "-c", daemon.config).returncode == 0
        mount.hold()
        # The second look is told at once of the first one, which still hangs.
        for _ in range(2):
            done = run("health", "-c", daemon.config)
            assert done.returncode != 0 and re.search(rf"root: {daemon.root} has not answered for \d+ seconds", done.stderr), done.stderr
        assert run("status", "-c", daemon.config).returncode == 0
        mount.go()
        wait_until(lambda: run("health", "-c", daemon.config).returncode == 0, 20 * SLOW)
    finally:
        mount.close()


@mounts
def test_a_root_that_hangs_at_the_start(sluice):
    """The check of the configuration ends and says it, though its own call cannot be ended; the daemon starts, is red, and serves the
    sources when they are there. A reload does not wait for them either."""
    daemon = sluice(recipe("ok", "copy", "{source}"), start=False)
    mount = fuse.Fuse(daemon.root, {"a": b"content"})
    try:
        mount.hold(120)
        done = run("-t", "-c", daemon.config)
        assert done.returncode != 0 and re.search(r"sluice\.conf: root: it has not answered for \d seconds\n", done.stderr), done.stderr
        daemon.start(wait=False)
        daemon.log.wait_text(" ready version=", timeout=20 * SLOW)
        assert f"error root: {daemon.root}: it has not answered for" in daemon.log.text()
        done = run("health", "-c", daemon.config)
        assert done.returncode != 0 and f"root: {daemon.root} has not answered for" in done.stderr, done.stderr
        daemon.signal(signal.SIGHUP)
        daemon.log.wait_text("configuration reloaded", timeout=20 * SLOW)
        assert not mount.free.is_set()
        mount.go()
        wait_until(lambda: run("health", "-c", daemon.config).returncode == 0, 20 * SLOW)
        assert daemon.get("/ok/a").text == "content"
        daemon.wait_ready()
    finally:
        mount.close()


@mounts
def test_a_root_that_died_or_was_renamed_is_red(sluice):
    daemon = sluice(recipe("ok", "copy", "{source}"))
    mount = fuse.Fuse(daemon.root, {"a": b"content"})
    try:
        mount.die()
        done = run("health", "-c", daemon.config)
        assert done.returncode != 0 and "ENOTCONN (Transport endpoint is not connected)" in done.stderr, done.stderr
    finally:
        mount.close()
    os.rename(daemon.root, daemon.root + ".away")
    done = run("health", "-c", daemon.config)
    assert done.returncode != 0 and f"root: there is no directory {daemon.root}" in done.stderr, done.stderr
    assert "ENOENT" in reason_of(daemon, "/ok/a", 500)
    os.rename(daemon.root + ".away", daemon.root)
    assert run("health", "-c", daemon.config).returncode == 0


HOOKS = pytest.mark.skipif(not has_hook(b"SLUICE_TEST_STORAGE_MS"), reason="a release build waits for ten seconds")


@contextlib.contextmanager
def hanging(sluice, *recipes, **settings):
    """(daemon, mount): the directory slow/ beneath the root is another file system, and it hangs."""
    daemon = sluice(*recipes, environment={"SLUICE_TEST_STORAGE_MS": "1500"}, **settings)
    os.mkdir(os.path.join(daemon.root, "slow"))
    mount = fuse.Fuse(os.path.join(daemon.root, "slow"), {"a": b"content"})
    try:
        assert daemon.get("/ok/slow/a").text == "content"
        mount.hold()
        yield daemon, mount
    finally:
        mount.close()
        os.rmdir(os.path.join(daemon.root, "slow"))


@mounts
@HOOKS
def test_requests_for_storage_that_hangs_are_answered(sluice):
    """More of them than there are workers, each within a bound; what lies elsewhere is served meanwhile, and all of it afterwards."""
    with hanging(sluice, recipe("ok", "copy", "{source}", slots=1, queue=1), slots=1) as (daemon, mount), contextlib.ExitStack() as stack:
        mark = daemon.log.mark()
        connections = [stack.enter_context(daemon.connect()) for _ in range(120)]
        for connection in connections:
            connection.send(fastcgi.request("/ok/slow/a", HTTP_ACCEPT="image/webp"))
        wait_until(lambda: re.search(r"storage: \d+ requests wait, for \d+ seconds at most, first for /ok/slow/\n",
                                     run("status", "-s", f"unix:{daemon.socket}").stdout), 10)
        answers = [connection.answer() for connection in connections]
        assert {answer.status for answer in answers} == {503} and all(answer.headers["retry-after"] for answer in answers)
        assert daemon.get("/ok/a").text == "source\n"
        reasons = {(line["outcome"], re.sub(r"\d+", "N", line["reason"]))
                   for line in daemon.log.wait_request(mark, 121) if line["url"] == "/ok/slow/a"}
        assert reasons == {("storage-timeout", "storage: /ok/slow/ has not answered for N seconds")}, reasons
        # At once, as the others have waited already.
        assert daemon.get("/ok/slow/b").status == 503
        mount.go()
        wait_until(lambda: daemon.get("/ok/slow/a").text == "content", 20 * SLOW)
        assert "storage:" not in run("status", "-s", f"unix:{daemon.socket}").stdout
    daemon.assert_nothing_left(20)


@mounts
@pytest.mark.parametrize("join", [False, True])
def test_storage_that_hangs_during_a_conversion(sluice, join):
    """The result that is there goes out, without a validator; a time-out is told at its time. The places come back."""
    daemon = sluice(recipe("ok", "copy", "{source}"), recipe("made", "pause", "2000", "write", "10", join=join),
                    recipe("late", "hang", timeout="2s", join=join), slots=4)
    os.mkdir(os.path.join(daemon.root, "slow"))
    mount = fuse.Fuse(os.path.join(daemon.root, "slow"), {"a": b"content"})
    try:
        assert daemon.get("/ok/slow/a").text == "content"
        with daemon.connect() as made, daemon.connect() as late:
            made.send(fastcgi.request("/made/slow/a"))
            late.send(fastcgi.request("/late/slow/a"))
            wait_until(lambda: run("status", "-s", f"unix:{daemon.socket}").stdout.count("converting") == 2, 10 * SLOW)
            mount.hold(60)
            answer = made.answer()
            assert answer.status == 200 and len(answer.body) == 10 and "etag" not in answer.headers, answer
            assert late.answer().status == 504
            assert not mount.free.is_set()
            assert daemon.get("/ok/a").text == "source\n"
        mount.go()
    finally:
        mount.close()
        os.rmdir(os.path.join(daemon.root, "slow"))
    daemon.assert_nothing_left(20)


@mounts
@HOOKS
def test_storage_that_hangs_does_not_keep_the_daemon(sluice):
    with hanging(sluice, recipe("ok", "copy", "{source}")) as (daemon, mount):
        assert daemon.get("/ok/slow/a").status == 503
        daemon.signal(signal.SIGTERM)
        # The kernel lets no process go that waits for an answer of FUSE; everything else has ended.
        daemon.log.wait_text("stopped without waiting", timeout=20)
        mount.go()
        assert daemon.wait(20) == 0, daemon.log.text()[-6000:]
