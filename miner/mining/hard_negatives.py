"""sentence-transformers' mine_hard_negatives, with its parameters and output formats, by miner's search and guards.

https://sbert.net/docs/package_reference/util.html#sentence_transformers.util.mine_hard_negatives
"""

from __future__ import annotations

import hashlib
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from miner.data import Passage
from miner.encoders import Encoder
from miner.encoders.load import load_encoder
from miner.encoders.objects import is_sentence_transformer
from miner.errors import ConfigError
from miner.filters import Filter, Margin, Rank, Score, TeacherScore
from miner.index import Index
from miner.index.build import build
from miner.index.encode import encoder_key
from miner.mining.export import dataset as as_dataset
from miner.mining.in_memory import mine_in_memory
from miner.mining.pairs import Pairs
from miner.mining.recipe import Recipe
from miner.mining.result import MiningResult
from miner.mining.skip import Skip, SkipByTeacher
from miner.mining.teacher import ScoreCache
from miner.mining.tuples import LAYOUTS, ScoredRow, TupleLayout
from miner.models.cross_encoder import LoadedCrossEncoder
from miner.progress import Clock, clock_of, count_of
from miner.storage.paths import as_path

if TYPE_CHECKING:
    import datasets

OutputFormat = Literal["triplet", "n-tuple", "labeled-pair", "labeled-list"]
Prompt = tuple[str | None, str | None]
"""A prompt's name in the model, and its text, which goes before."""

WINDOW = 10
"""Candidates looked at for each negative where some may be dropped, as there."""


def mine_hard_negatives(
    dataset: Any,
    model: Any,
    anchor_column_name: str | None = None,
    positive_column_name: str | None = None,
    corpus: Sequence[str] | None = None,
    cross_encoder: Any = None,
    range_min: int = 0,
    range_max: int | None = None,
    max_score: float | None = None,
    min_score: float | None = None,
    absolute_margin: float | None = None,
    relative_margin: float | None = None,
    num_negatives: int = 3,
    sampling_strategy: Literal["random", "top"] = "top",
    query_prompt_name: str | None = None,
    query_prompt: str | None = None,
    corpus_prompt_name: str | None = None,
    corpus_prompt: str | None = None,
    include_positives: bool = False,
    output_format: OutputFormat = "triplet",
    output_scores: bool = False,
    batch_size: int = 32,
    faiss_batch_size: int = 16384,
    use_faiss: bool = False,
    use_multi_process: Sequence[str] | bool = False,
    verbose: bool = True,
    cache_folder: str | None = None,
    as_triplets: bool | None = None,
    margin: float | None = None,
) -> datasets.Dataset:
    """Hard negatives for pairs of a query and what answers it, as a Dataset that trainers take.

    Parameters and output are those of sentence_transformers.util.mine_hard_negatives 6.2; docs/
    from-sentence-transformers.md sets both side by side. Nothing that matches a positive ever comes out, whatever
    the options; margins, scores and ranges hold only as given. Without `range_max` the search widens until each
    query has enough or the corpus ends. `model` may be anything that load_encoder takes, `dataset` anything that
    holds rows. Random sampling is the same each time.

    Raises ConfigError for what cannot be or would mean something else here, InputError for a row without texts,
    MissingExtra without datasets, and what building and mining raise.
    """
    _passed_over(
        batch_size=(batch_size, 32),
        faiss_batch_size=(faiss_batch_size, 16384),
        use_faiss=(use_faiss, False),
        use_multi_process=(use_multi_process, False),
    )
    layout, scored = _format(output_format, output_scores, as_triplets)
    _check(model, include_positives, num_negatives, range_min, range_max, sampling_strategy)
    if margin is not None:
        absolute_margin = margin
        _deprecated("margin", f"absolute_margin={margin}")
    pairs = Pairs(dataset, anchor_column_name, positive_column_name)
    limits = Limits(max_score, min_score, absolute_margin, relative_margin)
    teacher = cross_encoder is not None and limits.any
    depth = range_max or range_min + num_negatives * (WINDOW if limits.any else 1)
    encoder = _encoder(model, (query_prompt_name, query_prompt), (corpus_prompt_name, corpus_prompt))
    clock = clock_of(None, verbose)
    with _folder(cache_folder) as folder:
        scorer = LoadedCrossEncoder(cross_encoder, batch_size) if teacher else None
        scores = ScoreCache(folder / "scores.sqlite", scorer) if scorer else None
        recipe = Recipe(
            n=num_negatives,
            filters=limits.filters(teacher, range_max and range_max + pairs.most),
            select=(SkipByTeacher if teacher else Skip)(
                range_min, range_max or 0, sampling_strategy == "random"
            ),
            depth=depth + pairs.most,
            teacher=scores,
            widen=range_max is None,
        )
        index = _index(folder, pairs.passages(corpus), encoder, clock)
        result = mine_in_memory(pairs.queries, [index], recipe, encoder, clock)
        if verbose:
            sys.stderr.write(_told(result, num_negatives))
        shape = TupleLayout(layout, pairs.anchor, pairs.positive, num_negatives, scored)
        return as_dataset(shape.table(_scored(result, scores)))


@dataclass(frozen=True)
class Limits:
    """What scores a negative may have; what is None does not count."""

    max_score: float | None
    min_score: float | None
    absolute: float | None
    relative: float | None

    @property
    def any(self) -> bool:
        return any(
            each is not None for each in (self.max_score, self.min_score, self.absolute, self.relative)
        )

    def filters(self, teacher: bool, last: int | None) -> tuple[Filter, ...]:
        """The limits as filters; margins against the lowest positive, as there."""
        found: list[Filter] = [] if last is None else [Rank(last=last)]
        if teacher:
            found.append(TeacherScore(self.min_score, self.max_score, self.relative, self.absolute))
            return tuple(found)
        if self.relative is not None:
            found.append(Margin(relative=self.relative, against="lowest"))
        if self.absolute is not None:
            found.append(Margin(absolute=self.absolute, against="lowest"))
        if self.max_score is not None or self.min_score is not None:
            highest = 2.0 if self.max_score is None else self.max_score
            found.append(Score(-2.0 if self.min_score is None else self.min_score, highest))
        return tuple(found)


def _passed_over(**given: tuple[Any, Any]) -> None:
    """Warn of options that were given and change nothing here."""
    named = [name for name, (value, default) in given.items() if value != default]
    if named:
        warnings.warn(f"mine_hard_negatives: {', '.join(named)} mean nothing to miner", stacklevel=3)


def _format(name: str, scored: bool, as_triplets: bool | None) -> tuple[str, bool]:
    """The layout's name and whether it has scores, deprecated spellings included, with the warnings there."""
    if as_triplets is not None:
        name = "triplet" if as_triplets else "n-tuple"
        _deprecated("as_triplets", f"output_format={name!r}")
    if name == "n-tuple-scores":
        name, scored = "n-tuple", True
        _deprecated("output_format='n-tuple-scores'", "output_format='n-tuple', output_scores=True")
    if name not in LAYOUTS:
        raise ConfigError(f"output_format is {name!r}; expected one of {', '.join(LAYOUTS)}")
    return name, scored


def _deprecated(name: str, instead: str) -> None:
    warnings.warn(f"mine_hard_negatives: {name} is deprecated; use {instead}", FutureWarning, stacklevel=4)


def _check(
    model: Any, include_positives: bool, negatives: int, first: int, last: int | None, sampling: str
) -> None:
    """Refuse what cannot be, and what would mean something else here."""
    if include_positives:
        raise ConfigError(
            "include_positives=True wants positives among the negatives, which miner never lets through; take "
            "sentence-transformers' function for that"
        )
    if (similarity := getattr(model, "similarity_fn_name", None)) in ("euclidean", "manhattan"):
        raise ConfigError(f"the model's similarity is {similarity}; expected cosine or dot")
    if sampling not in ("top", "random"):
        raise ConfigError(f"sampling_strategy is {sampling!r}; expected top or random")
    if negatives < 1:
        raise ConfigError(f"num_negatives is {negatives}; expected 1 or more")
    if first < 0:
        raise ConfigError(f"range_min is {first}; expected 0 or more")
    if last is not None and last - first < negatives:
        left = max(last - first, 0)
        raise ConfigError(
            f"range_min={first} and range_max={last} leave {left} candidates for num_negatives={negatives}; "
            "expected at least as many"
        )


def _encoder(model: Any, query: Prompt, document: Prompt) -> Encoder:
    """The model with the prompts asked for, by name or as text."""
    return load_encoder(
        model,
        name=None
        if isinstance(model, str | Path) or is_sentence_transformer(model)
        else type(model).__name__,
        query_prompt=_prompt(model, query),
        document_prompt=_prompt(model, document),
    )


def _prompt(model: Any, given: Prompt) -> str | None:
    name, text = given
    if text is not None or name is None:
        return text
    known = getattr(model, "prompts", None) or {}
    if name not in known:
        raise ConfigError(f"the model has no prompt {name!r}; found {', '.join(known) or 'none'}")
    return str(known[name])


@contextmanager
def _folder(cache: str | Path | None) -> Iterator[Path]:
    """Where the index lies: in the cache folder, or for as long as the call takes."""
    if cache is not None:
        yield as_path(cache, "the cache folder")
        return
    with TemporaryDirectory(prefix="miner-") as folder:
        yield Path(folder)


def _index(folder: Path, passages: Sequence[Passage], encoder: Encoder, clock: Clock) -> Index:
    """The index of the passages; one that lies in the folder already is used again."""
    digest = hashlib.sha256(encoder_key(encoder).encode())
    for passage in passages:
        digest.update(passage.text.encode("utf-8", "surrogatepass") + b"\0")
    return build(passages, folder / f"index-{digest.hexdigest()[:16]}", encoder, clock=clock)


def _scored(result: MiningResult, scores: ScoreCache | None) -> Iterator[ScoredRow]:
    """The rows with the similarity of each text, or the cross-encoder's score."""
    for row, pick in zip(result, result.picks, strict=True):
        of_relevant = pick.relevant_scores.tolist()
        if scores is not None:
            of_relevant = scores.score([(row.query, text) for text in row.relevant_passages]).tolist()
        negatives = [
            (each.text, each.similarity if each.teacher is None else each.teacher) for each in row.negatives
        ]
        yield ScoredRow(row.query, list(zip(row.relevant_passages, of_relevant, strict=True)), negatives)


def _told(result: MiningResult, wanted: int) -> str:
    """What came of it, for people."""
    counts = result.counts()
    lines = [
        f"{count_of(counts['negatives'], 'hard negative')} for {count_of(counts['rows'], 'query')}, "
        f"{wanted} wanted for each"
    ]
    looked = f"of {count_of(counts['candidates'], 'candidate')} by"
    lines += [f"dropped {count:,} {looked} {name}" for name, count in counts["rejected"].items()]
    if counts["short_rows"]:
        lines.append(f"{count_of(counts['short_rows'], 'query has', 'queries have')} fewer than {wanted}")
    return "\n".join([*lines, ""])
