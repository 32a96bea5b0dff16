"""What all routes share: where they lead, how bodies are read, and pages of long lists."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Annotated, Any, Literal, TypeVar

import orjson
from fastapi import APIRouter, Depends, Query, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import Response

from miner.serving.problems import DISK, REFUSALS
from miner.serving.services import Services

PAGE, MOST = 50, 1_000
Whole = Annotated[int, Field(ge=0, le=10**15 - 1)]
Item = TypeVar("Item")


def house(request: Request) -> Services:
    found: Services = request.app.state.house
    return found


Home = Annotated[Services, Depends(house)]


class StrictRequest(Request):
    """A request whose JSON is JSON and nothing else, and whose files may find the disk full."""

    async def json(self) -> Any:
        return orjson.loads(await self.body())

    async def form(self, **limits: Any) -> FormData:  # type: ignore[override]
        try:
            return await super().form(**limits)
        except OSError as error:
            raise HTTPException(DISK, f"what was sent cannot be stored ({error.strerror or error})") from None


class BodyRoute(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            return await handle(StrictRequest(request.scope, request.receive))

        return handler


def router(tag: str) -> APIRouter:
    return APIRouter(route_class=BodyRoute, responses=REFUSALS, tags=[tag])


class PageQuery(BaseModel):
    """Which part of a list is asked for."""

    model_config = ConfigDict(extra="ignore")
    page_size: Whole = PAGE
    page_token: Annotated[str, Field(pattern="^[0-9]{0,15}$")] = ""

    def of(self, items: Sequence[Item]) -> tuple[list[Item], str]:
        """The items of the page, and the token of the next one, '' at the end."""
        start = int(self.page_token or 0)
        end = start + min(self.page_size or PAGE, MOST)
        return list(items[start:end]), str(end) if end < len(items) else ""


class OrderedQuery(PageQuery):
    """The same, in an order; items are given earliest first."""

    order_by: Literal["created_at", "created_at asc", "created_at desc"] = "created_at"

    def of(self, items: Sequence[Item]) -> tuple[list[Item], str]:
        return super().of(items[::-1] if self.order_by.endswith("desc") else items)


Pages = Annotated[PageQuery, Query()]
Ordered = Annotated[OrderedQuery, Query()]
