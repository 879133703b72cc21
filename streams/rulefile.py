"""Rule files: YAML in, a rulebook out, or every fault with its line.

Knows the shape of the file and how a fault is told. Must not know what a rule means: names, types
and defaults are read off `Rules`.
"""

import difflib
import hashlib
import itertools
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_type_hints

import msgspec
import yaml

from schemas.alerts import Kind
from streams.engine.facts import TIERS
from streams.engine.rulebook import Layer, RuleBook
from streams.engine.rules import Rules
from streams.engine.sensitivity import Sensitivity
from streams.sources.durations import in_ms

TIER_NAMES = (*dict(TIERS), "mega")
_SENSITIVITIES = get_args(Sensitivity)
_LAYER = ("sensitivity", "rules")
_PARTS = (*_LAYER, "platforms", "tiers", "campaigns")
_MOST_KEPT = {
    "max_posts": 64,
    "recent_posts": 64,
    "max_media_types": 32,
    "digest_names": 100,
    "max_sketch": 64,
    "posts": 12,
}
_SHIPPED = Rules()
_MOST_VALUES = 100_000
"""In a file, aliases followed: a few lines of them can stand for billions."""
SECTIONS = {name: type(getattr(_SHIPPED, name)) for name in Rules.__struct_fields__}
_PAIRS = [
    (section, f"fire_{of}", f"resolve_{of}")
    for section, kind in SECTIONS.items()
    for of in ("ratio", "points", "distance", "share")
    if {f"fire_{of}", f"resolve_{of}"} <= set(kind.__struct_fields__)
]
"""Limits of firing and of the end of the same thing, by section."""


class Fault(NamedTuple):
    """One thing that is wrong: where, and what was expected instead."""

    line: int
    path: str
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.path}: {self.text}"


class RulesError(ValueError):
    """A rules file cannot be used; `faults` has all that is wrong with it."""

    def __init__(self, name: str, faults: list[Fault]) -> None:
        self.faults = faults
        lines = "\n".join(f"  {fault}" for fault in faults)
        super().__init__(
            f"{name} cannot be used:\n{lines}\n`pulse rules defaults` shows every rule."
        )


def load_rules(path: Path | str) -> RuleBook:
    """The rulebook in a file. Raises RulesError, OSError."""
    return parse_rules(Path(path).read_bytes(), str(path))


def parse_rules(raw: bytes, name: str = "the rules file") -> RuleBook:
    """The rulebook in `raw`. Raises RulesError with every fault."""
    reader = _Reader()
    try:
        root = yaml.compose(raw.decode(), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise RulesError(name, [Fault(1, "$", f"Expected UTF-8, {error.reason}")]) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        why = str(getattr(error, "problem", None) or error)
        raise RulesError(name, [Fault(line, "$", f"Not YAML: {why}")]) from error
    except (RecursionError, ValueError) as error:
        raise RulesError(name, [Fault(1, "$", f"Cannot be read: {error}"[:300])]) from error
    try:
        book = reader.book(root, hashlib.sha256(raw).hexdigest()[:12])
    except Exception as error:
        # Whatever a value does to YAML, it must not end the workers that read it.
        raise RulesError(name, [Fault(1, "$", f"Cannot be read: {error}"[:300])]) from error
    if reader.faults:
        raise RulesError(name, sorted(reader.faults))
    return book


class _Reader:
    """Walks the nodes of one file and gathers what is wrong."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self._places: dict[tuple[str, str, str], yaml.Node] = {}
        """Where the file says each number, by part, section and name."""

    def book(self, root: yaml.Node | None, digest: str) -> RuleBook:
        if root is None or self._too_large(root):
            return RuleBook(digest=digest)
        parts = self.mapping(root, "$", _PARTS)
        whole = self.layer({name: parts[name] for name in _LAYER if name in parts}, "$")
        some: dict[str, dict[str, Layer]] = {}
        for part in ("platforms", "tiers", "campaigns"):
            some[part] = {}
            names = TIER_NAMES if part == "tiers" else None
            entries = self.mapping(parts[part], f"$.{part}", names) if part in parts else {}
            for name, node in entries.items():
                path = f"$.{part}.{name}"
                some[part][name] = self.layer(self.mapping(node, path, _LAYER), path)
                self._only_for_all(some[part][name], node, path)
        self._check_ends(whole, some)
        return RuleBook(whole.over(Rules()), **some, digest=digest)

    def _too_large(self, root: yaml.Node) -> bool:
        """Whether some node stands for more values than anybody would write; it is told."""
        sizes: dict[int, int] = {}
        waiting = [(root, False)]
        while waiting:
            node, seen = waiting.pop()
            if not seen and id(node) in sizes:
                if sizes[id(node)] == 0:
                    self.fault(node, "$", "Expected an end, but this contains itself")
                    return True
                continue
            parts = _parts(node)
            if not seen:
                sizes[id(node)] = 0  # not known until its parts are
                waiting += [(node, True), *((part, False) for part in reversed(parts))]
                continue
            size = sizes[id(node)] = 1 + sum(sizes[id(part)] for part in parts)
            if size > _MOST_VALUES:
                most = f"Expected at most {_MOST_VALUES:,} values"
                self.fault(node, "$", f"{most}, aliases followed, got {size:,}")
                return True
        return False

    def _check_ends(self, whole: Layer, some: dict[str, dict[str, Layer]]) -> None:
        """No alert may be over by one number before it begins by the other.

        Whichever parts of the file hold together for a creator: each pair of numbers is looked at
        once.
        """
        base = whole.over(_SHIPPED)
        for section, *pair in _PAIRS:
            shipped = [getattr(getattr(_SHIPPED, section), name) for name in pair]
            sources = [("$", [getattr(getattr(base, section), name) for name in pair])]
            choices: list[list[tuple[str, list[Any]]]] = [sources]
            for part, layers in some.items():
                said = {(None, None): ""} | {
                    tuple(layer.says(section, limit) for limit in pair): f"$.{part}.{name}"
                    for name, layer in layers.items()
                }
                choices.append([(path, list(values)) for values, path in said.items()])
            for chosen in itertools.product(*choices):
                self._check_end(section, pair, shipped, chosen)

    def _check_end(
        self, section: str, pair: list[str], shipped: list[Any], chosen: Iterable[Any]
    ) -> None:
        (fire, fire_path), (resolve, resolve_path) = (
            next((values[of], path) for path, values in reversed(list(chosen)) if values[of])
            for of in (0, 1)
        )
        falls = shipped[1] > shipped[0]
        if resolve >= fire if falls else resolve <= fire:
            return
        ends = [(pair[0], fire, fire_path), (pair[1], resolve, resolve_path)]
        for (name, value, path), (other, limit, _) in (ends[::-1], ends):
            if node := self._places.get((path, section, name)):
                least = "at least" if falls == (name == pair[1]) else "at most"
                fault = Fault(
                    node.start_mark.line + 1,
                    f"{path}.rules.{section}.{name}",
                    f"Expected {least} {other} ({limit:g}), or an alert would be over before it"
                    f" begins, got '{value:g}'",
                )
                if fault not in self.faults:
                    self.faults.append(fault)
                return

    def _only_for_all(self, layer: Layer, node: yaml.Node, path: str) -> None:
        """Caps, hours and platforms are of all: of the desk, only what is off may differ."""
        for section in ("desk", "outage"):
            for name in layer.numbers.get(section, {}):
                if name != "off":
                    at = f"{path}.rules.{section}.{name}"
                    self.fault(node, at, "Only the rules for all may say this")

    def layer(self, parts: dict[str, yaml.Node], path: str) -> Layer:
        sensitivity = None
        if node := parts.get("sensitivity"):
            sensitivity = self.choice(node, f"{path}.sensitivity", _SENSITIVITIES)
        numbers: dict[str, dict[str, Any]] = {}
        if node := parts.get("rules"):
            for section, fields in self.mapping(node, f"{path}.rules", SECTIONS).items():
                at = f"{path}.rules.{section}"
                kind = SECTIONS[section]
                found = self.mapping(fields, at, kind.__struct_fields__)
                values = {
                    name: self.number(value, f"{at}.{name}", section, name)
                    for name, value in found.items()
                }
                numbers[section] = {n: v for n, v in values.items() if v is not None}
                for name in numbers[section]:
                    self._places[path, section, name] = found[name]
        return Layer(sensitivity=sensitivity, numbers=numbers)

    def mapping(
        self, node: yaml.Node, path: str, names: Iterable[str] | None
    ) -> dict[str, yaml.Node]:
        """The entries of a mapping whose keys are among `names`, if those are given."""
        if not isinstance(node, yaml.MappingNode):
            if not (isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")):
                self.fault(node, path, f"Expected names and values, got {_shown(node)}")
            return {}
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if names is not None and name not in names:
                near = difflib.get_close_matches(name, names, 1, 0.5)
                hint = f"did you mean {near[0]}?" if near else f"Expected {_listed(names)}"
                self.fault(key, f"{path}.{name}", f"Unknown; {hint}")
            elif name in found:
                self.fault(key, f"{path}.{name}", "Is there twice")
            else:
                found[name] = value
        return found

    def choice(self, node: yaml.Node, path: str, names: Iterable[str]) -> Any:
        if isinstance(node, yaml.ScalarNode) and str(node.value) in names:
            return str(node.value)
        self.fault(node, path, f"Expected {_listed(names)}, got {_shown(node)}")
        return None

    def number(self, node: yaml.Node, path: str, section: str, name: str) -> Any:
        """One rule's value, or None after a fault was noted."""
        kind = get_type_hints(SECTIONS[section])[name]
        shipped = getattr(getattr(_SHIPPED, section), name)
        value: Any = yaml.SafeLoader("").construct_object(node, deep=True)
        if isinstance(node, yaml.ScalarNode) and isinstance(kind, type) and issubclass(kind, float):
            value = _float(node.value, value)
        if isinstance(node, yaml.ScalarNode) and ":" in node.value:
            value = node.value  # to YAML 1.1, 6:00 is 360
        if name.endswith("_ms"):
            value = _each(value, _duration)
        try:
            taken = msgspec.convert(value, kind, strict=True)
        except msgspec.ValidationError:
            self.fault(node, path, f"Expected {_expected(name, shipped)}, got {_shown(node)}")
            return None
        ones, likes = _flat(taken), _flat(shipped)
        faulty = [_out_of_range(one, likes[0], name) for one in ones if likes]
        if likes and not ones:
            faulty.append("at least one value")
        if likes == sorted(likes) and ones != sorted(ones):
            faulty.append("numbers that rise")
        if why := next(filter(None, faulty), None):
            self.fault(node, path, f"Expected {why}, got {_shown(node)}")
            return None
        return taken

    def fault(self, node: yaml.Node, path: str, text: str) -> None:
        self.faults.append(Fault(node.start_mark.line + 1, path, text))


def _parts(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [one for entry in node.value for one in entry]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _duration(value: Any) -> Any:
    """Milliseconds of a text such as `90s`, `5m`, `1h30m` or `2d`; anything else as it is."""
    told_ms = in_ms(value) if isinstance(value, str) else None
    return value if told_ms is None else round(told_ms)


def _float(text: str, value: Any) -> Any:
    """A number such as 1e-7, which is a text to YAML 1.1; anything else as it is."""
    try:
        return float(text) if isinstance(value, str) and text[:1].isdigit() else value
    except ValueError:
        return value


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    return [change(one) for one in value] if isinstance(value, list) else change(value)


def _flat(value: Any) -> list[Any]:
    return list(value) if isinstance(value, tuple) else [value]


def _out_of_range(value: Any, shipped: Any, name: str) -> str | None:
    """What a number must be that it is not; None where it may be as it is."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    if not math.isfinite(value):
        return "a finite number"
    if "probability" in name:
        return None if 0.0 < value < 1.0 else "a probability above 0 and below 1"
    if name in {"quiet_from", "quiet_until"}:
        return None if 0 <= value < 1_440 else "a minute of the day, from 0 to 1439"
    if shipped < 0:
        return None if -1.0 < value < 0 else "a number above -1 and below 0"
    if name in _MOST_KEPT:
        most = _MOST_KEPT[name]
        return None if 0 < value <= most else f"a whole number from 1 to {most}"
    if any(word in name for word in ("share", "ratio", "points")) and not name.endswith("_ms"):
        if shipped < 1:
            return None if 0.0 < value < 1.0 else "a share above 0 and below 1"
        return None if 1.0 <= value <= 1_000 else "a multiple from 1 to 1000"
    if name.endswith("_ms") or shipped > 0:
        return None if value > 0 else "a number above 0"
    return None if value >= 0 else "0 or more"


def _expected(name: str, shipped: Any) -> str:
    if name == "off":
        return f"a list of {_listed(get_args(Kind))}"
    if name.endswith("_ms"):
        one = "a duration such as 90s, 5m, 6h or 2d, or milliseconds"
    else:
        one = "a whole number" if isinstance(_flat(shipped)[0], int) else "a number"
    return f"a list of {len(shipped)}, each {one}" if isinstance(shipped, tuple) else one


def _listed(names: Iterable[str]) -> str:
    return "one of " + ", ".join(names)


def _shown(node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        return repr(str(node.value)[:60])
    if isinstance(node, yaml.SequenceNode) and len(node.value) < 9:
        return "[" + ", ".join(map(_shown, node.value)) + "]"
    return "a list" if isinstance(node, yaml.SequenceNode) else "names and values"
