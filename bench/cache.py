#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Hits a second of nginx serving the file itself, of nginx with X-Accel-Redirect from sluice, and of
sluice sending the file.

    bench/cache.py [SECONDS [ROUNDS]]

BUILD=… names another build directory, made with -DSLUICE_BENCH=ON. Needs nginx and wrk.

All go through the same nginx (a worker for each processor, as Debian ships it, and with
open_file_cache), in turns, for seven sizes. Prints medians, and the ratio to nginx alone in the same
run. The ratio has to be 0.7 with X-Accel-Redirect and 0.4 without. "ready" is bench-ready instead of
sluice: it sends the same X-Accel-Redirect without looking at the request, so it shows the best that
nginx can do with any responder.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

from measure import BUILD, Nginx, median, table

import processes  # noqa: E402
from daemon import Daemon, recipe  # noqa: E402

SIZES = (10_000, 30_000, 60_000, 100_000, 300_000, 1_000_000, 3_000_000)
CONNECTIONS = 32
ACCEL_BAR, SEND_BAR = 0.7, 0.4
HTTP = """
	sendfile on; tcp_nopush on;
	open_file_cache max=1000 inactive=60s;
	upstream ours {{ server unix:{ours}; keepalive 64; }}
	upstream accel {{ server unix:{accel}; keepalive 64; }}
	upstream ready {{ server unix:{ready}; keepalive 64; }}
	server {{
		listen PORT;
		fastcgi_keep_conn on;
		fastcgi_pass_request_body off;
		fastcgi_buffer_size 16k; fastcgi_buffers 16 64k; fastcgi_busy_buffers_size 128k;
		fastcgi_param REQUEST_METHOD $request_method;
		fastcgi_param REQUEST_URI $request_uri;
		location /static/ {{ alias {files}/; }}
		location /r/ {{ fastcgi_pass ours; }}
		location /a/ {{ fastcgi_pass accel; }}
		location /ready/ {{ fastcgi_pass ready; }}
		location /store/ {{ internal; alias {store}/; etag off; add_header ETag $upstream_http_etag; }}
	}}"""


def rate(url, seconds):
    told = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", url], capture_output=True, text=True, check=True,
                          timeout=seconds + 30).stdout
    assert "Non-2xx" not in told and "Socket errors" not in told, told
    return float(re.search(r"Requests/sec:\s+([\d.]+)", told)[1])


class Ready:
    """bench-ready on a socket, with that X-Accel-Redirect."""

    def __init__(self, path, place):
        self.process = subprocess.Popen([str(BUILD / "bench/bench-ready"), path, place], preexec_fn=processes.die_with_parent)
        processes.wait_until(lambda: os.path.exists(path), 5)

    def stop(self):
        self.process.kill()
        self.process.wait(10)


def measure(size, nginx, daemons, directory, seconds, rounds):
    """The medians of one size, by server."""
    urls = {"nginx": f"/static/{size}", "accel": f"/a/a?n={size}", "ready": "/ready/", "sluice": f"/r/a?n={size}"}
    body = daemons[0].get(urls["sluice"]).body
    daemons[1].get(urls["accel"])
    with open(os.path.join(directory, "files", str(size)), "wb") as file:
        file.write(body)
    shutil.copy(os.path.join(directory, "files", str(size)), os.path.join(directory, "store", str(size)))
    ready = Ready(os.path.join(directory, "ready.sock"), f"/store/{size}")
    try:
        found = {name: [] for name in urls}
        for _ in range(rounds):
            for name, url in urls.items():
                found[name].append(rate(f"http://127.0.0.1:{nginx.port}{url}", seconds))
        return {name: median(values) for name, values in found.items()}
    finally:
        ready.stop()
        os.unlink(os.path.join(directory, "ready.sock"))


def tell(medians):
    def ratio(size, name, other="nginx"):
        return medians[size][name] / medians[size][other]

    rows = [[size, *(f"{m[name]:.0f}" for name in ("nginx", "accel", "ready", "sluice")), f"{ratio(size, 'accel'):.2f}",
             f"{ratio(size, 'ready'):.2f}", f"{ratio(size, 'accel', 'ready'):.2f}", f"{ratio(size, 'sluice'):.2f}"]
            for size, m in medians.items()]
    table(["bytes", "nginx alone", "X-Accel-Redirect", "ready", "sluice sends", "X-Accel / nginx", "ready / nginx", "X-Accel / ready",
           "sends / nginx"], rows)
    for text, name, bar in (("X-Accel-Redirect", "accel", ACCEL_BAR), ("sluice sends", "sluice", SEND_BAR)):
        print(f"bar: {text}, at least {bar} of nginx alone:",
              *(f"{size}: {'reached' if ratio(size, name) >= bar else 'MISSED'}" for size in medians))


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    directory = tempfile.mkdtemp(prefix="sluice-bench-")
    daemons = []
    try:
        os.chmod(directory, 0o755)
        store, files = os.path.join(directory, "store"), os.path.join(directory, "files")
        os.mkdir(store)
        os.mkdir(files)
        section = f'cache {{\n    path = "{store}"\n    size = 1G\n    SEND\n}}'
        for path, send in (("/r", ""), ("/a", 'send = "x-accel-redirect:/store"')):
            write = recipe("write", "write", "{n}", path=path + "/{source}", params={"n": {"type": "integer"}})
            daemons.append(Daemon(section.replace("SEND", send), write, socket_mode="0666"))
            os.chmod(daemons[-1].directory, 0o755)
            os.chmod(daemons[-1].socket, 0o666)
        http = HTTP.format(ours=daemons[0].socket, accel=daemons[1].socket, ready=f"{directory}/ready.sock", store=store, files=files)
        nginx = Nginx(directory, http, workers=len(os.sched_getaffinity(0)))
        try:
            tell({size: measure(size, nginx, daemons, directory, seconds, rounds) for size in SIZES})
        finally:
            nginx.stop()
    finally:
        for daemon in daemons:
            daemon.close()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
