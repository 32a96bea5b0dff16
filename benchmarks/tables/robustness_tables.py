"""The tables of docs/robustness.md."""

from __future__ import annotations

from typing import Any

from benchmarks.lib.markdown_tables import markdown

FAULTS = {
    "kill": "SIGKILL at a file-system event",
    "moment": "SIGKILL at any moment",
    "term": "SIGTERM",
    "int": "Ctrl-C",
    "ENOSPC": "one write without room",
    "ENOSPC+": "disk full from then on",
    "limit": "no file beyond a size",
    "EIO": "input/output error",
    "EACCES": "permission denied",
    "EROFS+": "read-only from then on",
    "remove": "a file removed under it",
}

OWN = "parsers of miner's own files and spellings"


def faults(result: dict[str, Any]) -> str:
    """What was broken on purpose, a line a kind, and what was lost."""
    names = ("injected", "survived", "lost_rows", "wrong_files")
    lines = {FAULTS[kind]: [counts[name] for name in names] for kind, counts in result["faults"].items()}
    lines["all"] = [sum(column) for column in zip(*lines.values(), strict=True)]
    head = ("fault", "injected", "survived", "lost rows", "files with wrong bytes")
    return markdown(head, ([kind, *map(str, counts)] for kind, counts in lines.items()))


def damage(result: dict[str, Any]) -> str:
    """How the files of an index were damaged, a line a kind, and what was noticed."""
    names = ("tried", "noticed", "named", "noticed_by_open")
    lines = {kind: [counts[name] for name in names] for kind, counts in result["damage"].items()}
    lines["all"] = [sum(column) for column in zip(*lines.values(), strict=True)]
    head = ("files of an index", "tried", "noticed", "and named", "by opening alone")
    return markdown(head, ([kind, *map(str, counts)] for kind, counts in lines.items()))


def damage_files(result: dict[str, Any]) -> str:
    """What commands made of damaged files, a line a kind of file."""
    names = ("tried", "read", "refused", "wrong")
    lines = {kind: [counts[name] for name in names] for kind, counts in result["files"].items()}
    lines["all"] = [sum(column) for column in zip(*lines.values(), strict=True)]
    head = ("damaged file", "tried", "read, in part or wholly", "refused in a sentence", "anything else")
    return markdown(head, ([kind, *map(str, counts)] for kind, counts in lines.items()))


def fuzz(result: dict[str, Any]) -> str:
    """What was fed to readers and parsers, a line a kind of them, and how often one crashed."""
    lines = {
        kind: [0, 0, 0, 0.0]
        for kind in ("readers of corpora", "readers of queries and judgments", "cleaning", OWN, "all")
    }
    for name, found in result.items():
        for kind in (_kind(name), "all"):
            added = (1, found["inputs"], len(found["crashes"]), found["seconds"])
            lines[kind] = [a + b for a, b in zip(lines[kind], added, strict=True)]
    rows = (
        [kind, f"{targets}", f"{inputs:,}", f"{crashes}", f"{seconds:.0f} s"]
        for kind, (targets, inputs, crashes, seconds) in lines.items()
    )
    return markdown(("what was fed", "targets", "inputs", "crashes", "time"), rows)


def _kind(target: str) -> str:
    starts = {
        "readers of corpora": ("read ", "columns", "encodings"),
        "readers of queries and judgments": (
            "shape ",
            "BEIR",
            "MS MARCO",
            "judgments of",
            "saved",
            "objects",
        ),
        "cleaning": ("clean",),
    }
    return next((kind for kind, names in starts.items() if target.startswith(names)), OWN)


def refused(result: dict[str, Any]) -> str:
    """Files that unpack or unfold to far more than they are, and what it costs to refuse them."""
    head = ("file", "its size", "exit code", "time", "peak memory")
    rows = (
        [
            name,
            f"{found['bytes'] / 2**20:,.1f} MiB",
            str(found["exit code"]),
            f"{found['seconds']} s",
            f"{found['peak MiB']:,.0f} MiB",
        ]
        for name, found in result["refused"].items()
    )
    return markdown(head, rows)


def endless(result: dict[str, Any]) -> str:
    """Peak memory at a tenth of a file and at the whole, a line a command."""
    head = ("command", "lines", "file", "peak at a tenth", "peak at the whole", "bytes a line")
    rows = (
        [
            name,
            f"{found['lines']:,}",
            f"{found['whole']['bytes'] / 2**20:,.0f} MiB",
            f"{found['tenth']['peak MiB']:,.0f} MiB",
            f"{found['whole']['peak MiB']:,.0f} MiB",
            f"{found['bytes of memory a line']:.0f}",
        ]
        for name, found in result["grown"].items()
    )
    return markdown(head, rows)


def soak(result: dict[str, Any]) -> str:
    """What one process held after its first, its middle and its last rounds."""
    rounds = result["rounds"]
    places = sorted({0, 2, len(rounds) // 2, len(rounds) - 1} & set(range(len(rounds))))
    names = ("resident MiB", "anonymous MiB", "descriptors", "threads", "files left")
    rows = [[f"round {place + 1}", *(f"{rounds[place][name]:,.0f}" for name in names)] for place in places]
    slopes = result["growth a round"]
    grown = ("–" if slopes.get(name) is None else f"{slopes[name]:+.2f}" for name in names)
    return markdown(("after", *names), [*rows, ["growth a round", *grown]])


def endpoint(result: dict[str, Any]) -> str:
    """Texts that a service of embeddings was asked for, killed on the way, a line a set and command."""
    rows = []
    for name, found in result.items():
        for command, texts in (("build", found["passages"]), ("mine", found["queries"])):
            one = found[command]
            cells = (texts, one["runs"] - 1, one["texts_asked_for"], one["again"], one["in_flight_at_most"])
            rows.append([f"{name}: {command}", *(f"{each:,}" for each in cells)])
    return markdown(
        ("", "texts", "kills", "asked for", "of them again", "in flight, at most, at a kill"), rows
    )
