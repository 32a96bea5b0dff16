"""mine_hard_negatives is sentence-transformers' function: the same negatives, layouts and columns, and the guards."""

from __future__ import annotations

import inspect
import random
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

datasets = pytest.importorskip("datasets", reason="the extra 'train' is not installed")

from sentence_transformers import CrossEncoder, SentenceTransformer  # noqa: E402
from sentence_transformers.util import mine_hard_negatives as theirs  # noqa: E402

from miner.encoders import HashingEncoder  # noqa: E402
from miner.errors import ConfigError, InputError  # noqa: E402
from miner.mining.hard_negatives import mine_hard_negatives  # noqa: E402
from tests.support import tiny_models  # noqa: E402

ENCODER = HashingEncoder(64)
LAYOUTS = ("triplet", "n-tuple", "labeled-pair", "labeled-list")


def words(draw: random.Random) -> str:
    return " ".join(draw.choices(tiny_models.WORDS, k=draw.randint(6, 20)))


@pytest.fixture(scope="module")
def pairs() -> Any:
    """40 queries, each fifth with two positives, of distinct words."""
    draw = random.Random(0)
    rows = []
    for i in range(40):
        query = words(draw)
        rows += [{"question": query, "answer": words(draw), "other": i} for _ in range(1 + (i % 5 == 0))]
    return datasets.Dataset.from_list(rows)


@pytest.fixture(scope="module")
def corpus() -> list[str]:
    draw = random.Random(1)
    return [words(draw) for _ in range(160)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> SentenceTransformer:
    folder = tiny_models.make_encoder(tmp_path_factory.mktemp("models") / "encoder")
    return SentenceTransformer(str(folder), device="cpu")


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> CrossEncoder:
    folder = tiny_models.make_cross_encoder(tmp_path_factory.mktemp("models") / "cross")
    network = CrossEncoder(str(folder), device="cpu")
    draw = random.Random(2)
    scores = network.predict([(words(draw), words(draw)) for _ in range(50)])
    logits = np.log(scores / (1 - scores))
    head = network[0].auto_model.classifier
    with torch.no_grad():
        head.bias.sub_(float(logits.mean())).div_(float(logits.std()))
        head.weight.div_(float(logits.std()))
    return network


def test_the_parameters_are_theirs() -> None:
    ours, given = inspect.signature(mine_hard_negatives).parameters, inspect.signature(theirs).parameters
    assert list(ours) == list(given)
    assert {name: each.default for name, each in ours.items()} == {n: p.default for n, p in given.items()}


OPTIONS: list[dict[str, Any]] = [
    {},
    {"num_negatives": 5, "range_min": 4},
    {"range_max": 12, "num_negatives": 4},
    {"range_min": 3, "range_max": 9, "num_negatives": 6},
    {"relative_margin": 0.05},
    {"absolute_margin": 0.02, "range_max": 30},
    {"relative_margin": 0.01, "absolute_margin": 0.03, "range_max": 60},
    {"max_score": 0.9, "min_score": 0.5, "range_max": 60},
]


def found(data: Any) -> dict[tuple[str, str], list[str]]:
    """The negatives of each pair, in order."""
    out: dict[tuple[str, str], list[str]] = {}
    for row in data:
        out.setdefault((row["question"], row["answer"]), []).append(row["negative"])
    return out


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_negatives_are_theirs(pairs: Any, corpus: list[str], model: Any, options: dict[str, Any]) -> None:
    expected = found(theirs(pairs, model, corpus=corpus, verbose=False, **options))
    mined = found(mine_hard_negatives(pairs, model, corpus=corpus, verbose=False, **options))
    agreed = sum(len(set(texts) & set(mined.get(pair, []))) for pair, texts in expected.items())
    assert agreed >= 0.97 * sum(map(len, expected.values()))
    if "range_max" in options or not options.keys() & {"relative_margin"}:
        assert sum(map(len, mined.values())) <= 1.03 * sum(map(len, expected.values()))


@pytest.mark.parametrize("options", [
    {"relative_margin": 0.05, "range_max": 30}, {"max_score": 0.5, "range_max": 30},
    {"min_score": 0.3, "absolute_margin": 0.01, "range_max": 30},
], ids=str)  # fmt: skip
def test_a_cross_encoder_judges_as_there(
    pairs: Any, corpus: list[str], model: Any, cross_encoder: Any, options: dict[str, Any]
) -> None:
    options = {
        **options,
        "corpus": corpus,
        "cross_encoder": cross_encoder,
        "output_scores": True,
        "verbose": False,
    }
    few = pairs.select(range(12))
    expected, mined = theirs(few, model, **options), mine_hard_negatives(few, model, **options)
    agreed = {(r["question"], r["answer"], r["negative"]): r["scores"] for r in expected}
    ours = {(r["question"], r["answer"], r["negative"]): r["scores"] for r in mined}
    assert len(agreed.keys() & ours.keys()) >= 0.95 * max(len(agreed), len(ours)) > 0
    for triplet in agreed.keys() & ours.keys():
        np.testing.assert_allclose(ours[triplet], agreed[triplet], atol=2e-3)


@pytest.mark.parametrize("scores", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_and_columns_are_theirs(
    pairs: Any, corpus: list[str], model: Any, layout: str, scores: bool
) -> None:
    options: dict[str, Any] = {
        "corpus": corpus,
        "output_format": layout,
        "output_scores": scores,
        "verbose": False,
    }
    expected, mined = theirs(pairs, model, **options), mine_hard_negatives(pairs, model, **options)
    assert mined.column_names == expected.column_names
    assert len(mined) == len(expected)
    for name in mined.column_names:
        assert type(mined[0][name]) is type(expected[0][name])
    by_key = {tuple(map(str, row.values()))[:2]: row for row in expected}
    if scores and layout == "triplet":
        for row in mined:
            np.testing.assert_allclose(
                row["scores"][0], by_key[row["question"], row["answer"]]["scores"][0], atol=2e-3
            )


def test_random_negatives_are_from_the_window_and_the_same_each_time(pairs: Any, corpus: list[str]) -> None:
    options: dict[str, Any] = {"corpus": corpus, "range_min": 2, "range_max": 20, "verbose": False}
    drawn = [mine_hard_negatives(pairs, ENCODER, sampling_strategy="random", **options) for _ in range(2)]
    assert drawn[0].to_list() == drawn[1].to_list()
    window = found(mine_hard_negatives(pairs, ENCODER, num_negatives=18, **options))
    top = found(mine_hard_negatives(pairs, ENCODER, **options))
    random_ones = found(drawn[0])
    assert random_ones != top
    for pair, texts in random_ones.items():
        assert len(texts) == 3
        assert set(texts) <= set(window[pair])


def test_prompts_are_given_by_name_or_text(pairs: Any, model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "prompts", {"ask": "k1 k2 ", "query": "", "document": ""})
    plain = mine_hard_negatives(pairs, model, verbose=False, output_scores=True).to_list()
    by_name = mine_hard_negatives(pairs, model, query_prompt_name="ask", verbose=False, output_scores=True)
    by_text = mine_hard_negatives(pairs, model, query_prompt="k1 k2 ", verbose=False, output_scores=True)
    assert by_name.to_list() == by_text.to_list() != plain
    with pytest.raises(ConfigError, match="the model has no prompt 'passage'; found ask, query, document"):
        mine_hard_negatives(pairs, model, corpus_prompt_name="passage")


def test_a_cache_folder_saves_encoding(pairs: Any, tmp_path: Path) -> None:
    encoded = list[str]()

    class Counting(HashingEncoder):
        def encode_passages(self, texts: Any) -> Any:
            encoded.extend(texts)
            return super().encode_passages(texts)

    for _ in range(2):
        mine_hard_negatives(pairs, Counting(64), cache_folder=str(tmp_path / "cache"), verbose=False)
    assert len(encoded) == len(set(pairs["answer"])) + len(set(pairs["question"]))


def test_what_matches_a_positive_never_comes_out() -> None:
    answer = "Open the settings, choose plan and press cancel; it takes effect at once."
    copies = [answer.upper(), f"{answer} See also the next page.", answer.replace("settings", "setttings")]
    others = [f"To renew a thing number {i} by phone, have your last bill at hand." for i in range(4)]
    data = datasets.Dataset.from_list([{"q": "cancel plan in settings", "a": answer}])
    mined = mine_hard_negatives(data, ENCODER, corpus=[*copies, *others], verbose=False)
    assert len(mined) == 3
    assert set(mined["negative"]) <= set(others)


def test_columns_are_named_and_other_data_is_taken(pairs: Any) -> None:
    options: dict[str, Any] = {"anchor_column_name": "answer", "positive_column_name": "question"}
    mined = mine_hard_negatives(pairs, ENCODER, verbose=False, **options)
    assert mined.column_names == ["answer", "question", "negative"]
    assert (
        mine_hard_negatives(pairs.to_list(), ENCODER, verbose=False, **options).to_list() == mined.to_list()
    )


def test_deprecated_spellings_warn_and_work(pairs: Any) -> None:
    with pytest.warns(FutureWarning, match="as_triplets is deprecated; use output_format='n-tuple'"):
        assert mine_hard_negatives(pairs, ENCODER, as_triplets=False, verbose=False).num_columns == 5
    with pytest.warns(FutureWarning, match="margin is deprecated; use absolute_margin=0.1"):
        mine_hard_negatives(pairs, ENCODER, margin=0.1, verbose=False)
    with pytest.warns(FutureWarning, match="output_scores=True"):
        mined = mine_hard_negatives(pairs, ENCODER, output_format="n-tuple-scores", verbose=False)  # type: ignore[arg-type]
    assert mined.column_names[-1] == "scores"


def test_what_means_nothing_here_is_accepted_with_a_warning(pairs: Any) -> None:
    with pytest.warns(UserWarning, match="batch_size, use_faiss mean nothing to miner"):
        mine_hard_negatives(pairs, ENCODER, batch_size=128, use_faiss=True, verbose=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mine_hard_negatives(pairs, ENCODER, batch_size=32, use_faiss=False, verbose=False)


def test_it_says_what_came_of_it_on_standard_error(pairs: Any, capsys: pytest.CaptureFixture[str]) -> None:
    mine_hard_negatives(pairs, ENCODER, relative_margin=0.05, range_max=5)
    said = capsys.readouterr()
    assert said.out == ""
    assert "hard negatives for 40 queries, 3 wanted for each" in said.err
    assert "candidates by margin(relative=0.05, against='lowest')" in said.err
    assert "queries have fewer than 3" in said.err


def euclidean(model: Any) -> Any:
    class Far:
        similarity_fn_name = "euclidean"

    return Far()


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"include_positives": True}, "include_positives=True wants positives among the negatives"),
    ({"output_format": "pairs"}, "output_format is 'pairs'; expected one of triplet, n-tuple"),
    ({"sampling_strategy": "best"}, "sampling_strategy is 'best'; expected top or random"),
    ({"num_negatives": 0}, "num_negatives is 0; expected 1 or more"),
    ({"range_min": -1}, "range_min is -1; expected 0 or more"),
    ({"range_min": 5, "range_max": 5}, "leave 0 candidates for num_negatives=3"),
    ({"range_max": 2}, "range_min=0 and range_max=2 leave 2 candidates for num_negatives=3"),
    ({"anchor_column_name": "query"}, "anchor_column_name is 'query'; found question, answer, other"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED, ids=str)
def test_what_cannot_be_is_refused_by_name(pairs: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        mine_hard_negatives(pairs, ENCODER, **options)
    assert message in str(caught.value)


def test_another_similarity_than_the_cosine_is_refused(pairs: Any) -> None:
    with pytest.raises(ConfigError, match="the model's similarity is euclidean; expected cosine or dot"):
        mine_hard_negatives(pairs, euclidean(None))


@pytest.mark.parametrize(("rows", "kind", "message"), [
    ([], InputError, "dataset: holds no rows"),
    ([{"q": "a"}], ConfigError, "the dataset has the columns q; expected an anchor and a positive"),
    ([{"q": "a", "a": "b"}, {"q": "c", "a": None}], InputError, "dataset:2: 'a' is None; expected text"),
    ([{"q": " ", "a": "b"}], InputError, "dataset:1: 'q' is blank; expected text"),
    (7, ConfigError, "dataset: found int"),
])  # fmt: skip
def test_rows_that_are_no_pairs_are_told(rows: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind) as caught:
        mine_hard_negatives(rows, ENCODER)
    assert message in str(caught.value)


def test_a_function_is_a_model_too(pairs: Any) -> None:
    embed: Callable[[list[str]], Any] = ENCODER.encode_passages
    by_function = mine_hard_negatives(pairs, embed, verbose=False)
    assert by_function.to_list() == mine_hard_negatives(pairs, ENCODER, verbose=False).to_list()
