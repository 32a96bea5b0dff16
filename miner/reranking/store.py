"""Rerankers on disk: a folder that sentence-transformers can load, with a small reranker.json beside it.

bi and cross lie in the folder itself; a combined one has the folders cross-encoder/ and encoder/.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import orjson

from miner.errors import ModelError
from miner.models.load import Kind, kind_of, load_cross_encoder, load_sentence_transformer, quiet
from miner.models.locate import BUNDLED, locate
from miner.reranking.score import BiReranker, CombinedReranker, CrossReranker, Reranker
from miner.storage import files
from miner.storage.paths import as_path

DESCRIPTION, RECORD = "reranker.json", "training.json"
FORMAT = 1
CROSS_ENCODER, ENCODER = "cross-encoder", "encoder"


@dataclass(frozen=True, slots=True)
class RerankerFolders:
    """What a reranker is made of: 'bi', 'cross' or 'combined', and the folders of its models."""

    arch: str
    encoder: Path | None = None
    cross_encoder: Path | None = None


def locate_reranker(path: str | Path) -> RerankerFolders:
    """The parts of the reranker in a folder that `miner train` wrote, or of any sentence-transformers encoder
    or cross-encoder, by folder or name.

    Raises ModelNotFound for a name without a model, ModelError for a folder that holds neither, or one that a newer
    miner wrote.
    """
    home = as_path(path, "the model")
    description = home / DESCRIPTION
    if description.exists():
        folder, arch = home, _description(description)
    else:
        folder = locate(path).folder
        arch = "bi" if kind_of(folder) is Kind.ENCODER else "cross"
    if arch == "combined":
        return RerankerFolders(arch, folder / ENCODER, folder / CROSS_ENCODER)
    return RerankerFolders(arch, *((folder, None) if arch == "bi" else (None, folder)))


def load_reranker(path: str | Path, max_length: int | None = None) -> Reranker:
    """The reranker of a folder or name. max_length cuts texts earlier than the model's own setting.

    Raises what locate_reranker does.
    """
    found = locate_reranker(path)
    bi, cross = None, None
    if found.encoder:
        bi = BiReranker(load_sentence_transformer(found.encoder, max_length=max_length))
    if found.cross_encoder:
        cross = CrossReranker(load_cross_encoder(found.cross_encoder, max_length=max_length))
    return put_together(cross, bi)


def put_together(cross: Reranker | None, bi: Reranker | None) -> Reranker:
    """The reranker that has these parts, one of them at least."""
    if cross is not None and bi is not None:
        return CombinedReranker(cross, bi)
    if (found := cross or bi) is None:
        raise ValueError("a reranker has a part")
    return found


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
    with quiet():
        if isinstance(reranker, CombinedReranker):
            for part, name in ((reranker.cross, CROSS_ENCODER), (reranker.bi, ENCODER)):
                if isinstance(part, BiReranker | CrossReranker):
                    part.model.save_pretrained(str(folder / name), create_model_card=False)
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
