"""sentence-transformers' documentation examples run with the import changed; their trainers take the rows."""

from __future__ import annotations

import doctest
import random
import re
import warnings
from pathlib import Path
from typing import Any

import pytest

datasets = pytest.importorskip("datasets", reason="the extra 'train' is not installed")
pytest.importorskip("accelerate", reason="the extra 'train' is not installed")

import sentence_transformers.util  # noqa: E402

from tests.support import tiny_models  # noqa: E402

PAGE = (Path(__file__).parents[2] / "docs" / "from-sentence-transformers.md").read_text()
EXAMPLES = [block for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "load_dataset" in block]


@pytest.fixture(scope="module")
def pairs() -> Any:
    draw = random.Random(0)
    rows = [
        {
            side: " ".join(draw.choices(tiny_models.WORDS, k=draw.randint(5, 12)))
            for side in ("query", "answer")
        }
        for _ in range(120)
    ]
    return datasets.Dataset.from_list(rows)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tiny_models.make_encoder(tmp_path_factory.mktemp("models") / "encoder")
    return sentence_transformers.SentenceTransformer(str(folder), device="cpu")


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tiny_models.make_cross_encoder(tmp_path_factory.mktemp("models") / "cross")
    return sentence_transformers.CrossEncoder(str(folder), device="cpu")


def run(code: str, pairs: Any, encoder: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names that an example makes; its model and data set stand in for those of the hub. Limits that random
    weights cannot meet are lifted."""
    monkeypatch.setattr(datasets, "load_dataset", lambda name, split: pairs)
    monkeypatch.setattr(sentence_transformers, "SentenceTransformer", lambda *given, **options: encoder)
    code = re.sub(r"    (max_score|absolute_margin|relative_margin)=[\d.]+,\n", r"    \1=\1_,\n", code)
    names: dict[str, Any] = {"max_score_": 0.9999, "absolute_margin_": 1e-4, "relative_margin_": 1e-4}
    with pytest.warns(UserWarning, match="batch_size, use_faiss mean nothing to miner"):
        exec(code, names)
    return names


def test_there_are_three_examples_at_least() -> None:
    assert len(EXAMPLES) >= 3
    assert all("from miner import mine_hard_negatives" in example for example in EXAMPLES)


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_gives_rows_that_a_trainer_takes(
    example: str,
    pairs: Any,
    encoder: Any,
    cross_encoder: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = run(example, pairs, encoder, monkeypatch)["dataset"]
    assert len(data) > 30
    assert step(data, encoder, cross_encoder, tmp_path) == 1


def step(data: Any, encoder: Any, cross_encoder: Any, folder: Path) -> int:
    """Steps that the trainer of this layout made of the rows."""
    from sentence_transformers.cross_encoder import (
        CrossEncoderTrainer,
        CrossEncoderTrainingArguments,
        losses,
    )
    from sentence_transformers.sentence_transformer import (
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    options: dict[str, Any] = {
        "output_dir": str(folder), "max_steps": 1, "per_device_train_batch_size": 4, "report_to": "none",
        "save_strategy": "no", "use_cpu": True,
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if "label" in data.column_names or "labels" in data.column_names:
            loss = losses.BinaryCrossEntropyLoss if "label" in data.column_names else losses.LambdaLoss
            arguments = CrossEncoderTrainingArguments(**options)
            trainer = CrossEncoderTrainer(
                model=cross_encoder, args=arguments, train_dataset=data, loss=loss(cross_encoder)
            )
        else:
            trainer = SentenceTransformerTrainer(
                model=encoder,
                args=SentenceTransformerTrainingArguments(**options),
                train_dataset=data,
                loss=MultipleNegativesRankingLoss(encoder),
            )
        return int(trainer.train().global_step)


@pytest.mark.slow
@pytest.mark.parametrize("format", ["triplet", "n-tuple", "labeled-pair", "labeled-list"])
def test_a_result_goes_straight_into_a_trainer(
    format: str, pairs: Any, encoder: Any, cross_encoder: Any, tmp_path: Path
) -> None:
    import miner

    index = miner.build_index(pairs["answer"], tmp_path / "index", "hashing")
    mined = miner.mine(pairs.select(range(40)), index, n=3, filters=[], select="top()")
    assert step(mined.to_dataset(format), encoder, cross_encoder, tmp_path) == 1


def documented() -> str:
    """The example in the documentation of the function that is installed, but for what goes to the hub."""
    found = doctest.DocTestParser().get_examples(sentence_transformers.util.mine_hard_negatives.__doc__ or "")
    return "".join(each.source for each in found if "push_to_hub" not in each.source)


def test_the_installed_functions_own_example_runs_with_the_import_changed(
    pairs: Any, encoder: Any, cross_encoder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = "from sentence_transformers.util import mine_hard_negatives"
    assert documented().count(theirs) == 1
    code = documented().replace(theirs, "from miner import mine_hard_negatives")
    names = run(code, pairs, encoder, monkeypatch)
    assert names["dataset"].column_names == ["query", "answer", "negative"]
    assert names["dataset_with_scores"].column_names == ["query", "answer", "negative", "scores"]
    assert step(names["dataset"], encoder, cross_encoder, tmp_path) == 1


def test_the_example_of_the_page_is_that_of_the_installed_function() -> None:
    def words(code: str) -> set[str]:
        return {line.strip() for line in code.splitlines() if re.search(r"^ +\w+=", line)}

    assert words(EXAMPLES[0]) <= words(documented())
    assert {"range_min=10,", 'sampling_strategy="random",'} <= words(EXAMPLES[0])
