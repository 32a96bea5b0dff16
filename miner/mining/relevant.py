"""From queries to what is known to answer them: texts, rows of the corpus, vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from miner.corpus import READERS
from miner.corpus.notes import Notes
from miner.corpus.queries import Queries
from miner.data import PADDING, Half, Int64, Passage, Query
from miner.errors import ConfigError, InputError
from miner.index import Index

EMIT: dict[str, Callable[[Passage], str]] = {
    "text": lambda passage: passage.text if passage.text.strip() else passage.title,
    "title-text": lambda passage: passage.encoded,
}
"""What of a passage is written into rows, by name."""
ENDINGS = ("", *READERS)
LOOKED_UP = 1_000
"""Unknown ids that are looked up in other spellings."""


@dataclass(frozen=True, slots=True)
class Relevant:
    """The relevant passages of Q queries, laid end to end: those of query i are offsets[i]:offsets[i+1]."""

    offsets: Int64
    """[Q + 1]"""
    rows: Int64
    """[P] PADDING where the passage is not in the corpus."""
    texts: tuple[str, ...]
    """[P] as written into the rows."""
    ids: tuple[str | None, ...]
    """[P] None where the passage is not in the corpus."""

    def of(self, query: int) -> slice:
        return slice(int(self.offsets[query]), int(self.offsets[query + 1]))

    @property
    def loose(self) -> list[str]:
        """Texts of those that are not in the corpus."""
        return [text for text, row in zip(self.texts, self.rows.tolist(), strict=True) if row == PADDING]


def find_relevant(queries: Sequence[Query], index: Index, emit: Callable[[Passage], str]) -> Relevant:
    """Look the relevant passages of the queries up in the index, by id and by equal text.

    A passage named twice, by id and by text, counts once. Raises ConfigError for an id that the index
    does not hold.
    """
    by_id = _rows_of_ids(queries, index)
    texts = list(dict.fromkeys(text for query in queries for text in query.relevant_passages))
    by_text = dict(zip(texts, index.rows_of_texts(texts).tolist(), strict=True))
    named = list({*by_id.values(), *by_text.values()} - {PADDING})
    passages = dict(zip(named, index.passages(named), strict=True))
    offsets, rows, out, ids = [0], list[int](), list[str](), list[str | None]()
    for query in queries:
        known = {row: emit(passages[row]) for row in (by_id[id] for id in query.relevant_ids)}
        loose = list[str]()
        for text in query.relevant_passages:
            row = by_text[text]
            if row == PADDING:
                loose.append(text)
            else:
                known.setdefault(row, text)
        rows += [*known, *[PADDING] * len(loose)]
        out += [*known.values(), *loose]
        ids += [*(passages[row].id for row in known), *[None] * len(loose)]
        offsets.append(len(rows))
    return Relevant(np.array(offsets, np.int64), np.array(rows, np.int64), tuple(out), tuple(ids))


def known_queries(queries: Sequence[Query], index: Index, notes: Notes) -> Queries:
    """The queries with the relevant ids that the index holds; others are noted, as are queries that then have nothing.

    Says how many of the relevant passages stand in the index, if not all do. Raises InputError where no query is left.
    """
    ids = list(dict.fromkeys(id for query in queries for id in query.relevant_ids))
    held = _held(ids, index)
    meant = _meant([id for id in ids if id not in held], index)
    out = Queries()
    for query in queries:
        known = tuple(id for id in query.relevant_ids if id in held)
        file, _, line = query.place.rpartition(":")
        for id in query.relevant_ids if len(known) < len(query.relevant_ids) else ():
            if id not in held:
                message = f"relevant id {id!r} is not in the index {index.place}{meant.get(id, '')}"
                notes.passed_over(file, int(line or 0), message, "relevant id that is not in the index")
        if known or query.relevant_passages:
            out.append(replace(query, relevant_ids=known))
        else:
            notes.add(file, int(line or 0), "has no relevant passage in the index; left out")
    if not out:
        (first,) = index.passages([0])
        seen = f": the queries have ids as {ids[0]!r}, the index as {first.id!r}"
        message = f"no relevant id of any query is in the index {index.place}"
        raise InputError(queries[0].place, None, message + meant.get(ids[0], seen))
    _tell_loose(out, index, notes)
    return out


def _held(ids: Sequence[str], index: Index) -> set[str]:
    return {id for id, row in zip(ids, index.rows_of_ids(ids).tolist(), strict=True) if row != PADDING}


def _meant(unknown: Sequence[str], index: Index) -> dict[str, str]:
    """For ids that the index has in another spelling a question: without the file's ending, below another folder,
    or with the number of a document's only passage.
    """
    spellings = {id: _spellings(id) for id in unknown[:LOOKED_UP]}
    held = _held([each for found in spellings.values() for each in found], index)
    found = {id: next((each for each in others if each in held), None) for id, others in spellings.items()}
    return {id: f"; did you mean {each!r}?" for id, each in found.items() if each is not None}


def _spellings(id: str) -> list[str]:
    parts = id.removesuffix("#1").split("/")
    below = ["/".join(parts[start:]) for start in range(len(parts))]
    return [f"{each}{ending}" for each in below if each for ending in ENDINGS]


def _tell_loose(queries: Sequence[Query], index: Index, notes: Notes) -> None:
    texts = [text for query in queries for text in query.relevant_passages]
    inside = int(np.count_nonzero(index.rows_of_texts(texts) != PADDING))
    if inside < len(texts):
        named = sum(len(query.relevant_ids) for query in queries)
        held = f"{inside + named:,} of {len(texts) + named:,}"
        notes.tell(f"{held} relevant passages stand in the index; the others are used as texts")


def _rows_of_ids(queries: Sequence[Query], index: Index) -> dict[str, int]:
    ids = list(dict.fromkeys(id for query in queries for id in query.relevant_ids))
    rows = dict(zip(ids, index.rows_of_ids(ids).tolist(), strict=True))
    for query in queries:
        for id in query.relevant_ids:
            if rows[id] == PADDING:
                place = f"{query.place}: " if query.place else ""
                meant = _meant([id], index).get(id, "")
                raise ConfigError(f"{place}relevant id {id!r} is not in the index {index.place}{meant}")
    return rows


def relevant_vectors(relevant: Relevant, index: Index, encode: Callable[[Sequence[str]], Half]) -> Half:
    """Unit rows fp16 [P, d]: the index's own where the passage is in it, else freshly encoded."""
    vectors = np.empty((len(relevant.rows), index.dim), np.float16)
    known = relevant.rows != PADDING
    vectors[known] = index.vectors(relevant.rows[known])
    vectors[~known] = encode(relevant.loose)
    return vectors
