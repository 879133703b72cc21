"""Judge: what must hold of whatever comes in, and what comes out.

Knows the published contract and the promise that totals reconcile. Must not know the engine's
insides, but for the records that a restored state must have in common with what was stored.
"""

import json
import math
from array import array
from collections import Counter
from collections.abc import Iterable
from typing import Any, NoReturn

import msgspec
import orjson

from schemas import topics
from schemas.codec import MAX_ERROR_CHARS, decode
from schemas.dead_letters import PAYLOAD_LIMIT, DeadLetter, LateEvent
from schemas.partitioning import partition_for
from schemas.scores import EngagementWindow
from schemas.signals import FleetSignal
from streams.engine.layout import ACTORS, NOW, NowRecord
from streams.engine.panes import FINE_MS
from streams.engine.registry import Output
from streams.engine.shard import Shard

CHANGELOG_LIMIT = 2_097_152
_BESIDE = {"creators", "campaigns", "alert-commands", "fleet-signals"}
"""Topics whose events count nothing."""
FORWARDED = "pulse-forwarded-from"
_KEYED = {topic.name for topic in topics.KEYED}
_INBOUND = {topic.name for topic in topics.INBOUND}
_DECODERS = {
    topic.name: msgspec.json.Decoder(topic.value, strict=True) for topic in topics.OUTBOUND
}


class Wrong(AssertionError):
    """A promise was broken."""


def check(holds: object, what: str) -> None:
    """Raise Wrong unless it holds."""
    if not holds:
        raise Wrong(what)


class Ledger:
    """The outcomes of all records of one story, over all lives of its shard.

    With `remember` it also keeps what was published, to see what is written twice.
    """

    def __init__(self, *, remember: bool = True) -> None:
        self._remember = remember
        self.sent: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.accepted = 0
        self.windows: set[tuple[str, Any]] = set()
        self.window_events = 0
        self.late = 0
        self.erased = False
        self.published: Counter[tuple[str, bytes]] = Counter()
        """Windows, late events, dead letters and alerts, each as written."""
        self._looked = 0

    def retire(self, shard: Shard) -> None:
        """Take over the counters of a shard that is given up."""
        stats = shard.stats
        for part in (stats.accepted, stats.duplicates, stats.forwarded):
            self.outcomes.update(part)
        for (topic, _), n in stats.dead_letters.items():
            self.outcomes[topic] += n
        self.accepted += sum(n for topic, n in stats.accepted.items() if topic not in _BESIDE)

    def settle(self) -> None:
        """Every record has one outcome, every accepted event is in a window or late."""
        check(+self.outcomes == +self.sent, f"received {self.sent}, outcomes {self.outcomes}")
        found = self.window_events + self.late
        if self.erased:
            check(found <= self.accepted, f"{found} events are out, {self.accepted} were accepted")
        else:
            check(found == self.accepted, f"{found} events are out, {self.accepted} were accepted")

    def look(self, outputs: Iterable[Output]) -> None:
        """Check each output against the contract."""
        for output in outputs:
            self._looked += 1
            if output.topic in _INBOUND:
                self._forward(output)
                continue
            if output.value is None:
                check(output.topic in {"engagement-scores", "sentiment-scores"}, "null output")
                self.erased = True
                continue
            check(len(output.value) < CHANGELOG_LIMIT, f"{output.topic}: {len(output.value)} bytes")
            record = _DECODERS[output.topic].decode(output.value)
            if self._looked % 16 == 0:
                json.loads(output.value, parse_constant=_refuse)
            if isinstance(record, LateEvent):
                # The event is as its producer wrote it, members that nobody reads included.
                orjson.loads(output.value)
                record = msgspec.structs.replace(record, event=msgspec.Raw(b"null"))
                _finite(record.late_by_seconds)
            else:
                _finite(msgspec.to_builtins(record, builtin_types=(bytes,)))
            self._count(output, record)

    def _forward(self, output: Output) -> None:
        check(output.topic in _KEYED, "forwarded a campaign")
        if output.topic == "fleet-signals" and output.headers == ():
            home = partition_for(output.key or b"", 2)
            check(output.partition == home, "a signal to a partition that is not its platform's")
            check(isinstance(decode(output.topic, output.value or b""), FleetSignal), "no signal")
            return
        check(any(name == FORWARDED for name, _ in output.headers), "forwarded without the header")
        check(output.key is not None, "forwarded without a key")
        right = partition_for(output.key or b"", 2)
        check(output.partition == right != 0, "forwarded to a wrong partition")

    def _count(self, output: Output, record: Any) -> None:
        if isinstance(record, EngagementWindow):
            self.window_events += record.events
            if self._remember:
                name = (record.creator_id, record.window_start)
                check(self.erased or name not in self.windows, f"{name} was written twice")
                self.windows.add(name)
        elif isinstance(record, LateEvent):
            self.late += 1
        elif isinstance(record, DeadLetter):
            check(len(record.error) <= MAX_ERROR_CHARS + 100, "a long error")
            check(len(record.payload or b"") <= PAYLOAD_LIMIT, "a long payload")
        if self._remember and not output.topic.endswith("-scores"):
            self.published[output.topic, output.value or b""] += 1


def content(shard: Shard) -> dict[str, Any]:
    """All that a shard would store of its creators, in a form that can be compared.

    The shard is spoilt by it: nothing may be taken from it afterwards.
    """
    found: dict[str, Any] = {}
    registry = shard._registry
    for creator_id in [*registry.live, *registry.resting]:
        creator = registry.get(creator_id)
        assert creator is not None
        for panes in (creator.panes, creator.mood):
            panes.advance(shard.stream_ms // FINE_MS)
        creator.replace_stored()
        creator.actors.whole = creator.card_dirty = True
        parts: dict[bytes, Any] = {
            tag: value if tag == ACTORS else msgspec.msgpack.decode(value[1:])
            for tag, value in creator.records()
            if value is not None
        }
        if NOW in parts:
            for minute in parts[NOW][1].values():
                minute[1] = set(array("H", minute[1]))
            # A score that is due is either owed already, or its time comes with the next tick.
            for field in ("refresh", "owed", "mood_owed", "turn"):
                parts[NOW][NowRecord.__struct_fields__.index(field)] = None
        found[creator_id] = parts
    return found


def _finite(value: Any) -> None:
    if isinstance(value, float):
        check(math.isfinite(value), f"{value} in an output")
    elif isinstance(value, dict):
        for entry in value.values():
            _finite(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            _finite(entry)


def _refuse(constant: str) -> NoReturn:
    raise Wrong(f"{constant} in an output")
