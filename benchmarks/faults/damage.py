"""Damages the files of an index in every way there is, and counts what is noticed and named.

    python -m benchmarks.faults.damage [--cases 200] [--seed 0]

Each kind of damage is tried `--cases` times, on files drawn at random: a bit flipped, bytes cut off, bytes added,
the file emptied, deleted, swapped with another, or put in from another index of the same encoder. Noticed by
open: `open_index` refuses. Noticed: that or `miner verify` says so. Named: what is said names a file that was
touched, or the folder where its manifest was. Writes benchmarks/results/damage.json.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from miner.data import Passage
from miner.encoders import HashingEncoder
from miner.errors import MinerError
from miner.index import build_index, open_index, verify
from miner.storage.files import write_json

RESULTS = Path(__file__).parents[1] / "results" / "damage.json"
MANIFEST = "manifest.json"
OWN = ("statistics", "passages", "aliases", "keys", "vectors", "manifest")
"""What the names of an index's own files begin with."""
Damage = Callable[[random.Random, list[Path], Path], list[Path]]
"""Changes some of an index's files, given another index; the files that were touched."""


def flip(draw: random.Random, files: list[Path], other: Path) -> list[Path]:
    path = draw.choice(files)
    data = bytearray(path.read_bytes())
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    path.write_bytes(data)
    return [path]


def cut(draw: random.Random, files: list[Path], other: Path) -> list[Path]:
    path = draw.choice(files)
    data = path.read_bytes()
    path.write_bytes(data[: draw.randrange(len(data))])
    return [path]


def grow(draw: random.Random, files: list[Path], other: Path) -> list[Path]:
    path = draw.choice(files)
    path.write_bytes(path.read_bytes() + draw.randbytes(draw.randint(1, 64)))
    return [path]


def empty(draw: random.Random, files: list[Path], other: Path) -> list[Path]:
    path = draw.choice(files)
    path.write_bytes(b"")
    return [path]


def delete(draw: random.Random, files: list[Path], other: Path) -> list[Path]:
    path = draw.choice(files)
    path.unlink()
    return [path]


def swap(draw: random.Random, files: list[Path], other: Path) -> list[Path]:
    while True:
        one, two = draw.sample(files, 2)
        first, second = one.read_bytes(), two.read_bytes()
        if first != second:
            one.write_bytes(second)
            two.write_bytes(first)
            return [one, two]


def mix(draw: random.Random, files: list[Path], other: Path) -> list[Path]:
    """A file of the same kind, and mostly of the same size, out of the other index."""
    theirs = own_files(other)
    while True:
        path = draw.choice(files)
        kind = path.name if path.name == MANIFEST else path.parent.name
        alike = [file for file in theirs if kind in (file.name, file.parent.name)] or theirs
        data = draw.choice(alike).read_bytes()
        if data != path.read_bytes():
            path.write_bytes(data)
            return [path]


KINDS: dict[str, Damage] = {
    "a bit flipped": flip,
    "cut short": cut,
    "grown": grow,
    "emptied": empty,
    "deleted": delete,
    "swapped with another": swap,
    "mixed with another index": mix,
}


def own_files(folder: Path) -> list[Path]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [path for path in files if path.relative_to(folder).parts[0].startswith(OWN)]


def opened(folder: Path) -> list[str]:
    open_index(folder)
    return []


def complaints(look: Callable[[Path], Iterable[str]], folder: Path) -> Iterator[str]:
    """What is said; any other error than a MinerError ends the program."""
    try:
        yield from look(folder)
    except MinerError as error:
        yield str(error)


def case(damage: Damage, draw: random.Random, whole: Path, other: Path, folder: Path) -> Counter[str]:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    touched = damage(draw, own_files(folder), other)
    opening = list(complaints(opened, folder))
    said = opening + list(complaints(verify, folder))
    names = [str(folder) if path.name == MANIFEST else path.name for path in touched]
    return Counter(
        tried=1,
        noticed_by_open=int(bool(opening)),
        noticed=int(bool(said)),
        named=int(any(name in line for name in names for line in said)),
    )


def indexes(folder: Path) -> tuple[Path, Path]:
    """Two of one encoder whose corpora overlap; the first has a text under two ids."""
    passages = [Passage(f"p{i}", f"passage {i} tells of {i * i}", f"page {i % 7}") for i in range(60)]
    alias = Passage("alias", passages[12].text, passages[12].title)
    build_index([*passages[:40], alias], folder / "a", HashingEncoder(16), shard_size=10)
    build_index(passages[5:45], folder / "b", HashingEncoder(16), shard_size=10)
    return folder / "a", folder / "b"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    draw = random.Random(given.seed)
    counts: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as name:
        whole, other = indexes(Path(name))
        for kind, damage in KINDS.items():
            counts[kind] = Counter(tried=0, noticed_by_open=0, noticed=0, named=0)
            for _ in range(given.cases):
                counts[kind].update(case(damage, draw, whole, other, Path(name) / "damaged"))
            print(kind, dict(counts[kind]), file=sys.stderr)
    write_json(given.output, {"seed": given.seed, "damage": counts})


if __name__ == "__main__":
    main()
