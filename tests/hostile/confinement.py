#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a converter can and cannot do: the table that doc/security.md shows, and what must come of each attempt of the burglar.

    confinement.py           tries everything, says what differs from ROWS, and prints the table
    confinement.py --write   and puts it into doc/security.md

SLUICE in the environment is the daemon, or it is that of build/. One without SLUICE_TEST_HOOKS
shows only the kernel that there is.
"""

import collections
import dataclasses
import sys
import textwrap
from pathlib import Path
from typing import Callable

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import burglary  # noqa: E402
from burglary import DONE, ENDED, REFUSED, Kernel  # noqa: E402

PAGE = HERE.parents[1] / "doc/security.md"
BEGIN, END = "<!-- printed by tests/hostile/confinement.py: begin -->", "<!-- end -->"

YES, NO, ENDS, PARTLY = "yes", "–", "ends", "partly"

# Landlock's version stands for the kernel. The last one is what this was written on.
KERNELS = {2: "6.1", 4: "6.8", 6: "6.12", 7: "6.18"}
ABIS = [1, *KERNELS]


@dataclasses.dataclass(frozen=True)
class Row:
    """attempts: names of the burglar's, each on all of its targets, or those of "name:target target". expect(cell): YES, NO or
    ENDS. limits: tried on one kernel only, because it takes seconds and has nothing to do with Landlock."""
    text: str
    attempts: str
    expect: Callable
    limits: bool = False
    privileged: bool = False  # an unconfined process of an ordinary user cannot do it either

    def pick(self, found):
        """{(attempt, target): result} of this row."""
        wanted = {}
        for word in self.attempts.split():
            name, _, targets = word.partition(":")
            wanted.setdefault(name, set()).update(targets.split(",") if targets else ())
        return {key: result for key, result in found.items() if key[0] in wanted and (not wanted[key[0]] or key[1] in wanted[key[0]])}


def always(what):
    return lambda cell: what


def by_level(standard, strict):
    return lambda cell: standard if cell.level == "standard" else strict


WRITES = "open-write:log,entry,source-of-others,temp,run,cache,logs,media,job,oom-of-job,mem-of-job open-append open-trunc"
SIGNALS = "kill kill-group tkill tgkill sigqueue tgsigqueue pidfd-signal kill-all signal-by-pipe"
SETTINGS = ("set-limit set-priority set-group-priority set-user-priority set-io-priority set-affinity set-scheduler "
            "set-scheduler-attributes migrate-pages")

ROWS = [
    Row("read its source; write into its temporary directory", "read-source write-own", always(YES)),
    Row("read configuration, log, other sources, cached answers, other jobs' files",
        "read:source,config,log,entry,source-of-others,temp,run,cache,logs,media,job list:temp,run,cache,logs,media,job", always(NO)),
    Row("read `/etc/passwd`, `/home`, `/var/log`, `/proc/version`, list `/etc`, `/proc`",
        "read:/etc/passwd,/etc/group,/etc/hostname,/proc/version,/proc/self/status list:/home,/proc,/etc,/var/log,/", always(NO)),
    Row("read in `/proc/PID` of the daemon or of another job", "read:proc-status,proc-cmdline,proc-stat,proc-cgroup,proc-job-status,"
        "proc-job-cmdline,proc-job-environ,proc-job-maps,proc-job-fd/0 readlink-proc", always(NO)),
    Row("see that files and processes exist, sizes, times, owners (`stat`)", "stat stat-proc:proc-status,proc-cmdline,proc-job-status,proc-job-environ", always(YES)),
    Row("see the names of extended attributes by path (`listxattr`)", "listxattr", always(NO)),
    Row("watch a directory for names (`inotify`)", "watch-names", always(NO)),
    Row("write or create a file, directory, link or FIFO elsewhere", f"{WRITES} create create-unnamed mkdir symlink mkfifo", always(NO)),
    Row("`truncate()` a file elsewhere", "truncate", always(NO)),
    Row("rename, link or unlink elsewhere", "rename rename-away rename-into link-out link-into unlink", always(NO)),
    Row("change modes: socket, log, cache, temporary directory, media", "chmod fchmodat fchmodat2 chmod-by-link", always(NO)),
    Row("change owners or groups", "chown lchown fchownat", always(NO)),
    Row("change times", "utimensat utimes utime futimesat", always(NO)),
    Row("set or remove extended attributes, or a file's flags",
        "setxattr lsetxattr setxattrat removexattr lremovexattr removexattrat file_setattr", always(NO)),
    Row("change its own source, where the daemon's user owns it",
        "write-source chmod-source chown-source touch-source mark-source", always(NO)),
    Row("execute programs of the machine; start processes", "exec-other fork", by_level(YES, NO)),
    Row("have a program of the machine interpret what it has written (`sh ./file`)", "exec-interpreter", by_level(YES, NO)),
    Row("execute a file that it has written", "exec-file exec-script", always(NO)),
    Row("execute a memory file, or `ld.so ./file`", "exec-memfd exec-memfd-link exec-linker exec-linker-memfd", by_level(YES, NO)),
    Row("map its own bytes as code, within its process", "map-file map-memfd map-writable make-executable", always(YES)),
    Row("open a socket of any family", "socket i386-socket x32-socket", always(NO)),
    Row("make a pair of stream sockets, connected to each other for good", "socketpair-stream socketpair-seqpacket", by_level(YES, NO)),
    Row("make a pair of datagram sockets; send to another one, by path or abstract",
        "socketpair-dgram send-datagram connect-pair bind-pair", always(NO)),
    Row("signal the daemon, its spawner, a holder, another job", SIGNALS, always(NO)),
    Row("change their limits, priority, processors, scheduling", SETTINGS, always(NO)),
    Row("see their limits (`prlimit`)", "get-limit", always(NO)),
    Row("find them by number (`pidfd_open`)", "see-process",
        lambda cell: YES if not cell.kernel.namespaces and cell.level == "standard" else NO),
    Row("have a descriptor that it was not given", "foreign-descriptor", always(NO)),
    Row("leave its session or group", "leave-session join-group", always(NO)),
    Row("`ptrace`, `process_vm_*`, `pidfd_getfd`, `kcmp`, `process_madvise`",
        "ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp process_madvise", always(ENDS), privileged=True),
    Row("`mount` and its kin, `open_by_handle_at`, `quotactl`",
        "mount umount2 pivot_root open_tree fsopen open_by_handle_at quotactl", always(ENDS), privileged=True),
    Row("`bpf`, `perf_event_open`, `userfaultfd`, `keyctl`, `add_key`, `request_key`",
        "bpf perf_event_open userfaultfd keyctl add_key request_key", always(ENDS), privileged=True),
    Row("load modules or another kernel; `swapoff`, `acct`, `reboot`",
        "kexec_load init_module finit_module delete_module swapoff acct reboot", always(ENDS), privileged=True),
    Row("make or enter namespaces, `chroot`, `CLONE_PARENT`", "unshare clone-newuser clone3-newuser clone-parent setns chroot",
        always(NO), privileged=True),
    Row("`set*id`, `mknod`, `personality`, `name_to_handle_at`, `fanotify`, set the clock",
        "setresuid setfsuid setuid-root mknod personality name_to_handle_at fanotify_init syslog sethostname clock_settime", always(NO),
        privileged=True),
    Row("`io_uring`; System V and POSIX queues and memory", "io_uring shmget msgget mq_open", always(NO)),
    Row("type into a terminal (`TIOCSTI`)", "tiocsti", always(NO), privileged=True),
    Row("outlive its job or its deadline, with anything that it has started", "leave-process stay", always(NO), limits=True),
    Row("have more than `memory`: of its own, shared, in memory files", "memory-private memory-shared memory-files", always(NO), limits=True),
    Row("write more than `temp_max`: in files with a name, without a name", "temp-files temp-large temp-unnamed", always(NO), limits=True),
    Row("have more than these in files on the way through a pair of sockets", "memory-in-flight temp-in-flight", always(NO),
        limits=True),
]


def kernels():
    """What is tried: Landlock as the kernel has it and lowered, namespaces and none, a listener that was there before ours; and what
    a unit's SystemCallFilter= does. A build without hooks shows the kernel as it is."""
    native = burglary.native_abi()
    if not burglary.can_imitate():
        yield Kernel(native, True)
        yield Kernel(native, False)
        return
    abis = sorted({min(abi, native) for abi in ABIS})
    for abi in abis:
        for namespaces in (True, False):
            yield Kernel(abi, namespaces)
            yield Kernel(abi, namespaces, "listener")
    yield Kernel(abis[-1], True, "filter")


def search(which=None, say=lambda text: None):
    """{cell: {(attempt, target): result}} of all kernels."""
    found = {}
    which = list(which or kernels())
    top = max(kernel.abi for kernel in which)
    for kernel in which:
        house = burglary.House(kernel)
        try:
            house.start()
            if house.has_namespaces != kernel.namespaces:
                continue  # this machine has none for ordinary users
            found.update(burglary.Search(house, limits=kernel.abi == top and not kernel.around).found)
            house.stop()
        finally:
            house.close()
        say(f"{kernel}")
    return found


def word_of(results):
    """What a row says of these results."""
    kinds = {ENDED if r == ENDED else REFUSED if r == REFUSED else DONE for r in results}
    if kinds == {DONE}:
        return YES
    if DONE in kinds:
        return PARTLY
    return ENDS if kinds == {ENDED} else NO


# Neither does a job with `confine = off`: its descriptors and its group are held together in any case, and kernels have no x32.
NEVER = {"foreign-descriptor", "join-group", "leave-session", "x32-socket"}


def differences(found):
    """Sentences: what has come of attempts, and should not have; each with the cells that it was seen in."""
    seen = collections.defaultdict(list)
    for cell, results in found.items():
        for row in ROWS:
            picked = row.pick(results)
            if not picked and not row.limits:
                seen[f"nothing was tried for '{row.text}'"].append(cell)
            expected = row.expect(cell)
            for key, result in picked.items():
                came = word_of([result])
                # A limit refuses, or ends the job.
                either = row.limits
                if came == expected or either and {came, expected} == {NO, ENDS}:
                    continue
                seen[f"{' '.join(key)}: {result}, not {expected}"].append(cell)
    for sentence, cells in seen.items():
        yield f"{sentence}: in {len(cells)} of {len(found)}, first {cells[0]}"


# ---- the page

def columns(found):
    """(abi, namespaces) of what was tried and has a column."""
    tried = {(cell.kernel.abi, cell.kernel.namespaces) for cell in found}
    return [(abi, namespaces) for abi in KERNELS for namespaces in (True, False) if (abi, namespaces) in tried]


def complete(found):
    """Whether every column can be printed."""
    return len(columns(found)) == 2 * len(KERNELS)


class Notes:
    """Numbered in order of their use; equal ones are one."""

    def __init__(self):
        self.texts = []

    def mark(self, text):
        if text not in self.texts:
            self.texts.append(text)
        return f" ({self.texts.index(text) + 1})"


def told(done, picked):
    """The attempts that have succeeded, and on what if not on everything."""
    parts = []
    for name in sorted({name for name, _ in done}):
        targets = {target for n, target in done if n == name}
        everywhere = targets == {target for n, target in picked if n == name}
        parts.append(f"`{name}`" + ("" if everywhere else f" ({', '.join(sorted(targets))})"))
    return ", ".join(parts)


def field(row, found, column, level, notes):
    """One word for cold and warm starts alike, or one with a note."""
    abi, namespaces = column
    picked = {cell.start: row.pick(results) for cell, results in found.items()
              if (cell.kernel, cell.level) == (Kernel(abi, namespaces), level)}
    picked = {start: results for start, results in picked.items() if results}
    if not picked:
        return ""
    words = {start: word_of(results.values()) for start, results in picked.items()}
    if len(set(words.values())) > 1:
        return PARTLY + notes.mark("; ".join(f"{start}: {word}" for start, word in sorted(words.items())))
    word, results = next(iter(words.values())), next(iter(picked.values()))
    if word != PARTLY:
        return word
    done = {key for results in picked.values() for key, result in results.items() if word_of([result]) == YES}
    return word + notes.mark("only " + told(done, results))


def rows_of(found, notes):
    """(text, [(standard, strict) of each column])"""
    heads = columns(found)
    for row in ROWS:
        fields = [tuple(field(row, found, column, level, notes) for level in ("standard", "strict")) for column in heads]
        if row.limits:  # Landlock has no part in it
            seen = {namespaces: words for (_, namespaces), words in zip(heads, fields) if any(words)}
            fields = [seen[namespaces] for _, namespaces in heads]
        yield row.text, fields


def table(found):
    """Markdown: what is the same on every kernel, and what is not."""
    notes = Notes()
    rows = list(rows_of(found, notes))
    lines = ["| a converter tries to | standard | strict |", "|---|---|---|"]
    lines += [f"| {text} | {fields[0][0]} | {fields[0][1]} |" for text, fields in rows if len(set(fields)) == 1]
    depends = [(text, fields) for text, fields in rows if len(set(fields)) > 1]
    if depends:
        heads = [KERNELS[abi] + ("" if namespaces else " −") for abi, namespaces in columns(found)]
        lines += ["", "| standard / strict: a converter tries to | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
        lines += [f"| {text} | " + " | ".join(one if one == two else f"{one} / {two}" for one, two in fields) + " |"
                  for text, fields in depends]
    if notes.texts:
        lines += ["", *(f"{i}. {text}" for i, text in enumerate(notes.texts, 1))]
    top = max(cell.kernel.abi for cell in found)
    lines.append("")
    for text, which, beside in (
            ("Landlock 1 (Linux 5.13 to 5.18), beside 6.1", lambda k: k.abi == 1 and not k.around, lambda k: Kernel(2, k.namespaces)),
            ("Started where another program listens to system calls", lambda k: k.around == "listener",
             lambda k: Kernel(k.abi, k.namespaces)),
            ("Started behind a filter such as systemd's `SystemCallFilter=`", lambda k: k.around == "filter",
             lambda k: Kernel(top, k.namespaces))):
        lines += textwrap.wrap(f"- {text}: {differing(found, which, beside)}", 100, subsequent_indent="  ", break_on_hyphens=False)
    return "\n".join(lines) + "\n"


def differing(found, which, beside):
    """What comes of attempts on some kernels that does not come of them beside these, in one sentence."""
    changes = collections.defaultdict(set)
    for cell, results in found.items():
        if not which(cell.kernel):
            continue
        plain = found.get(dataclasses.replace(cell, kernel=beside(cell.kernel)), {})
        for row in ROWS:
            for key, result in row.pick(results).items():
                was, now = word_of([plain.get(key, result)]), word_of([result])
                if was != now:
                    changes[f"{now} instead of {was}"].add(key[0])
    if not changes:
        return "the same."
    return "; ".join(f"{change}: " + ", ".join(f"`{name}`" for name in sorted(names)) for change, names in sorted(changes.items())) + "."


def printed(page=None):
    """The part of the page that is ours."""
    text = (page or PAGE).read_text()
    return text[text.index(BEGIN) + len(BEGIN) + 1:text.index(END)]


def write(text, page=None):
    old = (page or PAGE).read_text()
    head, tail = old[:old.index(BEGIN) + len(BEGIN) + 1], old[old.index(END):]
    (page or PAGE).write_text(head + text + tail)


def main():
    found = search(say=lambda text: print(text, file=sys.stderr))
    wrong = list(differences(found))
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    text = table(found)
    if "--write" in sys.argv[1:]:
        write(text)
    else:
        print(text, end="")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
