"""Whole files cleaned: JSONL to JSONL, markdown and text to the same, folders to folders."""

from __future__ import annotations

import secrets
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from miner.cleaning import Cleaner
from miner.cleaning.report import CleaningReport
from miner.corpus.columns import NAMES
from miner.corpus.frontmatter import split_front_matter
from miner.corpus.notes import Notes, usable
from miner.corpus.options import ReadOptions
from miner.corpus.walk import folder_files, suffix_of
from miner.errors import ConfigError, InputError, OutputError
from miner.storage.files import (
    COMPRESSED,
    atomic,
    parse_object,
    read_lines,
    read_text,
    write_bytes,
    write_json,
)
from miner.storage.paths import as_path

FIELDS = tuple(
    name for role in ("title", "text", "query", "relevant_passages", "hard_negatives") for name in NAMES[role]
)
"""What is cleaned of a JSONL line: strings, and lists of strings."""
DOCUMENTS = (".md", ".markdown", ".mdx", ".rst", ".txt")
CLEANED = (".jsonl", ".ndjson", *DOCUMENTS)


def clean(
    source: str | Path,
    output: str | Path,
    *,
    steps: str | Cleaner = "",
    options: ReadOptions | None = None,
    report: str | Path | None = None,
) -> CleaningReport:
    """Clean a file into a file or a folder into a new folder; compressed files come out unpacked.

    `steps` are names with commas between them, the default ones without any, or a Cleaner. Of documents the front
    matter stays as it is; other kinds of files are copied as they are, and lines that cannot be read are noted in
    `options.notes` and left out. What changed is returned, and written to `report` as JSON if that is given. Raises
    ConfigError for paths that don't fit and for an unknown step, InputError for a file that cannot be read; then
    nothing is written.
    """
    source, output = as_path(source, "the source"), as_path(output, "the output")
    options = options or ReadOptions()
    cleaner = steps if isinstance(steps, Cleaner) else Cleaner.parse(steps) if steps else Cleaner()
    files = list(_files(source, options))
    done = CleaningReport(cleaner.fit(text for file, _ in files for text in _texts(file, options)))
    if source.is_dir():
        done.copied = _clean_folder(source, files, output, done, options)
    elif source.resolve() == output.resolve():
        raise ConfigError(f"{output}: is the input; expected another file to write to")
    else:
        _clean_file(source, output, done, options)
    if report is not None:
        write_json(Path(report), done.record())
    return done


def _files(source: Path, options: ReadOptions) -> Iterator[tuple[Path, str]]:
    if source.is_dir():
        yield from folder_files(source, options)
    elif not source.exists():
        raise ConfigError(f"{source}: no such file or folder")
    elif suffix_of(source.name, CLEANED) is None:
        raise ConfigError(f"{source}: cannot be cleaned; expected a file that ends in {', '.join(CLEANED)}")
    else:
        yield source, source.name


def _clean_folder(
    source: Path, files: list[tuple[Path, str]], output: Path, report: CleaningReport, options: ReadOptions
) -> list[Path]:
    """All files into a hidden folder that takes the output's name when every one is done."""
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise ConfigError(f"{output}: is not empty; expected a new folder to write to")
    if output.resolve().is_relative_to(source.resolve()):
        raise ConfigError(f"{output}: lies in the folder that is cleaned; expected a place outside of it")
    names = Counter(_unpacked(name) for _, name in files)
    if twice := [name for name, times in names.items() if times > 1]:
        raise ConfigError(f"{source / twice[0]}: is there packed and unpacked; expected one of them")
    work = output.with_name(f".{output.name}.{secrets.token_hex(4)}.tmp")
    copied = []
    try:
        work.mkdir(parents=True)
        for file, name in files:
            if suffix_of(file.name, CLEANED) is not None:
                _clean_file(file, work / _unpacked(name), report, options)
            else:
                (work / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, work / name)
                copied.append(file)
        work.replace(output)
    except OSError as error:
        raise OutputError(f"{output}: cannot be written ({error.strerror})") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return copied


def _unpacked(name: str) -> str:
    packed = suffix_of(name, CLEANED) is not None and Path(name).suffix.lower() in COMPRESSED
    return name[: -len(Path(name).suffix)] if packed else name


def _clean_file(file: Path, output: Path, report: CleaningReport, options: ReadOptions) -> None:
    if suffix_of(file.name, DOCUMENTS) is not None:
        text = clean_document(read_text(file, options.encoding), file, report, options.notes)
        write_bytes(output, text.encode("utf-8"))
        return
    fields = _fields(options)
    lines = read_lines(file, options.encoding)

    def cleaned(line: bytes, number: int) -> bytes:
        return _clean_line(line, file, number, report, fields)

    with atomic(output) as stream:
        before, written = options.notes.counts.total(), 0
        for line in usable(file, lines, cleaned, options.notes, "lines of JSON objects"):
            written += stream.write(line + b"\n")
        if not written and options.notes.counts.total() > before:
            note = options.notes.first
            raise InputError(file, None, f"holds nothing that can be used: {note}")


def _fields(options: ReadOptions) -> frozenset[str]:
    return frozenset((*FIELDS, *options.columns.given.values()))


def clean_document(text: str, file: Path, report: CleaningReport, notes: Notes) -> str:
    """The document with its front matter, and the space around its body, as they were."""
    body = _body(text, file, notes)
    start = text.rindex(body) if body else len(text)
    return text[:start] + report.clean(body, str(file)) + text[start + len(body) :]


def _body(text: str, file: Path, notes: Notes) -> str:
    return text[split_front_matter(text, file, notes)[1] :].strip()


def _clean_line(
    line: bytes, file: Path, number: int, report: CleaningReport, fields: frozenset[str]
) -> bytes:
    record = parse_object(line, file, number)
    place = f"{file}:{number}"
    cleaned = {
        key: _clean_value(value, place, report) if key in fields else value for key, value in record.items()
    }
    return line if cleaned == record else orjson.dumps(cleaned)


def _clean_value(value: Any, place: str, report: CleaningReport) -> Any:
    if isinstance(value, str):
        return report.clean(value, place)
    if isinstance(value, list):
        return [report.clean(item, place) if isinstance(item, str) else item for item in value]
    return value


def _texts(file: Path, options: ReadOptions) -> Iterator[str]:
    """The texts of a file that can be cleaned, for the steps that learn. What is noted is noted when it is cleaned."""
    unheard = Notes()
    if suffix_of(file.name, DOCUMENTS) is not None:
        yield _body(read_text(file, options.encoding), file, unheard)
    elif suffix_of(file.name, CLEANED) is not None:
        fields, lines = _fields(options), read_lines(file, options.encoding)
        for record in usable(
            file, lines, lambda line, number: parse_object(line, file, number), unheard, "JSON"
        ):
            for value in (record[key] for key in fields if key in record):
                items = value if isinstance(value, list) else [value]
                yield from (item for item in items if isinstance(item, str))
