"""What every detector promises, whatever happens to a creator.

One battery over random lives: same facts, same alerts; a snapshot and restore at any point changes
nothing; numbers are finite; alerts follow their life cycle; idle creators are free.
"""

import math
import random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.alerts import Alert
from streams.engine import bounds
from streams.engine.facts import PANE_MS, CreatorInfo, PaneFacts, Published, Spread
from streams.engine.rules import Rules
from streams.engine.units import DAY_MS, HOUR_MS, MINUTE_MS
from streams.engine.watch import Watch

START_MS = 1_760_000_000_000 // DAY_MS * DAY_MS
RULES = Rules()
Step = tuple[int, PaneFacts]


def life(seed: int, count: int, busy: float, mood: str) -> list[Step]:
    """Panes at uneven distances: posts, engagement, follows, polls, deletions, in any mixture."""
    dice = random.Random(seed)
    steps: list[Step] = []
    at, number = START_MS, 0
    for _ in range(count):
        at += PANE_MS * int(1 + dice.paretovariate(0.7)) % (30 * HOUR_MS)
        facts = PaneFacts(by_post={}, published=[], deleted=[], spreads=[])
        if number == 0 or dice.random() < 0.08:
            number += 1
            early = dice.choice([0, 0, MINUTE_MS, 3 * DAY_MS])
            media = dice.choice([None, "image", "video"])
            facts.published.append(Published(f"p{number}", at - 1 - early, media, None))
        post = f"p{dice.randint(0, number)}"
        facts.by_post[post] = int(dice.expovariate(1 / busy)) - dice.choice([0, 0, 0, 3])
        facts.follows = int(dice.expovariate(1 / busy)) * dice.choice([0, 1, 1, 40])
        facts.unfollows = dice.choice([0, 0, 1, 50])
        facts.profiles = dice.randint(0, facts.follows)
        facts.hollow = dice.randint(0, facts.profiles)
        sour = 0.8 if mood == "wild" and number % 3 == 0 else 0.1
        for _ in range(int(dice.expovariate(1 / busy)) % 60):
            label = -1 if dice.random() < sour else dice.choice([0, 1])
            author = dice.randrange(40 if number % 2 else 1 << 16)
            stock = int(dice.random() < (0.9 if mood == "wild" and number % 4 == 0 else 0.2))
            mark = 2 * bounds.place(facts, post) + stock
            facts.voices.append((author, label))
            facts.talk.append((author, mark))
            if len(facts.heard) < bounds.PANE_HEARD:
                facts.heard.append((author, mark, f"c{len(steps)}", "wow \x00", 40))
            if dice.random() < 0.5:
                empty = int(dice.random() < (0.9 if number % 5 == 0 else 0.1))
                facts.guests.append((author, mark // 2 * 2 + empty))
            facts.judge = 7 if dice.random() < 0.999 else 9
            if label < 0 and len(facts.angry) < 3:
                facts.angry.append((f"c{len(steps)}", post, "no, no \x00 no", -dice.randint(5, 99)))
        if mood == "polled":
            since = at - dice.choice([PANE_MS, 5 * MINUTE_MS, 7 * HOUR_MS])
            for metric in ("likes", "followers", "views"):
                amount = int(dice.expovariate(1 / busy) * 30) - dice.choice([0, 20])
                facts.spreads.append((post, Spread(metric, amount, since)))
        if mood == "wild" and dice.random() < 0.05:
            facts.deleted.append(post)
        steps.append((at, facts))
    return steps


def fortunes(seed: int, days: int, level: float, *, polled: bool) -> list[Step]:
    """Three posts a day, seen every hour, that do as usual, badly, or madly for days on end."""
    dice = random.Random(seed)
    steps: dict[int, PaneFacts] = {}
    fortune = 1.0
    for number in range(3 * days):
        at = START_MS + number * 8 * HOUR_MS
        if number > 20 and dice.random() < 0.2:
            fortune = dice.choice([0.0, 0.1, 0.2, 1.0, 1.0, 1.0, 30.0])
        for hour in range(7):
            worth = fortune * level * math.exp(dice.gauss(0.0, 0.1)) * 2.0 ** -(hour + 1)
            end = at + (hour + 1) * HOUR_MS
            facts = steps.setdefault(
                end, PaneFacts(by_post={}, published=[], deleted=[], spreads=[])
            )
            if polled:
                facts.spreads.append((f"p{number}", Spread("likes", int(worth), end - HOUR_MS)))
            else:
                facts.by_post[f"p{number}"] = int(worth)
        first = steps.setdefault(
            at + PANE_MS, PaneFacts(by_post={}, published=[], deleted=[], spreads=[])
        )
        first.published.append(Published(f"p{number}", at, "image", None))
    return sorted(steps.items())


def circles(seed: int, days: int, size: int) -> list[Step]:
    """Three posts a day that a group comments on at once, most of the time, before others do."""
    dice = random.Random(seed)
    group = dice.sample(range(1 << 16), size)
    steps: dict[int, PaneFacts] = {}

    def pane(at: int) -> PaneFacts:
        return steps.setdefault(at, PaneFacts(by_post={}, published=[], deleted=[], spreads=[]))

    for number in range(3 * days):
        at, post = START_MS + number * 8 * HOUR_MS, f"p{number}"
        pane(at + PANE_MS).published.append(Published(post, at, "image", None))
        for age in range(30, 7 * 60, 30):
            pane(at + age * MINUTE_MS).by_post[post] = int(dice.expovariate(age / 6_000))
        members = group if dice.random() < 0.9 else []
        early = [(who, dice.randint(1, 26)) for who in members]
        early += [(dice.randrange(1 << 16), dice.randint(1, 180)) for _ in range(4)]
        for who, panes in early:
            facts = pane(at + panes * PANE_MS)
            mark = 2 * bounds.place(facts, post) + int(dice.random() < 0.3)
            facts.judge = 7
            facts.voices.append((who, 1))
            facts.talk.append((who, mark))
            if len(facts.heard) < bounds.PANE_HEARD:
                facts.heard.append((who, mark, f"c{who}", "well, well", 40))
            if dice.random() < 0.3:
                facts.guests.append((who, mark))
    return sorted(steps.items())


random_lives = st.builds(
    life,
    st.integers(0, 2**32),
    st.integers(1, 250),
    st.sampled_from([0.3, 5.0, 80.0]),
    st.sampled_from(["plain", "polled", "wild"]),
)
turns_of_fortune = st.builds(
    fortunes,
    st.integers(0, 2**32),
    st.integers(8, 14),
    st.sampled_from([100.0, 1_000.0]),
    polled=st.booleans(),
)
friendships = st.builds(
    circles, st.integers(0, 2**32), st.integers(3, 7), st.sampled_from([6, 14, 20])
)
lives = st.one_of(random_lives, turns_of_fortune, friendships)
followers = st.sampled_from([None, 0, 900, 40_000, 5_000_000])


def show(steps: list[Step], info: CreatorInfo, restart_at: set[int] = frozenset()) -> list[Alert]:  # type: ignore[assignment]
    """All alerts of a life, the watch being stored and restored before the given calls."""
    watch, alerts, calls = Watch(), [], 0

    def call(at: int, facts: PaneFacts | None) -> None:
        nonlocal watch, calls
        if calls in restart_at:
            watch = msgspec.msgpack.decode(msgspec.msgpack.encode(watch), type=Watch)
        calls += 1
        alerts.extend(watch.on_pane(at, facts, info, RULES))
        assert watch.next_deadline_ms is None or watch.next_deadline_ms > at
        score, samples = watch.score(at)
        assert score is None or 0.0 <= score <= 100.0
        assert samples >= 0

    for at, facts in steps:
        while watch.next_deadline_ms is not None and watch.next_deadline_ms < at:
            call(watch.next_deadline_ms, None)
        call(at, facts)
    return alerts


def info(count: int | None) -> CreatorInfo:
    return CreatorInfo("c-1", "x", None, count)


def test_turns_of_fortune_make_alerts_of_every_sort_that_posts_can_have() -> None:
    told = {
        (alert.kind, alert.explanation)
        for polled in (False, True)
        for seed in range(12)
        for alert in show(fortunes(seed, 20, 1_000.0, polled=polled), info(40_000))
    }
    assert told >= {
        ("engagement_drop", "weak_posts"),
        ("silence", "no_engagement"),
        ("viral_post", "above_usual"),
    }


def test_circles_are_told_of_as_pods() -> None:
    told = {
        (alert.explanation, alert.status)
        for seed in range(4)
        for alert in show(circles(seed, 7, 20), info(40_000))
        if alert.kind == "suspicious_engagement"
    }
    assert told >= {("pod", "firing"), ("pod", "update")}


@settings(max_examples=60, deadline=None)
@given(friendships, st.integers(0, 400))
def test_a_pod_is_told_alike_after_a_restart_at_every_call(steps: list[Step], first: int) -> None:
    assert show(steps, info(None)) == show(steps, info(None), set(range(first, 4_000)))


@settings(max_examples=60, deadline=None)
@given(lives, followers, st.sets(st.integers(0, 400), max_size=60))
def test_storing_and_restoring_at_any_point_changes_nothing(
    steps: list[Step], count: int | None, restarts: set[int]
) -> None:
    assert show(steps, info(count)) == show(steps, info(count), restarts)


@settings(max_examples=60, deadline=None)
@given(lives, followers)
def test_a_restored_watch_is_the_stored_one_byte_for_byte(
    steps: list[Step], count: int | None
) -> None:
    watch = Watch()
    for at, facts in steps:
        watch.on_pane(at, facts, info(count), RULES)
        stored = msgspec.msgpack.encode(watch)
        again = msgspec.msgpack.encode(msgspec.msgpack.decode(stored, type=Watch))
        assert again == msgspec.msgpack.encode(msgspec.msgpack.decode(again, type=Watch))
        assert len(stored) < 3_800


@settings(max_examples=60, deadline=None)
@given(lives, followers)
def test_every_number_of_an_alert_is_finite(steps: list[Step], count: int | None) -> None:
    for alert in show(steps, info(count)):
        evidence = alert.evidence
        for number in (evidence.observed, evidence.expected, evidence.ratio, evidence.probability):
            assert math.isfinite(number)
        assert 0.0 <= evidence.probability <= 1.0
        assert evidence.window_start <= evidence.window_end
        for post in evidence.posts:
            assert math.isfinite(post.expected)
            assert math.isfinite(post.age_minutes)
        assert alert.reason.endswith(".")
        msgspec.json.encode(alert)


@settings(max_examples=60, deadline=None)
@given(lives, followers)
def test_an_episode_fires_once_then_updates_then_resolves(
    steps: list[Step], count: int | None
) -> None:
    episodes: dict[str, list[Alert]] = {}
    for alert in show(steps, info(count)):
        episodes.setdefault(alert.alert_id, []).append(alert)
    for records in episodes.values():
        statuses = [r.status for r in records]
        assert statuses[0] == "firing"
        assert "firing" not in statuses[1:]
        # A spike is judged once more when it is over for a day.
        reviews = [r.reviewed_at is not None for r in records]
        over = statuses[:-1] if reviews[-1] else statuses
        assert "resolved" not in over[:-1]
        assert not any(reviews[:-1])
        assert not reviews[-1] or over[-1] == statuses[-1] == "resolved"
        assert len({(r.kind, r.creator_id, r.started_at) for r in records}) == 1
        assert [r.updated_at for r in records] == sorted(r.updated_at for r in records)


@settings(max_examples=40, deadline=None)
@given(lives, followers)
def test_a_creator_who_stays_idle_ends_free_of_deadlines(
    steps: list[Step], count: int | None
) -> None:
    watch, who = Watch(), info(count)
    for at, facts in steps:
        watch.on_pane(at, facts, who, RULES)
    last = steps[-1][0]
    calls = 0
    while watch.next_deadline_ms is not None:
        assert watch.next_deadline_ms <= last + 4 * DAY_MS
        watch.on_pane(watch.next_deadline_ms, None, who, RULES)
        calls += 1
    assert calls < 8_000
    assert watch.active() == []


@settings(max_examples=40, deadline=None)
@given(lives, st.integers(-50, 50))
def test_alerts_depend_on_the_hour_of_the_day_but_not_on_the_date(
    steps: list[Step], shift: int
) -> None:
    moved = [(at + shift * DAY_MS, later(facts, shift * DAY_MS)) for at, facts in steps]
    first, second = show(steps, info(40_000)), show(moved, info(40_000))
    assert [(a.kind, a.status, a.evidence.observed, a.severity) for a in first] == [
        (a.kind, a.status, a.evidence.observed, a.severity) for a in second
    ]


def later(facts: PaneFacts, shift_ms: int) -> PaneFacts:
    return msgspec.structs.replace(
        facts,
        published=[p._replace(at_ms=p.at_ms + shift_ms) for p in facts.published],
        spreads=[(i, s._replace(since_ms=s.since_ms + shift_ms)) for i, s in facts.spreads],
    )
