# SPDX-License-Identifier: MIT
"""One daemon, on a kernel that is made to look like another one, and a burglar as its converter: what does it reach? Nothing here
knows what it may reach; confinement.py does."""

import concurrent.futures
import dataclasses
import os
import re
import shutil
import socket
import sys
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))

import callfilter  # noqa: E402
import processes  # noqa: E402
from daemon import SLOW, SLUICE, Daemon, recipe  # noqa: E402
from logfile import Log  # noqa: E402
from processes import wait_until  # noqa: E402

BUILD = HERE.parents[1] / "build/tests/hostile/burglar"
BURGLAR = Path(os.environ.get("BURGLAR", BUILD / "burglar"))
LISTENER = Path(os.environ.get("LISTENER", BUILD / "listener"))
ROOT = os.geteuid() == 0
USER = "nobody"

DONE, REFUSED, ENDED = "done", "refused", "ended"
# What the kernel or a filter says when it does not want to. Anything else has been looked at by the kernel.
REFUSALS = {"EPERM", "EACCES", "ENOSYS", "ESRCH", "EXDEV", "EFBIG", "ENOMEM", "EDQUOT",
            "EOPNOTSUPP", "no-effect"}
SIGWINCH, SIGURG = 28, 23

# What ends the job, executes something, or takes its time needs a job of its own.
HOSTILE_CALLS = ("ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp process_madvise mount umount2 pivot_root open_tree fsopen "
                 "open_by_handle_at bpf perf_event_open userfaultfd keyctl add_key request_key kexec_load init_module finit_module "
                 "delete_module quotactl swapoff acct reboot").split()
EXECUTIONS = ["exec-other", "exec-interpreter", "exec-file", "exec-script", "exec-memfd", "exec-memfd-link", "exec-linker",
              "exec-linker-memfd"]
LIMITS = ["memory-private", "memory-shared", "memory-files", "temp-files", "temp-unnamed", "temp-large", "memory-in-flight", "temp-in-flight",
          "leave-process", "stay"]
ALONE = HOSTILE_CALLS + EXECUTIONS
AMOUNT_MIB, MEMORY, TEMP_MAX = 64, "32M", "8M"


@dataclasses.dataclass(frozen=True)
class Kernel:
    """abi: of Landlock, at most; around: what the daemon was started in: None, "listener" or "filter"."""
    abi: int
    namespaces: bool
    around: str = None


@dataclasses.dataclass(frozen=True)
class Cell:
    kernel: Kernel
    level: str
    start: str


def native_abi():
    """Of Landlock; 0: the kernel has none."""
    return max(0, processes._libc.syscall(444, None, 0, 1))


def can_imitate():
    """Whether the daemon was built with SLUICE_TEST_HOOKS."""
    return b"SLUICE_TEST_LANDLOCK_ABI" in Path(SLUICE).read_bytes()


class House(Daemon):
    """The daemon. Everything that belongs to its user lies where the burglar may look for it."""

    def __init__(self, kernel, levels=("standard", "strict"), starts=("cold", "warm"), user=USER):
        self.kernel, self.user, self.number = kernel, user, 0
        self.spawner = self.holder = None
        self.lock = threading.Lock()
        environment = {"SLUICE_TEST_LANDLOCK_ABI": str(kernel.abi)}
        if not kernel.namespaces:
            environment["SLUICE_TEST_NO_NAMESPACES"] = "1"
        super().__init__(start=False, environment=environment)
        place = Path(self.directory)
        place.chmod(0o755)
        for name in ("bin", "cache", "log", "media/own", "doors"):
            (place / name).mkdir()
        for source in (BURGLAR, BURGLAR.with_name("burglar-static")):
            shutil.copy(source, place / "bin")
        self.file("others", b"of others\n")
        self.log = Log(str(place / "log/sluice.log"))
        Path(self.log.path).touch()
        for name in ("temp", "cache", "log", "log/sluice.log", "media/own"):
            self.own(place / name)
        (place / "doors").chmod(0o777)
        self.configure(*self.recipes(levels, starts), log=self.log.path, slots=16, status_path=None,
                       **({"user": user} if ROOT else {}))
        self.doors = [self.door(str(place / "doors/datagram")), self.door(f"\0sluice-burglar-{os.getpid()}-{place.name}")]

    def own(self, path):
        if ROOT:
            shutil.chown(path, self.user, self.group())

    def group(self):
        import pwd
        return pwd.getpwnam(self.user).pw_gid

    @staticmethod
    def door(name):
        door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        door.bind(name)
        door.setblocking(False)
        if not name.startswith("\0"):
            os.chmod(name, 0o777)
        return door

    def recipes(self, levels, starts):
        place = Path(self.directory)
        yield f'cache {{\n    path = "{place}/cache"\n    size = 10M\n}}'
        common = dict(memory=MEMORY, temp_max=TEMP_MAX, cache=False, queue=200, queue_timeout="60s")
        yield recipe("honest", "write", "1000")
        yield recipe("victim", "{source}", program=str(place / "bin/burglar-static"), response="live", start="cold", timeout="600s",
                     **{**common, "memory": "64M"})
        for level in levels:
            for start in starts:
                program = place / ("bin/burglar" if start == "warm" else "bin/burglar-static")
                for name, timeout in ((f"{level}-{start}", "30s"), (f"{level}-{start}-short", "1s")):
                    yield recipe(name, "{source}", program=str(program), start=start, confine=level, timeout=timeout, **common)

    def start(self, **more):
        prefix, hook = (), lambda: None
        if self.kernel.around == "listener":
            prefix = (str(LISTENER),)
        elif self.kernel.around == "filter":
            # As SystemCallFilter= of a unit does it: refused before our own filter has a say.
            def hook():
                callfilter.refuse("ptrace", "mount", "umount2", "pivot_root", "bpf", "perf_event_open", "keyctl", "add_key", "request_key",
                                  "kexec_load", "init_module", "finit_module", "delete_module", "swapoff", "acct", "reboot", error=1)
        super().start(prefix=prefix, preexec_fn=hook, start_new_session=True, **more)
        ready = self.log.wait_text(r"namespaces=(\w+) landlock=(\d+)")
        assert int(ready[2]) == min(self.kernel.abi, native_abi()), ready[0]
        self.nice = os.getpriority(os.PRIO_PROCESS, self.pid)
        self.has_namespaces = ready[1] == "yes"
        self.get("/honest/a")
        self.entry = wait_until(lambda: next(iter(Path(self.directory, "cache").glob("??/?/*")), None), 5 * SLOW, "an entry")
        self.run_directory = next(Path(self.temp).glob("sluice.*"))
        return self

    def submit(self, lines, name):
        """Writes the plan. Its name: a source that the daemon's user owns."""
        with self.lock:
            self.number += 1
            plan = Path(self.file(f"plan-{name}-{self.number}", "".join(f"{line}\n" for line in lines).encode()))
        self.own(plan)
        return plan

    def plan(self, attempts, victim):
        place = Path(self.directory)
        yield from (f"try {name} -" for name in attempts)
        yield f"set static {place}/bin/burglar-static"
        yield f"set dynamic {place}/bin/burglar"
        yield f"set linker {self.linker()}"
        yield f"set nice {self.nice}"
        yield f"set amount_mib {AMOUNT_MIB}"
        yield f"file socket {self.socket}"
        yield f"file log {self.log.path}"
        yield f"file entry {self.entry}"
        yield f"file source-of-others {place}/media/own/prey"
        rooms = {"temp": self.temp, "run": self.run_directory, "cache": place / "cache", "logs": place / "log", "media": place / "media/own"}
        if victim:
            rooms["job"] = victim.directory
            yield f"process job {victim.pid}"
        for name, path in rooms.items():
            yield f"room {name} {path}"
            yield f"prey {name} {path}/prey"
        yield f"process daemon {self.pid}"
        yield f"process spawner {self.spawner}"
        if self.holder:
            yield f"process holder {self.holder}"
        yield f"read source {place}/media/others"
        yield f"read config {self.config}"
        yield from (f"read {path} {path}" for path in ("/etc/passwd", "/etc/group", "/etc/hostname", "/proc/version", "/proc/self/status"))
        yield from (f"read proc-{name} /proc/{self.pid}/{name}" for name in ("status", "cmdline", "stat", "cgroup"))
        if victim:
            yield from (f"read proc-job-{name} /proc/{victim.pid}/{name}" for name in ("status", "cmdline", "environ", "maps", "fd/0"))
            yield from (f"link proc-job-{name} /proc/{victim.pid}/{name}" for name in ("cwd", "exe", "fd/1"))
            yield f"open oom-of-job /proc/{victim.pid}/oom_score_adj"
            yield f"open mem-of-job /proc/{victim.pid}/mem"
        yield from (f"list {path} {path}" for path in ("/home", "/proc", "/etc", "/var/log", "/"))
        yield f"socket path {place}/doors/datagram"
        yield "socket abstract @" + self.doors[1].getsockname()[1:].decode()

    @staticmethod
    def linker():
        text = BURGLAR.read_bytes()
        return re.search(rb"/lib[^\0]*/ld-linux[^\0]*", text)[0].decode()

    def lay_out(self, victim):
        """The prey is where it was; and which processes there are just now."""
        self.spawner, self.holder = self.spawners()[0], next(iter(self.holders()), None)
        places = [self.temp, self.run_directory, f"{self.directory}/cache", f"{self.directory}/log", f"{self.directory}/media/own"]
        for place in [*places, *([victim.directory] if victim else [])]:
            path = Path(place, "prey")
            path.write_bytes(b"prey of a burglar\n")
            self.own(path)
        for door in self.doors:
            try:
                while True:
                    door.recv(10)
            except BlockingIOError:
                pass

    def clear(self):
        for place in (self.temp, self.run_directory, f"{self.directory}/cache"):
            Path(place, "prey").unlink(missing_ok=True)

    def job(self, cell, attempts, victim=None, short=False):
        """(status, lines, the request's line in the log). A warm job is one: the first ones may be before the program is held."""
        name = f"{cell.level}-{cell.start}{'-short' if short else ''}"
        for _ in range(200):
            plan = self.submit(self.plan(attempts, victim), name)
            mark = self.log.mark()
            answer = self.get(f"/{name}/{plan.name}", timeout=60 * SLOW)
            line = wait_until(lambda: next((l for l in self.log.requests(mark) if f"/{plan.name}" in l.text), None), 10 * SLOW,
                              lambda: f"{plan.name} in {self.log.text(mark)}")
            plan.unlink()
            if line.get("start") == cell.start:
                return answer.status, answer.text.splitlines(), line
            threading.Event().wait(0.05)
        raise AssertionError(f"never started {cell.start}: {line.text}\n{self.log.text()[-3000:]}")

    def close(self):
        for door in self.doors:
            door.close()
        super().close()


class Victim:
    """Another job of the same daemon, while it runs."""

    def __init__(self, house):
        plan = house.submit(["try victim -"], "victim")
        self.connection = house.connect()
        import fastcgi
        self.connection.send(fastcgi.request(f"/victim/{plan.name}"))
        self.connection.answer(until=lambda answer: b"ready" in answer.body)
        self.pid = next(p for p in house.converters() if "burglar-static" in str(processes.command(p)))
        self.directory = os.readlink(f"/proc/{self.pid}/cwd")

    def has(self, number):
        """Whether the signal has arrived; the victim blocks all of them."""
        text = Path(f"/proc/{self.pid}/status").read_text()
        pending = [int(x, 16) for x in re.findall(r"(?m)^(?:SigPnd|ShdPnd):\s*(\w+)", text)]
        return any(mask >> (number - 1) & 1 for mask in pending)

    def close(self):
        self.connection.close()


def result_of(word):
    if word == "done":
        return DONE
    return REFUSED if word in REFUSALS else f"{DONE}:{word}"


def end_of(status, line):
    """How a job ended that was not allowed to go on; anything else is a fault of this test."""
    text = line.text
    if status == 502 and ("forbidden system call" in text or "signal 31" in text):
        return ENDED
    if status in (504, 507):
        return ENDED
    raise AssertionError(f"an odd end: {status}: {text}")


def attempt_alone(house, cell, name, victim):
    status, lines, line = house.job(cell, [name], victim, short=name == "stay")
    if status != 200:
        return {(name, "-"): end_of(status, line)}
    assert lines, f"{name}: it has said nothing: {line.text}"
    return read_lines(lines)


# A socket has neither a length nor attributes, and is not opened by its path, whoever tries.
NOT_OF_SOCKETS = {"open-write", "open-append", "read", "truncate", "setxattr", "lsetxattr", "setxattrat", "removexattr", "lremovexattr",
                  "removexattrat", "file_setattr"}


def read_lines(lines):
    return {(name, target): result_of(word) for name, target, word in (line.split() for line in lines)
            if not (target == "socket" and name in NOT_OF_SOCKETS)}


def names():
    import subprocess
    return subprocess.run([BURGLAR.with_name("burglar-static"), "names"], check=True, capture_output=True, text=True).stdout.split()


def judge(house, found, victim):
    """Where what the call has returned says nothing."""
    if ("kill-all", "-") in found:
        found[("kill-all", "-")] = DONE if victim.has(SIGURG) else REFUSED
    for name, target in list(found):
        if name == "signal-by-pipe":
            del found[(name, target)]
            found[(name, "job")] = DONE if victim.has(SIGWINCH) else REFUSED
    if ("set-user-priority", "-") in found:
        nice = os.getpriority(os.PRIO_PROCESS, house.pid)
        found[("set-user-priority", "-")] = DONE if nice != house.nice else REFUSED
        if nice != house.nice:
            for pid in (house.pid, *house.spawners()):
                for thread in os.listdir(f"/proc/{pid}/task"):
                    os.setpriority(os.PRIO_PROCESS, int(thread), house.nice)


class Search:
    """Of all that the recipes of one daemon reach: found[cell] is {(attempt, target): what came of it}."""

    def __init__(self, house, levels=("standard", "strict"), starts=("cold", "warm"), limits=False):
        self.house = house
        cells = [Cell(house.kernel, level, start) for level in levels for start in starts]
        self.found = {cell: {} for cell in cells}
        for cell in cells:
            self.try_together(cell)
        victim = Victim(house)
        try:
            house.lay_out(victim)
            self.try_alone([(cell, name) for cell in cells for name in ALONE], victim, 4)
            if limits:
                self.try_alone([(cell, name) for cell in cells for name in LIMITS], victim, 16)
                self.look_for_processes(cells, victim)
        finally:
            victim.close()
            house.clear()

    def try_together(self, cell):
        house, found = self.house, self.found[cell]
        together = [name for name in names() if name not in ALONE + LIMITS + ["victim"]]
        if not ROOT:  # it would reach everything that the user has
            together.remove("set-user-priority")
        victim = Victim(house)
        try:
            house.lay_out(victim)
            status, lines, line = house.job(cell, together, victim)
            if status == 200:
                found.update(read_lines(lines))
            else:  # one of them has ended the job: which?
                for name in together:
                    house.lay_out(victim)
                    found.update(attempt_alone(house, cell, name, victim))
            judge(house, found, victim)
        finally:
            victim.close()

    def try_alone(self, jobs, victim, width):
        def attempt(job):
            cell, name = job
            return cell, attempt_alone(self.house, cell, name, victim)
        with concurrent.futures.ThreadPoolExecutor(width) as pool:
            for cell, found in pool.map(attempt, jobs):
                self.found[cell].update(found)

    def look_for_processes(self, cells, victim):
        """What a job has left behind is one of these programs, and neither the victim nor a holder with its standbys."""
        house = self.house

        def left():
            own = {victim.pid, house.pid, *house.spawners(), *house.holders()}
            return [p for p in processes.marked(house.directory + "/bin/") if p not in own]
        try:
            wait_until(lambda: not left(), 2 * SLOW)
            result = REFUSED
        except AssertionError:
            result = DONE
        for cell in cells:
            for name in ("leave-process", "stay"):
                self.found[cell][(name, "-")] = result
