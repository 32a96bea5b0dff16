"""Files of rows in any shape, for the commands that look at Cohere's rows line by line."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from miner.cli.console import shown_as
from miner.cli.outputs import given_input

if TYPE_CHECKING:
    from miner.corpus.options import ReadOptions


@contextmanager
def cohere_rows(path: Path, options: ReadOptions) -> Iterator[Path]:
    """A file of Cohere's rows: the one given, or one that holds, line for line, what was read in another shape.

    Messages name the file that was given. Raises InputError for a table of no known shape.
    """
    import orjson

    from miner.formats.cohere import record_of
    from miner.formats.reading import foreign_rows

    with given_input(path) as given:
        rows = foreign_rows(given, options)
        if rows is None:
            yield given
            return
        with tempfile.TemporaryDirectory(prefix="miner-") as folder:
            held = Path(folder) / f"{given.name.split('.')[0]}.jsonl"
            with held.open("wb") as stream:
                done = 0
                for line, row in rows:
                    stream.write(b"\n" * (line - done - 1) + orjson.dumps(record_of(row)) + b"\n")
                    done = max(line, done + 1)
            with shown_as(held, str(path)):
                yield held
