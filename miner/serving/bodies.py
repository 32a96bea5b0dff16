"""Requests into wire types, and wire types into responses; what does not fit is told in one sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

Sent = TypeVar("Sent", bound=BaseModel)
PAGE, MOST = 50, 1_000
WHOLE = re.compile(r"[0-9]{1,15}(\.0+)?")
"""Cohere's client sends some of them with a decimal point."""
KINDS = ("str", "dict[str,any]")
"""How pydantic calls the kinds of a document, which are no part of its place."""


async def body(request: Request, kind: type[Sent]) -> Sent:
    """The JSON body as `kind`. Raises HTTPException 400 with what is wrong first."""
    try:
        return kind.model_validate_json(await request.body())
    except ValidationError as error:
        raise HTTPException(400, f"invalid request: {_sentence(error)}") from None


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    steps = [step for step in first["loc"] if step not in KINDS]
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return f"{place.lstrip('.') or 'the body'}: {first['msg']}"


def answer(value: BaseModel, status: int = 200) -> Response:
    return Response(value.model_dump_json(exclude_none=True), status, media_type="application/json")


def number(parameters: Mapping[str, str], name: str, default: int, most: int | None = None) -> int:
    """A whole number from 0. Raises HTTPException 400 for anything else."""
    text = parameters.get(name)
    if text is None:
        return default
    if not WHOLE.fullmatch(text):
        raise HTTPException(400, f"invalid request: {name} is {text!r}; expected a whole number from 0")
    value = int(text.partition(".")[0])
    return value if most is None else min(value, most)


def moment(parameters: Mapping[str, str], name: str) -> datetime | None:
    """A date and time. Raises HTTPException 400 for anything else."""
    text = parameters.get(name)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise HTTPException(400, f"invalid request: {name} is {text!r}; expected a date and time") from None


def page(parameters: Mapping[str, str], items: list[Any]) -> tuple[list[Any], str]:
    """The items that page_size and page_token ask for, and the token of the next page, '' at the end."""
    size = number(parameters, "page_size", PAGE, MOST) or PAGE
    start = number({"page_token": parameters.get("page_token") or "0"}, "page_token", 0)
    end = start + size
    return items[start:end], str(end) if end < len(items) else ""


def ordered(parameters: Mapping[str, str], items: list[Any]) -> list[Any]:
    """The items, made earliest first, as order_by asks. Raises HTTPException 400 for another order."""
    asked = parameters.get("order_by", "created_at")
    if asked in ("created_at", "created_at asc"):
        return items
    if asked == "created_at desc":
        return items[::-1]
    raise HTTPException(400, "invalid request: order_by; expected created_at or created_at desc")
