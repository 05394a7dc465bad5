# SPDX-License-Identifier: MIT
"""libfcgi's own client, cgi-fcgi of libfcgi-bin, asks the daemon: its environment is the request, its standard input the body."""

import os
import subprocess

import pytest

import fastcgi
import pattern
from daemon import Daemon, recipe

LARGE = 3_000_000


@pytest.fixture(scope="module")
def daemon():
    one = Daemon(recipe("text", "text", "as it is"), recipe("large", "write", str(LARGE)), recipe("fails", "exit", "3"),
                 recipe("live", "write", str(LARGE), response="live"))
    yield one
    try:
        one.assert_nothing_left()
        one.stop()
    finally:
        one.close()


def ask(daemon, uri, method="GET", body=b"", **more):
    """The answer, as a CGI program's."""
    environment = {"PATH": "/usr/bin:/bin", **fastcgi.cgi(uri, method, **more)}
    if body:
        environment["CONTENT_LENGTH"] = str(len(body))
    done = subprocess.run(["cgi-fcgi", "-bind", "-connect", daemon.socket], input=body, env=environment, capture_output=True,
                          timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b""), (done.returncode, done.stderr)
    answer = fastcgi.Answer()
    answer.take(done.stdout)
    return answer


@pytest.mark.parametrize("uri", ["/text/a", "/fails/a", "/text/missing", "/nothing"])
def test_get(daemon, uri):
    """The same fields and bytes as by our own client."""
    answer, direct = ask(daemon, uri), daemon.get(uri)
    assert (answer.status, [name for name, _ in answer.fields]) == (direct.status, [name for name, _ in direct.fields])
    if direct.status == 200:
        assert answer.raw() == direct.raw()


def test_head(daemon):
    answer = ask(daemon, "/text/a", "HEAD")
    assert (answer.status, answer.length, answer.headers["content-length"]) == (200, 0, "8")


def test_method(daemon):
    assert ask(daemon, "/text/a", "POST", b"form").status == 405


@pytest.mark.parametrize("uri", ["/large/a", "/live/a"])
def test_large_answer(daemon, uri):
    answer = ask(daemon, uri)
    check = pattern.Checker()
    check(bytes(answer.body))
    assert (answer.status, check.length, check.wrong_at) == (200, LARGE, None)


@pytest.mark.parametrize("length", [1, 8192, 1_000_000])
def test_body(daemon, length):
    """A GET with a body: read to its end, and of no meaning."""
    answer = ask(daemon, "/text/a", body=os.urandom(length))
    assert (answer.status, answer.text) == (200, "as it is")


def test_conditional(daemon):
    etag = ask(daemon, "/text/a").headers["etag"]
    answer = ask(daemon, "/text/a", HTTP_IF_NONE_MATCH=etag)
    assert (answer.status, answer.length) == (304, 0)
