"""What FlagEmbedding's trainers take: query, pos, neg, with scores for distillation and a prompt.

https://github.com/FlagOpen/FlagEmbedding/tree/master/examples/finetune
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from miner.formats.base import Record, Sourced, Tabular
from miner.formats.tables import Kind
from miner.spec import Spec


@dataclass(frozen=True, repr=False)
class FlagEmbedding(Tabular, Spec):
    """pos_scores and neg_scores are the teacher's, else the receipts' similarities, where all of a row are known."""

    name: ClassVar[str] = "flag_embedding"
    columns: ClassVar[Mapping[str, Kind]] = {
        "query": "text",
        "pos": "texts",
        "neg": "texts",
        "pos_scores": "scores",
        "neg_scores": "scores",
        "prompt": "text",
    }
    prompt: str = ""

    def encode(self, sourced: Sourced) -> Iterator[Record]:
        row = sourced.row
        record: Record = {"query": row.query, "pos": row.relevant_passages, "neg": row.hard_negatives}
        if scores := sourced.scores():
            record |= {"pos_scores": scores[0], "neg_scores": scores[1]}
        yield record | ({"prompt": self.prompt} if self.prompt else {})
