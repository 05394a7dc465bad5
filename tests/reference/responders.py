# SPDX-License-Identifier: MIT
"""The two responders, each on a socket of its own, and what they make of a conversation."""

import array
import fcntl
import os
import resource
import socket
import subprocess
import sys
import tempfile
import termios

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

import fastcgi  # noqa: E402
import processes  # noqa: E402

REFERENCE, OURS = os.environ["REFERENCE"], os.environ["OURS"]
ROLE = "FCGI_ROLE=RESPONDER"  # a parameter that libfcgi adds
TIMEOUT_S = 20


def unread(connected):
    """Bytes that the peer has not read yet, about: 0 when it has read all of them."""
    count = array.array("i", [0])
    fcntl.ioctl(connected.fileno(), termios.TIOCOUTQ, count)
    return count[0]


def unconnectable(path):
    """Nobody listens there any more."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) != 0


class Conversation:
    """What was seen of a connection. requests: (sorted lines of the parameters in their order, the line of the body) of each;
    replies: (type, content) of management records; refused: (id, protocol status); closed: by the responder before its answer was whole;
    died: its exit status, as subprocess has it, or None."""

    def __init__(self):
        self.requests, self.replies, self.refused, self.closed, self.died = [], [], [], False, None

    def accepted(self):
        return not self.closed and self.died is None and not any(line.startswith("error ") for lines, _ in self.requests for line in lines)

    def __eq__(self, other):
        return vars(self) == vars(other)

    def __repr__(self):
        return str(vars(self))


class Responder:
    """path: where it listens; the socket is its descriptor 0."""

    def __init__(self, program):
        self.directory = tempfile.TemporaryDirectory(prefix="sluice-reference-")
        self.path = os.path.join(self.directory.name, "socket")
        self.program = program
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(self.path)
            listening.listen(16)
            self.process = subprocess.Popen([program], stdin=listening, preexec_fn=self._prepare)

    def _prepare(self):
        """libfcgi asks malloc for what a length says: with or without success, the same everywhere."""
        processes.die_with_parent()
        if self.program == REFERENCE:
            resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def close(self):
        self.process.kill()
        self.process.wait()
        self.directory.cleanup()

    def converse(self, messages, cuts=(), then_ends=False):
        """Sends one message after the other, each when the one before is answered. cuts: where each is cut into pieces, of
        which the next one is sent when the one before has been read. then_ends: the last one is followed by the end of the stream."""
        seen = Conversation()
        with fastcgi.Connection(self.path, TIMEOUT_S) as connection:
            for message in messages:
                try:
                    for start, end in zip((0, *cuts), (*cuts, len(message))):
                        self._send(connection.socket, message[start:end])
                    if then_ends and message is messages[-1]:
                        connection.half_close()
                    self._receive(connection, seen)
                except (fastcgi.Closed, OSError) as error:
                    assert not isinstance(error, TimeoutError), f"{self.program} does not answer: {seen}"
                    seen.closed = True
                if seen.closed:
                    break
        if seen.closed:
            seen.died = self._death()
        return seen

    def _death(self):
        """A responder that lives accepts another connection, and closes it."""
        try:
            with fastcgi.Connection(self.path, TIMEOUT_S) as connection:
                connection.half_close()
                connection.wait_closed(TIMEOUT_S)
        except OSError:
            pass
        return self.process.wait(TIMEOUT_S) if unconnectable(self.path) else self.process.poll()

    def _send(self, connected, piece):
        connected.sendall(piece)
        processes.wait_until(lambda: unread(connected) == 0 or self.process.poll() is not None, TIMEOUT_S)

    def _receive(self, connection, seen):
        """Up to the end of an answer."""
        stdout = b""
        while True:
            kind, request_id, content, _ = connection.read_record()
            if kind == fastcgi.STDOUT:
                stdout += content
            elif kind == fastcgi.END_REQUEST and stdout:
                seen.requests.append(self._told(stdout))
                return
            elif kind == fastcgi.END_REQUEST:
                seen.refused.append((request_id, content[4]))
            elif request_id == 0:
                seen.replies.append((kind, content))
            else:
                raise AssertionError(f"record of type {kind}")

    def _told(self, stdout):
        lines = stdout.decode("ascii").split("\r\n\r\n", 1)[1].splitlines()
        if self.program == REFERENCE and ROLE in lines:
            lines.remove(ROLE)
        return tuple(lines[:-1]), lines[-1]


