"""How files are to be read: what every reader of a corpus or of queries is told."""

from __future__ import annotations

from dataclasses import dataclass, field

from miner.corpus.columns import Columns
from miner.corpus.notes import Notes
from miner.storage.encodings import check_encoding


@dataclass(frozen=True)
class ReadOptions:
    """`columns` name what is what in tables; `encoding` is that of text without a byte order mark (default: UTF-8);
    `include` and `exclude` are patterns of paths in a folder. What is passed over goes to `notes`.

    Raises ConfigError for an encoding that there is not.
    """

    columns: Columns = field(default_factory=Columns)
    encoding: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    follow_symlinks: bool = False
    notes: Notes = field(default_factory=Notes, compare=False)

    def __post_init__(self) -> None:
        check_encoding(self.encoding)


def strict() -> ReadOptions:
    """Options under which the first thing that cannot be used is raised."""
    return ReadOptions(notes=Notes(strict=True))
