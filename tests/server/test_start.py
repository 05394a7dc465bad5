# SPDX-License-Identifier: MIT
"""Started by somebody who made the socket before: systemd, spawn-fcgi; and the files for both that etc/ ships."""

import re
import socket
import stat
import subprocess

import pytest

import fastcgi
import ports
import webservers
from daemon import SLOW
from websites import Site

ETC = webservers.ETC


class Started(Site):
    """Without a web server: the configuration says nothing of a socket."""

    def __init__(self):
        super().__init__(webservers.LighttpdSpawn)
        self.argv = [self.program("sluice"), "-c", str(self.config)]

    def run(self, argv, **more):
        self.daemon = webservers.Process(argv, self.directory / "log" / "console.log", **more)
        self.daemon.wait_for(self.socket.exists, 10 * SLOW)

    def start(self):
        pass


@pytest.fixture
def started():
    with Started() as one:
        yield one


def assert_answers(site, address=None):
    for _ in range(3):
        answer = fastcgi.get(address or str(site.socket), "/quick/a")
        assert (answer.status, answer.body) == (200, b"quick"), site.told()


def need(program):
    found = webservers.find_program(program)
    if not found:
        pytest.skip(f"not installed: {program}")
    return found


def keep_listen(site, address):
    """As the shipped configuration has it, for a daemon that no one gives a socket."""
    site.config.write_text(f'listen = "{address}"\n' + site.config.read_text())


def test_spawn_fcgi(started):
    """The shipped script, but for the paths and for the users, which only root can change."""
    need("spawn-fcgi")
    text = (ETC / "spawn-fcgi/run").read_text()
    for old, new in (("/run/sluice/sluice.sock", str(started.socket)),
                     ("/usr/bin/sluice -c /etc/sluice/sluice.conf", " ".join(started.argv)),
                     ("-U root -G www-data", ""), ("-u sluice -g sluice", "")):
        assert old in text
        text = text.replace(old, new)
    script = started.directory / "run"
    script.write_text(text)
    started.run(["/bin/sh", str(script)])
    assert stat.S_IMODE(started.socket.stat().st_mode) == 0o660
    assert_answers(started)


def test_spawn_fcgi_with_listen(started):
    spawn = need("spawn-fcgi")
    keep_listen(started, f"unix:{started.socket}")
    started.run([spawn, "-n", "-s", str(started.socket), "--", *started.argv])
    assert_answers(started)
    assert "a socket was inherited; `listen` is ignored" in started.told()


@pytest.mark.parametrize("listen", [None, "the same", "another"])
def test_systemd_socket_activation(started, listen):
    activate = need("systemd-socket-activate")
    other = started.directory / "another.sock"
    if listen:
        keep_listen(started, f"unix:{other if listen == 'another' else started.socket}")
    started.run([activate, f"--listen={started.socket}", *started.argv])
    assert_answers(started)
    assert ("a socket was inherited; `listen` is ignored" in started.told()) == bool(listen)
    assert not other.exists()


def test_the_command_line_goes_before_an_inherited_socket(started):
    """-s is said for this one run."""
    activate = need("systemd-socket-activate")
    other = started.directory / "tmp" / "another.sock"
    other.parent.mkdir(exist_ok=True)
    other.parent.chmod(0o777)
    started.run([activate, f"--listen={started.socket}", *started.argv, "-s", f"unix:{other}"])
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(started.socket))  # that is what starts it
        started.daemon.wait_for(other.exists, 10 * SLOW)
    assert_answers(started, str(other))


@pytest.mark.parametrize("own", [True, False], ids=["for-us", "for-another-process"])
def test_listen_fds(started, own):
    """LISTEN_PID names who the sockets are for: when it is not us, they are not ours."""
    program = "import os, socket, sys\n" \
              "s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1] + '~'); s.listen(16); os.rename(sys.argv[1] + '~', sys.argv[1])\n" \
              "t = socket.socket(); t.bind(('127.0.0.1', int(sys.argv[2]))); t.listen(16)\n" \
              "n = (os.dup(s.fileno()) + 9, os.dup(t.fileno()) + 9)\n" \
              "os.dup2(s.fileno(), n[0]); os.dup2(t.fileno(), n[1]); os.dup2(n[0], 3); os.dup2(n[1], 4)\n" \
              "os.environ.update(LISTEN_FDS='2', LISTEN_PID=str(os.getpid() + int(sys.argv[3])))\n" \
              "os.execv(sys.argv[4], sys.argv[4:])\n"
    port = ports.free_port()
    argv = ["/usr/bin/python3", "-c", program, str(started.socket), str(port), "0" if own else "1", *started.argv]
    started.run(argv)
    if own:
        assert_answers(started)
        assert_answers(started, ("127.0.0.1", port))
    else:
        assert started.daemon.process.wait(10 * SLOW) not in (0, None)
        assert "listen" in started.told()
        started.daemon = None


def test_systemd_units(tmp_path):
    analyze = need("systemd-analyze")
    for name in ("sluice.service", "sluice.socket"):
        text = (ETC / "systemd" / name).read_text()
        text = text.replace("/usr/bin/sluice", "/usr/bin/true")
        text = re.sub(r"^Documentation=.*\n", "", text, flags=re.M)  # man pages may not be installed here
        (tmp_path / name).write_text(text)
    done = subprocess.run([analyze, "verify", tmp_path / "sluice.service", tmp_path / "sluice.socket"],
                          capture_output=True, text=True, timeout=60, check=False)
    said = [line for line in (done.stdout + done.stderr).splitlines() if "sluice" in line]
    assert done.returncode == 0 and not said, done.stderr


def test_snippets_agree():
    """One socket path and one program path in all of etc/, so that an administrator changes nothing."""
    sockets, commands = set(), set()
    for path in ETC.rglob("*"):
        if path.is_file():
            for line in path.read_text().splitlines():
                if not line.lstrip().startswith("#"):
                    sockets.update(re.findall(r"/run/[\w./-]*sluice\.sock", line))
                    commands.update(re.findall(r"/[\w/]*/sluice -c [\w./-]+", line))
    assert commands == {"/usr/bin/sluice -c /etc/sluice/sluice.conf"}
    sockets.discard("/run/lighttpd/sluice.sock")  # lighttpd's own, in a directory where it may make one
    assert len(sockets) == 1, sockets
