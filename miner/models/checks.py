"""What a model's files may hold: weights that cannot run code, and settings that name none.

Loading a model imports what its settings name: the classes of its modules, activations, tokenizers. Unless
the user trusts the model, these are modules of sentence-transformers and classes of torch.nn only, whatever
version of sentence-transformers is installed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from miner.errors import ModelError, ModelNotFound

if TYPE_CHECKING:
    from miner.models.locate import Located

OWN_CODE = "Python code that comes with the model; read it and give --trust-remote-code to run it"

TORCH_NN = re.compile(r"torch\.nn\.(modules\.[a-z]+\.)?[A-Z]\w*", re.ASCII)
OURS = re.compile(r"sentence_transformers(\.[a-z]\w*)*\.[A-Z]\w*", re.ASCII)
ACTIVATIONS = ("activation_fn", "activation_function", "sbert_ce_default_activation_function")
"""Fields of a classifier's and a dense layer's settings that name a callable."""
ATTENTION = ("attn_implementation", "_attn_implementation", "experts_implementation")
"""Fields of transformers that may name a repository of kernels."""
ADAPTER = "adapter_config.json"
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")


def read_json(path: Path) -> Any:
    """The file's value, None if there is no such file. Raises ModelError."""
    try:
        return orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, orjson.JSONDecodeError) as error:
        raise ModelError(f"{path}: cannot be read ({error})") from None


def check_weights(located: Located) -> None:
    """Raises ModelError unless all weights are safetensors, ModelNotFound for a folder of other things."""
    for part in located.parts:
        pickles = sorted(file.name for pattern in PICKLES for file in part.glob(pattern))
        if pickles and not any(part.glob("model*.safetensors")):
            raise ModelError(
                f"{part}: holds its weights as a pickle only ({pickles[0]}), which can run code when loaded; "
                "convert it to safetensors"
            )
    if not located.weights:
        described = any((located.folder / name).is_file() for name in ("config.json", "modules.json"))
        raise (ModelError if described else ModelNotFound)(
            f"{located.folder}: holds no *.safetensors; expected a model of sentence-transformers"
        )


def check_code(located: Located) -> None:
    """Raises ModelError if a setting names code that may not run, or another model's weights."""
    if located.trusted:
        return
    for path in (file for file in located.settings if file.suffix == ".json"):
        if path.name == ADAPTER:
            raise ModelError(f"{path}: is an adapter to another model; merge it into that model first")
        if path.name not in ("tokenizer.json", "vocab.json"):
            _check_fields(path, read_json(path), path.name == "modules.json")


def activations(located: Located) -> Iterator[tuple[Path, str]]:
    """What the settings name as an activation, with the file."""
    for path in (file for file in located.settings if file.suffix == ".json"):
        yield from ((path, name) for key, name in _fields(read_json(path)) if key in ACTIVATIONS)


def _check_fields(path: Path, value: Any, modules: bool) -> None:
    for key, name in _fields(value):
        if key in ACTIVATIONS and not TORCH_NN.fullmatch(name):
            raise ModelError(f"{path}: {key} is {name!r}; expected a class of torch.nn")
        if key in ATTENTION and not name.isidentifier():
            raise ModelError(f"{path}: {key} is {name!r}; expected the name of one of transformers' own")
        dotted = (modules and key == "type") or ("." in name and key in ("types", "tokenizer_class"))
        if dotted and not OURS.fullmatch(name):
            raise ModelError(f"{path}: names {name or 'no type'}, {OWN_CODE}")


def _fields(value: Any) -> Iterator[tuple[str, str]]:
    """Every string in a value with the name of the field it is in; those in `types` go by that name."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(inner, str):
                yield key, inner
            elif key == "types" and isinstance(inner, Mapping):
                yield from (("types", each) for each in inner.values() if isinstance(each, str))
            else:
                yield from _fields(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _fields(inner)
