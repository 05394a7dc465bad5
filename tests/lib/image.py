# SPDX-License-Identifier: MIT
"""What an engine makes of a Containerfile, without an engine: its steps are run in a Debian tree with a layer of memory on top, and its
command as process 1 with container.enter_image(). No network. Needs root."""

import contextlib
import glob
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import container
import processes

# $1: the tree, $2: an empty directory.
POD = r"""
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$2"
mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
mount -t proc proc "$2/root/proc"
mount -t tmpfs -o mode=755 tmpfs "$2/root/run"
mount --bind /dev "$2/root/dev"
echo ready
exec sleep infinity
"""


def instructions(containerfile):
    """[(word, rest)]"""
    text = re.sub(r"\\\n\s*", "", containerfile)
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line.strip() and not line.startswith("#")]


class Image:
    """Use it in a with statement. base: a Debian tree; directory: empty; context: what the Containerfile copies from."""

    def __init__(self, base, directory, context):
        self.base, self.directory, self.context = base, directory, context
        self.user, self.entrypoint, self.healthcheck = "0:0", None, None
        self.pod = self.started = None

    def __enter__(self):
        self.pod = subprocess.Popen(["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", POD, "sh", str(self.base),
                                     str(self.directory)], stdout=subprocess.PIPE, text=True, preexec_fn=processes.die_with_parent)
        assert self.pod.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_):
        for process in filter(None, (self.started, self.pod)):
            process.kill()
            process.wait()
        self.pod.stdout.close()

    @property
    def root(self):
        """The image's files as they are seen from here."""
        return pathlib.Path(f"/proc/{container.first(self.pod.pid)}/root{self.directory}/root")

    def inside(self, *argv):
        return ["nsenter", "--target", str(container.first(self.pod.pid)), "--mount", "--pid", "--", *argv]

    def run(self, *argv):
        """A step of the building, or a program of another container that shares these files."""
        done = subprocess.run(self.inside("chroot", f"{self.directory}/root", "env", "-i", f"PATH={os.defpath}:/usr/sbin:/sbin",
                                          "DEBIAN_FRONTEND=noninteractive", *argv), capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, f"{argv}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout

    def build(self, containerfile):
        for word, rest in instructions(containerfile):
            if word == "RUN":
                self.run("sh", "-c", rest)
            elif word == "COPY":
                *sources, target = rest.split()
                for source in (name for pattern in sources for name in glob.glob(f"{self.context}/{pattern}")):
                    shutil.copy(source, self.root / target.lstrip("/"))
            elif word == "USER":
                self.user = rest
            elif word == "HEALTHCHECK":
                self.healthcheck = json.loads(rest.partition("CMD ")[2])
            elif word == "ENTRYPOINT":
                self.entrypoint = json.loads(rest)
            else:
                assert (word, rest.partition(":")[0]) == ("FROM", "debian"), (word, rest)

    def start(self, log, volumes, tmpfs):
        """The command as process 1. volumes: directories that can be written to, of the user. tmpfs: {directory: options}."""
        uid, gid = self.user.split(":")
        for volume in volumes:
            self.run("install", "-d", "-o", uid, "-g", gid, volume)
        options = json.dumps({"root": f"{self.directory}/root", "volumes": volumes, "tmpfs": tmpfs, "user": self.user})
        with open(log, "w", encoding="utf-8") as stderr:
            self.started = subprocess.Popen(self.inside("unshare", "--mount", "--pid", "--fork", "--kill-child", sys.executable, "-B",
                                                        container.__file__, "image", options, *self.entrypoint),
                                            stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr)

    def first(self):
        """Process 1 of the running container. nsenter and unshare each have a child."""
        pid = self.started.pid
        for _ in range(2):
            pid = next(iter(processes.children(pid)), None) or 0
        return pid

    def execute(self, *argv):
        """As a health check or a probe does it."""
        uid, gid = self.user.split(":")
        return subprocess.run(["nsenter", "--target", str(self.first()), "--mount", "--pid", "--root", "--wd", "setpriv", f"--reuid={uid}",
                               f"--regid={gid}", "--clear-groups", "env", "-i", f"PATH={os.defpath}:/usr/sbin", *argv],
                              capture_output=True, text=True, timeout=60, check=False)

    def stop(self, number):
        """The exit status."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.first(), number)
        return self.started.wait(60)
