"""Confirmed false negatives: kept as suggested positives, and merged back into queries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from miner.corpus.queries import query_from
from miner.data import Query
from miner.errors import ConfigError, InputError
from miner.judgments import Pair
from miner.storage.files import read_jsonl, write_jsonl

SUGGESTED = "suggested_positives.jsonl"


def write_suggestions(path: Path, judged: Iterable[tuple[Pair, bool]]) -> int:
    """Bring the file up to date with judged pairs (True: a false negative) and return how many it holds.

    One line a pair, as `miner mine` reads queries. What earlier audits found stays unless it was judged
    otherwise now; without any suggestion there is no file. Raises OutputError, and InputError for a line
    there that is no query.
    """
    before = dict(_before(path)) if path.is_file() else {}
    after = dict(before)
    for pair, false in judged:
        key = (pair.query, pair.passage)
        after.pop(key, None)
        if false:
            ids = [] if pair.id is None else [pair.id]
            after[key] = {
                "query": pair.query,
                "relevant_passages": [pair.passage],
                "relevant_ids": ids,
            }
    if after:
        write_jsonl(path, after.values())
    elif before:
        path.unlink()
    return len(after)


def _before(path: Path) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    for line, record in read_jsonl(path):
        query = query_from(record, path, line)
        yield (query.text, *query.relevant_passages), record


@dataclass
class Merged:
    """What became of the suggestions: added, known before, and about queries that are not in the file.
    `released` counts passages that were hard negatives of their query and no longer are."""

    added: int = 0
    known: int = 0
    strange: int = 0
    released: int = 0


def merge(queries: Path, suggestions: Path, output: Path) -> Merged:
    """Copy the queries (JSONL) with the suggested positives among their relevant passages; order, other keys
    and untouched rows stay. They go to the first row of their query: as ids where it knows only ids, else
    as texts. Whole or not at all.

    Raises ConfigError for a file that is not there or not JSONL, InputError for a line that is no query.
    """
    if queries.suffix not in (".jsonl", ".gz", ".zst"):
        raise ConfigError(f"{queries}: positives are merged into JSONL queries; convert it first")
    if not suggestions.is_file():
        raise ConfigError(f"{suggestions}: no such file; an audit that finds false negatives writes it")
    waiting: dict[str, list[Query]] = {}
    for line, record in read_jsonl(suggestions):
        suggestion = query_from(record, suggestions, line)
        if not suggestion.relevant_passages:
            raise InputError(suggestions, line, "has no 'relevant_passages'; expected the passage's text")
        waiting.setdefault(suggestion.text, []).append(suggestion)
    merged = Merged()
    write_jsonl(output, _with_positives(queries, waiting, merged))
    return merged


def _with_positives(
    queries: Path, suggestions: dict[str, list[Query]], merged: Merged
) -> Iterator[dict[str, Any]]:
    waiting = dict(suggestions)
    for line, record in read_jsonl(queries):
        query = query_from(record, queries, line)
        for suggestion in waiting.pop(query.text, ()):
            added = _add(record, suggestion)
            merged.added += added
            merged.known += not added
        _release(record, suggestions.get(query.text, ()), merged)
        yield record
    merged.strange = sum(map(len, waiting.values()))


def _add(record: dict[str, Any], suggestion: Query) -> bool:
    """Add to a row what it does not have; whether there was anything."""
    texts, ids = record.get("relevant_passages") or [], record.get("relevant_ids") or []
    key, has, new = "relevant_passages", texts, suggestion.relevant_passages
    if ids and not texts and suggestion.relevant_ids:
        key, has, new = "relevant_ids", ids, suggestion.relevant_ids
    if set(suggestion.relevant_ids) & set(ids):
        return False
    fresh = [item for item in new if item not in has]
    if fresh:
        record[key] = [*has, *fresh]
    return bool(fresh)


def _release(record: dict[str, Any], suggestions: Iterable[Query], merged: Merged) -> None:
    negatives = record.get("hard_negatives")
    if not negatives:
        return
    right = {text for suggestion in suggestions for text in suggestion.relevant_passages}
    record["hard_negatives"] = [text for text in negatives if text not in right]
    merged.released += len(negatives) - len(record["hard_negatives"])
