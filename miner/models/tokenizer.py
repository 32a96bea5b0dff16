"""How many tokens a text has, without loading a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from miner.data import CountTokens
from miner.errors import ModelError
from miner.models.locate import bundled_folder, locate
from miner.storage.paths import as_path


def token_counter(model: str | None = None) -> CountTokens:
    """Counts tokens of texts, special ones aside, as the encoder of that name does; the bundled by default.

    The tokenizer.json of the model is read, which takes no torch. Raises MissingExtra where no model is named
    and none is bundled, ModelNotFound for a model that is not there, ModelError for one without such a tokenizer.
    """
    if model is None:
        return _counter(bundled_folder() / "tokenizer.json")
    file = as_path(model, "the model") / "tokenizer.json"
    return _counter(file if file.is_file() else locate(model).folder / "tokenizer.json")


def _counter(file: Path) -> CountTokens:
    from tokenizers import Tokenizer

    if not file.is_file():
        raise ModelError(f"{file.parent}: holds no tokenizer.json; expected a fast tokenizer")
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
