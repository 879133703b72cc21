"""A desk: who is called for an alert, who is not, and that nothing is lost in between."""

from typing import Any

import msgspec
import pytest

from schemas.alerts import Alert
from schemas.events import Campaign
from streams.engine.follow_rules import SpikeRules
from streams.engine.rulebook import RuleBook
from streams.engine.rules import DeskRules, Rules
from streams.engine.shard import ShardConfig
from streams.engine.stats import ShardStats
from streams.engine.units import DAY_MS, HOUR_MS, MINUTE_MS
from tests.harness.driver import ShardDriver

START = 1_768_176_000_000
LIVE = START + 8 * HOUR_MS
SPIKES = SpikeRules(min_history_ms=HOUR_MS, critical_ratio=1_000.0)


class Desk:
    """A shard in which every creator can have a follower spike at will."""

    def __init__(self, *, partitions: int = 1, **desk: Any) -> None:
        rules = Rules(desk=DeskRules(**desk), spike=SPIKES)
        self.driver = ShardDriver(ShardConfig(partitions=partitions, rules=RuleBook(rules)))
        self.made = 0

    def send(self, topic: str, creator: str, at_ms: int, **fields: Any) -> None:
        self.made += 1
        envelope = {
            "event_id": f"e{self.made}",
            "creator_id": creator,
            "platform": "x",
            "occurred_at": at_ms,
        }
        self.driver.send(topic, envelope | fields, at_ms)

    def know(self, *creators: str) -> None:
        for creator in creators:
            self.send("follows", creator, START, actor_id="first")
        self.driver.tick(START)
        self.driver.tick(LIVE)

    def spike(self, at_ms: int, **follows: int) -> None:
        for creator, count in follows.items():
            for number in range(count):
                self.send("follows", creator, at_ms, actor_id=f"a{number}")
        self.driver.tick(at_ms)
        self.driver.tick(at_ms + MINUTE_MS)

    def command(self, creator: str, at_ms: int, **fields: Any) -> None:
        self.send("alert-commands", creator, at_ms, by="ops", **fields)
        self.driver.tick(at_ms)

    def pass_time(self, until_ms: int) -> None:
        while self.driver.now_ms < until_ms:
            self.driver.tick(min(self.driver.now_ms + MINUTE_MS, until_ms))

    @property
    def alerts(self) -> list[Alert]:
        return [msgspec.convert(alert, Alert) for alert in self.driver.published["alerts"]]

    def of(self, kind: str, status: str | None = None) -> list[Alert]:
        return [a for a in self.alerts if a.kind == kind and status in {None, a.status}]


def test_an_alert_calls_where_nothing_speaks_against_it() -> None:
    desk = Desk()
    desk.know("ada")
    desk.spike(LIVE, ada=400)
    (alert,) = desk.alerts
    assert alert.status == "firing"
    assert alert.notify
    assert alert.quiet is alert.acknowledged_at is alert.acknowledged_by is alert.feedback is None


def test_what_was_acknowledged_says_by_whom_and_calls_no_more() -> None:
    desk = Desk()
    desk.know("ada")
    desk.spike(LIVE, ada=400)
    alert_id = desk.alerts[0].alert_id
    about = {"alert_id": alert_id, "by": "ops"}
    desk.send("alert-commands", "ada", LIVE + 2 * MINUTE_MS, action="acknowledge", **about)
    desk.send("alert-commands", "ada", LIVE + 2 * MINUTE_MS, action="useful", **about)
    desk.driver.tick(LIVE + 2 * MINUTE_MS)
    assert [alert.status for alert in desk.alerts] == ["firing", "update", "update"]
    assert desk.alerts[1].acknowledged_by == "ops", "at once"
    update = desk.alerts[2]
    assert (update.status, update.notify, update.quiet) == ("update", False, "acknowledged")
    assert (update.acknowledged_by, update.feedback) == ("ops", "useful")
    assert update.acknowledged_at is not None
    assert update.called, "whoever takes it over must know that it is still to be sent"
    desk.pass_time(LIVE + 2 * HOUR_MS)
    assert desk.alerts[-1].status == "resolved"
    assert desk.alerts[-1].acknowledged_by == "ops"
    assert desk.driver.shards[0]._registry.live["ada"].watch.orders == {}, "it is over"


def test_how_long_an_alert_waited_is_told_once() -> None:
    desk = Desk()
    desk.know("ada")
    desk.spike(LIVE, ada=400)
    alert = desk.alerts[0]
    began = int(alert.started_at.timestamp() * 1000)
    for minutes in (4, 9):
        at_ms = began + minutes * MINUTE_MS
        desk.command("ada", at_ms, action="acknowledge", alert_id=alert.alert_id)
    stats = desk.driver.shards[0].stats
    assert (stats.answered, stats.answer_seconds) == ({300: 1}, 240)


@pytest.mark.parametrize(("seconds", "bound"), [(-1, 60), (60, 60), (61, 300), (86_401, 0)])
def test_a_time_is_within_the_least_bound_that_it_does_not_exceed(seconds: int, bound: int) -> None:
    stats = ShardStats()
    stats.answer(seconds)
    assert stats.answered == {bound: 1}


def test_the_next_episode_is_not_acknowledged() -> None:
    desk = Desk()
    desk.know("ada")
    desk.spike(LIVE, ada=400)
    desk.command("ada", LIVE + MINUTE_MS, action="acknowledge", alert_id=desk.alerts[0].alert_id)
    desk.pass_time(LIVE + HOUR_MS)
    desk.pass_time(LIVE + DAY_MS)
    desk.spike(LIVE + DAY_MS, ada=3_000)
    last = desk.alerts[-1]
    assert last.status == "firing"
    assert last.notify
    assert last.acknowledged_by is None


@pytest.mark.parametrize("kind", [None, "follower_spike"])
def test_a_snoozed_creator_calls_nobody_until_the_snooze_ends(kind: str | None) -> None:
    desk = Desk()
    desk.know("ada", "bob")
    until = LIVE + 2 * HOUR_MS
    desk.command("ada", LIVE, action="snooze", kind=kind, until=until)
    desk.spike(LIVE + MINUTE_MS, ada=400)
    desk.spike(LIVE + 3 * MINUTE_MS, bob=400)
    assert [(a.creator_id, a.quiet) for a in desk.alerts] == [("ada", "snoozed"), ("bob", None)]
    assert [a.called for a in desk.alerts] == [False, True]
    desk.pass_time(LIVE + DAY_MS)
    desk.spike(LIVE + DAY_MS, ada=3_000)
    assert desk.alerts[-1].notify


def test_a_snooze_of_another_kind_changes_nothing_and_a_wake_ends_one() -> None:
    desk = Desk()
    desk.know("ada", "bob")
    desk.command("ada", LIVE, action="snooze", kind="engagement_drop", until=LIVE + DAY_MS)
    desk.command("bob", LIVE, action="snooze", until=LIVE + DAY_MS)
    desk.command("bob", LIVE + 1, action="wake")
    desk.spike(LIVE + MINUTE_MS, ada=400)
    desk.spike(LIVE + 3 * MINUTE_MS, bob=400)
    assert [alert.notify for alert in desk.alerts] == [True, True]


def test_commands_about_nothing_known_are_counted_and_change_nothing() -> None:
    desk = Desk()
    desk.know("ada")
    desk.command("ada", LIVE, action="acknowledge", alert_id="follower_spike:12:bob")
    desk.command("ada", LIVE, action="acknowledge", alert_id="nonsense")
    desk.command("ada", LIVE, action="useful")
    desk.command("ada", LIVE, action="snooze")
    desk.command("ada", LIVE, action="snooze", until=LIVE - 1)
    assert desk.driver.shards[0].stats.orders == {"unknown": 5}
    desk.spike(LIVE + MINUTE_MS, ada=400)
    assert desk.alerts[0].notify


def test_what_is_found_long_after_it_happened_calls_nobody() -> None:
    desk = Desk()
    desk.know("ada")
    for number in range(400):
        desk.send("follows", "ada", LIVE, actor_id=f"a{number}")
    desk.send("likes", "ada", LIVE + 5 * MINUTE_MS, post_id="p", actor_id="a")
    week = LIVE + 7 * DAY_MS
    desk.driver.tick(week, frozenset(("likes",)))
    (alert,) = desk.alerts
    assert (alert.notify, alert.quiet) == (False, "past")


def test_alerts_beyond_the_cap_are_on_record_and_in_a_digest() -> None:
    names = [f"c{number}" for number in range(9)]
    desk = Desk(max_per_hour=4)
    desk.know(*names)
    desk.spike(LIVE, **dict.fromkeys(names, 400))
    fired = desk.of("follower_spike", "firing")
    assert [a.quiet for a in fired] == [None] * 4 + ["rate_cap"] * 5
    assert desk.of("digest") == []
    desk.pass_time(LIVE + 10 * MINUTE_MS)
    (digest,) = desk.of("digest")
    assert digest.creator_id == ""
    assert digest.notify
    assert digest.evidence.observed == 5
    assert "5 follower spike: c4, c5, c6, c7, c8." in digest.reason
    assert all(
        a.quiet == "rate_cap"
        for a in desk.of("follower_spike")
        if a.creator_id in names[4:] and a.status != "firing"
    )
    desk.pass_time(LIVE + 3 * HOUR_MS)
    assert [a.status for a in desk.of("digest")] == ["firing", "resolved"]


def test_critical_alerts_have_more_room() -> None:
    names = [f"c{number}" for number in range(4)]
    desk = Desk(max_per_hour=2)
    desk.know(*names)
    desk.spike(LIVE, c0=150, c1=150, c2=150, c3=2_000)
    fired = desk.of("follower_spike", "firing")
    assert [(a.severity, a.quiet) for a in fired] == [
        ("warning", None),
        ("warning", None),
        ("warning", "rate_cap"),
        ("critical", None),
    ]


def test_a_campaign_has_a_cap_of_its_own() -> None:
    names = ["ada", "bob", "cyd"]
    desk = Desk(max_per_campaign_hour=1)
    desk.know(*names)
    desk.driver.roster.put(Campaign(campaign_id="spring", name="Spring", creators=["ada", "bob"]))
    desk.driver.roster.put(Campaign(campaign_id="summer", name="Summer", creators=["cyd"]))
    desk.spike(LIVE, ada=400, bob=400, cyd=400)
    fired = desk.of("follower_spike", "firing")
    assert [a.quiet for a in fired] == [None, "rate_cap", None]
    assert [a.campaign_id for a in fired] == ["spring", "spring", "summer"]


def test_an_alert_keeps_its_campaign_until_its_end_through_a_restart() -> None:
    desk = Desk()
    desk.know("ada")
    spring = Campaign(campaign_id="spring", name="Spring", creators=["ada"])
    desk.driver.roster.put(spring)
    desk.spike(LIVE, ada=400)
    desk.driver.crash()
    desk.driver.roster.remove("spring")
    desk.pass_time(LIVE + 12 * HOUR_MS)
    first, *_, last = desk.of("follower_spike")
    assert (first.status, last.status) == ("firing", "resolved")
    assert {alert.campaign_id for alert in desk.of("follower_spike")} == {"spring"}


def test_the_next_episode_is_in_the_campaign_of_its_own_time() -> None:
    desk = Desk()
    desk.know("ada")
    desk.driver.roster.put(Campaign(campaign_id="spring", name="Spring", creators=["ada"]))
    desk.spike(LIVE, ada=400)
    desk.driver.roster.remove("spring")
    desk.pass_time(LIVE + 2 * DAY_MS)
    desk.spike(LIVE + 2 * DAY_MS, ada=4_000)
    first, second = desk.of("follower_spike", "firing")
    assert (first.campaign_id, second.campaign_id) == ("spring", None)


def test_in_quiet_hours_only_critical_alerts_call_and_the_others_come_in_a_digest() -> None:
    hour = LIVE // HOUR_MS % 24
    desk = Desk(quiet_from=60 * (hour - 1), quiet_until=60 * (hour + 1))
    desk.know("ada", "bob")
    desk.spike(LIVE, ada=150, bob=2_000)
    desk.pass_time(LIVE + 50 * MINUTE_MS)
    fired = desk.of("follower_spike", "firing")
    assert [(a.severity, a.quiet) for a in fired] == [
        ("warning", "quiet_hours"),
        ("critical", None),
    ]
    assert desk.of("digest") == []
    desk.pass_time(LIVE + 70 * MINUTE_MS)
    (digest,) = desk.of("digest")
    assert digest.notify
    assert "1 follower spike: ada." in digest.reason


def test_quiet_hours_may_run_over_midnight() -> None:
    desk = Desk(quiet_from=22 * 60, quiet_until=9 * 60)
    desk.know("ada")
    desk.spike(LIVE, ada=150)
    assert desk.alerts[0].quiet == "quiet_hours"


def test_a_restart_changes_nothing_of_all_this() -> None:
    def play(crash: bool) -> list[Alert]:
        names = [f"c{number}" for number in range(6)]
        desk = Desk(max_per_hour=3)

        def crashed() -> None:
            if crash:
                desk.driver.crash()

        desk.know(*names)
        crashed()
        desk.spike(LIVE, **dict.fromkeys(names[:4], 400))
        crashed()
        desk.command("c1", LIVE + MINUTE_MS, action="acknowledge", alert_id=desk.alerts[1].alert_id)
        crashed()
        desk.spike(LIVE + 2 * MINUTE_MS, c4=400, c5=400)
        crashed()
        desk.pass_time(LIVE + 8 * MINUTE_MS)
        crashed()
        desk.pass_time(LIVE + 3 * HOUR_MS)
        return desk.alerts

    assert play(crash=True) == play(crash=False)


def test_the_last_records_of_what_fires_are_kept_until_it_is_over() -> None:
    desk = Desk(max_per_hour=1)
    desk.know("ada", "bob")

    def firing() -> set[tuple[str, str]]:
        records = [msgspec.json.decode(raw, type=Alert) for raw in desk.driver.shards[0].firing()]
        return {(record.kind, record.creator_id) for record in records}

    assert firing() == set()
    desk.spike(LIVE, ada=400, bob=400)
    desk.pass_time(LIVE + 6 * MINUTE_MS)
    assert firing() == {("follower_spike", "ada"), ("follower_spike", "bob"), ("digest", "")}
    desk.driver.crash()
    assert firing() == {("follower_spike", "ada"), ("follower_spike", "bob"), ("digest", "")}
    desk.pass_time(LIVE + 3 * HOUR_MS)
    assert firing() == set()
