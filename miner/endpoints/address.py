"""Where a service answers, and by which key, which is read from the environment and stands nowhere else."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from miner.errors import ConfigError

KEYLESS = "none"
"""What a client sends where a server asks for no key."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")
HIDDEN = "[key]"


@dataclass(frozen=True)
class Address:
    """A base URL and the name of the environment variable with its key; '' where none is sent."""

    url: str
    key_name: str

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(f"base_url is {self.url!r}; expected an address as https://host/v1")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ConfigError(
                f"base_url of {parts.hostname} holds more than an address; a key is taken from the environment only"
            )

    @property
    def host(self) -> str:
        """With its port, if one is named."""
        return urlsplit(self.url).netloc

    @property
    def local(self) -> bool:
        """Whether it is this machine."""
        return urlsplit(self.url).hostname in LOOPBACK

    def key(self) -> str:
        """The key from the environment. Raises ConfigError where the variable is named and not set."""
        if not self.key_name:
            return KEYLESS
        found = os.environ.get(self.key_name, "").strip()
        if not found:
            raise ConfigError(f"{self.host} needs a key; expected it in the environment as {self.key_name}")
        return found

    def redacted(self, text: str) -> str:
        """The text without the key, whoever wrote it there."""
        key = os.environ.get(self.key_name, "").strip() if self.key_name else ""
        return text.replace(key, HIDDEN) if key else text


def address_of(base_url: str | None, key: str | None, home: str, home_key: str) -> Address:
    """The service's own address with its usual key, or another: that gets the key that is named for it and
    no other, so that a key never reaches a host that it was not made for."""
    if base_url is None or urlsplit(base_url).hostname == urlsplit(home).hostname:
        return Address(base_url or home, home_key if key is None else key)
    return Address(base_url, key or "")
