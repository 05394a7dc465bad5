# SPDX-License-Identifier: MIT
"""The command line: what is printed where, and with which exit status."""

import os
import subprocess

import pytest

import pattern
import tiny
from daemon import FAKE, SANITIZER, SLUICE, Daemon, recipe

PARAMS = {"size": {"type": "size", "max": "100x100", "required": True},
          "label": {"type": "text", "max": 30},
          "format": {"type": "format", "values": ["webp", "jpeg"]}}


@pytest.fixture
def files():
    """A configuration that nobody has started."""
    daemon = Daemon(
        recipe("show", "args", "{size}", "two words", "", "$HOME;`id`", "it's", "[", "-label", "{label}", "]", "{source}", "{format}:-",
               params=PARAMS),
        recipe("bytes", "write", "3000000", type="image/test", cache_control="max-age=5"),
        recipe("source", "read", "{source.fd}"),
        recipe("live", "write", "3000000", response="live"),
        recipe("refuse", "stderr", "SECRET", "write", "10", "exit", "3"),
        recipe("late", "write", "3000000", "exit", "3", response="live"),
        recipe("missing", program="/nonexistent"),
        recipe("pictures", "text", "x", sources=["png"]),
        recipe("pipe", "write", "10", "|", FAKE, "args", "{size}", params=PARAMS),
        recipe("touch", "to", "/proc/self/cwd/../../started", "write", "1", "text", "x"),
        start=False)
    daemon.file("photo.png", tiny.png())
    yield daemon
    assert daemon.temporary_files() == []
    daemon.close()


def sluice(*arguments, **more):
    environment = {"PATH": "/usr/bin:/bin", **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}}
    done = subprocess.run([SLUICE, *arguments], capture_output=True, timeout=30, stdin=subprocess.DEVNULL, env=environment,
                          **more)
    assert b"Sanitizer" not in done.stderr, done.stderr
    return done


def test_help_and_version():
    done = sluice("-h")
    assert done.returncode == 0 and b"explain" in done.stdout and b"-c" in done.stdout and not done.stderr, done
    done = sluice("-V")
    assert done.returncode == 0 and done.stdout.startswith(b"sluice ") and not done.stderr, done


@pytest.mark.parametrize("arguments", [["-x"], ["--nonsense"], ["-c"], ["-s"], ["-c", "FILE", "-s", "nowhere"], ["explain", "-c", "FILE"],
                                       ["render", "-c", "FILE"], ["nonsense", "-c", "FILE"], ["-t", "-c", "FILE", "extra"],
                                       ["explain", "-c", "FILE", "/a", "/b"]])
def test_wrong_usage(files, arguments):
    done = sluice(*(files.config if a == "FILE" else a for a in arguments))
    assert done.returncode > 0 and done.stderr and not done.stdout, done


def test_check(files):
    done = sluice("-t", "-c", files.config)
    assert done.returncode == 0, done


def test_effective_configuration_is_one(files):
    first = sluice("-T", "-c", files.config)
    assert first.returncode == 0 and b"recipe show" in first.stdout, first
    again = os.path.join(files.directory, "again.conf")
    with open(again, "wb") as file:
        file.write(first.stdout)
    second = sluice("-T", "-c", again)
    assert second.returncode == 0 and second.stdout == first.stdout, second.stderr
    url = "/show/a?size=10&label=a%20b"
    assert sluice("explain", "-c", again, url).stdout == sluice("explain", "-c", files.config, url).stdout


BROKEN = {
    "timeout = 10": "10s",
    'nonsense = "1"': "nonsense",
    'run = {"{x}"}': "x",
    "recipe {": None,
    'param p { type = sizes }': "size",
    '"': None,
}


@pytest.mark.parametrize("line", BROKEN)
def test_broken_configuration(files, line):
    with open(files.config, "w") as file:
        file.write(f'root = "{files.root}"\n\nrecipe x {{\n    path = "/{{source}}"\n    {line}\n    run = {{"true"}}\n}}\n')
    for arguments in (["-t"], [], ["explain", "/a"], ["render", "/a"], ["-T"]):
        done = sluice(*arguments[:1], "-c", files.config, *arguments[1:])
        assert done.returncode > 0, (arguments, done)
        errors = done.stderr.decode()
        assert f"{files.config}:" in errors and not done.stdout, (arguments, done)
    done = sluice("-t", "-c", files.config)
    number = int(done.stderr.decode().split(f"{files.config}:")[1].split(":")[0])
    assert 3 <= number <= 8, done.stderr
    if BROKEN[line]:
        assert BROKEN[line] in done.stderr.decode()


@pytest.mark.parametrize("path", ["/nonexistent/sluice.conf", "/", "/dev/null"])
def test_no_configuration(path):
    done = sluice("-t", "-c", path)
    assert done.returncode > 0 and path.encode() in done.stderr, done


def rendered_argv(files, url):
    done = sluice("render", "-c", files.config, url)
    assert done.returncode == 0, done
    return done.stdout.decode().split("\0")[:-1]


@pytest.mark.parametrize("url", ["/show/a?size=10", "/show/a?size=10x20&label=it%20is", "/show/photo.png?size=x20&format=webp"])
def test_explain_prints_what_render_runs(files, url):
    argv = rendered_argv(files, url)
    assert argv[0] == FAKE and argv[1] == "args"
    done = sluice("explain", "-c", files.config, url)
    assert done.returncode == 0, done
    text = done.stdout.decode()
    assert "show" in text and "size" in text and url.split("/")[2].split("?")[0] in text, text
    # The argv stands there so that a shell would read the same (nobody ever gives it one, but people do).
    line = next(line for line in text.splitlines() if FAKE in line and "args" in line)
    command = line[line.index(FAKE):]
    read = subprocess.run(["/bin/sh", "-c", f"for a in {command[len(FAKE):]}; do printf '%s\\0' \"$a\"; done"], capture_output=True)
    assert read.stdout.decode().split("\0")[:-1] == argv[1:], text


def test_explain_runs_nothing(files):
    done = sluice("explain", "-c", files.config, "/missing/a")
    assert b"/nonexistent" in done.stdout
    before = set(os.listdir("/tmp"))
    assert sluice("explain", "-c", files.config, "/touch/a").returncode == 0
    assert "started" not in set(os.listdir("/tmp")) - before


@pytest.mark.parametrize("url,word", [("/nothing/a", "recipe"), ("/show/a", "size"), ("/show/a?size=x", "size"), ("/show/nothing?size=1", ""),
                                      ("/pictures/a", ""), ("/show/%zz", "")])
def test_explain_says_why_not(files, url, word):
    done = sluice("explain", "-c", files.config, url)
    assert done.returncode > 0, done
    assert word in (done.stdout + done.stderr).decode(), done


@pytest.mark.parametrize("name", ["bytes", "live"])
def test_render(files, name):
    done = sluice("render", "-c", files.config, f"/{name}/a")
    assert done.returncode == 0, done.stderr

    assert done.stdout == pattern.at(0, 3000000)
    if name == "bytes":
        head = done.stderr.decode().lower()
        assert "200" in head and "content-type: image/test" in head and "content-length: 3000000" in head, head
        assert "cache-control: max-age=5" in head, head


@pytest.mark.parametrize("url,status", [("/refuse/a", 422), ("/nothing", 404), ("/show/a", 400), ("/missing/a", 500), ("/pictures/a", 415),
                                        ("/bytes/../../etc/passwd", 404)])
def test_render_fails(files, url, status):
    done = sluice("render", "-c", files.config, url)
    assert done.returncode > 0, done
    assert str(status) in done.stderr.decode(), done


def test_render_late_failure(files):
    done = sluice("render", "-c", files.config, "/late/a")
    assert done.returncode > 0, done.stderr


def test_render_into_a_file_and_into_nothing(files):
    out = os.path.join(files.directory, "out")
    environment = {"PATH": "/usr/bin:/bin"}
    with open(out, "wb") as file:
        done = subprocess.run([SLUICE, "render", "-c", files.config, "/bytes/a"], stdout=file, stderr=subprocess.PIPE, timeout=30, env=environment)
    assert done.returncode == 0 and os.path.getsize(out) == 3000000
    with open("/dev/full", "wb") as file:
        done = subprocess.run([SLUICE, "render", "-c", files.config, "/bytes/a"], stdout=file, stderr=subprocess.PIPE, timeout=30, env=environment)
    assert done.returncode > 0
    reader = subprocess.Popen([SLUICE, "render", "-c", files.config, "/live/a"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    reader.stdout.read(10)
    reader.stdout.close()
    assert reader.wait(10) > 0 or SANITIZER
    reader.stderr.close()
