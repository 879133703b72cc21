"""Tables: what a run prints.

Knows columns and ratios. Must not know how anything was measured.
"""

from collections.abc import Mapping, Sequence
from typing import Any

OURS = "creator-pulse"


def contenders(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rates of each, and how many times its rate ours is."""
    ours = next((row for row in rows if row["name"] == OURS), None)
    lines = [
        f"{'':28}{'events':>11}{'events/s':>11}{'per CPU s':>11}{'ours / it':>19}  verified",
        f"{'':61}{'wall':>10}{'CPU':>9}",
    ]
    for row in rows:
        ratios = f"{'':19}"
        if ours and row is not ours:
            wall, cpu = ratio(ours, row)
            ratios = f"{wall:>10.2f}{cpu:>9.2f}"
        lines.append(
            f"{row['name']:28}{row['events']:>11,}{row['events_per_second']:>11,}"
            f"{row['events_per_cpu_second']:>11,}{ratios}  {'yes' if row['verified'] else 'NO'}"
        )
    return "\n".join(lines)


def ratio(ours: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[float, float]:
    """How many times the other's rate ours is, by the wall clock and by CPU seconds."""
    keys = ("events_per_second", "events_per_cpu_second")
    wall, cpu = (ours[key] / max(other[key], 1e-9) for key in keys)
    return wall, cpu


def figures(found: Mapping[str, Any]) -> str:
    """Named figures, one a line; a list of records becomes columns."""
    lines: list[str] = []
    for name, value in found.items():
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            lines.append(f"  {name}")
            lines.append("".join(f"{key.replace('_', ' '):>26}" for key in value[0]))
            lines += ["".join(f"{_told(v):>26}" for v in row.values()) for row in value]
        elif isinstance(value, Mapping):
            told = "  ".join(f"{key} {_told(v)}" for key, v in value.items())
            lines.append(f"  {name.replace('_', ' '):36}{told}")
        else:
            lines.append(f"  {name.replace('_', ' '):36}{_told(value)}")
    return "\n".join(lines)


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_told(v)}" for key, v in value.items())
    return f"{value:,}" if isinstance(value, int | float) else str(value)
