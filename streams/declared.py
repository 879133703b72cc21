"""Declared: how a set of settings is declared, read from variables, checked and shown.

Knows fields with a parser, a group and an explanation, and how to report all faults at once. Must
not know which settings there are.
"""

import dataclasses
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from streams import parsers

PREFIX = "PULSE_"
HIDDEN = "(hidden)"


class Fault(NamedTuple):
    """One setting that cannot be used. `value` is as given, or `(hidden)` for a secret."""

    name: str
    value: str
    expected: str

    def __str__(self) -> str:
        return f"{self.name}={self.value!r}: expected {self.expected}"


class SettingsError(ValueError):
    """One or more settings cannot be used; `faults` has them all, the text one line each."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        lines = "\n".join(f"  {fault}" for fault in faults)
        what = "1 setting is" if len(faults) == 1 else f"{len(faults)} settings are"
        super().__init__(
            f"{what} not usable:\n{lines}\n"
            "Correct or unset them; `pulse settings` explains every one."
        )


def setting(
    default: Any, parse: Callable[[str], Any], group: str, doc: str, *, secret: bool = False
) -> Any:
    """A field with what makes its value of a text (raising parsers.Expected), and its meaning."""
    return field(
        default=default,
        metadata={"parse": parse, "group": group, "doc": doc, "secret": secret},
        repr=not secret,
    )


def env_name(name: str) -> str:
    """The variable that sets field `name`."""
    return PREFIX + name.upper()


@dataclass(frozen=True, kw_only=True)
class Declared:
    """Settings of a process, checked. Secrets are absent from its `repr`."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """The settings in `environ`. An empty variable counts as unset.

        Raises SettingsError with every fault, those between settings included.
        """
        values: dict[str, Any] = {}
        faults: list[Fault] = []
        for declared in dataclasses.fields(cls):
            raw = environ.get(env_name(declared.name), "")
            if not raw:
                continue
            try:
                values[declared.name] = declared.metadata["parse"](raw)
            except parsers.Expected as expected:
                shown = HIDDEN if declared.metadata["secret"] else raw
                faults.append(Fault(env_name(declared.name), shown, str(expected)))
        settings = cls(**values)
        # A faulty value left its default behind, which must not be blamed for a conflict.
        blamed = {fault.name for fault in faults}
        faults += [fault for fault in settings.conflicts() if fault.name not in blamed]
        if faults:
            raise SettingsError(faults)
        return settings

    def conflicts(self) -> list[Fault]:
        """The settings that are fine by themselves and do not fit one another."""
        return []

    def shown(self, name: str) -> str:
        """The value of field `name` as text for people: secrets hidden, nothing as ''."""
        value = getattr(self, name)
        if value is None:
            return ""
        if _field(self, name).metadata["secret"]:
            return HIDDEN
        return f"{value:g}" if isinstance(value, float) else str(value)

    def environ(self) -> dict[str, str]:
        """The variables, secrets in clear, that make these settings: for a child process."""
        return {
            env_name(name): str(value)
            for name, value in dataclasses.asdict(self).items()
            if value not in {None, ""}
        }


class Row(NamedTuple):
    """One setting as a table shows it: values as text, secrets hidden."""

    group: str
    name: str
    value: str
    default: str
    doc: str


def _field(settings: Declared, name: str) -> "dataclasses.Field[Any]":
    return next(known for known in dataclasses.fields(settings) if known.name == name)


def names(*kinds: type[Declared]) -> list[str]:
    """The variables that set something in these sets of settings."""
    return [env_name(known.name) for kind in kinds for known in dataclasses.fields(kind)]


def rows(settings: Declared) -> list[Row]:
    """Every setting with its present value, in the order of declaration."""
    defaults = type(settings)()
    return [
        Row(
            known.metadata["group"],
            env_name(known.name),
            settings.shown(known.name),
            "(public)"
            if known.metadata["secret"] and known.default
            else defaults.shown(known.name),
            known.metadata["doc"],
        )
        for known in dataclasses.fields(settings)
    ]
