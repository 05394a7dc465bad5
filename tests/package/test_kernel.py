# SPDX-License-Identifier: MIT
"""Debian 12's own kernel, with version 2 of cgroups alone: what tests in namespaces cannot show, because they have the kernel of this
machine. The guest of tests/lib/guest.py runs the unit tests, the confinement table, the tests of cgroups, and the story of
test_package.py. It takes many minutes, so only ./check --long has it."""

import os
import pathlib
import re
import subprocess

import pytest

import debs
import guest
import machine

BUILD = pathlib.Path(os.environ["SLUICE"]).parent
TIMEOUT_S = 30 * 60
# A processor that is played takes ten times as long.
SLOW = 8
MORE = [guest.KERNEL, "libcmocka0", "libnettle8", "libseccomp2", "procps", "python3-pytest", "udev"]
KERNEL = "6.1."


def steps(packages):
    pytest_of = ["/usr/bin/python3", "-B", "-m", "pytest", "-q", "-c", str(debs.REPOSITORY / "tests/package/pytest.ini"),
                 "--basetemp=/mnt/disk/pytest"]
    variables = {"SLUICE_SLOW": str(SLOW), "PY_COLORS": "0"}
    yield guest.Step("kernel", ["uname", "-r"])
    # Unit tests that are no programs of their own need a compiler, or the like.
    yield from (step for step in guest.tests_of(BUILD, "unit-.*", SLOW, **variables) if step.command[0].startswith(str(BUILD)))
    yield from guest.tests_of(BUILD, "scenario-cgroup|scenario-memory", SLOW, **variables)
    # What is installed shows the kernel that there is, and imitates no other.
    yield from guest.tests_of(BUILD, "confinement", SLOW, **variables, SLUICE="/mnt/disk/unpacked/usr/sbin/sluice")
    yield guest.Step("package", [*pytest_of, str(debs.REPOSITORY / "tests/package/test_package.py")], "/root",
                     {**variables, "SLUICE": str(BUILD / "sluice"), "SLUICE_PACKAGES": "/mnt/disk/packages", "SLUICE_GUEST": "1"}, 1200)


@pytest.fixture(scope="module")
def told(packages, tmp_path_factory):
    reason = guest.missing()
    if reason:
        pytest.skip(reason)
    directory = tmp_path_factory.mktemp("guest")
    try:
        tree = machine.tree(BUILD / "tests/package/debian-kernel", debs.NEEDED + MORE)
    except machine.Impossible as impossible:
        pytest.skip(str(impossible))
    guest.fill_disk(directory / "disk", debs.REPOSITORY, BUILD, debs.not_sources)
    (directory / "disk/packages").mkdir()
    for name in debs.OURS:
        os.link(debs.find(packages, name), directory / "disk/packages" / debs.find(packages, name).name)
    subprocess.run(["dpkg-deb", "-x", debs.find(packages), directory / "disk/unpacked"], check=True, timeout=60)
    guest.prepare(tree, list(steps(packages)), debs.REPOSITORY, BUILD)
    return guest.boot(tree, directory, TIMEOUT_S)


def test_it_boots_and_ends(told):
    assert told.ended, f"after {TIMEOUT_S} seconds it was here:\n{told.text[-3000:]}\n{told.console[-2000:]}"
    assert told.steps["kernel"][1].startswith(KERNEL), told.text[:1000] + told.console[-3000:]


def test_each_step_passes(told, packages):
    assert list(told.steps) == [step.name for step in steps(packages)], told.text[-3000:]
    failed = {step.name: told.steps[step.name][1] for step in steps(packages) if told.steps[step.name][0] not in (0, step.skipped)}
    assert not failed, "\n".join(f"== {name}\n{text[-6000:]}" for name, text in failed.items())


@pytest.mark.parametrize("name", ["scenario-cgroup", "scenario-memory", "confinement", "package"])
def test_nothing_of_importance_is_skipped(told, name):
    skipped = set(re.findall(r"SKIPPED \[\d+\] \S+: (.*)", told.steps[name][1]))
    assert skipped <= {"some kernels of the page cannot be imitated by this one, or by this build", "not installed: lintian",
                       "a release build has pid namespaces for what is not confined, too", "not installed: debootstrap"}, skipped
