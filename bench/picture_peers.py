# SPDX-License-Identifier: MIT
"""Who makes the pictures that bench/picture.py counts: sluice with sluice-picture, and what it is compared with.

A peer measures one case for some seconds: (pictures a second with CLIENTS clients, CPU milliseconds a
picture of everything that serves, the load generator left out).
"""

import contextlib
import functools
import json
import os
import re
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections import namedtuple

from measure import BUILD, DIRECT, Nginx, configure_as_shipped, tree_cpu_seconds

import processes  # noqa: E402
import shipped  # noqa: E402
from daemon import Daemon, recipe  # noqa: E402
from ports import free_port, listens  # noqa: E402

CLIENTS, QUALITY, LONGEST_S = 2, 82, 30
CAT = "/usr/bin/cat"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1", "VIPS_CONCURRENCY": "1"}
LATENCY_S = {"us": 1e-6, "ms": 1e-3, "s": 1, "m": 60}
IMAGE_FILTER = "/usr/lib/nginx/modules/ngx_http_image_filter_module.so"

# size: WIDTHxHEIGHT that the result fits into; format: jpeg, png, webp
Case = namedtuple("Case", "name file size format")

SHARP = """
import { createServer } from "node:http";
import sharp from "sharp";
sharp.cache(false);
createServer(async (request, response) => {
	try {
		const [, size, format, name] = request.url.split("/");
		const [width, height] = size.split("x").map(Number);
		let picture = sharp(`${process.env.MEDIA}/${name}`).autoOrient().resize(width, height, { fit: "inside" });
		if (format === "jpeg") picture = picture.flatten({ background: "white" });
		const data = await picture.toFormat(format, { quality: QUALITY }).toBuffer();
		response.writeHead(200, { "Content-Type": `image/${format}`, "Content-Length": data.length });
		response.end(data);
	} catch (error) {
		response.writeHead(500).end(String(error));
	}
}).listen(Number(process.env.PORT), "127.0.0.1");
"""
IPX = """
import { createServer } from "node:http";
import { createIPX, createIPXNodeServer, ipxFSStorage } from "ipx";
const ipx = createIPX({ storage: ipxFSStorage({ dir: process.env.MEDIA }) });
createServer(createIPXNodeServer(ipx)).listen(Number(process.env.PORT), "127.0.0.1");
"""
SLUICE_HTTP = """
	upstream sluice {{ server unix:{socket}; keepalive 64; }}
	server {{
		listen PORT;
		location / {{
			fastcgi_pass sluice;
			fastcgi_keep_conn on;
			fastcgi_pass_request_body off;
			fastcgi_buffer_size 16k; fastcgi_buffers 16 64k; fastcgi_busy_buffers_size 128k;
			fastcgi_param REQUEST_METHOD $request_method;
			fastcgi_param REQUEST_URI $request_uri;
		}}
	}}"""


def in_seconds(told):
    return float(told[1]) * LATENCY_S[told[2]]


def load(urls, seconds):
    """CLIENTS clients, divided among the URLs: pictures a second, and for how many seconds. From the mean latency: a picture that is not
    ready in the end counts. wrk itself takes up to 0.1 s longer than its clients."""
    each = CLIENTS // len(urls)
    started = [subprocess.Popen(["wrk", "-t1", f"-c{each}", f"-d{seconds}s", "--timeout", "60s", url], text=True, stdout=subprocess.PIPE,
                                preexec_fn=processes.die_with_parent) for url in urls]
    answers = [client.communicate(timeout=seconds + 90)[0] for client in started]
    means = [re.search(r"Latency\s+([\d.]+)(us|ms|s|m)\b", told) for told in answers]
    lasted = [re.search(r"requests in ([\d.]+)(us|ms|s|m)\b", told) for told in answers]
    if any("Non-2xx" in told or "Socket errors" in told for told in answers) or not all(means + lasted):
        raise RuntimeError(f"{urls}: {answers}")
    if not all(float(mean[1]) for mean in means) and seconds < LONGEST_S:  # not one picture in that time
        return load(urls, 2 * seconds)
    return sum(each / in_seconds(mean) for mean in means), sum(map(in_seconds, lasted)) / len(lasted)


class Http:
    """A peer that answers requests. Subclasses have urls(case) and roots(), the processes whose trees serve."""

    def sample(self, case):
        try:
            with urllib.request.urlopen(self.urls(case)[0], timeout=60) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{error.code} {self.log()}") from None

    def log(self):
        return ""

    def measure(self, case, seconds):
        before = tree_cpu_seconds(self.roots())
        rate, lasted = load(self.urls(case), seconds)
        return rate, (tree_cpu_seconds(self.roots()) - before) * 1e3 / (rate * lasted)


class Commands:
    """A command for each picture, started by CLIENTS loops that have nothing between two of them."""

    def __init__(self, name, media, argv_of, suffix=""):
        self.name, self.media, self.argv_of, self.suffix = name, media, argv_of, suffix

    def can(self, case):
        return case.file.endswith(self.suffix)

    def sample(self, case):
        return subprocess.run(self.argv_of(case, self.media), env=ENVIRONMENT, stdout=subprocess.PIPE, check=True, timeout=60).stdout

    def measure(self, case, seconds):
        rates, cpu, lock = [], [], threading.Lock()

        def client():
            with direct(self.argv_of(case, self.media), str(self.media / case.file)) as run:
                start, used = time.monotonic(), []
                while time.monotonic() < start + seconds:
                    used.append(run()["cpu_ms"])
                with lock:
                    rates.append(len(used) / (time.monotonic() - start))
                    cpu.extend(used)
        threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if len(rates) != CLIENTS:
            raise RuntimeError(f"{self.name}: a command failed for {case.name}")
        return sum(rates), sum(cpu) / len(cpu)

    def stop(self):
        pass


@contextlib.contextmanager
def direct(argv, source):
    """A function that runs the command once: {ms, bytes, cpu_ms, peak_mib}"""
    process = subprocess.Popen([DIRECT, source, *map(str, argv)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
                               env=ENVIRONMENT, preexec_fn=processes.die_with_parent)

    def run():
        process.stdin.write("\n")
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"failed: {argv}")
        us, size, cpu_us, peak_kib = map(int, line.split())
        return {"ms": us / 1e3, "bytes": size, "cpu_ms": cpu_us / 1e3, "peak_mib": peak_kib / 1024}
    try:
        yield run
    finally:
        process.stdin.close()
        process.wait(60)
        process.stdout.close()


def bare_convert(case, media, hint=2):
    """hint: at what times the result's size a JPEG is decoded at least; README's recipe says 2, the shipped file 1."""
    width, height = (hint * int(side) for side in case.size.split("x"))
    flat = ["-background", "white", "-alpha", "remove"] if case.file.endswith(".png") and case.format == "jpeg" else []
    define = ["-define", f"jpeg:size={width}x{height}"] if case.file.endswith(".jpg") else []
    return ["/usr/bin/convert", *define, str(media / case.file), *flat, "-thumbnail", case.size, "-quality",
            "75" if case.format == "png" else str(QUALITY), f"{case.format}:-"]


def bare_vipsthumbnail(case, media):
    options = "strip" if case.format == "png" else f"strip,Q={QUALITY}" + (",background=255" if case.format == "jpeg" else "")
    return ["/usr/bin/vipsthumbnail", str(media / case.file), "--size", case.size, "-o",
            f".{case.format.replace('jpeg', 'jpg')}[{options}]"]


def picture_argv(program, case, path):
    return [program, "--size", case.size, "--quality", str(QUALITY), "--format", case.format, "--source", str(path)]


def own_recipe(program):
    """For a file that ships none. Without a program ImageMagick stands in, to try this program itself."""
    picture = ["--size", "{size}", "--quality", str(QUALITY), "--format", "{format}"]
    stand_in = ["-define", "jpeg:size={size*2}", "{source.format}:fd:{source.fd}[0]", "-thumbnail", "{size}", "-quality", str(QUALITY), "{format}:-"]
    params = {"size": {"type": "size", "max": "2560x2560", "required": True}, "format": {"type": "format", "values": ["jpeg", "png", "webp"]}}
    more = {"stdin": "source", "prime": ["sluice_picture_prime"]} if program else {}
    return recipe("picture", *(picture if program else stand_in), program=program or "/usr/bin/convert", path="/{source}", params=params,
                  sources=["jpeg", "png", "webp"], confine="strict", deterministic=True, memory="2G",
                  nice=0, **more)  # the peers do not give way to other processes either


class Sluice(Http):
    """nginx and the daemon, warm and strict, with the shipped file where it has a recipe for sluice-picture."""

    name = "sluice"

    def __init__(self, directory, media, program):
        self.stack = contextlib.ExitStack()
        self.daemon = Daemon(start=False)
        self.stack.callback(self.daemon.close)
        self.daemon.root = str(media)
        self.configure(program)
        self.daemon.start()
        self.daemon.wait_held()
        held = re.search(rf"is held program={re.escape(program or '/usr/bin/convert')} ", self.daemon.log.text())
        if not held:
            print(f"**The program is not held, it is started cold:**\n{self.daemon.log.text()}")
        self.nginx = Nginx(directory, SLUICE_HTTP.format(socket=self.daemon.socket), workers=2, name=f"nginx-{self.name}".replace(" ", "-"))
        self.stack.callback(self.nginx.stop)

    def configure(self, program):
        if program == program_in() and '"sluice-picture"' in shipped.text():
            configure_as_shipped(self.daemon)
        else:
            self.daemon.configure(own_recipe(program))

    def can(self, case):
        return True

    def urls(self, case):
        return [f"http://127.0.0.1:{self.nginx.port}/{case.file}?size={case.size}&format={case.format}"]

    def roots(self):
        return [self.nginx.process.pid, self.daemon.pid]

    def log(self):
        return self.daemon.log.text().splitlines()[-1]

    def stop(self):
        self.stack.close()


class Gateway(Sluice):
    """The same without any work: cat(1), held and strict, is given the finished picture. No program can be faster behind sluice."""

    name = "cat behind sluice"

    def __init__(self, directory, media, program):
        self.media, self.program, self.finished = media, program, os.path.join(directory, "finished")
        os.mkdir(self.finished)
        super().__init__(directory, self.finished, CAT)

    def configure(self, program):
        self.daemon.configure(recipe("cat", program=program, path="/{source}", sources=["jpeg", "png", "webp"], stdin="source", confine="strict",
                                     type="image/jpeg", nice=0))

    def urls(self, case):
        name = f"{case.file}-{case.size}.{case.format}"
        if not os.path.exists(os.path.join(self.finished, name)):
            with open(os.path.join(self.finished, name), "wb") as file:
                subprocess.run(picture_argv(self.program, case, self.media / case.file), stdout=file, check=True, timeout=60)
        return [f"http://127.0.0.1:{self.nginx.port}/{name}"]


class ImageFilter(Http):
    """nginx image_filter. Two nginx of one worker, one client each, or one of two workers, where both clients may meet one worker."""

    def __init__(self, directory, media, cases, servers):
        self.name = "image_filter, a worker a client" if servers == 2 else "image_filter, 2 workers"
        self.cases = [case for case in cases if case.file.endswith(".jpg") and case.format == "jpeg"]
        places = "".join(
            f"location /{i}/ {{ alias {media}/; image_filter resize {' '.join(case.size.split('x'))}; "
            f"image_filter_jpeg_quality {QUALITY}; image_filter_buffer 64M; }}\n" for i, case in enumerate(self.cases))
        self.nginx = [Nginx(directory, f"server {{ listen PORT reuseport;\n{places} }}", workers=2 // servers, main=f"load_module {IMAGE_FILTER};\n",
                            name=f"nginx-filter-{servers}-{n}") for n in range(servers)]

    def can(self, case):
        return case in self.cases

    def urls(self, case):
        return [f"http://127.0.0.1:{nginx.port}/{self.cases.index(case)}/{case.file}" for nginx in self.nginx]

    def roots(self):
        return [nginx.process.pid for nginx in self.nginx]

    def stop(self):
        for nginx in self.nginx:
            nginx.stop()


class Node(Http):
    """A server in one node process, for the modules in that folder."""

    def __init__(self, name, modules, media, code, url):
        self.name, self.url, self.port = name, url, free_port()
        script = modules / f"{name}.mjs"
        script.write_text(code.replace("QUALITY", str(QUALITY)))
        self.process = subprocess.Popen(["node", str(script)], stdin=subprocess.DEVNULL, cwd=modules, preexec_fn=processes.die_with_parent,
                                        env={**os.environ, "PORT": str(self.port), "MEDIA": str(media)})
        processes.wait_until(lambda: listens(self.port) or self.process.poll() is not None, 30, f"{name} listens")

    def can(self, case):
        return True

    def urls(self, case):
        return [f"http://127.0.0.1:{self.port}/" + self.url.format(case=case, q=QUALITY)]

    def roots(self):
        return [self.process.pid]

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def node_modules(cache):
    """The folder with sharp and ipx, installed if they are not there; None, with a word, where that is not possible."""
    place = cache / "npm"
    place.mkdir(parents=True, exist_ok=True)
    if not shutil.which("node") or not shutil.which("npm"):
        print("sharp, ipx: left out, node or npm is not installed\n")
        return None
    if not (place / "node_modules/ipx").exists() or not (place / "node_modules/sharp").exists():
        try:
            subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(place), "sharp", "ipx"],
                           cwd=place, check=True, stdin=subprocess.DEVNULL, timeout=600)
        except (subprocess.SubprocessError, OSError) as error:
            print(f"sharp, ipx: left out, they cannot be installed: {error}\n")
            return None
    return place


def version(modules, name):
    return json.loads((modules / "node_modules" / name / "package.json").read_text())["version"]


def start_all(stack, directory, cache, media, cases, program):
    """All peers that can be had, sluice first; the stack stops them."""
    def kept(peer):
        stack.callback(peer.stop)
        return peer

    peers = [kept(Sluice(directory, media, program)), Commands("convert", media, bare_convert),
             Commands("convert, hint 1", media, functools.partial(bare_convert, hint=1), ".jpg"),
             Commands("vipsthumbnail", media, bare_vipsthumbnail)]
    modules = node_modules(cache)
    if modules:
        print(f"sharp {version(modules, 'sharp')}, ipx {version(modules, 'ipx')}\n")
        peers.append(kept(Node("sharp", modules, media, SHARP, "{case.size}/{case.format}/{case.file}")))
        peers.append(kept(Node("ipx", modules, media, IPX, "f_{case.format},q_{q},s_{case.size},fit_inside/{case.file}")))
    if program:
        peers.append(kept(Gateway(directory, media, program)))
    if os.path.exists(IMAGE_FILTER):
        peers += [kept(ImageFilter(directory, media, cases, servers)) for servers in (2, 1)]
    else:
        print("image_filter: left out, libnginx-mod-http-image-filter is not installed\n")
    return peers


def program_in(build=BUILD):
    """sluice-picture of that build, or None."""
    path = build / "sluice-picture"
    return str(path) if path.exists() else None

