"""A set exported for sentence-transformers is what its trainers take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from miner.formats import Sourced, format_of
from tests.support.tiny_models import make_cross_encoder, make_encoder, make_rows

pytest.importorskip("datasets", reason="needs the extra 'train'")
pytest.importorskip("accelerate", reason="needs the extra 'train'")


def exported(folder: Path, spelling: str, ending: str) -> Any:
    import datasets

    path = folder / f"data{ending}"
    format_of(spelling).write(path, map(Sourced, make_rows(8)))
    if not ending:
        return datasets.load_from_disk(str(path))
    kind = {".jsonl": "json", ".parquet": "parquet"}[ending]
    cache = str(folder / "cache")
    return datasets.load_dataset(kind, data_files=str(path), split="train", cache_dir=cache)


def arguments(folder: Path) -> dict[str, Any]:
    return {
        "output_dir": str(folder / "model"),
        "max_steps": 1,
        "per_device_train_batch_size": 4,
        "save_strategy": "no",
        "report_to": "none",
        "use_cpu": True,
        "disable_tqdm": True,
    }


@pytest.mark.parametrize(("spelling", "ending"), [("triplet", ".jsonl"), ("n-tuple(negatives=3)", "")])
def test_a_bi_encoder_takes_a_step(tmp_path: Path, spelling: str, ending: str) -> None:
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    model = SentenceTransformer(str(make_encoder(tmp_path / "tiny")), device="cpu")
    trainer = SentenceTransformerTrainer(
        model=model,
        args=SentenceTransformerTrainingArguments(**arguments(tmp_path)),
        train_dataset=exported(tmp_path, spelling, ending),
        loss=MultipleNegativesRankingLoss(model),
    )
    done = trainer.train()
    assert done.global_step == 1
    assert 0 < done.training_loss < 20


@pytest.mark.parametrize(
    ("spelling", "ending", "loss"),
    [
        ("labeled-pair", ".parquet", "BinaryCrossEntropyLoss"),
        ("labeled-list", "", "LambdaLoss"),
        ("labeled-list", ".jsonl", "ListNetLoss"),
    ],
)
def test_a_cross_encoder_takes_a_step(tmp_path: Path, spelling: str, ending: str, loss: str) -> None:
    from sentence_transformers import CrossEncoder, CrossEncoderTrainer, CrossEncoderTrainingArguments
    from sentence_transformers.cross_encoder import losses

    model = CrossEncoder(str(make_cross_encoder(tmp_path / "tiny")), device="cpu")
    trainer = CrossEncoderTrainer(
        model=model,
        args=CrossEncoderTrainingArguments(**arguments(tmp_path)),
        train_dataset=exported(tmp_path, spelling, ending),
        loss=getattr(losses, loss)(model),
    )
    done = trainer.train()
    assert done.global_step == 1
    assert 0 < done.training_loss < 20
