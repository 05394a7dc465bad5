# SPDX-License-Identifier: MIT
"""The command line: what is printed where, and with which exit status."""

import json
import os
import pwd
import re
import shlex
import shutil
import subprocess

import pytest

import pattern
import tiny
from daemon import FAKE, SANITIZER, SLUICE, Daemon, anybody_may_execute, recipe

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


COMMANDS = ["explain", "render", "check", "recipes", "train", "status", "health", "cache", "help"]


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["help"], *([c, "--help"] for c in COMMANDS), *(["help", c] for c in COMMANDS),
                                       ["-c", "/nonexistent", "explain", "-h"], ["explain", "/a", "--help"]])
def test_help_is_short(arguments):
    done = sluice(*arguments)
    assert done.returncode == 0 and not done.stderr, done
    lines = done.stdout.decode().splitlines()
    assert lines[0].startswith("usage: sluice") and len(lines) <= 30 and max(map(len, lines)) <= 120, lines
    command = next((a for a in arguments if a in COMMANDS and a != "help"), None)
    assert not command or command in lines[0], lines


@pytest.mark.parametrize("arguments", [["--version"], ["-V"], ["explain", "--version"]])
def test_version(arguments):
    done = sluice(*arguments)
    assert done.returncode == 0 and done.stdout.startswith(b"sluice ") and done.stdout.count(b"\n") == 1 and not done.stderr, done


@pytest.mark.parametrize("arguments,words", [
    (["-x"], "option -x"), (["--nonsense"], "option --nonsense"), (["-c"], "-c: FILE is missing"), (["-s"], "-s: SOCKET is missing"),
    (["--json=yes", "recipes"], "--json takes no value"), (["rendr", "/a"], "did you mean render?"), (["nonsense"], "command nonsense"),
    (["sluice.conf"], "is given with -c"), (["help", "statsu"], "did you mean status?"), (["explain"], "explain: URL is missing"),
    (["explain", "/a", "/b"], "/b is too much"), (["recipes", "/a"], "/a is too much"), (["train", "-s", "/x"], "train takes no -s"),
    (["health", "--json"], "health takes no --json"), (["explain", "-o", "x", "/a"], "explain takes no -o"),
    (["render", "-H", "Cookie: a", "/a"], "only \"Accept: TYPE\""), (["-t", "--take-over"], "--take-over"), (["check"], "URL... is missing"),
    (["cache"], "| verify |"), (["status", "xml"], "openmetrics"), (["render", "-z", "/a"], "see sluice render --help"),
    (["bad\n\033[31m"], "no command"), (["-\033"], "no option")])
def test_a_usage_error_is_one_line_and_a_pointer(files, arguments, words):
    arguments = [*arguments, "-c", files.config] if arguments[0] in ("cache", "status") else arguments
    done = sluice(*arguments)
    text = done.stderr.decode()
    assert done.returncode == 2 and not done.stdout, done
    assert words in text and "--help)" in text and text.startswith("sluice: "), text
    assert text.count("\n") == 1 and "\033" not in text, text


def test_options_and_operands_in_any_order(files):
    usual = sluice("explain", "-c", files.config, "/show/a?size=10").stdout
    assert usual
    assert sluice("-c", files.config, "explain", "/show/a?size=10").stdout == usual
    assert sluice("explain", "/show/a?size=10", "-c", files.config).stdout == usual


def test_a_socket_without_its_kind():
    """A daemon that serves, asked by the bare path of its socket."""
    daemon = Daemon(recipe("show", "text", "x"), start=False)
    try:
        daemon.configure(recipe("show", "text", "x"), listen=None)
        daemon.arguments = ["-s", daemon.socket]
        daemon.start()
        assert sluice("health", "-s", daemon.socket).returncode == 0
        daemon.stop()
    finally:
        daemon.close()


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


def test_explain_writes_no_escapes_to_the_terminal(files):
    """Whoever sent the URL chose the name in it."""
    done = sluice("explain", "-c", files.config, "/bytes/x%1b%5b31m%0aline")
    assert done.returncode == 1 and b"\nlooked for: x\\x1b[31m\\x0aline beneath " in done.stderr, done.stderr


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


def test_explain_can_be_pasted(files):
    """The shell runs what the daemon would run, on the same source."""
    shutil.copy(os.path.join(files.root, "photo.png"), os.path.join(files.root, "it's a photo.png"))
    with open(files.config, "a") as file:
        file.write(recipe("cat", "read", "{source.fd}", "|", "cat") + "\n")
    for url in ("/show/it%27s%20a%20photo.png?size=10x20&label=it%20is", "/source/photo.png", "/cat/a"):
        lines = sluice("explain", "-c", files.config, url).stdout.decode().splitlines()
        command = next(line.removeprefix("shell").strip() for line in lines if line.startswith("shell"))
        pasted = subprocess.run(["/bin/sh", "-c", command], capture_output=True, timeout=30)
        rendered = sluice("render", "-c", files.config, url)
        assert pasted.returncode == 0 and rendered.returncode == 0, (command, pasted, rendered)
        assert pasted.stdout == rendered.stdout, command


def test_explain_of_long_data_is_short(files):
    data = "inline:data:image/icc;base64," + "QUJD" * 200
    files.configure(recipe("show", "args", data, "{source}"))
    text = sluice("explain", "-c", files.config, "/show/a").stdout.decode()
    argv = next(line for line in text.splitlines() if line.startswith("argv"))
    shell = next(line for line in text.splitlines() if line.startswith("shell"))
    assert data not in argv and "(800 bytes)" in argv and len(argv) < 300 and data in shell
    assert data in json.loads(sluice("explain", "--json", "-c", files.config, "/show/a").stdout)["programs"][0]["argv"]


def test_explain_as_json(files):
    done = sluice("explain", "--json", "-c", files.config, "/show/photo.png?size=10x20&format=webp")
    told = json.loads(done.stdout)
    assert done.returncode == 0 and told["status"] == 200 and told["recipe"] == "show" and told["path"] == "/show/{source}"
    assert told["values"] == {"size": "10x20", "label": None, "format": "webp"} and told["type"] == "image/webp"
    assert told["source"]["name"] == "photo.png" and told["source"]["type"] == "png" and told["source"]["width"] > 0
    assert told["programs"][0]["path"] == FAKE and told["response"] == "whole" and told["negotiated"] is False
    assert told["programs"][0]["argv"] == rendered_argv(files, "/show/photo.png?size=10x20&format=webp")
    pipe = json.loads(sluice("explain", "--json", "-c", files.config, "/pipe/a?size=10").stdout)
    assert len(pipe["programs"]) == 2
    for url, status in (("/nothing", 404), ("/show/a", 400), ("/pictures/a", 415), ('/show/a?size="%0a', 400)):
        done = sluice("explain", "--json", "-c", files.config, url)
        told = json.loads(done.stdout)
        assert done.returncode == 1 and told["status"] == status and told["error"] and told["url"] == url, done


def test_recipes(files):
    done = sluice("recipes", "-c", files.config)
    text = done.stdout.decode()
    assert done.returncode == 0 and text.count("    path ") == 10, done
    first = text.split("\n\n")[0]
    assert first.startswith("show\n") and "/show/{source}" in first and "every type" in first
    assert re.search(r"size +required +300x200, 300x or x200, at most 100x100", first), first
    assert re.search(r"format +or by Accept +one of webp, jpeg", first), first
    told = json.loads(sluice("recipes", "--json", "-c", files.config).stdout)
    assert [r["name"] for r in told][:3] == ["show", "bytes", "source"]
    size = told[0]["params"][0]
    assert size["name"] == "size" and size["max"] == "100x100" and size["required"] and "at most 100x100" in size["accepts"]
    assert told[0]["params"][2]["values"] == ["webp", "jpeg"] and told[7]["sources"] == ["png"]


@pytest.mark.parametrize("urls,code,statuses", [
    (["/bytes/a", "/live/a"], 0, [200, 200]), (["/bytes/a", "/nothing"], 4, [200, 404]), (["/show/a"], 4, [400]),
    (["/refuse/a", "/missing/a", "/bytes/a"], 5, [422, 500, 200]), (["/late/a"], 5, [502]), (["bytes"], 4, [400])])
def test_check_exits_by_status(files, urls, code, statuses):
    done = sluice("check", "-c", files.config, *urls)
    lines = done.stdout.decode().splitlines()
    assert done.returncode == code, done
    assert [int(line.split()[0]) for line in lines] == statuses, done
    assert [line.split()[1] for line in lines] == urls, done
    for line, status in zip(lines, statuses):
        assert ("3000000 bytes" in line) is (status == 200), line
    assert b"SECRET" not in done.stdout


def test_render_into_the_file_of_o(files):
    out = os.path.join(files.directory, "out")
    done = sluice("render", "-c", files.config, "-o", out, "/bytes/a")
    assert done.returncode == 0 and not done.stdout and b"Status: 200" in done.stderr, done
    with open(out, "rb") as file:
        assert file.read() == pattern.at(0, 3000000)
    os.chmod(out, 0o604)
    for url in ("/refuse/a", "/late/a", "/nothing"):
        assert sluice("render", "-c", files.config, "-o", out, url).returncode == 1
    assert os.path.getsize(out) == 3000000, "a failure leaves the file as it was"
    link = os.path.join(files.directory, "link")
    os.symlink("out", link)
    assert sluice("render", "-c", files.config, "--output", link, "/source/a").returncode == 0
    with open(out, "rb") as file:
        assert file.read() == b"source\n" and os.path.islink(link) and os.stat(out).st_mode & 0o777 == 0o604
    assert sluice("render", "-c", files.config, "-o", "/dev/stdout", "/source/a").stdout == b"source\n"
    assert sorted(os.listdir(files.directory)) == ["link", "media", "out", "sluice.conf", "temp"], "nothing beside it"
    for wrong in ("/nonexistent/x", files.directory, "/dev/full"):
        done = sluice("render", "-c", files.config, "-o", wrong, "/source/a")
        assert done.returncode == 1 and done.stderr, (wrong, done)


@pytest.fixture
def for_another(files):
    """What root prepares for `user`."""
    if os.geteuid() != 0:
        pytest.skip("root alone can become another user")
    if not anybody_may_execute():
        pytest.skip("another user cannot execute what was built")
    os.chmod(files.directory, 0o755)
    os.chmod(files.temp, 0o1777)
    return files


def test_converters_of_commands_run_as_the_user(for_another):
    """Not as root, and confined: neither the shadow file nor another directory of files is there for them."""
    script = "id -u; id -G; test -r /etc/shadow && echo shadow; ls /tmp; grep -h . /etc/hostname"
    files = for_another
    files.configure(recipe("who", "-c", script, "{source}", program="/bin/sh", type="text/plain", exits=["1=200", "2=200"]), user="nobody")
    out = os.path.join(files.directory, "out")
    os.chmod(files.directory, 0o755)
    done = sluice("render", "-c", files.config, "-o", out, "/who/a")
    assert done.returncode == 0, done
    with open(out) as file:
        lines = file.read().splitlines()
    nobody = pwd.getpwnam("nobody")
    assert lines[0] == str(nobody.pw_uid) and lines[1].split()[0] == str(nobody.pw_gid) and "0" not in lines[1].split(), lines
    assert len(lines) == 2, "it sees nothing else"
    assert os.stat(out).st_uid == 0
    assert sluice("check", "-c", files.config, "/who/a").returncode == 0
    assert sluice("render", "-c", files.config, "/who/a").stdout.split()[0].decode() == str(nobody.pw_uid)


def test_commands_of_root_use_no_rights_of_root(for_another):
    """Whoever has become the daemon's user can put a link into the store, and any file among the sources."""
    files = for_another
    store, others = (os.path.join(files.directory, name) for name in ("store", "others"))
    nobody = pwd.getpwnam("nobody")
    os.mkdir(store)
    os.chown(store, nobody.pw_uid, nobody.pw_gid)
    files.configure(f'cache {{\n    path = "{store}"\n    size = 10M\n}}', recipe("r", "copy", "{source}"), user="nobody")
    of_root = os.path.join(others, "0", "00" * 20)
    os.makedirs(os.path.dirname(of_root))
    with open(of_root, "wb"):
        pass
    os.symlink(others, os.path.join(store, "00"))
    for words in (["verify"], ["purge", "*"], ["purge", "--source", "a"], ["ls"], ["stat"]):
        assert b"cache" not in sluice("cache", "-c", files.config, *words).stderr, words
        assert os.path.exists(of_root), words
    assert os.stat(os.path.join(store, "usage")).st_uid == nobody.pw_uid
    assert sluice("explain", "-c", files.config, "/r/a").returncode == 0
    os.chmod(files.file("secret", b"x"), 0o600)
    done = sluice("explain", "-c", files.config, "/r/secret")
    assert done.returncode == 1 and b"Permission denied" in done.stderr, "as the daemon would answer"


def test_train_runs_nothing_as_root_and_lifts_nothing(for_another):
    files = for_another
    marks = os.path.join(files.directory, "marks")
    os.mkdir(marks, 0o777)
    os.chmod(marks, 0o777)
    files.configure(recipe("who", "to", f"{marks}/{{source.fd}}", "write", "1", "text", "x"), recipe("fine", "text", "x"), user="nobody")
    done = sluice("train", "-c", files.config)
    assert done.returncode == 0 and b"recipe fine: opens nothing" in done.stdout, done
    assert os.listdir(marks) == [], "a job may write only in its own directory, in training as well"


def test_train_says_one_line_where_nothing_is_to_be_held(files):
    files.file("bad.png", tiny.png()[:40])
    script = files.file("script", b"#!/bin/sh\nexec cat /dev/fd/3\n")
    os.chmod(script, 0o755)
    files.configure(recipe("cold", "text", "x", start="cold"), recipe("script", "{source}", program=script),
                    recipe("missing", program="/nonexistent"), recipe("refuse", "exit", "3"), recipe("none", "text", "x", sources=["gif"]))
    done = sluice("train", "-c", files.config)
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 0 and len(lines) == 5 and all(line.startswith("# recipe ") for line in lines), done
    for line, words in zip(lines, ("start = cold", "cannot be held", "program is missing", "no sample converts: 422", "no sample: give")):
        assert words in line, lines
    assert b"preload" not in done.stdout and b"request id=" not in done.stderr, done


def test_train_takes_a_sample_that_converts(files):
    """Broken files come first in the directory's order, or not: one of them must not be the last word."""
    for name in ("a1.png", "a2.png", "z1.png", "z2.png"):
        files.file(name, b"\x89PNG\r\n\x1a\n" + bytes(40))
    files.file("photo.png", tiny.png())
    files.configure(recipe("picture", "{source.format}:fd:{source.fd}", "png:-", program="convert", sources=["png"]))
    done = sluice("train", "-c", files.config)
    assert done.returncode == 0 and b"png.so" in done.stdout and b"no sample" not in done.stdout, done


def test_train_believes_no_converter(files, tmp_path):
    """What stands on its standard error may be a hostile file's. A module has to be one, and to lie where neither converters nor those
    who upload files can write."""
    with open("/proc/self/maps") as maps:
        module = next(line.split()[-1] for line in maps if re.search(r"/libm[-.]\S*so", line) or "/libz.so" in line or "/libc.so" in line)
    bait = [files.file("evil.so", b"\x7fELF" + bytes(60)), os.path.join(files.temp, "evil.so"), str(tmp_path / "open.so"), "/etc/passwd",
            "/nonexistent.so", '/etc/"x']
    for path in bait[1:3]:
        shutil.copy(bait[0], path)
    os.chmod(bait[2], 0o666)
    report = "".join(f"     1:\tfile={path} [0];  dynamically loaded by x [0]\n" for path in [*bait, module])
    files.configure(recipe("tell", "stderr", report, "text", "x"))
    done = sluice("train", "-c", files.config)
    assert done.returncode == 0 and re.findall(r'"([^"]+)"', done.stdout.decode()) == [module], done
    os.remove(bait[1])


COMPLETIONS = [
    (["re"], ["recipes", "render"]), (["cache", ""], ["ls", "purge", "stat", "verify", "warm"]), (["render", "--"], ["--help", "--output"]),
    (["-c", "FILE", "ex"], ["explain"]), (["help", "tr"], ["train"]), (["--t"], ["--take-over"]), (["explain", "--j"], ["--json"]),
    (["status", "j"], ["json"]), (["-c", "FILE"], ["FILE"]), (["recipes", "--j"], ["--json"]), (["health", "--j"], [])]


@pytest.mark.parametrize("typed,offered", COMPLETIONS)
def test_bash_completion(files, typed, offered):
    """bash itself, without the package bash-completion."""
    script = os.path.join(os.path.dirname(__file__), "../../etc/bash-completion/sluice")
    words = [files.config[:-1] if w == "FILE" and typed[-1] == w and i == len(typed) - 1 else files.config if w == "FILE" else w
             for i, w in enumerate(typed)]
    expected = [files.config if w == "FILE" else w for w in offered]
    code = f"""source {shlex.quote(script)}
        COMP_WORDS=(sluice {' '.join(map(shlex.quote, words))}); COMP_CWORD={len(words)}
        _sluice; printf '%s\\n' "${{COMPREPLY[@]}}"; complete -p sluice"""
    done = subprocess.run(["bash", "--norc", "-c", code], capture_output=True, text=True, timeout=30,
                          env={"PATH": f"{os.path.dirname(SLUICE)}:/usr/bin:/bin"})
    lines = done.stdout.splitlines()
    assert "_sluice sluice" in lines.pop(), done
    assert sorted(filter(None, lines)) == expected and not done.stderr, done
