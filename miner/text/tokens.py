"""Texts as strings of tokens, one character a token, so that they are compared at the speed of strings.

A token is a word with its combining marks, a character of a script written without spaces, a number with its
sign and inner points, or an operator. TokenLine written in several ways, 1,000 and 1000, €12 and 12 euro, are one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache, cached_property
from itertools import accumulate

import numpy as np

from miner.data import Int64, UInt64
from miner.text.canonical import SIGNS, canonical, iso_dates
from miner.text.code_blocks import NO_CODE, CodeBlocks, CodeLine, code_blocks, code_signs, may_hold_code
from miner.text.lexicon import SPELT_OUT, UPPER, TokenKind, kind_of
from miner.text.present import present

MOST = 2**18
"""Tokens that are kept, about 300 bytes each."""
HARD, SOFT = "\x00", "\x01"
"""Where a sentence or line ends, and where a clause does: no tokens."""
_WIDE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Scripts written without spaces."""
_UNIT = r"(?:[kKMGTmnpµμ](?:Wh|W|Hz|V|A|J|Pa|Ω|b|B|bit|bps|Bps)|m|M)"
_NUMBER = r"(?:\d+(?:[.,:/]\d+)*|\.\d+)"
_SURROGATES = range(0xD800, 0xE000)


def _pattern(letter: str) -> re.Pattern[str]:
    """The pieces of what stands between two spaces."""
    return re.compile(
        rf"\[\d{{1,3}}\]"
        rf"|[A-Z][A-Za-z\d]{{0,4}}[+-](?![\w>=<+-])"
        rf"|(?:[A-Za-z]\.){{2,12}}(?!{letter})"
        rf"|{_LETTER}{letter}*(?:'{letter}+)*(?:\+\+|\#(?!\w))?".replace(_LETTER, rf"(?!\d){letter}")
        + rf"|\d{{4}}-\d\d-\d\d(?!\d)"
        rf"|(?<![\w)\]])[-+][$€£¥₹]{_NUMBER}|[$€£¥₹]{_NUMBER}"
        rf"|(?:(?<![\w)\].])[-+])?{_NUMBER}"
        rf"(?:(?:st|nd|rd|th)(?!{letter})|[eE][+-]?\d+(?!{letter})|{_UNIT}(?!{letter}))?"
        rf"|(?<=\d)-(?=\d)|(?<=[=(<>,*/+])-(?:[a-zA-Z]|\()|^-(?:[a-zA-Z](?![a-zA-Z])|\()"
        rf"|[{_WIDE}]"
        rf"|<=|>=|<<|>>|===?|!==?|=>|->|<-|&&|\|\||:=|[<>=+^%±≤≥≠×÷°√∑∞∈→←↔&¬∧∨∩∪]"
        rf"|(?<=[\w)\]])\*+(?=[\w(])|^\*$|^/$"
        rf"|[.!?…。！？।؟]+|[,;:()\[\]{{}}\"—|/、，；：（）؛،]|^-+$"
    )


_LETTER = "@LETTER@"
_ASCII = _pattern("[A-Za-z0-9_]")
_GLUED = re.compile(rf"\d(?:[ ](?={_UNIT}(?![\w/]))|[ ]-[ ](?=\d)|-[ ](?=\d))")
_GROUPS = re.compile(r"\d(?<![\d.,]\d)\d{0,2}(?:[ ']\d{3}){1,8}(?![\d.,']\d|\d)")
_CODES = re.compile(r"\b(USD|EUR|GBP|INR)\s?(?=\d)|([$€£¥₹])[ ](?=\d)")
_NOT = re.compile(r"(?<!\w)!(?=[\w(])")
_CITED = re.compile(r"(?<!\w)\[\d{1,3}\]")
_DIGIT = re.compile(r"\d")


@cache
def _any_script() -> re.Pattern[str]:
    marks = "".join(chr(code) for code in range(0x300, 0xFE30) if unicodedata.category(chr(code))[0] == "M")
    return _pattern(f"(?:[^\\W{_WIDE}]|[{marks}])")


def pieces(text: str) -> list[str]:
    """What stands between spaces, numbers with what belongs to them; HARD where a line ends."""
    shown = iso_dates(present(text))
    if _DIGIT.search(shown):
        shown = _CODES.sub(lambda found: found[2] or SIGNS[found[1]], shown) if _priced(shown) else shown
        shown = _GROUPS.sub(lambda found: re.sub("[ ']", "", found[0]), shown)
        shown = _GLUED.sub(lambda found: found[0][0] + ("-" if "-" in found[0] else ""), shown)
    if "er cent" in shown:
        shown = _PER_CENT.sub("%", shown)
    return shown.replace("\n", f" {HARD} ").split() if "\n" in shown else shown.split()


_PER_CENT = re.compile(r"\b[Pp]er cent\b")


def _priced(text: str) -> bool:
    return any(sign in text for sign in ("USD", "EUR", "GBP", "INR", "$", "€", "£", "¥", "₹"))


_STOPS = ",.;:!?"


class _Written(dict[str, str]):
    """Pieces of text with the characters of the tokens they stand for."""

    def __missing__(self, piece: str) -> str:
        found = _plain_word(piece)
        if found is None:
            parts = [HARD] if piece == HARD else _split(piece)
            found = "".join(VOCABULARY.character(token) for part in parts for token in canonical(part))
        self[piece] = found
        return found


def _plain_word(piece: str) -> str | None:
    """The characters of an ASCII word with stops behind it, as nearly all pieces are; None for another piece."""
    word, low = piece.rstrip(_STOPS), ""
    if (
        len(word) > 1
        and word.isascii()
        and word.isalpha()
        and word not in UPPER
        and (low := word.lower()) != "cannot"
    ):
        stops = piece[len(word) :]
        mark = "" if not stops else HARD if any(stop in stops for stop in ".!?") else SOFT
        return VOCABULARY.character(SPELT_OUT.get(low, low)) + mark
    return None


def _split(piece: str) -> list[str]:
    if "!" in piece:
        piece = _NOT.sub("¬", piece)
    if "[" in piece:
        piece = _CITED.sub(",", piece)
    return (_ASCII if piece.isascii() else _any_script()).findall(piece)


class _Kinds(dict[int, TokenKind]):
    """The kinds of tokens by their numbers, told when they are asked for: few are."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens

    def __missing__(self, code: int) -> TokenKind:
        self[code] = found = kind_of(self.tokens[code].lower())
        return found


class Vocabulary:
    """All tokens met so far, each with a character of its own."""

    def __init__(self) -> None:
        self.written, self.generation = _Written(), 0
        self.clear()

    def clear(self) -> None:
        self.generation += 1
        """Of characters: those of texts that were read before the last clearing mean nothing."""
        self.tokens: list[str] = ["", ""]
        self.kinds = _Kinds(self.tokens)
        self.characters: dict[str, str] = {"": "", HARD: HARD, SOFT: SOFT}
        self._hashes = np.empty(0, np.uint64)
        self.written.clear()

    def character(self, token: str) -> str:
        known = self.characters.get(token)
        if known is None:
            code = len(self.tokens)
            if code in _SURROGATES:
                skipped = len(_SURROGATES)
                self.tokens += [""] * skipped
                code += skipped
            known = self.characters[token] = chr(code)
            self.tokens.append(token)
        return known

    def hashes(self, of: Callable[[str], int]) -> UInt64:
        """[all tokens] what `of` gives for each, by number."""
        missing = [of(token) for token in self.tokens[len(self._hashes) :]]
        if missing:
            self._hashes = np.concatenate([self._hashes, np.array(missing, np.uint64)])
        return self._hashes

    @property
    def full(self) -> bool:
        return len(self.tokens) > MOST


VOCABULARY = Vocabulary()


class TokenLine:
    """The tokens of one text, read once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.marked = "".join(map(VOCABULARY.written.__getitem__, pieces(text)))
        self.line = _bare(self.marked)
        """One character a token."""

    def __len__(self) -> int:
        return len(self.line)

    @property
    def key(self) -> bytes:
        """Equal for texts that differ in presentation alone."""
        return "\x1f".join(self.words(0, len(self.line))).encode("utf-8", "surrogatepass")

    def words(self, start: int, stop: int) -> list[str]:
        tokens = VOCABULARY.tokens
        return [tokens[ord(character)] for character in self.line[start:stop]]

    def kinds(self, start: int, stop: int) -> list[TokenKind]:
        kinds = VOCABULARY.kinds
        return [kinds[ord(character)] for character in self.line[start:stop]]

    @cached_property
    def pieces(self) -> list[str]:
        """As pieces, read again: few texts are looked at so closely."""
        return pieces(self.text)

    @cached_property
    def code(self) -> CodeBlocks:
        """Which tokens stand in code."""
        return code_blocks(self.text, self._lines()) if may_hold_code(self.text) else NO_CODE

    def _lines(self) -> list[CodeLine]:
        lines = [list[tuple[str, int]]()]
        for piece in self.pieces:
            if piece == HARD:
                lines.append([])
            else:
                lines[-1].append((piece, len(_bare(VOCABULARY.written[piece]))))
        return list(lines)

    @cached_property
    def signs(self) -> str:
        """What stands around the words of code."""
        return code_signs(self.text, present(self.text))

    @cached_property
    def sentences(self) -> frozenset[int]:
        """Places before which a sentence or line begins, the ends of the text among them."""
        return _places(self.marked.replace(SOFT, ""), HARD)

    @cached_property
    def clauses(self) -> frozenset[int]:
        """As sentences, for clauses."""
        return _places(self.marked.replace(HARD, SOFT), SOFT)

    def capital(self, place: int) -> bool:
        """Whether a token begins with a capital."""
        for piece in self.pieces:
            count = len(_bare(VOCABULARY.written[piece]))
            if place < count:
                return _capitals(piece)[place]
            place -= count
        return False

    @cached_property
    def one_case(self) -> bool:
        """Whether case tells nothing, all letters being of one."""
        letters = "".join(self.pieces)
        return letters == letters.lower() or letters == letters.upper()

    @cached_property
    def plain(self) -> bool:
        """Whether no letter has an accent."""
        return not any(unaccented(raw) != raw for raw in self.pieces if not raw.isascii())

    @cached_property
    def closed(self) -> bool:
        """Whether the text ends as a sentence does."""
        return self.marked.endswith(HARD)


def _capitals(piece: str) -> list[bool]:
    """Of each token of a piece."""
    parts = ((part, _bare("".join(map(VOCABULARY.character, canonical(part))))) for part in _split(piece))
    return [part[0].isupper() for part, line in parts for _ in line] if piece != HARD else []


def _bare(marked: str) -> str:
    return marked.replace(HARD, "").replace(SOFT, "")


def _places(marked: str, mark: str) -> frozenset[int]:
    return frozenset(accumulate(map(len, marked.split(mark)), initial=0))


def unaccented(token: str) -> str:
    """The token without the accents of Latin, Greek and Cyrillic letters."""
    if token.isascii():
        return token
    apart = unicodedata.normalize("NFD", token)
    return unicodedata.normalize("NFC", "".join(c for c in apart if not "\u0300" <= c <= "\u036f"))


def key(text: str) -> bytes:
    """The text without presentation: equal for texts that differ in nothing else."""
    return TokenLine(text).key


def codes(line: str) -> Int64:
    """[len(line)] the numbers of its tokens in the vocabulary."""
    return np.frombuffer(line.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64)
