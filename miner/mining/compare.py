"""Candidates beside their queries and relevant passages: all that takes reading them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np

from miner.data import PADDING, Bool, Float32, Half, Int64, Passage, UInt8, UInt64
from miner.index import Index
from miner.index.memo import ArraySpec, Memo, MemoKind
from miner.mining.block import Block
from miner.mining.relevant import EMIT
from miner.text.documents import Sibling, document, share_text
from miner.text.fold import Folded, fold_all
from miner.text.match import Match, MatchRequest, match_all
from miner.text.near_copies import NearCopies
from miner.text.overlap import Overlap, overlap_of_folded
from miner.vectors.dot import cosines, dot
from miner.vectors.threads import single_threaded_blas

T = TypeVar("T")
COMPARED = MemoKind("compared", 4)
ROOM = 2**26
"""Bytes of candidates' texts that are compared at once: what is worked out of them takes some four times as much."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Q queries, K candidates each, P relevant passages; the fields as in Pool."""

    documents: UInt64
    to_relevant: Float32
    relevant_scores: Float32
    covered: Float32
    shared: Float32
    match: UInt8
    sibling: UInt8

    def arrays(self) -> list[Any]:
        """The fields, in order."""
        return [getattr(self, each.name) for each in fields(self)]


def compare(
    memo: Memo,
    block: Block,
    rows: Int64,
    emit: str,
    near: NearCopies,
    elsewhere: Callable[[], Compared | None],
) -> Compared:
    """Candidates rows [Q, K] compared with all that is known of the block; `emit` says what of a passage is
    written into rows, `near` what a near copy is. What was compared once for the same block is not compared again;
    if it has to be, `elsewhere` is asked first whether others have done so.
    """
    wide, tall = rows.shape, (len(block.relevant_rows), rows.shape[1])
    specs: list[ArraySpec] = [
        (np.dtype(np.uint64), wide),
        (np.dtype(np.float32), tall),
        (np.dtype(np.float32), tall[:1]),
        (np.dtype(np.float32), wide),
        (np.dtype(np.float32), tall),
        (np.dtype(np.uint8), wide),
        (np.dtype(np.uint8), wide),
    ]

    def made() -> Sequence[Any]:
        if (done := elsewhere()) is not None:
            return done.arrays()
        emits = dict.fromkeys(["text", emit])
        parts = [
            _compare(memo.index, block.part(part), rows[part], emits, near).arrays()
            for part in parts_of(_lengths(memo.index, rows), ROOM)
        ]
        return [np.concatenate(columns) for columns in zip(*parts, strict=True)]

    return Compared(*memo.arrays(COMPARED, [*block.key(), rows, emit, repr(near.copies)], specs, made))


def _lengths(index: Index, rows: Int64) -> Int64:
    """[Q] bytes of the texts of each query's candidates."""
    there, lengths = rows != PADDING, np.zeros(rows.shape, np.int64)
    lengths[there] = index.lengths(rows[there])
    return np.asarray(lengths.sum(axis=1))


def parts_of(lengths: Int64, room: int) -> Iterator[range]:
    """Queries in a row whose lengths come to no more than `room`, or one that is longer."""
    start, taken = 0, 0
    for i, length in enumerate(lengths.tolist()):
        if i > start and taken + length > room:
            yield range(start, i)
            start, taken = i, 0
        taken += length
    yield range(start, len(lengths))


def _compare(index: Index, block: Block, rows: Int64, emits: Iterable[str], near: NearCopies) -> Compared:
    read = Read.of(index, rows, block.relevant_rows)
    same = _in_line(rows, block.relevant_rows, block.offsets) & (rows != PADDING)
    to_relevant = np.empty((len(block.relevant_rows), rows.shape[1]), np.float32)
    relevant_scores = np.empty(len(block.relevant_rows), np.float32)
    covered, shared = np.zeros(rows.shape, np.float32), np.zeros(to_relevant.shape, np.float32)
    asked = fold_all(block.texts)
    with single_threaded_blas():
        for i in range(len(block)):
            mine, valid = block.relevant(i), rows[i] != PADDING
            common = _overlap(block, i, rows[i], read, asked[i])
            covered[i, valid], shared[mine, valid] = common.covered, common.shared
            to_relevant[mine] = cosines(read.vectors, block.relevant_vectors[mine], rows[i])
            relevant_scores[mine] = dot(block.relevant_vectors[mine], block.vectors[i])
    return Compared(
        documents=np.where(rows == PADDING, np.uint64(0), read.documents[read.places(rows)]),
        to_relevant=to_relevant,
        relevant_scores=relevant_scores,
        covered=covered,
        shared=shared,
        match=np.where(same, np.uint8(Match.SAME_ID), _matches(block, rows, read, emits, near)),
        sibling=_siblings(block, rows, same, read),
    )


def _matches(block: Block, rows: Int64, read: Read, emits: Iterable[str], near: NearCopies) -> UInt8:
    """[Q, K] Match codes, ids aside."""
    codes = np.zeros(rows.shape, np.uint8)
    for emit in emits:
        texts = [EMIT[emit](passage) for passage in read.passages]
        found = match_all([_asked(block, i, line, read, texts) for i, line in enumerate(rows)], near)
        for code, line, new in zip(codes, rows, found, strict=True):
            valid = line != PADDING
            code[valid] = np.where(code[valid] == Match.NONE, new, code[valid])
    return codes


@dataclass(frozen=True, slots=True)
class Read:
    """The passages of some rows, each read once."""

    rows: Int64
    """Distinct, in order."""
    passages: Sequence[Passage]
    folded: Sequence[Folded]
    """As the encoder saw them."""
    documents: UInt64
    """A hash of the document of each."""
    _vectors: Half

    @classmethod
    def of(cls, index: Index, *rows: Int64) -> Read:
        distinct = np.unique(np.concatenate([each.ravel() for each in rows]))
        distinct = distinct[distinct != PADDING]
        passages = index.passages(distinct)
        folded = fold_all([passage.encoded for passage in passages])
        documents = [zlib.crc32(document(passage, index.manifest.shapes).encode()) for passage in passages]
        return cls(distinct, passages, folded, np.array(documents, np.uint64), index.vectors(distinct))

    def places(self, rows: Int64) -> Int64:
        """Where rows stand; anywhere for PADDING."""
        return np.minimum(np.searchsorted(self.rows, rows), len(self.rows) - 1)

    def of_rows(self, rows: Int64, of_passages: Sequence[T]) -> list[T]:
        """What belongs to the passages of rows, PADDING left out."""
        return [of_passages[place] for place in self.places(rows[rows != PADDING]).tolist()]

    def vectors(self, rows: Int64) -> Half:
        return self._vectors[self.places(rows)]


def _asked(block: Block, i: int, rows: Int64, read: Read, texts: Sequence[str]) -> MatchRequest:
    """The question about one query's candidates; `texts` are those of the passages as they are written into rows."""
    known = block.relevant_rows[block.relevant(i)]
    return MatchRequest(
        block.texts[i],
        read.of_rows(rows, texts),
        [
            *block.relevant_texts[block.relevant(i)],
            *(each.text for each in read.of_rows(known, read.passages)),
        ],
        block.taken[i],
    )


def _overlap(block: Block, i: int, rows: Int64, read: Read, asked: Folded) -> Overlap:
    """Of texts as the encoder saw them; `asked` is the query."""
    mine = block.relevant(i)
    known = zip(block.relevant_rows[mine].tolist(), block.relevant_texts[mine], strict=True)
    relevant = [
        fold_all([text])[0] if row == PADDING else read.of_rows(np.array([row]), read.folded)[0]
        for row, text in known
    ]
    return overlap_of_folded(asked, read.of_rows(rows, read.folded), relevant)


def _siblings(block: Block, rows: Int64, same: Bool, read: Read) -> UInt8:
    """[Q, K] Sibling codes; `same` says which candidates are relevant passages themselves."""
    known = block.relevant_rows != PADDING
    homes = np.where(known, read.documents[read.places(block.relevant_rows)].astype(np.int64), PADDING)
    documents = np.where(rows != PADDING, read.documents[read.places(rows)].astype(np.int64), PADDING)
    at_home = _in_line(documents, homes, block.offsets) & (rows != PADDING)
    codes = np.where(same, np.uint8(Sibling.OVERLAPPING), np.uint8(Sibling.NONE))
    for i, column in np.argwhere(at_home & ~same).tolist():
        mine = block.relevant(i)
        parents = block.relevant_rows[mine][homes[mine] == documents[i, column]]
        ours, *theirs = read.of_rows(np.array([rows[i, column], *parents]), read.passages)
        overlaps = any(share_text(ours, each) for each in theirs)
        codes[i, column] = Sibling.OVERLAPPING if overlaps else Sibling.SAME_DOCUMENT
    return codes


def _in_line(values: Int64, wanted: Int64, offsets: Int64) -> Bool:
    """[Q, K] whether each value is among those wanted of its query, wanted[offsets[i] : offsets[i + 1]]."""
    numbers = np.unique(np.concatenate([values.ravel(), wanted]), return_inverse=True)[1]
    lines = np.repeat(np.arange(len(values)), np.diff(offsets))
    found = np.zeros((len(values), int(numbers.max(initial=-1)) + 1), np.bool_)
    found[lines, numbers[values.size :]] = True
    return np.take_along_axis(found, numbers[: values.size].reshape(values.shape), axis=1)
