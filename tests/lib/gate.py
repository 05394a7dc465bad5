# SPDX-License-Identifier: MIT
"""A fake converter that waits until the test lets it go on, however fast or slow the machine is."""

import contextlib
import os

from clock import SLOW
from processes import wait_until


class Gate:
    """Put `steps` among those of the fake converter, and `options` into its recipe."""

    def __init__(self, directory, name="gate"):
        self.path = os.path.join(directory, name)
        os.mkfifo(self.path)
        os.chmod(self.path, 0o644)
        self.steps = ("copy", self.path)
        self.options = {"read": [str(directory)]}

    @contextlib.contextmanager
    def waiting(self, daemon):
        """While a converter waits here; it goes on afterwards."""
        def opened():
            with contextlib.suppress(OSError):  # ENXIO: none has come yet
                return [os.open(self.path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)]
            return None
        writer, = wait_until(opened, 20 * SLOW, lambda: f"a converter at the gate; log:\n{daemon.log.text()[-2000:]}")
        try:
            yield
        finally:
            os.close(writer)
