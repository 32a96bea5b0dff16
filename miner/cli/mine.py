"""miner mine"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from miner.cli.console import gave_json, say, terminal
from miner.cli.judges import (
    BudgetOption,
    DryRunOption,
    JudgeOption,
    JudgingOptions,
    JudgmentsOption,
    MaxCallsOption,
    PriceOption,
    PromptOption,
    TrialOption,
    YesOption,
    judgments_beside,
    known_judgments,
)
from miner.cli.mine_judged import JudgedWork

if TYPE_CHECKING:
    from miner.mining.recipe import Recipe


def command(
    queries: Annotated[Path, typer.Argument(help="JSONL, CSV or parquet with queries, or a BEIR folder.")],
    index: Annotated[
        list[str] | None,
        typer.Option(
            help="Index folder or URI; default: the only one in indexes/. Repeat it to fuse several."
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
        typer.Option(help="As 'margin(relative=0.05)'; repeat it; replaces the default filters."),
    ] = None,
    copies: Annotated[
        str,
        typer.Option(help="What a near copy of a relevant passage is; stays under any --filter."),
    ] = "copies()",
    select: Annotated[
        str | None,
        typer.Option(
            help="priced(...), top(), below(), sample(...) or diverse(...). "
            "[default: priced(); with --max-risk or --judge top()]"
        ),
    ] = None,
    rescore: Annotated[
        str | None, typer.Option(help="A cross-encoder, for denoise() and the receipts.")
    ] = None,
    depth: Annotated[int, typer.Option(min=1, help="Candidates looked at first; widened if too few.")] = 100,
    emit: Annotated[str, typer.Option(help="What is written of a passage: text or title-text.")] = "text",
    min_grade: Annotated[float, typer.Option(help="Least score of a relevant passage in qrels.")] = 0.0,
    split: Annotated[str | None, typer.Option(help="Which qrels/SPLIT.tsv of a BEIR folder.")] = None,
    search: Annotated[
        str,
        typer.Option(help="exact; or hnsw, ivf or ivfpq(...), with its recall measured, if that is slow."),
    ] = "exact",
    max_memory: Annotated[str, typer.Option(help="What search may use, as 256M or 2G.")] = "512M",
    seed: Annotated[int, typer.Option(help="Seeds selectors that draw.")] = 0,
    executor: Annotated[str, typer.Option(help="serial, or ray(workers=8).")] = "serial",
    ray_address: Annotated[str | None, typer.Option(help="A Ray cluster; default: this machine.")] = None,
    judgments: JudgmentsOption = None,
    judge: JudgeOption = None,
    trial: TrialOption = 50,
    prompt: PromptOption = None,
    max_calls: MaxCallsOption = None,
    budget: BudgetOption = None,
    price: PriceOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Mine hard negatives for queries: Cohere JSONL, with receipts and a run record beside it."""
    from dataclasses import replace

    from miner.cli.executors import executor_of
    from miner.cli.mine_text import summary
    from miner.cli.recipes import bytes_of, calibration_of, open_indexes, recipe_of
    from miner.corpus.queries import read_queries
    from miner.mining.rescore import ScoreCache
    from miner.mining_tasks.mine import mine
    from miner.models.cross_encoder import CrossEncoderScorer
    from miner.progress import Clock
    from miner.search.search import Search
    from miner.storage.files import check_writable

    workers, searched = executor_of(executor, ray_address), Search(search, bytes_of(max_memory))
    options = JudgingOptions.of(
        judge, prompt=prompt, max_calls=max_calls, budget=budget, price=price, yes=yes
    )
    chosen = select or ("top()" if judge else None)
    output = output or Path(f"{queries.resolve().name.split('.')[0]}.mined.jsonl")
    check_writable(output)
    opened = open_indexes(index)
    scores = None
    if rescore is not None:
        scores = ScoreCache(opened[0].path / "cache" / "rescored.sqlite", CrossEncoderScorer(rescore))
    recipe = recipe_of(
        n, filter, max_risk, chosen, depth, copies, seed=seed, emit=emit, search=searched, rescore=scores
    )
    if known := calibration_of(calibration, opened[0]):
        recipe = recipe.calibrated(known)
    asked = read_queries(queries, split=split, min_grade=min_grade)
    if not options.judges and (said := known_judgments(judgments, queries)):
        recipe = replace(recipe, judgments=said)
    given = {"queries": str(queries), "output": str(output), "rescore": rescore, "calibration": calibration}
    named = {"index": [str(each.place) for each in opened], **_spelt(recipe)}
    arguments = {**{k: v and str(v) for k, v in given.items()}, **named}
    if options.judges:
        work = JudgedWork(asked, opened, recipe, judgments or judgments_beside(queries), trial, workers)
        if dry_run:
            work.plan(options)
            return
        record = work.run(options, output, arguments | {"judge": list(options.judges)})
    else:
        with workers.open() as running:
            record = mine(
                asked,
                opened,
                recipe,
                output=output,
                executor=running,
                arguments=arguments,
                clock=Clock(terminal()),
            )
    gave_json(lambda: record)
    say(summary(recipe, record, output, known))


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
