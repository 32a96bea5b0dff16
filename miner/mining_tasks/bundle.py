"""What passes between the tasks of a run, as files: arrays and plain values, sealed by their checksum."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from miner.data import Int64, Query
from miner.errors import IndexCorrupt
from miner.mining.block import Block, View
from miner.mining.pick import Pick
from miner.mining.prepare import Prepared
from miner.mining.relevant import Relevant
from miner.storage.place import Place
from miner.storage.sealed import Sealed

PLAIN = "plain"
LISTS = ("rows", "ranks", "scores", "nearest", "shares", "risks", "teacher")
"""Fields of a pick with a number for each negative."""
KNOWN = ("relevant_scores", "relevant_teacher")
"""Fields with a number for each relevant passage."""

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Bundle:
    """Arrays by name, and a value that JSON can hold."""

    arrays: Mapping[str, Array]
    plain: Any

    def seal(self, place: Place, stem: str) -> Sealed:
        """Write it whole, under a name that ends in its checksum."""
        text = np.frombuffer(json.dumps(self.plain).encode(), np.uint8)
        stream = io.BytesIO()
        np.savez(stream, allow_pickle=False, **{**self.arrays, PLAIN: text})
        return place.seal(stem, ".npz", stream.getvalue())


def open_bundle(place: Place, file: Sealed) -> Bundle:
    """Raises IndexCorrupt unless the file is as it was sealed."""
    data = io.BytesIO(place.read(file))
    try:
        with np.load(data, allow_pickle=False) as stored:
            arrays = dict(stored)
        return Bundle(arrays, json.loads(arrays.pop(PLAIN).tobytes()))
    except (OSError, ValueError, KeyError) as error:
        raise IndexCorrupt(f"{place}/{file.file}: cannot be read ({error})") from None


def pack_queries(queries: Sequence[Query]) -> Bundle:
    return Bundle({}, [asdict(query) for query in queries])


def unpack_queries(bundle: Bundle) -> list[Query]:
    lists = ("relevant_passages", "relevant_ids", "hard_negatives")
    return [Query(**{**each, **{name: tuple(each[name]) for name in lists}}) for each in bundle.plain]


def pack_prepared(prepared: Prepared) -> Bundle:
    """Without the texts of the queries, and without the indexes."""
    block, relevant = prepared.block, prepared.relevant
    arrays: dict[str, Array] = {"offsets": relevant.offsets, "rows": relevant.rows}
    seen = [(block.vectors, block.relevant_vectors), *((v.vectors, v.relevant_vectors) for v in block.views)]
    for number, (vectors, of_relevant) in enumerate(seen):
        arrays |= {f"queries{number}": vectors, f"relevant{number}": of_relevant}
    return Bundle(arrays, {"texts": relevant.texts, "ids": relevant.ids, "taken": block.taken})


def unpack_prepared(bundle: Bundle, queries: Sequence[Query], indexes: Sequence[Any]) -> Prepared:
    arrays, plain = bundle.arrays, bundle.plain
    relevant = Relevant(arrays["offsets"], arrays["rows"], tuple(plain["texts"]), tuple(plain["ids"]))
    views = [
        View(index, arrays[f"queries{number}"], arrays[f"relevant{number}"])
        for number, index in enumerate(indexes)
    ]
    block = Block(
        texts=tuple(query.text for query in queries),
        vectors=views[0].vectors,
        offsets=relevant.offsets,
        relevant_texts=relevant.texts,
        relevant_rows=relevant.rows,
        relevant_vectors=views[0].relevant_vectors,
        taken=tuple(map(tuple, plain["taken"])),
        views=tuple(views[1:]),
    )
    return Prepared(relevant, block)


def pack_picks(picks: Mapping[int, Pick]) -> dict[str, Array]:
    """Picks by their query, laid end to end."""
    arrays: dict[str, Array] = {
        "picked": np.array(list(picks), np.int64),
        "negatives": np.array([len(pick.rows) for pick in picks.values()], np.int64),
        "known": np.array([len(pick.relevant_scores) for pick in picks.values()], np.int64),
    }
    for name in (*LISTS, *KNOWN, "found"):
        values = [getattr(pick, name) for pick in picks.values()]
        if values and values[0] is not None:
            arrays[name] = np.concatenate(values, axis=-1)
    if picks:
        arrays["verdicts"] = np.stack([pick.verdicts for pick in picks.values()])
        arrays["caps"] = np.array([pick.cap for pick in picks.values()], np.float64)
    return arrays


def unpack_picks(arrays: Mapping[str, Array]) -> dict[int, Pick]:
    """Picks out of the arrays that pack_picks made."""
    ends, known = _ends(arrays["negatives"]), _ends(arrays["known"])
    picks = dict[int, Pick]()
    for place, query in enumerate(arrays["picked"].tolist()):
        mine = slice(int(ends[place]), int(ends[place + 1]))
        of_relevant = slice(int(known[place]), int(known[place + 1]))
        lists = {name: arrays[name][mine] if name in arrays else None for name in LISTS}
        lists |= {name: arrays[name][of_relevant] if name in arrays else None for name in KNOWN}
        picks[query] = Pick(
            **lists,  # type: ignore[arg-type]
            found=arrays["found"][:, mine] if "found" in arrays else None,
            verdicts=arrays["verdicts"][place],
            cap=float(arrays["caps"][place]),
        )
    return picks


def _ends(counts: Int64) -> Int64:
    return np.cumsum([0, *counts.tolist()], dtype=np.int64)
