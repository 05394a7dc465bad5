#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Hits a second: nginx serving the file itself, nginx sending what sluice names (X-Accel-Redirect), and sluice sending it.

    bench/cache.py [SECONDS]          (BUILD=… for another build directory; needs nginx and wrk)

All three through the same nginx in turns, three rounds, for five sizes; medians, and the ratio to nginx alone in the same run. The bars
of doc/performance.md: 0.7 with X-Accel-Redirect, 0.4 without.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

from measure import Nginx, median, table

from daemon import Daemon, recipe  # noqa: E402

SIZES = (10_000, 30_000, 60_000, 100_000, 1_000_000)
ROUNDS, CONNECTIONS = 3, 32
HTTP = """
	sendfile on; tcp_nopush on;
	open_file_cache max=1000 inactive=60s;
	upstream ours {{ server unix:{ours}; keepalive 64; }}
	upstream accel {{ server unix:{accel}; keepalive 64; }}
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
		location /store/ {{ internal; alias {store}/; etag off; add_header ETag $upstream_http_etag; }}
	}}"""


def rate(url, seconds):
    told = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", url], capture_output=True, text=True, check=True,
                          timeout=seconds + 30).stdout
    assert "Non-2xx" not in told and "Socket errors" not in told, told
    return float(re.search(r"Requests/sec:\s+([\d.]+)", told)[1])


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
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
        nginx = Nginx(directory, HTTP.format(ours=daemons[0].socket, accel=daemons[1].socket, store=store, files=files))
        try:
            rows = []
            for size in SIZES:
                urls = {"nginx": f"/static/{size}", "accel": f"/a/a?n={size}", "sluice": f"/r/a?n={size}"}
                body = daemons[0].get(urls["sluice"]).body
                daemons[1].get(urls["accel"])
                with open(os.path.join(files, str(size)), "wb") as file:
                    file.write(body)
                found = {name: [] for name in urls}
                for _ in range(ROUNDS):
                    for name, url in urls.items():
                        found[name].append(rate(f"http://127.0.0.1:{nginx.port}{url}", seconds))
                medians = {name: median(values) for name, values in found.items()}
                rows.append([size, *(f"{medians[name]:.0f}" for name in urls),
                             *(f"{medians[name] / medians['nginx']:.2f}" for name in ("accel", "sluice"))])
            table(["bytes", "nginx alone", "X-Accel-Redirect", "sluice sends", "ratio", "ratio"], rows)
        finally:
            nginx.stop()
    finally:
        for daemon in daemons:
            daemon.close()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
