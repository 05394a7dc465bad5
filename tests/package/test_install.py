# SPDX-License-Identifier: MIT
"""`cmake --install`: everything stands below the prefix, and works from there, wherever the tree is taken afterwards."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

import tiny
import webservers
from daemon import SLOW, quote

BUILD = pathlib.Path(os.environ["SLUICE"]).parent
SOURCE = pathlib.Path(__file__).resolve().parents[2]
NEEDED = ("sbin/sluice", "lib/sluice/libsluice-warm.so", "etc/sluice/sluice.conf",
          "etc/sluice/recipes/imagemagick.conf", "etc/sluice/imagemagick/policy.xml",
          "etc/sluice/nginx/sluice.conf", "lib/systemd/system/sluice.service", "lib/systemd/system/sluice.socket",
          "lib/sysusers.d/sluice.conf", "lib/tmpfiles.d/sluice.conf", "share/man/man8/sluice.8", "share/man/man5/sluice.conf.5",
          "bin/sluice-picture", "share/man/man1/sluice-picture.1",
          "share/bash-completion/completions/sluice")


def install(prefix, destdir=None, umask=0o022):
    environment = {**os.environ, **({"DESTDIR": str(destdir)} if destdir else {})}
    subprocess.run(["cmake", "--install", BUILD, "--prefix", prefix], check=True, capture_output=True, timeout=120, env=environment,
                   umask=umask)


def files(directory):
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if not path.is_dir()}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """For /opt/x, below a DESTDIR."""
    destdir = tmp_path_factory.mktemp("destdir")
    install("/opt/x", destdir)
    return destdir


@pytest.fixture
def place():
    """A directory that the user of webservers.Process can use, too."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="sluice-install-"))
    directory.chmod(0o777)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def moved(installed, place):
    """The same tree at another place, with a configuration that runs cat."""
    prefix = place / "moved"
    shutil.copytree(installed / "opt/x", prefix)
    (place / "media").mkdir()
    (place / "media" / "a.png").write_bytes(tiny.png())
    (prefix / "etc/sluice/sluice.conf").write_text(
        f'listen = "unix:{place}/sock"\nroot = {quote(place / "media")}\n'
        'recipe same { path = "/{source}"  type = "image/png"  run = {"cat", "{source}"} }\n')
    return prefix


def test_recipes_name_the_libraries_of_this_build(tmp_path):
    """Where a library is newer, or ISA-L is not there: else each start would warn."""
    (tmp_path / "loaded-libraries.cmake").write_text("set(loaded_libraries libavif.so.16;libtiff.so.5;libpng16.so.16;libz.so.1)\n")
    subprocess.run(["cmake", f"-DSLUICE_SOURCE={SOURCE}", f"-DSLUICE_BINARY={tmp_path}", f"-DCMAKE_INSTALL_PREFIX={tmp_path}/x", "-DSLUICE_SBINDIR=sbin",
                    "-DSLUICE_LIBDIR=lib", "-DSLUICE_DATADIR=share", "-DSLUICE_MANDIR=share/man", "-DSLUICE_SYSCONFDIR=etc",
                    "-P", SOURCE / "install-snippets.cmake"], check=True, capture_output=True, timeout=60)
    shipped, installed = ((path / "sluice.conf").read_text() for path in (SOURCE / "etc", tmp_path / "x/etc/sluice"))
    assert '"libisal.so' in shipped and "libisal" not in installed
    assert '"libavif.so.16"' in installed and '"libtiff.so.5"' in installed and "libavif.so.15" not in installed
    assert installed.count("preload = ") == shipped.count("preload = ") and '"libpng16.so.16"' in installed


def test_nothing_is_outside_of_the_prefix(installed):
    found = files(installed)
    assert all(name.startswith("opt/x/") for name in found), sorted(found)
    assert set(NEEDED) <= {name.removeprefix("opt/x/") for name in found}


def test_texts_say_where_it_is(installed):
    """Not where the sources say, nor where it was built for."""
    for name in files(installed / "opt/x"):
        if name.startswith(("etc/", "lib/systemd", "share/")):
            text = (installed / "opt/x" / name).read_text()
            assert not re.search(r"/usr/(local/)?s?bin/sluice\b|(?<!/opt/x)/etc/sluice\b", text), name
    unit = (installed / "opt/x/lib/systemd/system/sluice.service").read_text()
    assert "\nExecStart=/opt/x/sbin/sluice -c /opt/x/etc/sluice/sluice.conf\n" in unit


def test_others_may_read_it(tmp_path):
    """The daemon's user does, also when a careful root has installed it: ImageMagick's policy, the library."""
    install(tmp_path / "x", umask=0o077)
    for name in ("etc/sluice", "lib/sluice"):
        for path in (tmp_path / "x" / name, *(tmp_path / "x" / name).rglob("*")):
            assert path.stat().st_mode & (0o005 if path.is_dir() else 0o004), path


def test_an_administrators_configuration_stays(installed, tmp_path):
    shutil.copytree(installed / "opt/x", tmp_path / "x")
    mine = [tmp_path / "x/etc/sluice" / name for name in ("sluice.conf", "recipes/imagemagick.conf", "recipes/mine.conf")]
    for config in mine:
        config.write_text("# mine\n")
    install(tmp_path / "x")
    assert [config.read_text() for config in mine] == ["# mine\n"] * 3


def test_its_configuration_finds_its_files(installed, tmp_path):
    """Where it is installed, and from a file elsewhere that has only the recipes for pictures."""
    shutil.copytree(installed / "opt/x", tmp_path / "x")
    config = tmp_path / "x/etc/sluice/sluice.conf"
    config.write_text(re.sub(r"(?m)^(listen|user|socket_group) *=.*$|^(root) *=.*$", lambda m: f"{m[2]} = /usr" if m[2] else "", config.read_text()))
    other = tmp_path / "other.conf"
    other.write_text(f'root = "/usr"\ninclude {quote(config.parent / "recipes/imagemagick.conf")}\n')
    for file in (config, other):
        done = subprocess.run([tmp_path / "x/sbin/sluice", "-T", "-c", file], capture_output=True, text=True, check=True, timeout=60)
        assert "read: there is no" not in done.stderr, done.stderr
        [policy] = set(re.findall(r"'MAGICK_CONFIGURE_PATH=([^']*)'", done.stdout))
        assert pathlib.Path(policy).resolve() == config.parent / "imagemagick" and (pathlib.Path(policy) / "policy.xml").exists()


def serve(prefix, directory):
    """Until it is ready; returns its log. No -c: its own configuration."""
    daemon = webservers.Process([str(prefix / "sbin/sluice")], directory / "log")
    try:
        daemon.wait_for(lambda: " ready " in daemon.output.read_text(), 10 * SLOW)
    finally:
        daemon.stop()
    return daemon.output.read_text()


def test_it_finds_its_parts(moved, place):
    told = subprocess.run([moved / "sbin/sluice", "-h"], capture_output=True, text=True, check=True, timeout=60).stdout
    assert f"(default {moved}/etc/sluice/sluice.conf)" in told
    done = subprocess.run([moved / "sbin/sluice", "render", "/a.png"], capture_output=True, check=True, timeout=60)
    assert done.stdout == tiny.png()
    assert "starts cold" not in serve(moved, place)


def test_a_missing_library_is_told(moved, place):
    (moved / "lib/sluice/libsluice-warm.so").unlink()
    log = serve(moved, place)
    assert re.search(rf" warning every program starts cold: {re.escape(str(moved))}/lib/sluice/libsluice-warm.so is missing", log), log
