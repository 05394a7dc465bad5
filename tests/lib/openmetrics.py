# SPDX-License-Identifier: MIT
"""A strict reader of the OpenMetrics 1.0.0 text format, for what sluice may write: it takes nothing that the specification
does not allow, and asks for more than it demands (every family has a type and a help)."""

import math
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)')
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?Inf|NaN")
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "info": ("_info",), "histogram": ("_bucket", "_count", "_sum")}


class Family:
    def __init__(self, name):
        self.name, self.type, self.unit, self.help = name, None, None, None
        self.samples = []  # (suffix, labels, value)

    def value(self, suffix="", **labels):
        found = [v for s, l, v in self.samples if s == suffix and l == labels]
        assert len(found) == 1, (self.name, suffix, labels, found)
        return found[0]

    def sum(self, suffix="", **labels):
        return sum(v for s, l, v in self.samples if s == suffix and labels.items() <= l.items())


def _labels(text):
    labels, at = {}, 0
    while at < len(text):
        found = LABEL.match(text, at)
        assert found, f"labels: {text!r}"
        assert found[1] not in labels and (found[3] or found.end() == len(text)), text
        assert not (found[3] == "," and found.end() == len(text)), f"a comma at the end: {text!r}"
        labels[found[1]] = re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m[1], m[1]), found[2])
        at = found.end()
    return labels


def _number(text):
    assert NUMBER.fullmatch(text), f"no number: {text!r}"
    return float(text)


def _check_histogram(family):
    series = {}
    for suffix, labels, value in family.samples:
        key = tuple(sorted((k, v) for k, v in labels.items() if k != "le"))
        entry = series.setdefault(key, {"buckets": [], "closed": False})
        if suffix == "_bucket":
            assert re.fullmatch(r"\+Inf|\d+\.\d+", labels["le"]), labels
            entry["buckets"].append((_number(labels["le"]), value))
        else:
            assert "le" not in labels and suffix not in entry
            entry[suffix] = value
    for key, entry in series.items():
        bounds, counts = zip(*entry["buckets"])
        assert list(bounds) == sorted(set(bounds)) and math.isinf(bounds[-1]), (family.name, key, bounds)
        assert list(counts) == sorted(counts), (family.name, key, counts)
        assert counts[-1] == entry["_count"] and entry["_sum"] >= 0, (family.name, key)
        assert entry["_sum"] == 0 or entry["_count"] > 0


def parse(text):
    """{family name: Family}; AssertionError for whatever is not right."""
    assert text.endswith("# EOF\n") and text.count("# EOF") == 1, text[-100:]
    assert "\r" not in text and "\n\n" not in text
    families, current, seen = {}, None, set()
    for line in text.split("\n")[:-2]:
        if line.startswith("#"):
            found = re.fullmatch(rf"# (TYPE|UNIT|HELP) ({NAME}) (.+)", line)
            assert found, line
            kind, name, value = found.groups()
            if current is None or name != current.name:
                assert name not in families, f"{name} does not stand together"
                current = families[name] = Family(name)
            assert not current.samples and getattr(current, kind.lower()) is None, line
            setattr(current, kind.lower(), value)
            continue
        found = SAMPLE.fullmatch(line)
        assert found and current, line
        name, labels, value = found[1], _labels(found[2] or ""), _number(found[3])
        assert current.type in SUFFIXES and current.help, f"{line}: without type or help"
        suffixes = [s for s in SUFFIXES[current.type] if name == current.name + s]
        assert len(suffixes) == 1, f"{line}: not of {current.name}, a {current.type}"
        key = (name, tuple(sorted(labels.items())))
        assert key not in seen, f"twice: {line}"
        seen.add(key)
        if current.type in ("counter", "histogram"):
            assert value >= 0 and not math.isnan(value), line
        current.samples.append((suffixes[0], labels, value))
    for family in families.values():
        assert family.type and family.help, family.name
        assert family.unit is None or family.name.endswith("_" + family.unit), family.name
        for unit in ("seconds", "bytes"):
            assert not family.name.endswith("_" + unit) or family.unit == unit, family.name
        assert not re.search(r"_(total|info|count|sum|bucket|created|ms|kib|mib)$", family.name), family.name
        if family.type == "histogram":
            _check_histogram(family)
    return families
