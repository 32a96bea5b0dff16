"""What a server is told when it starts."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from miner.errors import ConfigError
from miner.models.locate import BUNDLED, locate
from miner.validating.sets import MOST_BYTES

FIRST_NAME = "english"
"""The base name of Cohere's own snippets; it stands for the bundled encoder unless another is given."""
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
    silence: float = 60.0
    """Seconds that a client may take over the next piece of its request."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where and as what a server runs. Raises ConfigError for what cannot be.

    A name of a base model stands for a folder or another model that `locate` finds.
    """

    state: Path
    host: str = "127.0.0.1"
    port: int = 8080
    models: Mapping[str, str] = field(default_factory=lambda: {FIRST_NAME: BUNDLED})
    key: str | None = None
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
    """Base names and the models that they stand for, out of NAME=FOLDER. Raises ConfigError."""
    models: dict[str, str] = {}
    for text in texts:
        name, equals, model = text.partition("=")
        if not (name and equals and model):
            raise ConfigError(f"--model-name is {text!r}; expected NAME=FOLDER")
        if name in models:
            raise ConfigError(f"--model-name gives {name!r} twice")
        models[name] = str(Path(model).absolute()) if Path(model).exists() else model
    return models or {FIRST_NAME: BUNDLED}
