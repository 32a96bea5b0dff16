"""Puts the tables of the benchmarks' results into a document, between `<!-- NAME -->` and `<!-- /NAME -->`.

python benchmarks/tables.py README.md [MORE.md ...]
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from miner.files import write_bytes

RESULTS = Path(__file__).parent / "results"


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column is text and whose others are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def percent(found: Sequence[float]) -> str:
    """A share with its interval."""
    value, low, high = (100 * each for each in found)
    return f"{value:.1f} % ({low:.1f}–{high:.1f})"


def quality(result: dict[str, Any]) -> str:
    """Leak at equal hardness, a line a set."""
    head = (
        "set",
        "hardest five",
        "sentence-transformers",
        "miner, as hard",
        "of theirs",
        "their slots",
        "ours",
    )
    return markdown(head, (_quality_line(name, each) for name, each in result["sets"].items()))


def _quality_line(name: str, found: dict[str, Any]) -> list[str]:
    theirs, ours = found["methods"]["sentence-transformers"], found["at_bar"]["risk"]
    return [
        name,
        f"{found['methods']['naive top-5']['leak'][0]:.1%}".replace("%", " %"),
        percent(theirs["leak"]),
        percent(ours["leak"]),
        f"{ours['leak_over_bar'][0]:.2f}",
        f"{100 * theirs['filled'][0]:.0f} %",
        f"{100 * ours['filled'][0]:.0f} %",
    ]


def quality_methods(result: dict[str, Any]) -> str:
    """Leak and mean cosine of every method, a line a set."""
    names = list(next(iter(result["sets"].values()))["methods"])
    caps = ("0.02", "0.1", "0.3")
    head = ("set", *names, *(f"risk {cap}" for cap in caps))
    rows = []
    for name, found in result["sets"].items():
        cells = [found["methods"][each] for each in names] + [found["caps"][cap] for cap in caps]
        rows.append([name, *(f"{100 * each['leak'][0]:.1f} % at {each['cosine'][0]:.2f}" for each in cells)])
    return markdown(head, rows)


def quality_auc(result: dict[str, Any]) -> str:
    """AUC of the prototype and of the model, a line a set."""

    def cell(found: Sequence[float]) -> str:
        return f"{found[0]:.3f} ({found[1]:.3f}–{found[2]:.3f})"

    rows = (
        [name, cell(each["auc"]["prototype"]), cell(each["auc"]["risk"])]
        for name, each in result["sets"].items()
    )
    return markdown(("set", "prototype", "risk"), rows)


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


def faults(result: dict[str, Any]) -> str:
    """What was broken on purpose, a line a kind, and what was lost."""
    names = ("injected", "survived", "lost_rows", "wrong_files")
    lines = {FAULTS[kind]: [counts[name] for name in names] for kind, counts in result["faults"].items()}
    lines["all"] = [sum(column) for column in zip(*lines.values(), strict=True)]
    head = ("fault", "injected", "survived", "lost rows", "files with wrong bytes")
    return markdown(head, ([kind, *map(str, counts)] for kind, counts in lines.items()))


SERVED = {
    "requests": "requests",
    "errors": "errors",
    "documents_per_second": "documents a second",
    "processor_seconds_per_request": "processor s a request",
    "requests_per_batch": "requests a batch",
    "p50_seconds": "p50, s",
    "p99_seconds": "p99, s",
    "load_average": "load average",
}


def serve(result: dict[str, Any]) -> str:
    """What a server bore, a line a number of clients."""
    rows = []
    for found in result["load"]:
        memory = f"{found['memory_first_half_mib']:.0f}, then {found['memory_second_half_mib']:.0f}"
        rows.append([str(found["clients"]), *(f"{found[name]:g}" for name in SERVED), memory])
    return markdown(("clients", *SERVED.values(), "memory, MiB"), rows)


def serve_kills(result: dict[str, Any]) -> str:
    """What was lost when a server was killed."""
    uploads, training = result["uploads"], result["training"]
    cut = f"{uploads['acknowledged']} acknowledged, {uploads['cut']} cut"
    trained = f"{training['models']} models, {training['ready']} ready in the end"
    lines = (
        ("while it takes uploads", str(uploads["kills"]), cut, str(uploads["lost"])),
        ("while it trains", str(training["kills"]), trained, str(training["models"] - training["ready"])),
    )
    return markdown(("SIGKILL", "times", "what was under way", "lost"), lines)


def api_fuzz(result: dict[str, Any]) -> str:
    """Requests and findings of each pass."""
    rows = [
        [name, str(found["operations"]), f"{found['requests']:,}", str(sum(found["failures"].values()))]
        for name, found in result["passes"].items()
    ]
    return markdown(("pass", "operations", "requests", "findings"), rows)


TABLES: dict[str, tuple[str, Callable[[dict[str, Any]], str]]] = {
    "api-fuzz": ("api_fuzz.json", api_fuzz),
    "faults": ("faults.json", faults),
    "quality": ("quality.json", quality),
    "quality-methods": ("quality.json", quality_methods),
    "quality-auc": ("quality.json", quality_auc),
    "serve": ("serve.json", serve),
    "serve-kills": ("serve.json", serve_kills),
}
"""By the name in the document: the file with the results and what makes a table of it."""


def filled(document: str, results: Path = RESULTS) -> str:
    """The document with every table that it has a place for. Raises ValueError for a place left open."""
    for name, (file, table) in TABLES.items():
        start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        if start not in document:
            continue
        if end not in document:
            raise ValueError(f"{start} is not closed by {end}")
        made = f"{start}\n{table(json.loads((results / file).read_text()))}\n{end}"
        document = re.sub(f"{start}.*?{end}", lambda _, made=made: made, document, flags=re.DOTALL)  # type: ignore[misc]
    return document


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("documents", nargs="+", type=Path)
    for path in parser.parse_args().documents:
        before = path.read_text()
        after = filled(before)
        write_bytes(path, after.encode())
        print(f"{path}: {'changed' if after != before else 'as it was'}", file=sys.stderr)


if __name__ == "__main__":
    main()
