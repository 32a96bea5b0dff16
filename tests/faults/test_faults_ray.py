"""A node of a real cluster is killed while it searches. The short version of benchmarks/faults/faults_ray.py, which
takes a minute and needs what a container seldom may do, so it is asked for by MINER_CLUSTER=1.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="the extra 'ray' is not installed")

if os.environ.get("MINER_CLUSTER") != "1":
    pytest.skip("takes a minute; MINER_CLUSTER=1 asks for it", allow_module_level=True)
if os.geteuid() or not shutil.which("ip"):
    pytest.skip("needs root and iproute2, for network namespaces", allow_module_level=True)

from benchmarks.faults import faults_ray
from benchmarks.lib.ray_nodes import Nodes


def test_a_node_that_is_killed_costs_its_tasks_and_no_byte() -> None:
    with tempfile.TemporaryDirectory(prefix="mr") as name:
        folder = Path(name)
        faults_ray.serial(folder / "serial")
        with Nodes(folder) as nodes:
            found = faults_ray.Round(nodes, folder / "round", "search", "node", random.Random(0)).play()
    assert found["same_bytes"]
    assert 1 <= found["lost_and_redone"] <= nodes.cpus
    assert found["done_twice"] == 0
