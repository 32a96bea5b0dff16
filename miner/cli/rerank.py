"""miner rerank"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from miner.cli.console import show_json

BLOCK = 32


def command(
    model: Annotated[str, typer.Argument(help="Folder that `miner train` wrote, or any model.")],
    file: Annotated[Path, typer.Argument(help='Lines of {"query", "documents": [...]}.')] = Path(
        "/dev/stdin"
    ),
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write to; stdout without it.")
    ] = None,
    top_n: Annotated[int | None, typer.Option(min=1, help="Documents to keep for each query.")] = None,
    max_length: Annotated[int | None, typer.Option(min=8, help="Tokens; the model's own without it.")] = None,
) -> None:
    """Rank documents for queries, best first."""
    from miner.reranking import load_reranker
    from miner.storage import files

    results = _ranked(load_reranker(model, max_length), file, top_n)
    if output is not None:
        files.write_jsonl(output, results)
        return
    for result in results:
        show_json(result, indent=False)


def _ranked(reranker: Any, file: Path, top_n: int | None) -> Iterator[dict[str, Any]]:
    from miner.reranking import rank

    requests = _requests(file)
    while block := list(islice(requests, BLOCK)):
        texts = [(query, texts) for query, texts, _ in block]
        for (query, _, given), ranked in zip(block, rank(reranker, texts, top_n), strict=True):
            results = [
                {"index": place.index, "relevance_score": place.relevance, "document": given[place.index]}
                for place in ranked
            ]
            yield {"query": query, "results": results}


def _requests(file: Path) -> Iterator[tuple[str, list[str], list[Any]]]:
    """Query, texts of its documents, and the documents as they were given."""
    from miner.errors import InputError
    from miner.storage import files

    for line, record in files.read_jsonl(file):
        query, documents = record.get("query"), record.get("documents")
        if not isinstance(query, str):
            raise InputError(file, line, f"'query' is {files.kind(query)}; expected a string")
        if not isinstance(documents, list):
            raise InputError(file, line, f"'documents' is {files.kind(documents)}; expected a list")
        texts: list[Any] = [item.get("text") if isinstance(item, dict) else item for item in documents]
        for text in texts:
            if not isinstance(text, str):
                found = f"'documents' holds {files.kind(text)}"
                raise InputError(file, line, f"{found}; expected strings, or objects with a 'text'")
        yield query, texts, documents
