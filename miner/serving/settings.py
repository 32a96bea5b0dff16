"""What a server is told when it starts."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from miner.errors import ConfigError, MissingExtra
from miner.models.locate import BUNDLED, locate
from miner.serving.names import ENGLISH
from miner.validating.sets import MOST_BYTES

TUNED = "-ft"
"""What Cohere's clients put behind the id of a fine-tuned model."""
KEY_LENGTH = 16


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What one request may ask for."""

    upload: int = MOST_BYTES
    """Bytes of a data set with its evaluation file."""
    body: int = 32 * 2**20
    """Bytes of any other request."""
    documents: int = 1_000
    """Documents of a rerank request."""
    characters: int = 100_000
    """Of a query or a document."""
    waiting: int = 20_000
    """Documents of all requests that wait to be scored; more are refused with 429."""
    requests: int = 200
    """Requests answered at the same time; more are refused with 503."""
    connections: int = 1_000
    """Open at the same time; beyond, the one that has kept still the longest is closed."""
    head: float = 10.0
    """Seconds that a connection may take over the head of its next request."""
    silence: float = 60.0
    """Seconds that a client may take over the next piece of its request, or of its answer."""
    pace: int = 4096
    """Bytes a second that a body must come with at the least, `silence` aside."""
    held: int = 256 * 2**20
    """Bytes of all requests in memory, uploads aside, which lie on disk; more are refused with 503."""
    memory: int | None = None
    """Bytes for the server and its training together; models and vectors are let go, a training is ended."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where and as what a server runs. Raises ConfigError for what cannot be.

    A name of a base model stands for a folder or another model that `locate` finds.
    """

    state: Path
    host: str = "127.0.0.1"
    port: int = 8080
    models: Mapping[str, str] = field(default_factory=lambda: {ENGLISH: BUNDLED})
    key: str | None = None
    dtype: str | None = None
    backend: str | None = None
    """Precision and runtime of the models that rank, as the encoder's; by default what suits the machine."""
    limits: ServerLimits = ServerLimits()

    def __post_init__(self) -> None:
        if self.key is not None and len(self.key) < KEY_LENGTH:
            raise ConfigError(f"the API key has {len(self.key)} characters; expected {KEY_LENGTH} at least")
        if self.key is not None and not (self.key.isascii() and self.key.isprintable()):
            raise ConfigError(
                "the API key holds characters that no HTTP header can; expected printable ASCII"
            )
        if self.key is None and not self.local:
            raise ConfigError(
                f"{self.host} can be reached from other machines; name the environment variable that holds "
                "an API key with --api-key-env, or bind to 127.0.0.1"
            )
        if not self.models:
            raise ConfigError("no base model is named; expected NAME=FOLDER")
        for name, model in self.models.items():
            if name.endswith(TUNED):
                raise ConfigError(f"the model name {name!r} ends in {TUNED}, which marks fine-tuned models")
            locate(model)

    @property
    def local(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_models(texts: list[str]) -> dict[str, str]:
    """Base names and the models that they stand for, out of NAME=FOLDER; `english` is the bundled encoder
    unless it is given. Raises ConfigError.
    """
    models: dict[str, str] = {}
    for text in texts:
        name, equals, model = text.partition("=")
        if not (name and equals and model):
            raise ConfigError(f"--model-name is {text!r}; expected NAME=FOLDER")
        if name in models:
            raise ConfigError(f"--model-name gives {name!r} twice")
        models[name] = str(Path(model).absolute()) if Path(model).exists() else model
    bundled = {} if ENGLISH in models or (models and not is_installed()) else {ENGLISH: BUNDLED}
    return models | bundled


def is_installed() -> bool:
    """Whether the bundled encoder is there."""
    try:
        locate(BUNDLED)
    except MissingExtra:
        return False
    return True
