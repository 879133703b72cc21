"""Arms: how the campaign tells a worker at which moment to die, and how the worker says it did.

Knows two files in a folder of each worker. Must not know what happens at a moment: the launcher
does (`inside`).
"""

import json
import os
from pathlib import Path
from typing import Any


class Arms:
    """One worker's folder. The campaign `arm`s and reads `hit`; the worker claims what is `due`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._armed = folder / "armed.json"
        self._claimed = folder / "claimed.json"
        self._hit = folder / "hit.json"
        self._notes = folder / "notes.jsonl"

    def arm(self, moment: str, deed: str, **details: Any) -> None:
        """Do `deed` (kill, freeze) the next time that the worker is at `moment`."""
        self._hit.unlink(missing_ok=True)
        self._write(self._armed, {"moment": moment, "deed": deed, **details})

    def disarm(self) -> None:
        """Take back what has not been done yet."""
        self._armed.unlink(missing_ok=True)

    def hit(self) -> dict[str, Any] | None:
        """What the worker wrote just before the deed, or None."""
        return json.loads(self._hit.read_text()) if self._hit.exists() else None

    def due(self, moment: str) -> dict[str, Any] | None:
        """What is to be done now at `moment`. Claimed by `strike`."""
        try:
            text = self._armed.read_text()
        except FileNotFoundError:
            return None
        order: dict[str, Any] = json.loads(text)
        return order if order["moment"] == moment else None

    def claim(self, order: dict[str, Any], **facts: Any) -> bool:
        """Take the order, so that nobody else does, and say what it meets; False if it is gone."""
        try:
            os.rename(self._armed, self._claimed)
        except FileNotFoundError:
            return False
        self._write(self._hit, order | facts)
        return True

    def note(self, **facts: Any) -> None:
        """Add a line to what the worker has done to itself."""
        with self._notes.open("a") as notes:
            notes.write(json.dumps(facts) + "\n")

    def notes(self) -> list[dict[str, Any]]:
        """All lines so far."""
        if not self._notes.exists():
            return []
        return [json.loads(line) for line in self._notes.read_text().splitlines()]

    def _write(self, path: Path, what: dict[str, Any]) -> None:
        made = path.with_suffix(".new")
        made.write_text(json.dumps(what))
        os.replace(made, path)
