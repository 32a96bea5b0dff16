"""A server that runs until it is told to stop."""

from __future__ import annotations

import resource
import socket
from contextlib import suppress
from dataclasses import replace

from miner.errors import ConfigError, require
from miner.progress import halt
from miner.serving.settings import ServerLimits, ServerSettings

NEEDED = ("fastapi", "uvicorn", "python_multipart", "prometheus_client", "pydantic", "jinja2", "datasets")
GRACE = 30
"""Seconds that requests get to end in when the server is told to stop."""
BACKLOG = 1024
FILES = 256
"""Files that are open besides connections: uploads, models, the database."""


def serve(settings: ServerSettings) -> None:
    """Answer until SIGTERM or Ctrl-C; then finish what is being answered and stop training, to go on with later.

    The log's first line says that it starts, the second the address. Raises MissingExtra, ConfigError for an
    address that cannot be bound to, and what State raises.
    """
    if not isinstance(settings, ServerSettings):
        raise ConfigError(
            f"the settings are of type {type(settings).__name__}; expected ServerSettings(state=...)"
        )
    require(*NEEDED, extra="serve", purpose="the server")
    settings = replace(settings, limits=fitted(settings.limits))
    with bind(settings.host, settings.port) as bound:
        from miner.serving.telemetry import log, log_to_stderr

        log_to_stderr()
        log.info("starting", extra={"event": "starting"})
        import uvicorn

        from miner.serving.app import application
        from miner.serving.connections import Crowd
        from miner.serving.services import Services

        home = Services.open(settings)
        host, port = bound.getsockname()[:2]
        address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        log.info(f"serving at {address}", extra={"event": "start", "state": str(settings.state)})
        config = uvicorn.Config(
            application(home),
            http=Crowd(settings.limits).protocol(),
            ws="none",
            backlog=BACKLOG,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE,
        )
        with halt.awaited():
            uvicorn.Server(config).run(sockets=[bound])
        log.info("stopped", extra={"event": "stop"})


def fitted(limits: ServerLimits) -> ServerLimits:
    """The limits with no more connections than this process may have files open, which is raised first."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.connections + FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
    if soft == resource.RLIM_INFINITY:
        return limits
    return replace(limits, connections=max(16, min(limits.connections, soft - FILES)))


def bind(host: str, port: int) -> socket.socket:
    """A socket that waits at the address; port 0 takes a free one. Raises ConfigError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"{host}:{port}: cannot be served at ({error})") from None
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        bound.close()
        raise ConfigError(f"{host}:{port}: cannot be served at ({error})") from None
    return bound
