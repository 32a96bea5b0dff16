"""The tables of docs/serve.md."""

from __future__ import annotations

from typing import Any

from benchmarks.lib.markdown_tables import markdown

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
