"""A BEIR folder: corpus.jsonl, queries.jsonl, qrels/train.tsv; and the same judgments for TREC tools.

Thakur et al. 2021 (arXiv 2104.08663); qrels.trec has `query 0 passage relevance`, as trec_eval reads it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import orjson

from miner.data import Row
from miner.formats.base import Sourced
from miner.spec import Spec
from miner.storage.folder import new_folder

FILES = ("corpus.jsonl", "queries.jsonl", "qrels/train.tsv", "qrels.trec")


@dataclass(frozen=True, repr=False)
class Beir(Spec):
    """Relevant passages are judged 1 and negatives 0. Passages keep the ids of the receipts.

    A passage without id, with white space in it, or with that of another text gets p- and a hash of its
    text. Lost: rows where a negative is a relevant passage too.
    """

    name: ClassVar[str] = "beir"

    def carries(self, row: Row) -> bool:
        return set(row.relevant_passages).isdisjoint(row.hard_negatives)

    def write(self, path: Path, rows: Iterable[Sourced]) -> None:
        held = (sourced for sourced in rows if self.carries(sourced.row))
        with new_folder(path) as folder, ExitStack() as stack:
            (folder / "qrels").mkdir()
            files = [stack.enter_context((folder / name).open("wb")) for name in FILES]
            _write(held, files)


def _write(rows: Iterable[Sourced], files: Sequence[BinaryIO]) -> None:
    corpus, queries, qrels, trec = files
    names = _Names(corpus)
    qrels.write(b"query-id\tcorpus-id\tscore\n")
    for number, sourced in enumerate(rows, 1):
        row = sourced.row
        _line(queries, {"_id": f"q{number}", "text": row.query})
        relevant = zip(row.relevant_passages, sourced.of_relevant("id"), strict=True)
        negatives = zip(row.hard_negatives, sourced.of_negatives("id"), strict=True)
        for score, side in ((1, relevant), (0, negatives)):
            for text, given in side:
                name = names.of(text, given)
                qrels.write(f"q{number}\t{name}\t{score}\n".encode())
                trec.write(f"q{number} 0 {name} {score}\n".encode())


class _Names:
    """Gives each passage its id and writes it to the corpus when it is new."""

    def __init__(self, corpus: BinaryIO) -> None:
        self.corpus = corpus
        self.owners: dict[str, bytes] = {}

    def of(self, text: str, given: object) -> str:
        digest = hashlib.blake2b(text.encode(), digest_size=16)
        choices = [given] if isinstance(given, str) and given.split() == [given] else []
        for name in (*choices, f"p-{digest.hexdigest()[:16]}", f"p-{digest.hexdigest()}"):
            if name not in self.owners:
                self.owners[name] = digest.digest()
                _line(self.corpus, {"_id": name, "title": "", "text": text})
            if self.owners[name] == digest.digest():
                return name
        raise AssertionError("two texts of one 128-bit hash")


def _line(stream: BinaryIO, record: Mapping[str, Any]) -> None:
    stream.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
