"""What people hand over for a recipe and for indexes, as what mining works with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from miner.errors import ConfigError
from miner.filters import DropRiskiest, Filter, Risk, parse_filter
from miner.index import Index, open_index
from miner.mining.recipe import Recipe
from miner.search.search import Search
from miner.selectors import Selector, parse_selector

MAX_RISK = "max_risk"


def recipe_with(recipe: Recipe | None, given: Mapping[str, Any]) -> Recipe:
    """The recipe with some of its fields: filters and the selector as objects or spelt as text, the search by its
    method, and `max_risk`, a cap on the risk that joins the filters in the place of riskiest().

    A depth below `n` becomes `n`. Raises ConfigError for fields that there are not, and for values that do not fit.
    """
    if not isinstance(recipe, Recipe | None):
        raise ConfigError(
            f"the recipe is of type {type(recipe).__name__}; expected a Recipe, or its fields as mine(..., n=3, "
            "max_risk=0.02)"
        )
    recipe = recipe or Recipe()
    known = [field.name for field in fields(Recipe)]
    unknown = [name for name in given if name not in (*known, MAX_RISK)]
    if unknown:
        raise ConfigError(
            f"unknown option {unknown[0]!r}; expected any of {', '.join(sorted([*known, MAX_RISK]))}"
        )
    values = {name: value for name, value in given.items() if value is not None and name != MAX_RISK}
    made: dict[str, Any] = {
        name: _MADE[name](value) if name in _MADE else value for name, value in values.items()
    }
    if (cap := given.get(MAX_RISK)) is not None:
        filters = made.get("filters", recipe.filters)
        made["filters"] = (
            *(each for each in filters if not isinstance(each, Risk | DropRiskiest)),
            Risk(_number(MAX_RISK, cap)),
        )
    if isinstance(n := made.get("n", recipe.n), int):
        made.setdefault("depth", max(recipe.depth, n))
    return replace(recipe, **made)


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


def _named(given: object) -> str:
    return f"the class {given.__name__}" if isinstance(given, type) else f"of type {type(given).__name__}"


_MADE: dict[str, Callable[[Any], Any]] = {
    "filters": _filters,
    "select": _selector,
    "search": _search,
    "n": lambda given: _whole("n", given),
    "depth": lambda given: _whole("depth", given),
    "seed": lambda given: _whole("seed", given),
}
