"""Whatever the order, the batches, the ticks and the crashes: every event counts exactly once."""

from collections import Counter
from datetime import datetime
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.shard import ShardConfig
from tests.harness.driver import ShardDriver

START = 1_768_478_400_000
MINUTE = 60_000
COUNTED = ("events", "likes", "unlikes", "comments", "follows", "unfollows", "posts", "revenue")


class Step(NamedTuple):
    """One thing that befalls a shard."""

    what: str
    topic: str = "likes"
    creator: int = 0
    at: int = 0
    action: str = ""
    number: int = 0


TOPICS = {
    "likes": ("add", "remove"),
    "comments": ("add",),
    "follows": ("follow", "unfollow"),
    "posts": ("publish",),
    "conversions": ("convert", "refund"),
}
COUNT_OF = {
    ("likes", "add"): "likes",
    ("likes", "remove"): "unlikes",
    ("comments", "add"): "comments",
    ("follows", "follow"): "follows",
    ("follows", "unfollow"): "unfollows",
    ("posts", "publish"): "posts",
}


@st.composite
def sends(draw: st.DrawFn) -> Step:
    topic = draw(st.sampled_from(sorted(TOPICS)))
    return Step(
        "send",
        topic,
        draw(st.integers(0, 3)),
        draw(st.integers(-20 * MINUTE, 5 * MINUTE)),
        draw(st.sampled_from(TOPICS[topic])),
        draw(st.integers(0, 30)),
    )


steps = st.lists(
    st.one_of(
        sends(),
        sends(),
        sends(),
        st.builds(Step, st.just("tick"), at=st.integers(0, 90_000)),
        st.just(Step("crash")),
    ),
    max_size=60,
)


def event(step: Step, at: int) -> dict[str, Any]:
    common = {
        "event_id": f"{step.number}",
        "creator_id": f"creator-{step.creator}",
        "platform": "bluesky",
        "occurred_at": at,
        "action": step.action,
    }
    extra: dict[str, dict[str, Any]] = {
        "likes": {"post_id": "p", "actor_id": f"a{step.number % 7}"},
        "comments": {"comment_id": "k", "post_id": "p", "actor_id": "a", "text": "great"},
        "follows": {"actor_id": "a"},
        "posts": {"post_id": "p"},
        "conversions": {"campaign_id": "c", "order_id": "o", "value": 0.1, "currency": "EUR"},
    }
    return common | extra[step.topic]


def play(
    steps: list[Step], *, crashes: bool, most: int | None = None
) -> tuple[ShardDriver, Counter[tuple[str, int, str]]]:
    """Run the steps; the driver, and what a plain count of distinct events expects."""
    closed = None if most is None else (most, most)
    driver = ShardDriver(
        ShardConfig(partitions=1, duplicate_horizon=512, most_scores=most, most_closed=closed)
    )
    now, seen = START, set()
    expected: Counter[tuple[str, int, str]] = Counter()
    for step in steps:
        if step.what == "tick":
            now += step.at
            driver.tick(now)
        elif step.what == "crash":
            driver.tick(now, frozen=True)
            if crashes:
                driver.crash()
        else:
            at = now + step.at
            body = event(step, at)
            driver.send(step.topic, body, now)
            identity = (step.topic, step.creator, step.number)
            if identity in seen:
                continue
            seen.add(identity)
            key = (body["creator_id"], at // MINUTE)
            expected[*key, "events"] += 1
            if step.topic == "conversions":
                expected[*key, "revenue"] += 100 if step.action == "convert" else -100
            else:
                expected[*key, COUNT_OF[step.topic, step.action]] += 1
    driver.now_ms = now
    for _ in range(4):
        driver.tick(driver.now_ms + 5 * MINUTE)
    return driver, expected


def found(driver: ShardDriver) -> Counter[tuple[str, int, str]]:
    """Counts over windows and late events, by creator, minute and count."""
    total: Counter[tuple[str, int, str]] = Counter()
    for window in driver.published["engagement-windows"]:
        key = (window["creator_id"], minute_of(window["window_start"]))
        for name in COUNTED:
            total[*key, name] += round(window[name] * 1000) if name == "revenue" else window[name]
    for late in driver.published["late-events"]:
        body = late["event"]
        key = (body["creator_id"], body["occurred_at"] // MINUTE)
        total[*key, "events"] += 1
        if late["topic"] == "conversions":
            total[*key, "revenue"] += 100 if body["action"] == "convert" else -100
        else:
            total[*key, COUNT_OF[late["topic"], body["action"]]] += 1
    return total


def minute_of(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) // 60


def without_zeros(counts: Counter[tuple[str, int, str]]) -> dict[tuple[str, int, str], int]:
    return {key: n for key, n in counts.items() if n}


@settings(max_examples=150, deadline=None)
@given(steps)
def test_windows_and_late_events_add_up_to_what_was_sent(steps: list[Step]) -> None:
    driver, expected = play(steps, crashes=True)
    assert without_zeros(found(driver)) == without_zeros(expected)


@settings(max_examples=100, deadline=None)
@given(steps)
def test_no_window_is_written_twice(steps: list[Step]) -> None:
    driver, _ = play(steps, crashes=True)
    windows = [
        (window["creator_id"], window["window_start"])
        for window in driver.published["engagement-windows"]
    ]
    assert len(windows) == len(set(windows))


@settings(max_examples=150, deadline=None)
@given(steps, st.sampled_from([1, 2, None]))
def test_a_crash_after_a_checkpoint_changes_no_output(steps: list[Step], most: int | None) -> None:
    disturbed, _ = play(steps, crashes=True, most=most)
    undisturbed, _ = play(steps, crashes=False, most=most)
    for topic in ("engagement-windows", "late-events", "alerts", "dead-letters"):
        assert sorted(map(str, disturbed.published[topic])) == sorted(
            map(str, undisturbed.published[topic])
        )
    for topic in ("engagement-scores", "sentiment-scores"):
        assert disturbed.published[topic] == undisturbed.published[topic]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(1, 120)), min_size=1, max_size=12),
    st.sets(st.integers(0, 12)),
)
def test_a_crowd_counts_alike_whenever_it_is_stored(
    bursts: list[tuple[int, int]], stored_after: set[int]
) -> None:
    def unique_actors(stored_after: set[int]) -> list[int]:
        driver = ShardDriver(ShardConfig(partitions=1))
        actor = 0
        for number, (pane, size) in enumerate(bursts):
            for _ in range(size):
                actor += 1
                body = event(Step("send", action="add", number=actor), START + 10_000 * pane)
                driver.send("likes", body | {"actor_id": f"a{actor}"}, START + 120_000)
            if number in stored_after:
                driver.checkpoint()
                driver.crash()
        driver.tick(START + 120_000)
        score = driver.latest["engagement-scores"][b"creator-0"]
        return [window["unique_actors"] for window in score["windows"].values()]

    assert unique_actors(stored_after) == unique_actors(set())


@settings(max_examples=50, deadline=None)
@given(steps)
def test_a_quiet_week_leaves_nothing_open(steps: list[Step]) -> None:
    driver, _ = play(steps, crashes=False)
    for hour in range(24 * 7):
        driver.tick(driver.now_ms + 3_600_000 + hour)
    driver.tick(driver.now_ms + 2_000)
    left = {key[:1] for key in driver.tables[0]["engagement"] if key[:1] != b"\x00"}
    assert left <= {b"c", b"w"}, "only the card and the watch outlast the last window"
