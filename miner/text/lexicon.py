"""What little must be known of words to tell a turn of phrase from a statement: which of them deny, compare,
bind or only hold a sentence together. A word that stands in no list is content.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

MONTHS: Mapping[str, int] = {
    name: number
    for number, names in enumerate(
        (
            "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul",
            "august aug", "september sept sep", "october oct", "november nov", "december dec",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip


class TokenKind(StrEnum):
    """What a token does in a sentence."""

    CONTENT = "w"
    NUMBER = "n"
    NEGATION = "-"
    OPERATOR = "o"
    BOUND = "d"
    """Comparatives, directions, quantifiers and duties."""
    FUNCTION = "p"
    """Exchanged for another one it makes another statement: prepositions, pronouns."""
    WEAK = "f"
    """Articles, auxiliaries, conjunctions: may change, come and go."""


_WORDS: Mapping[TokenKind, str] = {
    TokenKind.NEGATION: (
        "not no never none neither nor without non nobody nothing nowhere hardly barely unless except excluding "
        "cannot lack lacks lacking absent absence unlike un anti de-facto "
        "nicht kein keine keinen keiner keinem ohne nie niemals ne pas jamais sans aucun aucune sin nunca "
        "ningún ninguna ninguno não nao sem nunca senza mai niet geen zonder nie bez ei inte ikke nem değil "
        "не нет ни без никогда нельзя нету нем नहीं नही मत बिना لا ليس لم لن بدون غیر غير نه بدون לא אין בלי "
        "不 没 沒 無 无 未 非 否 勿 khong không chưa 않 아니 못 없 안"
    ),
    TokenKind.BOUND: (
        "only all always must shall may might should least most more less fewer until before after above below "
        "over under up down off minimum maximum min max at-least exceed exceeds exceeding first last higher "
        "lower larger smaller greater better worse increase increases increased decrease decreases decreased "
        "required optional mandatory forbidden prohibited permitted allowed either both half twice double triple"
    ),
    TokenKind.FUNCTION: (
        "or if with for to in on at by from into onto through during about per via within between among around "
        "against toward towards along across behind beside inside outside upon i you he she we me him us my "
        "your his her our their them can could every each any some many much few several than when where why "
        "how what whom whose because since while whether let once out back"
    ),
    TokenKind.WEAK: (
        "a an the this that these those which who is are was were be been being am has have had having do does "
        "did done will would of and also as it its they there here then so such very quite rather just really "
        "simply however but though although well too still even already please thus therefore hence moreover "
        "furthermore additionally indeed actually basically generally usually typically often commonly overall "
        "note see eg ie etc viz namely example instance s t ll re ve d m "
        "der das dem ein eine einem einen eines einer und ist sind auch le la les l un une du et est sont aussi "
        "el los las una unos y es son del il lo gli e i uno o os um uma com het een en и а है हैं था थी थे को का की के "
        "में से और भी ने यह वह ال و 的 了 は が を に の と で も です ます 은 는 이 가 을 를"
    ),
}  # fmt: skip
CONDITIONS: frozenset[str] = frozenset(
    {
        "if",
        "when",
        "whenever",
        "provided",
        "wenn",
        "falls",
        "si",
        "cuando",
        "quand",
        "quando",
        "если",
        "когда",
        "अगर",
        "यदि",
    }
)
"""Words that begin what a statement holds under; those that deny or bound it do so as well."""
KINDS: Mapping[str, TokenKind] = {word: kind for kind, words in _WORDS.items() for word in words.split()}

_SAME = (
    "in within inside", "on upon onto", "about approximately around roughly circa", "towards toward",
    "among amongst between", "because since as", "via through by", "while whereas whilst although though",
    "can could may", "with having", "many several numerous", "each every", "also too additionally",
    "if when", "must shall", "i me", "he him", "she her", "they them", "we us",
    "but however", "use using used", "until till", "near nearby", "big large", "start begin", "get obtain",
)  # fmt: skip
_GROUPS: Mapping[str, frozenset[str]] = {
    word: frozenset(other for words in _SAME if word in words.split() for other in words.split())
    for word in " ".join(_SAME).split()
}

SPELT_OUT: Mapping[str, str] = {
    **{
        word: str(number)
        for number, word in enumerate(
            "two three four five six seven eight nine ten eleven twelve".split(), 2  # noqa: SIM905
        )
    },
    **dict(zip(["milligram", "milligrams", "milligramme", "milligrammes"], ["mg"] * 4, strict=True)),
    **dict.fromkeys(("microgram", "micrograms", "mcg", "ug"), "μg"),
    **dict.fromkeys(("kilogram", "kilograms", "kgs"), "kg"),
    **dict.fromkeys(("milliliter", "milliliters", "millilitre", "millilitres"), "ml"),
    **dict.fromkeys(("kilometer", "kilometers", "kilometre", "kilometres"), "km"),
    **dict.fromkeys(("centimeter", "centimeters", "centimetre", "centimetres"), "cm"),
    **dict.fromkeys(("millimeter", "millimeters", "millimetre", "millimetres"), "mm"),
    **dict.fromkeys(("percent", "percentage", "pct"), "%"),
    **dict.fromkeys(("dollar", "dollars", "usd"), "$"),
    **dict.fromkeys(("euro", "euros", "eur"), "€"),
    **dict.fromkeys(("pound sterling", "gbp"), "£"),
    **dict.fromkeys(("rupee", "rupees", "inr"), "₹"),
    **dict.fromkeys(("hr", "hrs"), "hours"),
    **dict.fromkeys(("mins",), "minutes"),
    **dict.fromkeys(("vs",), "versus"),
    **dict.fromkeys(("dr",), "doctor"),
    "grey": "gray", "aluminium": "aluminum", "tyre": "tire", "tyres": "tires", "≥": ">=", "≤": "<=", "≠": "!=",
    "×": "*", "÷": "/", "→": "->", "&": "and", "°": "degrees", "oedema": "edema", "oestrogen": "estrogen",
}  # fmt: skip
"""Words and signs written another way, to one way."""
UPPER = frozenset({"US", "IT", "WHO", "AIDS"})
"""In capitals they are other words."""


def kind_of(token: str) -> TokenKind:
    """The kind of a token in lower case."""
    first = token[0]
    if first == "[":
        return TokenKind.WEAK
    if first.isdecimal() or (first in "-+." and token[1:2].isdecimal()):
        return TokenKind.NUMBER
    if known := KINDS.get(token):
        return known
    return TokenKind.CONTENT if any(map(str.isalnum, token)) else TokenKind.OPERATOR


def interchangeable(a: str, b: str) -> bool:
    """Whether two tokens that say little may stand for each other."""
    if KINDS.get(a) is TokenKind.WEAK and KINDS.get(b) is TokenKind.WEAK:
        return (len(a) > 1 and len(b) > 1) or not (len(a) == len(b) == 1)
    return b in _GROUPS.get(a, ())


def exchangeable(token: str) -> bool:
    """Whether there are tokens that are interchangeable with this one."""
    return token in _GROUPS or KINDS.get(token) is TokenKind.WEAK
