"""Where a text holds code, told by its fences and, since those are lost where passages were cut, by its lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from miner.text.code import FENCE

_SIGN = re.compile(
    r"[;{}\[(][ \t]*$|->|=>|::|\(\)|==|:=|&&|\|\||</|/>|[\w\])]\[['\"]|(?<!\w)\$[A-Za-z_]|\w\(['\"$\[]"
    r"|\w\.\w+\(|[\w\-]=['\"{]|^[ \t]*[\w.]+ \+?= |\bdef \w|^[ \t]*import [\w.]+$|^[ \t]*from [\w.]+ import "
    r"|^[ \t]*(?:SELECT|INSERT|UPDATE|DELETE|FROM|WHERE|GROUP BY|ORDER BY|HAVING|JOIN|VALUES) |^[ \t]*\$ \w"
    r"|^[ \t]*(?://|/\*|<\?|[)}\]]+[;,]?[ \t]*$)|['\")][\])}]+[;,]?[ \t]*$|[ \t]--?[A-Za-z][\w-]*(?:[ =]|$)"
    r"|^[ \t]*(?:if|elif|for|while|with|class|except)\b.*:[ \t]*$|^[ \t]*[\w.]+\([^()\n]*\)[ \t]*$",
    re.M,
)
"""What lines of code in most languages hold, and prose hardly ever."""
_RARE = "{}=$<>&|[]"
_HINTS = ("```", "()", "')", '")', ";\n", ":\n ")
_SHAPES = (
    re.compile(r"\.\w+\("),
    re.compile(r" --?[A-Za-z]"),
)
"""One of these is in nearly every text that holds code."""
_WORD = re.compile(r"[^\W\d_]{2,}[.,:]?")
FEWEST, SHARE = 6, 0.6
"""Words of a line, and their share of what stands between its spaces, from which on it is prose whatever it holds."""
_MEANT = re.compile(r"\\\w|(?<![\w-])-[A-Za-z](?!\w)|(?P<word>\w+)|[^\w\s\"'`,;]")
_PROMPTS = frozenset({"$", "%", ">>>", "..."})
LOOKED_AT = 40
"""What stands between the spaces of a line that is looked at: it tells prose from code."""
_COMMENT = ("//", "/*", "--", "#")
PROSE, CODE, COMMENT = range(3)

CodeLine = Sequence[tuple[str, int]]
"""What stands between the spaces of a line, each with how many tokens it is."""


@dataclass(frozen=True, slots=True)
class CodeBlocks:
    """Which tokens of a text stand in code."""

    places: bytes
    """[tokens] PROSE, CODE or COMMENT, which is a comment within code."""
    begun: frozenset[int]
    """Places before which a block of lines begins."""

    def __bool__(self) -> bool:
        return CODE in self.places


NO_CODE = CodeBlocks(b"", frozenset())


def may_hold_code(text: str) -> bool:
    """Whether anything in the text hints at code: a quick look, as most texts are prose."""
    for hint in (*_RARE, *_HINTS):
        if hint in text:
            return True
    return any(shape.search(text) for shape in _SHAPES)


def code_blocks(text: str, lines: Sequence[CodeLine]) -> CodeBlocks:
    """What of the lines of a text is code. A block between empty lines is code if at least half of its lines are."""
    places, begun = bytearray(), list[int]()
    code = _which([[piece for piece, _ in line] for line in lines], _fenced(text))
    for number, line in enumerate(lines):
        if line and (number == 0 or not lines[number - 1]):
            begun.append(len(places))
        places += _read(line) if code[number] else bytes(sum(size for _, size in line))
    return CodeBlocks(bytes(places), frozenset(begun))


def code_signs(text: str, shown: str) -> str:
    """What stands around the words of the code of a text, in order, as it is `shown` without its presentation; what
    style alone tells left out, and the letters of escapes and options among it, which case tells apart.
    """
    if not may_hold_code(text):
        return ""
    lines = [line.split() for line in shown.split("\n")]
    code = [line for line, is_code in zip(lines, _which(lines, _fenced(text)), strict=True) if is_code]
    pieces = [piece for line in code for piece in _without_comment(line)]
    return "".join("w" if sign["word"] else sign[0] for piece in pieces for sign in _MEANT.finditer(piece))


def _without_comment(line: Sequence[str]) -> Iterator[str]:
    for number, piece in enumerate(line):
        if piece in _COMMENT or piece.startswith(_COMMENT[:2]):
            return
        if number or piece not in _PROMPTS:
            yield piece


def _fenced(text: str) -> frozenset[str]:
    """The lines that stand in fences, without spaces."""
    fences = FENCE.finditer(text) if "```" in text or "~~~" in text else ()
    return frozenset("".join(line.split()) for fence in fences for line in fence[0].splitlines()[1:])


def _which(lines: Sequence[Sequence[str]], fenced: frozenset[str]) -> list[bool]:
    """Of each line whether its block is code."""
    found = list[bool]()
    for filled, block in groupby(lines, bool):
        code = [filled and _is_code(line, fenced) for line in block]
        found += [2 * sum(code) >= len(code) and any(code)] * len(code)
    return found


def _is_code(pieces: Sequence[str], fenced: frozenset[str]) -> bool:
    if "".join(pieces) in fenced:
        return True
    said = list(_without_comment(pieces[:LOOKED_AT]))
    words = sum(_WORD.fullmatch(piece) is not None for piece in said)
    prose = words >= FEWEST and words >= SHARE * len(said)
    return not prose and _SIGN.search(" ".join(pieces)) is not None


def _read(line: CodeLine) -> bytes:
    """The kind of each token of a line of code: what follows the sign of a comment is one."""
    kind, found = CODE, bytearray()
    for piece, size in line:
        if piece in _COMMENT or piece.startswith(_COMMENT[:2]):
            kind = COMMENT
        found += bytes([kind]) * size
        if piece.endswith("*/"):
            kind = CODE
    return bytes(found)
