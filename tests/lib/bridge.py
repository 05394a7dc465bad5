# SPDX-License-Identifier: MIT
"""HTTP on one side, FastCGI on the other: a web server of the test's own, for a browser that has to see a page."""

import http.server
import threading

import fastcgi


class Bridge:
    """Serves what the daemon at `address` answers on http://127.0.0.1:port. `fields`: header fields that it adds."""

    def __init__(self, address, fields=()):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                answer = fastcgi.get(address, self.path, HTTP_ACCEPT=self.headers.get("Accept", ""))
                bridge.paths.append(self.path)
                self.send_response(answer.status)
                for name, value in answer.fields:
                    if name.lower() != "status":
                        self.send_header(name, value)
                for name, value in fields:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(bytes(answer.body))

            def log_message(self, *_):
                pass

        bridge = self
        self.paths = []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
