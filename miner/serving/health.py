"""/health, /metrics, /v1/check-api-key."""

from __future__ import annotations

from prometheus_client import generate_latest
from starlette.responses import Response

from miner.serving import schemas as wire
from miner.serving.routing import Home, router
from miner.version import __version__

EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"
OWNER = "local"
routes = router("server")


@routes.get("/health")
async def health() -> wire.Health:
    """Whether the server answers, without a key."""
    return wire.Health(status="ok", version=__version__)


@routes.get("/metrics", include_in_schema=False)
def metrics(home: Home) -> Response:
    """For Prometheus."""
    return Response(generate_latest(home.counters.registry), media_type=EXPOSITION)


@routes.post("/v1/check-api-key")
async def check_api_key() -> wire.KeyCheck:
    """Whether the key is right: who gets here has a valid one."""
    return wire.KeyCheck(valid=True, organization_id=OWNER, owner_id=OWNER)
