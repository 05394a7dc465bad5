# SPDX-License-Identifier: MIT
"""The Debian packages, as README says that they are made."""

import os
import pathlib
import re
import shutil
import subprocess

import machine

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
# What the packages depend on, and what their tests need.
NEEDED = ["curl", "dbus", "imagemagick", "libavif15", "libconfuse2", "libgif7", "libdeflate0", "libheif1", "libisal2", "liblcms2-2", "libtiff6",
          "libwebpdemux2", "libwebpmux3", "logrotate", "nginx-light", "systemd", "systemd-sysv"]
OURS = ("sluice", "sluice-picture")


def not_sources(directory, names):
    return [name for name in names if name in (".git", "__pycache__", ".pytest_cache") or
            (pathlib.Path(directory) == REPOSITORY and re.match("build|obj-", name))]


def missing():
    """Why they cannot be made here; None where they can."""
    return None if shutil.which("dpkg-buildpackage") and shutil.which("dh") else "not installed: debhelper, dpkg-dev"


def make(directory):
    """Without the unit tests, which ./check runs anyhow. The compiler's cache is used where there is one."""
    shutil.copytree(REPOSITORY, directory / "source", ignore=not_sources, symlinks=True)
    environment = {**os.environ, "DEB_BUILD_OPTIONS": "nocheck parallel=2", "LC_ALL": "C.UTF-8", "CCACHE_BASEDIR": str(directory),
                   "CCACHE_NOHASHDIR": "1", "PATH": "/usr/lib/ccache:" + os.environ.get("PATH", machine.PATH)}
    done = subprocess.run(["dpkg-buildpackage", "-b", "-us", "-uc"], cwd=directory / "source", env=environment, timeout=900,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]


def find(directory, name="sluice"):
    found = list(directory.glob(f"{name}_*.deb"))
    assert len(found) == 1, found
    return found[0]
