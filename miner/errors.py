"""Every error miner raises on purpose.

MinerError                 exit code 1
├── ConfigError            exit code 2: an option, a spec or a path given wrongly
│   ├── IndexNotFound      no index where one was expected
│   ├── ModelNotFound      no model of that name, or in that folder
│   └── MissingExtra       an optional package is not installed; carries the pip line
├── InputError             a file's content is not what it must be: file, line, found, expected
│   └── Misread            so much of a file cannot be parsed that its format was not understood
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

import json
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


class ModelNotFound(ConfigError):
    """No model has that name, or lies in that folder."""


class MissingExtra(ConfigError):
    """An optional package is needed and not installed; `line` is the shell line that installs it."""

    def __init__(self, purpose: str, extra: str, line: str | None = None) -> None:
        self.purpose, self.extra, self.line = purpose, extra, line or install_line(extra)
        super().__init__(f"{purpose} needs packages that are not installed; {self.line}")

    def __reduce__(self) -> tuple[type[MissingExtra], tuple[str, str, str]]:
        return type(self), (self.purpose, self.extra, self.line)


def install_line(extra: str) -> str:
    """The shell line that adds an extra to miner as it was installed: from a clone, a wheel, the URL of a
    repository (PEP 610 says which) or an index."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        origin = json.loads(distribution("miner").read_text("direct_url.json") or "{}")
    except PackageNotFoundError:
        origin = {"dir_info": {"editable": True}}
    if origin.get("dir_info", {}).get("editable"):
        return _in_clone(Path(__file__).resolve().parents[1], extra)
    url = origin.get("url", "")
    if repository := origin.get("vcs_info"):
        url = f"{repository['vcs']}+{url}@{repository['commit_id']}"
    return f"pip install 'miner[{extra}] @ {url}'" if url else f"pip install 'miner[{extra}]'"


def _in_clone(root: Path, extra: str) -> str:
    if (root / "scripts" / "setup").is_file() and Path(sys.prefix) == root / ".venv":
        return f"{'' if root == Path.cwd() else f'{root}/'}scripts/setup {extra}"
    return f"pip install -e '{'.' if root == Path.cwd() else root}[{extra}]'"


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


class Misread(InputError):
    """A file in which so many records cannot be parsed that its format was not understood."""


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
