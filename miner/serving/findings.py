"""What the validator found in a data set, line by line, and a corrected file where one can be made."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import Depends
from fastapi.responses import FileResponse
from pydantic import BaseModel
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException

from miner.serving.datasets import Found
from miner.serving.problems import FULL
from miner.serving.routing import Home, router
from miner.serving.state import UPLOADS, remove
from miner.validating.fix import fix_file

CORRECTABLE = ("blank-negative", "repeated-negative", "overlap")
"""Rules whose breaches a corrected file lacks: what Cohere's platform itself removed, and overlaps."""
Side = Literal["train", "eval"]
routes = router("data sets")


class ListedFinding(BaseModel):
    """One breach of a rule; `count` is how many of them the file has, of which the first few are listed."""

    rule: str
    severity: Literal["error", "warning"]
    side: Side
    file: str
    line: int | None = None
    message: str
    count: int


class FindingList(BaseModel):
    findings: list[ListedFinding]
    correctable: list[Side]


@routes.get("/v1/datasets/{id}/findings", response_model_exclude_none=True)
def list_findings(found: Found) -> FindingList:
    """What `miner validate` says of the files, errors first; `correctable` are those that can be corrected."""
    listed = [ListedFinding.model_validate(each) for each in found.findings]
    return FindingList(findings=listed, correctable=correctable(found.findings))


def correctable(findings: list[dict[str, Any]]) -> list[Side]:
    sides: tuple[Side, ...] = ("train", "eval")
    return [s for s in sides if any(f["side"] == s and f["rule"] in CORRECTABLE for f in findings)]


def side_of(found: Found, side: Side) -> dict[str, Any]:
    """The part of a data set. Raises HTTPException 404."""
    for part in found.parts:
        if part["id"] == side:
            return part
    raise HTTPException(404, f"dataset {found.id!r} has no {side} file")


Part = Annotated[dict[str, Any], Depends(side_of)]


@routes.get("/v1/datasets/{id}/corrected/{side}", response_class=FileResponse, responses=FULL)
def get_corrected(home: Home, found: Found, part: Part) -> FileResponse:
    """The file without blank, repeated and overlapping negatives, as `miner validate --fix` writes it."""
    work = Path(tempfile.mkdtemp(dir=home.state.folder / UPLOADS))
    try:
        target = work / "corrected.jsonl"
        fix_file(home.state.dataset(found.id) / f"{part['id']}.jsonl", target, overlap=True)
    except BaseException:
        remove(work)
        raise
    name = f"{Path(part['name']).stem}.corrected.jsonl"
    clean = BackgroundTask(remove, work)
    return FileResponse(target, media_type="application/jsonl", filename=name, background=clean)
