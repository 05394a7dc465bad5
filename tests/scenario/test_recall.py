# SPDX-License-Identifier: MIT
"""What the loop's thread answers itself from what it remembers of the same request: that it does so, and that it never says anything that is
not so any more. The second hit of a URL is the first one that can be remembered, so everything is asked three times before something changes."""

import array
import concurrent.futures
import contextlib
import fcntl
import glob
import os
import pathlib
import signal
import subprocess
import termios
import time

import pytest

import fastcgi
import pattern
from clock import left
from daemon import SLOW, SLUICE, Moment, recipe
from ports import free_port
from processes import wait_until

SIZES = (1, 10000, 60000)  # in memory; larger ones are opened
N = {"n": {"type": "integer"}}
WHOLE = recipe("whole", "write", "{n}", params=N)


@pytest.fixture
def kept(sluice, tmp_path):
    """Starts daemons with a store."""
    store = tmp_path / "store"
    store.mkdir()

    def make(*recipes, more="", size="100M", **settings):
        daemon = sluice(f'cache {{\n    path = "{store}"\n    size = {size}\n    {more}\n}}', *recipes, **settings)
        daemon.store = str(store)
        return daemon
    return make


def entries(daemon):
    return [path for path in glob.glob(f"{daemon.store}/??/?/*") if os.path.isfile(path)]


def ask(daemon, uri, **more):
    """The answer and how it came about: hit, miss, off, or None."""
    answer, line = daemon.logged(uri, **more)
    assert answer.ended, answer
    return answer, line.get("cache")


def learn(daemon, uri, **more):
    answers = [ask(daemon, uri, **more) for _ in range(4)]
    assert [how for _, how in answers] == ["miss", "hit", "hit", "hit"], answers
    assert len({bytes(answer.body) for answer, _ in answers}) == 1
    fields = [{name: value for name, value in answer.headers.items() if name != "server-timing"} for answer, _ in answers]
    assert [each.pop("cache-status") for each in fields] == ["sluice; fwd=miss; stored"] + 3 * ["sluice; hit"]
    assert fields[0] == fields[1] == fields[2] == fields[3]
    return answers[-1][0]


def switches_of_workers(daemon):
    """How often its worker threads have gone to sleep."""
    count = 0
    for task in glob.glob(f"/proc/{daemon.pid}/task/*/status"):
        try:
            fields = dict(line.split(":\t", 1) for line in pathlib.Path(task).read_text().splitlines() if ":\t" in line)
        except (OSError, ValueError):
            continue  # it has ended
        if fields["Name"] == "sluice-worker":
            count += int(fields["voluntary_ctxt_switches"])
    return count


def counted(daemon, uri, times, **more):
    """How many of so many requests the loop's thread answered. A worker that answers goes to sleep at least once for each; it
    also does what the memo has to have done now and then, so the quietest of some rounds counts."""
    woken = []
    for _ in range(5):
        mark, before = daemon.log.mark(), switches_of_workers(daemon)
        answers = [daemon.get(uri, **more) for _ in range(times)]
        daemon.log.wait_request(mark, times)
        woken.append(switches_of_workers(daemon) - before)
        if woken[-1] <= 4:
            return answers, times
    return answers, times - min(woken)


@pytest.fixture
def countable(sluice):
    if not os.path.exists("/proc/self/task"):
        pytest.skip("no /proc")


@pytest.mark.parametrize("size", SIZES)
def test_hits_are_answered_by_the_loop(kept, countable, size):
    daemon = kept(WHOLE)
    uri = f"/whole/a?n={size}"
    tag = learn(daemon, uri).headers["etag"]
    for status, more in ((200, {}), (304, {"HTTP_IF_NONE_MATCH": tag}), (206, {"HTTP_RANGE": "bytes=0-0"}), (200, {"method": "HEAD"}),
                         (412, {"HTTP_IF_MATCH": '"x"'}), (416, {"HTTP_RANGE": f"bytes={size}-"})):
        answers, by_loop = counted(daemon, uri, 20, **more)
        assert {answer.status for answer in answers} == {status} and by_loop == 20, more
        if status == 200 and not more:
            assert all(bytes(answer.body) == pattern.at(0, size) for answer in answers)


def test_longer_hits_are_sent_by_workers(kept):
    daemon = kept(WHOLE)
    for size in (63488, 63489, 65528, 200000, 3 << 20):
        answer = learn(daemon, f"/whole/a?n={size}")
        assert answer.length == size
        part, how = ask(daemon, f"/whole/a?n={size}", HTTP_RANGE=f"bytes={size - 7}-")
        assert part.status == 206 and bytes(part.body) == pattern.at(size - 7, 7) and how == "hit"


def test_refusals_and_304_are_answered_by_the_loop(sluice, countable):
    daemon = sluice(recipe("one", "pause", "{p}", "write", "{n}", params={**N, "p": {"type": "integer", "default": 0}},
                           slots=1, queue=0, timeout="120s"))
    tag = daemon.get("/one/a?n=5").headers["etag"]
    with daemon.connect() as long:
        long.send(fastcgi.request("/one/a?n=6&p=100000"))
        daemon.wait_converters(1)
        time.sleep(0.6)  # longer than a look at what makes the result is taken as new
        answers, by_loop = counted(daemon, "/one/a?n=5", 20)
        assert {answer.status for answer in answers} == {503} and by_loop == 20
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
        answers, by_loop = counted(daemon, "/one/a?n=5", 20, HTTP_IF_NONE_MATCH=tag)
        assert {answer.status for answer in answers} == {304} and by_loop == 20
        assert not any("retry-after" in answer.headers for answer in answers)
        # What nobody has asked for before, and what is not there.
        assert daemon.get("/one/a?n=7").status == 503
        assert daemon.get("/one/b?n=5").status == 404 and daemon.get("/one/a?n=x").status == 400
    daemon.assert_nothing_left()
    assert daemon.get("/one/a?n=5").status == 200


def test_head_of_a_live_recipe_needs_no_slot(sluice):
    daemon = sluice(recipe("live", "write", "5", "hang", response="live", slots=1, queue=0))
    assert daemon.get("/live/a", method="HEAD").status == 200
    with daemon.connect() as long:
        long.send(fastcgi.request("/live/a"))
        daemon.wait_converters(1)
        assert daemon.get("/live/a").status == 503
        assert daemon.get("/live/a", method="HEAD").status == 200


def write(path, content):
    with open(path, "wb") as file:
        file.write(content)


@pytest.mark.parametrize("change", ["content", "time", "replaced", "removed", "directory", "outside", "elsewhere", "parent", "moved out"])
@pytest.mark.parametrize("size", [100, 200000])
def test_another_source_is_seen_at_once(kept, change, size):
    daemon = kept(recipe("copy", "copy", "{source}", "write", "{n}", params=N))
    path = daemon.file("in/b", b"one")
    uri = f"/copy/in/b?n={size}"
    first = learn(daemon, uri)
    status, begins = 200, b"two"
    if change == "content":
        write(path, b"two")
    elif change == "time":
        os.utime(path, (1, 1))
        begins = b"one"
    elif change == "replaced":
        write(path + ".new", b"two")
        os.rename(path + ".new", path)
    elif change == "removed":
        os.unlink(path)
        status = 404
    elif change == "directory":
        os.unlink(path)
        os.mkdir(path)
        status = 404
    elif change == "outside":
        write(os.path.join(daemon.directory, "secret"), b"two")
        os.unlink(path)
        os.symlink("../../secret", path)
        status = 404
    elif change == "moved out":
        os.rename(os.path.join(daemon.root, "in"), os.path.join(daemon.directory, "out"))
        os.symlink("../out", os.path.join(daemon.root, "in"))
        status = 404
    elif change == "elsewhere":
        daemon.file("in/c", b"two")
        os.unlink(path)
        os.symlink("c", path)
    else:
        os.rename(os.path.join(daemon.root, "in"), os.path.join(daemon.root, "out"))
        daemon.file("in/b", b"two")
    for expected in ("miss", "hit", "hit") if status == 200 else (None, None, None):
        answer, how = ask(daemon, uri)
        assert (answer.status, how) == (status, expected)
        if status == 200:
            assert bytes(answer.body).startswith(begins) and answer.headers["etag"] != first.headers["etag"]
    assert daemon.get(uri, HTTP_IF_NONE_MATCH=first.headers["etag"]).status == status


def test_a_thousand_changes(kept):
    """No moment between a look and its use: what is answered was there after the request came."""
    daemon = kept(recipe("copy", "copy", "{source}"))
    with fastcgi.Connection(daemon.address) as connection:
        for number in range(1000 // SLOW):
            content = b"%d" % (number // 3)
            if number % 3 == 0:
                write(os.path.join(daemon.root, "new"), content)
                os.rename(os.path.join(daemon.root, "new"), os.path.join(daemon.root, "a"))
            assert bytes(connection.get("/copy/a", keep=True).body) == content


@pytest.mark.parametrize("way", ["command", "unlink", "overwritten", "foreign", "link", "whole store"])
@pytest.mark.parametrize("size", [1000, 200000])
def test_what_the_store_has_lost_is_made_again(kept, way, size):
    daemon = kept(WHOLE)
    uri = f"/whole/a?n={size}"
    learn(daemon, uri)
    path, = entries(daemon)
    if way == "command":
        subprocess.run([SLUICE, "cache", "-c", daemon.config, "purge", "*"], check=True, timeout=60 * SLOW, capture_output=True)
    elif way == "overwritten":
        write(path, b"x" * (size - 1))
    elif way == "whole store":
        subprocess.run(["rm", "-r", *glob.glob(f"{daemon.store}/??")], check=True, timeout=60)
    else:
        os.unlink(path)
        if way == "foreign":
            write(path, b"x" * size)
        elif way == "link":
            os.symlink("/etc/passwd", path)
    for expected in ("miss", "hit", "hit"):
        answer, how = ask(daemon, uri)
        assert how == expected and bytes(answer.body) == pattern.at(0, size)


def test_a_new_result_in_the_place_of_the_old_one(kept, tmp_path):
    """The converter says something else by now: what it said is in the store, as long, with the source's time, and often with the number
    of the file that was removed."""
    says = tmp_path / "says"
    daemon = kept(recipe("say", "copy", str(says), "text", "{n}{m}", params={**N, "m": {"type": "integer"}}, confine="off"))
    for number in range(10):
        daemon.file("a", b"%d" % number)
        says.write_bytes(b"old")
        one, other = f"/say/a?n={number}&m=7", f"/say/a?m=7&n={number}"
        assert bytes(learn(daemon, one).body) == b"old%d7" % number
        for path in entries(daemon):
            os.unlink(path)
        says.write_bytes(b"new")
        for uri, how in ((other, "miss"), (one, "hit"), (other, "hit"), (one, "hit")):
            answer, found = ask(daemon, uri)
            assert (bytes(answer.body), found) == (b"new%d7" % number, how)


def test_slow_readers_of_hits_leave_threads_for_others(kept):
    daemon = kept(WHOLE, start=False, slots=2, send_timeout="60s")
    daemon.start(prefix=("/usr/bin/prlimit", "--nofile=520:520"))
    uri = f"/whole/a?n={8 << 20}"
    learn(daemon, uri)
    with contextlib.ExitStack() as stack:
        slow = []
        for _ in range(250):
            slow.append(stack.enter_context(daemon.connect()))
            slow[-1].send(fastcgi.request(uri))  # at once: who has said nothing for a second may have to go
        statuses = [connection.answer(until=lambda answer: answer.status).status for connection in slow]
        assert set(statuses) == {200, 503}
        assert daemon.get("/no/a").status == 404 and daemon.get("/whole/a?n=x").status == 400
        assert daemon.get(uri, HTTP_IF_NONE_MATCH="*").status == 304


def ask_until_cut(daemon, uri):
    """A connection that reads nothing, and the lines of its requests up to one whose answer was cut; None where that does not come. Those
    before were answered or refused as a whole: what makes the result is looked at now and then, by a thread that needs a place."""
    connection, lines = fastcgi.Connection(daemon.address, receive_buffer=2048), []
    mark = daemon.log.mark()
    while len(lines) < 100:
        name = f"slow-{len(lines)}"
        connection.send(fastcgi.request(uri, keep=True, HTTP_X_REQUEST_ID=name))
        try:
            lines += daemon.log.wait_request(mark, timeout=1 * SLOW, id=name)
        except AssertionError:  # the buffers are full to the brim, and it waits as a whole
            break
        if "stream" in lines[-1]:
            return connection, lines
    return connection, None


def cut(kept, stack, size):
    """(connection, lines) as above, of answers of this size, where all places are taken by slow readers."""
    daemon = kept(WHOLE, start=False, slots=2, send_timeout="600s")
    daemon.start(prefix=("/usr/bin/prlimit", "--nofile=520:520"))
    uri, large = f"/whole/a?n={size}", f"/whole/a?n={8 << 20}"
    assert daemon.get(large).status == 200
    learn(daemon, uri)

    def none_is_free():
        # What was not asked for during ten seconds is forgotten, and needs a place then; this needs none.
        assert daemon.get(uri, HTTP_IF_NONE_MATCH="*").status == 304
        connection = stack.enter_context(daemon.connect())
        connection.send(fastcgi.request(large))
        return connection.answer(until=lambda answer: answer.status).status == 503
    wait_until(none_is_free, 60 * SLOW)
    slow, lines = ask_until_cut(daemon, uri)
    stack.enter_context(slow)
    return slow, lines


def test_the_log_tells_of_an_answer_that_is_cut(kept):
    """Nobody can send the rest of a hit that one more slow reader does not take at once."""
    for size in (60000 - 2777 * i for i in range(6)):
        with contextlib.ExitStack() as stack:
            slow, lines = cut(kept, stack, size)
            if not lines:
                continue
            assert {(line["status"], line["outcome"]) for line in lines[:-1]} <= {("200", "ok"), ("503", "overloaded")}, lines
            last = lines[-1]
            assert (last["status"], last["outcome"]) == ("503", "overloaded") and "no place" in last["reason"], last.text
            assert last["stream"] == "broken" and last["cache"] == "hit", last.text
            answers = [slow.answer() for _ in lines[:-1]]
            assert [str(answer.status) for answer in answers] == [line["status"] for line in lines[:-1]]
            assert all(answer.ended and (answer.status == 503 or bytes(answer.body) == pattern.at(0, size)) for answer in answers)
            assert 200 in {answer.status for answer in answers}
            return
    raise AssertionError("no answer was cut")


def test_another_configuration_is_another_answer(kept):
    daemon = kept(recipe("whole", "write", "{n}", params=N, type="image/png", cache_control="max-age=1"))
    first = learn(daemon, "/whole/a?n=10")
    section = f'cache {{\n    path = "{daemon.store}"\n}}'

    def reload(*blocks, **settings):
        mark = daemon.log.mark()
        daemon.configure(*blocks, **settings)
        daemon.signal(signal.SIGHUP)
        daemon.log.wait_text("reloaded", mark)

    reload(section, recipe("whole", "write", "{n}", params=N, type="image/png", cache_control="max-age=2"))
    second, how = ask(daemon, "/whole/a?n=10")
    assert how == "hit" and second.headers["cache-control"] == "max-age=2" and second.headers["etag"] == first.headers["etag"]
    reload(section, recipe("whole", "write", "{n}", "write", "1", params=N, type="image/png"))
    third, how = ask(daemon, "/whole/a?n=10")
    assert how == "miss" and third.length == 11 and "cache-control" not in third.headers
    reload(recipe("other", "write", "{n}", params=N))
    assert daemon.get("/whole/a?n=10").status == 404
    reload(section, WHOLE, server_timing=True, request_id=True)
    for _ in range(3):
        answer = daemon.get("/whole/a?n=10", HTTP_X_REQUEST_ID="mine")
        assert "total" in answer.headers["server-timing"] and answer.headers["x-request-id"] == "mine"


def test_each_accept_has_its_own(kept):
    daemon = kept(recipe("pick", "text", "{f}", params={"f": {"type": "format", "values": ["webp", "jpeg"]}}))
    for _ in range(4):
        for accept, kind in (("image/webp", "webp"), ("image/jpeg", "jpeg"), ("image/webp,*/*;q=0.1", "webp"), (None, "jpeg")):
            answer = daemon.get("/pick/a", **({"HTTP_ACCEPT": accept} if accept else {}))
            assert answer.headers["content-type"] == f"image/{kind}" and answer.headers["vary"] == "Accept"
        assert "vary" not in daemon.get("/pick/a?f=jpeg", HTTP_ACCEPT="image/webp").headers


def test_an_earlier_recipe_wins_when_its_source_appears(kept):
    daemon = kept(recipe("first", "text", "first", path="/{source}.jpg"), recipe("second", "text", "second", path="/{source}"))
    daemon.file("b.jpg", b"x")
    for _ in range(4):
        assert bytes(daemon.get("/b.jpg").body) == b"second"
    daemon.file("b", b"x")
    assert bytes(daemon.get("/b.jpg").body) == b"first"


@pytest.mark.parametrize("send,field", [("x-accel-redirect:/store", "x-accel-redirect"), ("x-sendfile", "x-sendfile")])
def test_handed_over_as_long_as_it_is_there(kept, countable, send, field):
    daemon = kept(WHOLE, more=f'send = "{send}"')
    uri = "/whole/a?n=200000"
    ask(daemon, uri)
    ask(daemon, uri)
    answers, by_loop = counted(daemon, uri, 20)
    assert by_loop == 20 and all(answer.headers[field] and answer.length == 0 for answer in answers)
    tag = answers[0].headers["etag"]
    # What is not left to the web server.
    for more, status in (({"HTTP_IF_MATCH": tag}, 200), ({"HTTP_RANGE": "bytes=0-9", "HTTP_IF_RANGE": tag}, 206),
                         ({"HTTP_IF_RANGE": tag}, 200), ({"HTTP_IF_UNMODIFIED_SINCE": answers[0].headers["last-modified"]}, 200),
                         ({"HTTP_RANGE": "bytes=200000-"}, 416)):
        answer, how = ask(daemon, uri, **more)
        assert how == "hit" and (answer.status == status or field in answer.headers), (more, answer)
        assert field in answer.headers or answer.status == 416 or answer.length in (10, 200000), (more, answer)
    os.unlink(entries(daemon)[0])
    answer, how = ask(daemon, uri)
    assert how == "miss" and answer.status == 200


def test_short_ones_are_not_handed_over(kept, countable):
    daemon = kept(WHOLE, more='send = "x-accel-redirect:/store"\n    send_from = 50000')
    for size in (49999, 50000, 200000):
        uri = f"/whole/a?n={size}"
        for _ in range(3):
            ask(daemon, uri)
        answers, by_loop = counted(daemon, uri, 10)
        assert by_loop == 10
        for answer in answers:
            assert ("x-accel-redirect" in answer.headers) == (size >= 50000) == (answer.length == 0)
        part, how = ask(daemon, uri, HTTP_RANGE="bytes=0-9")
        assert how == "hit" and (part.status == 206) == (size < 50000)


def test_used_is_used(kept):
    """Who is only ever answered from memory is no candidate for eviction."""
    daemon = kept(WHOLE, size="1M")
    learn(daemon, "/whole/a?n=50000")
    for size in range(60000, 60020):
        daemon.get(f"/whole/a?n={size}")
        assert ask(daemon, "/whole/a?n=50000")[1] == "hit"
        time.sleep(0.11)  # it is told to the store ten times a second
    assert len(entries(daemon)) < 20


def waiting_bytes(connection):
    count = array.array("i", [0])
    fcntl.ioctl(connection.socket, termios.FIONREAD, count)
    return count[0]


def ask_until_full(daemon, uri, size):
    """A connection whose buffers are full of answers that nobody has read, and how many were asked for: the last one is on its way."""
    connection = fastcgi.Connection(daemon.address, receive_buffer=2048)
    for asked in range(1, 200):
        connection.send(fastcgi.request(uri, keep=True))
        seen, since = 0, Moment()
        while waiting_bytes(connection) < asked * size:
            if waiting_bytes(connection) > seen:
                seen, since = waiting_bytes(connection), Moment()
            if left(since, 1) <= 0:
                return connection, asked
            time.sleep(0.001)
    raise AssertionError("no end of buffers")


@pytest.fixture(params=["unix", "tcp"])
def listening(request, kept):
    """Makes daemons on either kind of socket."""
    def make(*recipes, **settings):
        if request.param == "tcp":
            port = free_port()
            settings["listen"] = f"tcp:127.0.0.1:{port}"
        daemon = kept(*recipes, start=False, **settings)
        if request.param == "tcp":
            daemon.address = ("127.0.0.1", port)
        return daemon.start()
    return make


def test_who_reads_slowly_gets_all_and_holds_up_nobody(listening):
    daemon = listening(WHOLE)
    uri = "/whole/a?n=60000"
    learn(daemon, uri)
    slow = [ask_until_full(daemon, uri, 60000) for _ in range(2)]
    for _ in range(20):
        assert daemon.get(uri).length == 60000
    for connection, asked in slow:
        with connection:
            for _ in range(asked):
                answer = connection.answer()
                assert answer.ended and bytes(answer.body) == pattern.at(0, 60000)
            assert connection.get(uri, keep=True).length == 60000


def test_who_does_not_read_is_given_up(kept):
    daemon = kept(WHOLE, send_timeout="1s")
    uri = "/whole/a?n=60000"
    learn(daemon, uri)
    mark = daemon.log.mark()
    connection, asked = ask_until_full(daemon, uri, 60000)
    with connection:
        for _ in range(20):
            assert daemon.get(uri).length == 60000
        daemon.log.wait_request(mark, outcome="send-failed")
        answers = [connection.answer() for _ in range(asked)]
        assert [answer.ended for answer in answers] == [True] * (asked - 1) + [False]


def test_what_nobody_asks_for_is_forgotten(kept):
    daemon = kept(WHOLE)
    before = daemon.rss_kib()
    for size in range(50000, 50400):
        for _ in range(2):
            assert daemon.get(f"/whole/a?n={size}").length == size
    held = daemon.rss_kib() - before
    assert held < (8 + 8) * 1024 * SLOW  # RECALL_BYTES, and the rest of it
    for size in range(50000, 50400):
        assert daemon.get(f"/whole/a?n={size}").length == size


def test_many_at_once_while_everything_changes(kept):
    """Requests, purges, changes of the source and reloads beside each other: every answer is one of the two that can be."""
    daemon = kept(recipe("copy", "copy", "{source}", "write", "5000"), slots=4)
    contents = (b"one", b"two")
    wanted = {content + pattern.at(0, 5000) for content in contents}
    daemon.file("a", contents[0])
    stop = time.monotonic() + 3

    def client():
        asked = 0
        with fastcgi.Connection(daemon.address) as connection:
            while time.monotonic() < stop:
                answer = connection.get("/copy/a", keep=True)
                assert answer.status == 200 and bytes(answer.body) in wanted, answer
                asked += 1
        return asked

    def disturb():
        number = 0
        while time.monotonic() < stop:
            number += 1
            write(os.path.join(daemon.root, "new"), contents[number % 2])
            os.rename(os.path.join(daemon.root, "new"), os.path.join(daemon.root, "a"))
            for path in entries(daemon) if number % 3 == 0 else ():
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
            if number % 10 == 0:
                daemon.signal(signal.SIGHUP)
            time.sleep(0.02)

    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        disturbed = pool.submit(disturb)
        clients = [pool.submit(client) for _ in range(4)]
        assert all(done.result() > 0 for done in clients)
        disturbed.result()
    assert "not an entry" not in daemon.log.text()


def test_a_log_that_nobody_reads_does_not_stop_the_loop(kept):
    daemon = kept(WHOLE, ping_path="/ping", start=False)
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        daemon.start(wait=False, preexec_fn=lambda: os.dup2(writer, 2))
        uri = "/whole/a?n=100"

        def answers():
            """The name is there a moment before anybody listens."""
            with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
                return fastcgi.get(daemon.address, uri).status == 200
            return False
        wait_until(answers, 10 * SLOW)
        for _ in range(3):
            assert fastcgi.get(daemon.address, uri).status == 200
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writer, b"x" * 4096)
        os.set_blocking(writer, True)
        with fastcgi.Connection(daemon.address) as waiting:
            waiting.send(fastcgi.request(uri))
            for _ in range(3):
                assert bytes(fastcgi.get(daemon.address, "/ping").body) == b"ok\n"
            while waiting.is_open():
                os.read(reader, 65536)
                time.sleep(0.01)
            assert bytes(waiting.answer().body) == pattern.at(0, 100)
    finally:
        os.close(writer)
        os.close(reader)
