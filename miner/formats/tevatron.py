"""What Tevatron's trainers take: a query with passages as documents, each with a score for distillation.

https://github.com/texttron/tevatron
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, ClassVar

from miner.formats.base import Record, Sourced, Tabular
from miner.formats.tables import Kind
from miner.spec import Spec


@dataclass(frozen=True, repr=False)
class Tevatron(Tabular, Spec):
    """A score stands at each document where all of a row are known: the teacher's, else the similarity. A passage
    whose id is not known is named after its text.

    Lost: titles, which stand in the text where the rows have them there.
    """

    name: ClassVar[str] = "tevatron"
    columns: ClassVar[Mapping[str, Kind]] = {
        "query_id": "text",
        "query": "text",
        "positive_passages": "documents",
        "negative_passages": "documents",
    }

    def encode(self, sourced: Sourced) -> Iterator[Record]:
        row, scores = sourced.row, sourced.scores()
        yield {
            "query_id": _name(row.query),
            "query": row.query,
            "positive_passages": _documents(
                row.relevant_passages, sourced.of_relevant("id"), scores and scores[0]
            ),
            "negative_passages": _documents(
                row.hard_negatives, sourced.of_negatives("id"), scores and scores[1]
            ),
        }


def _documents(
    texts: Sequence[str], ids: Sequence[Any], scores: Sequence[float] | None
) -> list[dict[str, Any]]:
    return [
        {"docid": id or _name(text), "title": "", "text": text}
        | ({} if scores is None else {"score": scores[place]})
        for place, (text, id) in enumerate(zip(texts, ids, strict=True))
    ]


def _name(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
