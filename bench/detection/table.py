"""Table: what a run prints. Knows columns only."""

from collections.abc import Iterator
from typing import Any

from bench.detection.figures import OURS


def lines(found: dict[str, Any]) -> Iterator[str]:
    """All of it: recall by row for each system, false alerts, why incidents were missed."""
    systems = found["systems"]
    others = [name for name in systems if name != OURS]
    yield f"{found['lives']:,} lives, {found['creator_weeks']:,} creator-weeks"
    yield f"\n{'recall':42}{OURS:>26}{'p50':>9}{'p90':>9}" + "".join(f"{n:>21}" for n in others)
    for row, told in systems[OURS]["recall"].items():
        delays = "".join(f"{_span(told[f'delay_{p}_minutes']):>9}" for p in ("p50", "p90"))
        rest = (systems[name]["recall"].get(row) for name in others)
        beside = "".join(f"{_percent(other['share']) if other else '-':>21}" for other in rest)
        yield f"  {row:40}{_share(told):>26}{delays}{beside}"
    yield ""
    for title, show in (
        ("false alerts a creator-day", lambda s: f"{s['false_per_day']:.4f}"),
        ("precision at 0.01 incidents a day", lambda s: _percent(s["precision"])),
        ("  with slight and invisible ones", lambda s: _percent(s["precision_all"])),
    ):
        beside = "".join(f"{show(systems[name]):>21}" for name in others)
        yield f"  {title:40}{show(systems[OURS]):>26}{'':18}{beside}"
    low, high = systems[OURS]["false_interval"]
    days = f"{systems[OURS]['false']} in {systems[OURS]['judged_days']:,} creator-days"
    yield f"  false alerts: {days} [{low:.4f}-{high:.4f}]"
    yield f"  precision of `suspect`: {_share(systems[OURS]['suspect'])}"
    yield from (f"    {n:>4} {what}" for what, n in systems[OURS]["false_by_kind"].items())
    for row, counted in found["refused"].items():
        yield f"\nrefused {row} ({found['looked_into'][row]} looked into; several may refuse one)"
        yield from (f"    {n:>4} {what}" for what, n in counted.items())


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f} %"


def _share(told: dict[str, Any]) -> str:
    interval = f"[{100 * told['low']:.0f}-{100 * told['high']:.0f}]"
    return f"{told['hits']}/{told['of']} {_percent(told['share'])} {interval}"


def _span(minutes: float | None) -> str:
    if minutes is None:
        return "-"
    if minutes < 120:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.0f} h" if minutes < 2_880 else f"{minutes / 1_440:.0f} d"
