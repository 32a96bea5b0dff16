"""Two texts laid beside each other: runs in common, in whatever order, and the gaps between them.

Runs are found greedily, longest first, as Wise does (1993, "String similarity via greedy string tiling"); the
heaviest chain of runs in one order is the alignment, and runs that lie elsewhere are passages that moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from miner.text.tokens import TokenLine

SEED = 3
"""Tokens of the shortest run."""
MOVED = 8
"""Tokens of the shortest run that may lie elsewhere without being a clause."""
NEAR = 16
"""Tokens of the longest gap that is compared."""
_TRIED = 8
_STEP, _REST = 16, (8, 4, 2, 1)


class CommonRun(NamedTuple):
    """`size` tokens that are the same from place `a` of one text and place `b` of the other."""

    a: int
    b: int
    size: int


class Gap(NamedTuple):
    """What lies between two runs of a chain, or before the first and after the last one."""

    a: slice
    b: slice
    left: bool
    """Whether a run comes before it."""
    right: bool
    """Whether a run comes after it."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """`chain` in the order of both texts; `moved` runs lie elsewhere."""

    chain: Sequence[CommonRun]
    moved: Sequence[CommonRun]
    gaps: Sequence[Gap]


def align(a: TokenLine, b: TokenLine, seeds: frozenset[str] | None = None) -> Alignment:
    """The alignment of two texts; `seeds` are those of b, if they are known."""
    found = _placed(_runs(a.line, b.line, seeds_of(b.line) if seeds is None else seeds), a.line, b.line)
    chain = _heaviest(found)
    kept = set(map(id, chain))
    moved = [run for run in found if id(run) not in kept and _may_move(run, a, b)]
    return Alignment(chain, moved, _gaps(chain, len(a), len(b)))


def seeds_of(line: str) -> frozenset[str]:
    """Every run of SEED tokens."""
    return frozenset(line[place : place + SEED] for place in range(len(line) - SEED + 1))


def _runs(a: str, b: str, seeds: frozenset[str]) -> list[CommonRun]:
    """From left to right the longest run that begins at each place of a, behind the one before; one that begins a
    token later is taken if it is longer.
    """
    runs, place = list[CommonRun](), _seed_from(0, a, seeds)
    while place >= 0:
        run: CommonRun | None = _longest(a, b, place)
        while run is not None:
            best, run = run, _longer(a, b, run)
        runs.append(best)
        place = _seed_from(best.a + best.size, a, seeds)
    return runs


def _seed_from(start: int, a: str, seeds: frozenset[str]) -> int:
    """The first place from `start` on where a seed begins; -1 where there is none."""
    for place in range(start, len(a) - SEED + 1):
        if a[place : place + SEED] in seeds:
            return place
    return -1


def _longer(a: str, b: str, run: CommonRun) -> CommonRun | None:
    """The run from the next place of a on, if it is longer than this one."""
    start, stop = run.a + 1, run.a + run.size + 2
    if stop > len(a) or a[start:stop] not in b:
        return None
    later = _longest(a, b, start)
    return later if later.size > run.size else None


def _longest(a: str, b: str, place: int) -> CommonRun:
    """The longest run from a place of a on, among the first few places of b where its first tokens, which b has,
    stand.
    """
    seed = a[place : place + SEED]
    other = b.index(seed)
    best = CommonRun(place, other, _extent(a, b, place, other))
    if not _longer_elsewhere(a, b, best):
        return best
    for _ in range(_TRIED - 1):
        other = b.find(seed, other + 1)
        if other < 0:
            break
        if (size := _extent(a, b, place, other)) > best.size:
            best = CommonRun(place, other, size)
    return best


def _longer_elsewhere(a: str, b: str, run: CommonRun) -> bool:
    """Whether what stands in a from where a run begins stands in b with a token more."""
    stop = run.a + run.size + 1
    return stop <= len(a) and b.find(a[run.a : stop], run.b + 1) >= 0


def _extent(a: str, b: str, i: int, j: int) -> int:
    size, most = SEED, min(len(a) - i, len(b) - j)
    while size + _STEP <= most and a[i + size : i + size + _STEP] == b[j + size : j + size + _STEP]:
        size += _STEP
    for step in _REST:
        if size + step <= most and a[i + size : i + size + step] == b[j + size : j + size + step]:
            size += step
    return size


def _placed(runs: Sequence[CommonRun], a: str, b: str) -> list[CommonRun]:
    """The runs, longest first, without what they overlap in, extended to the left; in the order of a."""
    used_a, used_b = bytearray(len(a)), bytearray(len(b))
    kept = list[CommonRun]()
    for run in sorted(runs, key=lambda run: (-run.size, run.a)):
        i, j, size = run.a, run.b, run.size
        while size and (used_a[i] or used_b[j]):
            i, j, size = i + 1, j + 1, size - 1
        while size and (used_a[i + size - 1] or used_b[j + size - 1]):
            size -= 1
        if size < SEED or any(used_b[j : j + size]):
            continue
        while i and j and not used_a[i - 1] and not used_b[j - 1] and a[i - 1] == b[j - 1]:
            i, j, size = i - 1, j - 1, size + 1
        used_a[i : i + size] = used_b[j : j + size] = b"\x01" * size
        kept.append(CommonRun(i, j, size))
    return sorted(kept, key=lambda run: run.a)


def _heaviest(runs: Sequence[CommonRun]) -> list[CommonRun]:
    """The chain of runs in the order of both texts that has most tokens."""
    if all(x.b < y.b for x, y in pairwise(runs)):
        return list(runs)
    best, before = list[int](), list[int]()
    for i, run in enumerate(runs):
        place = max((k for k in range(i) if runs[k].b < run.b), key=lambda k: best[k], default=-1)
        best.append(run.size + (best[place] if place >= 0 else 0))
        before.append(place)
    place, chain = max(range(len(runs)), key=lambda k: best[k]), list[CommonRun]()
    while place >= 0:
        chain.append(runs[place])
        place = before[place]
    return chain[::-1]


def _may_move(run: CommonRun, a: TokenLine, b: TokenLine) -> bool:
    """Whether a run is long enough, or a clause of its own, to stand elsewhere and say the same."""
    if run.size >= MOVED:
        return True
    ends = (
        run.a in a.clauses,
        run.a + run.size in a.clauses,
        run.b in b.clauses,
        run.b + run.size in b.clauses,
    )
    return all(ends)


def _gaps(chain: Sequence[CommonRun], a: int, b: int) -> list[Gap]:
    gaps, i, j = list[Gap](), 0, 0
    for number, run in enumerate(chain):
        if run.a > i or run.b > j:
            gaps.append(Gap(slice(i, run.a), slice(j, run.b), number > 0, True))
        i, j = run.a + run.size, run.b + run.size
    if i < a or j < b:
        gaps.append(Gap(slice(i, a), slice(j, b), bool(chain), False))
    return gaps
