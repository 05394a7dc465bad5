# SPDX-License-Identifier: MIT
"""What an operator sees: the log in its two formats and at its four places, the slow log."""

import json
import os
import re
import socket

import pytest

from daemon import FAKE, SLOW, recipe
from processes import wait_until

COLD = {"start": "cold", "stdin": "source"}
RECIPES = (
    recipe("ok", "write", "1000", **COLD),
    recipe("sleep", "pause", "{ms}", "write", "10", params={"ms": {"type": "integer", "max": 5000}}, **COLD),
    recipe("bad", "stderr", "gr\u00fc\u00df \"gott\"", "exit", "3", **COLD),
    recipe("pipe", "write", "100", "|", FAKE, "stdin", **COLD),
)

FIELDS = {"id", "method", "url", "recipe", "status", "outcome", "bytes", "spliced", "copied", "total_ms", "queue_ms", "start_ms",
          "first_ms", "convert_ms", "start", "exit", "cpu_ms", "peak_kib"}


def json_lines(daemon, mark=0):
    """Every line there is: each has to be a JSON object with time, level and event."""
    lines = [json.loads(line) for line in daemon.log.text(mark).splitlines()]
    for line in lines:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"]), line
        assert line["level"] in ("error", "warning", "notice", "info") and line["event"], line
    return lines


def json_request(daemon, mark, event="request"):
    def found():
        text = daemon.log.text(mark)
        lines = [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]
        return [line for line in lines if line["event"] == event]
    return wait_until(found, 5 * SLOW, lambda: daemon.log.text(mark))[0]


def test_text_fields(sluice):
    daemon = sluice(*RECIPES)
    _, line = daemon.logged("/ok/a", HTTP_X_REQUEST_ID="given-1")
    assert FIELDS <= set(line), FIELDS - set(line)
    assert (line["id"], line["status"], line["exit"], line["outcome"]) == ("given-1", "200", "0", "ok"), line.text
    assert int(line["bytes"]) == int(line["spliced"]) + int(line["copied"]) > 1000
    assert line["start"] in ("cold", "warm")
    assert float(line["total_ms"]) >= float(line["convert_ms"])


def test_json_lines(sluice):
    daemon = sluice(*RECIPES, log_format="json")
    mark = daemon.log.mark()
    daemon.get("/ok/a")
    line = json_request(daemon, mark)
    assert FIELDS <= set(line), FIELDS - set(line)
    assert (line["status"], line["recipe"], line["method"], line["url"]) == (200, "ok", "GET", "/ok/a")
    mark = daemon.log.mark()
    daemon.get("/bad/a")
    line = json_request(daemon, mark)
    assert (line["status"], line["exit"], line["level"]) == (422, "3", "info")
    assert "gr\u00fc\u00df \"gott\"" in line["stderr"] and "exit 3" in line["reason"]
    mark = daemon.log.mark()
    hostile = '/ok/"},{"\\\udcff\udcc3\x1b[31m\n\x7f<script>'
    daemon.get(hostile, method='G"\udcff')
    assert json_request(daemon, mark)["url"].startswith('/ok/"},{"\\\ufffd\ufffd\x1b[31m')
    json_lines(daemon)


def test_slow_log(sluice):
    daemon = sluice(*RECIPES, slow="1s", log_format="json")
    mark = daemon.log.mark()
    daemon.get("/ok/a")
    daemon.get("/sleep/a?ms=1500")
    line = json_request(daemon, mark, "slow")
    assert line["recipe"] == "sleep" and line["level"] == "warning"
    assert line["start_ms"] + line["convert_ms"] >= 1490 > line["send_ms"]
    assert line["command"] == f"{FAKE} pause 1500 write 10"
    mark = daemon.log.mark()
    daemon.get("/sleep/a?ms=1")
    json_request(daemon, mark)
    assert all(line["event"] != "slow" for line in json_lines(daemon, mark))


def test_slow_log_off(sluice):
    daemon = sluice(*RECIPES)
    mark = daemon.log.mark()
    daemon.get("/sleep/a?ms=200")
    daemon.log.wait_request(mark)
    assert " slow " not in daemon.log.text(mark)


def test_exits_of_a_pipeline(sluice):
    daemon = sluice(*RECIPES)
    assert daemon.logged("/pipe/a")[1]["exit"] == "0,0"


class Receiver:
    """Plays syslogd or journald at a socket of the test's own."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        os.chmod(path, 0o666)
        self.socket.settimeout(5)

    def wait(self, needle):
        while True:
            datagram = self.socket.recv(65536)
            if needle in datagram:
                return datagram


@pytest.fixture
def receiver(tmp_path):
    receiver = Receiver(tmp_path / "log")
    yield receiver
    receiver.socket.close()


def test_syslog(sluice, receiver, tmp_path):
    daemon = sluice(*RECIPES, log=f"syslog:{tmp_path}/log")
    daemon.get("/ok/a")
    line = receiver.wait(b"/ok/a").decode()
    assert re.match(r"<30>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d sluice\[%d\]: request id=\w+ " % daemon.pid, line), line
    assert not line.endswith("\n") and 'url="/ok/a"' in line
    daemon.get("/nothing", method="PUT")
    assert b"status=405" in receiver.wait(b"request id=")


def test_journal(sluice, receiver, tmp_path):
    daemon = sluice(*RECIPES, log=f"journal:{tmp_path}/log", log_format="json")
    daemon.get("/ok/a")
    fields = dict(line.split("=", 1) for line in receiver.wait(b"/ok/a").decode().rstrip("\n").split("\n"))
    assert (fields["PRIORITY"], fields["SYSLOG_IDENTIFIER"]) == ("6", "sluice")
    assert json.loads(fields["MESSAGE"])["status"] == 200


def test_a_log_that_nobody_takes_stops_nothing(sluice, receiver, tmp_path):
    """Its queue is full: 10 datagrams by default, however many requests there are."""
    daemon = sluice(*RECIPES, log=f"syslog:{tmp_path}/log")
    for _ in range(60):
        assert daemon.get("/ok/a").status == 200
    # A receiver that comes back is found again.
    receiver.socket.close()
    os.unlink(tmp_path / "log")
    assert daemon.get("/ok/a").status == 200
    again = Receiver(tmp_path / "log")
    assert daemon.get("/ok/a").status == 200
    assert again.wait(b"request id=")
    again.socket.close()


def test_response_fields(sluice):
    daemon = sluice(*RECIPES, server_timing=True, request_id=True)
    answer = daemon.get("/sleep/a?ms=60", HTTP_X_REQUEST_ID="my.id")
    assert answer.headers["x-request-id"] == "my.id"
    timing = dict(part.split(";dur=") for part in answer.headers["server-timing"].split(", "))
    assert list(timing) == ["queue", "start", "convert", "total"]
    assert 55 <= float(timing["start"]) + float(timing["convert"]) <= float(timing["total"]) + 1 < 5000
    answer = daemon.get("/nothing/at/all", HTTP_X_REQUEST_ID="not an id")
    assert re.fullmatch("[0-9a-f]{16}", answer.headers["x-request-id"]) and "total;dur=" in answer.headers["server-timing"]


def test_response_fields_are_off(sluice):
    daemon = sluice(*RECIPES)
    assert not {"x-request-id", "server-timing"} & set(daemon.get("/ok/a").headers)
