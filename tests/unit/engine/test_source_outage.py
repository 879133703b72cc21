"""An outage is told when the partitions of a platform agree, once, and ends when they do again."""

from schemas.alerts import Alert
from schemas.instants import from_ms
from schemas.signals import FleetSignal
from streams.engine.detectors.source_outage import SourceOutage
from streams.engine.facts import CreatorInfo
from streams.engine.rules import OutageRules
from streams.engine.units import MINUTE_MS

T0 = 1_768_478_400_000
HOME = CreatorInfo("platform:x", "x", None, None)


def say(
    outage: SourceOutage, partition: int, minute: int, got: float, low_for: int | None = None
) -> list[Alert]:
    """A partition that usually sees 100 a minute has seen `got`, low for so many minutes."""
    at = T0 + minute * MINUTE_MS
    signal = FleetSignal(
        event_id=f"{partition}:{at}",
        creator_id="platform:x",
        platform="x",
        occurred_at=from_ms(at),
        partition=partition,
        got=got,
        expected=100.0,
        low_since=None if low_for is None else from_ms(at - low_for * MINUTE_MS),
    )
    return outage.update(signal, HOME, OutageRules())


def known(partitions: int = 4) -> SourceOutage:
    outage = SourceOutage()
    for partition in range(partitions):
        assert say(outage, partition, 0, 100) == []
    return outage


def dark(outage: SourceOutage, partitions: int = 4) -> list[Alert]:
    return [
        alert
        for minute in range(1, 7)
        for partition in range(partitions)
        for alert in say(outage, partition, minute, 5, minute)
    ]


def test_partitions_that_agree_for_three_minutes_are_one_outage() -> None:
    outage = known()
    (alert,) = dark(outage)
    assert (alert.kind, alert.status, alert.severity) == ("source_outage", "firing", "critical")
    assert alert.started_at == from_ms(T0)
    assert alert.updated_at == from_ms(T0 + 3 * MINUTE_MS)
    assert "x gives only 20 events a minute where 400 are usual" in alert.reason


def test_one_partition_of_four_is_none() -> None:
    assert dark(known(), 1) == []


def test_it_ends_when_most_say_that_they_see_enough_again() -> None:
    outage = known()
    dark(outage)
    assert say(outage, 0, 9, 98) == []
    assert say(outage, 1, 9, 98) == []
    (alert,) = say(outage, 2, 9, 98)
    assert (alert.status, alert.evidence.observed) == ("resolved", 294)
    assert say(outage, 3, 9, 98) == []
    assert not outage.episode.on


def test_partitions_need_not_speak_at_the_same_time() -> None:
    outage = known()
    told = [alert for minute in range(1, 6) for alert in say(outage, 0, minute, 5, minute)]
    told += [alert for minute in range(1, 6) for alert in say(outage, 1, minute, 5, minute)]
    told += [alert for minute in range(1, 6) for alert in say(outage, 2, minute, 5, minute)]
    assert [alert.status for alert in told] == ["firing"]


def test_partitions_that_are_far_behind_tell_of_the_same_outage_once() -> None:
    outage = known()
    told = []
    for partition in range(4):
        for minute in range(1, 11):
            told += say(outage, partition, minute, 5, minute)
        told += say(outage, partition, 12, 98)
    assert [alert.status for alert in told] == ["firing", "resolved"]
    assert told[0].evidence.observed == 15
    assert told[0].alert_id == told[1].alert_id


def test_a_partition_that_has_not_come_to_an_outage_does_not_end_it() -> None:
    outage = SourceOutage()
    told = []
    for partition in range(3):
        told += say(outage, partition, -60, 100)
        told += [a for minute in range(1, 7) for a in say(outage, partition, minute, 5, minute)]
    told += say(outage, 3, -60, 100)
    told += [a for minute in range(1, 7) for a in say(outage, 3, minute, 5, minute)]
    assert [alert.status for alert in told] == ["firing"]


def test_partitions_that_go_far_ahead_within_an_outage_do_not_end_it() -> None:
    outage = known()
    told = dark(outage)
    for partition in range(4):
        for minute in range(7, 91):
            told += say(outage, partition, minute, 5, minute)
    assert {alert.status for alert in told[1:]} == {"update"}
    told = [alert for partition in range(4) for alert in say(outage, partition, 92, 98)]
    assert [alert.status for alert in told] == ["resolved"]


def test_the_next_outage_is_another_alert() -> None:
    outage = known()
    (first,) = dark(outage)
    for partition in range(4):
        say(outage, partition, 9, 98)
    later = [
        alert
        for minute in range(21, 27)
        for partition in range(4)
        for alert in say(outage, partition, minute, 5, minute - 20)
    ]
    assert [alert.status for alert in later] == ["firing"]
    assert later[0].alert_id != first.alert_id


def test_what_is_said_again_changes_nothing() -> None:
    outage = known()
    dark(outage)
    assert dark(outage) == []
