#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A view of a web application that starts its converter with `subprocess`, against the same converter behind sluice.

    bench/view.py [ROUNDS]

BUILD=… names another build directory. Needs nginx, imagemagick and gunicorn (Debian's package).

The application is plain WSGI, as Django is at its end; gunicorn runs it with 2 n + 1 workers for n processors, as its manual
says. doc/migrate.md shows the same view and the same recipe. Printed are

- a thumbnail, one at a time: median and 99 %;
- a page of the application that converts nothing, alone and while 16 clients want slow conversions;
- 16 clients who leave after 0.3 s: the CPU time that is then burnt for none of them;
- the memory of the workers, or of the daemon, while a client reads an answer of 256 MiB slowly.
"""

import contextlib
import http.client
import math
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from measure import MIB, Nginx, Timer, median, quantile, table, tree

import processes  # noqa: E402
from daemon import FAKE, Daemon, recipe  # noqa: E402
from ports import free_port, listens  # noqa: E402

CLIENTS, PATIENCE_S, WATCH_S, SPIN_S, LARGE = 16, 0.3, 30, 1, 256
CONVERT = ["-define", "jpeg:size=600x400", "jpeg:fd:{source.fd}[0]", "-auto-orient", "-thumbnail", "300x200", "jpeg:-"]
APPLICATION = '''
import subprocess
from urllib.parse import parse_qs

COMMANDS = {{
    "/thumb": ["/usr/bin/convert", "-define", "jpeg:size=600x400", {source!r} + "[0]", "-auto-orient", "-thumbnail", "300x200", "jpeg:-"],
    "/slow": [{fake!r}, "burn", "{spin}", "text", "slow"],
    "/large": ["/usr/bin/head", "-c", "{large}", "/dev/zero"],
}}


def application(environ, start_response):
    if environ["PATH_INFO"] == "/page":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"a page of the application"]
    done = subprocess.run(COMMANDS[environ["PATH_INFO"]], capture_output=True, timeout=60)
    if done.returncode != 0:
        start_response("500 Internal Server Error", [])
        return [b"failed"]
    start_response("200 OK", [("Content-Type", "image/jpeg"), ("Content-Length", str(len(done.stdout)))])
    return [done.stdout]
'''
HTTP = """
	upstream app {{ server 127.0.0.1:{app}; }}
	upstream sluice {{ server unix:{sluice}; keepalive 64; }}
	server {{
		listen PORT backlog=1024;
		location / {{ proxy_pass http://app; proxy_buffering off; proxy_read_timeout 120s; }}
		location /media/ {{
			fastcgi_pass sluice;
			fastcgi_keep_conn on;
			fastcgi_buffering off;
			fastcgi_read_timeout 120s;
			fastcgi_param REQUEST_METHOD $request_method;
			fastcgi_param REQUEST_URI $request_uri;
		}}
	}}"""


def get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    with Timer() as timer:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    connection.close()
    assert answer.status == 200 and body, (path, answer.status, body[:200])
    return timer.ms


def send(port, path):
    client = socket.create_connection(("127.0.0.1", port), WATCH_S)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    client.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
    return client


class Application:
    def __init__(self, directory, source):
        self.port = free_port()
        with open(os.path.join(directory, "application.py"), "w") as file:
            file.write(APPLICATION.format(source=source, fake=FAKE, spin=SPIN_S * 1000, large=LARGE * MIB))
        self.process = subprocess.Popen(
            ["/usr/bin/gunicorn", "--workers", str(2 * os.cpu_count() + 1), "--bind", f"127.0.0.1:{self.port}", "--timeout", "120",
             "--log-level", "error", "--chdir", directory, "application"], preexec_fn=processes.die_with_parent, start_new_session=True)
        processes.wait_until(lambda: listens(self.port), 20, "gunicorn answers")

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(20)


def spinning(root):
    """CPU seconds of each slow program below root."""
    found = {}
    for pid in tree(root):
        fields = processes.stat_fields(pid) if b"slow" in processes.command(pid) else None
        if fields:
            found[pid] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found


def hang_up(port, path, root):
    """CPU seconds that are burnt after all clients have left, and seconds until nothing of it runs."""
    clients = [send(port, path) for _ in range(CLIENTS)]
    time.sleep(PATIENCE_S)
    before, start = spinning(root), time.monotonic()
    for client in clients:
        client.close()
    seen, quiet = dict(before), None
    while (now := time.monotonic()) < start + WATCH_S and (quiet is None or now < quiet + 0.5):
        running = spinning(root)
        seen.update(running)
        quiet = None if running else quiet or now
        time.sleep(0.01)
    return sum(seen.values()) - sum(before.values()), quiet - start if quiet else math.inf


def page_beside(port, path):
    """Milliseconds of pages of the application while CLIENTS want slow conversions."""
    clients = [threading.Thread(target=get, args=(port, path)) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    time.sleep(PATIENCE_S)
    times = [get(port, "/page") for _ in range(10)]
    for client in clients:
        client.join()
    return times


def memory(port, path, pids):
    """MiB that the processes hold together while the first bytes of a large answer are read and the rest waits."""
    with send(port, path) as client:
        client.recv(65536)
        time.sleep(1)
        return sum(processes.memory_kib(pid) for pid in pids) / 1024


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as where, contextlib.ExitStack() as stack:
        slow = recipe("slow", "burn", str(SPIN_S * 1000), "text", "slow", queue_timeout="60s", timeout="60s", type="text/plain")
        daemon = Daemon(recipe("thumb", *CONVERT, program="/usr/bin/convert", type="image/jpeg"), slow,
                        recipe("large", "-c", str(LARGE * MIB), "/dev/zero", program="/usr/bin/head", response="live", read=["/dev/zero"],
                               type="image/jpeg"), prefix="/media")
        stack.callback(daemon.close)
        source = os.path.join(daemon.root, "photo.jpg")
        subprocess.run(["/usr/bin/convert", "-seed", "1", "-size", "1600x1200", "plasma:", "-quality", "88", source], check=True, timeout=60)
        application = Application(where, source)
        stack.callback(application.stop)
        nginx = Nginx(where, HTTP.format(app=application.port, sluice=daemon.socket))
        stack.callback(nginx.stop)
        ways = {"the view": ("/{}", application.process.pid), "sluice": ("/media/{}/photo.jpg", daemon.pid)}
        times = {way: [] for way in ways}
        for _ in range(rounds):
            for way, (path, _) in ways.items():
                times[way].append(get(nginx.port, path.format("thumb")))
        idle = [get(nginx.port, "/page") for _ in range(20)]
        rows = []
        for way, (path, root) in ways.items():
            beside = page_beside(nginx.port, path.format("slow"))
            burnt, gone = hang_up(nginx.port, path.format("slow"), root)
            held = memory(nginx.port, path.format("large"), tree(root) if way == "the view" else [root])
            rows.append((way, f"{median(times[way]):.1f}", f"{quantile(times[way], 0.99):.1f}", f"{median(idle):.1f}",
                         f"{max(beside):.1f}", f"{burnt:.2f}", f"{gone:.2f}", f"{held:.1f}"))
        table(("", "thumbnail ms", "99 %", "page ms", "longest page, 16 slow ones beside", "CPU s for clients who left", "until none runs s",
               f"MiB while {LARGE} MiB are sent"), rows)


if __name__ == "__main__":
    main()
