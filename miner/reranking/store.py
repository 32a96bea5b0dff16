"""Rerankers on disk: a folder that sentence-transformers can load, with a small reranker.json beside it.

bi and cross lie in the folder itself; a combined one has the folders cross-encoder/ and encoder/.
"""

from __future__ import annotations

from pathlib import Path

import orjson

from miner.errors import ModelError
from miner.models.load import Kind, kind_of, load_cross_encoder, load_sentence_transformer
from miner.models.locate import BUNDLED, locate
from miner.reranking.score import BiReranker, CombinedReranker, CrossReranker, Reranker
from miner.storage import files

DESCRIPTION, RECORD = "reranker.json", "training.json"
FORMAT = 1
CROSS_ENCODER, ENCODER = "cross-encoder", "encoder"


def load_reranker(path: str | Path, max_length: int | None = None) -> Reranker:
    """The reranker in a folder that `miner train` wrote, or any sentence-transformers encoder or
    cross-encoder, by folder or name. max_length cuts texts earlier than the model's own setting.

    Raises ModelError for a folder that holds neither, or one that a newer miner wrote.
    """
    description = Path(path) / DESCRIPTION
    if not description.exists():
        located = locate(path)
        if kind_of(located.folder) is Kind.ENCODER:
            return BiReranker(load_sentence_transformer(located, max_length=max_length))
        return CrossReranker(load_cross_encoder(located, max_length=max_length))
    return _described(Path(path), _description(description), max_length)


def _described(folder: Path, arch: str, max_length: int | None) -> Reranker:
    if arch == "bi":
        return BiReranker(load_sentence_transformer(folder, max_length=max_length))
    if arch == "cross":
        return CrossReranker(load_cross_encoder(folder, max_length=max_length))
    cross = load_cross_encoder(folder / CROSS_ENCODER, max_length=max_length)
    encoder = load_sentence_transformer(folder / ENCODER, max_length=max_length)
    return CombinedReranker(CrossReranker(cross), BiReranker(encoder))


def _description(path: Path) -> str:
    try:
        record = orjson.loads(path.read_bytes())
        arch, form = record["arch"], record["format"]
    except (OSError, ValueError, KeyError, TypeError):
        raise ModelError(f"{path}: is damaged; train the model again") from None
    if form != FORMAT or arch not in ("bi", "cross", "combined"):
        raise ModelError(f"{path}: has format {form!r}, arch {arch!r}; this miner reads format {FORMAT}")
    return str(arch)


def save_reranker(reranker: Reranker, folder: Path) -> None:
    """Write the model into the folder, in such a way that sentence-transformers can load it too."""
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(reranker, CombinedReranker):
        reranker.cross.model.save_pretrained(str(folder / CROSS_ENCODER), create_model_card=False)
        reranker.bi.model.save_pretrained(str(folder / ENCODER), create_model_card=False)
    elif isinstance(reranker, BiReranker | CrossReranker):
        reranker.model.save_pretrained(str(folder), create_model_card=False)
    record = {"format": FORMAT, "arch": reranker.arch, "max_length": reranker.max_length}
    files.write_json(folder / DESCRIPTION, record)


def base_of(folder: Path) -> str:
    """The name of the model that this one was trained from; the bundled encoder for any other folder."""
    record = folder / RECORD
    if not record.exists():
        return BUNDLED
    try:
        return str(orjson.loads(record.read_bytes())["base"]["model"])
    except (OSError, ValueError, KeyError, TypeError):
        raise ModelError(f"{record}: is damaged; name the base model yourself") from None
