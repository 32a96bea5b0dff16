"""`rerank`: documents in the order in which a model would read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any

from miner.errors import InputError
from miner.reranking.score import Reranker, rank
from miner.reranking.store import load_reranker
from miner.storage import files
from miner.storage.paths import as_path

BLOCK = 32
"""Queries that are scored together."""


def rerank(
    model: str | Path | Reranker,
    requests: str | Path | Iterable[Mapping[str, Any]],
    *,
    top_n: int | None = None,
    max_length: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Rank documents for queries, best first, as they are asked for.

    `requests` are a JSONL file or mappings with 'query' and 'documents': texts, or mappings with a 'text'. Each
    result has the 'query' and 'results' of 'index', 'relevance_score' and 'document', at most `top_n`; texts are
    cut at `max_length` tokens, or at the model's own.

    Raises ModelError, and InputError for a request that is none, the first one before a model is loaded.
    """
    asked = _requests(requests)
    asked = chain(list(islice(asked, 1)), asked)
    reranker = load_reranker(model, max_length) if isinstance(model, (str, Path)) else model
    while block := list(islice(asked, BLOCK)):
        texts = [(query, texts) for query, texts, _ in block]
        for (query, _, given), ranked in zip(block, rank(reranker, texts, top_n), strict=True):
            results = [
                {"index": place.index, "relevance_score": place.relevance, "document": given[place.index]}
                for place in ranked
            ]
            yield {"query": query, "results": results}


def _requests(
    requests: str | Path | Iterable[Mapping[str, Any]],
) -> Iterator[tuple[str, list[str], list[Any]]]:
    """Query, texts of its documents, and the documents as they were given."""
    where: str | Path = "requests"
    lines: Iterable[tuple[int, Any]]
    if isinstance(requests, (str, Path)):
        where = as_path(requests, "the file of requests")
        lines = files.read_jsonl(where)
    else:
        lines = enumerate(requests, 1)
    for line, record in lines:
        if not isinstance(record, Mapping):
            raise InputError(
                where, line, f"is {files.kind(record)}; expected an object with query and documents"
            )
        query, documents = record.get("query"), record.get("documents")
        if not isinstance(query, str):
            raise InputError(where, line, f"'query' is {files.kind(query)}; expected a string")
        if not isinstance(documents, list):
            raise InputError(where, line, f"'documents' is {files.kind(documents)}; expected a list")
        texts: list[Any] = [item.get("text") if isinstance(item, dict) else item for item in documents]
        for text in texts:
            if not isinstance(text, str):
                found = f"'documents' holds {files.kind(text)}"
                raise InputError(where, line, f"{found}; expected strings, or objects with a 'text'")
        yield query, texts, documents
