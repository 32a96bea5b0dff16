"""What a reader of a rendered document sees of its source."""

from __future__ import annotations

import re

_UNSEEN = re.compile(
    r"""<!--.*?-->                                  # comments, of HTML and of MDX
    | \{/\*.*?\*/\}
    | \{%.*?%\} | \{\{.*?\}\} | <%.*?%> | \{\#.*?\#\}   # tags of templates
    | ^[ ]{0,3}\[[^\]\n]+\]:[ \t]*\S[^\n]*$     # definitions of links and footnotes' targets
    | !\[[^\]\n]*\](?:\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)|\[[^\]\n]*\])   # images
    | ^\.\.[ ]toctree::[^\n]*(?:\n(?:[ \t]+\S[^\n]*|[ \t]*(?=\n)))*   # of reStructuredText: lists of pages,
    | ^\.\.[ ](?:_[^\n]*:|(?:image|figure|index|contents|highlight|include|literalinclude|module|currentmodule|meta
        |auto[a-z]+|\|[^\n]*image)::)[^\n]*(?:\n[ \t]+:[^\n]*)*$    # directives that show nothing of their own,
    | ^\.\.(?:[ \t]+(?![\[_|]|[\w:.-]+::)[^\n]*)?(?:\n[ \t]+\S[^\n]*)*$        # comments,
    | ^:[A-Za-z-]+:[ \t]*\d*[ \t]*$                                 # marks of a page
    | ^(?:import|export)[ ][^\n]*$              # of MDX
    | ^:::+[^\n]*$ | ^(?:```|~~~)[^\n]*$        # fences
    | </?[A-Za-z][^<>]*>                        # tags of HTML
    """,
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
_EMPTY_LINK = re.compile(r"\[\s*\](?:\([^()\n]*\)|\[[^\]\n]*\])")
_MARKS = re.compile(r"[\s#*_~`>|:=+.\-\[\]()!\\\u200b-\u200f\u2060\ufeff\xad]+")
_ALONE = re.compile(
    r"[ \t]*(?:(?:<a\b[^<>]*>[ \t]*(?:</a>)?|<a\b[^<>]*/>|<span\b[^<>]*>[ \t]*</span>|<!--(?:(?!-->).)*-->"
    r"|\{/\*(?:(?!\*/).)*\*/\})[ \t]*)*"
)
LONGEST = 20_000
"""Characters over which a piece is taken to be seen: what opens and never closes takes the square of its length."""
LONGEST_COMMENT = 100
"""Lines over which a comment before a heading may go on."""


def is_visible(text: str) -> bool:
    """Whether anything is seen of a piece of markdown, reStructuredText or HTML: not only anchors, images, comments,
    link definitions, tags of templates and marks.
    """
    if len(text) > LONGEST:
        return True
    if text[:1].isalnum() and text[:200].replace(" ", "").isalpha() and len(text) > 20:
        return True
    return bool(_MARKS.sub("", _EMPTY_LINK.sub(" ", _UNSEEN.sub(" ", text))))


def before_heading(text: str, heading: int) -> int:
    """Where the anchors and comments that stand right before a heading begin; the heading if there are none."""
    start = heading
    while start > 0:
        line = text.rfind("\n", 0, start - 1) + 1
        content = text[line:start].rstrip("\r\n")
        if content.endswith("-->") and "<!--" not in content:
            line = _comment_start(text, line)
            if line < 0:
                return start
        elif not _ALONE.fullmatch(content):
            return start
        start = line
    return start


def _comment_start(text: str, line: int) -> int:
    """The line above on which a comment begins and nothing else stands; -1 if it is not near."""
    for _ in range(LONGEST_COMMENT):
        if line <= 0:
            return -1
        line = text.rfind("\n", 0, line - 1) + 1
        content = text[line : text.find("\n", line)]
        if "<!--" in content:
            return line if content.lstrip().startswith("<!--") else -1
        if "-->" in content:
            return -1
    return -1
