"""The tables of docs/serve.md."""

from __future__ import annotations

from statistics import median
from typing import Any

from benchmarks.lib.markdown_tables import markdown

SERVED = {
    "documents_per_second": "documents a second",
    "processor_ms_per_document": "processor ms a document",
    "p50_seconds": "p50, s",
    "p99_seconds": "p99, s",
    "few_p99_seconds": "p99 of ten documents, s",
    "load_average": "load average",
}
SERVERS = {"here": "this version", "beside": "the one before"}


def serve(result: dict[str, Any]) -> str:
    """What servers bore, a line for each and each number of clients: the median of its rounds."""
    rows = []
    for key, suffix in (("load", ""), ("load_int8", ", int8")):
        lines = result.get(key, [])
        for clients, server in sorted({(line["clients"], line["server"]) for line in lines}):
            rounds = [line for line in lines if (line["clients"], line["server"]) == (clients, server)]
            figures = [_median([line[name] for line in rounds]) for name in SERVED]
            memory = max(line["memory_second_half_mib"] for line in rounds)
            counts = [str(sum(line[name] for line in rounds)) for name in ("requests", "errors")]
            rows.append([SERVERS[server] + suffix, str(clients), *counts, *figures, f"{memory:.0f}"])
    return markdown(("server", "clients", "requests", "errors", *SERVED.values(), "memory, MiB"), rows)


def _median(values: list[float | None]) -> str:
    found = [value for value in values if value is not None]
    return f"{median(found):.3g}" if found else "–"


def serve_slow(result: dict[str, Any]) -> str:
    """What probes saw while connections kept still."""
    found = result["slow"]
    rows = [
        [
            name,
            str(each["asked"]),
            str(each["failed"]),
            f"{each['p99_seconds']:.2f}",
            f"{each['longest_seconds']:.2f}",
        ]
        for name, each in found["probes"].items()
    ]
    table = markdown(("probe", "asked", "failed", "p99, s", "longest, s"), rows)
    memory = f"{found['memory_first_mib']:.0f} MiB at first, {found['memory_last_mib']:.0f} at last"
    return (
        f"{found['connections']:,} connections that send nothing or half a head, {found['opened']:,} opened in "
        f"{found['seconds']:.0f} s; {memory}; load average {found['load_average']:g}:\n\n{table}"
    )


def serve_kills(result: dict[str, Any]) -> str:
    """What was lost when a server was killed."""
    rows = [
        [f"while {phase}", *(str(found[name]) for name in ("kills", "acknowledged", "lost", "left_over"))]
        for phase, found in result["phases"].items()
    ]
    table = markdown(("SIGKILL", "times", "acknowledged", "lost", "left over"), rows)
    return f"{table}\n\nJobs that outlived their server: {result['orphaned_jobs']}."


def casehold(result: dict[str, Any]) -> str:
    """The notebook's figures."""
    seconds, decision = result["seconds"], (result["validation"] or {}).get("decision", result["error"])
    rows = [
        ["right holding ranked first, before", f"{result['accuracy_before']:.1%}"],
        ["after", f"{result['accuracy_after']:.1%}"],
        ["test rows", str(result["test_rows"])],
        ["epochs", str(result["epochs"])],
        ["upload and validation", f"{seconds['upload_and_validation']:.0f} s"],
        ["fine-tuning", f"{seconds['training']:.0f} s"],
        ["on the validation rows", str(decision)],
    ]
    return markdown(("figure", ""), rows)


def api_fuzz(result: dict[str, Any]) -> str:
    """Requests and findings of each pass."""
    rows = [
        [name, str(found["operations"]), f"{found['requests']:,}", str(sum(found["failures"].values()))]
        for name, found in result["passes"].items()
    ]
    return markdown(("pass", "operations", "requests", "findings"), rows)
