"""Tables of the terminal: aligned in cells, cut to a width, ids never."""

from __future__ import annotations

from rich.cells import cell_len

from miner.cli.console import LEAST, table

ID = "a/rather/long/folder/and-file.md"
ROWS = [(1, ID, "the text of the first passage " * 9), (22, "b.md", "短い文章です")]


def test_numbers_stand_to_the_right_and_nothing_is_cut_without_a_width() -> None:
    first, second = table(ROWS).splitlines()
    assert first.startswith(f" 1  {ID}  the text")
    assert second.startswith("22  b.md ")
    assert first.endswith(("the text of the first passage " * 9).strip())


def test_the_last_column_fills_the_width_and_ids_stay_whole() -> None:
    lines = table(ROWS, ("n", "id", "text"), width=80).splitlines()
    assert max(map(cell_len, lines)) <= 80
    assert ID in lines[1]
    assert lines[1].endswith("…")
    assert lines[2].endswith("短い文章です")


def test_wide_characters_are_cut_by_the_cells_they_take() -> None:
    (line,) = table([("x", "短い" * 40)], width=41).splitlines()
    assert cell_len(line) <= 41
    assert line.endswith("…")


def test_a_text_without_room_is_left_out() -> None:
    lines = table(ROWS, width=len(ID) + 6 + LEAST - 1).splitlines()
    assert lines[0].strip() == f"1  {ID}"
