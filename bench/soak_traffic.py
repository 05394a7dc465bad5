# SPDX-License-Identifier: MIT
"""The clients of the soak. Each kind knows which answers are right. One more thread reloads the daemon
and kills its converters and holders; a killed converter may cost the answers that wait for it, and no
others."""

import contextlib
import collections
import os
import random
import signal
import subprocess
import threading
import time

import attacks
import fastcgi
import pattern
import processes
from daemon import recipe

CONVERT = "/usr/bin/convert"
THUMB = ("-thumbnail", "{size}", "-strip", "-quality", "80", "jpeg:-")
SIZES = ("40x30", "80x60", "100x100", "64x")
COUNT = {"n": {"type": "integer", "min": 0, "max": 1 << 32}}
LARGE, STEP = 3 << 20, 9973  # bytes of a large answer; the sizes of kept ones are multiples of STEP
KEPT, KEPT_ANSWERS = "2M", 60
PATIENCE_S = 120             # an answer that takes longer counts as lost
JOIN_S = 3                   # for so long after a kill a request may still join the conversion that it ends


def recipes(slots):
    """Two numbers of slots by turns, because a reload has to change something."""
    plenty = {"queue_timeout": "60s", "timeout": "60s"}
    return [
        recipe("thumb", "jpeg:fd:{source.fd}[0]", *THUMB, program=CONVERT, type="image/jpeg", sources=["jpeg"], slots=slots,
               params={"size": {"type": "size", "max": "200x200", "required": True}}, cache=False, stderr_fails=["Premature end"],
               **plenty),
        recipe("kept", "write", "{n}", params=COUNT, **plenty),
        recipe("large", "write", str(LARGE), cache=False, **plenty),
        recipe("live", "write", "{n}", params=COUNT, response="live", slots=slots + 4, **plenty),
        recipe("endless", "endless", response="live", **plenty),
        recipe("short", "hang", cache=False, slots=1, queue=3, queue_timeout="300ms", timeout="60s"),
        recipe("hang", "child", "daemon", "hang", cache=False, **plenty),
        recipe("deaf", "ignore-term", "child", "write", "10", "hang", timeout="300ms", cache=False, queue_timeout="60s"),
        recipe("noisy", "flood-stderr", "100000", "tempfile", "50000", "write", "5000", "exit", "3", cache=False, **plenty),
        recipe("crash", "signal", "11", cache=False, **plenty),
        *attacks.recipes(cache=False, queue_timeout="60s"),
    ]


def settings(cache):
    return {"slots": 4, "status_path": "/status", "ping_path": "/ping", "request_timeout": "2s"}, \
        f'cache {{\n    path = "{cache}"\n    size = {KEPT}\n}}'


class Wrong(Exception):
    """An answer without an explanation."""


class Traffic:
    """rate: requests a second of all clients together, as far as the daemon takes them."""

    def __init__(self, daemon, cache, clients, rate, seed):
        self.daemon, self.cache, self.rate = daemon, cache, rate
        self.random = random.Random(seed)
        self.clients = clients
        self.counts = collections.Counter()
        self.lost = collections.Counter()  # answers that a kill explains
        self._deck = []
        self.wrong = []
        self.kills = collections.Counter()
        self._killed_at = collections.deque(maxlen=1000)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = []
        self._make_sources()

    def _make_sources(self):
        path = self.daemon.file("photo", b"")
        subprocess.run([CONVERT, "-size", "400x300", "plasma:red-blue", "-quality", "90", f"jpeg:{path}"], check=True, timeout=60)
        with open(path, "rb") as file:
            photo = file.read()
        self.daemon.file("half", photo[:len(photo) // 2])
        self.daemon.file("empty", b"")
        self.daemon.file("text", b"no picture\n" * 50)
        self.expected = {size: subprocess.run([CONVERT, f"jpeg:{path}[0]", *(part.replace("{size}", size) for part in THUMB)],
                                              check=True, timeout=60, stdout=subprocess.PIPE).stdout for size in SIZES}

    # The requests, and their right answers

    def _ask(self, uri, *statuses, sink=None, over=None, **more):
        """The answer, if it has one of these statuses. None: a full queue or a kill explains it."""
        start = time.monotonic()
        with contextlib.ExitStack() as stack:
            connection = over or stack.enter_context(self.daemon.connect(timeout=PATIENCE_S))
            answer = connection.get(uri, sink=sink, keep=over is not None, **more)
        if answer.status in statuses and answer.ended:
            return answer
        if answer.status == 503 and answer.ended and int(answer.headers["retry-after"]) >= 1:
            return None
        if (answer.status in (502, 507) or not answer.ended) and self._was_killed(start):
            self._lose(uri)
            return None
        raise Wrong(f"{uri}: {answer}")

    def _was_killed(self, start):
        with self._lock:
            return any(when >= start - JOIN_S for when in self._killed_at)

    def _lose(self, uri):
        """Kept results are shared, so one kill may cost several answers."""
        with self._lock:
            self.lost["shared" if uri.startswith("/kept/") else "own"] += 1

    def _expect(self, right, what):
        if not right:
            raise Wrong(what)

    def _pattern(self, uri, length, delay_s=0.0, **more):
        check = pattern.Checker()

        def take(data):
            check(data)
            if delay_s:
                time.sleep(delay_s)
        answer = self._ask(uri, 200, sink=take, **more)
        if answer:
            self._expect(check.length == length and check.wrong_at is None, f"{uri}: {check.length} bytes, wrong at {check.wrong_at}")
        return answer

    def thumbnail(self, rng):
        size = rng.choice(SIZES)
        answer = self._ask(f"/thumb/photo?size={size}", 200)
        if answer:
            self._expect(bytes(answer.body) == self.expected[size], f"thumbnail {size}: other bytes")
        return answer

    def unchanged(self, rng):
        uri = f"/thumb/photo?size={rng.choice(SIZES)}"
        answer = self._ask(uri, 200)
        return answer and self._ask(uri, 304, HTTP_IF_NONE_MATCH=answer.headers["etag"])

    def kept(self, rng):
        # Squared, so that some are asked for often. There are more than the cache may keep.
        n = int(rng.random() ** 2 * KEPT_ANSWERS) * STEP + 1
        return self._pattern(f"/kept/a?n={n}", n)

    def stream(self, rng):
        n = rng.randrange(1, 1 << 20)
        return self._pattern(f"/live/a?n={n}", n)

    def slow_reader(self, rng):
        n = rng.randrange(1 << 19, 1 << 21)
        uri, n = rng.choice((("/large/a", LARGE), (f"/live/a?n={n}", n)))
        return self._pattern(uri, n, delay_s=rng.uniform(0.005, 0.05))

    def kept_connection(self, rng):
        with self.daemon.connect(timeout=PATIENCE_S) as connection:
            answer = None
            for _ in range(rng.randrange(1, 6)):
                n = rng.randrange(1, 50) * STEP + 1
                answer = self._pattern(f"/kept/a?n={n}", n, over=connection)
                if not answer:
                    break
            return answer

    def cheap(self, rng):
        uri, status, more = rng.choice((
            ("/no/a", 404, {}), ("/thumb/nothing?size=1x1", 404, {}), ("/thumb/photo?size=x", 400, {}), ("/%zz", 400, {}),
            ("/thumb/photo?size=10x10", 405, {"method": "POST"}), ("/ping", 200, {}), ("/status?json", 200, {}),
            ("/status?openmetrics", 200, {}), ("/thumb/photo?size=40x30", 200, {"method": "HEAD"})))
        return self._ask(uri, status, **more)

    def broken_source(self, rng):
        name, status = rng.choice((("half", 422), ("empty", 415), ("text", 415)))
        return self._ask(f"/thumb/{name}?size=40x30", status)

    def deadline(self, rng):
        return self._ask("/deaf/a", 504)

    def failure(self, rng):
        # The holder of a program whose job crashed is replaced. Often, and no job would be warm any more.
        uri, status = rng.choice((("/noisy/a", 422),) * 5 + (("/crash/a", 502),))
        return self._ask(uri, status)

    def hang_up(self, rng):
        """Hangs up at any time: before the request is complete, in the queue, during conversion or answer."""
        uri = rng.choice(("/hang/a", "/short/a", "/large/a", "/live/a?n=3000000", "/endless/a", "/thumb/photo?size=80x60", "/kept/a?n=1500000"))
        data = fastcgi.request(uri)
        with self.daemon.connect(timeout=PATIENCE_S) as connection:
            connection.send(data if rng.random() < 0.8 else data[:rng.randrange(len(data))])
            if rng.random() < 0.2:
                connection.half_close()
            time.sleep(rng.choice((0, 0.02, 0.3)) * rng.random())
        return True

    def viewer(self, rng):
        """Reads a part of an endless film and leaves."""
        check, wanted = pattern.Checker(), rng.randrange(1, 1 << 22)
        start = time.monotonic()
        with self.daemon.connect(timeout=PATIENCE_S) as connection:
            connection.send(fastcgi.request("/endless/a"))
            answer = connection.answer(sink=check, until=lambda _: check.length >= wanted)
        if answer.status == 200 and not answer.broken:
            self._expect(check.wrong_at is None, f"endless: wrong at {check.wrong_at}")
            return answer
        if answer.status != 503:
            self._expect(self._was_killed(start), f"endless: {answer}")
            self._lose("/endless/a")
        return None

    def abort(self, rng):
        """Aborts as HAProxy does; the connection stays usable."""
        with self.daemon.connect(timeout=PATIENCE_S) as connection:
            connection.send(fastcgi.request("/hang/a", keep=True))
            time.sleep(0.2 * rng.random())
            connection.send(fastcgi.record(fastcgi.ABORT_REQUEST, 1))
            answer = connection.answer()
            self._expect(answer.ended, f"abort: {answer}")
            return self._ask("/no/a", 404, over=connection)

    # Attackers, from tests/lib/attacks.py

    def tree(self, rng):
        name = rng.choice(tuple(attacks.TREES))
        return self._ask(f"/{name}/a", *attacks.tree_statuses(name))

    def thief(self, rng):
        answer, _ = attacks.thief(self.daemon, rng.choice(tuple(attacks.THIEVES)))
        return answer.status != 503

    def stalled_peer(self, rng):
        start = time.monotonic()
        try:
            return attacks.stalled_peer(self.daemon, rng.choice(attacks.MORE), rng.choice(("close", "half")))
        except OSError:
            if not self._was_killed(start):
                raise
            self._lose("/stalls/a")
            return None

    KINDS = {"thumbnail": 6, "unchanged": 1, "kept": 6, "stream": 3, "slow_reader": 2, "kept_connection": 2, "cheap": 6,
             "broken_source": 3, "deadline": 1, "failure": 1, "hang_up": 5, "viewer": 1, "abort": 1,
             "tree": 1, "thief": 1, "stalled_peer": 1}

    def _draw(self):
        """Drawn from a shuffled deck, so that every kind has its turn soon, also at a low rate."""
        with self._lock:
            if not self._deck:
                self._deck = [kind for kind, count in self.KINDS.items() for _ in range(count)]
                self.random.shuffle(self._deck)
            return self._deck.pop()

    def _client(self, seed):
        rng = random.Random(seed)
        while not self._stop.wait(rng.expovariate(self.rate / self.clients)):
            kind = self._draw()
            try:
                good = getattr(self, kind)(rng)
                self.counts[kind, bool(good)] += 1
            except (Wrong, OSError, fastcgi.Closed, AssertionError, KeyError) as error:
                self.wrong.append(f"{kind}: {type(error).__name__}: {error}"[:500])

    # Reloads and kills

    def _kill(self, what, pids):
        """Kills one of them; none when it has ended by itself."""
        if not pids:
            return False
        pid = self.random.choice(pids)
        with contextlib.suppress(ProcessLookupError), open_pid(pid) as fd:
            # It is still the same process: the descriptor keeps its number from being used again.
            if pid in processes.children(self.daemon.pid):
                with self._lock:
                    self._killed_at.append(time.monotonic())
                signal.pidfd_send_signal(fd, signal.SIGKILL)
                self.kills[f"{what}s killed"] += 1
                return True
        return False

    def _kill_converter(self):
        others = {*self.daemon.spawners(), *self.daemon.meters(), *self.daemon.holders()}
        return self._kill("converter", [p for p in processes.children(self.daemon.pid) if p not in others])

    def _kill_holder(self):
        return self._kill("holder", self.daemon.holders())

    def _reload(self):
        self.configure(2 + self.kills["reloads"] % 2)
        self.daemon.signal(signal.SIGHUP)
        self.kills["reloads"] += 1
        return True

    def configure(self, slots=2):
        values, section = settings(self.cache)
        self.daemon.configure(section, *recipes(slots), **values)

    def _world(self):
        """A converter every two seconds or as soon as there is one; a holder and a reload less often."""
        deeds = {self._kill_converter: 2, self._kill_holder: 13, self._reload: 7}
        due = dict.fromkeys(deeds, time.monotonic())
        while not self._stop.wait(0.05):
            for deed, every_s in deeds.items():
                if time.monotonic() >= due[deed] and deed():
                    due[deed] = time.monotonic() + every_s

    def start(self):
        self._stop.clear()
        self._threads = [threading.Thread(target=self._client, args=(self.random.random(),), daemon=True) for _ in range(self.clients)]
        self._threads.append(threading.Thread(target=self._world, daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self):
        """All clients finish their current request."""
        self._stop.set()
        for thread in self._threads:
            thread.join(2 * PATIENCE_S)
            if thread.is_alive():
                self.wrong.append("a client does not come back")

    def faults(self):
        """The faults in all answers so far, as text."""
        found = [f"{len(self.wrong)} wrong answers: " + "\n    ".join(self.wrong[:5])] if self.wrong else []
        for kind in self.KINDS:
            good, bad = self.counts[kind, True], self.counts[kind, False]
            if good == 0 and bad >= 10:
                found.append(f"{kind}: none of {bad} had a good answer")
        kills = self.kills["converters killed"] + self.kills["holders killed"]
        if self.lost["own"] > kills:
            found.append(f"{kills} kills cost {self.lost['own']} answers")
        return found

    def requests(self):
        return sum(self.counts.values())


@contextlib.contextmanager
def open_pid(pid):
    fd = os.pidfd_open(pid)
    try:
        yield fd
    finally:
        os.close(fd)
