"""SQuAD's nesting: articles of paragraphs, each with its questions.

Rajpurkar et al. 2016, SQuAD: 100,000+ Questions for Machine Comprehension of Text (arXiv 1606.05250).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Record = dict[str, Any]


def paragraphs(articles: Sequence[Any]) -> list[Record]:
    """Each paragraph as a record of its text, with the title of its article and its questions; none where these are no
    articles of that kind."""
    found = []
    for article in articles:
        parts = article.get("paragraphs") if isinstance(article, dict) else None
        if not isinstance(parts, list) or not all(_is_paragraph(part) for part in parts):
            return []
        title = {"title": article["title"]} if isinstance(article.get("title"), str) else {}
        found += [{**title, "text": part["context"], "qas": part.get("qas") or []} for part in parts]
    return found


def _is_paragraph(part: Any) -> bool:
    return isinstance(part, dict) and "context" in part and isinstance(part.get("qas"), list | None)


def questions(record: Record) -> list[Record]:
    """A record of each question on a paragraph, with the paragraph if it answers; the record itself if it has none.

    A question is unanswered by its paragraph where that is said, or where there are answers of which none is given.
    """
    asked = record.get("qas")
    if not isinstance(asked, list) or not all(
        isinstance(each, dict) and "question" in each for each in asked
    ):
        return [record]
    text = record.get("context", record.get("text"))
    return [{"question": each["question"], "context": text if _is_answered(each) else None} for each in asked]


def _is_answered(asked: Mapping[str, Any]) -> bool:
    given = asked.get("answers", asked.get("detected_answers"))
    return not asked.get("is_impossible") and (given is None or bool(given))
