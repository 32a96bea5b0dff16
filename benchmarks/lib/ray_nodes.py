"""Ray nodes in network namespaces of one machine: each its own address, processes and link, one shared disk.

Needs root and iproute2. The nodes are real `ray start` processes that know each other by a token.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
BRIDGE, NET, PORT = "mbr0", "10.77.0", 6379
KEEP_ALIVE = 20
HEALTH = {
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "2000",
    "RAY_health_check_failure_threshold": "3",
    "RAY_grpc_client_keepalive_time_ms": str(1000 * KEEP_ALIVE),
    "RAY_grpc_client_keepalive_timeout_ms": "10000",
}
"""So that a node is missed within seconds, and nobody waits for an answer from one that cannot be reached."""


def run(*words: str, check: bool = True) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise SystemExit(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


@dataclass
class Nodes:
    """Node 0 is the head, without a place to work; the others have `cpus` places each."""

    folder: Path
    count: int = 3
    cpus: int = 2
    token: str = field(default_factory=lambda: secrets.token_hex(32))

    @property
    def address(self) -> str:
        return f"{NET}.1:{PORT}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **HEALTH,
            "PYTHONPATH": str(ROOT),
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": self.token,
            "RAY_USAGE_STATS_ENABLED": "0",
            "OMP_NUM_THREADS": "1",
        }

    def __enter__(self) -> Nodes:
        run("ip", "link", "add", BRIDGE, "type", "bridge")
        run("ip", "link", "set", BRIDGE, "up")
        for node in range(self.count):
            run("ip", "netns", "add", f"mn{node}")
            run(
                "ip", "link", "add", f"mv{node}", "type", "veth", "peer", "name", "eth0", "netns", f"mn{node}"
            )
            run("ip", "link", "set", f"mv{node}", "master", BRIDGE, "up")
            run("ip", "-n", f"mn{node}", "addr", "add", f"{NET}.{node + 1}/24", "dev", "eth0")
            for device in ("eth0", "lo"):
                run("ip", "-n", f"mn{node}", "link", "set", device, "up")
            self.start(node)
        return self

    def __exit__(self, *exception: object) -> None:
        for node in range(self.count):
            self.kill(node)
            run("ip", "netns", "del", f"mn{node}", check=False)
            run("ip", "link", "del", f"mv{node}", check=False)
        run("ip", "link", "del", BRIDGE, check=False)

    def start(self, node: int) -> None:
        """A Ray node with a folder of its own in place of Ray's usual one."""
        home = self.folder / f"n{node}"
        home.mkdir(exist_ok=True)
        ray = f"{Path(sys.executable).parent / 'ray'} start --node-ip-address={NET}.{node + 1} --disable-usage-stats"
        role = (
            f"--head --port={PORT} --num-cpus=0 --include-dashboard=false"
            if not node
            else (f"--address={self.address} --num-cpus={self.cpus}")
        )
        begin = f"exec {ray} {role} --object-store-memory=80000000"
        script = f"mkdir -p /tmp/ray && mount --bind {home} /tmp/ray && {begin}"
        command = ["ip", "netns", "exec", f"mn{node}", "unshare", "-m", "bash", "-c", script]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"node {node}: {done.stdout[-2000:]}{done.stderr[-2000:]}")

    def command(self, *words: str) -> list[str]:
        """A command that runs on the head, where Ray's folder is that of the head."""
        script = f'mount --bind {self.folder / "n0"} /tmp/ray && exec "$@"'
        return ["ip", "netns", "exec", "mn0", "unshare", "-m", "bash", "-c", script, "-", *words]

    def processes(self, node: int) -> list[int]:
        return [int(each) for each in run("ip", "netns", "pids", f"mn{node}", check=False).split()]

    def kill(self, node: int) -> None:
        """SIGKILL for every process of the node."""
        for _ in range(50):
            for process in (alive := self.processes(node)):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            if not alive:
                return
            time.sleep(0.1)

    def link(self, node: int, state: str) -> None:
        run("ip", "link", "set", f"mv{node}", state)

    def again(self, node: int) -> None:
        """The node as new, after whatever was done to it."""
        self.kill(node)
        self.link(node, "up")
        self.start(node)
