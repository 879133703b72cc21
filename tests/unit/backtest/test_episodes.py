"""Records of alerts add up to episodes, and two runs are compared by those."""

from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.alerts import Alert, Evidence
from streams.backtest.episodes import Episode, differences, episodes

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


def alert(minute: int, status: str = "firing", began: int = 0, **fields: Any) -> Alert:
    start, now = NOON + timedelta(minutes=began), NOON + timedelta(minutes=minute)
    evidence = Evidence(
        metric="engagements",
        observed=1.0,
        expected=9.0,
        ratio=0.1,
        probability=1e-9,
        window_start=start,
        window_end=now,
        samples=5,
    )
    known: dict[str, Any] = {
        "kind": "engagement_drop",
        "creator_id": "ada",
        "severity": "warning",
        "notify": False,
    }
    known |= fields
    return Alert(
        alert_id=f"{known['kind']}:{began}:{known['creator_id']}",
        platform="x",
        campaign_id=None,
        status=status,  # type: ignore[arg-type]
        started_at=start,
        updated_at=now,
        ended_at=now if status == "resolved" else None,
        title="t",
        reason=f"said at {minute}",
        explanation="across_posts",
        evidence=evidence,
        **known,
    )


def episode(began: int, last: int, creator: str = "ada", kind: str = "engagement_drop") -> Episode:
    found = episodes(
        [
            alert(began, began=began, creator_id=creator, kind=kind),
            alert(last, "resolved", began=began, creator_id=creator, kind=kind),
        ]
    )
    return found[0]


def test_all_records_of_one_id_are_one_episode() -> None:
    told = [
        alert(5),
        alert(8, "update", severity="critical", notify=True),
        alert(20, "resolved"),
    ]
    (found,) = episodes(told)
    assert (found.told_ms - found.began_ms, found.last_ms - found.began_ms) == (300_000, 1_200_000)
    assert (found.severity, found.called, found.open) == ("critical", True, False)
    assert (found.records, found.reason) == (3, "said at 5")


def test_an_episode_without_an_end_is_open_and_a_digest_is_none() -> None:
    (found,) = episodes([alert(5), alert(6, kind="digest", creator_id="")])
    assert found.open


def test_two_runs_share_what_meets_in_time_and_differ_in_the_rest() -> None:
    first = [episode(0, 60), episode(100, 110), episode(0, 5, "bob")]
    second = [episode(30, 90), episode(300, 310), episode(0, 5, "eve", "viral_post")]
    drop, viral = differences(first, second)
    assert (drop.kind, viral.kind) == ("engagement_drop", "viral_post")
    assert drop.both == [first[0]]
    assert drop.only_first == [first[1], first[2]]
    assert drop.only_second == [second[1]]
    assert viral.only_second == [second[2]]


def test_an_episode_told_in_two_parts_is_missing_in_neither_run() -> None:
    (found,) = differences([episode(0, 100)], [episode(0, 20), episode(50, 90)])
    assert (found.only_first, found.only_second) == ([], [])
