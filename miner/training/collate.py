"""Batches in which a text or pair that comes twice is read once, beside others of its length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from sentence_transformers import CrossEncoder, SentenceTransformer
from sentence_transformers.base.sampler import DefaultBatchSampler
from sentence_transformers.cross_encoder.data_collator import CrossEncoderDataCollator
from sentence_transformers.sentence_transformer.data_collator import SentenceTransformerDataCollator

from miner.training.grouping import Shared

if TYPE_CHECKING:
    from datasets import Dataset

CHUNK = 16
"""Texts or pairs that are read together."""
QUERY, DOCUMENT = "query", "document"
PROMPTS = {QUERY: ("query",), DOCUMENT: ("document", "passage", "corpus")}
"""Names of the prompts that `encode_query` and `encode_document` look for, in this order."""


@dataclass
class DistinctTexts(SentenceTransformerDataCollator):  # type: ignore[misc]
    """Rows of a query, documents and maybe labels, as chunks of distinct texts and the places of each in them."""

    @classmethod
    def of(cls, model: SentenceTransformer) -> DistinctTexts:
        """With the prompts that the model is asked with when it ranks."""
        named = {
            role: [model.prompts[name] for name in names if name in model.prompts]
            for role, names in PROMPTS.items()
        }
        return cls(model.preprocess, prompts={role: found[0] for role, found in named.items() if found})

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Features of the chunks, those of queries first, and a label of 'query' [rows] and 'documents'
        [rows, most], places in the chunks put one behind the other, and 'labels' [rows, most] or None.

        A row with fewer documents has labels that are no numbers behind its own. The first column is the query,
        each other a document or a list of them, but for labels.
        """
        named = next((name for name in rows[0] if name in self.valid_label_columns), None)
        first, *others = (name for name in rows[0] if name not in (named, "dataset_name"))
        queries = [row[first] for row in rows]
        documents = [[text for name in others for text in _listed(row[name])] for row in rows]
        batch, start = dict[str, Any](), 0
        places = dict[str, dict[str, int]]()
        for role, texts in ((QUERY, queries), (DOCUMENT, chain(*documents))):
            distinct = sorted(set(texts), key=lambda text: (len(text), text))
            places[role] = {text: start + i for i, text in enumerate(distinct)}
            start += len(distinct)
            batch |= self._chunks(role, distinct)
        batch["label"] = {
            "query": torch.tensor([places[QUERY][text] for text in queries]),
            "documents": _padded([[places[DOCUMENT][text] for text in own] for own in documents], 0),
            "labels": _padded([[float(x) for x in row[named]] for row in rows], float("nan"))
            if named
            else None,
        }
        return batch

    def _chunks(self, role: str, texts: Sequence[str]) -> dict[str, Any]:
        features = dict[str, Any]()
        for start in range(0, len(texts), CHUNK):
            found = self.preprocess_fn(
                list(texts[start : start + CHUNK]), prompt=self.prompts.get(role), task=role
            )
            features |= {f"{role}{start}_{key}": value for key, value in found.items()}
            features[f"{role}{start}_task"] = role
        return features


@dataclass
class DistinctPairs(CrossEncoderDataCollator):  # type: ignore[misc]
    """Rows of a query, documents and their labels, as chunks of distinct pairs and the place of each in them."""

    @classmethod
    def of(cls, model: CrossEncoder) -> DistinctPairs:
        """With the prompt that the model is asked with when it ranks."""
        return cls(model.preprocess, prompts=model.prompts.get(model.default_prompt_name))

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Features of the chunks, and a label of 'pairs' [rows, most], places in the chunks put one behind the
        other, and 'labels' [rows, most].

        A row with fewer documents has labels that are no numbers behind its own.
        """
        pairs = [[(row["query"], text) for text in row["documents"]] for row in rows]
        distinct = sorted(set(chain(*pairs)), key=lambda pair: (len(pair[0]) + len(pair[1]), pair))
        place = {pair: i for i, pair in enumerate(distinct)}
        chunks = [distinct[start : start + CHUNK] for start in range(0, len(distinct), CHUNK)]
        label = {
            "pairs": _padded([[place[pair] for pair in own] for own in pairs], 0),
            "labels": _padded([[float(x) for x in row["labels"]] for row in rows], float("nan")),
        }
        features = [self.preprocess_fn(chunk, prompt=self.prompts) for chunk in chunks]
        return {"chunks": features, "label": label}


class SharedPassages(DefaultBatchSampler):  # type: ignore[misc]
    """Batches of rows that share passages; `dataset` has a column of lists named documents."""

    def __init__(
        self, dataset: Dataset, batch_size: int, drop_last: bool = False, seed: int = 0, **rest: Any
    ) -> None:
        super().__init__(dataset, batch_size, drop_last, seed=seed, **rest)
        self.shared = Shared.of(dataset["documents"])

    def __iter__(self) -> Iterator[list[int]]:
        draw = np.random.default_rng([self.seed, self.epoch])
        for batch in self.shared.batches(self.batch_size, draw):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def __len__(self) -> int:
        whole, more = divmod(len(self.shared.passages), self.batch_size)
        return int(whole + (more > 0 and not self.drop_last))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _padded(rows: Sequence[Sequence[float]], value: float) -> torch.Tensor:
    return torch.nn.utils.rnn.pad_sequence(
        [torch.tensor(row) for row in rows], batch_first=True, padding_value=value
    )
