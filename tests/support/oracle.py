"""A brute-force miner in plain Python: slow, independent, and what the real one is held against."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from miner.data import Passage, Query
from miner.encoders import Encoder
from miner.text.copies import Copies
from miner.text.fold import fold
from miner.text.frequencies import Frequencies
from miner.text.near_copies import NearCopies

NEAR = NearCopies(Copies(), Frequencies.none())


@cache
def plain(text: str) -> bytes:
    return fold(text)


@cache
def same(a: str, b: str) -> bool:
    """By the rule for one pair alone: what is tried is whether many at once come to the same."""
    return plain(a) == plain(b) or NEAR.judge(a, b).copy


def unit16(rows: np.ndarray) -> np.ndarray:
    return rows.astype(np.float16).astype(np.float64)


def mine(passages: Sequence[Passage], queries: Sequence[Query], encoder: Encoder, n: int) -> list[list[str]]:
    """The ids of the n most similar passages below 95 % of the median relevant similarity, for each query."""
    first = {passage.encoded: passage for passage in reversed(passages) if passage.text.strip()}
    unique = [passage for passage in passages if first.get(passage.encoded) is passage]
    vectors = unit16(encoder.encode_passages([passage.encoded for passage in unique]))
    by_text = {p.text: i for i, p in reversed(list(enumerate(unique)))}
    by_text |= {p.encoded: i for i, p in reversed(list(enumerate(unique)))}
    by_id = {
        p.id: next(i for i, u in enumerate(unique) if u.encoded == p.encoded)
        for p in passages
        if p.text.strip()
    }
    found = []
    for query in queries:
        asked = unit16(encoder.encode_queries([query.text]))[0]
        rows = {by_id[id] for id in query.relevant_ids}
        rows |= {by_text[text] for text in query.relevant_passages if text in by_text}
        loose = [text for text in query.relevant_passages if text not in by_text]
        texts = [unique[row].text for row in rows] + list(query.relevant_passages)
        outside = unit16(encoder.encode_passages(loose)) @ asked if loose else []
        known = [np.float32(vectors[row] @ asked) for row in rows] + [np.float32(score) for score in outside]
        middle = float(np.median(np.array(known, np.float64)))
        scores = (vectors @ asked).astype(np.float32)
        chosen: list[Passage] = []
        seen: set[bytes] = set()
        for row in sorted(range(len(unique)), key=lambda row: (-scores[row], row)):
            passage = unique[row]
            if (
                row in rows
                or plain(passage.text) == plain(query.text)
                or any(same(passage.text, t) for t in texts)
            ):
                continue
            fresh = plain(passage.text) not in seen
            seen.add(plain(passage.text))
            if fresh and scores[row] <= middle - 0.05 * abs(middle) and len(chosen) < n:
                chosen.append(passage)
        found.append([passage.id for passage in chosen])
    return found
