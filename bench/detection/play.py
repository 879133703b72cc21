"""Play: a made-up life, shown to the detectors' core as a shard shows it.

Knows panes, polls and deadlines: the only place here that touches the product. Must not know what
was done to the life.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import blake2b

from bench.detection.life import LIFE_OF_POST, LIKE, MINUTE, START_MS, Life
from bench.detection.truth import Told
from streams.engine.bounds import place
from streams.engine.counters import Delta, Ledger
from streams.engine.facts import PANE_MS, CreatorInfo, PaneFacts, Published, Spread, tier_of
from streams.engine.rules import Rules
from streams.engine.watch import Watch

Span = tuple[int, int]
"""Epoch milliseconds, half-open."""
_REMARKS = 3


def play(life: Life, rules: Rules, dark: Sequence[Span] = ()) -> list[Told]:
    """All alerts that begin to fire in a life, in order, with the last that was said of each.

    `dark` are the times, in order, when hardly anything came of the platform, as a shard sees it.
    """
    panes, watch = _panes(life), Watch()
    told: dict[str, Told] = {}
    totals = iter([(START_MS + at, number) for at, number in life.followers])
    step, followers = next(totals), None
    begins = [begin for begin, _ in dark]

    def show(end_ms: int, facts: PaneFacts | None) -> None:
        nonlocal step, followers
        while step is not None and step[0] <= end_ms:
            followers, step = step[1], next(totals, None)
        info = CreatorInfo("maker", "x", "maker", followers, tier_of(followers))
        place = bisect_right(begins, end_ms) - 1
        if place >= 0 and end_ms < dark[place][1]:
            info = info._replace(dark=True)
        for alert in watch.on_pane(end_ms, facts, info, rules):
            first = told.get(alert.alert_id)
            at = end_ms - START_MS if first is None else first.at
            told[alert.alert_id] = Told(alert.kind, alert.explanation, at)

    def wait(until: int) -> None:
        while (due := watch.next_deadline_ms) is not None and due < until:
            show(-(-due // PANE_MS) * PANE_MS, None)

    for end_ms in sorted(panes):
        wait(end_ms)
        show(end_ms, panes[end_ms])
    wait(START_MS + life.end)
    return list(told.values())


def _panes(life: Life) -> dict[int, PaneFacts]:
    panes: dict[int, PaneFacts] = {}

    def pane(at: int) -> PaneFacts:
        end = ((START_MS + at) // PANE_MS + 1) * PANE_MS
        facts = panes.get(end)
        if facts is None:
            facts = panes[end] = PaneFacts(
                by_post={},
                published=[],
                deleted=[],
                spreads=[],
                voices=[],
                angry=[],
                talk=[],
                guests=[],
                below=[],
            )
        return facts

    for n, post in enumerate(life.posts):
        made = Published(f"p{n}", START_MS + post.at, post.media, post.campaign)
        pane(post.at).published.append(made)
    if life.polled:
        _poll(life, pane)
    rows = zip(
        life.reactions.tolist(),
        life.post_of.tolist(),
        life.verdicts.tolist(),
        life.authors.tolist(),
        life.stock.tolist(),
        life.guests.tolist(),
        strict=True,
    )
    for at, post, verdict, author, stock, guest in rows:
        facts, name = pane(at), f"p{post}"
        if verdict != LIKE:
            facts.talk.append((_hash(author), 2 * place(facts, name) + stock))
        if guest >= 0:
            facts.guests.append((_hash(author), 2 * place(facts, name) + guest))
        if not life.polled:
            facts.by_post[name] = facts.by_post.get(name, 0) + 1
        if verdict != LIKE:
            facts.voices.append((author, verdict))
            facts.judge = 1
            if verdict < 0 and len(facts.angry) < _REMARKS:
                facts.angry.append((f"c{at}", name, "not good", -60))
    for at, hollow in zip(life.follows.tolist(), life.hollow.tolist(), strict=True):
        facts = pane(at)
        facts.follows += 1
        if hollow >= 0:
            facts.profiles += 1
            facts.hollow += hollow
    for at in life.losses.tolist():
        pane(at).unfollows += 1
    return panes


@cache
def _hash(author: int) -> int:
    """16 bits, as of an account's name."""
    return int.from_bytes(blake2b(b"%d" % author, digest_size=2).digest())


def _poll(life: Life, pane: Callable[[int], PaneFacts]) -> None:
    """Likes come as totals of each live post, which a reset sets back to nothing."""
    ledger, every = Ledger(), life.polled * MINUTE
    for n, post in enumerate(life.posts):
        mine = life.reactions[life.post_of == n]
        for at in range(post.at // every * every + every, post.at + LIFE_OF_POST, every):
            if at >= life.end:
                break
            since = max((r for r in life.resets if r <= at), default=0)
            total = int(((mine > since) & (mine <= at)).sum())
            delta = ledger.snapshot("likes", f"p{n}", total, START_MS + at)
            if isinstance(delta, Delta) and delta.amount:
                spread = Spread("likes", delta.amount, delta.since_ms)
                pane(at).spreads.append((f"p{n}", spread))
