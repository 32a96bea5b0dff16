"""Formats of training data: rows read in any shape, written in any of `FORMATS`, by name; `format_of` by spelling.

A format is spelt like a filter, with its options: 'n-tuple(negatives=4)'. Each file of this room says
what its format loses.
"""

from __future__ import annotations

from miner.errors import ConfigError
from miner.formats.base import Format, Sourced
from miner.formats.beir import Beir
from miner.formats.flag_embedding import FlagEmbedding
from miner.formats.ms_swift import MsSwift
from miner.formats.rows import CohereRows
from miner.formats.sentence_transformers import LabeledList, LabeledPair, NTuple, Triplet
from miner.formats.tevatron import Tevatron
from miner.spec import parse

__all__ = ["FORMATS", "Format", "Sourced", "format_of"]

FORMATS: dict[str, type[Format]] = {
    "cohere": CohereRows,
    "triplet": Triplet,
    "n_tuple": NTuple,
    "labeled_pair": LabeledPair,
    "labeled_list": LabeledList,
    "flag_embedding": FlagEmbedding,
    "ms_swift": MsSwift,
    "tevatron": Tevatron,
    "beir": Beir,
}


TOOLS = {
    "sentence_transformers": ("triplet", "n-tuple", "labeled-pair", "labeled-list"),
    "flagembedding": ("flag-embedding",),
    "swift": ("ms-swift",),
    "texttron": ("tevatron",),
    "trec": ("beir",),
}
"""Tool -> the formats that it takes, for those who name the tool."""


def format_of(spelling: str = "cohere") -> Format:
    """The format of that name and options; dashes and underscores are alike. Raises ConfigError."""
    name, bracket, options = spelling.partition("(")
    name = name.strip().replace("-", "_")
    if formats := TOOLS.get(name.lower()):
        raise ConfigError(f"{spelling!r} is a tool; the formats that it takes: {', '.join(formats)}")
    return parse(name + bracket + options, FORMATS, "format")
