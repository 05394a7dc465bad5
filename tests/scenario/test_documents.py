# SPDX-License-Identifier: MIT
"""What the documents say can be done: links and anchors exist, commands are accepted, configurations are good, and the tutorial works
as it is written."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from daemon import SLOW, SLUICE

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENTS = {str(path.relative_to(REPOSITORY)): path.read_text()
             for path in (*sorted(REPOSITORY.glob("*.md")), *sorted((REPOSITORY / "doc").glob("*.md")))}
MAN_PAGES = {f"doc/{name}": (REPOSITORY / "doc" / name).read_text() for name in ("sluice.8", "sluice.conf.5")}
FENCE = re.compile(r"(?ms)^ *```([^\n]*)\n(.*?)^ *```$")
TUTORIAL = DOCUMENTS["doc/tutorial.md"]


def anchors(text):
    """The names that the repository's host gives to headings."""
    found = []
    for heading in re.findall(r"(?m)^#+ (.*)$", FENCE.sub("", text)):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        name = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        found.append(f"{name}-{found.count(name)}" if name in found else name)
    return found


LINKS = [(name, link) for name, text in DOCUMENTS.items()
         for link in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", text)) if not re.match(r"[a-z]+:", link)]


def test_there_is_something_to_test():
    assert len(LINKS) > 60 and len(COMMANDS) > 15 and len(MENTIONED) > 15 and len(CONFIGURATIONS) > 5


@pytest.mark.parametrize("name, link", LINKS)
def test_link(name, link):
    path, _, anchor = link.partition("#")
    target = (REPOSITORY / name).parent / path if path else REPOSITORY / name
    assert target.exists()
    if anchor:
        assert anchor in anchors(target.read_text())


def code(text):
    """Code blocks, fenced and indented: (language, text)."""
    yield from FENCE.findall(text)
    for block in re.findall(r"(?m)(?:^ {4,}\S.*\n)+", FENCE.sub("", text)):
        yield "", block


def commands(text):
    for language, block in code(text):
        if language not in ("", "sh"):
            continue
        for line in block.replace("\\\n", " ").splitlines():
            found = re.match(r"\s*(?:[$#] )?(?:sudo )?(?:build/)?(sluice (?:-|[a-z]).*)", line)
            if found:
                yield found.group(1)


def argv(line):
    """The words up to a comment, a redirection, or the next command."""
    words = []
    for word in shlex.split(line, comments=True)[1:]:
        if re.fullmatch(r"[0-9]?[<>].*|[|&;]+", word):
            break
        words.append(word)
    return words


def mentioned(text):
    """Commands within the prose of a document or of a man page."""
    for span in re.findall(r"`(sluice [^`]+)`", FENCE.sub("", text)):
        yield " ".join(span.split())
    yield from re.findall(r"(?m)^\.(?:Dl [$#]|Ql) (sluice .*?)(?: \.)?$", text)


COMMANDS = sorted({(name, line) for name, text in DOCUMENTS.items() for line in commands(text)})
MENTIONED = sorted({(name, line) for name, text in (*DOCUMENTS.items(), *MAN_PAGES.items()) for line in mentioned(text)})


def is_accepted(words, directory):
    """No command finds a configuration here, so none does anything; a wrong command line is noticed before."""
    nowhere = str(directory / "nowhere.conf")
    words = list(words)
    if "-c" in words:
        words[words.index("-c") + 1] = nowhere
    elif "-s" in words:
        words[words.index("-s") + 1] = f"unix:{nowhere}"
    elif words[0] not in ("-V", "-h", "help"):
        words += ["-c", nowhere]
    done = subprocess.run([SLUICE, *words], cwd=directory, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False)
    return done.returncode != 2


@pytest.mark.parametrize("name, line", COMMANDS)
def test_command(name, line, tmp_path):
    assert is_accepted(argv(line), tmp_path)


@pytest.mark.parametrize("name, line", MENTIONED)
def test_command_in_prose(name, line, tmp_path):
    """It may be the name of a command alone, without its operand."""
    words = argv(line)
    assert is_accepted(words, tmp_path) or is_accepted([*words, "/x"], tmp_path)


CONFIGURATIONS = [(name, block) for name, text in DOCUMENTS.items() if name != "doc/cookbook.md" for language, block in FENCE.findall(text)
                  if language == "" and re.search(r"(?m)^(recipe [\w.-]+|cache) \{", block)]


def here(block, directory):
    """The places of an installed system are below the directory."""
    for place in ("/srv/media", "/home/you/tutorial/media", "/var/cache/sluice", "/run/sluice", "/home/you/tutorial/run"):
        (directory / place[1:]).mkdir(parents=True, exist_ok=True)
        block = re.sub(rf"{place}(?=[\"/])", f"{directory}{place}", block)
    return re.sub(r"(?m)^user *=.*\n", "", block)


def complete(block, directory):
    """With what a fragment leaves to the rest of the file."""
    text = here(block, directory)
    for option, value in (("listen", f"unix:{directory}/socket"), ("root", f"{directory}/srv/media")):
        if not re.search(rf"(?m)^{option} *=", text):
            text = f'{option} = "{value}"\n{text}'
    if "recipe " not in text:
        text += 'recipe copy {\n path = "/{source}"\n type = "text/plain"\n run = {"cat", "{source}"}\n}\n'
    return text


@pytest.mark.parametrize("name, block", CONFIGURATIONS)
def test_configuration(name, block, tmp_path):
    (tmp_path / "sluice.conf").write_text(complete(block, tmp_path))
    done = subprocess.run([SLUICE, "-t", "-c", tmp_path / "sluice.conf"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "warning: recipe" not in done.stderr, done.stderr


def test_outcomes():
    """What the reader is told to look for in the log is what the daemon writes there."""
    written = set(re.findall(r'\{\d+, "([a-z-]+)"', (REPOSITORY / "src/http/outcome.c").read_text()))
    text = DOCUMENTS["doc/troubleshooting.md"]
    told = re.findall(r"outcome=([a-z-]+)", text) + re.findall(r"(?m)^\| `([a-z-]+)` \|", text.partition("## 503")[2].partition("## 504")[0])
    assert len(told) >= 7 and set(told) <= written


def test_sizing():
    """The table follows from the arithmetic below it."""
    rows = re.findall(r"(?m)^\| (\d+), (\d+) GB \| (\d+) \| (\d+)([MG]) \| \w+ \| (\d+) \|$", DOCUMENTS["doc/sizing.md"])
    assert len(rows) == 5
    for processors, memory, slots, total, unit, rate in rows:
        assert processors == slots and int(rate) * 0.040 == int(slots)
        assert int(total) / (1 if unit == "G" else 1024) == pytest.approx(int(memory) * 0.75 - 0.5, abs=0.5)


# ---- the tutorial ----------------------------------------------------------------------------------------------


def shell(line):
    """A line as the tutorial has it; one that has to fail has to say with which status."""
    status = re.search(r"# fails: (\d+)", line)
    if status:
        return f"if {line.partition('#')[0]} 2>told >/dev/null; then echo 'this works: '{shlex.quote(line)}; exit 1; fi\n" \
               f"grep -q 'Status: {status.group(1)} ' told\n"
    waits = f"\nfor i in $(seq {200 * SLOW}); do [ -S run/sluice.sock ] && break; sleep 0.1; done" if line.endswith("&") else ""
    return f"{line}{waits}\n"


def test_tutorial(tmp_path):
    """All of it in one shell, as a reader has one terminal; the configuration changes where the text says so."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "sluice").symlink_to(SLUICE)
    script, config, step = "set -e\n", "", 0
    for language, block in FENCE.findall(TUTORIAL):
        if language == "sh":
            script += "".join(map(shell, block.replace("\\\n", " ").splitlines()))
            continue
        if "listen" in block:
            config = block.replace("/home/you/tutorial", str(tmp_path / "tutorial"))
        elif block.startswith("recipe "):
            config = config.replace("recipe thumbnail", f"{block}\nrecipe thumbnail")
        else:
            assert config.endswith("}\n")
            config = f"{config[:-2]}{block}}}\n"
        step += 1
        (tmp_path / f"step-{step}.conf").write_text(re.sub(r"(timeout = )\d+s", r"\g<1>240s", config))
        script += f"cp {tmp_path}/step-{step}.conf sluice.conf\n"
    assert step == 3 and script.count("this works: ") == 5
    done = subprocess.run(["/bin/bash", "-c", script + "wait $!\n"], cwd=tmp_path, capture_output=True, text=True, timeout=600,
                          stdin=subprocess.DEVNULL, env={**os.environ, "PATH": f"{programs}:/usr/bin:/bin"}, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    at = tmp_path / "tutorial"
    assert Image.open(at / "small.jpg").size == (200, 150)
    assert Image.open(at / "half-small.jpg").size == (300, 225)
    assert Image.open(at / "wave.png").size == (400, 80)
    assert not (at / "run/sluice.sock").exists(), "TERM did not end the daemon"
