# SPDX-License-Identifier: MIT
"""doc/migrate.md: its recipes work, its blocks of nginx answer the old URLs, and what its tables give as new URLs is accepted by the
shipped recipe."""

import http.client
import http.server
import io
import os
import re
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest
from PIL import Image

import media
import shipped
import webservers
from daemon import SLUICE

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENT = (REPOSITORY / "doc/migrate.md").read_text()
RECIPES = re.findall(r"(?ms)^```\n(recipe .*?)^```$", DOCUMENT)
BLOCKS = re.findall(r"(?ms)^```nginx\n(.*?)^```$", DOCUMENT)
QUERIES = sorted(set(re.findall(r"`(?:/photo\.jpg\?size=[\dx]+)?[?&]((?!area)[a-z]+=[^`|]+)`", DOCUMENT)))


class View(http.server.BaseHTTPRequestHandler):
    """The application, which decides that the picture may be seen."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("X-Accel-Redirect", "/media/" + self.path.removeprefix("/app/"))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Nginx(webservers.Nginx):
    name = "nginx-migrate"

    def configure(self):
        here = self.directory
        upstream = self.snippet("nginx/upstream.conf", [self.socket_change()])
        temp = "\n".join(f"{kind}_temp_path {here}/tmp/{kind};" for kind in ("client_body", "fastcgi", "proxy", "scgi", "uwsgi"))
        conf = self.write("main.conf", f"""pid {here}/pid; error_log {here}/error.log; events {{ }}
http {{
access_log off; {temp} include {upstream};
server {{
listen 127.0.0.1:{self.port}; merge_slashes off;
location /app/ {{ proxy_pass http://127.0.0.1:{self.view}; }}
{"".join(BLOCKS)}
}} }}
""")
        return ["nginx", "-e", f"{here}/error.log", "-p", str(here), "-c", str(conf), "-g", "daemon off;"]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    directory = tmp_path_factory.mktemp("media")
    media.scene(directory / "landscape.jpg")
    return directory


def configure(daemon, root):
    """The recipes of the page, and behind them the shipped ones."""
    shipped.put_beside(daemon.directory, lambda text: shipped.patient(text).replace("recipe thumbnail {", "recipe shipped {"))
    ours = re.sub(r"(?m)^(listen|root|user) *=.*$", "", shipped.CONFIG.read_text())
    daemon.configure(shipped.patient("\n".join([*RECIPES, ours])), root=str(root), socket_mode="0666")


@pytest.fixture(scope="module")
def site(root, module_sluice):
    if missing := Nginx.missing():
        pytest.skip(f"not installed: {missing}")
    daemon = module_sluice(start=False)
    configure(daemon, root)
    os.chmod(daemon.directory, 0o755)
    daemon.start()
    view = http.server.ThreadingHTTPServer(("127.0.0.1", 0), View)
    threading.Thread(target=view.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="sluice-migrate-") as directory:
        os.chmod(directory, 0o755)
        nginx = Nginx(directory, daemon.socket)
        nginx.view = view.server_port
        with nginx:
            yield nginx
    view.shutdown()
    view.server_close()


def get(site, path):
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=300)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def test_there_is_something_to_test():
    assert len(RECIPES) == 2 and len(BLOCKS) == 4 and len(QUERIES) >= 12


@pytest.mark.parametrize("path, kind, size", [
    ("/resize/300x200/landscape.jpg", "JPEG", (267, 200)),
    ("/insecure/rs:fit:300:200/plain/local:///landscape.jpg", "JPEG", (267, 200)),
    ("/insecure/rs:fit:300:200/plain/local:///landscape.jpg@webp", "WEBP", (267, 200)),
    ("/unsafe/300x200/landscape.jpg", "JPEG", (300, 200)),
    ("/unsafe/fit-in/300x200/landscape.jpg", "JPEG", (267, 200)),
    ("/app/landscape.jpg?size=120x90", "JPEG", (120, 90)),
])
def test_old_url(site, path, kind, size):
    status, body = get(site, path)
    assert status == 200, body
    image = Image.open(io.BytesIO(body))
    assert (image.format, image.size) == (kind, size)


def test_only_the_application_leads_to_the_picture(site):
    assert get(site, "/media/landscape.jpg?size=120x90")[0] == 404


def test_script(site, root, module_sluice):
    (root / "lines.txt").write_text("one\ntwo\nthree\n")
    answer = module_sluice.daemons[0].get("/old/lines.txt?lines=2")
    assert (answer.status, answer.body) == (200, b"one\ntwo\n")


@pytest.mark.parametrize("query", QUERIES)
def test_new_url(root, sluice, query):
    daemon = sluice(start=False)
    configure(daemon, root)
    size = "" if query.startswith("size=") else "size=300x200&"
    done = subprocess.run([SLUICE, "explain", "-c", daemon.config, f"/landscape.jpg?{size}{query}"], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 0, done.stderr
