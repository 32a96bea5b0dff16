"""miner mine"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from miner.cli.console import as_shown, gave_json, say, terminal
from miner.cli.judges import (
    DryRunOption,
    JudgeOption,
    JudgmentsOption,
    YesOption,
    consent,
    judgments_beside,
    known_judgments,
    panel_of,
)
from miner.cli.mine_judged import JudgedWork
from miner.cli.reading import ColumnsOption, EncodingOption, StrictOption, read_options, say_passed_over
from miner.progress import count_of

if TYPE_CHECKING:
    from miner.corpus.options import ReadOptions
    from miner.corpus.queries import Queries
    from miner.index import Index
    from miner.mining.recipe import Recipe


def command(
    queries: Annotated[
        Path,
        typer.Argument(
            help="Queries with what answers them, in any shape of docs/formats.md; - is standard input."
        ),
    ],
    index: Annotated[
        list[str] | None,
        typer.Option(
            help="Index folder or URI; default: the only one in indexes/, else one that is built over the passages of "
            "QUERIES. Repeat it to fuse several."
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Default: QUERIES.mined.jsonl, here.")
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="Hard negatives a query.")] = 5,
    max_risk: Annotated[
        float | None,
        typer.Option(
            help="Highest risk of a false negative; under it the hardest are taken. [default: no cap; "
            "risk is weighed against hardness]"
        ),
    ] = None,
    calibration: Annotated[
        Path | None, typer.Option(help="What 'miner calibrate' wrote for this index.")
    ] = None,
    filter: Annotated[
        list[str] | None,
        typer.Option(help="As 'margin(relative=0.05)'; repeat it; none by default."),
    ] = None,
    copies: Annotated[
        str,
        typer.Option(help="What a near copy of a relevant passage is; stays under any --filter."),
    ] = "copies()",
    select: Annotated[
        str | None,
        typer.Option(
            help="priced(...), top(), below(), sample(...), diverse(...) or spread(...). "
            "[default: priced(); with --max-risk or --judge top()]"
        ),
    ] = None,
    teacher: Annotated[
        str | None,
        typer.Option(
            help="What scores query and passage, for the receipts, denoise(), teacher() and spread(): a cross-encoder, "
            "encoders(models='a,b'), cohere(model='…') or a judge."
        ),
    ] = None,
    depth: Annotated[int, typer.Option(min=1, help="Candidates looked at first; widened if too few.")] = 100,
    emit: Annotated[str, typer.Option(help="What is written of a passage: text or title-text.")] = "text",
    min_grade: Annotated[float, typer.Option(help="Least score of a relevant passage in qrels.")] = 0.0,
    split: Annotated[str | None, typer.Option(help="Which qrels/SPLIT.tsv of a BEIR folder.")] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            help="What the index was built with; default: what the index says. Also of an index that is built here."
        ),
    ] = None,
    search: Annotated[
        str,
        typer.Option(help="exact; or hnsw, ivf or ivfpq(...), with its recall measured, if that is slow."),
    ] = "exact",
    max_memory: Annotated[str, typer.Option(help="What search may use, as 256M or 2G.")] = "512M",
    seed: Annotated[int, typer.Option(help="Seeds selectors that draw.")] = 0,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first queries, to try a recipe.")] = None,
    columns: ColumnsOption = None,
    encoding: EncodingOption = None,
    strict: StrictOption = False,
    executor: Annotated[
        str | None,
        typer.Option(
            help="processes(workers=8) or ray(workers=8), which share files; or serial, one process. "
            "[default: this process; many candidates are compared by others too]"
        ),
    ] = None,
    ray_address: Annotated[str | None, typer.Option(help="A Ray cluster; default: this machine.")] = None,
    judgments: JudgmentsOption = None,
    judge: JudgeOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Mine hard negatives for queries: Cohere JSONL, with receipts and a run record beside it.

    Where there is no index, one is built over the passages that the queries came with.
    """
    from dataclasses import replace

    from miner.cli.executors import executor_of
    from miner.cli.outputs import check_output, given_input
    from miner.cli.recipes import bytes_of
    from miner.corpus.queries import Queries, read_queries
    from miner.errors import ConfigError
    from miner.executors import Serial
    from miner.formats.cohere import RECEIPTS, RUN
    from miner.search.search import Search

    workers, searched = executor_of(executor or "serial", ray_address), Search(search, bytes_of(max_memory))
    options = read_options(columns, encoding, strict)
    if judge and not isinstance(workers, Serial):
        raise ConfigError(
            "--judge mines in one process; judge first, then mine with --judgments by an executor"
        )
    panel = panel_of(judge, judgments or judgments_beside(queries)) if judge else None
    chosen = select or ("top()" if judge else None)
    output = output or Path(f"{_stem(queries)}.mined.jsonl")
    with given_input(queries) as source:
        read = [queries, calibration, judgments or judgments_beside(queries)]
        check_output(output, inputs=read, indexes=index or (), endings=(RECEIPTS, RUN))
        asked = read_queries(source, split=split, min_grade=min_grade, options=options)
        asked = Queries(asked[:limit])
        with consent(yes):
            opened = _indexes(index, source, _stem(queries), asked, encoder, options)
    check_output(output, indexes=[str(each.place) for each in opened])
    encoded_by: Any = encoder
    if encoder is None and panel is None and isinstance(workers, Serial):
        encoded_by = opened[0].lazy_encoder([query.text for query in asked])

    from miner.cli.mine_text import summary
    from miner.cli.recipes import calibration_of, recipe_of
    from miner.cli.teachers import teacher_of
    from miner.mining.relevant import known_queries
    from miner.mining.teacher import ScoreCache
    from miner.mining_tasks.mine import mine
    from miner.progress import Clock

    scores = None
    if teacher is not None:
        scores = ScoreCache(opened[0].path / "cache" / "teacher.sqlite", teacher_of(teacher))
    recipe = recipe_of(
        n, filter, max_risk, chosen, depth, copies, seed=seed, emit=emit, search=searched, teacher=scores
    )
    if known := calibration_of(calibration, opened[0]):
        recipe = recipe.calibrated(known)
    asked = known_queries(asked, opened[0], options.notes)
    if panel is None and (said := known_judgments(judgments, queries)):
        recipe = replace(recipe, judgments=said)
    given = {"queries": str(queries), "output": str(output), "teacher": teacher, "calibration": calibration}
    named = {"index": [str(each.place) for each in opened], **_spelt(recipe), "limit": limit}
    arguments = {
        **{k: v and str(v) for k, v in given.items()},
        **named,
        "read": as_shown(options.notes.record()),
    }
    if panel is not None:
        work = JudgedWork(asked, opened, recipe, panel, encoder)
        with consent(yes):
            if dry_run:
                work.plan()
                return
            record = work.run(output, arguments | {"judge": judge})
    else:
        with consent(yes), workers.open() as running:
            record = mine(
                asked,
                opened,
                recipe,
                output=output,
                encoder=encoded_by,
                executor=None if executor is None else running,
                arguments=arguments,
                clock=Clock(terminal()),
            )
    gave_json(lambda: record)
    say_passed_over(options.notes)
    say(summary(recipe, record, output, known))


def _stem(queries: Path) -> str:
    """What an output is named after."""
    return "queries" if str(queries) == "-" else queries.resolve().name.split(".")[0]


def _indexes(
    named: list[str] | None,
    source: Path,
    stem: str,
    asked: Queries,
    encoder: str | None,
    options: ReadOptions,
) -> list[Index]:
    """The indexes named, the only one there is, or one that is built over what the queries came with."""
    from miner.cli.recipes import open_indexes

    if named or any(Path("indexes").glob("*/manifest.json")):
        return open_indexes(named)
    from miner.corpus import beir
    from miner.corpus.own import own_passages
    from miner.encoders.load import load_encoder
    from miner.errors import ConfigError
    from miner.index import build_index
    from miner.progress import Clock

    own = source.is_dir() and bool(beir.corpus_of(source))
    if not own and any(query.relevant_ids for query in asked):
        raise ConfigError(
            "indexes: holds no index, and the queries name passages by id; run 'miner build-index CORPUS'"
        )
    place = f"{stem}.index"
    what = "its corpus" if own else "the passages of the queries themselves"
    clock = Clock(terminal())
    index = build_index(
        source if own else own_passages(asked),
        place,
        load_encoder(encoder),
        options=options,
        existing="update",
        clock=clock,
    )
    say(f"no index given: built {place} over {what}, {count_of(len(index), 'passage')}")
    return [index]


def _spelt(recipe: Recipe) -> dict[str, Any]:
    return {
        "n": recipe.n,
        "copies": repr(recipe.copies),
        "filter": [repr(each) for each in recipe.filters],
        "select": repr(recipe.select),
        "depth": recipe.depth,
        "emit": recipe.emit,
        "search": recipe.search.method,
        "max_memory": recipe.search.max_memory,
        "seed": recipe.seed,
    }
