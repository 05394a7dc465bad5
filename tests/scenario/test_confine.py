# SPDX-License-Identifier: MIT
"""Confinement as an administrator meets it: what the log says, what a quota does, and that ImageMagick's policy is in force."""
import os
import subprocess
from pathlib import Path

import pytest

SLUICE = os.environ["SLUICE"]
POLICY = Path(__file__).resolve().parents[2] / "etc/imagemagick"
CONVERT = "/usr/bin/convert"


def render(directory, recipe, confine="standard"):
    (directory / "root").mkdir(exist_ok=True)
    (directory / "root/a").write_bytes(b"source")
    config = directory / "sluice.conf"
    config.write_text(f'root = "{directory}/root"\n'
                      f'recipe r {{ path = "/{{source}}" {recipe} start = cold confine = {confine} }}\n')
    return subprocess.run([SLUICE, "render", "-c", config, "/a"], capture_output=True, text=True, timeout=60, check=False)


def test_forbidden_call_is_named(tmp_path):
    trace = 'run = {python3, "-c", "import ctypes; ctypes.CDLL(None).ptrace(0, 0, 0, 0); print(1)", "{source}"}'
    done = render(tmp_path, trace)
    assert "status=502" in done.stderr
    assert "forbidden system call" in done.stderr
    assert "forbidden system call: ptrace" in done.stderr or "signal 31" in done.stderr
    assert render(tmp_path, trace, "off").returncode == 0


def test_many_files_are_a_limit(tmp_path):
    done = render(tmp_path, 'run = {sh, "-c", "i=0; while :; do head -c 500000 /dev/zero >f$i; i=$((i+1)); sleep 0.01; done",'
                            ' "{source}"} temp_max = 5M timeout = 30s')
    assert "status=507" in done.stderr and "temp_max" in done.stderr


def test_large_file_is_a_limit(tmp_path):
    done = render(tmp_path, 'run = {sh, "-c", "exec head -c 9000000 /dev/zero >f", "{source}"} temp_max = 5M')
    assert "status=507" in done.stderr and "temp_max" in done.stderr


def test_foreign_file_is_closed(tmp_path):
    (tmp_path / "secret").write_text("secret")
    shell = f'run = {{sh, "-c", "cat {tmp_path}/secret", "{{source}}"}}'
    done = render(tmp_path, shell)
    assert "status=422" in done.stderr and done.stdout == ""
    assert render(tmp_path, shell + f' read = {{"{tmp_path}/secret"}}').stdout == "secret"
    assert render(tmp_path, shell, "off").stdout == "secret"


@pytest.mark.parametrize("what", ["mvg:{}", "msl:{}", "svg:{}", "text:{}", "label:@{}", "label:x", "caption:@{}", "pango:@{}",
                                  "https://127.0.0.1:1/x", "http://127.0.0.1:1/x", "ephemeral:{}", "ps:{}", "pdf:{}", "xps:{}",
                                  "video:{}", "mpeg:{}", "clipboard:", "x:", "inline:@{}"])
def test_policy_refuses(tmp_path, what):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    done = subprocess.run([CONVERT, what.format(secret), f"png:{tmp_path}/out.png"], capture_output=True, text=True, timeout=60,
                          env={"PATH": "/usr/bin:/bin", "MAGICK_CONFIGURE_PATH": str(POLICY)}, check=False)
    assert done.returncode != 0 and not (tmp_path / "out.png").exists()
    assert secret.exists()


def test_policy_refuses_text_from_files(tmp_path):
    (tmp_path / "secret").write_text("secret")
    done = subprocess.run([CONVERT, "xc:red", "-set", "comment", f"@{tmp_path}/secret", f"png:{tmp_path}/out.png"],
                          capture_output=True, text=True, timeout=60, check=False,
                          env={"PATH": "/usr/bin:/bin", "MAGICK_CONFIGURE_PATH": str(POLICY)})
    assert "not allowed by the security policy" in done.stderr


def test_policy_allows_pictures(tmp_path):
    for name in ("jpeg", "png", "gif", "webp", "tiff"):
        subprocess.run([CONVERT, "xc:red", f"{name}:{tmp_path}/out.{name}"], check=True, timeout=60,
                       env={"PATH": "/usr/bin:/bin", "MAGICK_CONFIGURE_PATH": str(POLICY)})
        subprocess.run([CONVERT, f"{name}:{tmp_path}/out.{name}", f"png:{tmp_path}/again.png"], check=True, timeout=60,
                       env={"PATH": "/usr/bin:/bin", "MAGICK_CONFIGURE_PATH": str(POLICY)})
