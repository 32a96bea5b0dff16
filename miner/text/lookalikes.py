"""Letters of other alphabets that look like those around them, put back into the alphabet of their word."""

from __future__ import annotations

import re

_CYRILLIC = dict(zip("асеорхуіјѕԁһӏԛԝАВЕКМНОРСТХУІЈЅ", "aceopxyijsdhlqwABEKMHOPCTXYIJS", strict=True))
_GREEK = dict(zip("αιορνΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aiopvABEZHIKMNOPTYX", strict=True))
_FURTHER = dict(zip("օսհցɑɡıⲟ᧐", "ouhgagioo", strict=True))
TO_LATIN = {ord(letter): latin for letter, latin in (_CYRILLIC | _GREEK | _FURTHER).items()}
"""Look-alikes and the Latin letters they look like; µ and the Russian н stay themselves."""
TO_CYRILLIC = {ord(latin): letter for letter, latin in reversed(_CYRILLIC.items())}

_LOOKALIKE = re.compile(f"[{''.join(map(chr, TO_LATIN))}]")
_LATIN = re.compile("[A-Za-z]")
_CYRILLIC_OWN = re.compile(f"(?![{''.join(_CYRILLIC)}])[\u0400-\u052f]")
_GREEK_OWN = re.compile(f"(?![{''.join(_GREEK)}µ])[\u0370-\u03ff]")
_WORD = re.compile(r"[^\W\d_]+")
_OTHER_SCRIPTS = re.compile("[\u0370-\u058f]")


def unmask(text: str) -> str:
    """The text with look-alikes replaced in words of mixed script, and in words made of nothing else if the
    text is otherwise Latin.
    """
    if not _LOOKALIKE.search(text):
        return text
    latin = len(_LATIN.findall(text)) > len(_OTHER_SCRIPTS.findall(text))
    return _WORD.sub(lambda word: _unmasked(word.group(), latin), text)


def _unmasked(word: str, in_latin: bool) -> str:
    if word.isascii() or not _LOOKALIKE.search(word):
        return word
    mixed = bool(_LATIN.search(word))
    if _CYRILLIC_OWN.search(word):
        return word.translate(TO_CYRILLIC) if mixed else word
    if _GREEK_OWN.search(word) or not (mixed or (in_latin and len(word) > 1)):
        return word
    return word.translate(TO_LATIN)
