"""BERT encoders by their files alone, so that neither torch nor transformers is needed to run one.

Strict: what is not exactly what sentence-transformers makes of the plainest of models is left to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from miner.encoders.description import Description, own_prompts
from miner.models.checks import read_json
from miner.models.locate import Located

VERSION = 1
"""Changed whenever the vectors of what is read here change."""

POOLED = ("cls", "mean", "max")
LEGACY = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_max_tokens": "max",
}
SENTENCE = {"max_seq_length", "do_lower_case", "transformer_task", "modality_config", "module_output_name"}
FEATURES = {
    "transformer_task": "feature-extraction",
    "modality_config": {"text": {"method": "forward", "method_output_name": "last_hidden_state"}},
    "module_output_name": "token_embeddings",
    "do_lower_case": False,
}
NETWORK = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "position_embedding_type": "absolute",
    "is_decoder": False,
    "add_cross_attention": False,
}
"""What the fields of config.json must be if they are there."""


@dataclass(frozen=True)
class BertFiles:
    """A BERT encoder: its description, tokenizer.json, sizes and weights by name."""

    description: Description
    tokenizer: str
    config: Mapping[str, Any]
    weights: Path
    pooled: str
    """'cls', 'mean' or 'max'."""


def read_bert(located: Located) -> BertFiles | None:
    """The encoder of a folder; None unless it is a plain BERT with a plain pooling."""
    folder, names = located.folder, _modules(located)
    config, weights = read_json(folder / "config.json") or {}, folder / "model.safetensors"
    if names is None or not weights.is_file() or located.weights != [weights] or not _is_plain(config):
        return None
    pooling, tokenizer = _pooling(located.parts[1]), _tokenizer(folder)
    length = _max_length(folder, config)
    if pooling is None or tokenizer is None or length is None:
        return None
    query, document = own_prompts(read_json(folder / "config_sentence_transformers.json") or {})
    if (read_json(folder / "config_sentence_transformers.json") or {}).get("truncate_dim") is not None:
        return None
    description = Description(
        modules=names,
        pooling=(pooling,),
        query_prompt=query,
        document_prompt=document,
        max_length=length,
        longest=config["max_position_embeddings"],
        dim=config["hidden_size"],
        pad=config.get("pad_token_id", 0),
        converter=f"safetensors {VERSION}",
    )
    return BertFiles(description, tokenizer, config, weights, pooling["pooling_mode"])


def _modules(located: Located) -> tuple[str, ...] | None:
    listed = located.modules
    names = tuple(str(entry.get("type")).rpartition(".")[2] for entry in listed)
    known = names in (("Transformer", "Pooling"), ("Transformer", "Pooling", "Normalize"))
    return names if known and listed[0].get("path") == "" and not located.trusted else None


def _is_plain(config: Mapping[str, Any]) -> bool:
    sizes = ("hidden_size", "num_hidden_layers", "num_attention_heads", "max_position_embeddings")
    return (
        config.get("architectures") == ["BertModel"]
        and all(config.get(key, value) == value for key, value in NETWORK.items())
        and all(type(config.get(key)) is int for key in sizes)
        and "quantization_config" not in config
    )


def _pooling(folder: Path) -> dict[str, Any] | None:
    settings = dict(read_json(folder / "config.json") or {})
    active = [mode for key, mode in LEGACY.items() if settings.pop(key, False)]
    others = [key for key, value in settings.items() if key.startswith("pooling_mode_") and value]
    mode = settings.get("pooling_mode") or (active[0] if len(active) == 1 else None)
    if mode not in POOLED or others or (active and "pooling_mode" in settings):
        return None
    return {"pooling_mode": mode, "include_prompt": bool(settings.get("include_prompt", True))}


def _max_length(folder: Path, config: Mapping[str, Any]) -> int | None:
    settings = read_json(folder / "sentence_bert_config.json")
    if settings is None or set(settings) - SENTENCE:
        return None
    if any(settings.get(key, value) != value for key, value in FEATURES.items()):
        return None
    positions: int = config["max_position_embeddings"]
    own = (read_json(folder / "tokenizer_config.json") or {}).get("model_max_length", positions)
    given = settings.get("max_seq_length")
    length = min(int(own), positions) if given is None else given
    return length if type(length) is int and 0 < length <= positions else None


def _tokenizer(folder: Path) -> str | None:
    """tokenizer.json if it is what transformers makes of the other settings: it rebuilds the normaliser of them."""
    settings, made = read_json(folder / "tokenizer_config.json"), read_json(folder / "tokenizer.json")
    if (
        not settings
        or not made
        or settings.get("tokenizer_class") not in ("BertTokenizer", "BertTokenizerFast")
    ):
        return None
    expected = {
        "type": "BertNormalizer",
        "clean_text": True,
        "handle_chinese_chars": settings.get("tokenize_chinese_chars", True),
        "strip_accents": settings.get("strip_accents"),
        "lowercase": settings.get("do_lower_case", True),
    }
    model = made.get("model") or {}
    pieces = tuple(
        model.get(key) for key in ("type", "continuing_subword_prefix", "max_input_chars_per_word")
    ) == ("WordPiece", "##", 100)
    plain = (
        made.get("normalizer") == expected
        and made.get("pre_tokenizer") == {"type": "BertPreTokenizer"}
        and pieces
        and _wraps(made, settings)
        and not any(token.get("lstrip") or token.get("rstrip") for token in made.get("added_tokens") or ())
    )
    return orjson.dumps(made).decode() if plain else None


def _wraps(made: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    """Whether a text is put between [CLS] and [SEP] as the settings call them, and padding is where 0 is."""
    single = (made.get("post_processor") or {}).get("single") or []
    named = [next(iter(part.values())).get("id") for part in single if isinstance(part, dict) and part]
    return named == [settings.get("cls_token", "[CLS]"), "A", settings.get("sep_token", "[SEP]")]
