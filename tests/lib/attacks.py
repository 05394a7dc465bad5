# SPDX-License-Identifier: MIT
"""What has ended, wedged or starved a daemon once: hostile converters, as recipes of the fake converter, and a hostile web server.
Each attack checks what may come of it for the attacker. What it does to others is for the caller to see."""

import array
import fcntl
import os
import select
import socket
import termios
import time

import clock
import fastcgi
from daemon import SLOW, recipe

PATIENCE_S = 40 * SLOW
SEND_TIMEOUT_S = 2  # of the daemon that is attacked
SETTLED_S = 0.1

# A tree is removed by the daemon: 3,960 levels, of which no look while it grows sees more than 12; and 2,000 levels.
TREES = {"chains": ("chains", "330"), "chains_strict": ("chains", "330"), "deep": ("deep", "2000"), "deep_killed": ("deep", "1500", "hang")}
# Live, and taking back what they have written.
THIEVES = {"seesaw": ("seesaw", "100"), "seesaw_large": ("seesaw", "900000"), "thief": ("thief", "endless")}
THIEF_TIMEOUT_S = 1

# Temporary files where nobody waits for a disk: a job makes thousands of directories.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

QUESTION = fastcgi.record(fastcgi.GET_VALUES, 0, fastcgi.pairs({"FCGI_MAX_CONNS": "", "FCGI_MAX_REQS": ""}))
MORE = (fastcgi.record(fastcgi.STDIN, 9, b"x"), QUESTION * 20, fastcgi.begin(2), fastcgi.record(42, 0, b"?"), b"\1", b"")


def recipes(**plenty):
    """plenty: options of all of them."""
    tree = {"slots": 2, "timeout": "20s", **plenty}
    return [
        *(recipe(name, *steps, "text", "done", **tree, **({"confine": "strict", "start": "cold"} if name.endswith("strict") else {}))
          for name, steps in TREES.items() if name != "deep_killed"),
        recipe("deep_killed", *TREES["deep_killed"], **{**tree, "timeout": "2s"}),
        *(recipe(name, *steps, response="live", **{"slots": 2, **plenty, "timeout": f"{THIEF_TIMEOUT_S}s"})
          for name, steps in THIEVES.items()),
        recipe("stalls", "endless", response="live", **{"slots": 4, "timeout": "60s", **plenty}),
    ]


def tree_statuses(name):
    """The job ends well, or the quota has seen enough; its end is the deadline when it hangs."""
    return (504, 507) if name == "deep_killed" else (200, 507)


def tree(daemon, name):
    answer = daemon.get(f"/{name}/a", timeout=PATIENCE_S)
    assert answer.ended and answer.status in tree_statuses(name), f"{name}: {answer}"
    return answer


def thief(daemon, name):
    """Its answer never looks complete, and its time is over when it is over."""
    start = clock.Moment()
    answer = daemon.get(f"/{name}/a", timeout=PATIENCE_S)
    spent = clock.taken(start)
    if answer.status == 200:
        assert not answer.ended, f"{name}: a good end: {answer}"
    else:
        assert answer.ended and answer.status in (502, 503, 504), f"{name}: {answer}"
    return answer, spent


def queued(connected):
    """Bytes that wait to be read."""
    count = array.array("i", [0])
    fcntl.ioctl(connected.fileno(), termios.FIONREAD, count)
    return count[0]


def wait_stalled(connected):
    """Until the daemon has sent as much as there is room for."""
    start = clock.Moment()
    before, since = 0, time.monotonic()
    while before == 0 or time.monotonic() < since + SETTLED_S:
        now = queued(connected)
        if now != before:
            before, since = now, time.monotonic()
        assert clock.left(start, PATIENCE_S) > 0, f"no answer: {now} bytes"
        time.sleep(0.005)


def stalled_peer(daemon, more, end):
    """A web server that takes nothing of an endless answer, and meanwhile asks, and begins something else. end: "close", "half" (it
    closes its half only), or "stay": then the daemon ends it by its own clock. False: there was no slot for it."""
    with daemon.connect(timeout=PATIENCE_S) as connection:
        connection.send(fastcgi.request("/stalls/a", keep=True))
        wait_stalled(connection.socket)
        if b"Status: 503" in connection.socket.recv(200, socket.MSG_PEEK):
            return False
        connection.send(QUESTION + more)
        if end == "close":
            return True
        if end == "half":
            connection.half_close()
        gone = select.poll()
        gone.register(connection.socket, select.POLLHUP)  # reading would let the answer go on
        assert gone.poll((SEND_TIMEOUT_S + 5 * SLOW) * 1000), f"{end}: the connection is still there"
        return True
