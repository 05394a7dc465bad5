# SPDX-License-Identifier: MIT
"""The Debian packages: they are built, put on a bare Debian 12, started by its systemd, asked through its nginx, upgraded, and purged.
The tests of this file are one story and stand in its order."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest

import debs
import image
import machine
from daemon import SLOW
from processes import wait_until

CONTAINERS = (debs.REPOSITORY / "doc/containers.md").read_text()
README = (debs.REPOSITORY / "README.md").read_text()
HERE = pathlib.Path(os.environ["SLUICE"]).parent / "tests/package"
CONFIG = "etc/sluice/sluice.conf"
# What dpkg, apt and the logs keep of every package.
KEPT = re.compile(r"var/(lib/(dpkg|apt|systemd/deb-systemd-helper|logrotate)|cache/(debconf|apt|ldconfig)|log)(/|$)|"
                  r"etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$|etc/nginx/|root/|tmp/|srv/mine|var/lib/nginx")


@pytest.fixture(scope="module")
def upgraded(packages):
    """The same packages with a higher version."""
    made = []
    for name in debs.OURS:
        unpacked = packages / f"unpacked-{name}"
        made.append(packages / f"next-{name}.deb")
        subprocess.run(["dpkg-deb", "-R", debs.find(packages, name), unpacked], check=True, timeout=120)
        control = unpacked / "DEBIAN/control"
        control.write_text(re.sub(r"(?m)^(Version: .*)$", r"\1.1", control.read_text()).replace("(= 0.1.0)", "(= 0.1.0.1)"))
        subprocess.run(["dpkg-deb", "--root-owner-group", "-b", unpacked, made[-1]], check=True, capture_output=True, timeout=120)
    return made


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A booted Debian without sluice; this one itself, in the guest of test_kernel.py."""
    if "SLUICE_GUEST" in os.environ:
        yield machine.This()
        return
    directory = tmp_path_factory.mktemp("machine") / "mount"
    directory.mkdir()
    try:
        with machine.Machine(machine.tree(HERE / "debian", debs.NEEDED), directory) as one:
            yield one
    except machine.Impossible as reason:
        pytest.skip(str(reason))


def listing(one):
    """All files but those of the kernel, and those that are for the time of a boot."""
    found = one.run("find", "/", "-xdev", "-not", "-path", "/mnt*", "-printf", "%P\\n").stdout.splitlines()
    return {name for name in found + one.run("find", "/run", "-name", "*sluice*", "-printf", "run/%P\\n").stdout.splitlines()
            if not KEPT.match(name)}


@pytest.fixture(scope="module")
def installed(bare, packages):
    """As README says, but for the recommended packages: there is no network. `before` is what was there before."""
    bare.before = listing(bare)
    for name in debs.OURS:
        shutil.copy(debs.find(packages, name), bare.path(f"/root/{name}_1_amd64.deb"))
    [files] = re.findall(r"sudo apt install ((?:\./sluice\S*\.deb ?)+)", README)
    told = bare.run("sh", "-c", f"cd /root && apt install -y --no-install-recommends {files}")
    bare.told = told.stdout + told.stderr
    return bare


def journal(one):
    return one.run("journalctl", "--no-pager", "-o", "cat", "-u", "sluice").stdout


def main_pid(one):
    return one.run("systemctl", "show", "-P", "MainPID", "sluice").stdout.strip()


def curl(one, path, *more, host="media.example.org"):
    """(status, type, bytes)"""
    done = one.run("curl", "-sS", "-m", "60", "-o", "/tmp/answer", "-w", "%{http_code} %{content_type} %{size_download}", *more,
                   "-H", f"Host: {host}", f"http://127.0.0.1{path}", check=False)
    return tuple(done.stdout.split()) or done.stderr


def configure(one, **options):
    """Changes or adds global options of the shipped file."""
    path = one.path(CONFIG)
    text = path.read_text()
    for name, value in options.items():
        text = re.sub(rf"(?m)^{name} *=.*\n", "", text)
        text = f"{name} = {value}\n" + text if value is not None else text
    path.write_text(text)


def test_lintian(packages):
    if not shutil.which("lintian"):
        pytest.skip("not installed: lintian")
    done = subprocess.run(["lintian", "--allow-root", "--no-cfg", "--fail-on", "error,warning,info,pedantic", "--pedantic",
                           *packages.glob("*.changes")], capture_output=True, text=True, timeout=300, check=False,
                          env={**os.environ, "LC_ALL": "C.UTF-8"})
    assert done.returncode == 0, done.stdout + done.stderr


# The packages of what sluice_loaded_library() is asked for.
LOADED = {"libavif": "libavif15", "libheif": "libheif1", "libtiff": "libtiff6", "libwebp": "libwebp7", "libwebpdemux": "libwebpdemux2",
          "libwebpmux": "libwebpmux3", "libgif": "libgif7", "libpng": "libpng16-16", "zlib": "zlib1g", "libdeflate": "libdeflate0",
          "libisal": "libisal2", "lcms2": "liblcms2-2"}


@pytest.mark.parametrize("weight,field", [("LIGHT", "Depends"), ("HEAVY", "Recommends")])
def test_what_pictures_load_is_in_the_package(weight, field, packages):
    """By the packages' names, which the build has found. What many pictures need has to be there."""
    told = subprocess.run(["dpkg-deb", "-f", debs.find(packages, "sluice-picture"), field], capture_output=True, text=True, check=True,
                          timeout=60).stdout
    build = [debs.REPOSITORY / "picture/CMakeLists.txt", *(debs.REPOSITORY / "picture").glob("*.cmake")]
    loaded = re.findall(rf"sluice_loaded_library\(\w+ {weight} (\w+)", "".join(path.read_text() for path in build))
    named = {name.split(" ")[0] for name in re.split(r", *", told.strip())}
    assert loaded and named - {"libc6", "libjpeg62-turbo"} == {LOADED[name] for name in loaded}


def test_what_recipes_use_is_recommended():
    recommended = re.search(r"^Recommends: (.*?)^\S", (debs.REPOSITORY / "debian/control").read_text(), re.M | re.S)[1]
    shipped = re.search(r"apt-get install --no-install-recommends (.*)", (debs.REPOSITORY / "etc/sluice.conf").read_text())[1]
    assert set(shipped.split()) == set(re.findall(r"[\w.-]+", recommended))


def test_it_answers_at_once(installed):
    assert installed.run("systemctl", "is-active", "sluice.service", "sluice.socket").stdout == "active\nactive\n", installed.told
    assert installed.run("systemctl", "is-enabled", "sluice.service", "sluice.socket").stdout == "enabled\nenabled\n"
    done = installed.run("sluice", "health")
    assert done.returncode == 0, done
    log = journal(installed)
    assert "a socket was inherited; `listen` is ignored" in log and " ready version=" in log, log
    assert " owner=root:? mode=0660 " in log, log  # www-data has no name within the unit
    assert not re.search(r"(?m)^(\S+ )?error ", log), log
    assert "starts cold: " not in log, log
    assert installed.run("stat", "-c", "%U", f"/proc/{main_pid(installed)}").stdout == "sluice\n"
    done = installed.run("sluice", "-t")
    assert done.returncode == 0 and "warning: log" not in done.stderr, done.stderr


def test_what_it_has_made(installed):
    assert "sluice" in installed.path("/srv/media/README").read_text()
    assert installed.run("stat", "-c", "%U %G %a", "/run/sluice/sluice.sock").stdout.split() == ["root", "www-data", "660"]
    conffiles = installed.run("dpkg-query", "-W", "-f", "${Conffiles}", "sluice").stdout
    for name in ("sluice.conf", "recipes/imagemagick.conf", "imagemagick/policy.xml"):
        assert f"/etc/sluice/{name}" in conffiles
    for name in listing(installed) - installed.before:
        assert name.startswith(("etc/sluice", "etc/systemd/system/", "etc/logrotate.d/", "usr/lib/", "lib/systemd/", "usr/sbin/sluice",
                                "usr/bin/sluice-picture", "usr/share/", "srv/media", "var/cache/sluice", "var/lib/systemd", "run/sluice", "run/systemd",
                                "tmp/", "var/tmp/", "run/credentials")), name


def test_a_thumbnail_through_nginx(installed):
    """With README's block, beside Debian's own site."""
    installed.run("convert", "-size", "640x480", "gradient:red-blue", "/srv/media/landscape.jpg")
    block = re.search(r"\n```\n(upstream sluice \{.*?\n)```\n", README, re.S)[1]
    assert installed.path("/etc/nginx/sites-enabled/default").is_symlink()
    installed.path("/etc/nginx/conf.d/sluice.conf").write_text(block)
    installed.run("nginx", "-t")
    installed.run("systemctl", "reload", "nginx")
    name = re.search(r"server_name +([^ ;]+)", block)[1]
    wait_until(lambda: curl(installed, "/landscape.jpg?size=300x200", host=name)[0] == "200", 30 * SLOW,
               lambda: str(curl(installed, "/landscape.jpg?size=300x200", host=name)) + journal(installed))
    assert installed.run("identify", "-format", "%wx%h", "/tmp/answer").stdout == "267x200"
    assert curl(installed, "/landscape.jpg?size=300x200", "-H", "Accept: image/webp", host=name)[1] == "image/webp"


def test_the_status_shows_what_runs(installed):
    """Though the unit hides processes from each other."""
    good = installed.path(CONFIG).read_text()
    installed.path(CONFIG).write_text('recipe busy { path = "/busy/{source}"  type = "text/plain"  timeout = 10m  start = cold\n'
                                      '    run = {"sh", "-c", "while :; do :; done"} }\n' + good)
    installed.run("systemctl", "restart", "sluice")
    client = subprocess.Popen(installed.argv("curl", "-s", "-o", "/dev/null", "-m", "600", "-H", "Host: media.example.org",
                                             "http://127.0.0.1/busy/landscape.jpg"))

    def seen():
        running = json.loads(installed.run("sluice", "status", "json").stdout)["running"]
        return any(one["programs"] == 1 and one["cpu_seconds"] > 0 and one["memory_bytes"] > 0 for one in running)
    try:
        wait_until(seen, 60 * SLOW, lambda: installed.run("sluice", "status", "json").stdout)
    finally:
        installed.path(CONFIG).write_text(good)
        installed.run("systemctl", "kill", "--signal=KILL", "sluice")  # it would wait for the request
        client.wait(600)
        wait_until(lambda: installed.run("sluice", "health", check=False).returncode == 0, 60 * SLOW)


def test_an_upgrade_loses_no_request(installed, upgraded):
    before = main_pid(installed)
    for new in upgraded:
        shutil.copy(new, installed.path("/root"))
    script = 'while [ ! -e /tmp/enough ]; do curl -s -m 120 -o /dev/null -w "%{http_code}\\n" -H "Host: media.example.org" ' \
             '"http://127.0.0.1/landscape.jpg?size=$((n = n % 90 + 10))x200"; done >>/tmp/answers'
    clients = [subprocess.Popen(installed.argv("sh", "-c", script)) for _ in range(3)]
    answers = installed.path("/tmp/answers")
    try:
        wait_until(lambda: answers.exists() and len(answers.read_text().split()) > 6, 60 * SLOW)
        installed.run("dpkg", "-i", *(f"/root/{new.name}" for new in upgraded))
        seen = len(answers.read_text().split())
        wait_until(lambda: len(answers.read_text().split()) > seen + 6, 60 * SLOW)
    finally:
        installed.path("/tmp/enough").touch()
        for client in clients:
            client.wait(300)
    assert set(answers.read_text().split()) == {"200"}
    assert main_pid(installed) not in (before, "0")


def test_a_reload_tells_of_errors(installed):
    """And leaves the daemon as it was."""
    good = installed.path(CONFIG).read_text()
    installed.path(CONFIG).write_text(good + "recipe {\n")
    assert installed.run("systemctl", "reload", "sluice", check=False).returncode != 0
    assert "sluice.conf:" in journal(installed)
    assert curl(installed, "/landscape.jpg?size=50x50")[0] == "200"
    installed.path(CONFIG).write_text(good)
    installed.run("systemctl", "reload", "sluice")
    wait_until(lambda: "configuration reloaded" in journal(installed), 30 * SLOW)


def test_starts_that_fail_do_not_close_the_socket(installed):
    """Eight of them, three more than systemd's own limit; then the administrator mends the file, and does nothing else."""
    good = installed.path(CONFIG).read_text()
    installed.path(CONFIG).write_text("recipe {\n")
    installed.run("systemctl", "restart", "sluice", check=False)
    count = len(re.findall(r"sluice\.conf:\d+", journal(installed)))
    client = subprocess.Popen(installed.argv("curl", "-s", "-m", "300", "-o", "/dev/null", "-w", "%{http_code}", "-H",
                                             "Host: media.example.org", "http://127.0.0.1/landscape.jpg?size=60x60"),
                              stdout=subprocess.PIPE, text=True)
    wait_until(lambda: len(re.findall(r"sluice\.conf:\d+", journal(installed))) >= count + 8, 120 * SLOW)
    assert installed.run("systemctl", "is-active", "sluice.socket").stdout == "active\n"
    installed.path(CONFIG).write_text(good)
    # It has waited in the socket; nginx gives up after a minute (fastcgi_read_timeout), on a slow machine perhaps before.
    assert client.communicate(timeout=300)[0] in ("200", "504")
    wait_until(lambda: curl(installed, "/landscape.jpg?size=61x61")[0] == "200", 60 * SLOW)


def test_a_log_file(installed):
    """In /var/log/sluice, and turned by the shipped snippet; elsewhere the system is read-only, and the log says it."""
    configure(installed, log='"/var/log/other.log"')
    installed.run("systemctl", "restart", "sluice", check=False)
    wait_until(lambda: re.search(r"cannot open the log /var/log/other\.log: .*LogsDirectory=", journal(installed)), 60 * SLOW,
               lambda: journal(installed)[-2000:])
    configure(installed, log='"/var/log/sluice/sluice.log"')
    log = installed.path("/var/log/sluice/sluice.log")
    wait_until(lambda: log.exists() and " ready " in log.read_text(), 60 * SLOW, lambda: journal(installed)[-2000:])
    installed.run("logrotate", "--force", "/etc/logrotate.d/sluice")
    wait_until(log.exists, 30 * SLOW)
    assert curl(installed, "/landscape.jpg?size=70x70")[0] == "200"
    wait_until(lambda: "size=70x70" in log.read_text(), 30 * SLOW)
    assert installed.run("stat", "-c", "%U", "/var/log/sluice/sluice.log").stdout == "sluice\n"


def test_a_reload_may_be_a_take_over(installed):
    """With the shipped drop-in."""
    drop_in = installed.path("/etc/systemd/system/sluice.service.d")
    drop_in.mkdir()
    shutil.copy(installed.path("/etc/sluice/systemd/take-over.conf"), drop_in)
    installed.run("systemctl", "daemon-reload")
    for _ in range(2):
        before = main_pid(installed)
        installed.run("systemctl", "reload", "sluice")
        assert main_pid(installed) not in (before, "0"), journal(installed)[-3000:]
        assert curl(installed, "/landscape.jpg?size=80x80")[0] == "200"
        wait_until(lambda before=before: not installed.path(f"/proc/{before}").exists(), 30 * SLOW)
        assert installed.run("systemctl", "is-active", "sluice").stdout == "active\n"
    shutil.rmtree(drop_in)
    installed.run("systemctl", "daemon-reload")
    installed.run("systemctl", "restart", "sluice")


def test_purge_leaves_nothing_but_media(installed):
    installed.run("apt-get", "remove", "-y", *debs.OURS)
    assert installed.path(CONFIG).exists() and installed.path("/srv/media/landscape.jpg").exists()
    assert not installed.path("/run/sluice/sluice.sock").exists()
    installed.run("dpkg", "--purge", *debs.OURS)
    assert listing(installed) - installed.before == {"srv/media", "srv/media/landscape.jpg"}
    assert "sluice" not in installed.run("getent", "passwd").stdout + installed.run("getent", "group").stdout
    assert "sluice" not in installed.run("systemctl", "list-unit-files", "--no-pager").stdout


def test_purge_leaves_nothing(installed):
    """Where there were no media."""
    shutil.rmtree(installed.path("/srv/media"))
    installed.run("dpkg", "-i", *(f"/root/{name}_1_amd64.deb" for name in debs.OURS))
    assert installed.run("sluice", "health").returncode == 0
    assert installed.path("/srv/media/README").exists()
    installed.run("dpkg", "--purge", *debs.OURS)
    assert listing(installed) - installed.before == set()


def block(name):
    """A file of doc/containers.md."""
    return re.search(rf"`{re.escape(name)}`[^\n]*:\n\n```\w*\n(.*?)```", CONTAINERS, re.S)[1]


def test_image_of_the_documents(packages, tmp_path):
    """The steps of doc/containers.md: the image is built, runs as its user with nothing but what `docker run` gives it, is healthy, and
    answers through nginx beside it."""
    (tmp_path / "mount").mkdir()
    (tmp_path / "context").mkdir()
    for name in debs.OURS:
        shutil.copy(debs.find(packages, name), tmp_path / "context")
    (tmp_path / "context/sluice.conf").write_text(block("sluice.conf"))
    log = tmp_path / "log"
    tmpfs = dict(re.findall(r"--tmpfs ([^:\s]+):(\S+)", CONTAINERS))
    assert list(tmpfs) == ["/tmp"]
    probes = re.findall(r"exec: \{command: \[(.*?)\]\}", CONTAINERS)
    assert len(probes) == 3
    try:
        base = machine.tree(HERE / "debian", debs.NEEDED)
    except machine.Impossible as reason:
        pytest.skip(str(reason))
    with image.Image(base, tmp_path / "mount", tmp_path / "context") as one:
        one.build(block("Containerfile"))
        one.run("convert", "-size", "640x480", "gradient:red-blue", "/srv/media/landscape.jpg")
        one.start(log, ["/run/sluice"], tmpfs)
        wait_until(lambda: " ready version=" in log.read_text() or one.started.poll() is not None, 60 * SLOW)
        assert " ready version=" in log.read_text() and not re.search(r"(?m)^(\S+ )?error ", log.read_text()), log.read_text()
        for command in (one.healthcheck, *(probe.split(", ") for probe in probes)):
            done = one.execute(*command)
            assert done.returncode == 0, done
        assert one.execute("touch", "/etc/x").returncode != 0
        answer_through_nginx(one)
        assert one.stop(signal.SIGTERM) == 0, log.read_text()


def answer_through_nginx(one):
    """On a socket instead of a port, which the machine may have in use."""
    (one.root / "etc/nginx/conf.d/sluice.conf").write_text(block("nginx.conf").replace("listen 8080", "listen unix:/run/nginx.sock"))
    (one.root / "etc/nginx/sites-enabled/default").unlink()
    one.run("nginx")
    try:
        told = one.run("curl", "-sS", "-m", "60", "--unix-socket", "/run/nginx.sock", "-o", "/root/answer", "-w", "%{http_code} %{content_type}",
                       "http://media.example.org/landscape.jpg?size=300x200")
        assert told == "200 image/jpeg"
        assert one.run("identify", "-format", "%wx%h", "/root/answer") == "267x200"
    finally:
        one.run("nginx", "-s", "stop")
