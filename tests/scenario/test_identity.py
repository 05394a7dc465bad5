# SPDX-License-Identifier: MIT
"""A result belongs to the source, the rules and the programs that made it: when one of them changes, it is another result."""

import email.utils
import os
import subprocess
import time

import pytest

from daemon import SLOW, recipe
from processes import wait_until

pytestmark = pytest.mark.usefixtures("nothing_left")

SCRIPT = "#!/bin/sh\necho {}\n"


def replace(path, content, mode=0o755):
    """As a package manager does it: a new file under the old name."""
    with open(f"{path}.new", "w") as file:
        file.write(content)
    os.chmod(f"{path}.new", mode)
    os.rename(f"{path}.new", path)


@pytest.fixture
def tools(tmp_path):
    """A directory of programs that jobs may execute."""
    directory = tmp_path / "tools"
    directory.mkdir()
    return directory


@pytest.fixture
def kept(sluice, tmp_path):
    store = tmp_path / "store"
    store.mkdir()

    def make(*recipes, **settings):
        return sluice(f'cache {{\n    path = "{store}"\n    size = 10M\n}}', *recipes, **settings)
    return make


def text(daemon, uri="/r/a", **more):
    answer = daemon.get(uri, **more)
    assert answer.status == 200, answer
    return bytes(answer.body).decode().strip(), answer.headers["etag"]


def reload(daemon):
    mark = daemon.log.mark()
    daemon.signal(1)
    daemon.log.wait_text("configuration reloaded", mark)


@pytest.mark.parametrize("start", ["cold", "warm"])
def test_new_program(kept, tools, start):
    program = tools / "tool"
    replace(program, SCRIPT.format("one"))
    daemon = kept(recipe("r", program=str(program), start=start))
    said, tag = text(daemon)
    assert said == "one" and text(daemon) == (said, tag)
    replace(program, SCRIPT.format("two"))
    wait_until(lambda: text(daemon)[0] == "two", 2 * SLOW)
    assert text(daemon)[1] != tag
    assert daemon.get("/r/a", HTTP_IF_NONE_MATCH=tag).status == 200


def test_new_program_behind_a_link(kept, tools):
    """As update-alternatives makes them."""
    replace(tools / "one", SCRIPT.format("one"))
    replace(tools / "two", SCRIPT.format("two"))
    (tools / "tool").symlink_to("one")
    daemon = kept(recipe("r", program=str(tools / "tool")))
    said, tag = text(daemon)
    assert said == "one"
    (tools / "new").symlink_to("two")
    os.rename(tools / "new", tools / "tool")
    wait_until(lambda: text(daemon)[0] == "two", 2 * SLOW)
    assert text(daemon)[1] != tag


@pytest.mark.parametrize("how", ["reload", "restart"])
def test_new_program_after(kept, tools, how):
    program = tools / "tool"
    replace(program, SCRIPT.format("one"))
    daemon = kept(recipe("r", program=str(program)))
    _, tag = text(daemon)
    replace(program, SCRIPT.format("two"))
    if how == "reload":
        reload(daemon)
    else:
        daemon.stop()
        daemon.start()
    wait_until(lambda: text(daemon)[0] == "two", 2 * SLOW)
    assert text(daemon)[1] != tag


def build(directory, word, *libraries):
    """A program that prints what its library says, and other libraries beside it."""
    (directory / "say.c").write_text(f'const char *say(void) {{ return "{word}"; }}\n')
    (directory / "main.c").write_text('#include <stdio.h>\nconst char *say(void);\nint main(void) { puts(say()); return 0; }\n')
    for name in ("libsay.so", *libraries):
        subprocess.run(["cc", "-shared", "-fPIC", "-o", f"{directory}/{name}.new", f"{directory}/say.c"], check=True)
        os.rename(f"{directory}/{name}.new", f"{directory}/{name}")


@pytest.mark.parametrize("start", ["cold", "warm"])
def test_new_library(kept, tools, start):
    build(tools, "one", "libother.so")
    program = tools / "tool"
    subprocess.run(["cc", "-o", program, tools / "main.c", f"-L{tools}", "-lsay", f"-Wl,-rpath,{tools}"], check=True)
    daemon = kept(recipe("r", program=str(program), start=start, read=[str(tools)] if start == "none" else []))
    said, tag = text(daemon)
    assert said == "one"
    build(tools, "two")
    wait_until(lambda: text(daemon)[0] == "two", 4 * SLOW)
    assert text(daemon)[1] != tag


OPENS = """#include <dlfcn.h>
#include <stdio.h>
int main(void)
{
	void *library = dlopen("libsay.so", RTLD_NOW);
	const char *(*say)(void) = library ? (const char *(*)(void))dlsym(library, "say") : NULL;
	puts(say ? say() : "nothing");
	return 0;
}
"""


def build_opener(directory, *flags):
    """The program that opens libsay.so by its name."""
    (directory / "opens.c").write_text(OPENS)
    subprocess.run(["cc", "-o", directory / "tool", directory / "opens.c", *flags], check=True)
    return directory / "tool"


@pytest.mark.parametrize("start", ["cold", "warm"])
@pytest.mark.parametrize("there", ["at first", "later"])
def test_a_library_that_is_opened_by_its_name(kept, tools, there, start):
    """It is where the linker finds it, and may appear: then there is a warning, and the recipe works without it."""
    build(tools, "one")
    program = build_opener(tools)
    if there == "later":
        os.rename(tools / "libsay.so", tools / "libsay.so.old")
    daemon = kept(recipe("r", program=str(program), start=start, env=[f"LD_LIBRARY_PATH={tools}"], preload=["libsay.so"]))
    said, tag = text(daemon)
    assert said == ("one" if there == "at first" else "nothing")
    assert ("preload: there is no library 'libsay.so', it is left out" in daemon.log.text()) == (there == "later")
    build(tools, "two")
    wait_until(lambda: text(daemon)[0] == "two", 4 * SLOW)
    assert text(daemon)[1] != tag


def test_what_an_opened_library_needs(kept, tools):
    build(tools, "one", "libneeded.so")
    program = build_opener(tools)
    (tools / "asks.c").write_text('const char *needed(void);\nconst char *say(void) { return needed(); }\n')
    for word in ("one", "two"):
        (tools / "needed.c").write_text(f'const char *needed(void) {{ return "{word}"; }}\n')
        subprocess.run(["cc", "-shared", "-fPIC", "-o", tools / "libneeded.new", tools / "needed.c", "-Wl,-soname,libneeded.so"], check=True)
        os.rename(tools / "libneeded.new", tools / "libneeded.so")
        if word == "one":
            subprocess.run(["cc", "-shared", "-fPIC", "-o", tools / "libsay.so", tools / "asks.c", f"-L{tools}", "-lneeded"], check=True)
            daemon = kept(recipe("r", program=str(program), env=[f"LD_LIBRARY_PATH={tools}"], preload=["libsay.so"]))
        wait_until(lambda: text(daemon)[0] == word, 4 * SLOW, lambda: daemon.log.text())


@pytest.mark.parametrize("start", ["cold", "warm"])
@pytest.mark.parametrize("tags", ["enable", "disable"])
def test_a_library_that_is_opened_from_the_programs_own_list(kept, tools, tags, start):
    """Such as a program in /opt brings its libraries with it."""
    build(tools, "one")
    program = build_opener(tools, "-Wl,-rpath,$ORIGIN", f"-Wl,--{tags}-new-dtags")
    daemon = kept(recipe("r", program=str(program), start=start, preload=["libsay.so"]))
    said, tag = text(daemon)
    assert said == "one"
    assert "there is no library" not in daemon.log.text()
    build(tools, "two")
    wait_until(lambda: text(daemon)[0] == "two", 4 * SLOW)


def test_a_link_to_a_program_with_its_libraries(kept, tools):
    """$ORIGIN is where the program is, not the link to it."""
    build(tools, "one", "libother.so")
    for name in ("bin", "lib"):
        (tools / name).mkdir()
    subprocess.run(["cc", "-o", tools / "bin" / "tool", tools / "main.c", f"-L{tools}", "-lsay", "-Wl,-rpath,${ORIGIN}/../lib"], check=True)
    os.rename(tools / "libsay.so", tools / "lib" / "libsay.so")
    os.symlink("bin/tool", tools / "tool")
    daemon = kept(recipe("r", program=str(tools / "tool")))
    assert text(daemon)[0] == "one"
    build(tools, "two")
    os.rename(tools / "libsay.so", tools / "lib" / "libsay.so")
    wait_until(lambda: text(daemon)[0] == "two", 4 * SLOW)


def test_a_library_that_is_not_used_changes_nothing(kept, tools):
    build(tools, "one", "libother.so")
    program = tools / "tool"
    subprocess.run(["cc", "-o", program, tools / "main.c", f"-L{tools}", "-lsay", f"-Wl,-rpath,{tools}"], check=True)
    daemon = kept(recipe("r", program=str(program)))
    before = text(daemon)
    os.rename(tools / "libother.so", tools / "libother.so.old")
    reload(daemon)
    assert text(daemon) == before


def test_a_file_that_the_program_reads(kept, tools):
    settings = tools / "settings"
    settings.mkdir()
    (settings / "policy").write_text("one\n")
    daemon = kept(recipe("r", str(settings / "policy"), program="/bin/cat", read=[str(settings)]))
    said, tag = text(daemon)
    assert said == "one"
    replace(settings / "policy", "two\n", 0o644)
    wait_until(lambda: text(daemon)[0] == "two", 2 * SLOW)
    assert text(daemon)[1] != tag


@pytest.mark.parametrize("more", [{"stderr_fails": ["never"]}, {"exits": ["3=404"]}, {"version": "2"}, {"env": ["A=b"]}])
def test_new_rules(kept, more):
    daemon = kept(recipe("r", "text", "one"))
    before = text(daemon)
    store = open(daemon.config).read().split("recipe")[0]
    with open(daemon.config, "w") as file:
        file.write(store + recipe("r", "text", "one", **more) + "\n")
    reload(daemon)
    after = text(daemon)
    assert after[0] == before[0] and after[1] != before[1]


def test_weak_without_a_store(sluice):
    """Nothing says that another run gives the same bytes: no strong tag, and no parts of two runs."""
    daemon = sluice(recipe("r", "write", "{n}", params={"n": {"type": "integer"}}),
                    recipe("same", "write", "{n}", params={"n": {"type": "integer"}}, deterministic=True))
    answer = daemon.get("/r/a?n=100", HTTP_RANGE="bytes=0-1")
    assert answer.status == 200 and answer.length == 100 and answer.headers["etag"].startswith('W/"')
    assert "accept-ranges" not in answer.headers
    assert daemon.get("/r/a?n=100", HTTP_IF_NONE_MATCH=answer.headers["etag"]).status == 304
    assert daemon.get("/r/a?n=100", HTTP_IF_MATCH=answer.headers["etag"]).status == 412
    answer = daemon.get("/same/a?n=100", HTTP_RANGE="bytes=0-1")
    assert answer.status == 206 and answer.headers["etag"].startswith('"')


def test_strong_with_a_store(kept):
    daemon = kept(recipe("r", "write", "{n}", params={"n": {"type": "integer"}}))
    for _ in range(3):
        answer = daemon.get("/r/a?n=100", HTTP_RANGE="bytes=0-1")
        assert answer.status == 206 and answer.headers["etag"].startswith('"')


def test_an_older_source_is_another_one(sluice):
    daemon = sluice(recipe("r", "text", "one"))
    date = daemon.get("/r/a").headers["last-modified"]
    assert daemon.get("/r/a", HTTP_IF_MODIFIED_SINCE=date).status == 304
    later = email.utils.formatdate(time.time() + 60, usegmt=True)
    assert daemon.get("/r/a", HTTP_IF_MODIFIED_SINCE=later).status == 200
    path = daemon.file("new", b"x")
    ahead = time.time() - 5
    os.utime(path, (ahead, ahead))


def test_a_date_from_before_the_rules_changed(sluice):
    daemon = sluice(recipe("r", "text", "one"))
    old = time.time() - 10000
    for path in (daemon.config, os.path.join(daemon.root, "a")):
        os.utime(path, (old, old))
    reload(daemon)
    date = daemon.get("/r/a").headers["last-modified"]
    daemon.configure(recipe("r", "text", "two"))
    reload(daemon)
    answer = daemon.get("/r/a", HTTP_IF_MODIFIED_SINCE=date)
    assert answer.status == 200 and bytes(answer.body) == b"two"


@pytest.mark.parametrize("path", ["/pub/../private/y", "/pub/%2e%2e/private/y", "/private/./y", "/./private/y", "/pub/.."])
def test_segments_of_dots(sluice, path):
    """A web server that has decided by the beginning of the path has decided about another one."""
    daemon = sluice(recipe("r", "text", "secret", path="/{source}"))
    os.mkdir(os.path.join(daemon.root, "pub"))
    daemon.file("private/y", b"y")
    assert daemon.get("/private/y").status == 200
    assert daemon.get(path).status == 404
