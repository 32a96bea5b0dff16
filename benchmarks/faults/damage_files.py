"""Damages people's files of every kind, gives them to the commands, and looks at what is said and what is left.

    python -m benchmarks.faults.damage_files [--cases 5] [--seed 0]

Each kind of damage is done `--cases` times to a file of each kind, for each command that reads it; a command is a fork
of one process that has everything imported. A damaged file may be read, wholly or in part, or refused: exit code 1
or 2 and one sentence that names it. Wrong is all else: a traceback, another exit code, a changed input, a result
beside a refusal, a result that cannot be read, a temporary file. Writes benchmarks/results/damage_files.json.
"""

from __future__ import annotations

import argparse
import collections
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.faults.files_to_damage import corpora, queries, saved
from miner.corpus import read_corpus
from miner.errors import IndexNotFound, MinerError
from miner.formats.cohere import read_rows
from miner.index import verify
from miner.storage.files import write_json
from tests.faults.harness import Trial
from tests.faults.scenarios import Scenario, fresh
from tests.support.warm import imported

RESULTS = Path(__file__).parents[1] / "results" / "damage_files.json"
Damage = Callable[[random.Random, bytes], bytes]
Look = Callable[[Path], object]


def flipped(draw: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(draw.choice((1, 1, 8))):
        out[draw.randrange(len(out))] ^= 1 << draw.randrange(8)
    return bytes(out)


def cut(draw: random.Random, data: bytes) -> bytes:
    return data[: draw.randrange(1, len(data))]


def grown(draw: random.Random, data: bytes) -> bytes:
    return data + draw.randbytes(draw.randint(1, 64))


def swapped(draw: random.Random, data: bytes) -> bytes:
    """Two blocks of the file in each other's place."""
    size = max(len(data) // 8, 1)
    one, two = sorted(draw.sample(range(8), 2))
    blocks = [data[start : start + size] for start in range(0, 8 * size, size)]
    blocks[one], blocks[two] = blocks[two], blocks[one]
    return b"".join(blocks) + data[8 * size :]


def zeroed(draw: random.Random, data: bytes) -> bytes:
    """A block of zeros, as a file has after the machine went down."""
    start = draw.randrange(len(data))
    size = min(draw.choice((1, 16, 512)), len(data) - start)
    return data[:start] + bytes(size) + data[start + size :]


def emptied(draw: random.Random, data: bytes) -> bytes:
    return b""


KINDS: dict[str, Damage] = {
    "bits flipped": flipped,
    "cut short": cut,
    "grown": grown,
    "blocks swapped": swapped,
    "zeros in it": zeroed,
    "emptied": emptied,
}


def rows_in(path: Path) -> None:
    collections.deque(read_rows(path), maxlen=0)


def index_in(path: Path) -> None:
    for complaint in verify(path):
        raise MinerError(complaint)


def passages_in(path: Path) -> None:
    collections.deque(read_corpus(path), maxlen=0)


INDEXED, MINED = ("--encoder", "hashing", "--out", "out"), ("--encoder", "hashing", "-o", "out.jsonl")
COMMANDS: dict[str, tuple[tuple[str, ...], str, Look]] = {
    "build-index": (INDEXED, "out", index_in),
    "clean": (("-o", "out{}"), "out{}", passages_in),
    "convert": (("out.jsonl",), "out.jsonl", rows_in),
    "mine": (MINED, "out.jsonl", rows_in),
    "validate": ((), "", rows_in),
    "report": (("-o", "out.html"), "out.html", Path.read_bytes),
}
"""What follows the name of the file, what is written, and what reads that again."""
OF_QUERIES = ("convert", "mine", "validate", "report")
UNCLEANED = (".html", ".pdf", ".docx", ".pptx", ".epub", ".arrow")


def tried(name: str, of_queries: bool) -> tuple[str, ...]:
    """The commands that read a file of that name."""
    if of_queries:
        return OF_QUERIES
    return ("build-index",) if name.endswith(UNCLEANED) else ("build-index", "clean")


def wrong(command: str, folder: Path, name: str, code: int, said: str) -> Iterator[str]:
    """What is not as it must be after a command."""
    _, written, look = COMMANDS[command]
    result = folder / written.format(ending(name))
    if "Traceback" in said or code not in (0, 1, 2):
        yield f"exit code {code}: {said[-600:]}"
        return
    complaints = [line for line in said.splitlines() if line.startswith("error: ")]
    refused = bool(code) and (command != "validate" or complaints)
    if refused and (len(complaints) != 1 or name not in complaints[0]):
        yield f"said: {said[-300:]}"
    if command == "validate":
        return
    try:
        if refused and result.is_file():
            yield "a result beside a refusal"
        elif (result.exists() or not refused) and (command != "clean" or readable(folder / name)):
            look(result)
    except (MinerError, OSError) as error:
        if not (refused and isinstance(error, IndexNotFound)):
            yield f"the result: {error}"


def readable(path: Path) -> bool:
    """Whether a file of passages can be read at all: cleaning leaves a table's rows as wide as they are."""
    try:
        passages_in(path)
    except MinerError:
        return False
    return True


def ending(name: str) -> str:
    """Of the file unpacked."""
    return Path(name.removesuffix(".gz").removesuffix(".zst")).suffix


def case(
    command: str, name: str, data: bytes, files: dict[str, bytes], folder: Path
) -> tuple[int, list[str]]:
    """Exit code and what is wrong, of a command over one damaged file that lies among others."""
    fresh(folder)
    given = {**files, name: data}
    for path, content in given.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(content)
    source = name.partition("/")[0]
    arguments = [part.format(ending(name)) for part in COMMANDS[command][0]]
    code, said, _ = Trial(
        Scenario(command, lambda place: None, (command, source, *arguments), ()), folder
    ).run()
    said = "\n".join(said.rstrip().splitlines()[:-1])
    found = list(wrong(command, folder, source, code, said))
    found += [f"changed {path}" for path, content in given.items() if (folder / path).read_bytes() != content]
    found += [f"left {path.name}" for path in folder.rglob(".*.tmp")]
    return code, found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cases", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    imported()
    draw, counts, failures = random.Random(given.seed), dict[str, Counter[str]](), list[str]()
    sets = [
        *(({name: data}, False) for name, data in corpora().items()),
        *(({name: data}, True) for name, data in queries().items()),
        (saved(), True),
    ]
    with tempfile.TemporaryDirectory() as scratch:
        for files, of_queries in sets:
            name = next(iter(files))
            kind = "".join(Path(name).suffixes)
            count = counts.setdefault(kind, Counter(tried=0, read=0, refused=0, wrong=0))
            for command in tried(name, of_queries):
                code, found = case(command, name, files[name], files, Path(scratch) / "whole")
                if code not in ((0, 1) if command == "validate" else (0,)) or found:
                    raise SystemExit(f"{command} {name} fails undamaged, exit code {code}: {found}")
                for damage, number in ((d, n) for d in KINDS for n in range(given.cases)):
                    data = KINDS[damage](draw, files[name])
                    code, found = case(command, name, data, files, Path(scratch) / "damaged")
                    count.update(
                        tried=1, read=int(not code), refused=int(code in (1, 2)), wrong=int(bool(found))
                    )
                    failures += [f"{command} {name}, {damage} {number}: {each}" for each in found]
            print(kind, dict(count), failures[-1:], file=sys.stderr, flush=True)
    write_json(given.output, {"seed": given.seed, "files": counts, "failures": failures})


if __name__ == "__main__":
    main()
