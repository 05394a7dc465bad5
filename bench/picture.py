#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""sluice-picture: pictures a second through nginx and the daemon, against other ways to make them; its
memory, its AVIF, and how its results look.

    bench/picture.py [--quick] [--seconds S] [--rounds N] [--only WORD] [--parts LIST] [--media FOLDER] [--cache FOLDER] [--program PATH]

BUILD=… names another build directory, made with -DSLUICE_BENCH=ON. Needs nginx, wrk, imagemagick and
libvips-tools; libnginx-mod-http-image-filter, node and npm for some of the peers. A peer that is not
there is left out. Modules of node and made media are kept in the cache (~/.cache/sluice-bench).

All peers take turns, N times, S seconds for each of the cases; two clients. sluice, sharp and ipx run
as servers, ipx as it is shipped, sharp in a server of a few lines; convert and vipsthumbnail are bare
commands, one after another. convert decodes a JPEG at no less than twice the result's size, as the
recipe in README does, and with "hint 1" at no less than its size, as the shipped one did. A figure is
the median of the rounds, a ratio the median of the ratios of the rounds. image_filter stands for the
better of its two arrangements. "cat behind sluice" is cat(1), held and strict, with the finished
picture as its source: what the gateway and a process cost without any work.

--media: a folder of photographs, for the pictures and for quality. --only: cases with that word in
their name. --parts: of rates,resources,quality. Without sluice-picture ImageMagick stands in; then
the bars say nothing.
"""

import argparse
import contextlib
import os
import pathlib
import subprocess
import tempfile
import time

import picture_media
import picture_peers
import picture_quality
from measure import median, tree_cpu_seconds
from picture_peers import Case

CASES = (
    Case("400x300 → 100x75", "400x300.jpg", "100x75", "jpeg"),
    Case("1600x1200 → 300x200", "1600x1200.jpg", "300x200", "jpeg"),
    Case("12 MP baseline → 200x150", "12mp.jpg", "200x150", "jpeg"),
    Case("13 MP progressive → 200x150", "13mp-progressive.jpg", "200x150", "jpeg"),
    Case("PNG 2048x1536 RGBA → 720x540 JPEG", "2048x1536.png", "720x540", "jpeg"),
    Case("WebP 1600x1200 → 300x200 JPEG", "1600x1200.webp", "300x200", "jpeg"),
)
# The same sources with results of their own format: told, without a bar.
OWN_FORMAT = (
    Case("PNG 2048x1536 RGBA → 720x540 PNG", "2048x1536.png", "720x540", "png"),
    Case("WebP 1600x1200 → 300x200 WebP", "1600x1200.webp", "300x200", "webp"),
)
# case: {peer: at least so many times as fast}
BARS = {
    CASES[0]: {"convert": 4.0, "image_filter": 1.1, "ipx": 2.5},
    CASES[1]: {"convert": 3.0, "ipx": 1.5},
    CASES[2]: {"convert": 1.3, "ipx": 1.0},
    CASES[3]: {"convert": 1.05, "ipx": 1.0},
    CASES[4]: {"ipx": 1.0},
    CASES[5]: {"ipx": 1.0},
}
# Pictures that take a tenth of a second are counted for longer.
LONGER = {CASES[2]: 2, CASES[3]: 3, CASES[4]: 2, CASES[5]: 2, **dict.fromkeys(OWN_FORMAT, 2)}
AVIF_MS, PEAK_MIB, RMSE = 150, 64, 0.012
# A plate's plain grey is 0. Rounding to 8 bits alone makes 0.0012.
MOIRE_MORE = 0.004


UNMEASURED = ("not measured", "–")


def markdown(head, rows):
    rows = [head, *rows]
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(head))]
    lines = ["| " + " | ".join(str(cell).ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    print("\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]) + "\n", flush=True)


def verdict(held):
    return "held" if held else "MISSED"


def check(peer, case, directory):
    """Whether the peer makes what was asked for: the format, and sides at most a pixel beside the exact ones."""
    try:
        path = picture_quality.write(os.path.join(directory, "sample"), peer.sample(case))
    except (RuntimeError, subprocess.SubprocessError) as error:
        print(f"{peer.name} cannot do {case.name}: {error}\n")
        return False
    width, height, kind, _ = picture_media.identify(path)
    box = [int(side) for side in case.size.split("x")]
    exact = min(box[0], box[1] * 4 / 3), min(box[1], box[0] * 3 / 4)
    if kind.lower() != case.format or abs(width - exact[0]) > 1 or abs(height - exact[1]) > 1:
        raise RuntimeError(f"{peer.name}, {case.name}: {width}x{height} {kind}")
    return True


def rates(peers, cases, seconds, rounds, directory):
    """{case: {peer's name: [(pictures a second, CPU ms a picture)]}}, one pair for each round."""
    found = {case: {} for case in cases}
    for case in cases:
        able = [peer for peer in peers if peer.can(case) and check(peer, case, directory)]
        for turn in range(rounds):
            for peer in able[turn % len(able):] + able[:turn % len(able)]:
                found[case].setdefault(peer.name, []).append(peer.measure(case, seconds * LONGER.get(case, 1)))
        for name, values in best_filter(found[case]).items():
            found[case][name] = values
    return found


def best_filter(measured):
    """image_filter, as the better of its arrangements."""
    kinds = [values for name, values in measured.items() if name.startswith("image_filter")]
    return {"image_filter": max(kinds, key=lambda values: median([rate for rate, _ in values]))} if kinds else {}


def ratios(measured, peer):
    """[sluice's pictures a second by the peer's] of each round, and the same of the CPU time that a picture takes the peer by sluice's."""
    pairs = list(zip(measured["sluice"], measured[peer]))
    return [ours[0] / theirs[0] for ours, theirs in pairs], [theirs[1] / ours[1] for ours, theirs in pairs]


def busy_seconds():
    """CPU time of all processes: (of the machine, of this program and all that it has started)."""
    with open("/proc/stat") as file:
        user, nice, system, _, _, irq, softirq = map(int, file.readline().split()[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK"), tree_cpu_seconds([os.getpid()])


def tell_others(before, after, seconds):
    others = (after[0] - before[0]) - (after[1] - before[1])
    print(f"Other processes took {max(0, others) / seconds / os.cpu_count():.0%} of the processors meanwhile. Where that is much, trust the CPU time.\n")


def tell_rates(found):
    names = list(dict.fromkeys(name for measured in found.values() for name in measured if name != "image_filter"))
    rows = []
    for case, measured in found.items():
        cells = [f"{median([r for r, _ in measured[n]]):.1f}, {median([c for _, c in measured[n]]):.1f}" if n in measured else "–" for n in names]
        rows.append((case.name, *cells))
    print("Pictures a second with two clients, CPU milliseconds a picture (whatever serves, without the clients):\n")
    markdown(("", *names), rows)
    rows = [(case.name, *(", ".join(f"{median(each):.2f}" for each in ratios(measured, n)) if {n, "sluice"} <= measured.keys() else "–" for n in names[1:])) for case, measured in found.items()]
    print("sluice against each: times as many pictures a second, times less CPU time:\n")
    markdown(("", *names[1:]), rows)


def rate_bars(found):
    for case, measured in found.items():
        for peer, least in BARS.get(case, {}).items():
            if not {peer, "sluice"} <= measured.keys():
                yield (case.name, f"≥ {least:g} × {peer}", *UNMEASURED)
                continue
            got, cpu = ratios(measured, peer)
            yield (case.name, f"≥ {least:g} × {peer}", f"{median(got):.2f} ({min(got):.2f} to {max(got):.2f}); CPU time {median(cpu):.2f}",
                   verdict(median(got) >= least))


def alone(program, case, media, rounds):
    """The program without a gateway: medians of {ms, bytes, cpu_ms, peak_mib}; None where it cannot do that."""
    argv = picture_peers.picture_argv(program, case, media / case.file)
    if subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60).returncode == picture_quality.NO_FEATURE:
        return None
    with picture_peers.direct(argv, str(media / case.file)) as run:
        seen = [run() for _ in range(rounds)]
    return {name: median([values[name] for values in seen]) for name in seen[0]}


def resources(program, media, quick):
    """Rows of the table of bars, and what else the program takes, printed."""
    avif = alone(program, Case("AVIF", "1600x1200.jpg", "800x600", "avif"), media, 3 if quick else 11)
    yield ("AVIF out 800x600 at the default effort", f"≤ {AVIF_MS} ms of CPU time",
           *((f"{avif['cpu_ms']:.0f} ms, {avif['bytes']:.0f} bytes", verdict(avif["cpu_ms"] <= AVIF_MS)) if avif else UNMEASURED))
    for name in picture_media.LARGE:
        seen = alone(program, Case(name, name, "1600x1600", "jpeg"), media, 3) if (media / name).exists() and not quick else None
        # A progressive JPEG has to be held whole by its decoder.
        held = "–" if "progressive" in name else verdict(seen and seen["peak_mib"] <= PEAK_MIB)
        yield (f"peak memory, {name} → 1600", "told" if held == "–" else f"≤ {PEAK_MIB} MiB",
               *((f"{seen['peak_mib']:.1f} MiB, {seen['cpu_ms']:.0f} ms of CPU time", held) if seen else UNMEASURED))


def quality(program, media, folder, directory, quick):
    paths = picture_media.photographs(folder) if folder else [media / "1600x1200.jpg", media / "12mp.jpg"]
    found = picture_quality.summary(picture_quality.photographs(program, paths[:2] if quick else paths, directory))
    print("Distance from the reference:\n")
    markdown(("", "median", "largest"), [(way, f"{middle:.4f}", f"{most:.4f}") for way, (middle, most) in found.items()])
    for way in ("png", "jpeg 100, luma"):
        if way not in found:
            yield (f"RMSE on photographs, {way}", f"≤ {RMSE}", *UNMEASURED)
            continue
        yield f"RMSE on photographs, {way}", f"≤ {RMSE}", f"{found[way][0]:.4f}, at most {found[way][1]:.4f}", verdict(found[way][1] <= RMSE)
    for way in (100, 82):  # its encoder alone loses more colour than the bar allows
        ours, encoder = found[f"jpeg {way}"], found[f"encoder alone {way}"]
        yield (f"RMSE on photographs, jpeg {way}", "told",
               f"{ours[0]:.4f}, at most {ours[1]:.4f}; the encoder alone {encoder[0]:.4f}, {encoder[1]:.4f}", "–")
    plates = picture_quality.plates(program, directory)
    print("Moiré of a zone plate (standard deviation where nothing should be seen):\n")
    markdown(("", "sluice-picture", "reference", "vipsthumbnail"),
             [(f"{suffix}, {picture_quality.PLATE} → {width}", *(f"{value:.4f}" for value in values)) for suffix, width, *values in plates])
    more = max(ours - sought for _, _, ours, sought, _ in plates)
    less = max(ours - thumbnail for _, _, ours, _, thumbnail in plates)
    yield "moiré of a zone plate, more than the reference", f"≤ {MOIRE_MORE}", f"{more:+.4f}; than vipsthumbnail {less:+.4f}", \
        verdict(more <= MOIRE_MORE)
    seen, wrong = picture_quality.sizes(program, directory)
    print("".join(f"- {line}\n" for line in wrong))
    yield "sizes", "never a pixel off", f"{len(wrong)} of {seen} off", verdict(not wrong)


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one short round, no 48 MP pictures")
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--only", default="")
    parser.add_argument("--parts", type=lambda text: text.split(","), default=["rates", "resources", "quality"])
    parser.add_argument("--media", type=pathlib.Path)
    parser.add_argument("--cache", type=pathlib.Path,
                        default=pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "sluice-bench")
    parser.add_argument("--program", default=picture_peers.program_in())
    return parser.parse_args()


def main():
    told = options()
    seconds, rounds = told.seconds or (1 if told.quick else 2), told.rounds or (1 if told.quick else 5)
    missing = picture_media.tools()
    if missing:
        raise SystemExit(f"not installed: {', '.join(missing)}")
    media = picture_media.make(told.cache, told.media, not told.quick)
    cases = [case for case in CASES + (() if told.quick else OWN_FORMAT) if told.only in case.name]
    print("Media:\n")
    picture_media.tell(media, dict.fromkeys(case.file for case in cases))
    if not told.program:
        print("**sluice-picture is not built: ImageMagick stands in behind sluice, and the bars say nothing.**\n")
    bars = []
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as directory:
        os.chmod(directory, 0o755)
        if "rates" in told.parts:
            with contextlib.ExitStack() as stack:
                peers = picture_peers.start_all(stack, directory, told.cache, media, cases, told.program)
                before, start = busy_seconds(), time.monotonic()
                found = rates(peers, cases, seconds, rounds, directory)
                after, passed = busy_seconds(), time.monotonic() - start
            tell_rates(found)
            tell_others(before, after, passed)
            bars += rate_bars(found)
        if "resources" in told.parts and told.program:
            bars += resources(told.program, media, told.quick)
        if "quality" in told.parts and told.program:
            bars += quality(told.program, media, told.media, directory, told.quick)
    markdown(("", "bar", "measured", ""), bars)


if __name__ == "__main__":
    main()
