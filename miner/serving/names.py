"""What the names of models stand for: the server's own, and Cohere's, whose models are not here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

ENGLISH, MULTILINGUAL = "english", "multilingual"
"""The base names of Cohere's own snippets."""
COHERES = (
    "rerank-english-v2.0",
    "rerank-english-v3.0",
    "rerank-v3.5",
    "rerank-v4.0-fast",
    "rerank-v4.0-pro",
    "rerank-multilingual-v2.0",
    "rerank-multilingual-v3.0",
)
"""Names in scripts, which are listed where something answers to them."""
_ENGLISH = re.compile(r"english|rerank(-lite)?(-english)?(-(v?\d[\w.-]*|lite|fast|pro))?", re.IGNORECASE)
_MULTILINGUAL = re.compile(r"(rerank-)?multilingual(-[\w.-]+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class BaseModelName:
    """A name and the model that answers to it; `warning` says so where the name is one of Cohere's."""

    name: str
    model: str
    warning: str | None = None


class UnknownName(LookupError):
    """Nothing answers to the name; the text says what would."""


def resolve(models: Mapping[str, str], name: str | None) -> BaseModelName:
    """The model that answers to a name; the first without one. Raises UnknownName."""
    if name is None:
        return BaseModelName(*next(iter(models.items())))
    if name in models:
        return BaseModelName(name, models[name], _not_coheres(name, models[name]) if _theirs(name) else None)
    if _MULTILINGUAL.fullmatch(name):
        if MULTILINGUAL not in models:
            raise UnknownName(
                f"model {name!r} not found: no multilingual model is here; start the server with "
                f"--model-name {MULTILINGUAL}=FOLDER"
            )
        return BaseModelName(name, models[MULTILINGUAL], _not_coheres(name, models[MULTILINGUAL]))
    if _ENGLISH.fullmatch(name):
        model = models.get(ENGLISH) or next(iter(models.values()))
        return BaseModelName(name, model, _not_coheres(name, model))
    known = ", ".join(map(repr, models))
    raise UnknownName(
        f"model {name!r} not found, make sure the correct model ID was used; this server has {known}"
    )


def answered(models: Mapping[str, str]) -> list[BaseModelName]:
    """Every name that is listed: the server's own, and those of Cohere's that something answers to."""
    found = [resolve(models, name) for name in models]
    for name in COHERES:
        if name not in models and (MULTILINGUAL in models or not _MULTILINGUAL.fullmatch(name)):
            found.append(resolve(models, name))
    return found


def _theirs(name: str) -> bool:
    return bool(_ENGLISH.fullmatch(name) or _MULTILINGUAL.fullmatch(name))


def _not_coheres(name: str, model: str) -> str:
    return f"model {name!r} is {model} on this server, not Cohere's: compare its scores with each other only"
