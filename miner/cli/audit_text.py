"""An audit's result in words and a table."""

from __future__ import annotations

from miner.auditing.cap import Cap
from miner.auditing.estimate import AuditRate
from miner.auditing.result import Audit
from miner.cli.console import safe, table
from miner.progress import count_of

HEADER = ("", "negatives", "drawn", "yes", "no", "unsure", "false", "95% interval")


def render(audit: Audit, target: float | None = None) -> str:
    """The table by stratum, what it rests on, and the caps for a wanted rate."""
    scale = audit.population.scale
    rows: list[tuple[object, ...]] = [
        (
            f"{scale} {tally.stratum.low:.4f} to {tally.stratum.high:.4f}" if scale else "no scores",
            f"{len(tally.stratum.members):,}",
            tally.drawn,
            tally.yes,
            tally.no,
            tally.unsure,
            *_cells(tally.count().rate()),
        )
        for tally in audit.tallies
    ]
    counts = (f"{len(audit.population.scores):,}", sum(tally.drawn for tally in audit.tallies))
    answers = [audit.total(answer) for answer in ("yes", "no", "unsure")]
    rows.append(("all", *counts, *answers, *_cells(audit.rate())))
    if audit.total("unsure"):
        rows += [
            (f"all, unsure taken for {answer}", *[""] * 5, *_cells(audit.rate(answer)))
            for answer in ("no", "yes")
        ]
    if audit.assisted is not None and audit.assisted.helps:
        rows.append(("all, with the judge", *[""] * 5, *_cells(audit.assisted.rate)))
    lines = [table(rows, HEADER), "", _judged(audit)]
    if target is not None:
        lines += ["", *_caps(audit, target)]
    return "\n".join(lines)


def _judged(audit: Audit) -> str:
    text = f"judged by {safe(audit.judge)}"
    if audit.is_model:
        text += ": a model's opinion, not a measured rate; it errs where the models that mined err"
    if (both := audit.assisted) is not None:
        text += f"\nthe judge judged {both.judged:,}, people {both.asked:,} of them; "
        text += f"they agree with φ = {both.agreement:.2f}"
        text += "" if both.helps else ": too little to narrow the interval, so people's answers stand alone"
    if left := audit.total("unanswered"):
        text += f"\n{count_of(left, 'drawn negative')} without an answer yet; the rate takes them for like the others"
    if given := audit.population.given:
        text += f"\nleft out: {count_of(given, 'negative')} that the rows came with"
    return text


def _caps(audit: Audit, target: float) -> list[str]:
    if not audit.population.scale:
        return ["no cap can be told: the file has no receipts with scores"]
    likely, sure = audit.caps(target)
    return [
        _cap(f"likely at most {_percent(target)} false", audit, likely),
        _cap(f"at most {_percent(target)} by the interval's upper end", audit, sure),
    ]


def _cap(promise: str, audit: Audit, cap: Cap | None) -> str:
    if cap is None:
        return f"{promise}: under no cap that these judgments can tell; judge more with a larger -k"
    estimate, interval = _cells(cap.rate)
    scale = audit.population.scale
    flag = {
        "risk": f" (--max-risk {cap.cap:.6f})",
        "share": f" (--filter \"margin(relative={1 - cap.cap:.6f}, against='highest')\")",
    }.get(scale or "", "")
    return (
        f"{promise}: {scale} up to {cap.cap:.4f}{flag} keeps {_percent(cap.kept)} of the negatives, "
        f"{estimate} false, {interval}"
    )


def _cells(rate: AuditRate) -> tuple[str, str]:
    estimate = "" if rate.rate is None else _percent(rate.rate)
    return estimate, f"{100 * rate.low:.1f}-{100 * rate.high:.1f}%"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"
