"""Tables: what a run prints.

Knows columns and ratios. Must not know how anything was measured.
"""

from collections.abc import Sequence
from typing import Any

OURS = "creator-pulse"


def contenders(rows: Sequence[dict[str, Any]]) -> str:
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


def ratio(ours: dict[str, Any], other: dict[str, Any]) -> tuple[float, float]:
    """How many times the other's rate ours is, by the wall clock and by CPU seconds."""
    keys = ("events_per_second", "events_per_cpu_second")
    wall, cpu = (ours[key] / max(other[key], 1e-9) for key in keys)
    return wall, cpu
