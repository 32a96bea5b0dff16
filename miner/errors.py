"""Every error miner raises on purpose.

MinerError                 exit code 1
├── ConfigError            exit code 2: an option, a spec or a path given wrongly
│   ├── IndexNotFound      no index where one was expected
│   └── MissingExtra       an optional package is not installed; carries the pip line
├── InputError             a file's content is not what it must be: file, line, found, expected
├── ModelError             a model cannot be loaded, or its modules cannot be honoured
├── IndexMismatch          the index was built with another model, format or corpus
├── IndexCorrupt           a file of the index is damaged, missing or foreign
├── Inseparable            rows cannot be split without a leak or a set that is too small
├── OutputError            a result cannot be written
├── StoreFailed            a store such as s3:// cannot be reached, or refuses
├── WorkLost               workers elsewhere failed at a task again and again, or cannot be reached
├── EndpointFailed         a service of models refuses, fails again and again, or cannot be reached
├── Declined               the user did not want to send what would have been sent
└── Locked                 another process is at work in the same place
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path


class MinerError(Exception):
    """Base of all errors a user can cause or mend; its text is one sentence."""

    exit_code = 1


class ConfigError(MinerError):
    """An option, a spec or a path was given wrongly."""

    exit_code = 2


class IndexNotFound(ConfigError):
    """No index lies where one was expected."""


class MissingExtra(ConfigError):
    """An optional package is needed and not installed."""

    def __init__(self, purpose: str, extra: str) -> None:
        super().__init__(f"{purpose} needs packages that are not installed; pip install 'miner[{extra}]'")
        self.purpose, self.extra = purpose, extra

    def __reduce__(self) -> tuple[type[MissingExtra], tuple[str, str]]:
        return type(self), (self.purpose, self.extra)


def require(*modules: str, extra: str, purpose: str) -> None:
    """Raise MissingExtra unless these modules, which the extra installs, can be imported."""
    for module in modules:
        found = sys.modules[module] if module in sys.modules else find_spec(module)
        if found is None:
            raise MissingExtra(purpose, extra)


class InputError(MinerError):
    """A file's content is not what it must be."""

    def __init__(self, file: str | Path, line: int | None, message: str) -> None:
        place = str(file) if line is None else f"{file}:{line}"
        super().__init__(f"{place}: {message}")
        self.file = str(file)
        self.line = line
        self.message = message

    def __reduce__(self) -> tuple[type[InputError], tuple[str, int | None, str]]:
        return type(self), (self.file, self.line, self.message)


class ModelError(MinerError):
    """A model cannot be loaded, or one of its modules cannot be honoured."""


class IndexMismatch(MinerError):
    """The index was built with another model, format version or corpus than asked for."""


class IndexCorrupt(MinerError):
    """A file of the index is damaged, missing or belongs to another index."""


class Inseparable(MinerError):
    """Rows cannot be split as asked for without a leak or a set that is too small."""


class OutputError(MinerError):
    """A result cannot be written."""


class StoreFailed(MinerError):
    """A store such as s3:// cannot be reached, or refuses."""


class WorkLost(MinerError):
    """Workers elsewhere failed at a task again and again, or cannot be reached."""


class EndpointFailed(MinerError):
    """A service of models refuses, fails again and again, or cannot be reached."""


class Declined(MinerError):
    """The user did not want to send what would have been sent."""


class Locked(MinerError):
    """Another living process is at work in the same place."""
