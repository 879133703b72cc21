"""Delivery: what speaks of followers who are sent, not won: an even pace, and a round number.

Knows how evenly followers come and whether their number is round, each with how likely chance makes
that. Must not know what else explains them, or what is concluded (`arrivals`).
"""

from collections.abc import Sequence

from msgspec import Struct

from streams.engine.alerting import Lean
from streams.engine.facts import PANE_MS
from streams.engine.follow_rules import DeliveryRules
from streams.engine.tails import chi_square_lower_tail
from streams.engine.units import MINUTE_MS

_HEADS = (1.0, 2.0, 2.5, 5.0)
"""Round numbers are these times a power of ten: what is sold in packages."""


class Delivery(Struct, array_like=True):
    """What has been seen so far of a spike that is on, or may begin.

    `pace`: so many came each minute (each hour where `slow`), too evenly; 0 where nothing is even.
    `number`: the round number that came; 0 for none. `before`: net followers beyond the usual that
    came shortly before the window that fired. `polled_ms`: the last growth that polling revealed.
    """

    pace: int = 0
    slow: bool = False
    number: int = 0
    before: Lean = 0
    polled_ms: int = 0

    def look(
        self, end_ms: int, recent: Sequence[tuple[int, float]], span_ms: int, rules: DeliveryRules
    ) -> None:
        """Whether those of the last `span_ms` came evenly, as far as single events tell it."""
        if end_ms - self.polled_ms <= span_ms:
            return  # between two polls growth is even because nobody knows better
        fine = [entry for entry in recent if entry[0] > fine_from(end_ms)]
        for entries, bin_ms in ((recent, MINUTE_MS), (fine, PANE_MS)):
            counts = _run(entries, end_ms, bin_ms)
            total, bins = sum(counts), len(counts)
            if bins >= rules.min_bins and total >= rules.min_even:
                mean = total / bins
                square = sum((count - mean) ** 2 for count in counts)
                if chi_square_lower_tail(square / mean, bins - 1) <= rules.even_probability:
                    self.pace = max(round(mean * MINUTE_MS / bin_ms), 1)
                    return

    def whole(self, total: float, usual: float, shape: float, rules: DeliveryRules) -> None:
        """Whether `total` is a round number and what usually comes, which is known so well."""
        self.number = self.number or round_number(total, usual, shape, rules)

    def polled(
        self, end_ms: int, amount: float, usual: float, shape: float, on: bool, rules: DeliveryRules
    ) -> None:
        """The same of a step of a polled total; `on`: a spike is, of which the steps before are."""
        self.polled_ms = end_ms
        number = round_number(amount, usual, shape, rules)
        self.number = number or (self.number if on else 0)

    def forget(self) -> None:
        """The spike is over."""
        self.pace = self.number = 0
        self.slow, self.before = False, 0

    def told(self) -> str:
        """What counted, in a sentence or two; empty where nothing is even or round."""
        said = []
        if self.pace:
            each = "hour" if self.slow else "minute"
            said.append(
                f"They come as evenly as a machine sends them, about {self.pace:,} each {each}."
            )
        if self.number:
            said.append(f"Beyond what is usual it is a round number: {self.number:,}.")
        return " ".join(said)


def fine_from(end_ms: int) -> int:
    """Panes that end later are told apart, others added up by minute: those of two whole minutes,
    and of the one that goes on."""
    return (end_ms // MINUTE_MS - 2) * MINUTE_MS


def round_number(total: float, usual: float, shape: float, rules: DeliveryRules) -> int:
    """The round number that came beyond the usual; 0 where there is none, or chance may be why.

    Of totals between the midpoints to the next round numbers, (2 d + 1) / width are within a
    distance d of this one: so likely is chance. Where what usually comes is known less well than
    that, closeness says nothing.
    """
    extra = total - usual
    if extra < rules.min_round:
        return 0
    power = 1.0
    while power * 10.0 <= extra:
        power *= 10.0
    ladder = [
        _HEADS[-1] * power / 10.0,
        *(head * power for head in _HEADS),
        10.0 * power,
        20.0 * power,
    ]
    place = min(range(1, len(ladder) - 1), key=lambda n: abs(ladder[n] - extra))
    off = abs(extra - ladder[place])
    width = (ladder[place + 1] - ladder[place - 1]) / 2.0
    spread = (usual + usual * usual / shape) ** 0.5
    chance = (2.0 * max(off, spread) + 1.0) / width
    if off <= 2.0 * spread + 0.5 and chance <= rules.round_probability:
        return round(ladder[place])
    return 0


def _run(entries: Sequence[tuple[int, float]], end_ms: int, bin_ms: int) -> list[float]:
    """Counts of whole bins within the busy stretch: between the first and the last bin that has
    half of what the fullest has, both left out, as they may be filled in part only."""
    bins: dict[int, float] = {}
    last = end_ms // bin_ms
    for at, net in entries:
        place = -(-at // bin_ms)
        if place <= last:
            bins[place] = bins.get(place, 0.0) + net
    half = max(bins.values(), default=0.0) / 2.0
    if half <= 0.0:
        return []
    busy = [place for place, net in bins.items() if net >= half]
    return [bins.get(place, 0.0) for place in range(min(busy) + 1, max(busy))]
