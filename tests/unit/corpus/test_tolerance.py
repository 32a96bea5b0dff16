"""What can be used is used; what cannot is counted, and listed with file and line."""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from miner.corpus import read_corpus
from miner.corpus.columns import Columns
from miner.corpus.notes import LISTED, Notes
from miner.corpus.options import ReadOptions
from miner.errors import ConfigError, InputError, Misread
from miner.storage.encodings import likely_encoding


def read(path: Path, options: ReadOptions | None = None) -> list[tuple[str, str, str]]:
    return [(p.id, p.title, p.text) for p in read_corpus(path, options=options or ReadOptions())]


def texts(path: Path, columns: str | None = None) -> list[str]:
    return [text for *_, text in read(path, ReadOptions(columns=Columns.parse(columns)))]


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_what_is_passed_over_is_counted_by_reason_and_the_first_is_listed(tmp_path: Path) -> None:
    lines = ['{"text": "fine"}'] * 400 + ['{"text": 5}', "{broken"] * 15
    options = ReadOptions()
    path = put(tmp_path / "c.jsonl", "\n".join(lines))
    assert len(read(path, options)) == 400
    assert dict(options.notes.counts) == {"'text' is a number": 15, "is not valid JSON": 15}
    assert [note.line for note in options.notes.listed] == list(range(401, 401 + LISTED))
    assert options.notes.record()["passed_over"] == {"'text' is a number": 15, "is not valid JSON": 15}
    assert list(options.notes.lines())[-1] == "  … and 10 more"


@pytest.mark.parametrize(
    ("good", "broken", "ends"), [(17, 3, True), (18, 2, False), (1, 18, False), (270, 30, False)]
)
def test_a_run_ends_where_more_than_a_tenth_of_twenty_or_more_cannot_be_parsed(
    good: int, broken: int, ends: bool, tmp_path: Path
) -> None:
    path = put(tmp_path / "d" / "c.jsonl", '{"text": "fine"}\n' * good + "{broken\n" * broken)
    for place in (path, path.parent):
        if ends:
            with pytest.raises(
                Misread, match=rf"{broken} of {good + broken} records cannot be read as jsonl"
            ):
                read(place)
        else:
            assert len(read(place)) == good


def test_blanks_and_missing_texts_never_end_a_run(tmp_path: Path) -> None:
    lines = ['{"id": "1", "text": "hello", "score": NaN}', '{"id": "2", "text": null}', '{"id": "3"}'] * 20
    path = put(tmp_path / "c.jsonl", "\n".join(lines))
    assert [text for text in texts(path) if text] == ["hello"] * 20


def test_nothing_usable_is_an_error_that_names_the_first_fault(tmp_path: Path) -> None:
    path = put(tmp_path / "c.csv", "plan,price\nbasic,3\n")
    with pytest.raises(InputError, match=r"c\.csv: has no text in any record; found plan, price; name"):
        read(path)
    assert texts(path, "text=plan") == ["basic"]


def test_a_file_of_another_kind_in_a_folder_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    put(tmp_path / "a.md", "text")
    put(tmp_path / "prices.csv", "plan,price\nbasic,3\n")
    put(tmp_path / "b.xyz", "?")
    options = ReadOptions()
    assert read(tmp_path, options) == [("a.md", "", "text")]
    assert [note.file for note in options.notes.listed] == [str(tmp_path / "prices.csv")]
    assert next(iter(options.notes.lines())) == (
        "2 files passed over: 1 .xyz, 1 .csv (has no text in any record)"
    )


def test_a_missing_extra_costs_its_files_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pypdf", None)
    put(tmp_path / "a.md", "text")
    put(tmp_path / "f.pdf", "%PDF-1.4")
    options = ReadOptions()
    assert read(tmp_path, options) == [("a.md", "", "text")]
    assert "1 .pdf (pip install" in next(iter(options.notes.lines()))
    with pytest.raises(ConfigError, match="documents"):
        read(tmp_path / "f.pdf")


def test_patterns_choose_files_of_a_folder(tmp_path: Path) -> None:
    for name in ("a.md", "drafts/b.md", "c.txt", "node_modules/x/d.md", "api/v1/e.md"):
        put(tmp_path / name, name)
    assert texts(tmp_path) == ["a.md", "api/v1/e.md", "c.txt", "drafts/b.md"]
    assert [t for *_, t in read(tmp_path, ReadOptions(include=("*.md",), exclude=("drafts/",)))] == [
        "a.md",
        "api/v1/e.md",
    ]
    assert [t for *_, t in read(tmp_path, ReadOptions(include=("api/",)))] == ["api/v1/e.md"]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_csv_is_separated_by_what_its_header_shows(separator: str, tmp_path: Path) -> None:
    rows = [["id", "text"], ["1", '"a, b; c | d"'], ["2", "e"]]
    path = put(tmp_path / "c.csv", "\n".join(separator.join(row) for row in rows))
    assert texts(path) == ["a, b; c | d", "e"]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("id,text,,\n1,a,,\n2,b\n", ["a", "b"]),
        ("id,text\n1,a,,\n", ["a"]),
        ("sep=;\nid;text\n1;a\n", ["a"]),
        ('id,text\n1,"never closed\n2,b\n3,c\n', ["b", "c"]),
        ('id,text\n1,"a"b\n2,c\n', ["c"]),
        ("id,text\n1,a,b\n2,c\n", ["c"]),
        (
            "0,The first of the sentences here\n1,The second of them\n",
            ["The first of the sentences here", "The second of them"],
        ),
        ("ID,Text\n1,a\n", ["a"]),
    ],
)
def test_csv_as_people_have_it(table: str, expected: list[str], tmp_path: Path) -> None:
    assert texts(put(tmp_path / "c.csv", table)) == expected


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (
            'id\ttext\n1\t"Quoted start and never closed\n2\tb\n3\tends with a quote"\n4\td\n',
            ['"Quoted start and never closed', "b", 'ends with a quote"', "d"],
        ),
        ('id\ttext\n1\t"whole ""cell"""\n2\tsay "b"\n', ['whole "cell"', 'say "b"']),
        ('id\ttext\n1\t"over\nlines"\n2\tb\n', ["over\nlines", "b"]),
        ("7\tThe first passage\n8\tThe second passage\n", ["The first passage", "The second passage"]),
    ],
)
def test_no_quote_in_tsv_swallows_rows(table: str, expected: list[str], tmp_path: Path) -> None:
    assert texts(put(tmp_path / "c.tsv", table)) == expected


def test_columns_are_named_or_numbered(tmp_path: Path) -> None:
    path = put(tmp_path / "c.csv", "Nr,Frage,Antwort\n1,a,b\n")
    assert read(path, ReadOptions(columns=Columns.parse("id=Nr,title=Frage,text=Antwort"))) == [
        ("1", "a", "b")
    ]
    bare = put(tmp_path / "d.csv", "x1,hello\nx2,there\n")
    assert read(bare, ReadOptions(columns=Columns.parse("0=id,1=text"))) == [
        ("x1", "", "hello"),
        ("x2", "", "there"),
    ]
    with pytest.raises(InputError, match="has no column 'Titel'; found Nr, Frage, Antwort"):
        texts(path, "text=Titel")
    for wrong in ("text", "words=Antwort", "text="):
        with pytest.raises(ConfigError, match="--columns has"):
            Columns.parse(wrong)


@pytest.mark.parametrize(
    "content",
    [
        '[{"text": "a"}, {"text": "b"}]',
        '[\n  {"text": "a"},\n  {"text": "b"}\n]\n',
        '["a", "b"]',
        '{"data": [{"text": "a"}, {"text": "b"}]}',
        '{"id": [1, 2], "text": ["a", "b"]}',
        '{"text": "a"}\n{"text": "b"}\n',
        '"a"\n"b"\n',
    ],
)
@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".ndjson"])
def test_json_is_read_by_what_it_holds(content: str, suffix: str, tmp_path: Path) -> None:
    cells = content.startswith('["a"') and suffix != ".json"
    assert texts(put(tmp_path / f"c{suffix}", content)) == (["b"] if cells else ["a", "b"])


@pytest.mark.parametrize(
    "encoding", ["DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY", "PLAIN", "RLE_DICTIONARY"]
)
def test_parquet_in_every_encoding(encoding: str, tmp_path: Path) -> None:
    table, path = pa.table({"id": ["1", "2"], "text": ["a", "b"]}), tmp_path / "c.parquet"
    if encoding == "RLE_DICTIONARY":
        pq.write_table(table, path)
    else:
        pq.write_table(
            table, path, use_dictionary=False, column_encoding=dict.fromkeys(("id", "text"), encoding)
        )
    assert texts(path) == ["a", "b"]


def test_a_column_of_vectors_is_not_ignored_in_silence(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a"], "embedding": [[0.5, 0.25]]}), tmp_path / "c.parquet")
    options = ReadOptions()
    read(tmp_path / "c.parquet", options)
    assert options.notes.told == ["c.parquet: the vectors in column 'embedding' are not used"]


def test_a_title_alone_is_a_passage_of_a_record_and_a_heading_alone_none_of_a_document(
    tmp_path: Path,
) -> None:
    put(tmp_path / "r.jsonl", '{"_id": "d6", "title": "Opening hours: daily nine to five", "text": ""}\n')
    (passage,) = read_corpus(tmp_path / "r.jsonl")
    assert passage.encoded == "Opening hours: daily nine to five"
    assert texts(put(tmp_path / "d.md", "# A\n\n## B\n\ntext\n")) == ["text"]


@pytest.mark.parametrize(
    "unseen",
    [
        '<a name="c"></a>',
        '<a id="c"/>',
        "<!-- a comment\nover lines -->",
        "{/* a comment */}",
        "![](logo.png)",
        "[![build](https://x.y/a.svg)](https://x.y)",
        "[docs]: https://x.y 'title'",
        "{% include nav.html %}",
        "{{< toc >}}",
        "<br/>",
        "***",
        "---",
        "import Tabs from '@theme/Tabs'",
    ],
)
def test_what_nobody_sees_is_no_passage(unseen: str, tmp_path: Path) -> None:
    document = put(
        tmp_path / "d.mdx", f"# A\n\n{unseen}\n\n## B\n\nOne sentence.\n\n{unseen}\n\n## C\n\n{unseen}\n"
    )
    found = read(document)
    assert [(title, text.partition("\n")[0]) for _, title, text in found] == [("A > B", "One sentence.")]


def test_an_anchor_before_a_heading_belongs_to_what_follows(tmp_path: Path) -> None:
    text = '# Shop\n<a name="orders"></a>\n## Orders\n<a name="c"></a>\n### Cancel an order\nPress cancel.\n'
    assert read(put(tmp_path / "d.md", text)) == [
        ("d.md", "Shop > Orders > Cancel an order", "Press cancel.")
    ]
    text = "# A\n\none\n\n<!-- of\nB -->\n<a name='b'></a>\n\n## B\n\ntwo\n"
    assert [text for *_, text in read(put(tmp_path / "e.md", text))] == ["one", "two"]


def test_pages_give_sections_without_navigation(tmp_path: Path) -> None:
    page = (
        "<html><head><title>Help &amp; more</title><style>x{}</style></head><body><nav><p>Home</p></nav>"
        "<p>Intro</p><h1>Plans</h1><p>One</p><h2>Pause <a href='#p'>¶</a></h2><p>Two</p>"
        "<footer>©</footer></body></html>"
    )
    assert [(t, x) for _, t, x in read(put(tmp_path / "p.html", page))] == [
        ("Help & more", "Intro"),
        ("Help & more > Plans", "One"),
        ("Help & more > Plans > Pause", "Two"),
    ]


def test_restructured_text_gives_sections(tmp_path: Path) -> None:
    text = "=====\nPlans\n=====\n\nintro\n\n.. _pause:\n\nPause\n-----\n\n:ref:`x`\n\n"
    text += "Long\n~~~~\n\n.. image:: a.png\n\nmore\n"
    assert [(t, x) for _, t, x in read(put(tmp_path / "p.rst", text))] == [
        ("Plans", "intro"),
        ("Plans > Pause", ":ref:`x`"),
        ("Plans > Pause > Long", ".. image:: a.png\n\nmore"),
    ]


def test_a_folder_of_parquet_as_a_hub_lays_it_out_gives_its_corpus(tmp_path: Path) -> None:
    for name, rows in (("corpus", ["x y", "z", "w"]), ("queries", ["x"])):
        (tmp_path / name).mkdir()
        ids = [str(place) for place in range(len(rows))]
        pq.write_table(pa.table({"_id": ids, "text": rows}), tmp_path / name / "0.parquet")
    put(tmp_path / "README.md", "about")
    assert texts(tmp_path) == ["x y", "z", "w"]


def test_an_index_in_the_folder_is_not_read(tmp_path: Path) -> None:
    put(tmp_path / "a.md", "text")
    put(tmp_path / "a.index" / "manifest.json", "{}")
    put(tmp_path / "a.index" / "passages" / "x.txt", "no")
    assert texts(tmp_path) == ["text"]


def test_strict_raises_the_first(tmp_path: Path) -> None:
    path = put(tmp_path / "c.jsonl", '{"text": "a"}\n{"text": null}\n')
    with pytest.raises(InputError, match=r"c\.jsonl:2: 'text' is null"):
        read(path, ReadOptions(notes=Notes(strict=True)))


def test_what_opens_in_a_page_and_never_closes_takes_no_text_with_it(tmp_path: Path) -> None:
    page = (
        "<nav>open<p>One</p>"
        + "<h1>" * 500
        + "<p>Two</p>"
        + "<footer>" * 3
        + "<p>Three</p></footer><h2>Real</h2>Four"
    )
    found = read(put(tmp_path / "p.html", page))
    assert " ".join(text for *_, text in found).split() == ["open", "One", "Two", "Three", "Four"]
    assert found[-1][1] == "Real"


def test_whole_files_are_all_named_by_kind_reason_and_count(tmp_path: Path) -> None:
    put(tmp_path / "a.md", "text")
    for number in range(30):
        put(tmp_path / f"b{number}.csv", "plan,price\nbasic,3\n")
        put(tmp_path / f"c{number}.png", "?")
        (tmp_path / f"d{number}.txt").write_bytes(b"caf\xe9")
    for number in range(3):
        put(tmp_path / f"e{number}.md", "<!-- nothing that is seen -->\n")
        (tmp_path / f"f{number}.md").symlink_to(f"gone{number}")
        put(tmp_path / f"g.{number}", "a name with a number at its end")
    put(tmp_path / "Makefile", "all:")
    options = ReadOptions()
    assert read(tmp_path, options) == [("a.md", "", "text"), *((f"e{n}.md", "", "") for n in range(3))]
    first, *listed = options.notes.lines()
    assert first == (
        "100 files passed over: 30 .csv (has no text in any record), 30 .png, 30 .txt (is not UTF-8), "
        "3 .md (no text), 3 .md (is a broken link), 3 with other endings, 1 without an ending"
    )
    assert len(listed) == LISTED + 1
    assert listed[-1] == "  … and 43 more"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("name", ["c.csv", "c.tsv", "c.jsonl", "c.md"])
def test_lines_may_end_in_carriage_returns_alone(name: str, encoding: str, tmp_path: Path) -> None:
    content = {
        ".csv": 'id,text\r1,für\r2,"b, c"\r',
        ".tsv": "id\ttext\r1\tfür\r2\tb, c\r",
        ".jsonl": '{"text": "für"}\r{"text": "b, c"}\r',
        ".md": "# T\r\rfür\r\r## U\r\rb, c\r",
    }[Path(name).suffix]
    (tmp_path / name).write_bytes(content.encode(encoding))
    options = ReadOptions(encoding=encoding if encoding == "cp1252" else None)
    assert [text for *_, text in read(tmp_path / name, options)] == ["für", "b, c"]


def test_what_makes_a_file_readable_is_said(tmp_path: Path) -> None:
    put(tmp_path / "a.md", "text")
    for name in ("b.zip", "c.tar.gz", "d.XLSX", "e.doc", "f.pdf.gz"):
        put(tmp_path / name, "?")
    options = ReadOptions()
    assert texts(tmp_path) == ["text"]
    read(tmp_path, options)
    assert next(iter(options.notes.lines())) == (
        "5 files passed over: 2 .gz (packed; unpack it), 1 .zip (packed; unpack it), "
        "1 .xlsx (save it as .csv), 1 .doc (save it as .docx)"
    )
    with pytest.raises(ConfigError, match=r"found 1 \.zip \(packed; unpack it\)"):
        read(tmp_path / "b.zip")


def test_a_guess_at_an_encoding_keeps_no_document() -> None:
    data = b"caf\xe9 au lait \r\n" * 2**18
    before = sys.getrefcount(data)
    assert "cp1252" in likely_encoding(data)
    assert sys.getrefcount(data) == before


def test_few_letters_among_english_words_are_no_other_alphabet() -> None:
    rows = "".join(f"d{n};Refund;Invoice card receipt owner access login. Größe €\n" for n in range(60))
    assert "cp1252" in likely_encoding(rows.encode("cp1252"))
    assert "cp1251" in likely_encoding("Возврат средств за iPhone в течение семи дней".encode("cp1251"))


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's account of memory")
@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_damaged_packed_files_leave_nothing_in_memory(ending: str, tmp_path: Path) -> None:
    """What Arrow's streams are read into by `read` is never freed where that fails: 256 KiB a file or more."""

    def pages() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1])

    path = tmp_path / f"a.txt{ending}"
    path.write_bytes(b"damaged")
    before = 0
    for number in range(220):
        with pytest.raises(InputError, match="cannot be read"):
            read(path)
        before = before or (pages() if number == 19 else 0)
    assert (pages() - before) * 4096 < 20 * 2**20


def test_a_folder_of_which_nothing_can_be_used_names_all_that_lies_there(tmp_path: Path) -> None:
    put(tmp_path / "~$plan.docx", "lock")
    put(tmp_path / "a.xlsx", "?")
    with pytest.raises(ConfigError, match=r"nothing to read; .*; found 1 \.xlsx \(save it as \.csv\)$"):
        read(tmp_path)
    put(tmp_path / "b.json", "{")
    with pytest.raises(
        InputError, match=r"b\.json: .*; found 1 \.xlsx \(save it as \.csv\), 1 \.json \(is not"
    ):
        read(tmp_path)


@pytest.mark.parametrize("name", ["c.jsonl", "c.json", "c.csv", "c.tsv"])
def test_an_empty_file_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"{name}: is empty; expected texts"):
        read(put(tmp_path / name, "\n"))
