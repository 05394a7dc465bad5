# SPDX-License-Identifier: MIT
"""A file system of one directory whose answers a test decides: it can hang, fail with an errno, or die while it is mounted.

FUSE's own protocol over /dev/fuse (include/uapi/linux/fuse.h), answered by a thread. Needs root and the device."""

import ctypes
import errno
import os
import select
import stat
import struct
import threading

LIBC = ctypes.CDLL(None, use_errno=True)
MNT_DETACH = 2
LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE, INIT, OPENDIR, READDIR, ACCESS, INTERRUPT, BATCH_FORGET = \
    1, 2, 3, 14, 15, 17, 18, 26, 27, 28, 34, 36, 42
HEADER = struct.Struct("<IIQQIIII")


def is_possible():
    """Whether this machine lets us mount one."""
    if os.geteuid() != 0 or not os.path.exists("/dev/fuse"):
        return False
    directory = f"/tmp/sluice-fuse-{os.getpid()}"
    os.mkdir(directory)
    try:
        Fuse(directory, {}).close()
    except OSError:
        return False
    finally:
        os.rmdir(directory)
    return True


class Fuse:
    """files: name → content. fail: the errno of each look-up, open and read from now on. hold(): requests wait for go()."""

    def __init__(self, directory, files):
        self.directory = directory
        self.files = list(files.items())
        self.fail = self.fail_reads = 0
        self.free = threading.Event()
        self.free.set()
        self.ending = False
        self.device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        self.ended, self.end = os.pipe2(os.O_CLOEXEC)
        options = f"fd={self.device},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
        if LIBC.mount(b"test", directory.encode(), b"fuse.test", 0, options) != 0:
            error = ctypes.get_errno()
            os.close(self.device)
            raise OSError(error, "mount")
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def hold(self, most=30):
        """For `most` seconds: a process that waits for an answer cannot be killed, so a test must not forget go()."""
        self.free.clear()
        timer = threading.Timer(most, self.go)
        timer.daemon = True
        timer.start()

    def go(self):
        self.free.set()

    def die(self):
        """Whoever asks gets ENOTCONN, as long as it is mounted."""
        if self.device >= 0:
            self.ending = True
            self.free.set()
            os.close(self.end)
            self.thread.join()
            os.close(self.ended)
            os.close(self.device)
            self.device = -1

    def close(self):
        self.die()
        LIBC.umount2(self.directory.encode(), MNT_DETACH)

    def _run(self):
        while True:
            if self.ended in select.select([self.device, self.ended], [], [])[0] or self.ending:
                return
            try:
                request = os.read(self.device, 1 << 20)
            except OSError as error:
                if error.errno in (errno.EINTR, errno.EAGAIN, errno.ENOENT):
                    continue
                return
            _, opcode, unique, node, *_ = HEADER.unpack_from(request)
            if opcode not in (INIT, FORGET, BATCH_FORGET, INTERRUPT):
                self.free.wait()
            if self.ending:
                return
            body = self._answer(opcode, node, request[HEADER.size:])
            if body is None:
                continue
            error, data = (body, b"") if isinstance(body, int) else (0, body)
            try:
                os.write(self.device, struct.pack("<IiQ", 16 + len(data), -error, unique) + data)
            except OSError:
                pass  # the request was interrupted

    def _attributes(self, node):
        size = 0 if node == 1 else len(self.files[node - 2][1])
        mode = stat.S_IFDIR | 0o755 if node == 1 else stat.S_IFREG | 0o644
        return struct.pack("<QQQQQQIIIIIIIIII", node, size, 1, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)

    def _answer(self, opcode, node, data):
        if opcode in (FORGET, BATCH_FORGET, INTERRUPT):
            return None
        if opcode == INIT:
            return struct.pack("<IIIIHHIIHHI28x", 7, 31, 65536, 0, 8, 6, 65536, 1, 0, 0, 0)
        if self.fail and opcode in (LOOKUP, GETATTR, OPEN, READ, ACCESS, OPENDIR):
            return self.fail
        if opcode == LOOKUP:
            name = data.rstrip(b"\0").decode()
            for i, (known, _) in enumerate(self.files):
                if known == name:
                    return struct.pack("<QQQQII", i + 2, 0, 0, 0, 0, 0) + self._attributes(i + 2)
            return errno.ENOENT
        if opcode == GETATTR:
            return struct.pack("<QII", 0, 0, 0) + self._attributes(node)
        if opcode in (OPEN, OPENDIR):
            return struct.pack("<QII", 0, 1, 0)  # FOPEN_DIRECT_IO: every read comes here
        if opcode == READ:
            _, offset, size = struct.unpack_from("<QQI", data)
            return self.fail_reads or self.files[node - 2][1][offset:offset + size]
        if opcode in (ACCESS, RELEASE):
            return b""
        if opcode == READDIR:
            return b""
        if opcode == STATFS:
            return struct.pack("<QQQQQIIII24x", 0, 0, 0, 0, 0, 4096, 255, 4096, 0)
        return errno.ENOSYS
