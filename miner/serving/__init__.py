"""Cohere's client, answered on your own machine: data sets, fine-tuning and reranking over HTTP.

State lives in one folder: `serve.sqlite`, `datasets/ID/` with the files of each upload, `models/ID/` with
each training run. Validation and training run in processes of their own, which end with their server and go
on with the next one.
"""

from miner.serving.settings import ServerLimits, ServerSettings

__all__ = ["ServerLimits", "ServerSettings"]
