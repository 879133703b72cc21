"""A watch: what deserves an alert gets one, in time and once; what does not gets none."""

from statistics import median

import msgspec
import pytest
from msgspec.structs import replace

from streams.engine.facts import PANE_MS, PaneFacts, Published, Spread
from streams.engine.rules import Rules
from streams.engine.units import DAY_MS, HOUR_MS, MINUTE_MS
from streams.engine.watch import Watch
from tests.unit.engine import crowd
from tests.unit.engine.crowd import RULES, START_MS, Creator, Drop

NOON = START_MS + 2 * DAY_MS + 12 * HOUR_MS


def minutes(alert_at: object, since_ms: int) -> float:
    return (alert_at.timestamp() * 1000 - since_ms) / MINUTE_MS  # type: ignore[attr-defined]


def dropped(seed: int, left: float = 0.15, hours: float = 4.0) -> crowd.Run:
    creator = Creator(level=2_500.0)
    start = NOON + seed * 20 * MINUTE_MS
    panes = crowd.days(seed, creator, 3.0, Drop(start, start + int(hours * HOUR_MS), left))
    return crowd.run(panes, creator.info, START_MS + 3 * DAY_MS)


def test_a_sustained_fall_is_an_alert_mostly_within_the_half_hour() -> None:
    delays = [
        minutes(firing.updated_at, NOON + seed * 20 * MINUTE_MS)
        for seed in range(12)
        for firing in dropped(seed).of("engagement_drop", "firing")
    ]
    assert len(delays) >= 11, "one of twelve may be missed: false alarms are worse"
    assert median(delays) < 30.0
    assert sorted(delays)[-2] < 35.0, "all but one"


def test_a_drop_is_one_episode_from_firing_to_resolved() -> None:
    alerts = dropped(3).of("engagement_drop")
    assert alerts[0].status == "firing"
    assert alerts[-1].status == "resolved"
    assert {a.status for a in alerts[1:-1]} <= {"update"}
    assert len({a.alert_id for a in alerts}) == 1
    assert len({a.started_at for a in alerts}) == 1
    assert alerts[-1].ended_at is not None
    assert all(a.ended_at is None for a in alerts[:-1])


def test_a_drop_says_what_was_expected_and_what_came() -> None:
    firing = dropped(3).of("engagement_drop", "firing")[0]
    evidence = firing.evidence
    assert evidence.metric == "engagements"
    assert evidence.expected >= RULES.drop.min_expected
    assert evidence.observed < 0.4 * evidence.expected
    assert evidence.ratio == pytest.approx(evidence.observed / evidence.expected, abs=0.01)
    assert 0.0 <= evidence.probability <= RULES.drop.limit(evidence.expected)
    assert evidence.window_start == firing.started_at
    assert evidence.samples >= RULES.drop.min_posts
    assert evidence.posts
    assert "@crowd.one" in firing.reason
    assert firing.explanation in ("across_posts", "single_post")


@pytest.mark.parametrize("spread", [0.5, 0.8])
@pytest.mark.parametrize("level", [60.0, 400.0, 3_000.0])
def test_ordinary_days_raise_nothing(level: float, spread: float) -> None:
    creator = Creator(level=level, spread=spread)
    for seed in range(4):
        panes = crowd.days(seed, creator, 3.0)
        assert crowd.run(panes, creator.info, START_MS + 3 * DAY_MS).alerts == []


def test_the_day_after_a_viral_post_raises_no_drop() -> None:
    creator = Creator(level=400.0)
    for seed in range(16):
        panes = crowd.days(seed, creator, 4.0, boosts={8: 25.0})
        assert crowd.run(panes, creator.info, START_MS + 4 * DAY_MS).of("engagement_drop") == []


def test_one_weak_post_raises_nothing() -> None:
    creator = Creator(level=400.0)
    for seed in range(4):
        panes = crowd.days(seed, creator, 3.0, boosts={12: 0.15})
        assert crowd.run(panes, creator.info, START_MS + 3 * DAY_MS).alerts == []


def test_a_dud_after_a_few_posts_that_were_all_alike_raises_nothing() -> None:
    creator = Creator(level=400.0, spread=0.1)
    for seed in range(12):
        panes = crowd.days(seed, creator, 2.0, boosts={8: 0.03})
        assert crowd.run(panes, creator.info, START_MS + 2 * DAY_MS).alerts == []


def test_a_creator_who_stops_posting_raises_nothing_and_costs_nothing() -> None:
    creator = Creator(level=1_000.0, follows_per_hour=0.0)
    panes = crowd.days(5, creator, 2.0, fading_ms=2 * DAY_MS)
    run = crowd.run(panes, creator.info, START_MS + 9 * DAY_MS)
    assert run.alerts == []
    assert run.watch.next_deadline_ms is None
    assert run.watch.course.posts == []


def test_reactions_that_all_end_at_once_are_a_drop_though_no_post_is_new() -> None:
    creator = Creator(level=3_000.0, follows_per_hour=0.0)
    run = crowd.run(crowd.days(5, creator, 2.0), creator.info, START_MS + 9 * DAY_MS)
    assert run.alerts[0].kind == "engagement_drop"
    assert run.alerts[-1].status == "resolved"
    assert run.watch.next_deadline_ms is None


def test_the_first_day_of_a_creator_raises_nothing() -> None:
    creator = Creator(level=1_500.0, post_hours=(1.0, 3.0, 5.0, 7.0, 9.0, 11.0))
    start = START_MS + 12 * HOUR_MS
    panes = crowd.days(1, creator, 0.9, Drop(start, start + DAY_MS, 0.1))
    assert crowd.run(panes, creator.info, START_MS + int(0.9 * DAY_MS)).alerts == []


def test_a_drop_to_silence_is_seen_although_nothing_arrives() -> None:
    creator = Creator(level=20_000.0, follows_per_hour=0.0)
    start = NOON + HOUR_MS
    panes = crowd.days(2, creator, 2.7, Drop(start, start + DAY_MS, 0.0))
    run = crowd.run({t: f for t, f in panes.items() if t <= start}, creator.info, start + HOUR_MS)
    (firing,) = run.of("silence", "firing")
    assert firing.explanation == "no_engagement"
    assert firing.severity == "critical"


def polled(panes: crowd.Panes, every_ms: int, gap: tuple[int, int]) -> crowd.Panes:
    """The same engagement as polling shows it: growth by post every `every_ms`, but in the gap."""
    seen: dict[str, int] = {}
    last: dict[str, int] = {}
    out: crowd.Panes = {}
    due = START_MS
    for at in sorted(panes):
        facts = panes[at]
        pane = out.setdefault(at, crowd.fresh())
        pane.published = facts.published
        for post in facts.published:
            last[post.post_id] = post.at_ms
        for post_id, n in facts.by_post.items():
            seen[post_id] = seen.get(post_id, 0) + n
        if at >= due and not gap[0] <= at < gap[1]:
            due = at + every_ms
            for post_id, since in last.items():
                spread = Spread("likes", seen.pop(post_id, 0), since)
                pane.spreads.append((post_id, spread))
                last[post_id] = at
    return out


def test_a_polled_creator_is_judged_by_polls_and_not_by_their_absence() -> None:
    creator = Creator(level=5_000.0, follows_per_hour=0.0)
    quiet = polled(crowd.days(1, creator, 3.0), 5 * MINUTE_MS, (NOON, NOON + 6 * HOUR_MS))
    assert crowd.run(quiet, creator.info, START_MS + 3 * DAY_MS).alerts == []
    drop = Drop(NOON, NOON + 4 * HOUR_MS, 0.06)
    fallen = polled(crowd.days(1, creator, 3.0, drop), 5 * MINUTE_MS, (0, 0))
    run = crowd.run(fallen, creator.info, START_MS + 3 * DAY_MS)
    assert len(run.of("engagement_drop", "firing")) == 1


def spiked(
    count: int,
    span_ms: int,
    follows_per_hour: float = 5.0,
    followers: int = 40_000,
    viral: int = 0,
    rules: Rules = RULES,
) -> crowd.Run:
    creator = Creator(
        level=300.0, follows_per_hour=follows_per_hour, followers=followers, post_hours=(8.0, 18.0)
    )
    panes = crowd.days(4, creator, 3.0, boosts={viral: 30.0} if viral else None)
    for n in range(count):
        crowd.pane(panes, NOON + 3 * HOUR_MS + n * span_ms // count).follows += 1
    return crowd.run(panes, creator.info, START_MS + 3 * DAY_MS, rules)


def test_a_burst_of_followers_is_an_alert_in_the_first_pane_that_holds_enough() -> None:
    run = spiked(600, 60_000)
    firing = run.of("follower_spike", "firing")[0]
    assert minutes(firing.updated_at, NOON + 3 * HOUR_MS) <= 0.5
    assert firing.explanation == "suspect"
    assert firing.evidence.observed >= RULES.spike.min_follows
    assert firing.evidence.ratio > 100
    alerts = run.of("follower_spike")
    assert alerts[-1].status == "resolved"
    assert len({a.alert_id for a in alerts}) == 1
    assert alerts[-1].evidence.observed >= 600


def test_a_slower_spike_is_found_by_the_longer_windows() -> None:
    assert len(spiked(400, 25 * MINUTE_MS).of("follower_spike", "firing")) == 1


def test_followers_after_a_viral_post_are_explained_by_it() -> None:
    run = spiked(1_200, 10 * MINUTE_MS, viral=5)
    assert run.of("follower_spike", "firing")[0].explanation == "organic_viral"


def test_followers_that_a_viral_post_explains_can_be_told_of_from_a_larger_number_on() -> None:
    rules = replace(RULES, spike=replace(RULES.spike, viral_growth=3.0))
    assert spiked(200, 10 * MINUTE_MS, viral=5, rules=rules).of("follower_spike") == []
    assert len(spiked(200, 10 * MINUTE_MS, rules=rules).of("follower_spike", "firing")) == 1
    assert len(spiked(200, 10 * MINUTE_MS, viral=5).of("follower_spike", "firing")) == 1


@pytest.mark.parametrize(("count", "followers", "rate"), [(60, 40_000, 5.0), (300, 600_000, 5.0)])
def test_few_followers_for_the_audience_are_no_spike(
    count: int, followers: int, rate: float
) -> None:
    assert spiked(count, 60_000, rate, followers).of("follower_spike") == []


def test_a_busy_account_needs_a_rise_and_not_only_a_number() -> None:
    assert spiked(200, 30 * MINUTE_MS, follows_per_hour=300.0).of("follower_spike") == []


def test_growth_after_a_gap_in_polling_is_no_spike() -> None:
    creator = Creator(level=100.0, follows_per_hour=0.0)
    panes = crowd.days(1, creator, 3.0)
    for quarter in range(4, 48 * 4):
        at = START_MS + quarter * 15 * MINUTE_MS
        spread = Spread("followers", 10, at - 15 * MINUTE_MS)
        crowd.pane(panes, at).spreads.append(("", spread))
    back = START_MS + 54 * HOUR_MS
    crowd.pane(panes, back).spreads.append(("", Spread("followers", 240, back - 6 * HOUR_MS)))
    assert crowd.run(panes, creator.info, START_MS + 3 * DAY_MS).of("follower_spike") == []


def test_followers_bought_between_two_polls_are_a_spike() -> None:
    creator = Creator(level=100.0, follows_per_hour=0.0)
    panes = crowd.days(1, creator, 3.0)
    for quarter in range(4, 52 * 4):
        at = START_MS + quarter * 15 * MINUTE_MS
        amount = 900 if quarter == 51 * 4 else 2
        crowd.pane(panes, at).spreads.append(("", Spread("followers", amount, at - 15 * MINUTE_MS)))
    run = crowd.run(panes, creator.info, START_MS + 3 * DAY_MS)
    assert len(run.of("follower_spike", "firing")) == 1


def test_the_score_is_fifty_as_usual_and_rises_and_falls_with_engagement() -> None:
    assert Watch().score(START_MS) == (None, 0)
    creator = Creator(level=1_000.0, spread=0.3)
    scores = {}
    for name, boost in (("weak", 0.1), ("usual", 1.0), ("viral", 10.0)):
        panes = crowd.days(2, creator, 2.63, boosts={13: boost})
        end = START_MS + int(2.63 * DAY_MS)
        score, samples = crowd.run(panes, creator.info, end).watch.score(end)
        assert score is not None
        assert samples >= RULES.baseline.score_min_posts
        scores[name] = score
    assert 0 < scores["weak"] < scores["usual"] < scores["viral"] < 100
    assert 35 < scores["usual"] < 65


def test_the_score_returns_to_fifty_when_nothing_is_expected() -> None:
    creator = Creator(level=1_000.0)
    watch = crowd.run(crowd.days(2, creator, 2.5), creator.info, START_MS + 5 * DAY_MS).watch
    score, _ = watch.score(START_MS + 5 * DAY_MS)
    assert score == pytest.approx(50.0, abs=1.0)


def test_a_full_baseline_stays_small() -> None:
    creator = Creator(level=3_000.0, post_hours=tuple(6.0 + h for h in range(16)))
    watch = crowd.run(crowd.days(1, creator, 4.0), creator.info, START_MS + 4 * DAY_MS).watch
    assert len(msgspec.msgpack.encode(watch)) < 2_500


def test_more_posts_than_the_cap_forget_the_oldest() -> None:
    watch = Watch()
    info = Creator().info
    for n in range(60):
        at = START_MS + n * MINUTE_MS
        facts = PaneFacts(published=[Published(f"p{n}", at, "image", None)])
        watch.on_pane((at // PANE_MS + 1) * PANE_MS, facts, info, RULES)
    assert len(watch.course.posts) == RULES.baseline.max_posts
    assert watch.course.posts[-1].post_id == "p59"


def test_a_deleted_post_is_expected_to_get_nothing() -> None:
    creator = Creator(level=3_000.0, follows_per_hour=0.0)
    panes = crowd.days(3, creator, 2.5)
    cut = {t: f for t, f in panes.items() if t <= NOON}
    for facts in list(cut.values()):
        for post in facts.published:
            crowd.pane(cut, NOON).deleted.append(post.post_id)
    run = crowd.run(cut, creator.info, NOON + DAY_MS)
    assert run.alerts == []
    assert run.watch.course.posts == []
