"""PDF, Word, PowerPoint and EPUB files as text; the packages for the first three are the extra 'documents'."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree import ElementTree

from miner.corpus.html import marked_text
from miner.corpus.options import ReadOptions
from miner.errors import InputError, MinerError, MissingExtra
from miner.storage.files import read_bytes

EXTRA = "documents"
MOST_UNPACKED = 2**29
"""Bytes that the parts of one file may unpack to."""
_ENTITY = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)

Extractor = Callable[[bytes, Path], str]


def extractor(name: str) -> Callable[[Path, ReadOptions], str]:
    """What gives the text of such a file. It raises MissingExtra, and InputError for a file that cannot be read."""
    extract = EXTRACTORS[name]

    def text(path: Path, options: ReadOptions) -> str:
        data = read_bytes(path)
        try:
            return extract(data, path).replace("\0", "")
        except MinerError:
            raise
        except ImportError:
            raise MissingExtra(f"a {name} file", EXTRA) from None
        except Exception as error:
            said = (str(error).splitlines() or [type(error).__name__])[0][:120]
            raise InputError(path, None, f"is not a readable {name} file ({said})") from None

    return text


def _pdf(data: bytes, path: Path) -> str:
    """Pages with blank lines between them; words that were parted at the end of a line are joined."""
    import logging

    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise InputError(path, None, "is encrypted; expected a file that opens without a password")
    pages = [page.extract_text() or "" for page in reader.pages]
    text = re.sub(r"(?<=[^\W\d_])-\n(?=[^\W\d_])", "", "\n\n".join(pages))
    if pages and not text.strip():
        raise InputError(path, None, "holds no text, only images; expected a file with a text layer")
    return text


def _docx(data: bytes, path: Path) -> str:
    import mammoth

    _check_archive(data, path)
    return marked_text(str(mammoth.convert_to_html(io.BytesIO(data), convert_image=_no_image(mammoth)).value))


def _no_image(mammoth: Any) -> Any:
    return mammoth.images.img_element(lambda image: {"src": ""})


def _pptx(data: bytes, path: Path) -> str:
    """A heading for each slide that has a title, then the text of its shapes, tables and notes."""
    from pptx import Presentation

    _check_archive(data, path)
    parts: list[str] = []
    for slide in Presentation(io.BytesIO(data)).slides:
        title = slide.shapes.title
        name = " ".join(title.text_frame.text.split()) if title is not None else ""
        parts.append(f"\ue0f21{name}" if name else "")
        own = title.shape_id if title is not None else None
        parts += [text for shape in slide.shapes if shape.shape_id != own for text in _shape(shape)]
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            parts.append(slide.notes_slide.notes_text_frame.text)
    return "\n\n".join(part for part in parts if part.strip())


def _shape(shape: Any) -> Iterator[str]:
    if shape.has_text_frame:
        yield shape.text_frame.text.replace("\v", "\n")
    elif getattr(shape, "has_table", False):
        yield "\n".join(" | ".join(cell.text for cell in row.cells) for row in shape.table.rows)
    for inner in getattr(shape, "shapes", ()):
        yield from _shape(inner)


def _epub(data: bytes, path: Path) -> str:
    """The chapters in the order of the book's spine."""
    _check_archive(data, path)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        container = _xml(archive.read("META-INF/container.xml"), path)
        root = next(str(each.get("full-path")) for each in container.iter() if each.tag.endswith("}rootfile"))
        package = _xml(archive.read(root), path)
        items = {each.get("id"): each.get("href") for each in package.iter() if each.tag.endswith("}item")}
        spine = [each.get("idref") for each in package.iter() if each.tag.endswith("}itemref")]
        folder = PurePosixPath(root).parent
        names = [str(folder / str(items[name])) for name in spine if items.get(name)]
        chapters = [archive.read(name).decode("utf-8-sig") for name in names if name in archive.namelist()]
    return re.sub(r"(?m)^\ue0f3.*$", "", "\n\n".join(map(marked_text, chapters)))


def _xml(data: bytes, path: Path) -> ElementTree.Element:
    if _ENTITY.search(data):
        raise InputError(path, None, "declares entities; expected a book without")
    return ElementTree.fromstring(data)  # noqa: S314  nothing can be declared that would swell


def _check_archive(data: bytes, path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(each.file_size for each in archive.infolist()) > MOST_UNPACKED:
            raise InputError(
                path, None, f"unpacks to over {MOST_UNPACKED >> 20} MiB; expected a smaller file"
            )


EXTRACTORS: dict[str, Extractor] = {"PDF": _pdf, "Word": _docx, "PowerPoint": _pptx, "EPUB": _epub}
