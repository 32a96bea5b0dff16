"""Killed, interrupted or refused by the disk at any file-system event, a command loses nothing.

This is the short version; benchmarks/faults/faults.py does it hundreds of times.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.faults.scenarios import SCENARIOS

ROOT = Path(__file__).parents[2]


def test_a_broken_run_leaves_old_or_resumable_and_continues_to_the_same_bytes(tmp_path: Path) -> None:
    output = tmp_path / "faults.json"
    command = [sys.executable, "-m", "benchmarks.faults.faults", "--short", "--output", str(output)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(output.read_text())
    assert found["failures"] == []
    assert set(found["commands"]) == {scenario.name for scenario in SCENARIOS}
    assert all(events >= 2 for events in found["commands"].values())
    for fault, least in (("kill", 25), ("ENOSPC+", 9), ("int", 9)):
        counts = found["faults"][fault]
        assert counts["injected"] == counts["survived"] >= least
        assert counts["lost_rows"] == 0
