"""Where a file comes from: its run record laid out, and whether the file is still what the run wrote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from miner.storage import files

SECTIONS = ("arguments", "index", "counts", "versions")


@dataclass(frozen=True, slots=True)
class Provenance:
    """`groups`: titles with (name, value) pairs. `state`: good, warning or neutral."""

    sha256: str = ""
    state: str = "neutral"
    verdict: str = ""
    groups: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()


def provenance(path: Path, run: Mapping[str, Any] | None) -> Provenance:
    """Compare the file with the checksum its run left, and lay out the run record."""
    found = files.sha256(path)
    written = _mapping((run or {}).get("outputs")).get(path.name)
    if written is None:
        state, verdict = "neutral", "no checksum to compare with"
    elif written == found:
        state, verdict = "good", "the file is as the run wrote it"
    else:
        state, verdict = "warning", "the file was changed after the run wrote it"
    return Provenance(found, state, verdict, tuple(_groups(run or {})))


def _groups(run: Mapping[str, Any]) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    plain = {name: value for name, value in run.items() if not isinstance(value, (dict, list))}
    if plain:
        yield "run", _pairs(plain)
    for section in SECTIONS:
        if pairs := _pairs(_mapping(run.get(section))):
            yield section, pairs
    if stages := _mappings(run.get("stages")):
        yield "stages", tuple(_stage(stage) for stage in stages)
    for step in _mappings(run.get("derived")):
        yield "derived since", _pairs(step)


def _pairs(values: Mapping[str, Any], prefix: str = "") -> tuple[tuple[str, str], ...]:
    """Names and values that are not null, nested mappings with dotted names."""
    pairs: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, dict):
            pairs.extend(_pairs(value, f"{prefix}{name}."))
        elif value is not None:
            pairs.append((f"{prefix}{name}", _written(name, value)))
    return tuple(pairs)


def _stage(stage: Mapping[str, Any]) -> tuple[str, str]:
    seconds, memory = stage.get("seconds"), stage.get("peak_memory_bytes")
    told = [f"{seconds:,.2f} s"] if isinstance(seconds, (int, float)) else []
    told += [_memory(memory)] if isinstance(memory, int) else []
    return str(stage.get("stage", "?")), ", ".join(told)


def _written(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    if type(value) is int:
        return _memory(value) if name.endswith("_bytes") else f"{value:,}"
    return orjson.dumps(value).decode()


def _memory(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
