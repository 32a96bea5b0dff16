"""The default, the serial executor, processes and Ray on one machine: the same bytes, at what price?

    python -m benchmarks.speed.executors DATA SET:MODEL... [--rounds 3] [--executors serial 'ray(workers=2)' ...]

For each BEIR folder DATA/SET builds an index and mines, by `miner` as a user runs it: serially on two threads,
by default (which differs from serial in mining), by two processes of one thread, and on Ray with one worker of
two threads and with two workers of one, in turn, --rounds times. Noted are wall time, processor time of all
processes together (a control group of their own; needs root, else null), and whether every file is the same
byte for byte. Processor time is what to compare where the machine has other things to do. Puts the jobs into
benchmarks/results/executors.json after each command; those of other sets stay there.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.faults.faults_ray import content
from miner.storage.files import write_json

RESULTS = Path(__file__).parents[1] / "results" / "executors.json"
GROUPS = Path("/sys/fs/cgroup/cpuacct")
DEFAULT = "default"
EXECUTORS = ("serial", DEFAULT, "processes(workers=2)", "ray(workers=1, cpus=2)", "ray(workers=2)")
CALL = "import sys; from miner.cli import main; main()"
THREADS = "2"


class Group:
    """A control group that counts the processor time of all that is started in it."""

    def __init__(self) -> None:
        self.folder = GROUPS / f"miner{os.getpid()}"
        try:
            self.folder.mkdir()
            self.there = True
        except OSError:
            self.there = False

    def command(self, words: list[str]) -> list[str]:
        join = f'echo $$ > {self.folder}/cgroup.procs; exec "$@"'
        return ["bash", "-c", join, "-", *words] if self.there else words

    def close(self) -> float | None:
        """Seconds used."""
        if not self.there:
            return None
        used = int((self.folder / "cpuacct.usage").read_text()) / 1e9
        for _ in range(100):
            try:
                self.folder.rmdir()
                break
            except OSError:
                time.sleep(0.1)
        return used


def timed(*words: str) -> dict[str, Any]:
    group, start = Group(), time.monotonic()
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0"}
    if "serial" in words or "--executor" not in words:
        environment["OMP_NUM_THREADS"] = THREADS
    else:
        environment.pop("OMP_NUM_THREADS", None)
    command = group.command([sys.executable, "-c", CALL, *words])
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    wall, cpu = time.monotonic() - start, group.close()
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return {"wall_seconds": round(wall, 1), "cpu_seconds": None if cpu is None else round(cpu, 1)}


def jobs(data: Path, model: str, folder: Path, executor: str) -> dict[str, Any]:
    """Build and mine. `folder` is the same path for all, for receipts and records name it."""
    model_words = [] if model == DEFAULT else ["--encoder", model]
    spelt = [] if executor == DEFAULT else ["--executor", executor]
    built = timed(
        "build-index", str(data), "--out", str(folder / "index"), *model_words, "--shard-size", "4096", *spelt,
    )  # fmt: skip
    mined = timed(
        "mine", str(data), "--index", str(folder / "index"), "-o", str(folder / "out.jsonl"), *spelt,
    )  # fmt: skip
    return {"build": built, "mine": mined}


def kept(folder: Path) -> dict[str, bytes]:
    return {name: data for name, data in content(folder).items() if not name.endswith("build.json")}


def compared(data: Path, name: str, executors: list[str], rounds: int) -> Iterator[list[dict[str, Any]]]:
    """The rows of one job, growing: a row an executor."""
    set_name, _, model = name.partition(":")
    rows: list[dict[str, Any]] = [
        {"set": set_name, "model": model or DEFAULT, "executor": executor, "rounds": []}
        for executor in executors
    ]
    first = dict[str, bytes]()
    for _ in range(rounds):
        for row in rows:
            with tempfile.TemporaryDirectory() as folder:
                took = jobs(data / set_name, row["model"], Path(folder), row["executor"])
                found = kept(Path(folder))
            first = first or found
            row["rounds"].append({**took, "same_bytes": found == first})
            print(name, row["executor"], row["rounds"][-1], file=sys.stderr, flush=True)
            yield [each for each in rows if each["rounds"]]


def before(output: Path, names: list[str]) -> list[dict[str, Any]]:
    """What was recorded of other jobs."""
    if not output.exists():
        return []
    jobs: list[dict[str, Any]] = json.loads(output.read_text())["jobs"]
    again = {tuple(f"{name}:default".split(":")[:2]) for name in names}
    return [job for job in jobs if (job["set"], job["model"]) not in again]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("sets", nargs="+", help="SET, or SET:MODEL")
    parser.add_argument("--executors", nargs="+", default=list(EXECUTORS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    done = before(given.output, given.sets)
    for name in given.sets:
        rows = list[dict[str, Any]]()
        for rows in compared(given.data, name, given.executors, given.rounds):
            record = {"cores": os.cpu_count(), "threads": int(THREADS), "jobs": [*done, *rows]}
            write_json(given.output, record)
        done += rows


if __name__ == "__main__":
    main()
