#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The environments of doc/containers.md, and what works in each of them.

    environments.py           makes each of them, and prints the table
    environments.py --write   and puts it into doc/containers.md

SLUICE in the environment is the daemon, or it is that of build/. Needs root."""

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))

import container  # noqa: E402
from daemon import Daemon, recipe  # noqa: E402

PAGE = HERE.parents[1] / "doc/containers.md"
BEGIN, END = "<!-- printed by tests/scenario/environments.py: begin -->", "<!-- end -->"
HEAD = ["| environment | cold | held | `{output}` | 3 MB | pid namespaces | files | weaker |", "|---" * 8 + "|"]
LARGE = 3_000_000

# Environment, options of container.enter(), and what is weaker there.
ENVIRONMENTS = [
    ("Docker's default profile", {}, "other processes are seen, a filter refuses signals to them"),
    ("the same, and `clone` and `unshare` allowed", {"allowed": ["clone", "unshare"]}, "–"),
    ("no profile", {"docker": False}, "–"),
    ("no profile, no user namespaces", {"docker": False, "user_namespaces": False}, "as under Docker's profile"),
    ("a profile without Landlock", {"refused": ["landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"]},
     "converters read what the daemon's user can read"),
    ("`temp_path` a tmpfs, noexec", {"tmpfs": "size=64m,mode=1777,noexec,nosuid,nodev"}, "–"),
    ("`temp_path` a tmpfs of 1 MB", {"tmpfs": "size=1m,mode=1777"}, "a result that does not fit is 507"),
    ("no `/dev/fd`", {"devfd": False}, "`{source}` is `/proc/self/fd/3`"),
    ("256 descriptors", {"files": 256}, "fewer requests at once, others wait"),
    ("64 descriptors", {"files": 64}, "no held programs, few requests at once"),
]


def prepare(daemon):
    """Before its start."""
    secret = Path(daemon.directory, "secret")
    secret.write_bytes(b"secret")
    daemon.file("large", b"x" * LARGE)
    daemon.configure(recipe("cold", "{source}", program="/bin/cat", start="cold"), recipe("held", "{source}", program="/bin/cat", start="warm"),
                     recipe("file", "{source}", "{output}", program="/bin/cp", start="cold"),
                     recipe("secret", "-c", f"cat {secret}", "{source}", program="/bin/sh", start="cold"))


def works(daemon, name, source="a"):
    answer, line = daemon.logged(f"/{name}/{source}")
    if answer.status != 200:
        return f"no ({answer.status})"
    return "yes" if name != "held" or line["start"] == "warm" else "cold"


def row_of(daemon, name, options, weaker):
    """A row of the table, as a daemon there shows it. It has not been started."""
    options = dict(options)
    if "tmpfs" in options:
        options.update(temp=daemon.temp, temp_options=options.pop("tmpfs"))
    prepare(daemon)
    daemon.start(contained=options)
    ready = dict(re.findall(r"(\w+)=(\w+)", daemon.log.wait_text(r" ready version=.*")[0]))
    kept = {200: "no", 422: "yes"}[daemon.logged("/secret/a")[0].status]
    fields = [name, *(works(daemon, one) for one in ("cold", "held", "file")), works(daemon, "file", "large"), ready["namespaces"], kept, weaker]
    return f"| {' | '.join(fields)} |"


def printed():
    """The lines of the page that are ours."""
    text = PAGE.read_text()
    return text[text.index(BEGIN) + len(BEGIN) + 1:text.index(END)].splitlines()


def main():
    if container.missing():
        sys.exit(container.missing())
    lines = HEAD[:]
    for environment in ENVIRONMENTS:
        daemon = Daemon(start=False)
        try:
            lines.append(row_of(daemon, *environment))
            daemon.stop()
        finally:
            daemon.close()
    print("\n".join(lines))
    if "--write" in sys.argv[1:]:
        text = PAGE.read_text()
        PAGE.write_text(text[:text.index(BEGIN)] + "\n".join([BEGIN, *lines]) + "\n" + text[text.index(END):])


if __name__ == "__main__":
    main()
