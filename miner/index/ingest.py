"""From a stream of passages to shards on disk: each text once, all its ids kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import orjson
import pyarrow as pa

from miner.corpus.notes import Notes
from miner.data import Int64, Passage, join_title
from miner.errors import ConfigError, InputError
from miner.index import keys
from miner.index.ledger import Ledger
from miner.index.manifest import IndexCounts
from miner.progress import Clock, count_of
from miner.storage.place import Place
from miner.storage.sealed import Sealed, array_bytes, open_table, table_bytes, values_of
from miner.text.fold import fold

PASSAGES = pa.schema(
    [
        ("id", pa.large_string()),
        ("text", pa.large_string()),
        ("title", pa.large_string()),
        ("source", pa.large_string()),
        ("offset", pa.int64()),
        ("document", pa.large_string()),
    ]
)
FORMER = PASSAGES.remove(PASSAGES.get_field_index("document"))
"""Of indexes of the format before: their vectors can be taken over."""
ALIASES = pa.schema(
    [("row", pa.int64()), ("id", pa.large_string()), ("source", pa.large_string()), ("offset", pa.int64())]
)
TICK = 1024
SECOND = "passage that cannot be kept: its id has another text, or it is no Unicode"


@dataclass(frozen=True, slots=True)
class UnencodedShard:
    """A shard that is read and not yet encoded."""

    number: int
    rows: int
    ids: int
    passages: Sealed
    aliases: Sealed
    keys: Sealed

    def __str__(self) -> str:
        return f"encoding shard {self.number}"


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus on disk. `fingerprint` depends on its passages and their order, not on the shards."""

    parts: tuple[UnencodedShard, ...]
    counts: IndexCounts
    fingerprint: str


def ingest(passages: Iterable[Passage], place: Place, shard_size: int, clock: Clock, notes: Notes) -> Corpus:
    """Write the passages into shards of `shard_size` distinct texts; memory holds one shard.

    Blank passages are left out. An equal text, title included and presentation aside (text/fold.py), is kept once,
    as it was first met, under all its ids. The second text
    of an id, and text that is not Unicode, is noted. Raises ConfigError if nothing is left.
    """
    with Ledger(place.folder) as ledger, clock.stage("read", unit="passages") as stage:
        reading = _Reading(place, shard_size, ledger, notes)
        for passage in passages:
            reading.add(passage)
            if reading.read % TICK == 0:
                clock.advance(stage, TICK)
        clock.advance(stage, reading.read % TICK)
        return reading.close()


def is_blank(text: str) -> bool:
    """Whether nothing of the text can be seen: white space, controls, zero-width characters."""
    return not any(character.isprintable() and not character.isspace() for character in text)


@dataclass
class _Reading:
    place: Place
    shard_size: int
    ledger: Ledger
    notes: Notes
    read: int = 0
    blank: int = 0
    blank_in: str = ""
    rows: int = 0
    waiting: list[Passage] = field(default_factory=list)
    written: list[tuple[int, Sealed]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sha = hashlib.sha256()

    def add(self, passage: Passage) -> None:
        self.read += 1
        if is_blank(passage.encoded):
            self.blank += 1
            self.blank_in = self.blank_in or passage.source
            return
        try:
            line, folded = _line(passage), fold(passage.encoded)
            new = self.ledger.claim(passage, self.rows, folded)
        except InputError as error:
            self.read -= 1
            self.notes.passed_over(error.file, error.line, error.message, SECOND)
            return
        if not new:
            return
        self.sha.update(line)
        bare = folded if passage.text == passage.encoded else fold(passage.text)
        self.ledger.keep(keys.hash_of(folded) + keys.hash_of(bare))
        self.rows += 1
        self.waiting.append(passage)
        if len(self.waiting) == self.shard_size:
            self._cut()

    def close(self) -> Corpus:
        if self.waiting:
            self._cut()
        if not self.rows:
            first = f", the first in {self.blank_in}" if self.blank_in else ""
            blank = count_of(self.blank, "blank one was", "blank ones were")
            said = f"the corpus has no passage with text ({blank} left out{first})"
            raise ConfigError(said)
        parts = tuple(self._part(number, *shard) for number, shard in enumerate(self.written))
        counts = IndexCounts(self.read, self.blank, self.rows, sum(part.ids for part in parts))
        return Corpus(parts, counts, self.sha.hexdigest())

    def _cut(self) -> None:
        columns = {name: [getattr(each, name) for each in self.waiting] for name in PASSAGES.names}
        stem = f"passages/{len(self.written):05d}"
        self.written.append(
            (len(self.waiting), self.place.seal(stem, ".arrow", table_bytes(columns, PASSAGES)))
        )
        self.waiting.clear()

    def _part(self, number: int, rows: int, passages: Sealed) -> UnencodedShard:
        """Aliases and keys can be written only when all is read: a later file may name an early text."""
        start = number * self.shard_size
        further = list(self.ledger.aliases(start, start + rows))
        aliases: dict[str, list[int] | list[str]] = {
            "row": [row - start for row, *_ in further],
            "id": [id for _, id, *_ in further],
            "source": [source for *_, source, _ in further],
            "offset": [offset for *_, offset in further],
        }
        for alias in further:
            self.sha.update(orjson.dumps(alias))
        batch = open_table(self.place.path(passages), PASSAGES, rows)
        table = table_bytes(aliases, ALIASES)
        of_texts = keys.read(self.ledger.hashes(start, start + rows)).reshape(rows, 2).T
        index = key_table(batch, aliases["id"], aliases["row"], *of_texts)  # type: ignore[arg-type]
        return UnencodedShard(
            number,
            rows,
            rows + len(further),
            passages,
            self.place.seal(f"aliases/{number:05d}", ".arrow", table),
            self.place.seal(f"keys/{number:05d}", ".npy", array_bytes(index)),
        )


def key_table(
    batch: pa.RecordBatch,
    further: Sequence[str],
    rows_of_further: Sequence[int],
    of_encoded: keys.Hashes,
    of_bare: keys.Hashes,
) -> keys.Hashes:
    """The lookup tables of a shard, out of its passages, its aliases and the hashes of its texts."""
    ids = batch.column("id").to_pylist()
    return keys.build([*ids, *further], [*range(len(ids)), *rows_of_further], of_encoded, of_bare)


def encoded_texts(batch: pa.RecordBatch, rows: Int64 | None = None) -> list[str]:
    """What the encoder sees of some passages: all of a batch, or those in these rows."""
    titles, texts = (
        batch.column(name).to_pylist() if rows is None else values_of(batch, name, rows)
        for name in ("title", "text")
    )
    return [join_title(title, text) for title, text in zip(titles, texts, strict=True)]


def _line(passage: Passage) -> bytes:
    values: tuple[str | int, ...] = (passage.id, passage.title, passage.text, passage.source, passage.offset)
    if passage.document:
        values = (*values, passage.document)
    try:
        return orjson.dumps(values)
    except orjson.JSONEncodeError:
        raise InputError(
            passage.source or "passages", passage.offset, "holds a lone surrogate; expected Unicode text"
        ) from None
