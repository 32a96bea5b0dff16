"""Copies of rows, with the receipts and the run's record that lie beside them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from miner.formats.cohere import RECEIPTS, RUN, companion
from miner.formats.receipts import Receipts
from miner.formats.run import read_run
from miner.storage.files import json_bytes, sha256_of, together


@dataclass
class Copy:
    """A file of rows in the making. `how` tells in the run's record what was done to the rows."""

    path: Path
    rows: BinaryIO
    receipts: BinaryIO | None
    how: dict[str, Any] = field(default_factory=dict)


@contextmanager
def copies(source: Path, *targets: Path) -> Iterator[tuple[tuple[Copy, ...], Receipts | None]]:
    """A copy for each of the targets, all in one folder, and the receipts of the source to fill them with.

    A target's receipts and its run's record are there if the source has them. All files take their places
    together when the block ends well: of several processes at once those of the last stay, never a mixture.
    Raises InputError for a damaged record, OutputError.
    """
    receipts, run = Receipts.beside(source), read_run(source)
    endings = [*([RECEIPTS] if receipts else []), *([RUN] if run is not None else [])]
    paths = [path for target in targets for path in (target, *(companion(target, e) for e in endings))]
    with together(*paths) as streams:
        parts = [streams[i : i + len(endings) + 1] for i in range(0, len(streams), len(endings) + 1)]
        made = tuple(
            Copy(target, part[0], part[1] if receipts else None)
            for target, part in zip(targets, parts, strict=True)
        )
        yield made, receipts
        for copy, part in zip(made, parts, strict=True) if run is not None else ():
            part[-1].write(json_bytes(_derived(run or {}, source, copy)))


def _derived(run: dict[str, Any], source: Path, copy: Copy) -> dict[str, Any]:
    """The run's record of the source, with how the copy came from it."""
    outputs = {copy.path.name: sha256_of(copy.rows)}
    if copy.receipts:
        outputs[companion(copy.path, RECEIPTS).name] = sha256_of(copy.receipts)
    derived = [*(run.get("derived") or []), {"from": source.name, **copy.how}]
    return run | {"derived": derived, "outputs": outputs}
