"""The notebook of the documentation runs from top to bottom, and shows what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

nbclient = pytest.importorskip("nbclient", reason="the extra 'dev' is not installed")
pytest.importorskip("ipykernel", reason="the extra 'dev' is not installed")
pytest.importorskip("pandas", reason="the extra 'pandas' is not installed")
pytest.importorskip("datasets", reason="the extra 'train' is not installed")

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The code cells after they were run in a kernel of its own."""
    import nbformat

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
        book = nbformat.read(ROOT / "docs" / "notebook.ipynb", as_version=4)
        folder = tmp_path_factory.mktemp("notebook")
        client = nbclient.NotebookClient(
            book, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
        )
        client.execute()
    assert (folder / "train.receipts.jsonl").is_file()
    return [cell for cell in book.cells if cell.cell_type == "code"]


def shown(cell: Any, kind: str = "text/plain") -> str:
    """What a cell gave and displayed last, in the form `kind`."""
    found = [each["data"].get(kind, "") for each in cell.outputs if "data" in each]
    return str(found[-1]) if found else ""


def printed(cell: Any) -> str:
    return "".join(each["text"] for each in cell.outputs if each["output_type"] == "stream")


@pytest.mark.slow
def test_the_notebook_shows_what_it_says(cells: list[Any]) -> None:
    build, frame, mined, evidence, rejected, table, data, dropped_in, written = cells
    assert shown(build).startswith("Index('indexes/help'")
    assert "relevant_passages" in shown(frame, "text/html") or "relevant_ids" in shown(frame, "text/html")
    assert shown(mined) == "MiningResult(40 rows, 160 negatives, index='indexes/help')"
    page = shown(mined, "text/html")
    assert page.count("<tr>") == 4
    assert "37 more rows" in page
    assert len(printed(evidence).splitlines()) == 5
    assert "same_id | " in printed(rejected)
    assert "mean" in shown(table)
    assert "'negative_4'" in shown(data)
    assert "'negative'" in shown(dropped_in)
    assert shown(written) == "(40, 160)"
    assert not any(each["output_type"] == "error" for cell in cells for each in cell.outputs)


@pytest.mark.slow
def test_progress_is_shown_in_the_cell_and_taken_away(cells: list[Any]) -> None:
    """A stage has one line of output that is drawn again and again and is empty in the end."""
    lines = [each["data"]["text/plain"] for each in cells[0].outputs if each["output_type"] == "display_data"]
    assert lines
    assert set(lines) == {""}
    assert len(lines) == 1
