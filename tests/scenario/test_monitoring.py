# SPDX-License-Identifier: MIT
"""What etc/ ships for Prometheus and Grafana: its expressions are right, and name what the daemon has."""

import json
import os
import re
import shutil
import subprocess

import pytest

import openmetrics
from daemon import recipe

ETC = os.path.join(os.path.dirname(__file__), "../../etc")
ALERTS = os.path.join(ETC, "prometheus/alerts.yml")
with open(os.path.join(ETC, "grafana/sluice.json")) as file:
    DASHBOARD = json.load(file)
with open(ALERTS) as file:
    ALERTS_TEXT = file.read()
PROMTOOL = shutil.which("promtool")
SELECTOR = re.compile(r"\b(sluice_\w+)(?:\{([^}]*)\})?")
OWN_LABELS = {"job", "instance", "le"}  # Prometheus adds the first two


def dashboard_expressions():
    return [(p["title"], t["expr"]) for p in DASHBOARD["panels"] for t in p.get("targets", [])]


def alert_expressions():
    """`expr:` and the lines that belong to it, without a reader of YAML."""
    return [re.sub(r"\s+", " ", e) for e in re.findall(r"expr: >?\s*(.*?)\n +(?:for|labels):", ALERTS_TEXT, re.S)]


@pytest.fixture(scope="module")
def metrics(module_sluice, tmp_path_factory):
    """{name of a sample: its labels} of a daemon that has a cache and has had one request of each kind."""
    cache = tmp_path_factory.mktemp("cache")
    daemon = module_sluice(f'cache {{\n    path = "{cache}"\n    size = 10M\n}}', recipe("ok", "write", "10"),
                           recipe("bad", "exit", "3"), status_path="/-/status")
    for uri in ("/ok/a", "/ok/a", "/bad/a", "/nothing"):
        daemon.get(uri)
    found = {}
    for family in openmetrics.parse(daemon.get("/-/status?openmetrics").text).values():
        for suffix, labels, _ in family.samples:
            found.setdefault(family.name + suffix, set()).update(labels)
    return found


def test_there_are_alerts_and_panels():
    assert len(alert_expressions()) == ALERTS_TEXT.count("- alert: ") > 10
    assert len(dashboard_expressions()) > 20


@pytest.mark.parametrize("place, expression", [("alert", e) for e in alert_expressions()] + dashboard_expressions())
def test_each_metric_and_label_is_one_of_the_daemon(metrics, place, expression):
    assert SELECTOR.search(expression) or "up{" in expression, place
    known = set()
    for name, matchers in SELECTOR.findall(expression):
        assert name in metrics, f"{place}: {name}"
        known |= metrics[name]
        for label in re.findall(r"(\w+)\s*[=!]", matchers):
            assert label in metrics[name] | OWN_LABELS, f"{place}: {name} has no label {label}"
    for labels in re.findall(r"\bby \(([^)]*)\)", expression):
        assert set(re.split(r",\s*", labels)) <= known | OWN_LABELS, f"{place}: {labels}"


def test_the_dashboard_is_one(metrics):
    """No panel covers another; variables are defined; a variable that asks for labels asks for ones that there are."""
    panels = DASHBOARD["panels"]
    assert len({p["id"] for p in panels}) == len(panels)
    cells = [(x, y) for p in panels for x in range(p["gridPos"]["x"], p["gridPos"]["x"] + p["gridPos"]["w"])
             for y in range(p["gridPos"]["y"], p["gridPos"]["y"] + p["gridPos"]["h"])]
    assert len(cells) == len(set(cells)) and max(x for x, _ in cells) < 24
    variables = {v["name"] for v in DASHBOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(DASHBOARD))) - {"__rate_interval", "__all"}
    assert used == variables
    for variable in DASHBOARD["templating"]["list"]:
        for name, label in re.findall(r"label_values\((\w+).*?, (\w+)\)", variable.get("definition", "")):
            assert name in metrics and label in metrics[name] | OWN_LABELS, variable["name"]


def promtool(*argv):
    if not PROMTOOL:
        pytest.skip("no promtool here")
    return subprocess.run([PROMTOOL, *argv], capture_output=True, text=True, timeout=120, check=False)


def test_promtool_accepts_the_alerts():
    done = promtool("check", "rules", ALERTS)
    assert done.returncode == 0 and "FAILED" not in done.stdout + done.stderr, done.stdout + done.stderr


def test_promtool_accepts_the_expressions_of_the_dashboard(tmp_path):
    rules = tmp_path / "rules.yml"
    each = [e.replace("$__rate_interval", "5m").replace("$job", "x").replace("$recipe", "x") for _, e in dashboard_expressions()]
    rules.write_text("groups: [{name: x, rules: [" + ",".join(
        "{record: 'x:%d', expr: %s}" % (i, json.dumps(e)) for i, e in enumerate(each)) + "]}]")
    done = promtool("check", "rules", str(rules))
    assert done.returncode == 0, done.stdout + done.stderr


# (what there is, the alert that comes of it after 20 minutes, with its recipe; None: none)
SERIES = [
    ("up{job=\"sluice\"} 0x30", "SluiceDown"),
    ("up{job=\"sluice\"} 1x30", None),
    ("sluice_failures_total{recipe=\"r\"} 0+10x30; sluice_requests_total{recipe=\"r\",status=\"200\"} 0+60x30", "SluiceFailures"),
    ("sluice_failures_total{recipe=\"r\"} 0+1x30; sluice_requests_total{recipe=\"r\",status=\"200\"} 0+60x30", None),
    ("sluice_failures_total{recipe=\"r\"} 0x30; sluice_requests_total{recipe=\"r\",status=\"200\"} 0x30", None),
    ("sluice_queue_length{recipe=\"r\"} 60x30; sluice_queue_limit{recipe=\"r\"} 64x30", "SluiceQueueFull"),
    ("sluice_queue_length{recipe=\"r\"} 0x30; sluice_queue_limit{recipe=\"r\"} 0x30", None),
    ("sluice_requests_total{recipe=\"r\",status=\"503\"} 0+60x30", "SluiceTurnsAway"),
    ("sluice_cache_store_failures_total 0+1x30", "SluiceCacheCannotStore"),
    ("sluice_process_open_fds 950x30; sluice_process_max_fds 1000x30", "SluiceDescriptors"),
    ("sluice_reload_failures_total 0x15 1x15", "SluiceReloadFailed"),
    ("sluice_log_dropped_total 0x30", None),
]


def test_alerts_fire_when_they_should(tmp_path):
    """In one file, because each start of promtool takes its time."""
    names = set(re.findall(r"- alert: (\w+)", ALERTS_TEXT))
    tests = []
    for what, alert in SERIES:
        series = [dict(zip(("series", "values"), re.fullmatch(r"(\S+) (.*)", one.strip()).groups())) for one in what.split(";")]
        # Of each alert only whether it is there: what it says is another matter, so it is counted.
        checks = [{"expr": f'count(ALERTS{{alertname="{name}",alertstate="firing"}}) or vector(0)', "eval_time": "20m",
                   "exp_samples": [{"labels": "{}", "value": int(name == alert)}]} for name in sorted(names)]
        tests.append({"interval": "1m", "input_series": series, "promql_expr_test": checks})
    path = tmp_path / "test.yml"
    path.write_text(json.dumps({"rule_files": [os.path.realpath(ALERTS)], "evaluation_interval": "1m", "tests": tests}))
    done = promtool("test", "rules", str(path))
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
