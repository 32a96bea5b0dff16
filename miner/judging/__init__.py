"""Judges settle what an estimate cannot: language models, rerankers, functions, files, people."""

from __future__ import annotations

from collections.abc import Mapping

from miner.judging.base import Judge, JudgeLimits, JudgeSpec, Opinion, judge_name
from miner.judging.language_model import LanguageModelJudge
from miner.judging.panel import Panel
from miner.judging.scoring import CrossEncoderJudge, RerankerJudge
from miner.judging.simple import FileJudge, FunctionJudge, ImportedFunctionJudge, PersonJudge
from miner.spec import parse

JUDGES: dict[str, type[JudgeSpec]] = {
    each.name: each
    for each in (LanguageModelJudge, RerankerJudge, CrossEncoderJudge, ImportedFunctionJudge, FileJudge)
}


def parse_judge(text: str, more: Mapping[str, type[JudgeSpec]] | None = None) -> Judge:
    """The judge that 'name(option=value)' spells, out of JUDGES and `more`; a bare folder or hub name is a
    cross-encoder's. Raises ConfigError."""
    known = {**JUDGES, **(more or {})}
    if "(" not in text and text.strip() not in known:
        return CrossEncoderJudge(text)
    return parse(text, known, "judge")  # type: ignore[return-value]


__all__ = [
    "JUDGES",
    "CrossEncoderJudge",
    "FileJudge",
    "FunctionJudge",
    "ImportedFunctionJudge",
    "Judge",
    "JudgeLimits",
    "JudgeSpec",
    "LanguageModelJudge",
    "Opinion",
    "Panel",
    "PersonJudge",
    "RerankerJudge",
    "judge_name",
    "parse_judge",
]
