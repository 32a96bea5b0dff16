"""Models of a few thousand random weights, and rows that only training can rank."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import torch
from sentence_transformers import CrossEncoder, SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import BertConfig, BertForSequenceClassification, BertModel, BertTokenizerFast

from miner.data import Row
from miner.formats.cohere import write_rows

PAIRS = 12
FILLER = [f"w{i}" for i in range(40)]
WORDS = [*(f"k{i}" for i in range(PAIRS)), *(f"v{i}" for i in range(PAIRS)), *FILLER]


def _config(words: Sequence[str] = WORDS) -> BertConfig:
    return BertConfig(
        vocab_size=len(words) + 5,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=96,
        num_labels=1,
    )


def _save(model: torch.nn.Module, folder: Path, words: Sequence[str] = WORDS) -> Path:
    folder.mkdir(parents=True)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]))
    BertTokenizerFast(vocab=str(vocabulary), model_max_length=96).save_pretrained(folder)
    model.save_pretrained(folder)
    return folder


def make_encoder(folder: Path, seed: int = 0, words: Sequence[str] = WORDS) -> Path:
    torch.manual_seed(seed)
    plain = _save(BertModel(_config(words)), folder.with_name(f"{folder.name}-plain"), words)
    transformer = Transformer(str(plain), max_seq_length=96)
    SentenceTransformer(modules=[transformer, Pooling(16)], device="cpu").save_pretrained(
        str(folder), create_model_card=False
    )
    return folder


def make_cross_encoder(folder: Path, seed: int = 0) -> Path:
    torch.manual_seed(seed)
    plain = _save(BertForSequenceClassification(_config()), folder.with_name(f"{folder.name}-plain"))
    CrossEncoder(str(plain), num_labels=1, device="cpu").save_pretrained(str(folder), create_model_card=False)
    return folder


def make_rows(count: int, seed: int = 0, negatives: int = 3) -> list[Row]:
    """The right passage holds the v-word of the query's k-word; all other words say nothing."""
    draw = random.Random(seed)
    rows = []
    for i in range(count):
        right = i % PAIRS
        wrong = draw.sample([j for j in range(PAIRS) if j != right], negatives)
        rows.append(
            Row(
                f"k{right} {_filler(draw)}",
                (f"v{right} {_filler(draw)}",),
                tuple(f"v{j} {_filler(draw)}" for j in wrong),
            )
        )
    return rows


def make_marked_rows(count: int, seed: int = 0) -> list[Row]:
    """The right passage is the one with v0 in it, whatever the query."""
    draw = random.Random(seed)
    return [
        Row(_filler(draw), (f"v0 {_filler(draw)}",), tuple(f"v{j} {_filler(draw)}" for j in (1, 2, 3)))
        for _ in range(count)
    ]


def make_plain_rows(count: int, seed: int = 0) -> list[Row]:
    """The right passage repeats the query, so that a model without training ranks it first."""
    draw = random.Random(seed)
    queries = [f"k{draw.randrange(PAIRS)} {_filler(draw)}" for _ in range(count)]
    return [Row(query, (f"{query} w0",), (f"v1 {_filler(draw)}", f"v2 {_filler(draw)}")) for query in queries]


def _filler(draw: random.Random) -> str:
    return " ".join(draw.choices(FILLER, k=3))


def write(path: Path, rows: list[Row]) -> Path:
    write_rows(path, rows)
    return path
