"""Bounds: how much of one creator is kept, and what is folded away when there is more.

Knows the hard limits on the details of a creator whose minutes and panes are not closed yet, and
which details matter least. Must not know events, time or where a count of the folded goes.

Counts are never folded: windows stay exact. Details are what only detection reads (which post got
how much, which panes were apart), and how finely the accounts of a minute are told apart. With all
limits reached, a stored record stays below the 2 MiB that a changelog takes.
"""

from collections.abc import Collection, Iterable
from typing import Final, TypeVar

from streams.engine.facts import PaneFacts, Remark, Spread

T = TypeVar("T")

MAX_MINUTES: Final = 720
"""Open minutes of one creator; an event of another minute is late, so that nothing is lost."""
DENSE_MINUTES: Final = 32
"""Open minutes whose accounts are told apart finely; those opened beyond have fewer slots."""
MINUTE_SLOTS: Final = 4_096
"""Buckets for the accounts of one minute: see `actors`."""
SPARSE_SLOTS: Final = 128
MAX_PANES: Final = 128
"""Open panes of one creator; beyond, neighbours are joined into the later one."""
MAX_DETAILS: Final = 768
"""Entries in all open panes of one creator."""
PANE_DETAILS: Final = 128
"""Entries of each sort in one open pane."""
FEW_DETAILS: Final = 8
"""What is left of each sort in an open pane when a creator's are joined."""
PANE_REMARKS: Final = 3
"""Negative comments of one open pane whose texts are kept."""
REMARK_CHARS: Final = 140
PANE_HEARD: Final = 2
"""Comments of any sort of one open pane whose texts are kept, of so many characters: they are
examples only, and open panes are written with each checkpoint."""
HEARD_CHARS: Final = 80
PANE_PLACES: Final = 16
"""Posts that are told apart below which people of one open pane act."""
MAX_CURRENCIES: Final = 32
"""Currencies of one creator; a conversion in another is refused."""


def crowded(panes: dict[int, PaneFacts]) -> bool:
    """Whether a creator's open panes hold more than is kept."""
    return len(panes) >= MAX_PANES or details(panes.values()) > MAX_DETAILS


def details(panes: Iterable[PaneFacts]) -> int:
    """Entries of all sorts in these panes."""
    return sum([_details(facts) for facts in panes])


def condense(panes: dict[int, PaneFacts], known: Collection[str]) -> int:
    """Join neighbouring panes until half of what is kept is left; how many entries were folded.

    Details come late by it, never early: they move to the later pane. `known` as for `trim`.
    """
    folded = 0
    while True:
        for facts in panes.values():
            folded += trim(facts, known, FEW_DETAILS)
        if 2 * len(panes) <= MAX_PANES and (
            len(panes) == 1 or 2 * details(panes.values()) <= MAX_DETAILS
        ):
            return folded
        order = sorted(panes)
        for earlier, later in zip(order[::2], order[1::2], strict=False):
            folded += 1
            _join(panes.pop(earlier), panes[later])


def trim(facts: PaneFacts, known: Collection[str], keep: int = PANE_DETAILS // 2) -> int:
    """Fold what matters least of one pane, down to `keep` of a sort; how many entries went.

    What is of the `known` posts stays, since detection looks at no others; of the rest that with
    the largest numbers. The latest publications and deletions stay. Growth of one total is added
    up.
    """
    before = _details(facts)
    if len(facts.published) > keep:
        del facts.published[:-keep]
    by_post = facts.by_post
    if len(by_post) > keep:
        others = sorted(
            (-abs(n), post_id) for post_id, n in by_post.items() if post_id not in known
        )
        room = keep - (len(by_post) - len(others))
        for _, post_id in others[max(room, 0) :]:
            del by_post[post_id]
    if len(facts.deleted) > keep:
        told = list(dict.fromkeys(facts.deleted))
        others_told = [post_id for post_id in told if post_id not in known]
        facts.deleted[:] = others_told[-keep:] + [post_id for post_id in told if post_id in known]
    if len(facts.spreads) > keep:
        _add_up(facts, known, keep)
    facts.voices[:] = _thinned(facts.voices, keep)
    facts.tones[:] = _thinned(facts.tones, keep)
    facts.talk[:] = _thinned(facts.talk, keep)
    facts.guests[:] = _thinned(facts.guests, keep)
    return before - _details(facts)


def place(facts: PaneFacts, post_id: str) -> int:
    """The place of a post in `below`, where it is put if there is room; 0 if there is none."""
    below = facts.below
    if post_id in below:
        return below.index(post_id) + 1
    if len(below) >= PANE_PLACES:
        return 0
    below.append(post_id)
    return len(below)


def _thinned(acts: list[T], keep: int) -> list[T]:
    """At most `keep` of them, evenly over the pane, so that shares of them stay as they are."""
    if len(acts) <= keep:
        return acts
    step = len(acts) / keep
    return [acts[int(n * step)] for n in range(keep)]


def _add_up(facts: PaneFacts, known: Collection[str], keep: int) -> None:
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for post_id, (metric, amount, since) in facts.spreads:
        got, first = sums.get((post_id, metric), (0, since))
        sums[post_id, metric] = (got + amount, min(first, since))
    if len(sums) > keep:
        others = sorted(
            (key for key in sums if key[0] and key[0] not in known),
            key=lambda key: (-abs(sums[key][0]), key),
        )
        for key in others[max(keep - (len(sums) - len(others)), 0) :]:
            del sums[key]
    facts.spreads[:] = [
        (post_id, Spread(metric, amount, since))
        for (post_id, metric), (amount, since) in sums.items()
    ]


def _join(earlier: PaneFacts, later: PaneFacts) -> None:
    later.follows += earlier.follows
    later.unfollows += earlier.unfollows
    later.profiles += earlier.profiles
    later.hollow += earlier.hollow
    for post_id, n in earlier.by_post.items():
        later.by_post[post_id] = later.by_post.get(post_id, 0) + n
    later.published[:0] = earlier.published
    later.deleted[:0] = earlier.deleted
    later.spreads[:0] = earlier.spreads
    later.voices[:0] = earlier.voices
    later.tones[:0] = earlier.tones
    later.angry = _worst([*earlier.angry, *later.angry])
    later.judge = later.judge or earlier.judge
    _join_acts(earlier, later)


def _join_acts(earlier: PaneFacts, later: PaneFacts) -> None:
    """The acts of two panes, with the places of the earlier one's posts first."""
    below, later.below = later.below, earlier.below
    moved = [0] + [2 * place(later, post_id) for post_id in below]
    later.talk[:] = earlier.talk + [(a, moved[m >> 1] + (m & 1)) for a, m in later.talk]
    later.guests[:] = earlier.guests + [(a, moved[m >> 1] + (m & 1)) for a, m in later.guests]
    heard = [(a, moved[m >> 1] + (m & 1), i, text, score) for a, m, i, text, score in later.heard]
    later.heard[:] = (earlier.heard + heard)[:PANE_HEARD]


def _details(facts: PaneFacts) -> int:
    return (
        len(facts.by_post)
        + len(facts.published)
        + len(facts.deleted)
        + len(facts.spreads)
        + len(facts.talk)
        + len(facts.guests)
    )


def _worst(remarks: list[Remark]) -> list[Remark]:
    return sorted(remarks, key=lambda remark: remark[3])[:PANE_REMARKS]


def quote(facts: PaneFacts, remark: Remark) -> None:
    """Keep a negative comment of an open pane, if it is among the worst."""
    if len(facts.angry) < PANE_REMARKS:
        facts.angry.append(remark)
    elif remark[3] < max(kept[3] for kept in facts.angry):
        facts.angry[:] = _worst([*facts.angry, remark])
