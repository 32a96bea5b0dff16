"""What names of models stand for."""

from __future__ import annotations

import pytest

from miner.serving.names import UnknownName, answered, resolve

MODELS = {"own": "folder", "english": "bundled"}
BOTH = {**MODELS, "multilingual": "e5"}


@pytest.mark.parametrize(
    "name",
    [
        "english",
        "rerank-english-v2.0",
        "rerank-english-v3.0",
        "rerank-v3.5",
        "rerank-v4.0-pro",
        "rerank-4-fast",
    ],
)
def test_coheres_english_names_are_answered_by_english_and_said_to_be_it(name: str) -> None:
    found = resolve(MODELS, name)
    assert found.model == "bundled"
    assert found.warning == (
        f"model '{name}' is bundled on this server, not Cohere's: compare its scores with each other only"
    )


def test_without_an_english_model_the_first_one_answers() -> None:
    assert resolve({"own": "folder"}, "rerank-v3.5").model == "folder"


@pytest.mark.parametrize("name", ["multilingual", "rerank-multilingual-v2.0", "rerank-multilingual-v3.0"])
def test_a_multilingual_name_needs_a_multilingual_model(name: str) -> None:
    assert resolve(BOTH, name).model == "e5"
    with pytest.raises(UnknownName, match="--model-name multilingual=FOLDER"):
        resolve(MODELS, name)


def test_an_own_name_and_none_are_nobody_elses() -> None:
    assert resolve(MODELS, "own").warning is None
    assert resolve(MODELS, None).model == "folder"
    for name in ("command-r", "embed-english-v3.0", "rerank-", "rerank-v", "my-rerank-v3.5", "english-2"):
        with pytest.raises(UnknownName, match="make sure the correct model ID was used"):
            resolve(MODELS, name)


def test_every_listed_name_answers() -> None:
    for models, multilingual in ((MODELS, False), (BOTH, True)):
        names = [found.name for found in answered(models)]
        assert len(names) == len(set(names))
        assert all(resolve(models, name) for name in names)
        assert ("rerank-multilingual-v3.0" in names) is multilingual
