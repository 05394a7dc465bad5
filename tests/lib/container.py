# SPDX-License-Identifier: MIT
"""A container without an engine: its command is process 1 of a pid namespace, with Docker's capabilities, its own /proc and /dev, on a
read-only root, under the refusals of Docker's default seccomp profile. Needs root.

    Daemon(..., start=False).start(contained={...})

What stands below is also the program that makes it, from inside the new namespaces."""

import ctypes
import errno
import json
import os
import resource
import subprocess
import sys

import callfilter
import processes

CLONE_NEWNS, MS_REC, MS_SHARED = 0x20000, 0x4000, 0x100000
MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY = 442, -100, 0x8000, 1
# What Docker's profile refuses a container without CAP_SYS_ADMIN, and new namespaces of any kind by clone.
DOCKER = ("acct", "add_key", "bpf", "clock_settime", "delete_module", "fanotify_init", "finit_module", "fsconfig", "fsmount", "fsopen",
          "fspick", "init_module", "io_uring_setup", "io_uring_enter", "io_uring_register", "ioperm", "iopl", "kexec_load", "keyctl",
          "lookup_dcookie", "mount", "mount_setattr", "move_mount", "move_pages", "mbind", "name_to_handle_at", "nfsservctl",
          "open_by_handle_at", "open_tree", "perf_event_open", "pivot_root", "quotactl", "reboot", "request_key", "set_mempolicy", "setns",
          "settimeofday", "swapoff", "swapon", "syslog", "umount2", "unshare", "userfaultfd", "vhangup")
NEW_NAMESPACES = (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)
# What Docker leaves to root.
CAPABILITIES = ("audit_write", "chown", "dac_override", "fowner", "fsetid", "kill", "mknod", "net_bind_service", "net_raw", "setfcap", "setgid",
                "setpcap", "setuid", "sys_chroot")
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")


def missing():
    """Why there can be no container here; None where there can be."""
    if os.geteuid() != 0:
        return "only root can make a container"
    done = subprocess.run(["unshare", "--mount", "--pid", "--fork", "--mount-proc", "true"], capture_output=True, text=True, timeout=60,
                          check=False)
    return done.stderr.strip() if done.returncode else None


def prefix(directory, **options):
    """Before the command. directory: writable in the container, unlike all else. Options: see enter()."""
    inside = json.dumps({"directory": directory, **options})
    return ["unshare", "--mount", "--propagation=slave", "--pid", "--fork", "--kill-child", sys.executable, "-B", os.path.abspath(__file__),
            inside]


def share_mounts():
    """What this process mounts from now on is seen in containers that it has started, as a volume of an engine may be."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(CLONE_NEWNS) != 0 or library.mount(None, b"/", None, MS_REC | MS_SHARED, None) != 0:
        raise OSError(ctypes.get_errno(), "mounts cannot be shared")


def first(launcher):
    """Process 1 of the container that was started as process `launcher`, by its number outside."""
    return next(iter(processes.children(launcher)), None)


def daemon(launcher):
    """The daemon in it: what process 1 has made of itself. None: it has ended."""
    pid = first(launcher)
    found = [child for child in processes.children(pid) if processes.command(child) == processes.command(pid)] if pid else []
    return found[0] if found else None


def inhabitants(launcher):
    """Process 1 and all that come from it, also orphans: {pid: state}."""
    fields = {pid: found for pid in processes.all_pids() if (found := processes.stat_fields(pid))}
    inside, count = {first(launcher)}, 0
    while count != len(inside):
        count = len(inside)
        inside |= {pid for pid, found in fields.items() if int(found[1]) in inside}
    return {pid: fields[pid][0].decode() for pid in inside if pid in fields}


def set_read_only(path, value, recursive=False):
    attributes = (ctypes.c_uint64 * 4)(MOUNT_ATTR_RDONLY * value, MOUNT_ATTR_RDONLY * (not value), 0, 0)
    if ctypes.CDLL(None, use_errno=True).syscall(MOUNT_SETATTR, AT_FDCWD, path.encode(), AT_RECURSIVE * recursive, attributes,
                                                 ctypes.sizeof(attributes)) != 0:
        raise OSError(ctypes.get_errno(), f"mount_setattr {path}")


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True, timeout=60)


def make_devices(staging, with_fd, target="/dev"):
    os.mkdir(staging)
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", staging)
    for name in DEVICES:
        with open(f"{staging}/{name}", "wb"):
            pass
        mount("--bind", f"/dev/{name}", f"{staging}/{name}")
    os.mkdir(f"{staging}/pts")
    mount("-t", "devpts", "-o", "newinstance,ptmxmode=0666,mode=620", "devpts", f"{staging}/pts")
    os.symlink("pts/ptmx", f"{staging}/ptmx")
    os.mkdir(f"{staging}/shm")
    mount("--bind", "/dev/shm", f"{staging}/shm")
    for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        os.symlink(f"/proc/self/fd/{number}", f"{staging}/{name}")
    if with_fd:
        os.symlink("/proc/self/fd", f"{staging}/fd")
    mount("--move", staging, target)
    os.rmdir(staging)


def enter(directory, temp=None, temp_options="size=64m,mode=1777", devfd=True, files=None, docker=True,
          user_namespaces=True, refused=(), allowed=(), writable=(), user=None):
    """temp: a directory that gets a tmpfs with these options; files: RLIMIT_NOFILE; docker: its profile; refused: further
    calls; allowed: calls of the profile that are allowed all the same; writable: further directories; user: that of the command,
    by number, or with a group as USER:GROUP."""
    mount("--make-rslave", "/")
    for path in (*writable, directory):
        mount("--rbind", path, path)
    make_devices(f"{directory}/dev", devfd)
    set_read_only("/", True, recursive=True)
    for path in (*writable, directory, "/dev/shm"):
        set_read_only(path, False, recursive=True)
    if temp:
        mount("-t", "tmpfs", "-o", temp_options, "tmpfs", temp)
    mount("-t", "proc", "proc", "/proc")
    if files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    if not user_namespaces:
        callfilter.refuse(user_namespaces=True)
    if docker:
        callfilter.refuse(*(call for call in DOCKER if call not in allowed), *refused, error=errno.EPERM,
                          clone_flags=() if "clone" in allowed else NEW_NAMESPACES)
        callfilter.refuse("clone3")
    elif refused:
        callfilter.refuse(*refused, error=errno.EPERM)


def enter_image(root, volumes, tmpfs, user=None):
    """root: the files of an image, read-only but for volumes (directories) and tmpfs ({directory: options})."""
    mount("--make-rprivate", "/")
    make_devices(f"{root}/root/dev", True, f"{root}/dev")
    for volume in volumes:
        mount("--bind", f"{root}{volume}", f"{root}{volume}")
    set_read_only(root, True, recursive=True)
    for volume in volumes:
        set_read_only(f"{root}{volume}", False)
    for directory, options in tmpfs.items():
        mount("-t", "tmpfs", "-o", options, "tmpfs", f"{root}{directory}")
    mount("-t", "proc", "proc", f"{root}/proc")
    callfilter.refuse(*DOCKER, error=errno.EPERM, clone_flags=NEW_NAMESPACES)
    callfilter.refuse("clone3")
    os.chroot(root)
    os.chdir("/")


def main(argv):
    capabilities = CAPABILITIES
    if argv[1] == "image":
        options = json.loads(argv.pop(2))
        enter_image(**options)
        capabilities = ()
        os.environ.clear()
        os.environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
    else:
        options = json.loads(argv[1])
        enter(**options)
    uid, _, gid = str(options.get("user") or 0).partition(":")
    user = [f"--reuid={uid}", f"--regid={gid or uid}", "--clear-groups"] if uid != "0" else []
    bounding = ",".join(["-all", *(f"+{name}" for name in capabilities)])
    os.execvp("setpriv", ["setpriv", *user, f"--bounding-set={bounding}", "--inh-caps=-all", "--no-new-privs", "--", *argv[2:]])


if __name__ == "__main__":
    main(sys.argv)
