# SPDX-License-Identifier: MIT
"""The daemon's log: `time level message` lines, key=value inside."""

import os
import re
import time

from clock import SLOW
from processes import wait_until

_PAIR = re.compile(r'([a-z_]+)=("(?:[^"\\]|\\.)*"|\S*)')


class Line(dict):
    """The key=value pairs of one line; `text` is all of it."""

    def __init__(self, text):
        super().__init__((k, v[1:-1] if v.startswith('"') else v) for k, v in _PAIR.findall(text))
        self.text = text

    def number(self, key):
        return int(self[key])


class Log:
    def __init__(self, path):
        self.path = path

    def _size(self):
        return os.path.getsize(self.path) if os.path.exists(self.path) else 0

    def mark(self):
        """Where the log ends now. It is written by a thread of its own, so what was said just before comes first; where
        requests go on all the time the log never stands still, and a tenth of a second is enough."""
        size = -1
        end = time.monotonic() + 0.1
        while size != (size := self._size()) and time.monotonic() < end:
            time.sleep(0.005)
        return size

    def text(self, mark=0):
        self.mark()
        with open(self.path, "rb") as file:
            file.seek(mark)
            return file.read().decode("utf-8", "replace")

    def lines(self, mark=0):
        """Without one that is just being written."""
        return [Line(line) for line in self.text(mark).rpartition("\n")[0].splitlines()]

    def requests(self, mark=0):
        return [line for line in self.lines(mark) if "method" in line and "status" in line]

    def wait_request(self, mark, count=1, timeout=5 * SLOW, **fields):
        """The lines of at least `count` requests behind mark, of those with these fields: a line may come after the answer, and
        so may the line of a request before."""
        def enough():
            found = [line for line in self.requests(mark) if fields.items() <= line.items()]
            return found if len(found) >= count else None
        return wait_until(enough, timeout, lambda: f"{count} request lines with {fields} in:\n{self.text(mark)}")

    def wait_text(self, pattern, mark=0, timeout=5 * SLOW):
        return wait_until(lambda: re.search(pattern, self.text(mark)), timeout,
                          lambda: f"/{pattern}/ in:\n{self.text(mark)}")
