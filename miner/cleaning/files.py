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
from miner.corpus.frontmatter import split_front_matter
from miner.corpus.walk import folder_files, suffix_of
from miner.errors import ConfigError, OutputError
from miner.storage.files import (
    COMPRESSED,
    atomic,
    parse_object,
    read_lines,
    read_text,
    write_bytes,
    write_json,
)

FIELDS = ("title", "text", "contents", "query", "relevant_passages", "hard_negatives")
"""What is cleaned of a JSONL line: strings, and lists of strings."""
DOCUMENTS = (".md", ".markdown", ".txt")
CLEANED = (".jsonl", *DOCUMENTS)


def clean(
    source: str | Path, output: str | Path, *, steps: str | Cleaner = "", report: str | Path | None = None
) -> CleaningReport:
    """Clean a file into a file or a folder into a new folder; compressed files come out unpacked.

    `steps` are names with commas between them, the default ones without any, or a Cleaner. Of documents the front
    matter stays as it is; other kinds of files are copied as they are. What changed is returned, and written to
    `report` as JSON if that is given. Raises ConfigError for paths that don't fit and for an unknown step,
    InputError for what a file holds; then nothing is written.
    """
    source, output = Path(source), Path(output)
    cleaner = steps if isinstance(steps, Cleaner) else Cleaner.parse(steps) if steps else Cleaner()
    files = list(_files(source))
    done = CleaningReport(cleaner.fit(text for file, _ in files for text in _texts(file)))
    if source.is_dir():
        done.copied = _clean_folder(source, files, output, done)
    elif source.resolve() == output.resolve():
        raise ConfigError(f"{output}: is the input; expected another file to write to")
    else:
        _clean_file(source, output, done)
    if report is not None:
        write_json(Path(report), done.record())
    return done


def _files(source: Path) -> Iterator[tuple[Path, str]]:
    if source.is_dir():
        yield from folder_files(source, follow_symlinks=False)
    elif not source.exists():
        raise ConfigError(f"{source}: no such file or folder")
    elif suffix_of(source.name, CLEANED) is None:
        raise ConfigError(f"{source}: cannot be cleaned; expected a file that ends in {', '.join(CLEANED)}")
    else:
        yield source, source.name


def _clean_folder(
    source: Path, files: list[tuple[Path, str]], output: Path, report: CleaningReport
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
                _clean_file(file, work / _unpacked(name), report)
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


def _clean_file(file: Path, output: Path, report: CleaningReport) -> None:
    if suffix_of(file.name, DOCUMENTS) is not None:
        write_bytes(output, clean_document(read_text(file), file, report).encode("utf-8"))
        return
    with atomic(output) as stream:
        for number, line in read_lines(file):
            stream.write(_clean_line(line, file, number, report) + b"\n")


def clean_document(text: str, file: Path, report: CleaningReport) -> str:
    """The document with its front matter, and the space around its body, as they were."""
    body = _body(text, file)
    start = text.rindex(body) if body else len(text)
    return text[:start] + report.clean(body, str(file)) + text[start + len(body) :]


def _body(text: str, file: Path) -> str:
    return text[split_front_matter(text, file)[1] :].strip()


def _clean_line(line: bytes, file: Path, number: int, report: CleaningReport) -> bytes:
    record = parse_object(line, file, number)
    place = f"{file}:{number}"
    cleaned = {
        key: _clean_value(value, place, report) if key in FIELDS else value for key, value in record.items()
    }
    return line if cleaned == record else orjson.dumps(cleaned)


def _clean_value(value: Any, place: str, report: CleaningReport) -> Any:
    if isinstance(value, str):
        return report.clean(value, place)
    if isinstance(value, list):
        return [report.clean(item, place) if isinstance(item, str) else item for item in value]
    return value


def _texts(file: Path) -> Iterator[str]:
    """The texts of a file that can be cleaned, for the steps that learn."""
    if suffix_of(file.name, DOCUMENTS) is not None:
        yield _body(read_text(file), file)
    elif suffix_of(file.name, CLEANED) is not None:
        for number, line in read_lines(file):
            record = parse_object(line, file, number)
            for value in (record[key] for key in FIELDS if key in record):
                yield from (
                    item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)
                )
