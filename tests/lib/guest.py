# SPDX-License-Identifier: MIT
"""A Debian 12 with its own kernel: a tree of machine.tree() becomes the disk of a computer that qemu plays, by software alone. A second
disk has this source tree and the build, which stand under their own names there. The guest does the steps that it is told, says on a
serial line how each of them ended, and switches itself off. It has no network."""

import dataclasses
import json
import re
import shlex
import shutil
import subprocess

import machine

KERNEL = "linux-image-cloud-amd64"
QEMU = "qemu-system-x86_64"
MEMORY, PROCESSORS = "2G", "2"
STEPS, UNIT = "/root/guest-steps", "guest-steps.service"
STEP = re.compile(r"(?ms)^== begin (\S+)\n(.*?)^== end \1: (\d+)$")

SERVICE = f"""[Unit]
After=multi-user.target
[Service]
ExecStart=/bin/sh {STEPS}
[Install]
WantedBy=multi-user.target
"""
# $step: what it is called, then its command.
BEGIN = r"""exec </dev/null >/dev/ttyS1 2>&1
export HOME=/root
mkdir -p /mnt/disk
mount /dev/vdb /mnt/disk
systemctl is-system-running --wait
step() {
	name=$1
	shift
	echo "== begin $name"
	"$@"
	echo "
== end $name: $?"
}
"""
END = r"""sync
systemctl poweroff --force --force
"""


@dataclasses.dataclass(frozen=True)
class Step:
    """In the directory, with the environment that is told, for so many seconds at most."""
    name: str
    command: list
    directory: str = "/root"
    environment: dict = dataclasses.field(default_factory=dict)
    timeout: int = 600
    skipped: int = 0  # the exit status that means it

    def script(self):
        variables = shlex.join(f"{name}={value}" for name, value in self.environment.items())
        return f"cd {shlex.quote(self.directory)}\n" \
               f"step {self.name} env {variables} timeout -k 10 {self.timeout} {shlex.join(self.command)}\n"


def tests_of(build, pattern, slow, **environment):
    """Steps from ctest's list of the tests whose names match; slow: their time-outs are so many times longer."""
    told = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1", "-R", f"^({pattern})$"], capture_output=True, text=True,
                          timeout=60, check=True)
    for test in json.loads(told.stdout)["tests"]:
        properties = {one["name"]: one["value"] for one in test["properties"]}
        variables = dict(one.split("=", 1) for one in properties.get("ENVIRONMENT", []))
        yield Step(test["name"], test["command"], properties["WORKING_DIRECTORY"], {**variables, **environment},
                   int(properties["TIMEOUT"] * slow), properties.get("SKIP_RETURN_CODE", 0))


def is_built(path):
    """What a test runs, not what it is made from."""
    return path.is_file() and path.suffix not in (".o", ".a", ".c", ".cmake") and (path.suffix == ".so" or path.stat().st_mode & 0o100)


def fill_disk(directory, source, build, ignore):
    """directory/source and directory/build."""
    shutil.copytree(source, directory / "source", ignore=ignore, symlinks=True)
    for path in filter(is_built, build.rglob("*")):
        if "CMakeFiles" not in path.parts and "debian" not in path.parts:
            copy = directory / "build" / path.relative_to(build)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy)


def make_disk(image, directory, size):
    with open(image, "wb") as file:
        file.truncate(size)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", directory, image], check=True, capture_output=True, timeout=300,
                   env={"PATH": machine.PATH})


def places(source, build):
    """Where the two stand in the guest: under the names that they have here."""
    lines = []
    for name, path in (("source", source), ("build", build)):
        at = shlex.quote(str(path))
        lines.append(f"mkdir -p {at} && mount --bind /mnt/disk/{name} {at}")
    return "\n".join(lines) + "\n"


def prepare(tree, steps, source, build):
    """The tree does the steps when it is booted."""
    (tree / STEPS.lstrip("/")).write_text(BEGIN + places(source, build) + "".join(step.script() for step in steps) + END)
    (tree / "etc/systemd/system" / UNIT).write_text(SERVICE)
    link = tree / "etc/systemd/system/multi-user.target.wants" / UNIT
    link.unlink(missing_ok=True)
    link.symlink_to(f"../{UNIT}")


def kernel_of(tree):
    """(kernel, initrd)"""
    found = [sorted((tree / "boot").glob(f"{kind}-*")) for kind in ("vmlinuz", "initrd.img")]
    if not all(found):
        raise machine.Impossible("the tree has no kernel")
    return tuple(str(one[-1]) for one in found)


@dataclasses.dataclass(frozen=True)
class Told:
    steps: dict   # name → (exit status, text)
    text: str     # all of it
    console: str  # the kernel's
    ended: bool   # in time


def missing():
    """Why there can be no guest here; None where there can be."""
    lacking = [name for name, package in ((QEMU, "qemu-system-x86"), ("mke2fs", "e2fsprogs"))
               if not shutil.which(name, path=machine.PATH)]
    return f"not installed: {', '.join(lacking)}" if lacking else None


def boot(tree, directory, timeout):
    """directory: empty; has the second disk's files below disk/."""
    make_disk(directory / "root.img", tree, 4 << 30)
    make_disk(directory / "disk.img", directory / "disk", 1 << 30)
    kernel, initrd = kernel_of(tree)
    console, told = directory / "console", directory / "told"
    drives = [f"-drive=file={directory}/{name}.img,format=raw,if=virtio,cache=unsafe" for name in ("root", "disk")]
    process = subprocess.Popen(
        [shutil.which(QEMU, path=machine.PATH), "-accel", "tcg,thread=multi", "-machine", "q35", "-cpu", "max", "-smp", PROCESSORS,
         "-m", MEMORY, "-nodefaults", "-display", "none", "-no-reboot", "-serial", f"file:{console}", "-serial", f"file:{told}",
         *(word for drive in drives for word in drive.split("=", 1)), "-kernel", kernel, "-initrd", initrd,
         "-append", "root=/dev/vda rw console=ttyS0 panic=-1 quiet systemd.unit=multi-user.target"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        said = process.communicate(timeout=timeout)[0]
        ended = True
    except subprocess.TimeoutExpired:
        process.kill()
        said = process.communicate()[0]
        ended = False
    text = told.read_text(errors="replace").replace("\r\n", "\n") if told.exists() else ""
    steps = {name: (int(status), inside) for name, inside, status in STEP.findall(text)}
    return Told(steps, text, said + (console.read_text(errors="replace") if console.exists() else ""), ended)
