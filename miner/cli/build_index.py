"""miner build-index"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from miner.cli.console import gave_json, say, table, terminal

if TYPE_CHECKING:
    from miner.index import Existing, Index
    from miner.progress import Clock


def command(
    corpus: Annotated[
        Path, typer.Argument(help="A folder or file: .md, .txt, .jsonl, .csv, .tsv, .parquet, BEIR.")
    ],
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", help="Index folder or URI; default: indexes/<name of the corpus>."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="A model's folder or hub name; default: the bundled all-MiniLM-L6-v2.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, ...; default: the best there is.")] = None,
    dtype: Annotated[
        str | None, typer.Option(help="fp32, bf16, fp16 or int8; default: the best there is.")
    ] = None,
    backend: Annotated[str | None, typer.Option(help="torch or openvino.")] = None,
    query_prompt: Annotated[str | None, typer.Option(help="Default: the model's own.")] = None,
    document_prompt: Annotated[str | None, typer.Option(help="Default: the model's own.")] = None,
    max_length: Annotated[
        int | None, typer.Option(help="Tokens of a text; default: the model's own.")
    ] = None,
    clean: Annotated[bool, typer.Option("--clean", help="Clean the texts first.")] = False,
    update: Annotated[bool, typer.Option("--update", help="Bring an index to a changed corpus.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an index of another model.")
    ] = False,
    shard_size: Annotated[int, typer.Option(min=1, help="Passages a shard.")] = 16384,
    executor: Annotated[str, typer.Option(help="serial, or ray(workers=8, gpus=1).")] = "serial",
    ray_address: Annotated[str | None, typer.Option(help="A Ray cluster; default: this machine.")] = None,
    trust_remote_code: Annotated[
        bool, typer.Option("--trust-remote-code", help="Run code that comes with a hub model.")
    ] = False,
) -> None:
    """Encode a corpus into an index. A build that was stopped continues where it was."""
    from miner.cleaning import Cleaner
    from miner.cli.executors import executor_of
    from miner.encoders.load import load_encoder
    from miner.index import build_index
    from miner.progress import Clock

    workers = executor_of(executor, ray_address)
    encoder = load_encoder(
        model,
        device=device,
        dtype=dtype,
        backend=backend,
        query_prompt=query_prompt,
        document_prompt=document_prompt,
        max_length=max_length,
        trust_remote_code=trust_remote_code,
    )
    existing: Existing = "replace" if overwrite else "update" if update else "keep"
    clock = Clock(terminal())
    with workers.open() as running:
        index = build_index(
            corpus,
            out,
            encoder,
            clean=Cleaner() if clean else None,
            shard_size=shard_size,
            existing=existing,
            executor=running,
            clock=clock,
        )
    record = _record(index, corpus, clock)
    gave_json(lambda: record)
    say(summary(index, clock))
    say(f"\nwrote {index.place}")


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


def _record(index: Index, corpus: Path, clock: Clock) -> dict[str, Any]:
    """Beside the sealed files: how the last build went."""
    from miner.index.build import RECORD
    from miner.storage.files import json_bytes
    from miner.version import __version__

    record: dict[str, Any] = {
        "miner": __version__,
        "command": "build-index",
        "corpus": str(corpus),
        "index": index.describe(),
        "stages": clock.record(),
    }
    index.place.write(RECORD, json_bytes(record))
    return record
