"""Models of a few thousand random weights, one for each thing an encoder must honour."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling, Transformer
from transformers import BertConfig, BertModel, BertTokenizerFast

from miner import samples
from miner.models.locate import bundled_folder

WIDTH = 64
WORDS = [f"{letter}{i}" for letter in "abcdefgh" for i in range(20)]
PROMPTS = {"query": "a1 a2 ", "document": "b1 "}


def make_model(
    folder: Path, *, prompts: Mapping[str, str] | None = None, dense: bool = False, **pooling: Any
) -> Path:
    """A saved SentenceTransformer: two layers, 64 wide, texts of up to 96 words."""
    torch.manual_seed(0)
    plain = folder.with_name(f"{folder.name}-plain")
    plain.mkdir(parents=True)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    (plain / "vocab.txt").write_text("\n".join(vocabulary))
    BertTokenizerFast(vocab=str(plain / "vocab.txt"), model_max_length=96).save_pretrained(plain)
    BertModel(
        BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=WIDTH,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=2 * WIDTH,
            max_position_embeddings=96,
            initializer_range=0.2,
        )
    ).save_pretrained(plain)
    modules = [Transformer(str(plain)), Pooling(WIDTH, **pooling)]
    modules += [Dense(WIDTH, 32), Normalize()] if dense else []
    model = SentenceTransformer(modules=modules, device="cpu", prompts=dict(prompts or {}))
    model.save_pretrained(str(folder), create_model_card=False)
    return folder


def texts(count: int, seed: int = 0) -> list[str]:
    """Distinct texts of 1 to 120 words."""
    draw = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, 121, (count,), generator=draw).tolist()
    picks = (torch.randint(len(WORDS), (length,), generator=draw).tolist() for length in lengths)
    return [f"{WORDS[i % len(WORDS)]} " + " ".join(WORDS[p] for p in pick) for i, pick in enumerate(picks)]


def few_documents(patch: pytest.MonkeyPatch, count: int = 24) -> None:
    """Let the ranges of 8-bit activations be taken from a few of the sample's documents: most of quantising is that."""
    some = samples.documents()[:: len(samples.documents()) // count]
    patch.setattr("miner.encoders.openvino_quantise.documents", lambda: some)


def shallow_bundled(folder: Path, layers: int = 2) -> Path:
    """The bundled model with its first layers only: real weights at a third of the cost."""
    shutil.copytree(bundled_folder(), folder)
    settings = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**settings, "num_hidden_layers": layers}))
    weights = load_file(folder / "model.safetensors")
    kept = {
        name: tensor
        for name, tensor in weights.items()
        if not (found := re.search(r"encoder\.layer\.(\d+)\.", name)) or int(found[1]) < layers
    }
    (folder / "model.safetensors").unlink()
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    return folder
