"""The page of formats says what the tables of readers and writers hold."""

from __future__ import annotations

import runpy
from pathlib import Path

from miner.corpus import READERS

ROOT = Path(__file__).parents[2]


def test_the_page_of_formats_is_that_of_the_tables() -> None:
    page = runpy.run_path(str(ROOT / "scripts" / "formats.py"))["page"]()
    assert (ROOT / "docs" / "formats.md").read_text("utf-8") == page
    assert all(f"`{suffix}`" in page for suffix in READERS)
