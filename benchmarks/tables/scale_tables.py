"""The tables of docs/scale.md."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

from benchmarks.lib.markdown_tables import markdown

STRUCK = {
    "worker": "SIGKILL of a worker",
    "node": "SIGKILL of a whole node",
    "link": "a node's link cut",
    "driver": "SIGKILL of the driver, started again",
}


def faults_ray(result: dict[str, Any]) -> str:
    """What was done to a Ray cluster, a line a job and fault, and a line where Ray had another setting."""
    rows = []
    for job in ("encode", "search"):
        for fault, name in STRUCK.items():
            found = [each for each in result["rounds"] if (each["job"], each["fault"]) == (job, fault)]
            for setting in sorted({each["keep_alive_seconds"] for each in found}, reverse=True):
                here = [each for each in found if each["keep_alive_seconds"] == setting]
                keys = ("same_bytes", "tasks", "lost_and_redone", "done_twice")
                cells = [len(here), *(sum(each[key] for each in here) for key in keys)]
                rows.append([f"{job}: {name}", str(setting), *map(str, cells)])
    head = ("", "keep-alive, s", "rounds", "same bytes", "tasks", "lost, done again", "done twice")
    return markdown(head, rows)


def executors(result: dict[str, Any]) -> str:
    """Serial against others, a line a job and executor: medians; the range too of several rounds."""
    rows, serial = [], dict[str, Any]()
    for each in result["jobs"]:
        rounds = each["rounds"]
        if each["executor"] == "serial":
            serial = each
        name = "none named" if each["executor"] == "default" else each["executor"]
        cells = [f"{each['set']}, {each['model']}: {name}", str(len(rounds))]
        for stage in ("build", "mine"):
            for figure in ("cpu_seconds", "wall_seconds"):
                cells.append(_ranged([one[stage][figure] for one in rounds], "{:.0f}", " s"))
        cells.append(_ranged(_over(each, serial, "cpu_seconds"), "{:+.0f}", " %"))
        cells.append(_ranged(_over(each, serial, "wall_seconds"), "{:+.0f}", " %") if len(rounds) > 1 else "")
        rows.append([*cells, "yes" if all(one["same_bytes"] for one in rounds) else "no"])
    head = ("", "rounds", "build: processor", "wall", "mine: processor", "wall", "over serial's: processor")
    return markdown((*head, "wall", "same bytes"), rows)


def _over(job: dict[str, Any], serial: dict[str, Any], figure: str) -> list[float]:
    """By how many per cent build and mine together are above serial's, by round."""
    if job is serial:
        return []
    totals = (
        [one["build"][figure] + one["mine"][figure] for one in each["rounds"]] for each in (job, serial)
    )
    return [100 * (ours / theirs - 1) for ours, theirs in zip(*totals, strict=False)]


def _ranged(values: list[float], form: str, unit: str) -> str:
    if not values:
        return ""
    spread = f" ({form.format(min(values))} to {form.format(max(values))})" if len(values) > 1 else ""
    return form.format(statistics.median(values)) + unit + spread


def approximate(result: dict[str, Any]) -> str:
    """Recall and time of approximate search, a line a method and size of shards."""
    lines = [
        (f"{name}, shards of {int(size):,}", found)
        for size, methods in result["shard_sizes"].items()
        for name, found in methods.items()
    ]
    lines += [(f"{name}, whole index", found) for name, found in result["whole"].items()]
    rows = []
    for name, found in lines:
        built, size = found["build_seconds"]["processor"], found["bytes"]
        searched = (
            _ranged([each[figure] for each in found["search_seconds"]], "{:.1f}", " s")
            for figure in ("processor", "wall")
        )
        beside = (f"{built:.0f} s", f"{size / 2**20:.0f} MiB") if size else ("", "")
        rows.append([name, *beside, *searched, f"{found['recall']:.3f}"])
    head = ("", "build: processor", "beside the index", "search: processor", "wall")
    return markdown((*head, f"recall@{result['k']}"), rows)


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
