"""/health, /metrics, /v1/check-api-key."""

from __future__ import annotations

from prometheus_client import generate_latest
from starlette.requests import Request
from starlette.responses import Response

from miner.serving import schemas as wire
from miner.serving.bodies import answer
from miner.serving.services import house
from miner.version import __version__

EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


async def health(request: Request) -> Response:
    """GET /health: answered as soon as requests are, without a key."""
    return answer(wire.Health(status="ok", version=__version__))


def metrics(request: Request) -> Response:
    """GET /metrics, for Prometheus."""
    return Response(generate_latest(house(request).counters.registry), media_type=EXPOSITION)


async def check_key(request: Request) -> Response:
    """POST /v1/check-api-key: who gets here has a valid one."""
    return answer(wire.KeyCheck(valid=True))
