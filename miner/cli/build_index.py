"""miner build-index"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from miner.cli.console import as_shown, gave_json, say, table, terminal, word
from miner.cli.judges import YesOption, consent
from miner.cli.precision import say_slow
from miner.cli.reading import (
    ColumnsOption,
    EncodingOption,
    ExcludeOption,
    IncludeOption,
    StrictOption,
    read_options,
    say_passed_over,
)

if TYPE_CHECKING:
    from miner.cleaning import Cleaner
    from miner.corpus.notes import Notes
    from miner.index import Existing, Index
    from miner.progress import Clock


def command(
    corpus: Annotated[
        Path,
        typer.Argument(
            help="A folder or file of documents or records; docs/formats.md lists them; - is standard input."
        ),
    ],
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", help="Index folder or URI; default: indexes/<name of the corpus>."),
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            help="A model's folder or hub name, or 'openai(model=…, price=…)'; default: the bundled all-MiniLM-L6-v2."
        ),
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, ...; default: the best there is.")] = None,
    dtype: Annotated[
        str | None, typer.Option(help="fp32, bf16, fp16 or int8; default: the best there is.")
    ] = None,
    backend: Annotated[
        str, typer.Option(help="torch, openvino, or auto: the fastest that is installed.")
    ] = "auto",
    query_prompt: Annotated[str | None, typer.Option(help="Default: the model's own.")] = None,
    document_prompt: Annotated[str | None, typer.Option(help="Default: the model's own.")] = None,
    max_length: Annotated[
        int | None, typer.Option(help="Tokens of a text; default: the model's own.")
    ] = None,
    columns: ColumnsOption = None,
    encoding: EncodingOption = None,
    include: IncludeOption = None,
    exclude: ExcludeOption = None,
    strict: StrictOption = False,
    clean: Annotated[bool, typer.Option("--clean", help="Clean the texts first.")] = False,
    update: Annotated[bool, typer.Option("--update", help="Bring an index to a changed corpus.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an index of another model.")
    ] = False,
    shard_size: Annotated[int, typer.Option(min=1, help="Passages a shard.")] = 16384,
    executor: Annotated[
        str, typer.Option(help="serial, processes(workers=8), or ray(workers=8, gpus=1).")
    ] = "serial",
    ray_address: Annotated[str | None, typer.Option(help="A Ray cluster; default: this machine.")] = None,
    trust_remote_code: Annotated[
        bool, typer.Option("--trust-remote-code", help="Run code that comes with a hub model.")
    ] = False,
    yes: YesOption = False,
) -> None:
    """Encode a corpus into an index. A build that was stopped continues where it was."""
    from miner.cli.executors import executor_of
    from miner.cli.outputs import given_input
    from miner.encoders.load import load_encoder
    from miner.index.build_index import build_index, default_out, runtime_of
    from miner.progress import Clock

    workers, clock = executor_of(executor, ray_address), Clock(terminal())
    options = read_options(columns, encoding, strict, include, exclude)
    with given_input(corpus) as source:
        known = {} if overwrite else runtime_of(out or default_out(source))
        backend, dtype = _runtime(encoder, backend, device, dtype, known)
        with clock.stage("load the encoder"):
            loaded = load_encoder(
                encoder,
                device=device,
                dtype=dtype,
                backend=backend,
                query_prompt=query_prompt,
                document_prompt=document_prompt,
                max_length=max_length,
                trust_remote_code=trust_remote_code,
            )
        existing: Existing = "replace" if overwrite else "update" if update else "keep"
        with consent(yes), workers.open() as running:
            index = build_index(
                source,
                out,
                loaded,
                clean=_cleaner() if clean else None,
                options=options,
                shard_size=shard_size,
                existing=existing,
                executor=running,
                clock=clock,
            )
    record = _record(index, corpus, clock, options.notes)
    gave_json(lambda: record)
    say(summary(index, clock))
    say_passed_over(options.notes)
    say(f"\nwrote {index.place}\nnext: miner mine QUERIES --index {word(str(index.place))}")


def _cleaner() -> Cleaner:
    from miner.cleaning import Cleaner

    return Cleaner()


def _runtime(
    model: str | None, backend: str, device: str | None, dtype: str | None, known: Mapping[str, Any]
) -> tuple[str, str | None]:
    """Backend and dtype: as asked for, as the index that is there has them, or the fastest; says which."""
    from miner.encoders.endpoint import is_spelt
    from miner.encoders.load import AUTO, HASHING, choose_backend

    if backend == AUTO and device is None and dtype is None and known:
        say(f"encoding by {known['backend']} in {known['dtype']}, as the index that is there")
        say_slow(known["dtype"])
        return known["backend"], known["dtype"]
    chosen = choose_backend(backend, device, dtype)
    if backend == AUTO and model != HASHING and not is_spelt(model or ""):
        say(f"encoding by {chosen}, the fastest that is installed")
    say_slow(dtype, device)
    return backend, dtype


def summary(index: Index, clock: Clock) -> str:
    """The small tables at the end: what the index holds, and what each stage cost."""
    counts = index.manifest.counts
    held = [
        ("passages", f"{counts.passages:,}"),
        ("duplicates folded", f"{counts.read - counts.blank - counts.passages:,}"),
        ("blank, left out", f"{counts.blank:,}"),
        ("shards", f"{len(index.manifest.shards):,}"),
    ]
    if same := index.manifest.agreement:
        held.append(("agreement with fp32", agreement_of(same)))
    costs = [
        (
            stage.name,
            f"{stage.seconds:.2f} s",
            _rate(stage.items, stage.seconds),
            _rate(stage.tokens, stage.seconds),
            f"{stage.peak_memory / 2**20:,.0f} MiB",
        )
        for stage in clock.stages.values()
    ]
    return f"{table(held)}\n\n{table(costs, ('stage', 'time', 'passages/s', 'tokens/s', 'peak memory'))}"


def agreement_of(same: Mapping[str, Any]) -> str:
    """The measured agreement in a line."""
    if not same["k"]:
        return "too few passages to say"
    return (
        f"cosine {same['cosine']:.4f}, top {same['k']} {same['top']:.1%} the same, {same['top_near_ties']:.1%} "
        f"with near ties ({same['texts']} passages)"
    )


def _rate(count: int, seconds: float) -> str | None:
    return f"{count / seconds:,.0f}" if count and seconds else None


def _record(index: Index, corpus: Path, clock: Clock, notes: Notes) -> dict[str, Any]:
    """Beside the sealed files: how the last build went."""
    from miner.index.build import RECORD
    from miner.storage.files import json_bytes
    from miner.version import __version__

    record: dict[str, Any] = {
        "miner": __version__,
        "command": "build-index",
        "corpus": str(corpus),
        "read": as_shown(notes.record()),
        "index": index.describe(),
        "stages": clock.record(),
    }
    index.place.write(RECORD, json_bytes(record))
    return record
