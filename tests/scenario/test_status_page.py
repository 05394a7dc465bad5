# SPDX-License-Identifier: MIT
"""The status page in its forms, the ping, and the commands that ask: idle, at work, and when nothing else gets in. In a browser:
test_status_browser.py."""

import json
import re
import subprocess
import time

import openmetrics
from daemon import SLOW, SLUICE, Moment, recipe, taken
from processes import wait_until

COLD = {"start": "cold", "stdin": "source"}
RECIPES = (
    recipe("ok", "write", "1000", **COLD),
    recipe("hang", "hang", slots=2, queue=3, queue_timeout="60s", **COLD),
    recipe("spin", "spin", **COLD),
    recipe("bad", "stderr", "<b>&\"'</b>", "exit", "3", **COLD),
    recipe("live", "write", "5000", "hang", response="live", type="text/plain", **COLD),
)
STATUS = "/-/status"


def start(sluice, **more):
    settings = {"status_path": STATUS, "ping_path": "/-/ping", "slots": 3, **more}
    return sluice(*RECIPES, **settings)


def get_json(daemon):
    answer = daemon.get(STATUS + "?json")
    assert answer.status == 200 and answer.headers["content-type"] == "application/json"
    return json.loads(answer.body)


class Clients:
    """Requests that stay until the test ends."""

    def __init__(self, daemon):
        self.daemon, self.connections = daemon, []

    def send(self, *uris):
        import fastcgi
        for uri in uris:
            connection = self.daemon.connect()
            connection.send(fastcgi.request(uri))
            self.connections.append(connection)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for connection in self.connections:
            connection.close()


def run(*arguments):
    return subprocess.run([SLUICE, *arguments], capture_output=True, text=True, timeout=20 * SLOW, check=False)


def test_not_there_unless_configured(sluice):
    daemon = sluice(*RECIPES)
    for uri in ("/", "/status", "/ping", STATUS, STATUS + "?json", "/?html", "/-/ping"):
        assert daemon.get(uri).status == 404, uri
    assert daemon.get(STATUS, HTTP_SLUICE_COMMAND="status json").status == 404


def test_only_at_its_path(sluice):
    daemon = start(sluice)
    for uri in (STATUS + "/", STATUS + "x", "/x" + STATUS, "/-", "/-/%73tatus", "/-/../-/status"):
        assert daemon.get(uri).status == 404, uri
    for form in ("x", "json&x", "jsonx", "html=1", "%6Ason"):
        answer = daemon.get(f"{STATUS}?{form}")
        assert answer.status == 400 and "openmetrics" in answer.text, form
    answer = daemon.get(STATUS, method="POST")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    head = daemon.get(STATUS + "?html", method="HEAD")
    assert head.status == 200 and head.length == 0 and int(head.headers["content-length"]) > 3000
    assert head.headers["cache-control"] == "no-store"


def test_text(sluice):
    daemon = start(sluice)
    daemon.get("/bad/a")
    text = daemon.get(STATUS).text
    assert text.startswith("sluice ") and re.search(r"^slots 0/3, waiting 0$", text, re.M), text
    assert re.search(r"^bad +0/\d+ +0/64 +1 +1 ", text, re.M), text
    assert re.search(r" 422 refused  bad  /bad/a  .*exit 3", text), text
    assert daemon.get(STATUS + "?text").text.startswith("sluice ")


def test_json_at_work(sluice):
    daemon = start(sluice)
    idle = get_json(daemon)
    assert idle["running"] == [] and idle["slots_used"] == 0 and len(idle["windows"]) == 120
    with Clients(daemon) as clients:
        clients.send(*["/hang/a"] * 4, "/live/a", "/spin/a")
        def all_at_work():
            found = get_json(daemon)
            converting = [r for r in found["running"] if r["phase"] == "converting" and r["memory_bytes"] > 0]
            spun = sum(r["cpu_seconds"] for r in converting if r["recipe"] == "spin")
            written = sum(r["output_bytes"] for r in converting if r["recipe"] == "live")
            return found if (len(found["running"]), len(converting), written) == (6, 4, 5000) and spun > 0 else None
        status = wait_until(all_at_work, 10 * SLOW, lambda: get_json(daemon)["running"])
        running = status["running"]
        phases = sorted((r["recipe"], r["phase"]) for r in running)
        assert phases == [("hang", "converting")] * 2 + [("hang", "queued")] * 2 + [("live", "converting"), ("spin", "converting")]
        assert all(r["source"] == "a" and r["client"] == "waiting" and r["age_seconds"] > 0 for r in running)
        assert all((r["programs"], r["memory_bytes"] > 0) == (1, True) for r in running if r["phase"] == "converting"), running
        assert next(r for r in running if r["recipe"] == "live")["output_bytes"] == 5000
        assert next(r for r in running if r["recipe"] == "spin")["cpu_seconds"] > 0
        hang = next(r for r in status["recipes"] if r["name"] == "hang")
        assert (hang["slots_used"], hang["slots"], hang["queue_length"], hang["queue_limit"]) == (2, 2, 2, 3)
        assert (status["slots_used"], status["queue_length"]) == (3, 2)
    wait_until(lambda: not get_json(daemon)["running"], 5 * SLOW)
    gone = next(r for r in get_json(daemon)["recipes"] if r["name"] == "hang")
    assert gone["statuses"] == {"499": 4} and gone["failures"] == 0


def test_failures_are_told(sluice):
    daemon = start(sluice)
    daemon.get("/bad/a", HTTP_X_REQUEST_ID="the-bad-one")
    daemon.get("/ok/a")
    daemon.get("/ok/nothing")
    status = get_json(daemon)
    failure, = status["failures"]
    assert (failure["id"], failure["status"], failure["recipe"], failure["url"]) == ("the-bad-one", 422, "bad", "/bad/a")
    assert "exit 3" in failure["reason"] and "<b>&\"'</b>" in failure["stderr"]
    assert abs(failure["time"] - time.time()) < 60
    assert sum(w["requests"] for w in status["windows"]) >= 3 and sum(w["failures"] for w in status["windows"]) == 1


def test_openmetrics(sluice):
    daemon = start(sluice)
    answer = daemon.get(STATUS + "?openmetrics")
    assert answer.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    before = openmetrics.parse(answer.text)
    assert all(name.startswith("sluice_") for name in before)
    for _ in range(3):
        daemon.get("/ok/a")
    daemon.get("/bad/a")
    with Clients(daemon) as clients:
        clients.send("/hang/a", "/hang/a", "/hang/a")
        wait_until(lambda: len([r for r in get_json(daemon)["running"] if r["phase"] == "converting"]) == 2, 5 * SLOW)
        after = openmetrics.parse(daemon.get(STATUS + "?openmetrics=").text)
        assert after["sluice_queue_length"].value(recipe="hang") == 1
        assert after["sluice_running_requests"].value(phase="converting") == 2
    assert before["sluice_requests"].value("_total", recipe="ok", status="200") == 0
    assert after["sluice_requests"].value("_total", recipe="ok", status="200") == 3
    assert after["sluice_outcomes"].value("_total", recipe="bad", outcome="refused") == 1
    assert after["sluice_failures"].value("_total", recipe="bad") == 1
    assert after["sluice_sent_bytes"].value("_total", recipe="ok", way="spliced") == 3000
    assert after["sluice_conversions"].sum("_total", recipe="ok") == 3
    duration = after["sluice_request_duration_seconds"]
    assert duration.value("_count", recipe="ok") == 3 and 0 < duration.value("_sum", recipe="ok") < 30
    assert duration.value("_bucket", recipe="ok", le="300.0") == 3
    for name, family in before.items():
        if family.type == "counter":
            assert after[name].sum("_total") >= family.sum("_total"), name


def test_a_reload_keeps_the_numbers(sluice):
    import signal
    daemon = start(sluice)
    daemon.get("/ok/a")
    mark = daemon.log.mark()
    daemon.configure(*RECIPES[1:], status_path="/other", slots=3)
    daemon.signal(signal.SIGHUP)
    daemon.log.wait_text("configuration reloaded", mark)
    assert daemon.get(STATUS).status == 404
    metrics = openmetrics.parse(daemon.get("/other?openmetrics").text)
    assert metrics["sluice_requests"].value("_total", recipe="ok", status="200") == 1
    assert not [1 for _, labels, _ in metrics["sluice_slots"].samples if labels["recipe"] == "ok"]
    assert metrics["sluice_reloads"].value("_total") == 1


def test_when_nothing_else_gets_in(sluice):
    """Every slot and the queue are taken: the ping, the page and a refusal come at once."""
    daemon = start(sluice)
    with Clients(daemon) as clients:
        clients.send(*["/hang/a"] * 5)
        wait_until(lambda: len(get_json(daemon)["running"]) == 5, 5 * SLOW)
        for uri, status in (("/-/ping", 200), (STATUS + "?html", 200), ("/hang/a", 503)):
            begin = Moment()
            assert daemon.get(uri).status == status
            assert taken(begin) < 0.5 * SLOW, uri


def test_ping(sluice):
    daemon = start(sluice)
    mark = daemon.log.mark()
    with daemon.connect() as connection:
        for _ in range(100):
            answer = connection.get("/-/ping", keep=True)
            assert (answer.status, answer.text, answer.ended) == (200, "ok\n", True)
    assert daemon.get("/-/ping?x=1").text == "ok\n"
    head = daemon.get("/-/ping", method="HEAD")
    assert (head.status, head.length, head.headers["content-length"]) == (200, 0, "3")
    assert "ping" not in daemon.log.text(mark)


def test_commands(sluice):
    daemon = sluice(*RECIPES)  # no status_path: over the socket it can be asked all the same
    socket = f"unix:{daemon.socket}"
    assert run("status", "-s", socket).stdout.startswith("sluice ")
    assert json.loads(run("status", "-c", daemon.config, "json").stdout)["version"]
    openmetrics.parse(run("status", "-s", socket, "openmetrics").stdout)
    assert "</html>" in run("status", "-s", socket, "html").stdout
    done = run("health", "-s", socket)
    assert (done.returncode, done.stdout, done.stderr) == (0, "healthy\n", "")
    assert run("status", "-s", socket, "xml").returncode == 2
    assert run("health", "-s", socket, "more").returncode == 2
    assert daemon.get("/", SLUICE_COMMAND="stop").status == 400
    assert daemon.get("/ok/a", SLUICE_COMMAND="").status == 200
    assert daemon.get("/ok/a", HTTP_SLUICE_COMMAND="status").body[:6] != b"sluice"


def test_ill_health(sluice):
    import os
    daemon = sluice(*RECIPES)
    os.rename(daemon.root, daemon.root + "-away")
    done = run("health", "-s", f"unix:{daemon.socket}")
    os.rename(daemon.root + "-away", daemon.root)
    assert done.returncode == 1 and "root" in done.stderr and done.stdout == ""
    done = run("health", "-s", f"unix:{daemon.directory}/nobody")
    assert done.returncode == 1 and "nobody" in done.stderr


FORMS = {"html": "text/html; charset=utf-8", "text": "text/plain; charset=utf-8", "json": "application/json",
         "openmetrics": "application/openmetrics-text; version=1.0.0; charset=utf-8"}
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
PROMETHEUS = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"


def test_the_form_by_accept(sluice):
    """A browser gets the page, curl text, and a scraper OpenMetrics; a form in the URL is stronger."""
    daemon = start(sluice)
    cases = [(BROWSER, "html"), (PROMETHEUS, "openmetrics"), ("*/*", "text"), ("", "text"), ("text/*", "text"),
             ("text/plain;version=0.0.4;q=1,*/*;q=0.1", "openmetrics"), ("application/json", "json"), ("text/plain", "text"),
             ("text/html;q=0.5, application/json", "json"), ("text/html;q=0, */*", "text"), ("TEXT/HTML", "html"),
             ("text/html;level=1", "html"), ("image/png", "text"), ("text/html;q=x", "text"), (";,/,text/htmlx", "text"),
             ("text/plain;version=\"0.0.4\"", "text"), ("application/openmetrics-text;version=\"1,0\";q=0.9,text/plain", "text")]
    for accept, form in cases:
        answer = daemon.get(STATUS, HTTP_ACCEPT=accept)
        assert (answer.status, answer.headers["content-type"]) == (200, FORMS[form]), accept
        assert answer.headers["vary"] == "Accept", answer
    answer = daemon.get(STATUS + "?text", HTTP_ACCEPT=BROWSER)
    assert answer.headers["content-type"] == FORMS["text"] and "vary" not in answer.headers
    assert daemon.get(STATUS, SLUICE_COMMAND="status ", HTTP_ACCEPT=BROWSER).headers["content-type"] == FORMS["text"]


def test_an_icon_that_a_browser_asks_for_counts_nowhere(sluice):
    daemon = start(sluice)

    def counted():
        status = get_json(daemon)
        return (sum(r["requests"] for r in status["recipes"]), sum(w["requests"] for w in status["windows"]))
    before = counted()
    assert daemon.get("/favicon.ico").status == 404
    assert daemon.get("/favicon.ico?v=1").status == 404
    assert counted() == before
    assert daemon.get("/favicon.icon").status == 404
    assert counted() == (before[0] + 1, before[1] + 1)


def test_an_icon_that_a_recipe_makes_is_counted(sluice):
    daemon = sluice(recipe("icon", "write", "10", path="/{source}", **COLD), status_path=STATUS)
    daemon.file("favicon.ico", b"icon")
    assert daemon.get("/favicon.ico").status == 200
    assert next(r for r in get_json(daemon)["recipes"] if r["name"] == "icon")["requests"] == 1


def test_an_excerpt_of_stderr_begins_at_a_word(sluice):
    words = " ".join(f"word{i:04}" for i in range(300))  # more than page and log have room for
    daemon = sluice(recipe("bad", "stderr", words, "exit", "3", **COLD), status_path=STATUS)
    mark = daemon.log.mark()
    daemon.get("/bad/a")
    failure, = get_json(daemon)["failures"]
    logged = wait_until(lambda: [line for line in daemon.log.requests(mark) if line["recipe"] == "bad"], 5 * SLOW)[0]["stderr"]
    for excerpt, least in ((failure["stderr"], 200), (logged, 1000)):
        assert re.fullmatch(r"(word\d{4} )*word0299", excerpt) and least < len(excerpt) < len(words), excerpt


def test_percentiles_are_marked_as_interpolated(sluice):
    daemon = start(sluice)
    daemon.get("/ok/a")
    text, page = daemon.get(STATUS + "?text").text, daemon.get(STATUS + "?html").text
    assert "~p50 ms" in text and "~ interpolated" in text
    assert "p95 ≈" in page and "≈ interpolated" in page


def test_the_page_links_to_its_documentation(sluice):
    daemon = start(sluice)
    assert 'href="?help"' in daemon.get(STATUS + "?html").text
    answer = daemon.get(STATUS + "?help")
    assert (answer.status, answer.headers["content-type"]) == (200, FORMS["html"])
    for name in openmetrics.parse(daemon.get(STATUS + "?openmetrics").text):
        assert name.removesuffix("_info") in answer.text, name


def test_nothing_but_its_own_style_and_script_may_run(sluice):
    """The policy names a nonce that is new in each answer."""
    daemon = start(sluice)
    nonces = set()
    for form in ("html", "help"):
        for _ in range(2):
            answer = daemon.get(f"{STATUS}?{form}")
            policy = answer.headers["content-security-policy"]
            nonce = re.search(r"style-src 'nonce-([0-9a-f]{32})'", policy)[1]
            assert "default-src 'none'" in policy and f"<style nonce=\"{nonce}\">" in answer.text and "unsafe" not in policy
            nonces.add(nonce)
    assert len(nonces) == 4
    assert "content-security-policy" not in daemon.get(STATUS + "?text").headers
