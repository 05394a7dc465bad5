# SPDX-License-Identifier: MIT
"""Films that were made by a recipe and are kept: curl goes on where it was cut off, and Chromium goes to any place and shows what is
there. The film tells its second by the colour of its upper left quarter.

The shipped recipe `watch` makes a fragmented MP4, which can be played while it is made, and therefore has no index in front: Chromium reads
all of one that it can seek in before it shows the first picture. A recipe that answers with a whole film can put an index there, and
the browser then loads what it shows.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import urllib.parse

import pytest

import processes
import webservers
from daemon import SLOW, recipe
from processes import wait_until
from websites import CachingSite

SECONDS, RATE, WIDTH, HEIGHT = 40, 10, 320, 180
WATCH, INDEXED = "/watch/film.mp4?height=180", "/indexed/film.mp4"
TIMES = [33.35, 12.35, 38.35, 0.35, 25.35]
TIMEOUT = 90 * SLOW
CHROMIUM = shutil.which("chromium")
PAGE = """<!doctype html><canvas id=c width=@WIDTH@ height=@HEIGHT@></canvas><script>
const wanted = @TIMES@, told = {steps: []};
const event = (target, name) => new Promise(done => target.addEventListener(name, done, {once: true}));
async function run() {
	const video = document.createElement("video"), draw = c.getContext("2d");
	told.plays = video.canPlayType('video/mp4; codecs="avc1.42E01E"');
	video.muted = true;
	video.preload = "metadata";
	video.src = "@URI@";
	document.body.append(video);
	const failed = event(video, "error").then(() => { throw new Error(video.error.message); });
	await Promise.race([event(video, "loadeddata"), failed]);
	told.duration = video.duration;
	for (const at of wanted) {
		const loaded = [];
		for (let i = 0; i < video.buffered.length; i++)
			loaded.push([video.buffered.start(i), video.buffered.end(i)]);
		const seeked = event(video, "seeked");
		video.currentTime = at;
		await Promise.race([seeked, failed]);
		draw.drawImage(video, 0, 0, @WIDTH@, @HEIGHT@);
		told.steps.push({at, loaded, now: video.currentTime, colour: [...draw.getImageData(@WIDTH@ / 8, @HEIGHT@ / 8, 1, 1).data]});
	}
	const from = video.currentTime;
	await video.play();
	while (video.currentTime < from + 0.5 && !video.ended)
		await Promise.race([event(video, "timeupdate"), event(video, "ended"), failed]);
	told.played = video.currentTime - from;
}
run().catch(error => told.error = String(error)).then(() => fetch("/told?" + encodeURIComponent(JSON.stringify(told))));
</script>"""


def colour(second):
    return [85 * (second % 4), 85 * (second // 4 % 4), 85 * (second // 16)]


def film(path):
    """Noise around the colours, so that there is something to load."""
    boxes = ",".join("drawbox=x=0:y=0:w={}:h={}:t=fill:c=0x{:02x}{:02x}{:02x}:enable='gte(t,{})*lt(t,{})'".format(
        WIDTH // 2, HEIGHT // 2, *colour(n), n, n + 1) for n in range(SECONDS))
    subprocess.run(
        ["/usr/bin/ffmpeg", "-nostdin", "-loglevel", "error", "-f", "lavfi", "-i",
         f"testsrc2=s={WIDTH}x{HEIGHT}:r={RATE}:d={SECONDS},noise=alls=60:allf=t,{boxes},format=yuv420p",
         "-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-b:v", "4M", str(path)], check=True, timeout=TIMEOUT)


def shipped_recipe():
    """As it stands in etc/sluice.conf, with the line about the cache made valid."""
    text = (webservers.ETC / "sluice.conf").read_text()
    block = re.search(r"^recipe watch \{.*?^\}", text, re.M | re.S)[0]
    assert block.count("#   cache  ") == 1
    return block.replace("#   cache  ", "    cache  ")


def indexed_recipe():
    options = "-nostdin -loglevel error -i file:{source} -c copy -movflags +faststart -f mp4 -y {output}".split()
    return recipe("indexed", *options, program="/usr/bin/ffmpeg", path="/indexed/{source}", sources=["mp4"], type="video/mp4",
                  timeout="120s", memory="2G")


class FilmSite(CachingSite):
    def prepare(self):
        super().prepare()
        film(self.directory / "media" / "film.mp4")


class NginxSends(webservers.NginxSends):
    def inside(self):
        return super().inside() + pages(self)


class Nginx(webservers.Nginx):
    def inside(self):
        return pages(self)


def pages(server):
    """Served by nginx: the pages, and what they have to tell, which is found in its log."""
    told = ["location = /told { return 204; }"]
    for name, uri in {"watch": WATCH, "indexed": INDEXED}.items():
        text = PAGE
        for key, value in {"WIDTH": WIDTH, "HEIGHT": HEIGHT, "URI": uri, "TIMES": TIMES}.items():
            text = text.replace(f"@{key}@", str(value))
        page = server.write(f"{name}.html", text)
        told.append(f"location = /page/{name} {{ alias {page}; default_type text/html; }}")
    # Slowly, or the browser has all of it before it seeks.
    told.append('set $who "$http_user_agent$request_uri"; if ($who ~ Chrom.*/indexed/) { set $limit_rate 600k; }')
    return "\n".join(told)


@pytest.fixture(scope="module", params=[(Nginx, None), (NginxSends, "x-accel-redirect:/sluice-cache")],
                ids=lambda param: param[0].name)
def site(request):
    if not shutil.which("ffmpeg", path="/usr/bin"):
        pytest.skip("no ffmpeg here")
    with FilmSite(*request.param, more=[shipped_recipe(), indexed_recipe()]) as one:
        yield one


def curl(site, *arguments, uri=WATCH):
    return subprocess.run(["curl", "-s", "--max-time", str(TIMEOUT), *arguments, site.url(uri)], capture_output=True,
                          timeout=TIMEOUT + 10, check=False)


@pytest.fixture(scope="module")
def made(site):
    """The film, streamed by the first request, and the fields of a later one."""
    first = curl(site)
    assert first.returncode == 0 and first.stdout[4:8] == b"ftyp", (first, site.told())
    head = curl(site, "-I")
    assert head.returncode == 0 and f"Content-Length: {len(first.stdout)}\r\n".encode() in head.stdout, head.stdout
    return first.stdout


def test_curl(site, made, tmp_path):
    size = len(made)
    for field, part in ((f"{size // 2}-{size // 2 + 99999}", made[size // 2:size // 2 + 100000]), ("-1000", made[-1000:]),
                        ("0-0", made[:1])):
        got = curl(site, "-r", field, "-w", "%{stderr}%{http_code}")
        assert (got.stdout, got.stderr) == (part, b"206"), field
    cut = tmp_path / "film.mp4"
    cut.write_bytes(made[:size // 3])
    got = curl(site, "-C", "-", "-o", str(cut), "-w", "%{stderr}%{http_code} %{size_download}")
    assert got.stderr == f"206 {size - size // 3}".encode() and cut.read_bytes() == made
    assert len(site.conversions()) == 1, site.told()


def browse(site, name, profile):
    """What the page told, and what nginx logged of it."""
    log = site.server.directory / "access.log"
    before = len(log.read_text())
    with open(profile / "chromium.log", "wb") as output:
        chromium = subprocess.Popen(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--mute-audio",
             "--autoplay-policy=no-user-gesture-required", f"--user-data-dir={profile}/profile", site.url(f"/page/{name}")],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, preexec_fn=processes.die_with_parent)
    try:
        found = wait_until(lambda: re.search(r"GET /told\?(\S+)", log.read_text()[before:]), TIMEOUT,
                           lambda: f"a report of the page in\n{site.server.log()}\n{(profile / 'chromium.log').read_text()[-3000:]}")
    finally:
        os.killpg(chromium.pid, signal.SIGKILL)
        chromium.wait()
    # What it was still loading is logged when nginx notices that it is gone.
    return json.loads(urllib.parse.unquote(found[1])), log.read_text()[before:]


@pytest.mark.skipif(not CHROMIUM, reason="no chromium here")
@pytest.mark.parametrize("name", ["watch", "indexed"])
def test_chromium(site, made, tmp_path, name):
    if name == "indexed":
        assert curl(site, uri=INDEXED).returncode == 0
    before = len(site.conversions())
    told, log = browse(site, name, tmp_path)
    if not told["plays"]:
        pytest.skip("this chromium cannot decode H.264")
    assert "error" not in told and len(told["steps"]) == len(TIMES), (told, log)
    for step in told["steps"]:
        wanted, shown = colour(int(step["at"])), step["colour"][:3]
        assert abs(step["now"] - step["at"]) < 0.01 and max(abs(a - b) for a, b in zip(wanted, shown)) < 40, (step, wanted)
    assert told["played"] > 0, told
    parts = re.findall(r'"GET /(?:watch|indexed)/\S+ HTTP/1.1" (\d+) \d+ "bytes=(\d+)-', log)
    # It asks again for what it has forgotten, with its tag, and breaks off what it does not want any more.
    statuses = {status for status, _ in parts}
    assert "206" in statuses and statuses <= {"206", "304", "499"}, log
    if name == "indexed":
        first = told["steps"][0]
        assert not any(start <= first["at"] <= end for start, end in first["loaded"]), first
        assert any(int(offset) > 0 for _, offset in parts), log
    assert len(site.conversions()) == before
