"""Where a text holds code, told by its lines: fences are lost where passages were cut out of pages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_SIGN = re.compile(
    r"[;{}\[(][ \t]*$|->|=>|::|\(\)|==|:=|&&|\|\||</|/>|[\w\])]\[['\"]|(?<!\w)\$[A-Za-z_]|\w\(['\"$\[]"
    r"|\w\.\w+\(|[\w\-]=['\"{]|^[ \t]*[\w.]+ \+?= |\bdef \w|^[ \t]*import [\w.]+$|^[ \t]*from [\w.]+ import "
    r"|^[ \t]*(?://|/\*|<\?|[)}\]]+[;,]?[ \t]*$)|['\")][\])}]+[;,]?[ \t]*$",
    re.M,
)
"""What lines of code in most languages hold, and prose hardly ever."""
_WORD = re.compile(r"[^\W\d_]{2,}[.,:]?")
FEWEST, SHARE = 6, 0.6
"""Words of a line, and their share of what stands between its spaces, from which on it is prose whatever it holds."""


@dataclass(frozen=True, slots=True)
class CodeBlocks:
    """Which tokens of a text stand in code."""

    places: bytes
    """[tokens] 1 where one does."""
    begun: frozenset[int]
    """Places before which a block of lines begins."""

    def __bool__(self) -> bool:
        return 1 in self.places


NO_CODE = CodeBlocks(b"", frozenset())


def may_hold_code(text: str) -> bool:
    """Whether a sign of code is anywhere in the text."""
    return _SIGN.search(text) is not None


def code_blocks(lines: Sequence[tuple[Sequence[str], int]]) -> CodeBlocks:
    """What of the lines, each as its pieces between spaces and how many tokens they are, is code. A block between
    empty lines is code if at least half of its lines are.
    """
    places, begun = bytearray(), list[int]()
    for block in _blocks(lines):
        begun.append(len(places))
        code = [_is_code(line) for line, _ in block]
        is_code = any(code) and 2 * sum(code) >= len(code)
        places += (b"\x01" if is_code else b"\x00") * sum(size for _, size in block)
    return CodeBlocks(bytes(places), frozenset(begun))


def _blocks(lines: Sequence[tuple[Sequence[str], int]]) -> Iterator[list[tuple[Sequence[str], int]]]:
    block = list[tuple[Sequence[str], int]]()
    for line in lines:
        if line[0]:
            block.append(line)
        elif block:
            yield block
            block = []
    if block:
        yield block


def _is_code(line: Sequence[str]) -> bool:
    words = sum(_WORD.fullmatch(piece) is not None for piece in line)
    prose = words >= FEWEST and words >= SHARE * len(line)
    return not prose and may_hold_code(" ".join(line))
