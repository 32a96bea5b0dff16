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


STRUCK = {
    "worker": "SIGKILL of a worker",
    "node": "SIGKILL of a whole node",
    "link": "a node's link cut",
    "driver": "SIGKILL of the driver, started again",
}


def faults_ray(result: dict[str, Any]) -> str:
    """What was done to a Ray cluster, a line a job and fault."""
    rows = []
    for job in ("encode", "search"):
        for fault, name in STRUCK.items():
            found = [each for each in result["rounds"] if (each["job"], each["fault"]) == (job, fault)]
            sums = [
                sum(each[key] for each in found)
                for key in ("same_bytes", "tasks", "lost_and_redone", "done_twice")
            ]
            rows.append([f"{job}: {name}", *map(str, (len(found), *sums))])
    head = ("while it did, what happened", "rounds", "same bytes", "tasks", "lost, done again", "done twice")
    return markdown(head, rows)


def ray_overhead(result: dict[str, Any]) -> str:
    """Serial against Ray, a line a job."""
    rows, serial = [], dict[str, Any]()
    for each in result["jobs"]:
        serial = serial if each["workers"] else each
        name = (
            f"Ray, {each['workers']} workers" if each["workers"] else f"serial, {result['threads']} threads"
        )
        cells = [f"{each['set']}, {each['model']}: {name}"]
        for stage in ("build", "mine"):
            used, before = each[stage]["cpu_seconds"], serial[stage]["cpu_seconds"]
            share = f" (+{used - before:.0f})" if each["workers"] else ""
            cells += [f"{used:.0f} s{share}", f"{each[stage]['wall_seconds']:.0f} s"]
        rows.append([*cells, "yes" if each["same_bytes"] else "no"])
    head = ("", "build: processor", "wall", "mine: processor", "wall", "same bytes")
    return markdown(head, rows)


def simulation(result: dict[str, Any]) -> str:
    """What scheduling costs the driver, a line a size."""
    rows = []
    for each in result["runs"]:
        encode, search = each["encode"], each["search"]
        rows.append([
            f"{each['shards']:,} × {each['blocks']:,}", f"{encode['attempts'] + search['attempts']:,}",
            f"{1000 * encode['driver_ms_per_task']:.0f} µs", f"{1000 * search['driver_ms_per_task']:.0f} µs",
            f"{search['bytes_sent_per_task']:,} + {search['bytes_returned_per_task']:,}",
            f"{search['driver_peak_kib']:,} KiB",
        ])  # fmt: skip
    head = (
        "shards × blocks",
        "attempts",
        "encode: a task",
        "search: a task",
        "bytes out + back",
        "driver's memory",
    )
    return markdown(head, rows)


def cost_model(result: dict[str, Any]) -> str:
    """The arithmetic of large runs, a column a size."""
    lines: dict[str, Callable[[dict[str, Any]], str]] = {
        "passages a shard": lambda c: f"{c['shard_size']:,}",
        "shards": lambda c: f"{c['shards']:,}",
        "vectors on disk": lambda c: f"{c['vector_bytes'] / 1e9:,.1f} GB",
        "encoding, FLOP": lambda c: f"{c['encode_flops']:.1e}",
        "encoding, GPU-hours": lambda c: f"{c['encode_gpu_hours']:,.2f}",
        "exact search, FLOP": lambda c: f"{c['search_flops']:.1e}",
        "exact search, hours": lambda c: f"{c['search_hours']:,.3f}",
        "read from the shared disk": lambda c: f"{c['read_bytes'] / 1e12:,.2f} TB",
        "search tasks": lambda c: f"{c['search_tasks']:,}",
        "candidates, written and merged": lambda c: f"{c['merge_bytes'] / 1e9:,.1f} GB",
        "statistics, on the driver": lambda c: f"{c['statistics_hours']:,.2f} h",
    }
    sizes = result["sizes"]
    return markdown(("", *sizes), ([name, *map(line, sizes.values())] for name, line in lines.items()))


TABLES: dict[str, tuple[str, Callable[[dict[str, Any]], str]]] = {
    "cost-model": ("cost_model.json", cost_model),
    "faults": ("faults.json", faults),
    "faults-ray": ("faults_ray.json", faults_ray),
    "ray-overhead": ("ray_overhead.json", ray_overhead),
    "simulation": ("simulate_scale.json", simulation),
    "quality": ("quality.json", quality),
    "quality-methods": ("quality.json", quality_methods),
    "quality-auc": ("quality.json", quality_auc),
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
