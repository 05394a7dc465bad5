#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The man pages: mandoc finds nothing to complain about; every option, type, status, signal and command of the program stands in
them; their examples are good configurations. SLUICE, PICTURE: the programs; OPTIONS: what prints the table of options
(tests/options.c)."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = {name: ROOT / "doc" / name for name in ("sluice.8", "sluice.conf.5", "sluice-picture.1")}
TEXT = {name: path.read_text() for name, path in PAGES.items()}


def lint():
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "style", *PAGES.values()], capture_output=True, text=True, check=False)
    # Which other pages this machine has is not about ours.
    return [line for line in done.stdout.splitlines() if "referenced manual not found" not in line]


def words(path, pattern):
    """The quoted words, without the mark of a list, of the first thing in the file that fits."""
    found = re.search(pattern, (ROOT / path).read_text(), re.S)
    assert found, f"{path}: no {pattern}"
    return [word.rstrip("*") for word in re.findall(r'"([\w*]+)"', found[1])]


def documented(page, macro, word):
    return re.search(rf"^\.It {macro} (?:\S+ , )*{re.escape(word)}(?:\s|$)", TEXT[page], re.M)


def paragraph(heading, option):
    """What the page says about an option of a section, as plain text; None when there is nothing."""
    section = re.search(rf"^\.Sh {heading}\n(.*?)(?=^\.Sh |\Z)", TEXT["sluice.conf.5"], re.M | re.S)[1]
    found = re.search(rf"^\.It Ic (?:\S+ , )*{option}(?: .*)?\n(.*?)(?=^\.It Ic |^\.El|\Z)", section, re.M | re.S)
    if not found:
        return None
    text = re.sub(r"^\.[A-Z][a-z] ", "", found[1], flags=re.M)
    return " ".join(re.sub(r" ([.,;:])(?=\s|$)", r"\1", text).split())


def table_of_options(page):
    """Every option of the table has a paragraph, and the paragraph says the right default."""
    headings = {"file": "GLOBAL OPTIONS", "recipe": "RECIPES", "param": "PARAMETERS", "cache": "CACHE"}
    table = subprocess.run([os.environ["OPTIONS"]], capture_output=True, text=True, check=True).stdout
    assert len(table.splitlines()) > 70
    for line in table.splitlines():
        section, name, *more = line.split("\t")
        if section == "type":
            if not documented(page, "Cm", name):
                yield f"{page}: no type {name}"
            continue
        standard, live, required, fixed = more
        text = paragraph(headings[section], name)
        if text is None:
            yield f"{page}: no option {name} in {headings[section]}"
            continue
        if fixed != "fixed" and "A reload does not" in text or fixed == "fixed" and "A reload does not change it." not in text:
            yield f"{page}: {name} does not say rightly whether a reload changes it"
        if required == "required":
            if "Required." not in text:
                yield f"{page}: {name} is required, and the page does not say so"
        elif standard:
            said = f"Default: {standard}" + (f"; live: {live}" if live else "") + "."
            if said not in text:
                yield f"{page}: {name} does not say {said!r}"


def told(*arguments):
    return subprocess.run([os.environ["SLUICE"], *arguments], capture_output=True, text=True, check=True).stdout


def misplaced():
    """Examples end each page, before what mdoc(7) puts at the end."""
    for page, text in TEXT.items():
        headings = re.findall(r"^\.Sh (.*)", text, re.M)
        if headings[headings.index("SEE ALSO") - 1] != "EXAMPLES":
            yield f"{page}: the examples are not at its end"


def missing():
    page = "sluice.conf.5"
    yield from table_of_options(page)
    for kind in re.findall(r'\[SNIFF_\w+\] = \{"(\w+)"', (ROOT / "src/http/media_type.c").read_text()):
        if kind != "unknown" and not re.search(rf"^\.Li .*\b{kind}\b", TEXT[page], re.M):
            yield f"{page}: no source {kind}"
    page = "sluice.8"
    for status in set(re.findall(r"= \{(\d+), ", (ROOT / "src/http/outcome.c").read_text())):
        if status not in TEXT[page]:
            yield f"{page}: no status {status}"
    # The program itself tells its options and commands.
    usage = told("--help")
    commands = re.findall(r"^  (\w+) ", re.search(r"^commands:\n(.*?)\n\n", usage, re.M | re.S)[1], re.M)
    texts = {command: told("help", command) for command in commands}
    options = {option for text in (usage, *texts.values()) for option in re.findall(r"(?<=  |, )-(-?[\w-]+)", "\n".join(re.findall(r"^  -.{15}", text, re.M)))}
    assert len(options) >= 13 and len(commands) >= 9, usage
    for option in sorted(options):
        if not re.search(rf"^\.It Fl (?:\w (?:Ar \w+ )?, Fl )?{option}(\s|$)", TEXT[page], re.M):
            yield f"{page}: no option -{option}"
    for command, text in texts.items():
        if not re.search(rf"^\.It Cm {command}\b", TEXT[page], re.M):
            yield f"{page}: no command {command}"
        synopsis = re.search(rf"^\.Nm\n\.Cm {command}\n(.*?)^\.(?:Nm|Sh)", TEXT[page], re.M | re.S)
        operands = text.splitlines()[0].partition(command)[2]
        for option in re.findall(r"\[-(-?[\w-]+)", operands) if command != "cache" else ():
            if not synopsis or not re.search(rf"^\.Op Fl {option}\b", synopsis[1], re.M):
                yield f"{page}: the synopsis of {command} has no -{option}"
        for word in re.findall(r"\b[a-z]+\b", re.sub(r"\[-.*?\]", "", operands)):
            if not re.search(rf"^\.It Cm {command} {word}\b|^\.Cm {word}\b", TEXT[page], re.M):
                yield f"{page}: no {command} {word}"
    for signal in set(re.findall(r"\{SIG(\w+), \w+\}", (ROOT / "src/daemon/life.c").read_text())):
        if not re.search(rf"^\.It (Dv \w+ , )?Dv {signal}\b", TEXT[page], re.M):
            yield f"{page}: no signal {signal}"


def of_the_picture_program():
    """Its options both ways; and its types, words, fields of JSON and statuses."""
    page = "sluice-picture.1"
    usage = subprocess.run([os.environ["PICTURE"], "--help"], capture_output=True, text=True, check=True).stdout
    options = dict(re.findall(r"^  --([a-z-]+)(?: (\S+))? ", usage, re.M))
    assert len(options) > 15, usage
    explained = dict(re.findall(r"^\.It Fl -([a-z-]+)( Ar .*)?$", TEXT[page], re.M))
    synopsis = re.search(r"^\.Sh SYNOPSIS\n(.*?)^\.Sh", TEXT[page], re.M | re.S)[1]
    for name in sorted(options.keys() | explained.keys()):
        if name not in explained or name not in options:
            yield f"{page}: --{name} is only in {'the page' if name in explained else 'the program'}"
        elif bool(options[name]) != bool(explained[name]):
            yield f"{page}: --{name} does not say rightly whether it takes a value"
        if not re.search(rf"\bFl -{name}\b", synopsis):
            yield f"{page}: no --{name} in the synopsis"
    source = {path.name: path.read_text() for path in (ROOT / "picture").glob("*.[ch]")}
    for name, value, shift in re.findall(r"\.(quality|pixels|frames|scans) = (\d+)(?:u << (\d+))?", source["options.c"]):
        value = int(value) << int(shift or 0)
        if not re.search(rf"{name}.*?\nDefault: {value}\.", TEXT[page], re.S):
            yield f"{page}: --{name} does not say its default, {value}"
    types = {kind for text in source.values() for kind in re.findall(r'\.type = "(\w+)"', text)}
    section = re.search(r"first bytes(.*?)^\.El", TEXT[page], re.M | re.S)[1]
    for kind in types ^ set(re.findall(r"^\.It Cm (\w+)", section, re.M)):
        yield f"{page}: the type {kind} is only in {'the program' if kind in types else 'the page'}"
    for found in re.findall(r"words\[\] = \{(.*?)NULL", source["options.c"], re.S):
        for word in re.findall(r'"(\w+)"', found):
            if not re.search(rf"^\.(It )?Cm (\w+ , )*{word}\b|^\.Cm .*\b{word}\b", TEXT[page], re.M):
                yield f"{page}: no word {word}"
    for field in re.findall(r'\\"(\w+)\\":', source["info.c"]):
        if not re.search(rf"^\.(It )?Li (\w+ , )*{field}\b", TEXT[page], re.M):
            yield f"{page}: no field {field}"
    for status in re.findall(r"FAULT_\w+ = (\d)", source["fault.h"]):
        if not re.search(rf"^\.Sh EXIT STATUS.*^\.It {status}$", TEXT[page], re.M | re.S):
            yield f"{page}: no status {status}"


def bad_examples():
    for block in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", TEXT["sluice.conf.5"], re.M | re.S):
        block = block.replace("/srv/media", "/tmp").replace("\\e", "\\")
        if "root" not in block:
            block = 'root = "/tmp"\n' + block
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write(block)
            file.flush()
            done = subprocess.run([os.environ["SLUICE"], "-t", "-c", file.name, "-s", "unix:/tmp/sock"],
                                  capture_output=True, text=True, check=False)
        if done.returncode != 0 or "warning" in done.stderr:
            yield f"sluice.conf.5: an example: {done.stderr}"


problems = [*lint(), *misplaced(), *missing(), *of_the_picture_program(), *bad_examples()]
print("\n".join(problems) or "good")
sys.exit(1 if problems else 0)
