# SPDX-License-Identifier: MIT
"""Removing results: what an operator names goes, however a client has spelled its URL."""

import hashlib
import os
import struct
import subprocess

import pytest

from daemon import SLUICE, recipe

pytestmark = pytest.mark.usefixtures("nothing_left")

PARAMS = {"n": {"type": "integer", "default": 1}, "s": {"type": "size"}, "t": {"type": "text", "allow": "*&=+/"},
          "c": {"type": "choice", "values": ["one=x", "two=x", "three=y"]}, "f": {"type": "flag", "default": "1"}}


@pytest.fixture
def kept(sluice, tmp_path):
    store = tmp_path / "store"
    store.mkdir()
    return sluice(f'cache {{\n    path = "{store}"\n    size = 10M\n}}', recipe("r", "text", "{n}{s}{t}{c}{f}", params=PARAMS),
                  recipe("in-path", "text", "x", path="/p/{s}/{source}", params={"s": {"type": "size"}}),
                  recipe("negotiated", "text", "x", params={"format": {"type": "format", "values": ["webp", "jpeg"]}}),
                  ignore=["utm_*"])


def cache(daemon, *words):
    return subprocess.run([SLUICE, "cache", "-c", daemon.config, *words], capture_output=True, text=True, timeout=60, check=False)


def listed(daemon):
    done = cache(daemon, "ls")
    assert done.returncode == 0, done
    return sorted(line.split()[3] for line in done.stdout.splitlines())


def keep(daemon, *uris):
    for uri in uris:
        answer = daemon.get(uri)
        assert answer.status == 200, (uri, answer)


@pytest.mark.parametrize("asked, canonical", [
    ("/r/%73ecret.txt", "/r/secret.txt"),
    ("/r/secret.txt?", "/r/secret.txt"),
    ("/r/secret.txt?&n=1&utm_x=1", "/r/secret.txt"),
    ("/r/secret.txt?s=%3300&n=%32", "/r/secret.txt?n=2&s=300x"),
    ("/r/secret.txt?c=two", "/r/secret.txt?c=one"),
    ("/r/secret.txt?f=no", "/r/secret.txt?f=0"),
    ("/r/secret.txt?t=a+b%26%3d", "/r/secret.txt?t=a%20b%26%3D"),
    ("/p/%3300/secret.txt", "/p/300x/secret.txt"),
    ("/negotiated/secret.txt", "/negotiated/secret.txt?format=jpeg"),
    ("http://x/r/secret.txt", "/r/secret.txt"),
])
def test_one_spelling(kept, asked, canonical):
    kept.file("secret.txt", b"x")
    keep(kept, asked)
    assert listed(kept) == [canonical]
    keep(kept, canonical)
    assert listed(kept) == [canonical]
    assert cache(kept, "purge", canonical.replace("?", "\\?")).stdout == "1 removed\n"


def test_a_client_cannot_arrange_a_miss(kept):
    kept.file("secret.txt", b"x")
    keep(kept, "/r/%73ecret.txt", "/r/secre%74.txt?n=2&utm_source=x", "/p/300x/%73%65cret.txt", "/r/a")
    done = cache(kept, "purge", "/r/secret.txt*")
    assert done.returncode == 0 and done.stdout == "2 removed\n"
    done = cache(kept, "purge", "--source", "/secret.txt")
    assert done.returncode == 0 and done.stdout == "1 removed\n" and listed(kept) == ["/r/a"]


def test_a_pattern_may_have_escapes(kept):
    kept.file("ä b+[1].txt", b"x")
    uri = "/r/%C3%A4%20b+%5B1%5D.txt"
    for pattern in (uri, "/r/%c3%a4%20b%2b%5b1%5D.txt", "/r/ä b+\\[1\\].txt", "/r/ä*", "*.t[a-z]t"):
        keep(kept, uri)
        assert listed(kept) == [uri]
        assert cache(kept, "purge", pattern).stdout == "1 removed\n", pattern


def test_every_variant_of_a_source(kept):
    kept.file("photos/1.jpg", b"x")
    kept.file("photos/11.jpg", b"xx")
    keep(kept, *(f"/r/photos/1.jpg?n={n}" for n in range(5)), "/p/3x3/photos/%31.jpg", "/r/photos/11.jpg", "/negotiated/photos/1.jpg")
    for name in ("/photos/1.jp", "/photos/", "/", "1.jpg", "/r/photos/1.jpg", "/photos/*"):
        done = cache(kept, "purge", "--source", name)
        assert (done.returncode, done.stdout) == (1, "0 removed\n") and "nothing is removed" in done.stderr, name
    assert cache(kept, "purge", "--source", "/photos/1.jpg").stdout == "7 removed\n"
    assert listed(kept) == ["/r/photos/11.jpg"]
    assert cache(kept, "purge", "--source", "photos//./11.jpg").stdout == "1 removed\n"


@pytest.mark.parametrize("gone", [False, True])
@pytest.mark.parametrize("asked, purged", [("link", "/secret"), ("secret", "/link"), ("folder/secret", "/secret"), ("other", "/secret")])
def test_names_that_lead_to_one_file(kept, asked, purged, gone):
    """A link is a name that a client may choose, too."""
    path = kept.file("secret", b"x")
    os.symlink("secret", os.path.join(kept.root, "link"))
    os.symlink(".", os.path.join(kept.root, "folder"))
    os.link(path, os.path.join(kept.root, "other"))
    keep(kept, f"/r/{asked}", "/r/a")
    if gone:
        os.unlink(path)
    done = cache(kept, "purge", "--source", purged)
    if not (gone and (asked == "other" or purged == "/link")):  # nothing tells any more that these were one file
        assert done.stdout == "1 removed\n", done
        assert listed(kept) == ["/r/a"]


def test_a_removed_source_is_purged(kept):
    path = kept.file("secret", b"x")
    keep(kept, "/r/secret", "/r/secret?n=2")
    os.unlink(path)
    assert cache(kept, "purge", "--source", "/secret").stdout == "2 removed\n"


def test_nothing_to_remove(kept):
    done = cache(kept, "purge", "/r/nothing*")
    assert done.returncode == 1 and done.stdout == "0 removed\n" and "nothing is removed" in done.stderr


def of_the_version_before(path, uri):
    """What an entry said of itself: the URL as the first client had spelled it, and no source."""
    value = os.getxattr(path, "user.sluice")
    key, rest = value[28:48], value[48:76]
    name_length, length = struct.unpack("<HH", value[76:80])
    body = key + rest + struct.pack("<HH", name_length, len(uri)) + value[80:80 + name_length] + uri
    os.setxattr(path, "user.sluice", value[:8] + hashlib.sha256(body).digest()[:20] + body)
    os.removexattr(path, "user.sluice.source")


@pytest.mark.parametrize("words", [("--source", "/secret.txt"), ("/r/secret.txt*",)])
def test_entries_of_the_version_before(kept, words, tmp_path):
    kept.file("secret.txt", b"x")
    keep(kept, "/r/secret.txt", "/r/a")
    for path in (tmp_path / "store").glob("*/*/*"):
        uri = b"/r/%73ecret.txt" if b"secret" in os.getxattr(path, "user.sluice") else b"/r/%61"
        of_the_version_before(path, uri)
    assert listed(kept) == ["/r/%61", "/r/%73ecret.txt"]
    assert cache(kept, "verify").returncode == 0
    mark = kept.log.mark()
    keep(kept, "/r/secret.txt")
    assert kept.log.wait_request(mark)[0]["cache"] == "hit"
    assert cache(kept, "purge", *words).stdout == "1 removed\n"
    assert listed(kept) == ["/r/%61"]


@pytest.mark.parametrize("words", [("purge", "--source"), ("purge", "x", "--source", "y"), ("ls", "--source", "y"),
                                   ("warm", "/r/a", "--source", "y")])
def test_not_understood(kept, words):
    assert cache(kept, *words).returncode == 2
