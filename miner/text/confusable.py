"""Words one slip of a finger apart that are both words."""

from __future__ import annotations

from collections.abc import Mapping

_PAIRS = (
    "county country", "causal casual", "desert dessert", "public pubic", "insulin inulin",
    "ordinance ordnance", "thorough through", "though tough", "though through", "thought though",
    "continuous contiguous", "united untied", "martial marital", "trail trial", "angel angle",
    "diary dairy", "quiet quite", "lightening lightning", "carton cartoon", "statue statute",
    "status statutes", "adverse averse", "loose lose", "envelop envelope", "precede proceed",
    "later latter", "filing filling", "planed planned", "hoping hopping", "diner dinner", "scared scarred",
    "staring starring", "baring barring", "coast cost", "parse sparse", "palpation palpitation",
    "perineal peroneal", "perineal peritoneal", "mucus mucous", "thymine thiamine", "adenine adenosine",
    "estrone estriol", "custom customs", "martin marin", "person persons", "private primate",
    "conversation conservation", "complaint compliant", "infarction infraction", "dilation dilatation",
    "ration ratio", "alternate alternative", "prosecute persecute", "prescribe proscribe",
    "perspective prospective", "breath breathe", "cloth clothe", "human humane", "moral morale",
    "device devise", "advice advise", "license licence", "safety safely", "bottom button", "except expect",
    "reverse revere", "credible edible", "contract contact", "immoral immortal", "immunity impunity",
    "monitor minor", "patent patient", "patience patients", "policy police", "sever severe",
    "several sever", "serve sever", "server serve", "region religion", "reign region", "world word",
    "words worlds", "native naive", "wander wonder", "brake break", "trust thrust", "adoption adaption",
    "adopt adapt", "bother brother", "cream crème", "firs first", "fist first", "plant plane",
    "planet plane", "planet plant", "price prince", "stroke strike", "aural oral", "simulate stimulate",
    "simulation stimulation", "morning mourning", "curse course", "course coarse", "horse hoarse",
    "warn warm", "heath health", "stated started", "stating starting", "striped stripped", "tired tried",
    "slated salted", "slat salt", "sliver silver", "sacred scared", "unclear nuclear", "beast breast",
    "gastric gastritic", "tonic toxic", "renal penal", "venous venomous", "viral vital", "virial viral",
    "varies varices", "humeral humoral", "ureter urethra", "ureteral urethral", "cervical clerical",
    "colon clon", "colonic clonic", "clonic tonic", "methanol ethanol", "methanal methanol",
    "lumber lumbar", "fetal fatal", "brian brain", "calvary cavalry", "council counsel",
    "counselor councilor", "expand expend", "extend expend", "interpret interpreted",
    "interment internment", "intestate interstate", "interstate intrastate", "principal principle",
    "stationary stationery", "discreet discrete", "elicit illicit",
)  # fmt: skip


def _mapping() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for pair in _PAIRS:
        a, b = pair.split()
        found.setdefault(a, set()).add(b)
        found.setdefault(b, set()).add(a)
    return {word: frozenset(others) for word, others in found.items()}


CONFUSABLE: Mapping[str, frozenset[str]] = _mapping()
"""Each word to those it is mistaken for."""
