"""Mined files made by hand: rows, receipts and the run's record, as `miner mine` leaves them."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from miner.storage.files import sha256, write_json, write_jsonl

THINGS = ("plan", "booking", "invoice", "membership", "gift card", "account", "calendar", "payout", "seat")
ACTIONS = ("cancel", "pause", "upgrade", "downgrade", "transfer", "renew", "archive", "share", "export")
PLACES = ("in the app", "by phone", "from the web page", "as a team owner", "on a shared desk")


def made_rows(count: int, n: int = 5, seed: int = 0) -> list[dict[str, Any]]:
    """Rows over a small corpus, so that passages are used again; every seventh row is two short."""
    draw = random.Random(seed)
    corpus = [
        f"To {a} the {t} {p}, open settings and choose {a}." for a in ACTIONS for t in THINGS for p in PLACES
    ]
    rows = []
    for i in range(count):
        action, thing, place = draw.choice(ACTIONS), draw.choice(THINGS), draw.choice(PLACES)
        right = f"To {action} the {thing} {place}, open settings and choose {action}."
        wrong = draw.sample([text for text in corpus if text != right], n if i % 7 else n - 2)
        rows.append(
            {
                "query": f"case {i}: how do I {action} my {thing} {place}?",
                "relevant_passages": [right, f"Yes, {thing} {i} can be changed."][: 1 + i % 2],
                "hard_negatives": wrong,
            }
        )
    return rows


def made_receipts(rows: Iterable[Mapping[str, Any]], seed: int = 0) -> list[dict[str, Any]]:
    draw = random.Random(seed)
    return [
        {
            "query": row["query"],
            "relevant": [
                {"id": None, "similarity": round(draw.uniform(0.5, 0.95), 6)}
                for _ in row["relevant_passages"]
            ],
            "negatives": [
                {
                    "id": f"doc-{draw.randrange(405)}",
                    "source": f"corpus.jsonl:{rank * 3}",
                    "rank": rank,
                    "similarity": round(draw.uniform(0.1, 0.8), 6),
                    "to_relevant": round(draw.uniform(0.1, 0.8), 6),
                    "share": round(draw.uniform(0.2, 0.9), 6),
                    "risk": round(draw.betavariate(1, 12), 6),
                    "teacher": None,
                }
                for rank in range(1, len(row["hard_negatives"]) + 1)
            ],
        }
        for row in rows
    ]


def made_run(path: Path, rows: list[dict[str, Any]], n: int = 5) -> dict[str, Any]:
    candidates = 100 * len(rows)
    rejected = {"match": 2 * len(rows), "sibling()": 3 * len(rows), "risk(max_risk=0.1)": 31 * len(rows)}
    negatives = sum(len(row["hard_negatives"]) for row in rows)
    return {
        "miner": "0.1.0",
        "command": "mine",
        "arguments": {"queries": "queries.jsonl", "n": n, "filter": ["risk(max_risk=0.1)"], "seed": 0},
        "seed": 0,
        "versions": {"python": "3.11.4"},
        "index": {
            "path": "indexes/help",
            "encoder": {"model": "hashing"},
            "corpus": "c" * 64,
            "passages": 405,
        },
        "counts": {
            "rows": len(rows),
            "negatives": negatives,
            "short_rows": sum(len(row["hard_negatives"]) < n for row in rows),
            "candidates": candidates,
            "kept": candidates - sum(rejected.values()),
            "padding": 0,
            "rejected": rejected,
        },
        "stages": [{"stage": "search", "seconds": 1.25, "peak_memory_bytes": 256 * 2**20}],
        "peak_memory_bytes": 256 * 2**20,
        "outputs": {path.name: sha256(path)},
    }


def write_mined(path: Path, rows: list[dict[str, Any]], *, receipts: bool = True, run: bool = True) -> Path:
    """Write rows and, beside them, receipts and a run record."""
    stem = path.name.removesuffix(".jsonl")
    write_jsonl(path, rows)
    if receipts:
        write_jsonl(path.with_name(f"{stem}.receipts.jsonl"), made_receipts(rows))
    if run:
        write_json(path.with_name(f"{stem}.run.json"), made_run(path, rows))
    return path


def embedded_json(page: str, name: str) -> Any:
    """What a page carries as JSON under a name."""
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found.group(1))
