#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""For quickstart's page: what `sluice explain` prints about a URL, over HTTP.

    explain_service.py SOCKET SLUICE CONFIGURATION

Answers GET …?url=URL on a Unix socket, for the web server beside it on the same machine. explain runs no converter. The answers tell
the configuration, so this is for a demonstration only. At most four run at a time.
"""

import http.server
import os
import socketserver
import subprocess
import sys
import threading
import urllib.parse

URL_MAX = 2000
TIMEOUT_S = 10


class Handler(http.server.BaseHTTPRequestHandler):
    timeout = TIMEOUT_S

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        url = query.get("url", [""])[0]
        if not url.startswith("/") or len(url) > URL_MAX or "\0" in url:
            self.answer(400, "url: a path that begins with / is wanted")
            return
        accept = "".join(c for c in self.headers.get("Accept", "") if " " <= c <= "~")[:URL_MAX]
        try:
            with self.server.places:
                done = subprocess.run([*self.server.command, "-H", f"Accept: {accept or '*/*'}", url], stdin=subprocess.DEVNULL,
                                      capture_output=True, timeout=TIMEOUT_S, check=False)
            self.answer(200, (done.stdout or done.stderr).decode(errors="replace"))
        except (OSError, subprocess.SubprocessError):
            self.answer(500, "explain did not run")

    def answer(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def __init__(self, path, command):
        super().__init__(path, Handler)
        os.chmod(path, 0o666)
        self.command, self.places = command, threading.BoundedSemaphore(4)


if __name__ == "__main__":
    Server(sys.argv[1], [sys.argv[2], "explain", "-c", sys.argv[3]]).serve_forever()
