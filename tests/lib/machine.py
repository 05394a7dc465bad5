# SPDX-License-Identifier: MIT
"""A Debian 12 of its own: a debootstrapped tree that stays, and on top of it a machine in namespaces, with systemd as its first
process. It has no network but its own loopback, its files are in memory, and all of it is gone with its first process."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import time

import processes

SUITE = "bookworm"
BOOT_TIMEOUT_S = 180
TREE_TIMEOUT_S = 900
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
CGROUPS = pathlib.Path("/sys/fs/cgroup")

# $1: the tree, $2: an empty directory. Everything is mounted within namespaces of its own.
BOOT = r"""
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$2"
cd "$2"
mkdir upper work root
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" root
cd root
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
for at in run tmp dev; do mount -t tmpfs -o mode=755 tmpfs $at; done
chmod 1777 tmp
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=1777 tmpfs dev/shm
for name in null zero full random urandom tty; do touch dev/$name; mount --bind /dev/$name dev/$name; done
if [ -e /sys/fs/cgroup/cgroup.procs ]; then
	mount -t cgroup2 cgroup2 sys/fs/cgroup
else
	mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
	mkdir sys/fs/cgroup/unified sys/fs/cgroup/systemd
	mount -t cgroup2 cgroup2 sys/fs/cgroup/unified
	mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
fi
pivot_root . mnt
umount -l mnt
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd systemd.unit=multi-user.target
"""


class Impossible(Exception):
    """Why there can be no such machine here."""


def mirror():
    """Where this machine's apt finds Debian 12."""
    done = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", f"Codename: {SUITE}"],
                          capture_output=True, text=True, timeout=60, check=False)
    found = done.stdout.split()
    if not found:
        raise Impossible(f"apt knows no mirror of {SUITE}")
    return found[0]


def tree(directory, packages):
    """A tree with these packages below directory; made when it is not there, or has others."""
    if os.geteuid() != 0:
        raise Impossible("only root can make a Debian tree")
    if not shutil.which("debootstrap", path=PATH):
        raise Impossible("not installed: debootstrap")
    wanted = ",".join(sorted(packages))
    made, mark = directory / SUITE, directory / "packages"
    if mark.exists() and mark.read_text() == wanted:
        return made
    directory.mkdir(parents=True, exist_ok=True)
    mark.unlink(missing_ok=True)
    if made.exists():
        shutil.rmtree(made)
    with open(directory / "log", "w", encoding="utf-8") as log:
        done = subprocess.run(["debootstrap", "--variant=minbase", f"--include={wanted}", SUITE, made, mirror()], stdout=log,
                              stderr=log, env={"PATH": PATH, "LC_ALL": "C"}, timeout=TREE_TIMEOUT_S, check=False)
    if done.returncode:
        raise Impossible("debootstrap: " + (directory / "log").read_text(errors="replace").strip().splitlines()[-1])
    (made / "etc/apt/sources.list").write_text("")  # there is no network
    mark.write_text(wanted)
    return made


class This:
    """The machine that this program runs on, as a Machine is used."""

    def argv(self, *argv):
        return ["env", "-i", f"PATH={PATH}", "HOME=/root", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", *argv]

    def run(self, *argv, check=True, timeout=300, **more):
        done = subprocess.run(self.argv(*argv), capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=timeout, check=False,
                              **more)
        if check and done.returncode:
            raise AssertionError(f"{argv}: {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return done

    def path(self, name):
        return pathlib.Path("/") / name.lstrip("/")


class Machine(This):
    """Use it in a with statement. directory: empty; only its name stays used."""

    def __init__(self, base, directory):
        self.base, self.directory = base, directory
        self.log = directory.parent / "boot.log"
        self.process = None
        self.init = None
        self.groups = []

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def own_cgroups(self):
        """systemd makes groups below the one that it starts in."""
        for mark in (*CGROUPS.glob("*/cgroup.procs"), *CGROUPS.glob("cgroup.procs")):
            group = mark.parent / f"sluice-test-{os.getpid()}"
            with contextlib.suppress(OSError):
                group.mkdir()
                self.groups.append(group)

    def begin(self):
        """In the child: it ends with the test, and is in the groups."""
        processes.die_with_parent()
        for group in self.groups:
            with contextlib.suppress(OSError):  # of cpusets, which need processors first
                (group / "cgroup.procs").write_text(str(os.getpid()))

    def start(self):
        self.own_cgroups()
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["unshare", "--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup", "--fork", "--kill-child", "sh", "-c", BOOT, "sh",
                 str(self.base), str(self.directory)], stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=self.begin)
        deadline = time.monotonic() + BOOT_TIMEOUT_S
        while self.process.poll() is None and time.monotonic() < deadline:
            if self.is_up():
                return
            time.sleep(0.1)
        raise Impossible("no machine boots in namespaces: " + self.log.read_text(errors="replace")[-300:])

    def is_up(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        if not children or pathlib.Path(f"/proc/{children[0]}/comm").read_text() != "systemd\n":
            return False
        self.init = children[0]
        return self.run("systemctl", "is-system-running", "--wait", check=False).stdout.strip() in ("running", "degraded")

    def argv(self, *argv):
        return ["nsenter", "--target", self.init, "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd", "--",
                *super().argv(*argv)]

    def path(self, name):
        """A file of the machine, as seen from here. Absolute links in it lead astray."""
        return pathlib.Path(f"/proc/{self.init}/root") / name.lstrip("/")

    def stop(self):
        if self.process:
            self.process.kill()  # and its child, the first process, which takes all others along
            self.process.wait()
        for group in self.groups:
            for path in sorted(group.rglob("*"), reverse=True):
                if path.is_dir():
                    self.remove(path)
            self.remove(group)

    @staticmethod
    def remove(group):
        for _ in range(100):
            try:
                group.rmdir()
                return
            except FileNotFoundError:
                return
            except OSError:
                time.sleep(0.1)
