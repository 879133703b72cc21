"""The page of all settings.

Knows how they are shown to readers. Must not know what any of them is for.
"""

from streams.settings import ApiSettings, Settings, rows


def markdown() -> str:
    """The reference of all settings, as `docs/settings.md` holds it."""
    lines = [
        "# Settings",
        "",
        "Every setting is an environment variable. An empty variable counts as unset. Times",
        "are in seconds. All faults are reported together; `pulse settings` shows the values in",
        "force, and `pulse doctor` checks them against the broker.",
        "",
        "This page is written by `pulse settings --markdown`.",
    ]
    group = ""
    for row in [*rows(Settings()), *rows(ApiSettings())]:
        if row.group != group:
            group = row.group
            lines += ["", f"## {group}", "", "| variable | default | meaning |", "|---|---|---|"]
        default = f"`{row.default}`" if row.default else ""
        lines.append(f"| `{row.name}` | {default} | {row.doc} |")
    return "\n".join(lines) + "\n"
