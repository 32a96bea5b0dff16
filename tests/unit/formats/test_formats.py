from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from miner.corpus.options import ReadOptions, strict
from miner.data import Row
from miner.errors import ConfigError, InputError
from miner.formats import Sourced, format_of
from miner.formats.cohere import write_rows
from miner.formats.convert import convert
from miner.formats.reading import read_any

ROW = Row("How?", ("So.", "Thus."), ("No.", "Never.", "Nay."))
BARE = Row("Why?", ("Because.",))
RECEIPT: dict[str, Any] = {
    "query": "How?",
    "relevant": [{"id": "yes/1.md#2", "similarity": 0.75}, {"id": None, "similarity": 0.5}],
    "negatives": [
        {"id": "no", "similarity": 0.25},
        {"id": "with space", "similarity": 0.125},
        {"id": "no", "similarity": 0.0},
    ],
}


def read(path: Path, options: ReadOptions | None = None) -> list[Row]:
    return [row for _, row in read_any(path, options or strict())]


def written(spelling: str, path: Path, rows: list[Row], receipt: dict[str, Any] | None = None) -> list[Any]:
    format_of(spelling).write(path, (Sourced(row, receipt) for row in rows))
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_triplets_pair_every_relevant_passage_with_every_negative(tmp_path: Path) -> None:
    assert written("triplet", tmp_path / "t.jsonl", [ROW, BARE]) == [
        {"anchor": "How?", "positive": good, "negative": bad}
        for good in ("So.", "Thus.")
        for bad in ROW.hard_negatives
    ]


def test_n_tuples_have_n_negatives_and_leave_shorter_rows_out(tmp_path: Path) -> None:
    assert written("n-tuple(negatives=2, anchor='query')", tmp_path / "t.jsonl", [ROW, BARE]) == [
        {"query": "How?", "positive": good, "negative_1": "No.", "negative_2": "Never."}
        for good in ("So.", "Thus.")
    ]


def test_labels_are_one_for_relevant_and_zero_for_negative(tmp_path: Path) -> None:
    pairs = written("labeled-pair", tmp_path / "p.jsonl", [ROW])
    assert [(one["anchor"], one["passage"], one["label"]) for one in pairs] == [
        ("How?", "So.", 1),
        ("How?", "Thus.", 1),
        ("How?", "No.", 0),
        ("How?", "Never.", 0),
        ("How?", "Nay.", 0),
    ]
    assert written("labeled_list(passages='docs')", tmp_path / "l.jsonl", [BARE, ROW]) == [
        {"anchor": "Why?", "docs": ["Because."], "labels": [1]},
        {"anchor": "How?", "docs": [*ROW.relevant_passages, *ROW.hard_negatives], "labels": [1, 1, 0, 0, 0]},
    ]


def test_flag_embedding_takes_scores_from_receipts(tmp_path: Path) -> None:
    plain = {"query": "How?", "pos": ["So.", "Thus."], "neg": ["No.", "Never.", "Nay."]}
    assert written("flag-embedding", tmp_path / "f.jsonl", [ROW]) == [plain]
    assert written("flag-embedding(prompt='Rank:')", tmp_path / "f.jsonl", [ROW], RECEIPT) == [
        plain | {"pos_scores": [0.75, 0.5], "neg_scores": [0.25, 0.125, 0.0], "prompt": "Rank:"}
    ]
    unknown = RECEIPT | {"relevant": [{"id": "a"}, {"id": "b"}]}
    assert written("flag-embedding", tmp_path / "f.jsonl", [ROW], unknown) == [plain]


TAUGHT = RECEIPT | {
    side: [{**entry, "teacher": float(place)} for place, entry in enumerate(RECEIPT[side])]
    for side in ("relevant", "negatives")
}


def test_a_teachers_scores_go_before_similarities_in_every_format_that_carries_scores(tmp_path: Path) -> None:
    (flag,) = written("flag-embedding", tmp_path / "f.jsonl", [ROW], TAUGHT)
    assert (flag["pos_scores"], flag["neg_scores"]) == ([0.0, 1.0], [0.0, 1.0, 2.0])
    (listed,) = written("labeled-list(scored=True)", tmp_path / "l.jsonl", [ROW], TAUGHT)
    assert listed["labels"] == [0.0, 1.0, 0.0, 1.0, 2.0]
    (row,) = written("tevatron", tmp_path / "t.jsonl", [ROW], TAUGHT)
    assert [each["score"] for each in row["negative_passages"]] == [0.0, 1.0, 2.0]
    assert row["positive_passages"][0] == {
        "docid": RECEIPT["relevant"][0]["id"], "title": "", "text": "So.", "score": 0.0,
    }  # fmt: skip


def test_a_list_of_scores_is_not_written_where_none_are_known(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no scores are known of query"):
        written("labeled-list(scored=True)", tmp_path / "l.jsonl", [ROW])


def test_tevatron_rows_are_read_as_they_were_written(tmp_path: Path) -> None:
    (row,) = written("tevatron", tmp_path / "t.jsonl", [ROW])
    assert "score" not in row["positive_passages"][0]
    assert read(tmp_path / "t.jsonl") == [ROW]


def test_ms_swift_rows_are_conversations(tmp_path: Path) -> None:
    assert written("ms-swift", tmp_path / "m.jsonl", [Row("How?", ("So.",), ("No.",))]) == [
        {
            "messages": [{"role": "user", "content": "How?"}],
            "positive_messages": [[{"role": "assistant", "content": "So."}]],
            "negative_messages": [[{"role": "assistant", "content": "No."}]],
        }
    ]
    path = tmp_path / "foreign.jsonl"
    path.write_text(
        json.dumps(
            {
                "messages": [{"role": "system", "content": "Be exact."}, {"role": "user", "content": "How?"}],
                "positive_messages": [[{"role": "assistant", "content": "So."}]],
            }
        )
    )
    assert read(path) == [Row("How?", ("So.",))]


def test_a_beir_folder_has_ids_of_receipts_and_judgments_for_trec(tmp_path: Path) -> None:
    folder = tmp_path / "beir"
    format_of("beir").write(folder, [Sourced(ROW, RECEIPT), Sourced(Row("Who?", ("So.",)))])
    corpus = [json.loads(line) for line in (folder / "corpus.jsonl").read_text().splitlines()]
    assert corpus[0] == {"_id": "yes/1.md#2", "title": "", "text": "So."}
    assert [one["_id"] for one in corpus if one["text"] == "No."] == ["no"]
    hashed = [one["_id"] for one in corpus if one["text"] in ("Thus.", "Never.", "Nay.")]
    assert all(name.startswith("p-") and len(name) == 18 for name in hashed)
    lines = (folder / "qrels" / "train.tsv").read_text().splitlines()
    assert lines[:2] == ["query-id\tcorpus-id\tscore", "q1\tyes/1.md#2\t1"]
    assert [line.split("\t")[2] for line in lines[1:]] == ["1", "1", "0", "0", "0", "1"]
    trec = (folder / "qrels.trec").read_text().splitlines()
    assert trec == [line.replace("\t", " 0 ", 1).replace("\t", " ") for line in lines[1:]]
    (folder / "qrels" / "train.tsv").unlink()
    assert read(folder) == [ROW, Row("Who?", ("So.",))]


def test_a_foreign_beir_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "corpus.jsonl").write_text(
        '{"_id": "a", "title": "T", "text": "A."}\n{"_id": "b", "text": "B."}\n'
    )
    (tmp_path / "queries.jsonl").write_text('{"_id": "1", "text": "x"}\n{"_id": "2", "text": "y"}\n')
    qrels = tmp_path / "qrels.tsv"
    qrels.write_text("query-id\tcorpus-id\tscore\n1\ta\t2\n1\tb\t0\n2\tb\t0\n")
    assert read(tmp_path) == [Row("x", ("T\nA.",), ("B.",))]
    qrels.write_text("1\tmissing\t1\n")
    with pytest.raises(InputError, match=r"qrels\.tsv:1: judges 'missing', which is not in the folder"):
        read(tmp_path)


def test_scattered_triplets_of_other_makers_become_one_row_a_query(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(
        '{"anchor": "a", "positive": "p", "negative": "n", "scores": [1, 0]}\n'
        '{"anchor": "b", "positive": "q", "negative": "n"}\n'
        '{"anchor": "a", "positive": "p", "negative": "m"}\n'
    )
    assert read(path) == [Row("a", ("p",), ("n", "m")), Row("b", ("q",), ("n",))]


def test_cells_that_a_spreadsheet_would_run_are_quoted(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    texts = ("=cmd|' /C calc'!A0", "+1", "-1", "@x", "\ty", "\rz", "'=quoted", "'plain", "1-1")
    row = Row("=SUM(A1)", texts)
    format_of("labeled-pair").write(path, [Sourced(row)])
    with path.open(newline="", encoding="utf-8") as stream:
        cells = list(csv.reader(stream))
    assert cells[0] == ["anchor", "passage", "label"]
    assert [line[1] for line in cells[1:]] == [
        f"'{text}" if text not in ("'plain", "1-1") else text for text in texts
    ]
    assert read(path) == [row]


@pytest.mark.parametrize(
    ("good", "line", "message"),
    [
        ("pair", '{"anchor": "a", "positive": " "}', "'positive' holds a blank passage"),
        ("pair", '{"positive": "a"}', "has no 'anchor'; found positive"),
        (
            "labeled-pair",
            '{"anchor": "a", "passage": "p", "label": "x"}',
            "has the label 'x'; expected a number",
        ),
        (
            "labeled-list",
            '{"anchor": "a", "passages": ["p"], "labels": [1, 0]}',
            "has 1 passage and 2 labels",
        ),
        ("labeled-list", '{"anchor": "a", "passages": ["p"], "labels": [0]}', "has no relevant passage"),
        ("flag-embedding", '{"query": "a", "pos": 3}', "'pos' is a number"),
        ("flag-embedding", '{"query": "a"}', "has no relevant passage"),
        ("ms-swift", '{"messages": "a", "positive_messages": []}', "is not of messages; expected lists"),
        ("ms-swift", '{"messages": [], "positive_messages": []}', "is not of messages; expected lists"),
        ("cohere", '{"query": "a", "relevant_passages": []}', "has no relevant passage"),
    ],
)
def test_a_wrong_record_is_named(tmp_path: Path, good: str, line: str, message: str) -> None:
    path, options = tmp_path / "data.jsonl", ReadOptions()
    first = {"pair": '{"anchor": "b", "positive": "p"}'}.get(good)
    if first is None:
        format_of(good).write(path, [Sourced(Row("b", ("p",)))])
        first = path.read_text().strip().splitlines()[0]
    path.write_text(f"{first}\n\n{line}\n")
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}:3: {message}")
    assert read(path, options) == [Row("b", ("p",))]
    assert [(note.line, note.message.startswith(message)) for note in options.notes.listed] == [(3, True)]


def test_labels_without_a_relevant_passage_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"anchor": "a", "passage": "p", "label": 0}\n')
    with pytest.raises(InputError, match="has no relevant passage"):
        read(path)


def test_misuse_is_refused(tmp_path: Path) -> None:
    for spelling in ("n-tuples", "n-tuple(negative=2)", "n-tuple(negatives='2')", "n-tuple(negatives=0)"):
        with pytest.raises(ConfigError):
            format_of(spelling)
    with pytest.raises(ConfigError, match="not a kind of table that is written"):
        format_of().write(tmp_path / "rows.xlsx", [Sourced(ROW)])
    with pytest.raises(ConfigError, match="holds no queries"):
        read(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="is not empty; expected a new folder"):
        format_of("beir").write(tmp_path, [Sourced(ROW)])
    broken = tmp_path / "rows.parquet"
    broken.write_bytes(b"PAR1 not really")
    with pytest.raises(InputError, match="is not a readable parquet file"):
        read(broken)


def test_converting_counts_what_is_left_out_and_takes_receipts_along(tmp_path: Path) -> None:
    source = tmp_path / "rows.jsonl"
    write_rows(source, [ROW, BARE])
    receipts = [RECEIPT, {"query": "Why?", "relevant": [{"id": "w"}], "negatives": []}]
    (tmp_path / "rows.receipts.jsonl").write_text("".join(json.dumps(one) + "\n" for one in receipts))
    done = convert(source, tmp_path / "t.jsonl", to=format_of("triplet"))
    assert (done.rows, done.left_out) == (1, 1)
    convert(source, tmp_path / "f.jsonl", to=format_of("flag-embedding"))
    first, second = (json.loads(line) for line in (tmp_path / "f.jsonl").read_text().splitlines())
    assert first["pos_scores"] == [0.75, 0.5]
    assert "pos_scores" not in second
    convert(source, tmp_path / "copy.jsonl", to=format_of())
    assert (tmp_path / "copy.jsonl").read_bytes() == source.read_bytes()
    assert [
        json.loads(line) for line in (tmp_path / "copy.receipts.jsonl").read_text().splitlines()
    ] == receipts
    assert not (tmp_path / "f.receipts.jsonl").exists()


@pytest.mark.parametrize(
    ("entry", "said"),
    [(1, "expected a list of objects"), ({"similarity": "x"}, r"negatives\[0\].similarity is a string")],
)
def test_a_damaged_receipt_is_named_and_nothing_is_converted(
    entry: object, said: str, tmp_path: Path
) -> None:
    source = tmp_path / "rows.jsonl"
    write_rows(source, [Row("q", ("a",), ("b",))])
    receipt = {"query": "q", "relevant": [{}], "negatives": [entry]}
    (tmp_path / "rows.receipts.jsonl").write_text(json.dumps(receipt) + "\n")
    for spelling in ("cohere", "flag-embedding"):
        with pytest.raises(InputError, match=rf"rows\.receipts\.jsonl:1: .*{said}"):
            convert(source, tmp_path / "out.jsonl", to=format_of(spelling))
    assert not (tmp_path / "out.jsonl").exists()


def test_converting_nothing_writes_nothing(tmp_path: Path) -> None:
    source = tmp_path / "rows.jsonl"
    write_rows(source, [BARE])
    for spelling, target in (("triplet", "t.jsonl"), ("n-tuple", "t.parquet")):
        with pytest.raises(InputError, match=r"none of 1 row fits into"):
            convert(source, tmp_path / target, to=format_of(spelling))
    source.write_text("")
    with pytest.raises(InputError, match="holds no queries"):
        convert(source, tmp_path / "beir", to=format_of("beir"))
    with pytest.raises(ConfigError, match="is the file that is read"):
        convert(source, source, to=format_of())
    assert [file.name for file in tmp_path.iterdir()] == ["rows.jsonl"]


def test_a_saved_data_set_opens_in_its_library_and_is_the_same_each_time(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="needs the extra 'train'")
    for name in ("a", "b"):
        format_of("labeled-list").write(tmp_path / name, [Sourced(ROW), Sourced(BARE)])
    found = datasets.load_from_disk(str(tmp_path / "a"))
    assert found.column_names == ["anchor", "passages", "labels"]
    assert found[1] == {"anchor": "Why?", "passages": ["Because."], "labels": [1]}
    files = [sorted(folder.rglob("*")) for folder in (tmp_path / "a", tmp_path / "b")]
    assert [file.name for file in files[0]] == [file.name for file in files[1]]
    assert [file.read_bytes() for file in files[0]] == [file.read_bytes() for file in files[1]]
    datasets.DatasetDict({"train": found, "test": found}).save_to_disk(str(tmp_path / "both"))
    with pytest.raises(ConfigError, match="holds several data sets"):
        read(tmp_path / "both")
