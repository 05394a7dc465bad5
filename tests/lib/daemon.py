# SPDX-License-Identifier: MIT
"""A sluice of the test's own: configuration, start, stop, and the count of what it holds."""

import contextlib
import itertools
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import unittest

import callfilter
import container
import fastcgi
import processes
from clock import SANITIZER, SLOW, Moment, elapsed, taken  # noqa: F401 (for the tests)
from logfile import Log
from processes import wait_until

SLUICE = os.environ.get("SLUICE", os.path.join(os.path.dirname(__file__), "../../build/sluice"))
FAKE = os.environ.get("FAKE", os.path.join(os.path.dirname(__file__), "../../build/tests/fakes/fake-converter"))
SLUICE, FAKE = os.path.abspath(SLUICE), os.path.abspath(FAKE)
FILES_SEEN_MAX = 5000
# Options of container.enter(), in JSON: every daemon of a test is process 1 of a container then.
CONTAINED = json.loads(os.environ.get("SLUICE_CONTAINED", "null"))
# Every daemon of a test gets no user namespaces, as on Ubuntu 24.04.
NO_USER_NAMESPACES = bool(os.environ.get("SLUICE_NO_USER_NAMESPACES"))
_ids = itertools.count(1)


def anybody_may_execute():
    """Whether another user can run what was built; not below /root, say."""
    return all(os.stat(part).st_mode & 0o001 for path in (SLUICE, FAKE) for part in (path, *map(str, pathlib.Path(path).parents)))


def remove_tree(path):
    """Of any depth."""
    subprocess.run(["rm", "-rf", "--", path], stderr=subprocess.DEVNULL, check=False)


def quote(value):
    """A string of sluice.conf."""
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _option(name, value):
    if isinstance(value, bool):
        return f"{name} = {'true' if value else 'false'}"
    if isinstance(value, (list, tuple)):
        return f"{name} = {{{', '.join(quote(v) for v in value)}}}"
    return f"{name} = {quote(value) if isinstance(value, str) else value}"


def recipe(name, *run, path=None, params=None, program=None, **options):
    """A recipe block. run: what follows the fake converter; the URL is /NAME/{source} unless path says so."""
    lines = [f"recipe {name} {{", f"    path = {quote(path or f'/{name}/{{source}}')}"]
    for param, declared in (params or {}).items():
        inside = "  ".join(_option(k, v) for k, v in declared.items())
        lines.append(f"    param {param} {{ {inside} }}")
    lines.append("    " + _option("run", [program or FAKE, *run]))
    lines += [f"    {_option(k, v)}" for k, v in options.items()]
    return "\n".join(lines + ["}"])


class Daemon:
    """Settings are global options of sluice.conf. Unless told otherwise it listens on a unix socket in its directory."""

    def __init__(self, *recipes, start=True, arguments=(), environment=None, **settings):
        self.directory = tempfile.mkdtemp(prefix="sluice-test-")
        self.root = os.path.join(self.directory, "media")
        self.temp = os.path.join(self.directory, "temp")
        os.mkdir(self.root)
        os.mkdir(self.temp)
        self.file("a", b"source\n")
        self.socket = os.path.join(self.directory, "sock")
        self.address = self.socket
        self.config = os.path.join(self.directory, "sluice.conf")
        self.stderr_path = os.path.join(self.directory, "stderr")
        self.log = Log(self.stderr_path)
        self.arguments = list(arguments)
        self.environment = environment or {}
        self.process = None
        self.contained = False
        self.baseline = None
        self.configure(*recipes, **settings)
        if start:
            self.start()

    def configure(self, *recipes, **settings):
        settings.setdefault("listen", f"unix:{self.socket}")
        settings.setdefault("root", self.root)
        settings.setdefault("temp_path", self.temp)
        lines = [_option(k, v) for k, v in settings.items() if v is not None]
        with open(self.config, "w") as file:
            file.write("\n".join(lines + list(recipes)) + "\n")

    def file(self, name, content):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def start(self, prefix=(), wait=True, contained=None, user=None, **popen):
        """contained: the options of a container, see container.enter(). user: by number, without further groups."""
        if contained is None and CONTAINED is not None:
            if prefix:
                raise unittest.SkipTest("it has a launcher of its own")
            contained = CONTAINED
        self.contained = contained is not None
        filtered = NO_USER_NAMESPACES and not self.contained  # a container of the test's own says what it has
        if filtered and {"-Ur", "--user"} & set(prefix):
            raise unittest.SkipTest("its launcher makes a user namespace")
        if self.contained:
            os.chmod(self.directory, os.stat(self.directory).st_mode & 0o7777 | 0o055)
            prefix = [*container.prefix(self.directory, **contained, user=user), *prefix]
        elif user is not None:
            popen.update(user=user, group=user, extra_groups=[])
        environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **self.environment}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS", "LLVM_PROFILE_FILE"):
            if name in os.environ:
                environment[name] = os.environ[name]
        with open(self.stderr_path, "ab") as stderr:
            popen.setdefault("stdin", subprocess.DEVNULL)
            hook = popen.pop("preexec_fn", lambda: None)
            self.process = subprocess.Popen(
                [*prefix, SLUICE, "-c", self.config, *self.arguments], stdout=stderr, stderr=stderr, env=environment,
                preexec_fn=lambda: (processes.die_with_parent(), hook(), filtered and callfilter.refuse(user_namespaces=True)), **popen)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        """Waits until it answers, and takes what it holds then as what an idle daemon holds."""
        def answers():
            if self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}:\n{self.log.text()}")
            try:
                connection = self.connect()
                try:
                    connection.values("FCGI_MPXS_CONNS")
                    return connection
                except fastcgi.Closed:
                    connection.close()
            except (FileNotFoundError, ConnectionRefusedError):
                pass
            return None
        connection = wait_until(answers, 10 * SLOW, lambda: f"{self.address} answers; log:\n{self.log.text()}")
        # Threads and their descriptors may be made with the first requests. When the daemon has closed the last
        # connection none of it is counted.
        with connection:
            for _ in range(4):
                connection.get("/there-is-no-such-recipe", keep=True)
            connection.get("/there-is-no-such-recipe")
            assert connection.wait_closed(5 * SLOW) is not None, "keep_conn = 0, and the connection stays"
        self.take_baseline()

    def take_baseline(self):
        """What it holds now is what it holds when it is idle."""
        def settled():
            """Two looks are the same: a holder that was killed at the start may be on its way out."""
            before = self.holdings()
            time.sleep(0.03)
            return before if before == self.holdings() else None
        self.baseline = wait_until(settled, 10 * SLOW)

    def late(self):
        """Programs that were too slow for being held at the start of the daemon, on a busy machine, and are not held yet."""
        text = self.log.text()
        return [program for program in re.findall(r"is not held yet.* program=(\S+)", text)
                if not re.search(rf"(is held|cannot be held.*) program={re.escape(program)} ", text)]

    def wait_held(self, never=()):
        """Such a program is held a little later, and the daemon has descriptors for it then."""
        wait_until(lambda: set(self.late()) <= set(never), 60 * SLOW, lambda: f"not held: {self.late()}")
        self.take_baseline()

    @property
    def pid(self):
        return container.daemon(self.process.pid) if self.contained else self.process.pid

    def _commands(self):
        return {p: processes.command(p) or [b""] for p in processes.children(self.pid)}

    def spawners(self):
        return [p for p, command in self._commands().items() if b"--spawner" in command]

    def meters(self):
        return [p for p, command in self._commands().items() if b"--meter" in command]

    def holders(self):
        """Programs that wait for jobs, and their standbys."""
        return [p for p, command in self._commands().items() if command[0].startswith(b"sluice: holder of ")]

    def wait_holder_and_standby(self):
        """Of the only held program. The holder was there first; numbers alone begin anew at times."""
        def found():
            since = {pid: (int(fields[19]), pid) for pid in self.holders() if (fields := processes.stat_fields(pid))}
            return sorted(since, key=since.get) if len(since) == 2 else None
        return wait_until(found, 10 * SLOW)

    def converters(self):
        """Whatever was started for requests: children of the daemon, and who carries its directory's name."""
        found = set(processes.children(self.pid)) | set(processes.marked(self.temp + "/"))
        # After that: a standby that comes between the two would be taken for a converter.
        own = {p for p, command in self._commands().items()
               if command[0].startswith(b"sluice: holder of ") or {b"--spawner", b"--meter"} & set(command)}
        return sorted(found - own - {self.pid})

    def wait_converters(self, count, timeout=10):
        return wait_until(lambda: found if len(found := self.converters()) >= count else None, timeout * SLOW,
                          lambda: f"{count} converters; there are {self.converters()}; log:\n{self.log.text()[-2000:]}")

    def temporary_files(self):
        found, left = [], [self.temp]
        while left and len(found) < FILES_SEEN_MAX:  # os.walk goes down by recursion, and converters make trees of any depth
            with contextlib.suppress(OSError), os.scandir(left.pop()) as entries:
                for entry in entries:
                    found.append(os.path.relpath(entry.path, self.temp))
                    if entry.is_dir(follow_symlinks=False):
                        left.append(entry.path)
        return sorted(found)

    def open_temporary_files(self):
        return [what for what in processes.descriptors(self.pid).values()
                if what.startswith(self.directory) and what.endswith("(deleted)")]

    def holdings(self):
        return {
            "descriptors": len(processes.descriptors(self.pid)),
            "spawner": [len(processes.descriptors(p)) for p in self.spawners()],
            "converters": self.converters(),
            "files": len(self.temporary_files()),
        }

    def assert_nothing_left(self, timeout=3):
        """What the daemon holds is again what it held before the test."""
        def told():
            return (f"left behind: {self.holdings()}, before: {self.baseline}\n"
                    f"descriptors: {processes.descriptors(self.pid)}\nfiles: {self.temporary_files()}\n"
                    f"processes: {[(p, processes.command(p)) for p in self.converters()]}\n"
                    f"log:\n{self.log.text()[-3000:]}")
        self.assert_no_sanitizer_report()
        assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.log.text()[-6000:]}"
        wait_until(lambda: self.holdings() == self.baseline, timeout * SLOW, told)

    def get(self, uri, **more):
        return fastcgi.get(self.address, uri, **more)

    def logged(self, uri, connection=None, **more):
        """(the answer, its request's line in the log)"""
        mark, wanted = self.log.mark(), more.setdefault("HTTP_X_REQUEST_ID", f"test-{next(_ids)}")
        answer = connection.get(uri, keep=True, **more) if connection else self.get(uri, **more)
        return answer, self.log.wait_request(mark, id=wanted)[0]

    def connect(self, **more):
        return fastcgi.Connection(self.address, **more)

    def rss_kib(self):
        return processes.memory_kib(self.pid)

    def signal(self, number):
        """To the process that was started, as a manager does it. In a container what that does not pass on goes to the daemon."""
        passed = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
        os.kill(container.first(self.process.pid) if self.contained and number in passed else self.pid, number)

    def wait(self, timeout):
        """For its end; its exit status."""
        wait_until(lambda: self.process.poll() is not None, timeout, lambda: f"its end; log:\n{self.log.text()[-3000:]}")
        return self.process.returncode

    def stop(self):
        """By TERM; the end has to be a clean one."""
        if self.process and self.process.poll() is None:
            self.signal(signal.SIGTERM)
            self.wait(10 * SLOW)
            self.assert_no_sanitizer_report()
            assert self.process.returncode == 0, f"ended with {self.process.returncode}:\n{self.log.text()[-6000:]}"
            assert self.temporary_files() == [], self.temporary_files()
        self.assert_no_sanitizer_report()

    def assert_no_sanitizer_report(self):
        text = self.log.text()
        found = re.search(r"Sanitizer|runtime error:", text)
        assert not found, text[max(0, found.start() - 100):found.start() + 5000]

    def close(self):
        """The end of the test, good or bad."""
        try:
            if self.process and self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            left = processes.wait_gone(processes.marked(self.directory), 5 * SLOW)
            for pid in left:
                os.kill(pid, signal.SIGKILL)
        finally:
            remove_tree(self.directory)
