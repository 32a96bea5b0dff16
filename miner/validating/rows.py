"""The rules that one row keeps or breaks: each yields a message a breach."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from miner.progress import count_of
from miner.text.fold import fold
from miner.validating.texts import RowTexts

Check = Callable[[RowTexts], Iterable[str]]

AT_LEAST_ONE = "There is at least one relevant_passage for every query"
USUAL_NEGATIVES = 5
_TAGS = (
    "a|b|body|br|code|div|em|font|h[1-6]|head|hr|html|i|img|li|ol|p|pre|script|span|strong|style"
    "|sub|sup|table|tbody|td|th|thead|tr|u|ul"
)
_NOT_WORD = bytes(byte for byte in range(128) if not chr(byte).isalnum())
_HTML = re.compile(rf"</?(?:{_TAGS})(?:\s[^<>]*)?/?>|&(?:nbsp|amp|lt|gt|quot|#\d{{1,6}});", re.IGNORECASE)
_URL = re.compile(r"\b(?:https?|ftp)://\w", re.IGNORECASE)


def blank_query(texts: RowTexts) -> Iterable[str]:
    """A query is a text."""
    if texts.query is not None and not texts.query.strip():
        yield "'query' is blank"


def no_relevant(texts: RowTexts) -> Iterable[str]:
    """preparing-the-data: there is at least one relevant_passage for every query."""
    if not texts.relevant and "relevant_passages" not in texts.broken:
        yield f"'relevant_passages' is empty; expected: {AT_LEAST_ONE}"


def blank_relevant(texts: RowTexts) -> Iterable[str]:
    """A blank text is no passage, so it cannot be the one that the rule above asks for."""
    blank = sum(not text.strip() for text in texts.relevant)
    if blank:
        yield f"'relevant_passages' holds {count_of(blank, 'blank passage')}"


def overlap(texts: RowTexts) -> Iterable[str]:
    """starting-the-training: the platform's error, in its words."""
    if not texts.negatives or set(texts.relevant).isdisjoint(texts.negatives):
        return
    negatives = set(texts.negatives)
    for passage in dict.fromkeys(texts.relevant):
        if passage in negatives and passage.strip():
            query = texts.query or ""
            yield f"string '{passage}' is both a relevant passage and hard negatives of query '{query}'"


def repeated_relevant(texts: RowTexts) -> Iterable[str]:
    """A passage given twice says nothing more."""
    again = len(texts.relevant) - len(set(texts.relevant))
    if again:
        yield f"'relevant_passages' repeats {count_of(again, 'passage')}"


def blank_negative(texts: RowTexts) -> Iterable[str]:
    """starting-the-training: empty hard negatives are removed, which is no error."""
    blank = sum(not text.strip() for text in texts.negatives)
    if blank:
        yield f"'hard_negatives' holds {count_of(blank, 'blank passage')}, which the platform removes"


def repeated_negative(texts: RowTexts) -> Iterable[str]:
    """starting-the-training: hard negatives repeated in a row are removed, which is no error."""
    if len(texts.negatives) == len(set(texts.negatives)):
        return
    filled = [text for text in texts.negatives if text.strip()]
    again = len(filled) - len(set(filled))
    if again:
        yield f"'hard_negatives' repeats {count_of(again, 'passage')}, which the platform removes"


def near_copy(texts: RowTexts) -> Iterable[str]:
    """A copy in another dress: as a negative of its own relevant passage it teaches the wrong thing."""
    distinct = dict.fromkeys((*texts.relevant, *texts.negatives))
    alike: dict[bytes, list[str]] = {}
    for text in distinct:
        alike.setdefault(_sketch(text), []).append(text)
    if len(alike) == len(distinct):
        return
    relevant, negatives = set(texts.relevant), set(texts.negatives)
    for group in alike.values():
        first: dict[bytes, str] = {}
        for text in group if len(group) > 1 else ():
            earlier = first.setdefault(fold(text), text)
            if earlier is text or text not in negatives or not text.strip():
                continue
            other = "a relevant passage" if earlier in relevant else "another hard negative"
            yield f"hard negative '{text}' differs from {other} only in case, spaces or punctuation"


def _sketch(text: str) -> bytes:
    """The ASCII letters and digits: a quick key that nearly all texts with equal folds share (full-width
    letters and ligatures differ, and are not looked for).
    """
    return text.lower().encode("ascii", "ignore").translate(None, _NOT_WORD)


def no_negatives(texts: RowTexts) -> Iterable[str]:
    """preparing-the-data: hard negatives are optional, and about five of them improve the model."""
    if "hard_negatives" not in texts.broken and not any(map(str.strip, texts.negatives)):
        yield "has no hard negatives; roughly five hard negatives leads to meaningful improvement"


def many_negatives(texts: RowTexts) -> Iterable[str]:
    """Dashboard: typically between 1 - 5."""
    if len(texts.negatives) > USUAL_NEGATIVES:
        yield f"has {len(texts.negatives)} hard negatives; typically between 1 - {USUAL_NEGATIVES}"


def markup(texts: RowTexts) -> Iterable[str]:
    """improving-the-results: remove symbols, URLs and HTML that the task does not need."""
    found: dict[str, None] = {}
    for text in (texts.query or "", *texts.relevant, *texts.negatives):
        if "<" in text or "&" in text:
            found |= dict.fromkeys(["HTML"] if _HTML.search(text) else [])
        if "://" in text and _URL.search(text):
            found["URLs"] = None
    if found:
        yield f"holds {' and '.join(found)}; remove what the task does not need ('miner clean')"


ERRORS: Mapping[str, Check] = {
    "blank-query": blank_query,
    "no-relevant": no_relevant,
    "blank-relevant": blank_relevant,
    "overlap": overlap,
}
WARNINGS: Mapping[str, Check] = {
    "repeated-relevant": repeated_relevant,
    "blank-negative": blank_negative,
    "repeated-negative": repeated_negative,
    "near-copy": near_copy,
    "no-negatives": no_negatives,
    "many-negatives": many_negatives,
    "markup": markup,
}
