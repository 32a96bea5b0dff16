"""Refusals in Cohere's shape: one sentence in `message`, and the status that its client makes an error of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path

from miner.serving import schemas as wire

REFUSALS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": wire.Problem, "description": "Refused; the message says why."},
    503: {"model": wire.Problem, "description": "Too much at once; try again after Retry-After seconds."},
}
FULL: dict[int | str, dict[str, Any]] = {507: {"model": wire.Problem, "description": "The disk is full."}}
KINDS = ("str", "dict[str,any]")
"""How pydantic calls the kinds of a document, which are no part of its place."""
DISK = 507


def problem(status: int, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"message": message}, status, headers)


def refuse(message: str) -> HTTPException:
    """What was asked for makes no sense."""
    return HTTPException(400, f"invalid request: {message}")


def missing(kind: str, id: str) -> HTTPException:
    return HTTPException(404, f"{kind} {id!r} not found")


def install(app: FastAPI) -> None:
    """Have every error of the application told in this shape."""
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(OSError, full)


async def full(request: Request, error: Exception) -> Response:
    """The disk is full, or does not let itself be written."""
    return problem(DISK, f"what was sent cannot be stored ({getattr(error, 'strerror', None) or error})")


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == 404 and error.detail == "Not Found":
        paths = sorted(path for path in request.app.openapi()["paths"])
        return problem(404, f"this server has no {request.url.path[:200]}; it answers to {', '.join(paths)}")
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(sorted(_allowed(request)))
    return problem(error.status_code, error.detail, headers)


def _allowed(request: Request) -> set[str]:
    """Every method that the path answers to; a route knows only its own."""
    paths, asked = request.app.openapi()["paths"], request.url.path
    alike = [path for path in paths if compile_path(path)[0].match(asked)]
    found = asked if asked in paths else next(iter(alike), None)
    return {method.upper() for method in paths[found]} if found else {"GET"}


async def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    where, steps = first["loc"][0], [step for step in first["loc"][1:] if step not in KINDS]
    if first["type"] == "json_invalid":
        return problem(400, f"invalid request: the body is no JSON ({first['ctx']['error']})")
    if first["type"] == "extra_forbidden":
        return problem(
            400, f"invalid request: unknown field: parameter {_place(steps)!r} is not a valid field"
        )
    said = f"{where} {_place(steps)}" if where == "path" else _place(steps) or "the body"
    return problem(400, f"invalid request: {said}: {first['msg']}")


def _place(steps: list[Any]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
