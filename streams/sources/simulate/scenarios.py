"""Scenarios: short stories with a known end, to try rules and detectors on.

Knows what happens in each, to whom, and of what an alert is due. Must not know how detectors work.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from streams.engine.facts import TIERS
from streams.sources.simulate import reactions
from streams.sources.simulate.plan import DAY_MS, HOUR_MS, MINUTE_MS, Effect, Incident, Plan
from streams.sources.simulate.reactions import Account
from streams.sources.simulate.roster import POLLED


class Story(NamedTuple):
    """What happens, and the part of it that somebody is to be told of, in order of its start."""

    effects: Sequence[Effect]
    truth: list[Incident]


class Scenario(NamedTuple):
    """A scenario: its name, one line about it, and the days of history that it takes."""

    name: str
    says: str
    days: float
    make: Callable[[Plan, list[Account]], Story]

    def tell(self, plan: Plan, accounts: list[Account]) -> Story:
        """The story within `plan`. Raises ValueError where it is too short, or has no creators."""
        if plan.end_ms - plan.start_ms < self.days * DAY_MS:
            raise ValueError(f"the scenario {self.name} takes {self.days:g} days of events")
        return self.make(plan, accounts)


def find(name: str) -> Scenario:
    """The scenario of that name. Raises ValueError, which names all, where there is none."""
    found = SCENARIOS.get(name)
    if found is None:
        raise ValueError(f"{name!r} is no scenario; there are {', '.join(SCENARIOS)}")
    return found


def _one(creator: str, kind: str, start: int, end: int, size: float) -> Effect:
    return Effect(creator_id=creator, kind=kind, starts_at=start, ends_at=end, size=size)


def _due(*effects: Effect, kind: str | None = None) -> list[Incident]:
    """The incidents that these effects are, under another kind where one is given."""
    return [
        Incident(
            creator_id=effect.creator_id,
            kind=kind or effect.kind,  # type: ignore[arg-type]
            starts_at=effect.starts_at,
            ends_at=effect.ends_at,
            size=effect.size,
        )
        for effect in sorted(effects, key=lambda effect: effect.starts_at)
    ]


def _told(*effects: Effect) -> Story:
    return Story(effects, _due(*effects))


def _busiest(accounts: list[Account], *, polled: bool = False) -> Account:
    """The one whose posts get most: of those with single events, or of those who are polled."""
    fair = [account for account in accounts if account.creator.polled is polled]
    if not fair:
        what = ", ".join(POLLED) if polled else "a platform that pushes single events"
        raise ValueError(f"no creator is on {what}; take more of them, or another seed")
    return max(fair, key=lambda a: a.creator.reactions * len(a.creator.slots))


def _many(account: Account, least: int) -> float:
    """People whom an account of that size cannot overlook."""
    return float(max(least, account.creator.followers // 40))


def _posted(plan: Plan, account: Account, before_ms: int, least_age_ms: int) -> int:
    """A moment by `before_ms` when the creator's newest post is about so old."""
    recent = reactions.between(plan.seed, account.creator, before_ms - 3 * DAY_MS, before_ms)
    fit = [p.at_ms + least_age_ms for p in recent if p.at_ms + least_age_ms < before_ms]
    return max(fit, default=before_ms)


def _slow_decline(plan: Plan, accounts: list[Account]) -> Story:
    who = _busiest(accounts).creator.creator_id
    start = plan.end_ms - 35 * DAY_MS
    decline = _one(who, "decline", start, plan.end_ms, 0.5)
    return Story([decline], _due(decline, kind="engagement_drop"))


def _quiet_hour(plan: Plan, accounts: list[Account]) -> Story:
    creator = _busiest(accounts).creator
    night = (plan.end_ms - 24 * HOUR_MS + creator.offset_ms) // DAY_MS * DAY_MS
    start = night - creator.offset_ms + 4 * HOUR_MS
    return _told(_one(creator.creator_id, "engagement_drop", start, start + 14 * HOUR_MS, 0.05))


def _viral(plan: Plan, accounts: list[Account]) -> Story:
    account = _busiest(accounts)
    start = _posted(plan, account, plan.end_ms - 40 * HOUR_MS, HOUR_MS)
    return _told(_one(account.creator.creator_id, "viral_post", start, start + 12 * HOUR_MS, 80.0))


def _holiday_week(plan: Plan, accounts: list[Account]) -> Story:
    start = plan.end_ms - 9 * DAY_MS
    return Story(
        [_one(a.creator.creator_id, "lull", start, start + 7 * DAY_MS, 0.65) for a in accounts], []
    )


def _outage(plan: Plan, accounts: list[Account]) -> Story:
    platforms = [account.creator.platform for account in accounts]
    largest = max(sorted(set(platforms)), key=platforms.count)
    start = plan.end_ms - HOUR_MS
    return _told(_one(f"platform:{largest}", "source_outage", start, start + 25 * MINUTE_MS, 0.02))


def _bought(plan: Plan, accounts: list[Account], span_ms: int) -> Story:
    account = _busiest(accounts)
    start = plan.end_ms - span_ms - HOUR_MS
    size = _many(account, 500)
    return _told(_one(account.creator.creator_id, "follower_spike", start, start + span_ms, size))


def _giveaway(plan: Plan, accounts: list[Account]) -> Story:
    account = _busiest(accounts)
    start = _posted(plan, account, plan.end_ms - 3 * HOUR_MS, 5 * MINUTE_MS)
    size = _many(account, 1_500)
    giveaway = _one(account.creator.creator_id, "giveaway", start, start + 2 * HOUR_MS, size)
    return Story([giveaway], _due(giveaway, kind="follower_spike"))


def _talk(plan: Plan, accounts: list[Account], kind: str) -> Story:
    account = _busiest(accounts)
    start = _posted(plan, account, plan.end_ms - 3 * HOUR_MS, 2 * HOUR_MS)
    talk = _one(account.creator.creator_id, kind, start, start + 90 * MINUTE_MS, 250.0)
    return Story([talk], _due(talk, kind="sentiment_crisis"))


def _pause(plan: Plan, accounts: list[Account]) -> Story:
    start = plan.end_ms - 9 * DAY_MS
    who = _busiest(accounts).creator.creator_id
    return Story([_one(who, "pause", start, start + 7 * DAY_MS, 0.0)], [])


def _counters(plan: Plan, accounts: list[Account], kind: str) -> Story:
    start = plan.end_ms - 8 * HOUR_MS
    who = _busiest(accounts, polled=True).creator.creator_id
    return Story([_one(who, kind, start, start + 30 * MINUTE_MS, 0.0)], [])


def _new_tier(plan: Plan, accounts: list[Account]) -> Story:
    creator = _busiest(accounts).creator
    size = next((most for _, most in TIERS if most > creator.followers), 2_000_000)
    start = plan.end_ms - 20 * HOUR_MS
    return Story([_one(creator.creator_id, "new_tier", start, start + 1, float(size + 100))], [])


def _two(plan: Plan, accounts: list[Account]) -> Story:
    account = _busiest(accounts)
    start = _posted(plan, account, plan.end_ms - 8 * HOUR_MS, HOUR_MS)
    who, bought, size = account.creator.creator_id, start + 2 * HOUR_MS, _many(account, 500)
    return _told(
        _one(who, "engagement_drop", start, start + 7 * HOUR_MS, 0.05),
        _one(who, "follower_spike", bought, bought + 10 * MINUTE_MS, size),
    )


_ALL = (
    Scenario(
        "slow-decline", "posts get less and less, by half within five weeks", 70, _slow_decline
    ),
    Scenario("quiet-hour", "hardly anything comes any more, from 4 h at night on", 4, _quiet_hour),
    Scenario("viral", "a post gets 80 times the usual, then fades: no drop follows", 5, _viral),
    Scenario(
        "holiday-week",
        "everybody gets a third less for a week: nothing is to be told",
        17,
        _holiday_week,
    ),
    Scenario(
        "outage", "a platform gives next to nothing for 25 minutes: one alert for all", 0.4, _outage
    ),
    Scenario(
        "bought-at-once",
        "hundreds of hollow followers within ten minutes",
        3,
        lambda plan, accounts: _bought(plan, accounts, 10 * MINUTE_MS),
    ),
    Scenario(
        "bought-drip",
        "as many over two days",
        5,
        lambda plan, accounts: _bought(plan, accounts, 2 * DAY_MS),
    ),
    Scenario(
        "giveaway",
        "people comment, like, follow to take part; its end may look like a drop",
        4,
        _giveaway,
    ),
    Scenario(
        "raid",
        "250 angry comments within an hour and a half",
        4,
        lambda plan, accounts: _talk(plan, accounts, "sentiment_crisis"),
    ),
    Scenario(
        "sarcasm",
        "as many that mean the opposite, which the rules do not see",
        4,
        lambda plan, accounts: _talk(plan, accounts, "sarcasm"),
    ),
    Scenario("pause", "no posts for a week, then as before: nothing is to be told", 14, _pause),
    Scenario(
        "counters-reset",
        "polled totals of posts start anew from 0: nothing is to be told",
        4,
        lambda plan, accounts: _counters(plan, accounts, "reset"),
    ),
    Scenario(
        "counters-blank",
        "an account reads 0 followers for a while, then all again: nothing is to be told",
        4,
        lambda plan, accounts: _counters(plan, accounts, "blank"),
    ),
    Scenario(
        "new-tier",
        "a profile says more followers and another tier: nothing is to be told",
        4,
        _new_tier,
    ),
    Scenario(
        "two-at-once", "followers are bought while live posts get nothing: two alerts", 4, _two
    ),
)
SCENARIOS = {scenario.name: scenario for scenario in _ALL}
