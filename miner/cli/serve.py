"""miner serve"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from miner.cli.precision import say_slow
from miner.errors import ConfigError


def command(
    state: Annotated[Path, typer.Argument(help="Folder for data sets, models and what is known of them.")],
    host: Annotated[str, typer.Option(help="Address to answer at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 8080,
    model_name: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=FOLDER: a base model by the name that clients use. Default: english, bundled."
        ),
    ] = None,
    api_key_env: Annotated[
        str | None, typer.Option(help="Environment variable with the API key; needed beyond this machine.")
    ] = None,
    max_upload: Annotated[int, typer.Option(min=1, help="MB of a data set.")] = 1500,
    max_documents: Annotated[int, typer.Option(min=1, help="Documents of a rerank request.")] = 1000,
    dtype: Annotated[
        str | None,
        typer.Option(
            help="Precision that models rank in: fp32, bf16, int8 (openvino). Default: the machine's."
        ),
    ] = None,
    backend: Annotated[str | None, typer.Option(help="Runtime of encoders: torch or openvino.")] = None,
    max_memory: Annotated[
        int | None, typer.Option(min=256, help="MB for the server and a training together.")
    ] = None,
    max_characters: Annotated[int, typer.Option(min=1, help="Of a query or a document.")] = 100_000,
) -> None:
    """Answer Cohere's client: data sets, fine-tuning and reranking over HTTP, and a page that does it all."""
    from miner.serving.server import serve
    from miner.serving.settings import ServerLimits, ServerSettings, parse_models

    say_slow(dtype)
    limits = ServerLimits(
        upload=max_upload * 10**6,
        documents=max_documents,
        characters=max_characters,
        memory=None if max_memory is None else max_memory * 10**6,
    )
    settings = ServerSettings(
        state=state,
        host=host,
        port=port,
        models=parse_models(model_name or []),
        key=_key(api_key_env),
        dtype=dtype,
        backend=backend,
        limits=limits,
    )
    serve(settings)


def _key(variable: str | None) -> str | None:
    if variable is None:
        return None
    if not (key := os.environ.get(variable, "")):
        raise ConfigError(f"the environment variable {variable} is not set; expected an API key in it")
    return key
