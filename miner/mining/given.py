"""What people hand over for a recipe and for indexes, as what mining works with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from miner.corpus.objects import queries_in
from miner.corpus.queries import Queries, read_queries
from miner.errors import ConfigError
from miner.filters import Filter, Risk, parse_filter
from miner.index import Index, open_index
from miner.judgments.known import KnownJudgments
from miner.mining.recipe import Recipe
from miner.mining.teacher import PairScorer, ScoreCache
from miner.mining.teachers import parse_teacher
from miner.models.cross_encoder import LoadedCrossEncoder
from miner.risk import RiskModel
from miner.search.search import Search
from miner.selectors import Selector, Top, parse_selector
from miner.text.copies import Copies, parse_copies

MAX_RISK = "max_risk"


def recipe_with(recipe: Recipe | None, given: Mapping[str, Any]) -> Recipe:
    """The recipe with some of its fields: filters and the selector as objects or spelt as text, the search by its
    method, and `max_risk`, a cap on the risk that joins the filters; under it the hardest are taken unless `select`
    says otherwise. None stands for a field that is not given. A depth below `n` becomes `n`.

    Raises ConfigError for fields that there are not, and for values that do not fit.
    """
    recipe = Recipe() if recipe is None else recipe
    if not isinstance(recipe, Recipe):
        raise ConfigError(
            f"the recipe is {_named(recipe)}; expected a Recipe, or its fields as mine(..., n=3, max_risk=0.02)"
        )
    known = [*(field.name for field in fields(Recipe)), MAX_RISK]
    if unknown := [name for name in given if name not in known]:
        close = get_close_matches(unknown[0], known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"expected any of {', '.join(sorted(known))}"
        raise ConfigError(f"unknown option {unknown[0]!r}; {hint}")
    values = {name: value for name, value in given.items() if value is not None}
    cap = values.pop(MAX_RISK, None)
    made = {name: _MADE.get(name, _as_it_is)(value) for name, value in values.items()}
    if cap is not None:
        others = (each for each in made.get("filters", recipe.filters) if not isinstance(each, Risk))
        made = {"select": Top(), **made, "filters": (*others, Risk(_number(MAX_RISK, cap)))}
    made["depth"] = max(made.get("depth", recipe.depth), made.get("n", recipe.n))
    return replace(recipe, **made)


def score_cache(scorer: Any, index: Index) -> ScoreCache:
    """The cache of scores beside an index, of a teacher as text, as an object that scores pairs, or of a
    CrossEncoder that is loaded. Raises ConfigError."""
    if isinstance(scorer, ScoreCache):
        return scorer
    if isinstance(scorer, str | Path):
        made: PairScorer = parse_teacher(str(scorer))
    elif hasattr(scorer, "score") and hasattr(scorer, "fingerprint"):
        made = scorer
    elif hasattr(scorer, "predict") and hasattr(scorer, "state_dict"):
        made = LoadedCrossEncoder(scorer)
    else:
        raise ConfigError(
            f"the teacher is {_named(scorer)}; expected a CrossEncoder, its name, or a text as 'encoders(models=...)'"
        )
    return ScoreCache(index.path / "cache" / "teacher.sqlite", made)


def queries_of(given: Any, columns: Mapping[str, str] | None = None) -> Queries:
    """Queries by their path, or out of anything that queries_in takes. Raises ConfigError, InputError."""
    if not isinstance(given, str | Path):
        return queries_in(given, columns)
    if columns:
        raise ConfigError("columns are named for queries that are objects; these are a path")
    return read_queries(given)


def index_of(given: Any) -> Index:
    """The only one of indexes_of. Raises ConfigError for several."""
    found = indexes_of(given)
    if len(found) > 1:
        raise ConfigError(f"one index is asked at a time; found {len(found)}")
    return found[0]


def indexes_of(given: Any) -> tuple[Index, ...]:
    """Indexes, given as such or by their paths, one or several. Raises ConfigError, and what open_index raises."""
    if isinstance(given, Index):
        return (given,)
    if isinstance(given, str | Path):
        return (open_index(given),)
    if isinstance(given, Iterable) and not isinstance(given, Mapping | bytes):
        several = tuple(each for one in given for each in indexes_of(one))
        if several:
            return several
    raise ConfigError(
        f"the index is of type {type(given).__name__}; expected an Index, its path, or a list of these"
    )


def _filters(given: Any) -> tuple[Filter, ...]:
    one = isinstance(given, str) or hasattr(given, "keep")
    if not one and not isinstance(given, Iterable):
        raise ConfigError(
            f"filters are of type {type(given).__name__}; expected filters, or texts as 'margin()'"
        )
    return tuple(map(_filter, [given] if one else given))


def _filter(given: Any) -> Filter:
    if isinstance(given, str):
        return parse_filter(given)
    if isinstance(given, type) or not hasattr(given, "keep"):
        raise ConfigError(
            f"a filter is {_named(given)}; expected one as Margin(relative=0.05), or a text as 'margin()'"
        )
    found: Filter = given
    return found


def _copies(given: Any) -> Copies:
    if isinstance(given, str):
        return parse_copies(given)
    if not isinstance(given, Copies):
        raise ConfigError(f"copies is {_named(given)}; expected Copies(cover=0.75), or a text as 'copies()'")
    return given


def _selector(given: Any) -> Selector:
    if isinstance(given, str):
        return parse_selector(given)
    if isinstance(given, type) or not hasattr(given, "choose"):
        raise ConfigError(f"the selector is {_named(given)}; expected one as Top(), or a text as 'top()'")
    found: Selector = given
    return found


def _search(given: Any) -> Search:
    if isinstance(given, Search):
        return given
    if not isinstance(given, str):
        raise ConfigError(f"the search is {_named(given)}; expected a Search, or a text as 'exact' or 'hnsw'")
    return Search(given)


def _whole(name: str, given: Any) -> int:
    if isinstance(given, bool) or not hasattr(given, "__index__"):
        raise ConfigError(f"{name} is {given!r}; expected a whole number")
    return int(given)


def _number(name: str, given: Any) -> float:
    if isinstance(given, bool) or (not hasattr(given, "__float__") and not hasattr(given, "__index__")):
        raise ConfigError(f"{name} is {given!r}; expected a number")
    return float(given)


def _as_it_is(given: Any) -> Any:
    return given


def _named(given: object) -> str:
    return f"the class {given.__name__}" if isinstance(given, type) else f"of type {type(given).__name__}"


def _judgments(given: Any) -> KnownJudgments:
    if isinstance(given, KnownJudgments):
        return given
    paths = [given] if isinstance(given, str | Path) else given
    if not isinstance(paths, list | tuple) or not all(isinstance(path, str | Path) for path in paths):
        raise ConfigError(f"judgments are {_named(given)}; expected a file's path, or a list of paths")
    return KnownJudgments.of(*map(Path, paths))


def _risk(given: Any) -> RiskModel:
    if not isinstance(given, RiskModel):
        raise ConfigError(
            f"the risk is {_named(given)}; expected a model, as a calibration's, or max_risk=0.02"
        )
    return given


def _truth(name: str, given: Any) -> bool:
    if given not in (True, False):
        raise ConfigError(f"{name} is {given!r}; expected True or False")
    return bool(given)


_MADE: dict[str, Callable[[Any], Any]] = {
    "copies": _copies,
    "filters": _filters,
    "select": _selector,
    "search": _search,
    "n": lambda given: _whole("n", given),
    "depth": lambda given: _whole("depth", given),
    "seed": lambda given: _whole("seed", given),
    "widen": lambda given: _truth("widen", given),
    "risk": _risk,
    "judgments": _judgments,
}
