# SPDX-License-Identifier: MIT
"""What seven web servers really send, recorded here and now: libfcgi and we read the same."""

import http.client
import os
import pathlib
import shutil
import tempfile

import pytest

import webservers
from daemon import SLOW
from test_streams import body_line, same

RECORDER = pathlib.Path(__file__).with_name("recorder.py")
LONG = "x" * 200
REQUESTS = (  # method, URL, body, header fields
    ("GET", "/thumb/picture.jpg?size=120x120&a=%20b", b"", {"X-Short": "y", "X-Long": LONG, "Accept": "image/webp,*/*"}),
    ("HEAD", "/thumb/picture.jpg", b"", {}),
    ("POST", "/thumb/a%20picture.jpg?", b"form=1" * 3000, {"Content-Type": "text/plain"}),
    ("GET", f"/thumb/{LONG}.jpg?" + "q=1&" * 100, b"", {}),
)


class Recording:
    """A web server with a recorder behind it."""

    def __init__(self, kind):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="sluice-recorded-"))
        self.directory.chmod(0o755)
        user = webservers.unprivileged()
        for name in ("socket", "streams"):
            (self.directory / name).mkdir()
            if os.geteuid() == 0:
                os.chown(self.directory / name, user.pw_uid, user.pw_gid)
        shutil.copy(RECORDER, self.directory)
        self.socket = self.directory / "socket" / "socket"
        self.streams = self.directory / "streams"
        argv = ["/usr/bin/python3", "-B", str(self.directory / "recorder.py")]
        self.recorder = None
        if kind.spawns:
            self.server = kind(self.directory, command=" ".join([*argv, "-", str(self.streams)]))
        else:
            self.server = kind(self.directory, responder=self.socket)
            self.recorder = webservers.Process([*argv, str(self.socket), str(self.streams)], self.directory / "recorder.log")

    def __enter__(self):
        try:
            if self.recorder:
                self.recorder.wait_for(self.socket.exists, 10 * SLOW)
            self.server.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.server.stop()
        if self.recorder:
            self.recorder.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def ask(self, connection, method, uri, body, fields):
        """The stream that the server made of it."""
        before = set(self.streams.iterdir())
        connection.request(method, uri, body or None, fields)
        response = connection.getresponse()
        text = response.read()
        assert (response.status, text) == (200, b"" if method == "HEAD" else b"recorded\n"), self.server.log()
        new = set(self.streams.iterdir()) - before
        assert len(new) == 1, new
        return new.pop().read_bytes()


@pytest.mark.parametrize("kind", webservers.SEVEN, ids=lambda kind: kind.name)
def test_recorded(pair, kind):
    if kind.missing():
        pytest.skip(f"{kind.missing()} is not installed")
    with Recording(kind) as recording:
        connection = http.client.HTTPConnection("127.0.0.1", recording.server.port, timeout=30)
        messages = [recording.ask(connection, *request) for request in REQUESTS]
        connection.close()
    for message, (method, uri, body, fields) in zip(messages, REQUESTS):
        seen = same(pair, [message])
        lines, told = seen.requests[0]
        # etc/nginx/sluice.conf keeps bodies to itself.
        assert told == body_line(b"" if kind is webservers.Nginx else body)
        # The printed form has its own percent signs.
        assert f"REQUEST_METHOD={method}" in lines and f"REQUEST_URI={uri.replace('%', '%25')}" in lines, lines
        for name, value in fields.items():
            assert any(line.endswith(f"{name.upper().replace('-', '_')}={value}") for line in lines), (name, lines)
        assert same(pair, [message], range(1, min(len(message), 2500))) == seen
        for cut in range(1, len(message), 97):
            assert same(pair, [message], (cut,)) == seen
