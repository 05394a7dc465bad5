# SPDX-License-Identifier: MIT
"""The web server's side of FastCGI 1.0, good and bad: whatever a test wants to send, record by record or byte by
byte, and an answer taken apart down to its records."""

import contextlib
import socket
import struct
import time

import clock

BEGIN_REQUEST, ABORT_REQUEST, END_REQUEST, PARAMS, STDIN, STDOUT, STDERR, DATA = range(1, 9)
GET_VALUES, GET_VALUES_RESULT, UNKNOWN_TYPE = 9, 10, 11
RESPONDER, AUTHORIZER, FILTER = 1, 2, 3
KEEP_CONN = 1
REQUEST_COMPLETE, CANT_MPX_CONN, OVERLOADED, UNKNOWN_ROLE = range(4)

# Ends a test whose daemon does not answer, on a machine however slow.
TIMEOUT = 20 * clock.SLOW


class Closed(Exception):
    """The daemon closed the connection, where a record was expected."""


class Broken(Exception):
    """A record that is none (wrong version): how the daemon breaks a stream."""


def record(kind, request_id, content=b"", padding=0, version=1):
    return struct.pack(">BBHHBx", version, kind, request_id, len(content), padding) + content + b"\xaa" * padding


def pair(name, value, long_lengths=False):
    name = name.encode() if isinstance(name, str) else name
    value = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    head = b""
    for item in (name, value):
        if len(item) < 128 and not long_lengths:
            head += bytes((len(item),))
        else:
            head += struct.pack(">I", len(item) | 0x80000000)
    return head + name + value


def pairs(params, long_lengths=False):
    return b"".join(pair(name, value, long_lengths) for name, value in params.items())


def parse_pairs(data):
    found, i = {}, 0
    while i < len(data):
        lengths = []
        for _ in range(2):
            length = data[i]
            if length & 0x80:
                length = struct.unpack_from(">I", data, i)[0] & 0x7FFFFFFF
                i += 3
            i += 1
            lengths.append(length)
        found[data[i:i + lengths[0]].decode()] = data[i + lengths[0]:i + sum(lengths)].decode()
        i += sum(lengths)
    return found


def begin(request_id=1, role=RESPONDER, keep=False):
    return record(BEGIN_REQUEST, request_id, struct.pack(">HB5x", role, KEEP_CONN if keep else 0))


def stream(kind, request_id, data, chunk=65528, padding=0, end=True):
    out = [record(kind, request_id, data[i:i + chunk], padding) for i in range(0, len(data), chunk)]
    if end:
        out.append(record(kind, request_id, b"", padding))
    return b"".join(out)


def cgi(uri, method="GET", **more):
    """The variables as nginx sends them; a name with the value None is left out."""
    path, _, query = uri.partition("?")
    params = {
        "QUERY_STRING": query, "REQUEST_METHOD": method, "CONTENT_TYPE": "", "CONTENT_LENGTH": "",
        "SCRIPT_NAME": path, "REQUEST_URI": uri, "DOCUMENT_URI": path, "DOCUMENT_ROOT": "/var/www",
        "SERVER_PROTOCOL": "HTTP/1.1", "GATEWAY_INTERFACE": "CGI/1.1", "SERVER_SOFTWARE": "test",
        "REMOTE_ADDR": "127.0.0.1", "REMOTE_PORT": "1", "SERVER_NAME": "localhost", "HTTP_HOST": "localhost",
    }
    params.update(more)
    return {name: value for name, value in params.items() if value is not None}


def request(uri, request_id=1, keep=False, method="GET", body=b"", chunk=65528, padding=0, role=RESPONDER,
            long_lengths=False, **more):
    if body:
        more.setdefault("CONTENT_LENGTH", str(len(body)))
    return (begin(request_id, role, keep)
            + stream(PARAMS, request_id, pairs(cgi(uri, method, **more), long_lengths), chunk, padding)
            + stream(STDIN, request_id, body, chunk, padding))


class Answer:
    """status is None when no header arrived; `ended` when END_REQUEST did; `broken`: "close", "version", "reset"."""

    def __init__(self):
        self.status = None
        self.headers = {}
        self.fields = []
        self.body = bytearray()
        self.length = 0
        self.stderr = bytearray()
        self.ended = False
        self.app_status = self.protocol_status = None
        self.broken = None
        self.sizes = []
        self.paddings = set()
        self.stdout_closed = False
        self.first_at = None
        self._head = bytearray()
        self._in_body = False

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def raw(self):
        return bytes(self._head) + bytes(self.body)

    def _parse_head(self):
        for line in self._head.decode("latin-1").replace("\r\n", "\n").strip("\n").split("\n"):
            name, colon, value = line.partition(":")
            assert colon, f"no header field: {line!r}"
            self.fields.append((name, value.strip()))
            self.headers[name.lower()] = value.strip()
        self.status = int(self.headers.get("status", "200").split()[0])

    def take(self, data, sink=None):
        if self.first_at is None:
            self.first_at = time.monotonic()
        if not self._in_body:
            self._head += data
            for end in (b"\r\n\r\n", b"\n\n"):
                at = self._head.find(end)
                if at >= 0:
                    data = bytes(self._head[at + len(end):])
                    del self._head[at + len(end):]
                    self._in_body = True
                    self._parse_head()
                    break
            else:
                return
        self.length += len(data)
        if sink:
            sink(data)
        else:
            self.body += data

    def __repr__(self):
        return (f"<Answer status={self.status} length={self.length} ended={self.ended} broken={self.broken} "
                f"protocol_status={self.protocol_status} headers={self.headers} body={bytes(self.body[:200])!r}>")


class Connection:
    """One connection to the daemon. address: a path, or (host, port)."""

    def __init__(self, address, timeout=TIMEOUT, receive_buffer=None):
        family = (socket.AF_UNIX if isinstance(address, str)
                  else socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(address)
        if family != socket.AF_UNIX:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray(1 << 18)
        self._start = self._end = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Closes so that TCP sends RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data, step=None):
        """step: bytes for each write. A daemon that has closed already is no error: the answer tells."""
        try:
            for i in range(0, len(data), step or max(len(data), 1)):
                self.socket.sendall(data[i:i + step] if step else data)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def _fill(self):
        if self._start == self._end:
            self._start = self._end = 0
        elif self._end == len(self._buffer):
            rest = self._buffer[self._start:self._end]
            self._buffer[:len(rest)] = rest
            self._start, self._end = 0, len(rest)
        try:
            n = self.socket.recv_into(memoryview(self._buffer)[self._end:])
        except ConnectionResetError:
            n = 0
        if n == 0:
            raise Closed
        self._end += n

    def read_record(self):
        """(type, request id, content, padding length)"""
        while self._end - self._start < 8:
            self._fill()
        version, kind, request_id, length, padding = struct.unpack_from(">BBHHB", self._buffer, self._start)
        if version != 1:
            raise Broken
        while self._end - self._start < 8 + length + padding:
            self._fill()
        at = self._start + 8
        content = bytes(memoryview(self._buffer)[at:at + length])
        self._start = at + length + padding
        return kind, request_id, content, padding

    def answer(self, request_id=1, sink=None, until=None, others=None, into=None):
        """Reads until END_REQUEST of request_id, the end of the connection, or until(answer). Records of other
        requests are appended to `others`, or are an error."""
        answer = into or Answer()
        while not (until and until(answer)):
            try:
                kind, found_id, content, padding = self.read_record()
            except Closed:
                answer.broken = "close"
                break
            except Broken:
                answer.broken = "version"
                break
            if found_id != request_id:
                assert others is not None, f"record of type {kind} for request {found_id}, not {request_id}"
                others.append((kind, found_id, content))
            elif kind == STDOUT:
                assert not answer.stdout_closed, "STDOUT goes on behind its end"
                answer.sizes.append(len(content))
                answer.paddings.add(padding)
                if content:
                    answer.take(content, sink)
                else:
                    answer.stdout_closed = True
            elif kind == STDERR:
                answer.stderr += content
            elif kind == END_REQUEST:
                answer.app_status, answer.protocol_status = struct.unpack(">IB3x", content)
                answer.ended = True
                break
            else:
                raise AssertionError(f"record of type {kind} from the daemon")
        return answer

    def get(self, uri, request_id=1, sink=None, **more):
        self.send(request(uri, request_id, **more))
        return self.answer(request_id, sink)

    def values(self, *names):
        self.send(record(GET_VALUES, 0, pairs({name: "" for name in names})))
        kind, request_id, content, _ = self.read_record()
        assert (kind, request_id) == (GET_VALUES_RESULT, 0)
        return parse_pairs(content)

    def wait_closed(self, timeout):
        """Reads until the daemon closes; the seconds that it took, or None after `timeout` seconds of clock.taken()."""
        start = clock.Moment()
        try:
            while (left := clock.left(start, timeout)) > 0:
                self.socket.settimeout(left)
                with contextlib.suppress(TimeoutError):
                    if not self.socket.recv(65536):
                        return clock.elapsed(start)
            return None
        except ConnectionResetError:
            return clock.elapsed(start)
        finally:
            self.socket.settimeout(TIMEOUT)

    def is_open(self):
        """Nothing has been sent, and nothing closed."""
        self.socket.setblocking(False)
        try:
            self.socket.recv(1, socket.MSG_PEEK)
            return False
        except BlockingIOError:
            return True
        except ConnectionResetError:
            return False
        finally:
            self.socket.settimeout(TIMEOUT)


def get(address, uri, sink=None, timeout=TIMEOUT, **more):
    with Connection(address, timeout) as connection:
        return connection.get(uri, sink=sink, **more)
