# SPDX-License-Identifier: MIT
"""Confinement as an administrator meets it: what the log says, what a quota does, and that ImageMagick's policy is in force."""
import errno
import os
import subprocess
from pathlib import Path

import callfilter
import pytest

from daemon import CONTAINED, NO_USER_NAMESPACES, SLOW, recipe
from processes import wait_until

SLUICE = os.environ["SLUICE"]
POLICY = Path(__file__).resolve().parents[2] / "etc/imagemagick"
CONVERT = "/usr/bin/convert"


def render(directory, recipe, confine="standard", environment=(), **options):
    (directory / "root").mkdir(exist_ok=True)
    (directory / "root/a").write_bytes(b"source")
    config = directory / "sluice.conf"
    config.write_text(f'root = "{directory}/root"\n'
                      f'recipe r {{ path = "/{{source}}" {recipe} start = cold confine = {confine} }}\n')
    return subprocess.run([SLUICE, "render", "-c", config, "/a"], capture_output=True, text=True, timeout=60, check=False,
                          env={**os.environ, **dict(environment)}, **options)


def test_forbidden_call_is_named(tmp_path):
    trace = 'run = {python3, "-c", "import ctypes; ctypes.CDLL(None).ptrace(0, 0, 0, 0); print(1)", "{source}"}'
    done = render(tmp_path, trace)
    assert "status=502" in done.stderr
    assert "forbidden system call" in done.stderr
    assert "forbidden system call: ptrace" in done.stderr or "signal 31" in done.stderr
    assert render(tmp_path, trace, "off").returncode == 0


def is_filtered():
    """By whatever has started this test, or the daemon: a filter's answer comes before ours."""
    return CONTAINED is not None or NO_USER_NAMESPACES or "Seccomp:\t0" not in Path("/proc/self/status").read_text()


def open_files(pid):
    return [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]


@pytest.mark.parametrize("hooks", [{}, {"SLUICE_TEST_NO_NAMESPACES": "1", "SLUICE_TEST_LANDLOCK_ABI": "4"}])
@pytest.mark.parametrize("confine", ["standard", "strict"])
def test_forbidden_call_of_a_warm_job_is_named(sluice, confine, hooks):
    call = "import ctypes; ctypes.CDLL(None).ptrace(0, 0, 0, 0); print(1)"
    daemon = sluice(recipe("trace", "-I", "-c", call, "{source}", program="/usr/bin/python3", confine=confine, start="warm"),
                    environment=hooks)
    for _ in range(3):
        answer, line = daemon.logged("/trace/a")
        assert answer.status == 502 and line["start"] == "warm"
        assert "forbidden system call: ptrace" in line["reason"] or is_filtered(), line["reason"]
    # Who has the listener can let calls pass, who has the notes can write any: neither is a job's.
    holder, standby = daemon.wait_holder_and_standby()
    assert "memfd:sluice-notes" in Path(f"/proc/{holder}/maps").read_text() or is_filtered()
    wait_until(lambda: "memfd:sluice-notes" not in Path(f"/proc/{standby}/maps").read_text(), 5 * SLOW)  # it may just have been made
    assert "anon_inode:seccomp notify" in open_files(holder) or is_filtered()
    assert "anon_inode:seccomp notify" not in open_files(standby)


def test_required_looks_at_what_is_promised(tmp_path):
    """Without pid namespaces a converter of `standard` finds other processes by their numbers, one of `strict` does not."""
    (tmp_path / "a").write_bytes(b"source")
    for confine, namespaces, starts in [("standard", True, True), ("standard", False, False), ("strict", False, True)]:
        config = tmp_path / "sluice.conf"
        config.write_text(f'root = "{tmp_path}"\nconfine = required\nlisten = "unix:{tmp_path}/sock"\ntemp_path = "{tmp_path}"\n'
                          f'recipe r {{ path = "/{{source}}" run = {{cat, "{{source}}"}} confine = {confine} }}\n')
        hooks = {} if namespaces else {"SLUICE_TEST_NO_NAMESPACES": "1"}
        with subprocess.Popen([SLUICE, "-c", config], stderr=subprocess.PIPE, text=True, env={**os.environ, **hooks}) as daemon:
            line = next((line for line in daemon.stderr if "ready" in line or "confine = required" in line), "")
            daemon.terminate()
            daemon.communicate(timeout=60)
        assert ("ready" in line) == starts, (confine, namespaces, line)


@pytest.mark.parametrize("confine", ["standard", "strict"])
def test_forbidden_call_ends_the_job_though_a_manager_answers_first(tmp_path, confine):
    """As under systemd's SystemCallFilter, or in a container: the call fails with EPERM before anybody is told of it."""
    call = 'run = {python3, "-c", "import ctypes; ctypes.CDLL(None).ptrace(0, 0, 0, 0); print(1)", "{source}"}'
    done = render(tmp_path, call, confine, preexec_fn=lambda: callfilter.refuse("ptrace", error=errno.EPERM))
    assert "status=502" in done.stderr and "forbidden system call" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("hooks", [{}, {"SLUICE_TEST_NO_NAMESPACES": "1"},
                                   {"SLUICE_TEST_NO_NAMESPACES": "1", "SLUICE_TEST_LANDLOCK_ABI": "4"}])
def test_shell_ends_what_it_has_started(tmp_path, hooks):
    shell = 'run = {bash, "-c", "sleep 100 & kill $!; wait $!; echo $?; kill -9 $PPID; true", "{source}"}'
    assert render(tmp_path, shell, environment=hooks).stdout == "143\n"


def test_programs_that_copy_modes_and_times_work(tmp_path):
    shell = ('run = {bash, "-ec", "cat >a; chmod 600 a; cp -p a b; touch -d @1 b; mkdir c; install -m 644 b c/d;'
             ' python3 -c \'import shutil; shutil.copy2(\\\"c/d\\\", \\\"e\\\")\'; cat e", "{source}"} stdin = source')
    done = render(tmp_path, shell)
    assert done.stdout == "source", done.stderr


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
