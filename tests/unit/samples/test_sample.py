"""The packaged sample keeps its promises, and is written whole and never over anything else."""

from __future__ import annotations

import csv
import errno
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from miner import samples
from miner.errors import ConfigError, OutputError
from miner.storage.files import read_jsonl

Judgments = dict[str, dict[str, int]]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.sample(tmp_path_factory.mktemp("sample") / "help")


@pytest.fixture(scope="module")
def articles(sample: Path) -> dict[str, tuple[str, str]]:
    """Title and body by id."""
    corpus = sample / "corpus"
    parsed = {}
    for path in corpus.rglob("*.md"):
        front = re.fullmatch(
            r"---\ntitle: (.+)\ncategory: (\w+)\n---\n\n(.+)\n", path.read_text("utf-8"), re.DOTALL
        )
        assert front, path
        assert front[2] == path.parent.name
        parsed[path.relative_to(corpus).as_posix()] = (front[1], front[3])
    return parsed


@pytest.fixture(scope="module")
def queries(sample: Path) -> dict[str, tuple[str, list[str]]]:
    """Query and its listed relevant ids, by query id."""
    rows = [row for _, row in read_jsonl(sample / "queries.jsonl")]
    assert all(list(row) == ["id", "query", "relevant_ids"] for row in rows)
    assert len({row["id"] for row in rows}) == len(rows)
    return {row["id"]: (row["query"], row["relevant_ids"]) for row in rows}


@pytest.fixture(scope="module")
def judgments(sample: Path) -> Judgments:
    with (sample / "judgments.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    assert list(rows[0]) == ["query-id", "corpus-id", "score"]
    judged: Judgments = defaultdict(dict)
    for row in rows:
        assert row["corpus-id"] not in judged[row["query-id"]], row
        judged[row["query-id"]][row["corpus-id"]] = int(row["score"])
    return judged


def answering(judged: dict[str, int]) -> set[str]:
    return {passage for passage, score in judged.items() if score == 2}


def test_families_of_four_to_eight_articles(articles: dict[str, tuple[str, str]]) -> None:
    families = Counter(name.partition("/")[0] for name in articles)
    assert len(articles) >= 168
    assert len(families) >= 20
    assert set(families.values()) <= set(range(4, 9))


def test_each_article_is_one_passage_of_its_own(articles: dict[str, tuple[str, str]]) -> None:
    titles, bodies = zip(*articles.values(), strict=True)
    assert all(50 <= len(body.split()) <= 130 for body in bodies)
    assert all(1 <= len(body.split("\n\n")) <= 3 for body in bodies)
    assert not any(line.startswith("#") for body in bodies for line in body.splitlines())
    assert len(set(titles)) == len(set(bodies)) == len(articles)


def test_no_two_articles_share_a_sentence(articles: dict[str, tuple[str, str]]) -> None:
    sentences = Counter(
        sentence
        for _, body in articles.values()
        for sentence in set(re.split(r"(?<=[.?!])\s+", body))
        if len(sentence.split()) > 5
    )
    assert [sentence for sentence, count in sentences.items() if count > 1] == []


def test_queries_are_many_and_distinct(
    queries: dict[str, tuple[str, list[str]]], articles: dict[str, tuple[str, str]]
) -> None:
    folded = [re.sub(r"\W+", " ", query).strip().casefold() for query, _ in queries.values()]
    titles = {re.sub(r"\W+", " ", title).strip().casefold() for title, _ in articles.values()}
    assert len(set(folded)) == len(folded) >= 345
    assert titles.isdisjoint(folded)
    assert sum(len(query.split()) <= 4 for query in folded) >= 60
    assert sum(len(query.split()) >= 15 for query in folded) >= 25


def test_each_query_is_judged_and_each_listed_passage_answers(
    queries: dict[str, tuple[str, list[str]]], judgments: Judgments, articles: dict[str, tuple[str, str]]
) -> None:
    assert judgments.keys() == queries.keys()
    for number, (_, listed) in queries.items():
        assert judgments[number].keys() <= articles.keys()
        assert set(judgments[number].values()) <= {1, 2}
        assert listed
        assert len(set(listed)) == len(listed)
        assert set(listed) <= answering(judgments[number])


def test_every_article_answers_something(judgments: Judgments, articles: dict[str, tuple[str, str]]) -> None:
    assert set().union(*map(answering, judgments.values())) == articles.keys()


def test_shares_of_queries_with_several_answers_and_with_unlabelled_ones(
    queries: dict[str, tuple[str, list[str]]], judgments: Judgments
) -> None:
    complete = {number: answering(judgments[number]) for number in queries}
    assert sum(len(passages) >= 2 for passages in complete.values()) >= 120
    assert sum(len(listed) >= 2 for _, listed in queries.values()) >= 90
    hidden = sum(set(listed) < complete[number] for number, (_, listed) in queries.items())
    assert 70 <= hidden <= 110


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "help"
    assert samples.sample(folder) == folder
    before = snapshot(folder)
    assert {name.partition("/")[0] for name in before} == {
        "README.md",
        "corpus",
        "judgments.tsv",
        "queries.jsonl",
    }
    samples.sample(folder)
    assert snapshot(folder) == before


def test_missing_files_are_written_again(tmp_path: Path) -> None:
    samples.sample(tmp_path)
    before = snapshot(tmp_path)
    (tmp_path / "queries.jsonl").unlink()
    (tmp_path / "corpus/plans/cancel.md").unlink()
    samples.sample(tmp_path)
    assert {name: data for name, (data, _) in snapshot(tmp_path).items()} == {
        name: data for name, (data, _) in before.items()
    }


@pytest.mark.parametrize("name", ["queries.jsonl", "corpus/plans/cancel.md", "notes.txt", "corpus/own.md"])
def test_a_folder_with_other_content_is_refused_and_left_alone(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine", encoding="utf-8")
    before = snapshot(tmp_path)
    with pytest.raises(ConfigError, match=re.escape(name)):
        samples.sample(tmp_path)
    assert snapshot(tmp_path) == before


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "help").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match="is a file"):
        samples.sample(tmp_path / "help")


def test_a_disk_that_fills_up_leaves_none_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written, write = list[Path](), Path.write_bytes

    def until_full(path: Path, data: bytes) -> int:
        if len(written) == 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(path)
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", until_full)
    with pytest.raises(OutputError, match=r"help: cannot be written \(No space left on device\)"):
        samples.sample(tmp_path / "help")
    assert not list(tmp_path.iterdir())
    (tmp_path / "some").mkdir()
    with pytest.raises(OutputError, match=r"some: cannot be written"):
        samples.sample(tmp_path / "some")
    assert not list((tmp_path / "some").iterdir())


def test_the_current_folder_stays_the_same_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = tmp_path.stat().st_ino
    killed = tmp_path / f".{tmp_path.name}.0123abcd.tmp" / "corpus"
    killed.mkdir(parents=True)
    samples.sample(".")
    assert tmp_path.stat().st_ino == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(samples.PARTS)
    (tmp_path / "queries.jsonl").unlink()
    samples.sample(".")
    assert Path("queries.jsonl").is_file()
