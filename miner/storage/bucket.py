"""Stores: files under a URI such as s3://bucket/folder, each of them whole before it can be seen.

The only file that imports obstore.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from miner.errors import ConfigError, Locked, StoreFailed, require

SCHEMES = ("s3", "gs", "file")
SETTINGS = ("endpoint_override", "region", "scheme")
"""What the query of an s3 URI may say: s3://bucket/folder?endpoint_override=10.0.0.1:9000&scheme=http."""
RETRIES = 6
TIMEOUT = "300s"
"""For a file in one request."""
PIECE = 2**20
NO_BUCKET = "NoSuchBucket"
REFUSED = "the credentials are refused"
REASONS = {
    "169.254.169.254": "no credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "InvalidAccessKeyId": REFUSED,
    "SignatureDoesNotMatch": REFUSED,
    "AccessDenied": REFUSED,
    "403 Forbidden": REFUSED,
    "401 Unauthorized": REFUSED,
    "error sending request": "cannot be reached",
    "301 Moved": "is in another region; set AWS_REGION",
}
"""What a store's own words, which may be pages, come down to."""

T = TypeVar("T")


def is_uri(place: str | Path) -> bool:
    """Whether a place is named by a URI, not by a path."""
    return isinstance(place, str) and re.match(r"[a-z][a-z0-9]*://", place) is not None


@dataclass(frozen=True)
class Store:
    """The files under a URI. Its credentials come from the environment, as the store's own tools take them.

    Raises ConfigError for a URI that cannot be, MissingExtra; everything else raises StoreFailed if the store
    cannot be reached or refuses, and ConfigError if there is no such bucket.
    """

    uri: str

    def __post_init__(self) -> None:
        parts = urlsplit(self.uri, allow_fragments=False)
        if "@" in parts.netloc:
            raise ConfigError("a URI holds no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
        in_bucket = parts.scheme != "file"
        if parts.scheme not in SCHEMES or bool(parts.netloc) != in_bucket or not parts.path.strip("/"):
            raise ConfigError(f"{self}: expected s3://BUCKET/FOLDER, gs://BUCKET/FOLDER or file:///FOLDER")
        settings = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
        unknown = settings - set(SETTINGS if parts.scheme == "s3" else ())
        if unknown:
            raise ConfigError(f"{self}: unknown setting {min(unknown)!r} in the URI")

    def __str__(self) -> str:
        """The URI without its settings."""
        return self.uri.partition("?")[0]

    def beside(self, ending: str) -> Store:
        """Another store, whose URI ends in this."""
        head, mark, query = self.uri.partition("?")
        return Store(f"{head.rstrip('/')}{ending}{mark}{query}")

    def has(self, name: str) -> bool:
        with self._asked() as engine:
            return _or_none(engine.head, name) is not None

    def read(self, name: str) -> bytes | None:
        """The content of a small file, None if there is none."""
        with self._asked() as engine:
            found = _or_none(engine.get, name)
            return bytes(found.bytes()) if found else None

    def load(self, name: str, stream: BinaryIO) -> bool:
        """Copy a file into a stream; whether there is one."""
        with self._asked() as engine:
            found = _or_none(engine.get, name)
            for piece in found.stream(min_chunk_size=PIECE) if found else ():
                stream.write(piece)
            return found is not None

    def names(self, folder: str = "") -> list[str]:
        """All files in a folder and below."""
        with self._asked() as engine:
            return sorted(each["path"] for chunk in engine.list(folder or None) for each in chunk)

    def put(self, name: str, path: Path) -> None:
        """Copy a local file into the store, unless one of this name is there: the first of several counts."""
        from obstore.exceptions import AlreadyExistsError

        if self.has(name):
            return
        with self._asked() as engine:
            try:
                _put(engine, name, path, "create")
            except AlreadyExistsError:
                return

    def write(self, name: str, data: bytes) -> None:
        """Write a small file, whatever it held."""
        with self._asked() as engine:
            engine.put(name, data)

    def replace(self, name: str, data: bytes, before: bytes | None) -> None:
        """Write a small file that held `before`. Raises Locked if it holds something else by now.

        Where a store compares by itself nobody can come in between.
        """
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        with self._asked() as engine:
            found = _or_none(engine.get, name)
            try:
                if (bytes(found.bytes()) if found else None) != before:
                    raise PreconditionError
                _put(engine, name, data, _unchanged(found.meta) if found else "create")
            except (AlreadyExistsError, PreconditionError):
                raise Locked(f"{self}: was changed by another process meanwhile; run it again") from None

    def delete(self, names: Iterable[str]) -> None:
        """Delete files; it does not matter if one is not there."""
        with self._asked() as engine:
            for name in names:
                _or_none(engine.delete, name)

    @contextmanager
    def _asked(self) -> Iterator[Any]:
        """Gives the store's engine, and says in one sentence what it says in pages."""
        engine = _engine(self.uri)
        from obstore.exceptions import BaseError

        try:
            yield engine
        except (BaseError, PermissionError, FileNotFoundError) as error:
            if NO_BUCKET in str(error):
                raise ConfigError(f"{self}: there is no such bucket") from None
            raise StoreFailed(f"{self}: {_reason(error)}") from None


def _or_none(call: Callable[[str], T], name: str) -> T | None:
    """What is called gives; None if there is no such file, though its bucket."""
    try:
        return call(name)
    except FileNotFoundError as error:
        if NO_BUCKET in str(error):
            raise
        return None


def _unchanged(meta: Mapping[str, Any]) -> dict[str, str]:
    """The condition that a file is still what it was."""
    return {key: meta[key] for key in ("e_tag", "version") if meta[key] is not None}


def _put(engine: Any, name: str, data: Path | bytes, mode: Any) -> None:
    """Put under a condition, or without one where the store has none."""
    try:
        engine.put(name, data, mode=mode)
    except NotImplementedError:
        engine.put(name, data)


@lru_cache(64)
def _engine(uri: str) -> Any:
    require("obstore", extra="storage", purpose="a store such as s3://")
    from obstore.store import GCSStore, LocalStore, S3Store

    parts = urlsplit(uri, allow_fragments=False)
    folder = unquote(parts.path) if parts.scheme == "file" else parts.path.strip("/")
    if parts.scheme == "file":
        return LocalStore(folder, mkdir=True)
    given: dict[str, Any] = {"prefix": folder, "retry_config": {"max_retries": RETRIES}}
    if parts.scheme == "gs":
        return GCSStore(parts.netloc, client_options={"timeout": TIMEOUT}, **given)
    settings = dict(parse_qsl(parts.query))
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if "endpoint_override" in settings:
        endpoint = f"{settings.get('scheme', 'https')}://{settings['endpoint_override']}"
    if endpoint:
        given["endpoint"] = endpoint
    if "region" in settings:
        given["region"] = settings["region"]
    options = {"timeout": TIMEOUT, "allow_http": endpoint.startswith("http://")}
    return S3Store(parts.netloc, client_options=options, **given)


def _reason(error: Exception) -> str:
    text = str(error)
    known = (said for words, said in REASONS.items() if words in text)
    return next(known, "") or f"failed ({text.splitlines()[0].rpartition(' - ')[2][:200]})"
