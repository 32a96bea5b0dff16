from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from miner.errors import ConfigError, InputError
from miner.validating import Preflight, lengths, validate

Record = dict[str, Any]


def words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def record(number: int) -> Record:
    negatives = [f"Unlike answer {letter} of {number}." for letter in "abcde"]
    return {
        "query": f"question {number}?",
        "relevant_passages": [f"Answer {number}."],
        "hard_negatives": negatives,
    }


def write(path: Path, records: Sequence[Record | bytes]) -> Path:
    lines = [
        one if isinstance(one, bytes) else json.dumps(one, ensure_ascii=False).encode() for one in records
    ]
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def check(train: Path, evaluation: Path | None = None, cap: int = 100) -> Preflight:
    return validate(train, evaluation, model=words, cap=cap)


def found(preflight: Preflight) -> list[tuple[str, str, int | None, str]]:
    return [(one.rule, one.severity, one.line, one.message) for one in preflight.findings]


def changed(number: int, **fields: Any) -> Record:
    return record(number) | fields


BREACHES: dict[str, tuple[str, Callable[[int], Record | bytes], list[str]]] = {
    "encoding": ("error", lambda n: b'{"query": "caf\xe9"}', ["is not UTF-8 (byte 15 of the line)"]),
    "json": ("error", lambda n: b"[1]", ["holds a list; expected a JSON object"]),
    "missing-field": (
        "error",
        lambda n: {"relevant_passages": ["p"], "hard_negatives": ["n"]},
        ["has no 'query'"],
    ),
    "wrong-type": (
        "error",
        lambda n: changed(n, relevant_passages="p"),
        ["'relevant_passages' is a string; expected a list of strings"],
    ),
    "unknown-field": (
        "error",
        lambda n: changed(n, title="t"),
        ["has the field 'title'; expected only query, relevant_passages, hard_negatives"],
    ),
    "blank-query": ("error", lambda n: changed(n, query=" \t"), ["'query' is blank"]),
    "no-relevant": (
        "error",
        lambda n: changed(n, relevant_passages=[]),
        ["'relevant_passages' is empty; expected: There is at least one relevant_passage for every query"],
    ),
    "blank-relevant": (
        "error",
        lambda n: changed(n, relevant_passages=["p", ""]),
        ["'relevant_passages' holds 1 blank passage"],
    ),
    "overlap": (
        "error",
        lambda n: changed(n, relevant_passages=["p", "r"], hard_negatives=["r", "n", "p"]),
        [
            f"string '{text}' is both a relevant passage and hard negatives of query 'question 7?'"
            for text in "pr"
        ],
    ),
    "repeated-relevant": (
        "warning",
        lambda n: changed(n, relevant_passages=["p", "p", "p"]),
        ["'relevant_passages' repeats 2 passages"],
    ),
    "blank-negative": (
        "warning",
        lambda n: changed(n, hard_negatives=["n", "", " "]),
        ["'hard_negatives' holds 2 blank passages, which the platform removes"],
    ),
    "repeated-negative": (
        "warning",
        lambda n: changed(n, hard_negatives=["n", "m", "n"]),
        ["'hard_negatives' repeats 1 passage, which the platform removes"],
    ),
    "near-copy": (
        "warning",
        lambda n: changed(n, relevant_passages=["An égg."], hard_negatives=["AN ÉGG!", "x y", "X-y", "n"]),
        [
            "hard negative 'AN ÉGG!' differs from a relevant passage only in case, spaces or punctuation",
            "hard negative 'X-y' differs from another hard negative only in case, spaces or punctuation",
        ],
    ),
    "no-negatives": (
        "warning",
        lambda n: {key: value for key, value in record(n).items() if key != "hard_negatives"},
        ["has no hard negatives; roughly five hard negatives leads to meaningful improvement"],
    ),
    "many-negatives": (
        "warning",
        lambda n: changed(n, hard_negatives=list("abcdef")),
        ["has 6 hard negatives; typically between 1 - 5"],
    ),
    "markup": (
        "warning",
        lambda n: changed(n, relevant_passages=["see <br> here"], hard_negatives=["at https://example.org"]),
        ["holds HTML and URLs; remove what the task does not need ('miner clean')"],
    ),
    "repeated-query": (
        "warning",
        lambda n: changed(n, query="question 1?"),
        ["the query is that of line 2 again"],
    ),
    "too-long": (
        "warning",
        lambda n: changed(n, query="q " * 110, relevant_passages=["p " * 401], hard_negatives=["m " * 499]),
        [
            "2 of 2 passages do not fit beside the query (110 of 510 tokens):"
            " 100 of their 900 tokens (11%) are cut"
        ],
    ),
}


def test_a_clean_file_has_no_findings(tmp_path: Path) -> None:
    preflight = check(write(tmp_path / "train.jsonl", [record(n) for n in range(320)]))
    assert found(preflight) == []
    assert (preflight.errors, preflight.warnings) == (0, 0)
    assert preflight.files[0]["queries"] == preflight.files[0]["unique_queries"] == 320
    assert preflight.files[0]["average_relevant_passages"] == 1.0
    assert preflight.files[0]["average_hard_negatives"] == 5.0


@pytest.mark.parametrize("rule", BREACHES)
def test_each_rule_broken_once_gives_its_findings_alone(tmp_path: Path, rule: str) -> None:
    severity, make, messages = BREACHES[rule]
    records: list[Record | bytes] = [record(n) for n in range(330)]
    records[7] = make(7)
    preflight = check(write(tmp_path / "train.jsonl", records))
    assert found(preflight) == [(rule, severity, 8, message) for message in messages]
    assert (preflight.errors, preflight.warnings) == (
        len(messages) * (severity == "error"),
        len(messages) * (severity == "warning"),
    )


def test_all_rules_broken_in_one_file_give_all_findings(tmp_path: Path) -> None:
    records: list[Record | bytes] = [record(n) for n in range(1000, 1000 + len(BREACHES))]
    expected = []
    for place, (rule, (severity, make, messages)) in enumerate(BREACHES.items()):
        records.extend([record(n) for n in (0, 1)] if place == 0 else [])
        records.append(make(7))
        line = len(records)
        expected += [(rule, severity, line, message) for message in messages]
    path = write(tmp_path / "train.jsonl", [record(0), record(1), *records])
    kept = [one for one in found(check(path)) if one[0] not in ("repeated-query", "few-queries")]
    assert kept == [
        (rule, severity, line + 2, message)
        for rule, severity, line, message in expected
        if rule != "repeated-query"
    ]


def test_all_that_one_row_can_break_at_once_is_found(tmp_path: Path) -> None:
    row = {
        "query": " ",
        "relevant_passages": ["<p>p", "<p>p", ""],
        "hard_negatives": ["<p>p", "", "n", "n", "N", "m " * 600],
        "extra": None,
    }
    preflight = check(write(tmp_path / "train.jsonl", [*map(record, range(320)), row]))
    assert [(one.rule, one.line) for one in preflight.findings] == [
        (rule, 321)
        for rule in (
            "unknown-field",
            "blank-query",
            "blank-relevant",
            "overlap",
            "repeated-relevant",
            "blank-negative",
            "repeated-negative",
            "near-copy",
            "many-negatives",
            "markup",
            "too-long",
        )
    ]


def test_the_row_of_coheres_page_gives_coheres_sentence(tmp_path: Path) -> None:
    passage = "Physics is made easy by doing experiments."
    query = "What can make Physics easy to learn?"
    row = {"query": query, "relevant_passages": [passage], "hard_negatives": [passage, "Physics is hard."]}
    preflight = check(write(tmp_path / "train.jsonl", [*map(record, range(320)), row]))
    assert found(preflight) == [
        (
            "overlap",
            "error",
            321,
            f"string '{passage}' is both a relevant passage and hard negatives of query '{query}'",
        )
    ]


def test_a_byte_order_mark_is_an_error_and_the_first_row_still_counts(tmp_path: Path) -> None:
    path = write(tmp_path / "train.jsonl", [record(n) for n in range(320)])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    preflight = check(path)
    assert [(one.rule, one.line) for one in preflight.findings] == [("byte-order-mark", 1)]
    assert preflight.files[0]["queries"] == 320


@pytest.mark.parametrize(
    ("queries", "rules"),
    [(255, ["few-queries"]), (256, ["few-queries-to-split"]), (319, ["few-queries-to-split"]), (320, [])],
)
def test_the_minimum_of_training_queries(tmp_path: Path, queries: int, rules: list[str]) -> None:
    preflight = check(write(tmp_path / "train.jsonl", [record(n) for n in range(queries)]))
    assert [one.rule for one in preflight.findings] == rules
    assert preflight.errors == rules.count("few-queries")


def test_repeated_queries_do_not_count_towards_the_minimum(tmp_path: Path) -> None:
    preflight = check(write(tmp_path / "train.jsonl", [record(n % 255) for n in range(400)]))
    assert preflight.counts[str(tmp_path / "train.jsonl"), "repeated-query"] == 145
    assert preflight.findings[0].message == (
        "has 255 unique queries; expected: Your dataset contains at least 256 unique queries, in total"
    )
    assert preflight.findings[1].line == 256


def test_an_evaluation_file_has_its_own_rules(tmp_path: Path) -> None:
    train = write(tmp_path / "train.jsonl", [record(n) for n in range(256)])
    enough = write(tmp_path / "enough.jsonl", [record(n) for n in range(256, 320)])
    assert found(check(train, enough)) == []
    few = write(tmp_path / "few.jsonl", [record(n) for n in range(194, 257)])
    preflight = check(train, few, cap=2)
    assert [(one.rule, one.file, one.line, one.message) for one in preflight.findings] == [
        (
            "few-evaluation-queries",
            str(few),
            None,
            "has 63 unique queries; expected: at least 64 unique validation queries",
        ),
        (
            "shared-query",
            str(few),
            1,
            f"the query is that of {train}:195; Don't repeat queries from the training set.",
        ),
        (
            "shared-query",
            str(few),
            2,
            f"the query is that of {train}:196; Don't repeat queries from the training set.",
        ),
    ]
    assert preflight.counts[str(few), "shared-query"] == 62
    assert preflight.errors == 63


def test_the_size_of_the_dataset_counts_both_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train = write(tmp_path / "train.jsonl", [record(n) for n in range(256)])
    enough = write(tmp_path / "enough.jsonl", [record(n) for n in range(256, 320)])
    size = train.stat().st_size + enough.stat().st_size
    monkeypatch.setattr("miner.validating.sets.MOST_BYTES", size)
    assert found(check(train, enough)) == []
    monkeypatch.setattr("miner.validating.sets.MOST_BYTES", size - 1)
    assert [one.rule for one in check(train, enough).findings] == ["too-large"]


def test_a_file_is_not_its_own_evaluation(tmp_path: Path) -> None:
    train = write(tmp_path / "train.jsonl", [record(n) for n in range(2)])
    with pytest.raises(ConfigError, match="training file itself"):
        check(train, tmp_path / "." / "train.jsonl")


def test_compressed_files_and_blank_lines_keep_their_line_numbers(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl.gz"
    rows = [b"", b"{", *(json.dumps(record(n)).encode() for n in range(320))]
    path.write_bytes(gzip.compress(b"\n".join(rows)))
    assert [(one.rule, one.line) for one in check(path).findings] == [("json", 2)]


def test_a_query_that_fills_the_room_cuts_its_passages_whole(tmp_path: Path) -> None:
    row = changed(1, query="q " * 600, hard_negatives=[])
    preflight = check(write(tmp_path / "train.jsonl", [row]))
    assert preflight.findings[-1].message == (
        "1 of 1 passages do not fit beside the query (600 of 510 tokens): 2 of their 2 tokens (100%) are cut"
    )


def test_of_many_long_rows_a_sample_is_counted_and_the_rest_estimated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lengths, "SAMPLE", 100)
    long = "p " * 600
    rows = [changed(n, relevant_passages=[f"{long if n % 2 else long[:900]}{n}"]) for n in range(1000)]
    path = write(tmp_path / "train.jsonl", rows)
    numbers = check(path).files[0]["lengths"]
    assert (numbers["rows_that_could_be_cut"], numbers["rows_counted"], numbers["estimated"]) == (
        1000,
        100,
        True,
    )
    assert 350 < numbers["rows_cut"] < 650
    assert check(path).files[0]["lengths"] == numbers


def test_texts_are_counted_once_and_short_rows_never(tmp_path: Path) -> None:
    counted: list[str] = []

    def count(texts: Sequence[str]) -> list[int]:
        counted.extend(texts)
        return words(texts)

    long = "p " * 300
    rows = [changed(n, relevant_passages=[long], hard_negatives=["n"]) for n in range(300)]
    path = write(tmp_path / "train.jsonl", [*rows, record(300)])
    validate(path, model=count)
    assert sorted(counted) == sorted({long, "n", *(f"question {n}?" for n in range(300))})


@pytest.mark.model
def test_the_default_counter_is_the_bundled_tokenizer() -> None:
    from miner.models.tokenizer import token_counter

    assert token_counter()(["Hello, world!", "unbelievability", ""]) == [4, 5, 0]
    assert token_counter()(["word " * 1000]) == [1000]


@pytest.mark.parametrize("size", [20, 200])
def test_damaged_compression_is_named(size: int, tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl.gz"
    data = gzip.compress(b"".join(json.dumps(record(n)).encode() + b"\n" for n in range(99)))
    path.write_bytes(data[:size] + bytes(9) + data[size + 9 :])
    with pytest.raises(InputError, match=r"train\.jsonl\.gz:\d+: cannot be read"):
        check(path)
