"""Cleaning: what each step takes out and leaves, and whole files."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

import miner
from miner.cleaning import DEFAULT, NAMES, STEPS, Cleaner
from miner.cleaning.files import clean
from miner.cleaning.report import CleaningReport
from miner.corpus import read_corpus
from miner.corpus.options import ReadOptions, strict
from miner.errors import ConfigError, InputError

SAMPLE = Path(miner.__file__).parent / "samples" / "corpus"

CHANGED = [
    ("html", "<p>One &amp; two</p><p>Three<br>four</p>", "One & two\n\nThree\nfour"),
    ("html", "a <b>bold</b> <a href='x > y'>link</a><!-- c -->", "a bold link"),
    ("html", "<ul>\n  <li>one</li>\n  <li>two</li>\n</ul>", "- one\n- two"),
    ("html", "<html><head><title>x</title></head>\n<body>y<script>z < 1</script></body></html>", "y"),
    ("html", "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
    ("html", "<pre>if a &lt; b:\n  c</pre>then", "```\nif a < b:\n  c\n```\n\nthen"),
    ("html", "use <code>&lt;b&gt;</code> here", "use `<b>` here"),
    ("html", "twice &amp;amp; more", "twice & more"),
    ("html", "&eacute;&#233;&#xe9;&nbsp;&foo;", "ééé &foo;"),
    ("urls", "see https://x.example/a_(b)?c=d#e.", "see."),
    ("urls", "[docs](https://x.example 'title') and ![alt](www.x.example)", "docs and alt"),
    ("urls", "on (https://x.example) or <http://y.example>, go", "on or, go"),
    ("urls", "one\nhttps://x.example\ntwo", "one\ntwo"),
    ("urls", "https://x.example is up", "is up"),
    ("emails", "write to a.b+c@mail.example.org, or call", "write to, or call"),
    ("emails", "[mail us](mailto:a@b.example) now", "mail us now"),
    ("markdown", "# A **b**\n\nC\n===\n\n> q *x*\n> y\n\n- [l](u) `c`", "A b\n\nC\n\nq x\ny\n\n- l c"),
    ("markdown", "1. a\n\tb *c*\n   _d_", "1. a\n\tb c\n   d"),
    ("markdown", "a *b*\t\n\x85c", "a b\t\n\x85c"),
    ("markdown", "# \na `b\nc` d", "\na b c d"),
    ("markdown", "a\n\n---\n\n![alt](i.png)", "a\n\n\nalt"),
    ("code_fences", "a\n```py\nx = 1\n```\nb\n~~~\ny", "a\nb"),
    ("mojibake", "donâ€™t, cafÃ©", "don’t, café"),
    ("mojibake", "isso Ã© tudo o que hÃ¡", "isso é tudo o que há"),
    ("mojibake", "5 â€“ 6", "5 – 6"),
    ("control", "a\x1b[31mred\x1b[0m\x00\x07\u200b\ufeff\u202eb\u2028c", "aredb\nc"),
    ("whitespace", "  a \t b  \r\n\r\n\r\n\r\n  c\u00a0\u00a0d ", "a b\n\n  c d"),
    ("whitespace", "a\n```\nx  =  1  \n\n\n\n```\nb  c", "a\n```\nx  =  1  \n\n\n\n```\nb c"),
]
CLEAN = [
    ("html", "a < b && c > d, List<String>, <3, 5 <b and AT&T &copy"),
    ("html", "`<b>x</b>` and\n```html\n<p>&amp;</p>\n```"),
    ("urls", "the www is big; add it with and without www. See http: and kestrelbook.example"),
    ("urls", "run `curl https://x.example`\n```\nhttps://x.example\n```"),
    ("emails", "@home at 3@4, `git@x.example` and a missing @."),
    ("markdown", "1. a\n\tb [x] c\n\td\n\ne\n   f"),
    ("markdown", "snake_case 2 * 3 * 4\n- a\n  1. b\n\n    code\n| a | b |\n|---|---|\n| c | d |"),
    ("mojibake", "Garbled accents such as Ã© mean that the file is not UTF-8."),
    ("mojibake", "Das ist süß, naïve Ångström, 中文, Ελληνικά, “quotes” – dash"),
    ("control", "می‌خواهم \u200f 👩‍💻 a\tb"),
    ("whitespace", "Combien\u00a0? 「全角」\u3000字\n\n    code\n- a\n  - b"),
]


@pytest.mark.parametrize(("step", "before", "after"), CHANGED)
def test_a_step_takes_out_what_it_is_for(step: str, before: str, after: str) -> None:
    cleaner = Cleaner((step,))
    assert cleaner.clean(before) == after
    assert cleaner.clean(after) == after


@pytest.mark.parametrize(("step", "text"), CLEAN)
def test_a_step_leaves_the_rest(step: str, text: str) -> None:
    assert Cleaner((step,)).clean(text) == text


@pytest.mark.parametrize("step", STEPS)
def test_the_sample_is_clean(step: str) -> None:
    cleaner = Cleaner((step,))
    for passage in read_corpus(SAMPLE):
        if step in DEFAULT:
            assert cleaner.clean(passage.text) == passage.text


def test_html_and_urls_put_into_the_sample_come_out_again(tmp_path: Path) -> None:
    marked, cleaned = tmp_path / "marked", tmp_path / "cleaned"
    for number, file in enumerate(sorted(SAMPLE.rglob("*.md"))):
        head, title, body = file.read_text(encoding="utf-8").split("---\n", 2)
        first, *rest = body.strip("\n").split("\n\n")
        words = first.replace("&", "&amp;").split(" ")
        words[1] = f"<b class='x'>{words[1]}</b>"
        words[3] += " (https://kestrelbook.example/a?b=c&d)"
        words[5] = f"[{words[5]}](https://kestrelbook.example/{number})"
        first = f"<p>{' '.join(words)}</p>"
        rest = ["https://kestrelbook.example", *(f"<div>{text}<br></div>" for text in rest), "<!-- end -->"]
        target = marked / file.relative_to(SAMPLE)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(f"{head}---\n{title}---\n\n" + "\n\n".join([first, *rest]) + "\n", encoding="utf-8")
    clean(marked, cleaned)
    for file in SAMPLE.rglob("*.md"):
        assert (cleaned / file.relative_to(SAMPLE)).read_text() == file.read_text()


@pytest.mark.parametrize("text", ["<p></p>", "https://x.example", "\u200b\x07", "<script>a</script>"])
def test_no_text_is_emptied(text: str) -> None:
    cleaned = Cleaner(NAMES[:-1]).trace(text)
    assert (cleaned.text, cleaned.kept, cleaned.changes) == (text, "emptied", {})


def test_what_never_settles_is_kept() -> None:
    text = "&" + "amp;" * 80 + "lt;"
    assert Cleaner(("html",)).trace(text).kept == "unsettled"


def test_steps_are_spelt_and_run_in_one_order() -> None:
    cleaner = Cleaner.parse(" urls, html ,html")
    assert str(cleaner) == "html,urls"
    assert Cleaner.parse(str(cleaner)) == cleaner
    with pytest.raises(ConfigError, match=r"unknown cleaning step 'htlm'; did you mean html\?"):
        Cleaner.parse("urls,htlm")
    with pytest.raises(ConfigError, match="no cleaning step given"):
        Cleaner.parse(" , ")


FOOTER = "Was this article helpful?"


def test_sentences_that_return_in_many_texts_go() -> None:
    texts = [f"How to do thing {i}. {FOOTER}\nYes. Thanks!" for i in range(20)]
    texts += [f"Thing {i} is done. It stands alone." for i in range(4)] + [f"{FOOTER.upper()}"]
    cleaner = Cleaner(("boilerplate",)).fit(iter(texts))
    assert cleaner.clean(texts[3]) == "How to do thing 3. Yes. Thanks!"
    assert cleaner.clean(texts[21]) == texts[21]
    assert cleaner.trace(texts[-1]).kept == "emptied"
    assert Cleaner(("html",)).fit(iter(texts)) == Cleaner(("html",))


def test_the_report_counts_texts_and_shows_some() -> None:
    report = CleaningReport(Cleaner(("html", "urls")))
    for number in range(5):
        report.clean(f"<b>x</b> {'y ' * 200}https://x.example", f"c.jsonl:{number}")
    report.clean("clean")
    report.clean("<p></p>", "c.jsonl:9")
    record = report.record()
    assert (record["texts"], record["changed"], record["kept"]) == (7, 5, {"emptied": 1})
    assert record["by_step"] == {"html": 5, "urls": 5}
    assert [example["place"] for example in record["examples"]["urls"]] == [
        "c.jsonl:0",
        "c.jsonl:1",
        "c.jsonl:2",
    ]
    assert "https://x.example" in record["examples"]["urls"][0]["before"]
    assert "https" not in record["examples"]["urls"][0]["after"]


def test_rows_keep_their_other_fields_and_clean_lines_their_bytes(tmp_path: Path) -> None:
    source, output = tmp_path / "rows.jsonl.gz", tmp_path / "out.jsonl"
    untouched = b'{"query":  "fine",\t"n": 1.50}'
    row = {
        "query": "<i>q</i>",
        "relevant_passages": ["<b>a</b>", "b"],
        "hard_negatives": ["<p></p>"],
        "url": "<b>",
    }
    source.write_bytes(gzip.compress(untouched + b"\n\n" + json.dumps(row).encode()))
    clean(source, output)
    first, second = output.read_bytes().splitlines()
    assert first == untouched
    assert json.loads(second) == {**row, "query": "q", "relevant_passages": ["a", "b"]}


def test_a_folder_becomes_a_folder(tmp_path: Path) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    (source / "a").mkdir(parents=True)
    (source / "a" / "d.md").write_text("---\ntitle: <b>t</b>\n---\n\n# H\n\n<b>x</b>\n")
    (source / "corpus.jsonl").write_text('{"text": "<b>y</b>"}\n')
    (source / "queries.jsonl").write_text('{"text": "<b>z</b>"}\n')
    (source / "qrels.tsv").write_text("a\tb\t1\n")
    report = clean(source, output)
    assert (output / "a" / "d.md").read_text() == "---\ntitle: <b>t</b>\n---\n\n# H\n\nx\n"
    assert (output / "corpus.jsonl").read_text() == '{"text":"y"}\n'
    assert (output / "queries.jsonl").read_text() == '{"text":"z"}\n'
    assert (output / "qrels.tsv").read_text() == "a\tb\t1\n"
    assert ([path.name for path in report.copied], report.changed) == (["qrels.tsv"], 3)


def test_nothing_is_left_behind_when_a_file_is_broken(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "a.md").write_text("fine\n")
    (source / "b.jsonl").write_text('{"text": }\n')
    with pytest.raises(InputError, match=r"b\.jsonl:1"):
        clean(source, tmp_path / "out", options=strict())
    with pytest.raises(InputError, match=r"b\.jsonl:1"):
        clean(source / "b.jsonl", tmp_path / "out.jsonl", options=strict())
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_line_that_cannot_be_read_is_left_out_and_noted(tmp_path: Path) -> None:
    source, options = tmp_path / "in.jsonl", ReadOptions()
    source.write_text('{"text": "a<br>b"}\n{\n{"answer": "c<br>d"}\n')
    clean(source, tmp_path / "out.jsonl", options=options)
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    assert lines == ['{"text":"a\\nb"}', '{"answer":"c\\nd"}']
    assert [note.line for note in options.notes.listed] == [2]


def test_paths_that_do_not_fit_are_misuse(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "a.md").write_text("fine\n")
    for path, output, message in [
        (source, source / "out", "lies in the folder that is cleaned"),
        (source, tmp_path, "is not empty"),
        (source / "a.md", source / "a.md", "is the input"),
        (tmp_path / "none", tmp_path / "out", "no such file or folder"),
        (tmp_path / "x.csv", tmp_path / "out", "no such file or folder"),
    ]:
        with pytest.raises(ConfigError, match=message):
            clean(path, output)
    (source / "a.md.gz").write_bytes(gzip.compress(b"fine"))
    with pytest.raises(ConfigError, match="is there packed and unpacked"):
        clean(source, tmp_path / "out")


def test_a_corpus_is_read_as_it_would_be_cleaned(tmp_path: Path) -> None:
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    texts = ["<b>x</b>", "see https://x.example", "plain"]
    source.write_text(
        "".join(json.dumps({"_id": str(i), "title": "&amp;", "text": t}) + "\n" for i, t in enumerate(texts))
    )
    clean(source, output)
    read = [(p.id, p.title, p.text) for p in read_corpus(source, clean=Cleaner())]
    assert read == [(p.id, p.title, p.text) for p in read_corpus(output)]
    assert read[0] == ("0", "&", "x")
