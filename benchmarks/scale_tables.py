"""The tables of docs/scale.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from markdown_tables import markdown

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
