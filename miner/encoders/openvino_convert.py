"""Models in OpenVINO's form, converted once and kept on disk: neither torch nor transformers is needed again.

A plain BERT is written out from its safetensors; any other is loaded by sentence-transformers and traced. The
folder of a model is made elsewhere and renamed into place, so that it is whole or not there.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import orjson

from miner.encoders.bert import BertFiles, read_bert
from miner.encoders.description import Description
from miner.encoders.openvino_runtime import apart, openvino, openvino_version
from miner.encoders.tokens import FastTokenizer
from miner.models.locate import Located
from miner.models.weights import ModelSums, model_sums
from miner.storage.cachedir import cache_folder

FORMAT = 3
"""Changed whenever what is made here changes, so that what was made before is not taken for it."""
RECORD, TOKENIZER, COMPILED = "encoder.json", "tokenizer.json", "compiled"


@dataclass(frozen=True)
class ConvertedModel:
    """A model in OpenVINO's form: a folder with its description, its tokenizer and its weights."""

    located: Located
    folder: Path
    description: Description
    sums: ModelSums
    holder: TemporaryDirectory[str] | None = None
    """What removes the folder in the end, where nothing can be kept."""

    @cached_property
    def tokenizer(self) -> str:
        """The tokenizer.json."""
        return (self.folder / TOKENIZER).read_text("utf-8")

    def has(self, weights: str) -> bool:
        """Whether it lies there with weights in 'fp32' or 'int8'."""
        return (self.folder / f"{weights}.xml").is_file()

    def compiled(self, weights: str, options: dict[str, Any]) -> Any:
        """The model with weights in 'fp32' or 'int8', ready for the processor. What was compiled is kept too.

        It is read from a file in any case: one fresh from the conversion differs from it in the last bits.
        """
        return apart(lambda: self._compiled(weights, options))

    def _compiled(self, weights: str, options: dict[str, Any]) -> Any:
        file = self.folder / f"{weights}.xml"
        if not self.has(weights):
            self._quantise(file)
        core, kept = openvino().Core(), {"CACHE_MODE": "OPTIMIZE_SIZE"}
        core.set_property({"CACHE_DIR": str(self.folder / COMPILED)})
        try:
            return core.compile_model(str(file), "CPU", {**options, **kept})
        except RuntimeError:
            return openvino().Core().compile_model(str(file), "CPU", options)

    def _quantise(self, file: Path) -> None:
        from miner.encoders.openvino_quantise import quantised

        tokenizer = FastTokenizer(self.tokenizer, self.description.max_length, self.description.pad)
        made = quantised(
            openvino().Core().read_model(self.folder / "fp32.xml"),
            tokenizer,
            self.description.document_prompt,
        )
        with TemporaryDirectory(dir=self.folder) as private:
            _save(made, Path(private) / file.name)
            for name in (file.with_suffix(".bin").name, file.name):
                (Path(private) / name).replace(self.folder / name)


def converted(located: Located) -> ConvertedModel:
    """The model of a folder, converted now or before. Raises MissingExtra, ModelError."""
    sums = model_sums(located)
    home = cache_folder() / "openvino" / _key(located, sums)
    if (known := _known(home)) is not None:
        return ConvertedModel(located, home, known, sums)
    description, tokenizer, model = _converted(located)
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        made, holder = Path(mkdtemp(dir=home.parent)), None
    except OSError:
        holder = TemporaryDirectory(prefix="miner-")
        made = Path(holder.name)
    _write(made, description, tokenizer, model)
    if holder is None:
        made = _moved(made, home)
    return ConvertedModel(located, made, description, sums, holder)


def _key(located: Located, sums: ModelSums) -> str:
    """Of the model's files, of what reads them, and of what is left out of the pooling by the model's name."""
    parts = {
        "weights": sums.weights,
        "settings": sums.settings,
        "openvino": openvino_version(),
        "name": located.name if located.name.startswith("hkunlp/") else "",
        "trusted": located.trusted,
        "format": FORMAT,
    }
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def _known(folder: Path) -> Description | None:
    """What was converted before, if it is whole."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        record = orjson.loads((folder / RECORD).read_bytes())
        if all((folder / name).stat().st_size == size for name, size in record["files"].items()):
            return Description.read(record["encoder"])
    return None


def _converted(located: Located) -> tuple[Description, str, Any]:
    from miner.encoders.openvino_graph import bert_graph

    openvino()
    files = _plain(located)
    if files is not None and (graph := bert_graph(files)) is not None:
        return files.description, files.tokenizer, graph
    from miner.encoders.model import load
    from miner.encoders.openvino_trace import traced

    return traced(load(located))


def _plain(located: Located) -> BertFiles | None:
    """A model of a shape that nobody expected is no plain one."""
    with suppress(AttributeError, TypeError, KeyError, ValueError, IndexError):
        return read_bert(located)
    return None


def _write(folder: Path, description: Description, tokenizer: str, model: Any) -> None:
    _save(model, folder / "fp32.xml")
    (folder / TOKENIZER).write_text(tokenizer, "utf-8")
    sizes = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
    record = {"encoder": description.record(), "files": sizes}
    (folder / RECORD).write_bytes(orjson.dumps(record, option=orjson.OPT_INDENT_2))


def _moved(made: Path, home: Path) -> Path:
    """The folder in its place; one that is damaged goes, one that another process put there stays."""
    import shutil

    with suppress(OSError):
        if home.exists() and _known(home) is None:
            shutil.rmtree(home, ignore_errors=True)
        made.rename(home)
        home.chmod(0o755)
        return home
    if _known(home) is None:
        return made
    shutil.rmtree(made, ignore_errors=True)
    return home


def _save(model: Any, file: Path) -> None:
    openvino().save_model(model, file, compress_to_fp16=False)
