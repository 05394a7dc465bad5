# SPDX-License-Identifier: MIT
"""Runs sluice-picture, and looks at pictures with other programs."""
import io
import os
import subprocess

from PIL import Image, ImageChops, ImageStat

PICTURE = os.environ["PICTURE"]


def run(*options, source, env=None, timeout=120):
    """The finished process: source (a path, or bytes) on standard input, options as one would type them."""
    given = {"input": source} if isinstance(source, bytes) else {"stdin": open(source, "rb")}
    return subprocess.run([PICTURE, *map(str, options)], capture_output=True, check=False, timeout=timeout,
                          env=None if env is None else {**os.environ, **env}, **given)


def convert(*options, source):
    """The bytes of the result; it must be one."""
    done = run(*options, source=source)
    assert done.returncode == 0, (done.returncode, done.stderr[-2000:])
    assert not done.stderr, done.stderr[-2000:]
    return done.stdout


def fails(status, *options, source):
    """The line that a refusal is told with; there is no other output."""
    done = run(*options, source=source)
    assert done.returncode == status, (done.returncode, done.stderr[-2000:])
    assert not done.stdout
    assert done.stderr.startswith(b"sluice-picture: ") and done.stderr.count(b"\n") == 1, done.stderr
    return done.stderr.decode()


def image(data):
    """What Pillow makes of the bytes."""
    opened = Image.open(io.BytesIO(data))
    opened.load()
    return opened


def rmse(one, other):
    """The root of the mean square of the differences, 1 is from black to white."""
    assert one.size == other.size and one.mode == other.mode, (one, other)
    squares = [band ** 2 for band in ImageStat.Stat(ImageChops.difference(one, other)).rms]
    return (sum(squares) / len(squares)) ** 0.5 / 255


def tool(*argv, data=None):
    """The standard output of another program."""
    done = subprocess.run([str(arg) for arg in argv], input=data, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, (argv, done.stderr[-2000:])
    return done.stdout
