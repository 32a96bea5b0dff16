"""Mined files with known false negatives."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from miner.storage.files import write_jsonl

PER_ROW = 5
ENTRY: dict[str, object] = {"source": "corpus.jsonl:1", "risk": None, "similarity": 0.5, "share": 0.8}


def write_mined(path: Path, rows: int, *, scale: str | None = "risk", given: int = 0) -> Path:
    """Rows of PER_ROW negatives with risks spread over (0, 0.2). A negative is false where its text says so:
    a share of each risk's size, seeded."""
    draw = np.random.default_rng(7)
    records, receipts = list[dict[str, object]](), list[dict[str, object]]()
    for i in range(rows):
        risks = np.round(draw.beta(0.5, 6, PER_ROW) * 0.8, 6)
        false = draw.random(PER_ROW) < risks
        texts = [f"{'right' if bad else 'wrong'} answer {i}.{j}" for j, bad in enumerate(false)]
        extra = [f"given {i}.{j}" for j in range(given)]
        records.append(
            {
                "query": f"question {i}",
                "relevant_passages": [f"the answer to {i}"],
                "hard_negatives": extra + texts,
            }
        )
        negatives: list[dict[str, object]] = [
            {**ENTRY, "id": f"p{i}.{j}", scale or "risk": float(risk)} for j, risk in enumerate(risks)
        ]
        receipts.append(
            {
                "query": f"question {i}",
                "relevant": [{"id": None, "similarity": 0.9}],
                "negatives": [*({"id": None, "source": "given"} for _ in extra), *negatives],
            }
        )
    write_jsonl(path, records)
    if scale:
        write_jsonl(path.with_name(f"{path.name.removesuffix('.jsonl')}.receipts.jsonl"), receipts)
    return path
