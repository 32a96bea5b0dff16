"""Whole files cleaned: records and documents in the kind of file they came in, folders to folders."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from miner.cleaning import Cleaner
from miner.cleaning.report import CleaningReport
from miner.cleaning.tables import TABLES, clean_table, texts_in
from miner.corpus.frontmatter import split_front_matter
from miner.corpus.notes import Notes
from miner.corpus.options import ReadOptions
from miner.corpus.walk import folder_files, suffix_of
from miner.errors import ConfigError, InputError
from miner.storage.files import COMPRESSED, read_text, write_bytes, write_json
from miner.storage.folder import new_folder
from miner.storage.paths import as_path, path_if_given

DOCUMENTS = (".md", ".markdown", ".mdx", ".rst", ".txt")
LINES = (".jsonl", ".ndjson")
CLEANED = (*TABLES, *DOCUMENTS)


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
    matter stays as it is, of tables all that is no text. Of a folder, other kinds of files and those that cannot be
    read are copied as they are; records that cannot be read are left out. Both are noted in `options.notes`. What
    changed is returned, and written to `report` as JSON if that is given. Raises ConfigError for paths that don't fit
    and for an unknown step, InputError for a file that cannot be read; then nothing is written.
    """
    source, output = as_path(source, "the source"), as_path(output, "the output")
    told, options = path_if_given(report, "the report"), options or ReadOptions()
    cleaner = steps if isinstance(steps, Cleaner) else Cleaner.parse(steps) if steps else Cleaner()
    files = list(_files(source, options))
    done = CleaningReport(cleaner.fit(text for file, _ in files for text in _texts(file, options)))
    if source.is_dir():
        done.copied = _clean_folder(source, files, output, done, options)
    elif source.resolve() == output.resolve():
        raise ConfigError(f"{output}: is the input; expected another file to write to")
    elif not _clean_file(source, _of_kind(output, source), done, options):
        expected = "names as in docs/formats.md, or --columns 'text=NAME'"
        raise InputError(source, None, f"has no column of texts; expected {expected}")
    if told is not None:
        write_json(told, done.record())
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


def _of_kind(output: Path, source: Path) -> Path:
    """The output. Raises ConfigError where its name says that it is another kind of file than the source."""
    kinds = [suffix_of(path.name, CLEANED) for path in (source, output)]
    alike = kinds[0] == kinds[1] or any(set(kinds) <= set(group) for group in (LINES, DOCUMENTS))
    if kinds[1] is not None and (not alike or output.suffix.lower() in COMPRESSED):
        raise ConfigError(
            f"{output}: what is cleaned stays {kinds[0]}, unpacked; expected a name that ends so"
        )
    return output


def _clean_folder(
    source: Path, files: list[tuple[Path, str]], output: Path, report: CleaningReport, options: ReadOptions
) -> list[Path]:
    """All files, into the new folder when every one is done; those that were copied as they are."""
    if output.resolve().is_relative_to(source.resolve()):
        raise ConfigError(f"{output}: lies in the folder that is cleaned; expected a place outside of it")
    names = Counter(_unpacked(name) for _, name in files)
    if twice := [name for name, times in names.items() if times > 1]:
        raise ConfigError(f"{source / twice[0]}: is there packed and unpacked; expected one of them")
    copied = []
    with new_folder(output) as work:
        for file, name in files:
            if not _cleaned_in_folder(file, work / _unpacked(name), report, options):
                (work / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, work / name)
                copied.append(file)
    return copied


def _unpacked(name: str) -> str:
    packed = suffix_of(name, CLEANED) is not None and Path(name).suffix.lower() in COMPRESSED
    return name[: -len(Path(name).suffix)] if packed else name


def _cleaned_in_folder(file: Path, output: Path, report: CleaningReport, options: ReadOptions) -> bool:
    """Whether a file was written cleaned; one that cannot be read is noted."""
    if suffix_of(file.name, CLEANED) is None:
        return False
    try:
        return _clean_file(file, output, report, options)
    except InputError as error:
        options.notes.left_out(file, error)
        return False


def _clean_file(file: Path, output: Path, report: CleaningReport, options: ReadOptions) -> bool:
    """Whether a file was written cleaned: a table without texts is not."""
    if suffix_of(file.name, DOCUMENTS) is None:
        return clean_table(file, output, options, lambda line: partial(report.clean, place=f"{file}:{line}"))
    text = clean_document(read_text(file, options.encoding), file, report, options.notes)
    write_bytes(output, text.encode("utf-8"))
    return True


def clean_document(text: str, file: Path, report: CleaningReport, notes: Notes) -> str:
    """The document with its front matter, and the space around its body, as they were."""
    body = _body(text, file, notes)
    start = text.rindex(body) if body else len(text)
    return text[:start] + report.clean(body, str(file)) + text[start + len(body) :]


def _body(text: str, file: Path, notes: Notes) -> str:
    return text[split_front_matter(text, file, notes)[1] :].strip()


def _texts(file: Path, options: ReadOptions) -> Iterator[str]:
    """The texts of a file that can be cleaned, for the steps that learn. What is noted is noted when it is cleaned."""
    if suffix_of(file.name, TABLES) is not None:
        yield from texts_in(file, options)
    elif suffix_of(file.name, DOCUMENTS) is not None:
        with suppress(InputError):
            yield _body(read_text(file, options.encoding), file, Notes())
