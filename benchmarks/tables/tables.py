"""Puts the tables of the benchmarks' results into a document, between `<!-- NAME -->` and `<!-- /NAME -->`.

python -m benchmarks.tables.tables README.md [MORE.md ...]
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.lib.markdown_tables import markdown as markdown
from benchmarks.tables import (
    calibration_tables,
    detection_tables,
    frontier_tables,
    guards_tables,
    judging_tables,
    readme_tables,
    speed_tables,
    training_tables,
)
from benchmarks.tables import robustness_tables as robustness
from benchmarks.tables import scale_tables as scale
from benchmarks.tables import serve_tables as serve
from miner.storage.files import write_bytes

RESULTS = Path(__file__).parents[1] / "results"


def quality_methods(result: dict[str, Any]) -> str:
    """Leak and mean cosine of every method, a line a set."""
    names = list(next(iter(result["sets"].values()))["methods"])
    caps = ("0.02", "0.1", "0.3")
    head = ("set", *names, *(f"risk {cap}" for cap in caps))
    rows = []
    for name, found in result["sets"].items():
        cells = [found["methods"][each] for each in names] + [found["caps"][cap] for cap in caps]
        rows.append([name, *(f"{100 * each['leak'][0]:.1f} % at {each['cosine'][0]:.2f}" for each in cells)])
    return markdown(head, rows)


def quality_auc(result: dict[str, Any]) -> str:
    """AUC of the prototype and of the model, a line a set."""

    def cell(found: Sequence[float]) -> str:
        return f"{found[0]:.3f} ({found[1]:.3f}–{found[2]:.3f})"

    rows = (
        [name, cell(each["auc"]["prototype"]), cell(each["auc"]["risk"])]
        for name, each in result["sets"].items()
    )
    return markdown(("set", "prototype", "risk"), rows)


TABLES: dict[str, tuple[str, Callable[[dict[str, Any]], str]]] = {
    "faults": ("faults.json", robustness.faults),
    "damage": ("damage.json", robustness.damage),
    "damage-files": ("damage_files.json", robustness.damage_files),
    "fuzz": ("fuzz.json", robustness.fuzz),
    "refused": ("endless.json", robustness.refused),
    "endless": ("endless.json", robustness.endless),
    "ambiguity": ("ambiguity.json", detection_tables.ambiguity),
    "endpoint": ("endpoint.json", robustness.endpoint),
    "soak": ("soak.json", robustness.soak),
    "cost-model": ("cost_model.json", scale.cost_model),
    "faults-ray": ("faults_ray.json", scale.faults_ray),
    "executors": ("executors.json", scale.executors),
    "approximate": ("approximate.json", scale.approximate),
    "simulation": ("simulate_scale.json", scale.simulation),
    "api-fuzz": ("api_fuzz.json", serve.api_fuzz),
    "agreement": ("agreement.json", speed_tables.agreement),
    "memory": ("memory.json", speed_tables.memory),
    "trained-cross": ("downstream.json", training_tables.cross_encoders),
    "trained-by-query": ("downstream.json", training_tables.by_query),
    "trained-encoders": ("downstream.json", training_tables.encoders),
    "trained-by-rows": ("downstream.json", training_tables.by_rows),
    "trained-judged": ("downstream.json", training_tables.judged),
    "trained-judged-encoders": ("downstream.json", training_tables.judged_encoders),
    "trained-taught": ("downstream.json", training_tables.taught),
    "search": ("search.json", speed_tables.search),
    "whole": ("whole.json", speed_tables.whole),
    "whole-avx2": ("whole_avx2.json", speed_tables.whole),
    "shapes": ("shapes.json", speed_tables.shapes),
    "path": ("path.json", speed_tables.path),
    "path-avx2": ("path_avx2.json", speed_tables.path),
    "judged-speed": ("judged_speed.json", speed_tables.judged),
    "speed": ("speed.json", speed_tables.speed),
    "speed-sets": ("speed.json", speed_tables.speed_sets),
    "serve": ("serve.json", serve.serve),
    "serve-slow": ("serve.json", serve.serve_slow),
    "serve-kills": ("serve_kills.json", serve.serve_kills),
    "casehold-serve": ("casehold_serve.json", serve.casehold),
    "calibration-judged": ("calibration_judged.json", calibration_tables.calibration_judged),
    "detection": ("detection.json", detection_tables.detection),
    "by-eye": ("by_eye.json", detection_tables.by_eye),
    "more-evidence-words": ("more_evidence_words.json", detection_tables.more_evidence),
    "more-evidence-encoders": ("more_evidence_encoders.json", detection_tables.more_evidence),
    "two-encoders": ("two_encoders.json", detection_tables.two_encoders),
    "level": ("level.json", detection_tables.level),
    "detection-sets": ("detection.json", detection_tables.detection_sets),
    "frontier": ("frontier.json", frontier_tables.frontier),
    "frontier-points": ("frontier.json", frontier_tables.frontier_points),
    "frontier-unseen": ("frontier_unseen.json", frontier_tables.frontier_points),
    "guards": ("guards.json", guards_tables.suites),
    "guards-corpora": ("guards.json", guards_tables.corpora),
    "guards-windows": ("guards.json", guards_tables.windows),
    "guards-cost": ("guards_cost.json", guards_tables.cost),
    "judging": ("judging.json", judging_tables.judging),
    "judging-sets": ("judging.json", judging_tables.judging_sets),
    "judging-coverage": ("judging.json", judging_tables.judging_coverage),
    "quality": ("frontier.json", readme_tables.quality),
    "sample": ("sample.json", readme_tables.sample),
    "example": ("sample.json", readme_tables.example),
    "printed": ("sample.json", readme_tables.printed),
    "from-python": ("sample.json", readme_tables.from_python),
    "quality-methods": ("quality.json", quality_methods),
    "quality-auc": ("quality.json", quality_auc),
}
"""By the name in the document: the file with the results and what makes a table of it."""


def filled(document: str, results: Path = RESULTS) -> str:
    """The document with every table that it has a place for. What was not measured yet stays as it is. Raises
    ValueError for a place left open."""
    for name, (file, table) in TABLES.items():
        start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        if start not in document or not (results / file).exists():
            continue
        if end not in document:
            raise ValueError(f"{start} is not closed by {end}")
        made = f"{start}\n{table(json.loads((results / file).read_text()))}\n{end}"
        document = re.sub(f"{start}.*?{end}", lambda _, made=made: made, document, flags=re.DOTALL)  # type: ignore[misc]
    return document


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("documents", nargs="+", type=Path)
    for path in parser.parse_args().documents:
        before = path.read_text()
        after = filled(before)
        write_bytes(path, after.encode())
        print(f"{path}: {'changed' if after != before else 'as it was'}", file=sys.stderr)


if __name__ == "__main__":
    main()
