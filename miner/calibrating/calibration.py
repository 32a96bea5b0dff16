"""A calibration: the risk model fitted to one corpus, and what mining under it was seen to let through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from miner.calibrating.rates import Rate
from miner.errors import ConfigError, IndexMismatch, InputError, MinerError
from miner.index import Index
from miner.risk.model import DECIMALS, RiskModel, read_model
from miner.shape import shaped
from miner.storage.files import write_json
from miner.storage.paths import as_path
from miner.version import __version__

FORMAT = 2
CAPS = (0.02, 0.05, 0.1, 0.2)


@dataclass(frozen=True, slots=True)
class Bin:
    """Candidates of similar risk: their mean estimate and how many were relevant."""

    estimated: float
    observed: Rate


@dataclass(frozen=True, slots=True)
class Point:
    """A cap on the estimate, what share of the negatives mined under it was wrong (the interval is that of
    as many further queries), and the share of slots filled from the first candidates."""

    cap: float
    leak: Rate
    fill: float

    def __post_init__(self) -> None:
        if not 0 < self.cap <= 1:
            raise ConfigError(f"a cap on the risk is {self.cap}; expected more than 0 and at most 1")


@dataclass(frozen=True)
class Calibration:
    """Holds for one encoder and one corpus. `curve` is empty where a prior was given by hand."""

    model: RiskModel
    method: str
    queries: int
    events: int
    n: int
    reliability: tuple[Bin, ...] = ()
    curve: tuple[Point, ...] = ()
    seed: int = 0
    encoder: Mapping[str, Any] = field(default_factory=dict)
    corpus: str = ""
    by: str = "hidden"
    """What it was fitted to: 'hidden' relevant passages, 'judgments' of candidates, or 'both'."""

    def threshold(self, share: float) -> float:
        """The cap on the estimate under which about this share of what is mined is wrong; the share itself if
        no leak was measured. Raises MinerError if even the lowest caps let more through.
        """
        if not self.curve:
            return share
        below = [i for i, point in enumerate(self.curve) if point.leak.rate <= share]
        if not below:
            least = min(point.leak.rate for point in self.curve)
            raise MinerError(
                f"no cap is known to keep wrong negatives to {share:.1%} on this corpus: "
                f"the least that was seen is {least:.1%}"
            )
        here = self.curve[below[-1]]
        if below[-1] + 1 == len(self.curve):
            return round(here.cap, DECIMALS)
        above = self.curve[below[-1] + 1]
        step = (share - here.leak.rate) / (above.leak.rate - here.leak.rate)
        return round(float(here.cap * (above.cap / here.cap) ** step), DECIMALS)

    def share(self, cap: float) -> float:
        """What share of what is mined under a cap on the estimate is wrong: threshold() the other way round."""
        if not self.curve:
            return cap
        caps, rates = (
            np.array(each) for each in zip(*((p.cap, p.leak.rate) for p in self.curve), strict=True)
        )
        return round(float(np.interp(np.log(cap), np.log(caps), rates)), DECIMALS)

    def promise(self, share: float) -> Point:
        """The measured cap nearest to threshold(share)."""
        cap = np.log(self.threshold(share))
        return min(self.curve, key=lambda point: abs(np.log(point.cap) - cap))

    def check(self, index: Index) -> None:
        """Raises IndexMismatch unless this is the index it was made with."""
        if dict(self.encoder) != index.fingerprint:
            raise IndexMismatch(f"the calibration was made with another encoder than that of {index.place}")
        if self.corpus != index.manifest.corpus:
            raise IndexMismatch(f"the calibration was made with another corpus than that of {index.place}")

    def write(self, path: Path) -> None:
        """Raises OutputError."""
        write_json(path, self.record())

    def record(self) -> dict[str, Any]:
        """The calibration as JSON-able values."""
        return {"format": FORMAT, "miner": __version__, **asdict(self), "model": self.model.record()}


def read_calibration(path: str | Path, index: Index) -> Calibration:
    """A calibration of this index. Raises ConfigError for a missing file, InputError for what is not a
    calibration of this format, IndexMismatch for that of another index."""
    calibration = _read(as_path(path, "the calibration"))
    calibration.check(index)
    return calibration


def _read(path: Path) -> Calibration:
    try:
        record = orjson.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from None
    except orjson.JSONDecodeError as error:
        raise InputError(path, None, f"is not a calibration ({error})") from None
    if not isinstance(record, dict) or not {"format", "model"} <= record.keys():
        raise InputError(path, None, "is not a calibration; expected a file that 'miner calibrate' wrote")
    if record["format"] != FORMAT:
        raise InputError(path, None, f"is a calibration of format {record['format']!r}; expected {FORMAT}")
    try:
        model = read_model(orjson.dumps(record["model"]), path)
        return shaped(Calibration, record | {"model": model}, path)
    except ConfigError as error:
        raise InputError(path, None, str(error).removeprefix(f"{path}: ")) from None
