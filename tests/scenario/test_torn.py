# SPDX-License-Identifier: MIT
"""A source that is overwritten in place while a converter reads it: no client gets a mixture, and none is kept.

The converter is a script that reads the source, waits for a FIFO that is named by what it has read, and reads the source again.
So the test knows what a run has read, and decides when it goes on."""

import contextlib
import os
import shutil
import threading
import time

import pytest

import fastcgi
from daemon import SLOW, recipe
from gate import Gate
from processes import wait_until

pytestmark = pytest.mark.usefixtures("nothing_left")

SCRIPT = """#!/bin/sh
[ "$3" = named ] && set -- "$(realpath -e "$1")" "$2" "$3" "$4"
first=$(cat "$1")
[ "$4" = early ] && echo "$first"
cat "$2/$first"
second=$(cat "$1")
[ "$3" = strict ] && [ "$first" != "$second" ] && exit 1
echo "$first $second"
"""
YEAR = "public, max-age=31536000, immutable"


def write_script(path, text):
    """Another user may execute it."""
    path.write_text(text)
    path.chmod(0o755)


class Gates:
    """A daemon whose conversions go on when the test says so."""

    def __init__(self, sluice, tmp_path, *blocks, mode="loose", early="late", timeout="60s", **options):
        self.gates = tmp_path / "gates"
        self.gates.mkdir()
        for content in ("before", "after!", "third!"):
            os.mkfifo(self.gates / content)
            os.chmod(self.gates / content, 0o644)
        script = tmp_path / "script"
        write_script(script, SCRIPT)
        self.daemon = sluice(*blocks, recipe("r", "{source}", str(self.gates), mode, early, program=str(script),
                                             read=[str(self.gates)], cache_control=YEAR, timeout=timeout, **options))
        self.write("before")

    def write(self, content):
        with open(os.path.join(self.daemon.root, "s"), "wb") as file:
            file.write(content.encode())

    @contextlib.contextmanager
    def run(self, content):
        """While a run waits that has read this; it goes on afterwards."""
        def waiting():
            with contextlib.suppress(OSError):  # ENXIO: no script has opened it
                return os.open(self.gates / content, os.O_WRONLY | os.O_NONBLOCK)
            return None
        gate = wait_until(waiting, 10 * SLOW, lambda: f"a run with {content}; log:\n{self.daemon.log.text()[-1000:]}")
        yield
        os.close(gate)

    @contextlib.contextmanager
    def asked(self, count=1, **more):
        connections = [self.daemon.connect() for _ in range(count)]
        for connection in connections:
            connection.send(fastcgi.request("/r/s", **more))
        yield connections
        for connection in connections:
            connection.close()


def store(tmp_path):
    (tmp_path / "store").mkdir()
    return f'cache {{\n    path = "{tmp_path / "store"}"\n    size = 10M\n}}'


def entries(tmp_path):
    return list((tmp_path / "store").glob("??/?/*"))


@pytest.mark.parametrize("mode", ["loose", "strict"])
@pytest.mark.parametrize("how", ["alone", "kept", "joined"])
def test_overwritten_once(sluice, tmp_path, how, mode):
    """It is converted once more, whatever the first run has come to, and the second result is as good as any."""
    blocks = [] if how == "alone" else [store(tmp_path)]
    gates = Gates(sluice, tmp_path, *blocks, mode=mode)
    mark = gates.daemon.log.mark()
    with gates.asked(3 if how == "joined" else 1) as connections:
        with gates.run("before"):
            gates.write("after!")
        with gates.run("after!"):
            pass
        for connection in connections:
            answer = connection.answer()
            assert answer.status == 200 and answer.text == "after! after!\n", answer
            assert answer.headers["cache-control"] == YEAR and answer.headers["etag"]
    lines = gates.daemon.log.wait_request(mark, len(connections))
    assert all("converted again" in line.text for line in lines) or how == "joined", lines
    if how != "alone":
        mark = gates.daemon.log.mark()
        again = gates.daemon.get("/r/s")
        assert again.headers["etag"] == answer.headers["etag"] and gates.daemon.log.wait_request(mark)[0]["cache"] == "hit"
        assert len(entries(tmp_path)) == 1


def test_overwritten_and_the_time_set_back(sluice, tmp_path):
    """As rsync and exiftool -P do it; the size is the same, too."""
    gates = Gates(sluice, tmp_path)
    source = os.path.join(gates.daemon.root, "s")
    times = os.stat(source)
    with gates.asked() as (connection,):
        with gates.run("before"):
            gates.write("after!")
            os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
        with gates.run("after!"):
            pass
        assert connection.answer().text == "after! after!\n"


@pytest.mark.parametrize("change", [lambda path: os.chmod(path, 0o604), lambda path: os.link(path, path + "-2")])
def test_another_mode_or_name_is_not_another_content(sluice, tmp_path, change):
    gates = Gates(sluice, tmp_path)
    with gates.asked() as (connection,):
        with gates.run("before"):
            change(os.path.join(gates.daemon.root, "s"))
        assert connection.answer().text == "before before\n"


def test_the_copy_has_a_name(sluice, tmp_path):
    """Some programs look where the path leads to, and want no deleted file."""
    gates = Gates(sluice, tmp_path, mode="named")
    with gates.asked() as (connection,):
        with gates.run("before"):
            gates.write("after!")
        with gates.run("after!"):
            gates.write("third!")
        assert connection.answer().text == "after! after!\n"


@pytest.mark.parametrize("how", ["removed", "moved"])
def test_the_copy_is_where_the_directory_is(sluice, tmp_path, how):
    """And does not stay in one that was moved away, or over which something is mounted."""
    gates = Gates(sluice, tmp_path, mode="named")
    daemon = gates.daemon
    directory, = (entry.path for entry in os.scandir(daemon.temp))
    away = daemon.directory + "/away"
    with gates.asked() as (connection,):
        with gates.run("before"):
            gates.write("after!")
            os.rename(directory, away)
            if how == "removed":
                shutil.rmtree(away)
        with gates.run("after!"):
            gates.write("third!")
        assert connection.answer().text == "after! after!\n"
    if how == "moved":
        assert [name for name in os.listdir(away) if not name.startswith("job")] == []
        shutil.rmtree(away)
    daemon.take_baseline()


@pytest.mark.parametrize("how", ["alone", "kept"])
def test_overwritten_again(sluice, tmp_path, how):
    """The second run reads a copy, so its result is no mixture; it is of a source that is gone, so it is not to be kept."""
    blocks = [] if how == "alone" else [store(tmp_path)]
    gates = Gates(sluice, tmp_path, *blocks)
    with gates.asked() as connections:
        with gates.run("before"):
            gates.write("after!")
        with gates.run("after!"):
            gates.write("third!")
        for connection in connections:
            answer = connection.answer()
            assert answer.status == 200 and answer.text == "after! after!\n", answer
            assert answer.headers["cache-control"] == "no-store" and "etag" not in answer.headers and "last-modified" not in answer.headers
    if how != "alone":
        assert entries(tmp_path) == []
    with gates.asked() as (connection,):
        with gates.run("third!"):
            pass
        answer = connection.answer()
    assert answer.text == "third! third!\n" and answer.headers["cache-control"] == YEAR


def test_too_large_to_be_copied(sluice, tmp_path):
    """It is converted as it is, and the answer says that it is not to be kept."""
    gates = Gates(sluice, tmp_path, store(tmp_path), temp_max=5)
    with gates.asked() as (connection,):
        with gates.run("before"):
            gates.write("after!")
        with gates.run("after!"):
            gates.write("third!")
        answer = connection.answer()
    assert answer.status == 200 and answer.text == "after! third!\n"
    assert answer.headers["cache-control"] == "no-store" and "etag" not in answer.headers and entries(tmp_path) == []


def test_replaced_by_another_file(sluice, tmp_path):
    """As it should be done: the converter has the old file, and its result is that of the old file."""
    gates = Gates(sluice, tmp_path)
    with gates.asked() as (connection,):
        with gates.run("before"):
            gates.daemon.file("new", b"after!")
            os.rename(os.path.join(gates.daemon.root, "new"), os.path.join(gates.daemon.root, "s"))
        answer = connection.answer()
        assert answer.text == "before before\n" and answer.headers["etag"]


def test_within_the_deadline(sluice, tmp_path):
    """The second run has what the first one has left."""
    gates = Gates(sluice, tmp_path, timeout=f"{2 * SLOW}s")
    with gates.asked() as (connection,):
        with gates.run("before"):
            gates.write("after!")
            time.sleep(SLOW)
        with gates.run("after!"):
            answer = connection.answer()
        assert answer.status == 504, answer
    line = gates.daemon.log.wait_request(0, status="504")[-1]
    assert "converted again" in line.text and float(line["convert_ms"]) < 1500 * SLOW, line.text


def test_live_before_its_first_byte(sluice, tmp_path):
    gates = Gates(sluice, tmp_path, response="live")
    with gates.asked() as (connection,):
        with gates.run("before"):
            gates.write("after!")
        with gates.run("after!"):
            pass
        answer = connection.answer()
        assert answer.status == 200 and answer.ended and not answer.broken and answer.text == "after! after!\n", answer


@pytest.mark.parametrize("cached", [False, True])
def test_live_after_its_first_byte(sluice, tmp_path, cached):
    """The answer has promised a year already, so it must not look complete."""
    blocks = [store(tmp_path)] if cached else []
    gates = Gates(sluice, tmp_path, *blocks, early="early", response="live", cache=cached)
    with gates.asked() as (connection,):
        with gates.run("before"):
            answer = connection.answer(until=lambda answer: answer.length > 0)
            gates.write("after!")
        answer = connection.answer(into=answer)
        assert answer.status == 200 and not answer.ended, answer
    if cached:
        assert entries(tmp_path) == []


SOUND = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\xff\xff\xff\xff"


@pytest.mark.parametrize("response", ["whole", "live"])
def test_a_recording_grows(sluice, tmp_path, response):
    """What stood there is still right: no second run, no broken stream; but a whole result is not kept."""
    gate = Gate(tmp_path)
    daemon = sluice(recipe("r", "write", "10", *gate.steps, "write", "10", **gate.options, response=response, timeout="60s",
                           cache_control=YEAR))
    path = daemon.file("s", SOUND + bytes(1000))
    with daemon.connect() as connection:
        connection.send(fastcgi.request("/r/s"))
        with gate.waiting(daemon), open(path, "ab") as file:
            file.write(bytes(1000))
        answer = connection.answer()
    assert answer.status == 200 and answer.ended and answer.length == 20
    if response == "whole":
        assert answer.headers["cache-control"] == "no-store" and "etag" not in answer.headers
    assert "converted again" not in daemon.log.wait_request(0)[-1].text


PICTURES = [b"\xff\xd8\xff\xe0" + bytes([value]) * 1996 for value in (1, 2)]


@contextlib.contextmanager
def overwriting(path, pause):
    """A program that overwrites a picture all the time; a page of it at a time, so that no half of it is left to read."""
    stop = threading.Event()

    def work():
        with open(path, "r+b", buffering=0) as file:
            for number in range(1 << 30):
                os.pwrite(file.fileno(), PICTURES[number % 2], 0)
                if stop.wait(pause) if pause else stop.is_set():
                    return
    thread = threading.Thread(target=work)
    thread.start()
    yield
    stop.set()
    thread.join()


def test_no_half_picture(sluice, tmp_path):
    """26 of 142 answers were mixtures with 200."""
    script = tmp_path / "slowly"
    write_script(script, "#!/bin/sh\nhead -c 1000 $1\nsleep 0.03\ntail -c 1000 $1\n")
    daemon = sluice(recipe("r", "{source}", program=str(script), timeout="60s"))
    path = daemon.file("s", PICTURES[0])
    good = 0
    with overwriting(path, 0.09):
        for _ in range(20):
            answer = daemon.get("/r/s")
            assert answer.status in (200, 503), answer
            assert answer.status == 503 or bytes(answer.body) in PICTURES
            good += answer.status == 200
    assert good > 0


def test_never_left_alone(sluice):
    """No copy is possible: an honest 503 in place of a half picture. Another source is converted as it is."""
    daemon = sluice(recipe("r", "copy", "{source}", cache_control=YEAR))
    path = daemon.file("s", PICTURES[0])

    def refused():
        answer = daemon.get("/r/s")
        assert answer.status in (200, 503), answer
        assert answer.headers["cache-control"] == "no-store" or bytes(answer.body) in PICTURES
        return answer if answer.status == 503 else None
    with overwriting(path, 0):
        answer = wait_until(refused, 20 * SLOW)
        assert answer.headers["retry-after"] == "1" and "being written to" in answer.text and "etag" not in answer.headers
    assert daemon.get("/r/s").status == 200


def test_a_clock_in_steps_of_seconds(sluice, tmp_path):
    """Another write within the step would have the same time: nothing is promised, and nothing kept, until the step is over."""
    daemon = sluice(store(tmp_path), recipe("r", "text", "x", cache_control=YEAR))
    path = os.path.join(daemon.root, "a")

    def fresh():
        now = int(time.time())
        os.utime(path, (now, now))
        mark = daemon.log.mark()
        answer = daemon.get("/r/a", HTTP_IF_NONE_MATCH="*", HTTP_IF_MODIFIED_SINCE=time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(now)))
        line = daemon.log.wait_request(mark)[0]
        return (answer, line) if time.time() < now + 1.9 else None
    for _ in range(2):
        answer, line = wait_until(fresh, 20 * SLOW)
        assert answer.status == 200 and answer.headers["cache-control"] == "no-store", answer
        assert "etag" not in answer.headers and "last-modified" not in answer.headers and line["cache"] == "off"
        assert entries(tmp_path) == []
    os.utime(path, (time.time() - 9, int(time.time()) - 9))
    for way in ("miss", "hit"):
        mark = daemon.log.mark()
        answer = daemon.get("/r/a")
        assert answer.headers["cache-control"] == YEAR and answer.headers["etag"] and daemon.log.wait_request(mark)[0]["cache"] == way
