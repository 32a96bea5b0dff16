"""What an index is made of: the file written last, with the checksums of all others and of itself."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import orjson

from miner.errors import ConfigError, IndexCorrupt, IndexMismatch, IndexNotFound
from miner.storage.place import Place
from miner.storage.sealed import Sealed, digest

FORMAT = 5
FORMER = (2, 3, 4)
"""What an update lifts to FORMAT without encoding anything again."""
LIFT = "'miner build-index CORPUS --update' brings it there and encodes nothing again"
NAME = "manifest.json"
FILE = re.compile(
    r"(statistics|frequencies|(passages|aliases|keys|vectors)/\d{5,})(-[0-9a-f]{16}){1,2}\.(arrow|npy)",
    re.ASCII,
)
MOST_DIM = 1 << 20
"""Numbers of a vector; more is no encoder's."""
HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class IndexCounts:
    """Of a corpus: passages read, the blank ones left out, those kept (each text once), the ids of these."""

    read: int
    blank: int
    passages: int
    ids: int


@dataclass(frozen=True, slots=True)
class Shard:
    """The unit of resume, of integrity and of distribution: `rows` passages under `ids` ids."""

    rows: int
    ids: int
    passages: Sealed
    aliases: Sealed
    keys: Sealed
    vectors: Sealed

    @property
    def files(self) -> tuple[Sealed, ...]:
        return self.passages, self.aliases, self.keys, self.vectors

    @property
    def vectors_key(self) -> str:
        """Names what is derived from the vectors."""
        return digest(self.vectors.sha256)


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that an index is. Two builds of one corpus with one encoder have equal manifests."""

    encoder: Mapping[str, Any]
    corpus: str
    dim: int
    counts: IndexCounts
    shards: tuple[Shard, ...]
    statistics: Sealed
    frequencies: Sealed
    """How many passages hold a word or a run of words."""
    shapes: str
    """Marks that part a document from the number of its part in the ids of this corpus, beside '#'."""
    agreement: Mapping[str, Any]
    """How far a coarse encoder agreed with fp32 over a sample of the passages; else empty."""

    @property
    def files(self) -> tuple[Sealed, ...]:
        return (*(file for shard in self.shards for file in shard.files), self.statistics, self.frequencies)

    @property
    def sha256(self) -> str:
        return _digest(self._content())

    @property
    def vectors_key(self) -> str:
        """A short hash of all vectors: what is derived from them alone is named by it."""
        return digest(*(shard.vectors.sha256 for shard in self.shards))

    def write(self, place: Place, before: bytes | None = None) -> None:
        """Seal the index: from now on it is this one. Raises what Place.replace raises."""
        content = self._content()
        place.replace(NAME, _bytes({**content, "sha256": _digest(content)}), before)

    def _content(self) -> dict[str, Any]:
        return {"format": FORMAT, **asdict(self), "encoder": plain(self.encoder)}


def read_manifest(place: Place) -> Manifest:
    """The manifest of the index in a place.

    Raises IndexNotFound if there is none, IndexMismatch for another format version, IndexCorrupt for
    anything that `Manifest.write` did not write.
    """
    path = f"{place}/{NAME}"
    try:
        data = place.load(NAME)
    except (FileNotFoundError, NotADirectoryError):
        what = "is not an index" if place.there else "no such folder"
        raise IndexNotFound(f"{place}: {what}; expected a folder written by 'miner build-index'") from None
    except OSError as error:
        raise IndexCorrupt(f"{path}: cannot be read ({error.strerror})") from None
    content = _parse(place, data)
    as_written = _bytes(content) == data
    if content.pop("sha256", None) != _digest(content) or not as_written:
        raise IndexCorrupt(f"{path}: was changed after it was sealed (its checksum does not fit)")
    try:
        return _manifest(content)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise IndexCorrupt(f"{path}: does not describe an index ({error})") from None


def encoder_of_former(place: Place) -> dict[str, Any] | None:
    """The encoder's fingerprint of an index of the format before; None if there is none such."""
    try:
        content = orjson.loads(place.load(NAME))
    except (OSError, orjson.JSONDecodeError):
        return None
    if not isinstance(content, dict) or content.get("format") not in FORMER:
        return None
    encoder = content.get("encoder")
    return encoder if isinstance(encoder, dict) else None


def default_index(root: str | Path = "indexes") -> Path:
    """The only index under `root`. Raises ConfigError that lists them if there are several, or none."""
    found = sorted(path.parent for path in Path(root).glob(f"*/{NAME}"))
    if len(found) == 1:
        return found[0]
    if not found:
        raise ConfigError(f"{root}: holds no index; make one with 'miner build-index CORPUS'")
    raise ConfigError(f"{root}: holds several indexes; name one of {', '.join(path.name for path in found)}")


def plain(fingerprint: Mapping[str, Any]) -> dict[str, Any]:
    """The fingerprint as it looks when read back from JSON."""
    loaded: dict[str, Any] = orjson.loads(orjson.dumps(dict(fingerprint), option=orjson.OPT_SORT_KEYS))
    return loaded


def _parse(place: Place, data: bytes) -> dict[str, Any]:
    path = f"{place}/{NAME}"
    try:
        content = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise IndexCorrupt(f"{path}: is not valid JSON ({error})") from None
    if not isinstance(content, dict):
        raise IndexCorrupt(f"{path}: does not hold a JSON object")
    version = content.get("format")
    if isinstance(version, int) and version != FORMAT:
        raise IndexMismatch(
            f"{place}: is an index of format {version}, this miner reads format {FORMAT}; "
            + (LIFT if version in FORMER else "build it anew with 'miner build-index --overwrite'")
        )
    return content


def _bytes(content: Mapping[str, Any]) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _manifest(content: Mapping[str, Any]) -> Manifest:
    shards = tuple(
        _made(
            Shard, {key: _sealed(value) if isinstance(value, dict) else value for key, value in each.items()}
        )
        for each in content["shards"]
    )
    manifest = Manifest(
        encoder=_encoder(content["encoder"], content["dim"]),
        corpus=str(content["corpus"]),
        dim=content["dim"],
        counts=_made(IndexCounts, content["counts"]),
        shards=shards,
        statistics=_sealed(content["statistics"]),
        frequencies=_sealed(content["frequencies"]),
        shapes=str(content["shapes"]),
        agreement=dict(content["agreement"]),
    )
    if sum(shard.rows for shard in shards) != manifest.counts.passages:
        raise ValueError("the shards do not add up to the passages")
    if sum(shard.ids for shard in shards) != manifest.counts.ids:
        raise ValueError("the shards do not add up to the ids")
    if manifest.counts.read < manifest.counts.blank + manifest.counts.ids:
        raise ValueError("fewer passages were read than there are ids")
    return manifest


def _encoder(fingerprint: Any, dim: Any) -> dict[str, Any]:
    """The fingerprint, of an encoder of vectors of that length."""
    if type(dim) is not int or not 0 < dim <= MOST_DIM:
        raise ValueError(f"dim is {dim!r}; expected 1 to {MOST_DIM:,}")
    if not isinstance(fingerprint, dict) or not fingerprint:
        raise ValueError(f"encoder is {fingerprint!r}; expected what tells it from others")
    if fingerprint.get("dim", dim) != dim:
        raise ValueError(f"the encoder's dim is {fingerprint['dim']!r}; expected {dim}")
    return dict(fingerprint)


def _sealed(value: Mapping[str, Any]) -> Sealed:
    sealed = _made(Sealed, value)
    if not FILE.fullmatch(sealed.file) or not HEX.fullmatch(sealed.sha256):
        raise ValueError(f"{sealed.file!r} is not the name of a file of an index")
    return sealed


def _made(kind: type[T], value: Mapping[str, Any]) -> T:
    """A flat dataclass out of a mapping with exactly its fields, of exactly their types."""
    made = kind(**value)
    for field in fields(made):  # type: ignore[arg-type]
        found = getattr(made, field.name)
        if type(found).__name__ != field.type or (isinstance(found, int) and found < 0):
            raise ValueError(f"{field.name} is {found!r}")
    return made
