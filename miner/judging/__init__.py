"""Judges settle what an estimate cannot: language models, rerankers, functions, files, people."""

from __future__ import annotations

from miner.judging.base import Judge, Opinion, judge_name
from miner.judging.language_model import LanguageModelJudge
from miner.judging.panel import Allowance, Panel
from miner.judging.scoring import CrossEncoderJudge, RerankerJudge
from miner.judging.simple import FileJudge, FunctionJudge, ImportedFunctionJudge, PersonJudge
from miner.spec import Spec, parse

JUDGES: dict[str, type[Spec]] = {
    each.name: each
    for each in (LanguageModelJudge, RerankerJudge, CrossEncoderJudge, ImportedFunctionJudge, FileJudge)
}


def parse_judge(text: str) -> Judge:
    """The judge that 'name(option=value)' spells; a bare folder or hub name is a cross-encoder's. Raises
    ConfigError."""
    if "(" not in text and text not in JUDGES:
        return CrossEncoderJudge(text)
    return parse(text, JUDGES, "judge")  # type: ignore[return-value]


__all__ = [
    "JUDGES",
    "Allowance",
    "CrossEncoderJudge",
    "FileJudge",
    "FunctionJudge",
    "ImportedFunctionJudge",
    "Judge",
    "LanguageModelJudge",
    "Opinion",
    "Panel",
    "PersonJudge",
    "RerankerJudge",
    "judge_name",
    "parse_judge",
]
