import json
from collections import Counter, defaultdict
from itertools import islice
from typing import get_args

import msgspec
import pytest

from schemas import codec, events
from schemas.instants import to_ms
from streams.engine.sentiment import load_default
from streams.engine.sentiment.verdict import Label
from streams.sources.simulate import DAY_MS, HOUR_MS, Incident, Plan, Timed, generate, truth
from streams.sources.simulate.plan import MINUTE_MS, SECOND_MS, IncidentKind

LIVE_MS = 1_768_478_400_000
ENGAGEMENT = ("likes", "comments", "shares")


def two_days(seed: int = 7, **changes: object) -> Plan:
    knobs = {
        "seed": seed,
        "start_ms": LIVE_MS - 2 * DAY_MS,
        "live_ms": LIVE_MS,
        "end_ms": LIVE_MS + 5 * MINUTE_MS,
        **changes,
    }
    return Plan(**knobs)


@pytest.fixture(scope="module")
def world() -> list[Timed]:
    return list(generate(two_days()))


@pytest.fixture(scope="module")
def calm() -> list[Timed]:
    return list(generate(two_days(incidents="none")))


@pytest.fixture(scope="module")
def eventful() -> list[Timed]:
    return list(generate(two_days(incidents="all", end_ms=LIVE_MS + 30 * MINUTE_MS)))


@pytest.fixture(scope="module")
def injected() -> list[Incident]:
    return truth(two_days())


def the(kind: str) -> Incident:
    (incident,) = (i for i in truth(two_days(incidents="all")) if i.kind == kind)
    return incident


def mine(world: list[Timed], incident: Incident, topic: str) -> list[Timed]:
    return [t for t in world if t.topic == topic and t.event["creator_id"] == incident.creator_id]


def of(world: list[Timed], creator_id: str, start: int, end: int, *topics: str) -> int:
    return sum(
        start <= at < end and topic in topics and event["creator_id"] == creator_id
        for at, topic, event in world
    )


def test_the_same_plan_gives_the_same_events():
    first, second = generate(two_days()), generate(two_days())
    for one, other in islice(zip(first, second, strict=True), 20_000):
        assert one == other


def test_history_ends_where_live_begins_or_with_the_plan():
    assert two_days().history_end_ms == LIVE_MS
    assert two_days(live_ms=None).history_end_ms == two_days().end_ms


def test_another_seed_gives_other_events():
    def ids(seed: int) -> set[object]:
        return {
            e["event_id"] for _, t, e in islice(generate(two_days(seed)), 2_000) if t == "likes"
        }

    assert not ids(1) & ids(2)


def test_the_slabs_in_which_a_world_is_made_leave_no_trace():
    def half_a_day(live_ms: int) -> list[Timed]:
        start = LIVE_MS - 12 * HOUR_MS
        return list(generate(two_days(start_ms=start, live_ms=live_ms, incidents="none")))

    assert half_a_day(LIVE_MS - HOUR_MS) == half_a_day(LIVE_MS)


def test_events_come_in_order_of_time_and_within_the_plan(world):
    times = [at for at, _, _ in world]
    assert times == sorted(times)
    assert times[0] == two_days().start_ms
    assert times[-1] < two_days().end_ms


def test_every_event_honours_the_contract_and_says_its_own_time(eventful):
    for at, topic, event in eventful:
        decoded = codec.decode(topic, json.dumps(event).encode())
        assert not isinstance(decoded, codec.Fault), (topic, event, decoded)
        if not isinstance(decoded, events.Campaign):
            assert to_ms(decoded.occurred_at) == at


def test_no_event_id_comes_twice_within_a_topic(eventful):
    ids = Counter((topic, event["event_id"]) for _, topic, event in eventful)
    assert max(ids.values()) == 1


def test_two_days_of_the_usual_roster_are_a_fair_load(world):
    topics = Counter(topic for _, topic, _ in world)
    assert 120_000 < len(world) < 320_000
    assert set(topics) == {
        "posts", "likes", "comments", "shares", "follows",
        "clicks", "conversions", "counters", "creators", "campaigns",
    }  # fmt: skip
    assert 0.4 < topics["likes"] / len(world) < 0.8
    assert 0.05 < topics["comments"] / len(world) < 0.25


def test_most_creators_are_micro_influencers(world):
    tiers = Counter(event["tier"] for _, topic, event in world if topic == "creators")
    assert tiers["micro"] >= 0.6 * sum(tiers.values())
    assert len(tiers) >= 3


def test_polled_platforms_send_counters_instead_of_single_likes_shares_and_follows(world):
    by_platform: defaultdict[object, set[str]] = defaultdict(set)
    for _, topic, event in world:
        by_platform[event.get("platform")].add(topic)
    assert "counters" in by_platform["instagram"]
    for platform in ("instagram", "tiktok", "youtube"):
        assert not by_platform[platform] & {"likes", "shares", "follows"}
    for platform in ("x", "bluesky", "mastodon"):
        assert "counters" not in by_platform[platform]


def test_totals_of_a_post_never_fall(world):
    latest: dict[object, int] = {}
    for _, topic, event in world:
        if topic == "counters" and "post_id" in event:
            assert event["likes"] >= latest.get(event["post_id"], 0)
            latest[event["post_id"]] = event["likes"]
    assert latest


def test_a_post_gets_most_of_its_reactions_early_and_some_much_later(calm):
    published = {
        e["post_id"]: at for at, topic, e in calm if topic == "posts" and "action" not in e
    }
    ages = [
        at - published[e["post_id"]]
        for at, topic, e in calm
        if topic == "likes" and published.get(e["post_id"], LIVE_MS) < LIVE_MS - DAY_MS
    ]
    first_hour = sum(age < HOUR_MS for age in ages) / len(ages)
    second_half_day = sum(12 * HOUR_MS <= age < DAY_MS for age in ages) / len(ages)
    assert 0.25 < first_hour < 0.7
    assert 0.01 < second_half_day < 0.2


def test_creators_answer_some_comments_and_name_the_one_they_answer(world):
    comments = {
        e["comment_id"] for _, topic, e in world if topic == "comments" and "in_reply_to" not in e
    }
    answers = [e for _, topic, e in world if topic == "comments" and "in_reply_to" in e]
    assert len(answers) > 100
    assert all(e["actor_id"] == e["creator_id"] for e in answers)
    late = [e for e in answers if e["in_reply_to"] not in comments]
    assert len(late) < 0.2 * len(answers), "only comments from before the start are missing"


def test_comments_are_varied_and_in_several_languages(world):
    texts = Counter(e["text"] for _, topic, e in world if topic == "comments")
    languages = Counter(e.get("lang") for _, topic, e in world if topic == "comments")
    assert len(texts) > 500
    assert len(languages) >= 4
    assert max(texts.values()) < 0.1 * sum(texts.values())


def test_the_default_incidents_are_a_drop_under_way_and_a_spike_soon_after_live_begins(injected):
    kinds = Counter(incident.kind for incident in injected)
    assert kinds["follower_spike"] == 1
    assert 1 <= kinds["engagement_drop"] <= 3
    assert len({incident.creator_id for incident in injected}) == len(injected)
    for incident in injected:
        if incident.kind == "engagement_drop":
            assert 90 * MINUTE_MS <= LIVE_MS - incident.starts_at <= 300 * MINUTE_MS
            assert incident.ends_at > LIVE_MS + 30 * MINUTE_MS
            assert 0.03 <= incident.size <= 0.1
        else:
            assert 8 * SECOND_MS <= incident.starts_at - LIVE_MS <= 12 * SECOND_MS
            assert incident.size >= 400


@pytest.mark.parametrize("seed", range(20, 32))
def test_every_seed_and_time_of_day_has_both_kinds_of_incident(seed):
    live = LIVE_MS + seed * 2 * HOUR_MS
    plan = Plan(seed=seed, start_ms=live - 2 * DAY_MS, live_ms=live, end_ms=live + MINUTE_MS)
    assert {i.kind for i in truth(plan)} == {"engagement_drop", "follower_spike"}


def test_a_drop_leaves_the_stated_share_of_what_would_have_come(world, calm, injected):
    for drop in injected:
        if drop.kind == "engagement_drop":
            span = (drop.starts_at, LIVE_MS)
            left = of(world, drop.creator_id, *span, *ENGAGEMENT)
            whole = of(calm, drop.creator_id, *span, *ENGAGEMENT)
            assert whole >= 40
            assert 0.3 * drop.size < left / whole < 2.5 * drop.size
            before = (LIVE_MS - 2 * DAY_MS, drop.starts_at)
            assert of(world, drop.creator_id, *before, *ENGAGEMENT) == of(
                calm, drop.creator_id, *before, *ENGAGEMENT
            )


def test_a_spike_brings_its_follows_in_its_time_and_without_a_fresh_post(world, calm, injected):
    (spike,) = (incident for incident in injected if incident.kind == "follower_spike")
    span = (spike.starts_at, spike.ends_at)
    gained = of(world, spike.creator_id, *span, "follows") - of(
        calm, spike.creator_id, *span, "follows"
    )
    assert gained == spike.size
    assert of(world, spike.creator_id, spike.starts_at - HOUR_MS, spike.ends_at, "posts") == 0


def test_incidents_touch_no_other_creator(world, calm, injected):
    hit = {incident.creator_id for incident in injected}

    def others(stream: list[Timed]) -> list[Timed]:
        return [e for e in stream if e.event.get("creator_id", "campaign") not in hit]

    assert others(world) == others(calm)


def test_a_number_of_incidents_is_spread_over_creators_and_the_last_part_of_the_plan():
    plan = two_days(incidents=5)
    incidents = truth(plan)
    assert len(incidents) >= 4
    assert len({incident.creator_id for incident in incidents}) == len(incidents)
    assert all(i.starts_at >= plan.start_ms + DAY_MS for i in incidents)


def test_all_incidents_are_the_default_ones_and_one_of_each_other_kind(injected):
    incidents = truth(two_days(incidents="all"))
    assert [i for i in incidents if i in injected] == injected
    others = Counter(i.kind for i in incidents if i not in injected)
    assert others == {"viral_post": 1, "sentiment_crisis": 1, "unfollow_wave": 1}
    assert len({i.creator_id for i in incidents}) == len(incidents)


@pytest.mark.parametrize("seed", range(20, 32))
def test_every_seed_and_time_of_day_has_all_kinds_of_incident_where_all_are_asked_for(seed):
    live = LIVE_MS + seed * 2 * HOUR_MS
    plan = Plan(
        seed=seed,
        start_ms=live - 2 * DAY_MS,
        live_ms=live,
        end_ms=live + MINUTE_MS,
        incidents="all",
    )
    assert {i.kind for i in truth(plan)} == set(get_args(IncidentKind))


def test_a_roster_too_small_for_all_incidents_has_those_that_fit():
    incidents = truth(two_days(incidents="all", creators=4))
    assert len({i.creator_id for i in incidents}) == len(incidents) <= 4
    assert list(islice(generate(two_days(incidents="all", creators=4)), 500))


def test_a_wave_takes_its_followers_within_its_time_soon_after_live_begins(eventful, calm):
    wave = the("unfollow_wave")
    assert 10 * SECOND_MS <= wave.starts_at - LIVE_MS <= 20 * SECOND_MS
    gone = [
        sum(
            wave.starts_at <= t.at_ms < wave.ends_at
            for t in mine(world, wave, "follows")
            if t.event.get("action") == "unfollow"
        )
        for world in (calm, eventful)
    ]
    assert gone[1] - gone[0] == wave.size >= 400


def test_angry_comments_come_by_many_people_below_the_newest_post(eventful, calm):
    crisis = the("sentiment_crisis")
    assert 2 * MINUTE_MS <= LIVE_MS - crisis.starts_at <= 3 * MINUTE_MS
    before = {t.event["event_id"] for t in mine(calm, crisis, "comments")}
    added = [
        t
        for t in mine(eventful, crisis, "comments")
        if t.at_ms < calm[-1].at_ms and t.event["event_id"] not in before
    ]
    assert len(added) > 0.2 * crisis.size
    posts = [
        t.event["post_id"]
        for t in mine(eventful, crisis, "posts")
        if t.at_ms < crisis.starts_at and "action" not in t.event
    ]
    assert {t.event["post_id"] for t in added} == {posts[-1]}
    assert len({t.event["actor_id"] for t in added}) > 0.85 * len(added)
    analyser = load_default()
    verdicts = Counter(analyser.judge(str(t.event["text"])).label for t in added)
    assert verdicts[Label.NEGATIVE] > 0.6 * len(added)


def test_a_viral_post_gets_many_times_its_usual_reactions_and_no_other_post_does(eventful, calm):
    viral = the("viral_post")
    assert 20 * MINUTE_MS <= LIVE_MS - viral.starts_at <= 30 * MINUTE_MS
    counts = [
        Counter(
            t.event["post_id"]
            for topic in ENGAGEMENT
            for t in mine(world, viral, topic)
            if viral.starts_at <= t.at_ms < LIVE_MS and "in_reply_to" not in t.event
        )
        for world in (calm, eventful)
    ]
    more = counts[1] - counts[0]
    assert len(more) == 1
    ((post_id, extra),) = more.items()
    assert extra > 30 * max(counts[0][post_id], 10)


def test_all_incidents_touch_no_other_creator(eventful, calm):
    hit = {incident.creator_id for incident in truth(two_days(incidents="all"))}

    def others(stream: list[Timed]) -> list[Timed]:
        end = two_days().end_ms
        return [
            e for e in stream if e.at_ms < end and e.event.get("creator_id", "campaign") not in hit
        ]

    assert others(eventful) == others(calm)


def test_a_plan_without_incidents_has_none():
    assert truth(two_days(incidents="none")) == []


def test_incidents_are_written_as_json():
    incident = Incident(
        creator_id="x-0001", kind="engagement_drop", starts_at=1, ends_at=2, size=0.1
    )
    assert msgspec.json.decode(msgspec.json.encode(incident), type=Incident) == incident


def test_volume_scales_the_number_of_events():
    def likes(volume: float) -> int:
        plan = two_days(volume=volume, start_ms=LIVE_MS - HOUR_MS * 6, incidents="none")
        return sum(topic == "likes" for _, topic, _ in generate(plan))

    assert 2.0 < likes(1.5) / likes(0.5) < 4.5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"end_ms": 0}, "ends before it starts"),
        ({"creators": 0}, "at least one creator"),
        ({"volume": 0.0}, "volume must be positive"),
        ({"live_ms": LIVE_MS + DAY_MS}, "live start lies outside"),
        ({"incidents": -1}, "must not be negative"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        two_days(**changes)
