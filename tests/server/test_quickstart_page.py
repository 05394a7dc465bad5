# SPDX-License-Identifier: MIT
"""quickstart as it is started by a person, and its page in Chromium: on a phone, by keyboard, for a screen reader. With drawn samples,
because a test fetches nothing from the network."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

import browser
import ports
import webservers
from daemon import SLOW

ROOT = Path(__file__).resolve().parents[2]
START_S = 120 * SLOW
COST = r"\d[\d.]* (bytes|kB|MB), \d+ ms, converter \d+ ms"


@pytest.fixture(scope="module")
def quickstart():
    if not (ROOT / "build/build.ninja").exists() or not webservers.find_program("nginx"):
        pytest.skip("no build/ or no nginx")
    temp, port = Path(tempfile.mkdtemp(prefix="sluice-test-")), ports.free_port()
    temp.chmod(0o1777)  # as /tmp: the servers run as other users
    output = temp / "output"
    with output.open("w") as file:
        process = subprocess.Popen([ROOT / "quickstart", "--drawn", "--port", str(port)], stdin=subprocess.DEVNULL, stdout=file,
                                   stderr=file, start_new_session=True, env={**os.environ, "TMPDIR": str(temp)})
    deadline = time.monotonic() + START_S
    try:
        while "all samples on one page" not in output.read_text():
            assert process.poll() is None and time.monotonic() < deadline, output.read_text()
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
        process.send_signal(signal.SIGINT)
        process.wait(60 * SLOW)
        assert list(temp.glob("sluice-quickstart.*")) == [], "its directory stays"
    finally:
        if process.poll() is None:
            process.terminate()  # it ends what it has started
            process.wait(60 * SLOW)
        shutil.rmtree(temp, ignore_errors=True)


@pytest.fixture(scope="module")
def page(quickstart):
    if not browser.CHROMIUM:
        pytest.skip("no chromium here")
    with browser.Browser() as one:
        one.size(1280, 900)
        one.open(quickstart + "/")
        one.wait("document.querySelector('#said').textContent === 'Made.'")
        yield one


def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")


def set_field(page, name, value):
    page.run(f"""(() => {{ const field = document.getElementById('field-{name}'); field.value = {json.dumps(value)};
        field.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()""")


def test_what_the_servers_answer(quickstart):
    assert fetch(quickstart + "/-/status?text")[1].startswith("sluice ")
    assert fetch(quickstart + "/-/original/landscape.jpg")[0] == 200
    status, text = fetch(quickstart + "/-/explain?url=/landscape.jpg%3Fsize%3D30x20")
    assert status == 200 and "/sluice-picture" in text
    for url in ("", "url=", "url=-c", "url=http://x/", "url=/" + "x" * 3000, "url=/%00"):
        assert fetch(f"{quickstart}/-/explain?{url}")[0] == 400, url
    assert fetch(quickstart + "/-/original/../sluice.conf")[0] in (400, 404)
    assert fetch(quickstart + "/-/original/%2e%2e/sluice.conf")[0] in (400, 404)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_sticks_out_and_all_can_be_read(page, width, dark):
    page.size(width, 900, dark)
    set_field(page, "quality", "a" * 200)  # a long refusal
    page.wait("!!document.querySelector('[aria-invalid]')")
    assert page.run(browser.OVERFLOW) == []
    assert page.run(browser.CONTRAST) == []
    set_field(page, "quality", "")
    page.wait("document.querySelector('#said').textContent === 'Made.'")


def test_every_sample_is_there_with_its_cost(page):
    page.size(1280, 900)
    count = page.run("document.querySelectorAll('.sample img').length")
    assert count >= 20
    for i in range(count):  # they are loaded when they come into sight
        page.run(f"document.querySelectorAll('.sample img')[{i}].scrollIntoView({{ behavior: 'instant' }})")
        page.wait(f"(i => i.complete && i.naturalWidth > 0)(document.querySelectorAll('.sample img')[{i}])")
        cost = page.wait(f"document.querySelectorAll('.sample')[{i}].querySelector('.cost').textContent")
        assert re.fullmatch(COST, cost) or "made while it plays" in cost, (i, cost)
    statuses = page.run("[...document.querySelectorAll('.refused li')].map(l => l.querySelector('b').textContent + l.querySelector('.answer').textContent)")
    assert [s[:3] for s in statuses] == ["422", "415", "400", "400", "404"] and all("Answer: " in s for s in statuses), statuses


def test_original_beside_result_with_the_command(page):
    assert page.run("document.querySelector('#original img').naturalWidth > document.querySelector('#result img').naturalWidth")
    original, result = (page.run(f"document.querySelector('#{i}').textContent") for i in ("original-cost", "cost"))
    assert re.search(r"\.jpg, \d[\d.]* (kB|MB)$", original) and re.search(rf"^image/\w+, \d+×\d+, {COST}; .* %", result), (original, result)
    assert page.wait("document.querySelector('#command').textContent").split()[0].endswith("/sluice-picture")
    page.run("document.querySelector('.sample summary').click()")
    assert "/sluice-picture " in page.wait("document.querySelector('.sample pre').textContent")


def test_a_refused_value_is_explained_beside_its_field(page):
    set_field(page, "quality", "200")
    page.wait("document.querySelector('#field-quality').getAttribute('aria-invalid') === 'true'")
    assert page.run("document.querySelector('#error-quality').textContent") == "Refused: a whole number from 1 to 100"
    assert page.run("document.querySelector('#field-quality').getAttribute('aria-describedby')").split() == ["hint-quality", "error-quality"]
    assert page.run("document.querySelector('#said').textContent").startswith("Refused: quality")
    set_field(page, "quality", "40")
    page.wait("document.querySelector('#said').textContent === 'Made.' && !document.querySelector('[aria-invalid]')")
    assert page.run("document.querySelector('#error-quality').textContent") == ""
    assert "quality=40" in page.run("document.querySelector('#address').textContent")
    set_field(page, "quality", "")
    page.wait("document.querySelector('#said').textContent === 'Made.'")


def test_each_recipe_has_all_its_parameters(quickstart, page):
    """The form has what `sluice recipes` lists, and each choice gives an answer."""
    recipes = json.loads(fetch(quickstart + "/-/page/recipes.json")[1])
    kinds = page.run("[...document.querySelector('#field-what').options].map(o => o.value)")
    assert kinds == ["", "/requantize", "/frame", "/preview", "/watch", "/listen"]
    for kind in kinds[1:] + kinds[:1]:
        set_field(page, "what", kind)
        said = page.wait("(s => s && !s.startsWith('Being') && s)(document.querySelector('#said').textContent)")
        assert said in ("Made.", "It plays."), (kind, said)
        fields = set(page.run("[...document.querySelectorAll('#fields [name]')].map(f => f.name)"))
        source = page.run("document.querySelector('#field-source').value")
        suffix = {"jpg": "jpeg"}.get(source.rsplit(".", 1)[1], source.rsplit(".", 1)[1])
        wanted = {p["name"] for r in recipes if r["path"] == kind + "/{source}" and suffix in [s.split()[0] for s in r["sources"]]
                  for p in r["params"]}
        assert fields == wanted | {"what", "source"}, kind
    # Several recipes take the source; the last one knows fewer words.
    assert "attention" in page.run("[...document.querySelector('#field-gravity').options].map(o => o.value)")


def test_by_keyboard_and_for_a_screen_reader(quickstart, page):
    page.open(quickstart + "/")
    page.wait("document.querySelector('#said').textContent === 'Made.'")
    page.key("Tab")
    assert page.run("document.activeElement.textContent") == "To the samples"
    seen = []
    for _ in range(12):
        page.key("Tab")
        seen.append(page.run("document.activeElement.id || document.activeElement.textContent"))
        assert page.run("getComputedStyle(document.activeElement).outlineStyle") != "none", seen
    assert "Status page" in seen and "field-what" in seen and "field-size" in seen, seen
    nodes = page.accessible()
    for role in ("textbox", "combobox", "button", "link", "image", "heading", "Video", "Audio"):
        assert [1 for r, name in nodes if r == role and not name.strip()] == [], role
    names = [name for role, name in nodes if role in ("textbox", "combobox")]
    assert {"What", "Source", "Size", "Quality", "Format"} <= set(names)
    assert ("button", "Copy the address") in nodes
    assert [c for c in page.complaints() if c.get("entry", {}).get("source") != "network"] == []
