# SPDX-License-Identifier: MIT
"""The status page as a person sees it: in Chromium, on a phone and on a desk, by day and by night."""

import re

import pytest

import browser
from bridge import Bridge
from daemon import SLOW, recipe
from processes import wait_until
from test_status_page import COLD, STATUS, Clients, get_json, start

LONG = "a-name-as-long-as-the-name-of-a-recipe-may-be-64-letters-and-no-m"[:64]


@pytest.fixture(scope="module")
def page():
    if not browser.CHROMIUM:
        pytest.skip("no chromium here")
    with browser.Browser() as one:
        yield one


@pytest.fixture
def bridge():
    bridges = []

    def make(daemon, **more):
        bridges.append(Bridge(daemon.address, **more))
        return bridges[-1]
    yield make
    for one in bridges:
        one.close()


def test_at_work(sluice, bridge, page):
    """What a converter or a client says is text and nothing else; nothing is refused by the page's own policy."""
    daemon = start(sluice)
    daemon.get("/bad/a?%3Cimg%3E")
    daemon.get("/bad/a")
    at = bridge(daemon)
    with Clients(daemon) as clients:
        clients.send("/hang/a", "/hang/a", "/hang/a")
        wait_until(lambda: len(get_json(daemon)["running"]) == 3, 5 * SLOW)
        page.size(1280)
        page.open(at.url + STATUS)  # without a form: a browser says that it wants HTML
        assert page.run("[...document.querySelectorAll('#running tr')].length") == 4
        assert {"queued", "converting"} <= set(page.run("[...document.querySelectorAll('#running td')].map(t => t.textContent)"))
        assert page.run("document.querySelector('#failures').textContent.includes('<b>&\"')")
        assert page.run("document.querySelectorAll('svg[role=img]').length") == 3 and page.run("!!document.querySelector('rect')")
        assert page.run("getComputedStyle(document.querySelector('.tile')).borderRadius") == "8px"
    assert page.complaints() == []


def test_it_refreshes_itself_and_loads_nothing_else(sluice, bridge, page):
    """It says so, too, when no answer comes any more; what had the focus keeps it."""
    daemon = start(sluice)
    at = bridge(daemon)
    page.size(1280)
    page.open(at.url + STATUS)
    page.run("document.querySelector('[aria-label=Recipes]').focus()")
    page.run("window.first = document.querySelector('h1')")
    page.wait("document.querySelector('h1') !== window.first")
    assert page.run("document.activeElement.getAttribute('aria-label')") == "Recipes"
    assert set(at.paths) == {STATUS} and page.complaints() == []
    assert page.run("performance.getEntriesByType('resource').every(e => e.name === location.href)")
    assert not re.search(r"src=|https?:|@import|url\(", daemon.get(STATUS + "?html").text)
    at.close()
    page.wait("getComputedStyle(document.querySelector('#old')).display === 'block'")


@pytest.mark.parametrize("width", [390, 1280])
def test_on_a_phone_and_on_a_desk_by_day_and_by_night(sluice, bridge, page, width):
    """Nothing sticks out to the right, all text can be read, and what matters is on the first screen."""
    daemon = sluice(recipe(LONG, "stderr", "x" * 300, "exit", "3", **COLD), status_path=STATUS)
    daemon.file("y" * 200, b"")
    daemon.get(f"/{LONG}/" + "y" * 200)
    at = bridge(daemon)
    lightness = []
    for dark in (False, True):
        page.size(width, 844, dark)
        for form in ("html", "help"):
            page.open(f"{at.url}{STATUS}?{form}")
            assert page.run(browser.OVERFLOW) == [], (form, dark)
            assert page.run(browser.CONTRAST) == [], (form, dark)
        lightness.append(page.run("getComputedStyle(document.body).backgroundColor"))
    assert lightness[0] != lightness[1]
    page.open(f"{at.url}{STATUS}?html")
    tiles = page.run("[...document.querySelectorAll('.key .tile')].map(t => [t.firstChild.textContent, t.getBoundingClientRect().bottom])")
    assert [name for name, _ in tiles] == ["requests", "failed", "from the cache", "waiting"]
    assert max(bottom for _, bottom in tiles) < 400


def test_a_screen_reader_finds_names(sluice, bridge, page):
    daemon = start(sluice)
    daemon.get("/ok/a")
    at = bridge(daemon)
    page.size(1280)
    page.open(at.url + STATUS)
    found = page.accessible()
    assert ("region", "Recipes") in found and ("columnheader", "requests") in found, found
    assert [name for role, name in found if role == "meter" and not name] == []
    assert [name for role, name in found if role == "image" and not name] == []
    page.key("Tab")
    assert page.run("document.activeElement.getAttribute('aria-label')") == "Recipes"  # a table that can be scrolled by keyboard


def test_900_recipes(sluice, bridge, page):
    """The table scrolls by itself, and keeps its place when the page is loaded again; the failures stay in reach."""
    daemon = sluice(*(recipe(f"recipe-{i:03}", "write", "10", **COLD) for i in range(900)), status_path=STATUS)
    at = bridge(daemon)
    page.size(390, 844)
    page.open(at.url + STATUS)
    assert page.run("document.querySelectorAll('#recipes td.wrap').length") >= 900
    assert page.run("document.documentElement.scrollHeight") < 4000
    page.run("document.querySelector('[aria-label=Recipes]').scrollTop = 5000; window.first = document.querySelector('h1')")
    page.wait("document.querySelector('h1') !== window.first")
    assert page.run("document.querySelector('[aria-label=Recipes]').scrollTop") == 5000


def test_under_the_policy_of_a_web_server(sluice, bridge, page):
    """One that forbids what is inline takes the style away; what the page says is all there."""
    daemon = start(sluice)
    daemon.get("/bad/a")
    at = bridge(daemon, fields=[("Content-Security-Policy", "default-src 'self'")])
    page.size(390)
    page.open(at.url + STATUS)
    text = page.run("document.body.innerText")
    assert "in the last minute" in text and "exit 3" in text and page.run("document.querySelectorAll('#recipes tr').length") > 5
