"""Topics that are not as they ought to be are told by name, with what to do."""

from dataclasses import replace

import pytest

from streams.kafka.admin import Declared, Found, declared, described, judge
from tests.unit.kafka.shards import OPTIONS


def as_declared() -> dict[str, Found]:
    return {t.name: Found(t.partitions, 1, dict(t.config)) for t in declared(OPTIONS)}


def with_config(topic: str, **config: str) -> dict[str, Found]:
    found = as_declared()
    changed = {name.replace("_", "."): value for name, value in config.items()}
    found[topic] = found[topic]._replace(config={**found[topic].config, **changed})
    return found


def test_topics_as_declared_give_no_findings() -> None:
    assert judge(declared(OPTIONS), as_declared(), OPTIONS) == []


def test_every_topic_of_the_deployment_is_declared_by_its_physical_name() -> None:
    names = {topic.name: topic for topic in declared(OPTIONS)}
    assert {"p.likes", "p.alerts", "app-engagement-changelog"} <= names.keys()
    assert names["p.campaigns"].partitions == 1
    assert {t.partitions for n, t in names.items() if n != "p.campaigns"} == {4}


def test_missing_topics_are_told_together_with_the_command_that_makes_them() -> None:
    found = as_declared()
    del found["p.likes"], found["p.posts"]
    [line] = described(judge(declared(OPTIONS), found, OPTIONS))
    assert line == "p.posts, p.likes: not on the brokers. Run `pulse topics create`."


def test_another_number_of_partitions_is_an_error_with_both_numbers() -> None:
    found = as_declared()
    found["p.alerts"] = found["p.alerts"]._replace(partitions=6)
    [finding] = judge(declared(OPTIONS), found, OPTIONS)
    assert (finding.severity, finding.topic) == ("error", "p.alerts")
    assert (finding.found, finding.expected) == ("6", "4")
    assert "PULSE_PARTITIONS" in finding.remedy


def test_a_changelog_that_forgets_by_age_is_an_error() -> None:
    found = with_config("app-sentiment-changelog", cleanup_policy="compact,delete")
    [finding] = judge(declared(OPTIONS), found, OPTIONS)
    assert (finding.severity, finding.what) == ("error", "cleanup.policy")


def test_another_cleanup_of_an_outbound_topic_is_a_warning() -> None:
    found = with_config("p.engagement-scores", cleanup_policy="delete")
    [finding] = judge(declared(OPTIONS), found, OPTIONS)
    assert finding.severity == "warning"


def test_a_topic_that_cannot_take_a_whole_batch_is_an_error() -> None:
    found = with_config("p.alerts", max_message_bytes="900000")
    [finding] = judge(declared(OPTIONS), found, OPTIONS)
    assert (finding.severity, finding.what) == ("error", "max.message.bytes")


def test_a_smaller_limit_that_still_takes_batches_is_a_warning() -> None:
    found = with_config("p.alerts", max_message_bytes="1048588")
    [finding] = judge(declared(OPTIONS), found, OPTIONS)
    assert finding.severity == "warning"


def test_too_few_replicas_are_a_warning() -> None:
    wanted = replace(OPTIONS, replication_factor=3)
    findings = judge(declared(OPTIONS), as_declared(), wanted)
    assert {finding.severity for finding in findings} == {"warning"}


def test_where_brokers_do_not_tell_the_configuration_nothing_is_concluded() -> None:
    topic = Declared("t", "changelog", 4, {"cleanup.policy": "compact"})
    assert judge([topic], {"t": Found(4, 1, {})}, OPTIONS) == []


def test_events_that_would_be_compacted_away_are_an_error() -> None:
    found = with_config("p.likes", cleanup_policy="compact,delete")
    [finding] = judge(declared(OPTIONS), found, OPTIONS)
    assert (finding.severity, finding.topic) == ("error", "p.likes")


@pytest.mark.parametrize(
    ("copies", "least", "severity", "words"),
    [
        (1, 1, None, ""),
        (3, 2, None, ""),
        (3, 1, "warning", "die with it"),
        (2, 2, "warning", "stops all writes"),
        (1, 2, "error", "Nothing can be written"),
    ],
)
def test_copies_and_those_that_must_be_in_step_are_judged_together(
    copies: int, least: int, severity: str | None, words: str
) -> None:
    found = with_config("p.alerts", min_insync_replicas=str(least))
    found["p.alerts"] = found["p.alerts"]._replace(replication=copies)
    findings = judge(declared(OPTIONS), found, OPTIONS)
    assert [finding.severity for finding in findings] == ([severity] if severity else [])
    assert all(words in finding.remedy for finding in findings)


def test_an_unclean_election_is_a_warning_where_there_are_copies() -> None:
    found = with_config("p.likes", unclean_leader_election_enable="true", min_insync_replicas="2")
    assert judge(declared(OPTIONS), found, OPTIONS)[0].what == "min.insync.replicas"
    found["p.likes"] = found["p.likes"]._replace(replication=3)
    [finding] = judge(declared(OPTIONS), found, OPTIONS)
    assert finding.what == "unclean.leader.election.enable"


def test_events_that_are_deleted_within_hours_are_a_warning() -> None:
    [finding] = judge(declared(OPTIONS), with_config("p.likes", retention_ms="3600000"), OPTIONS)
    assert (finding.severity, finding.what) == ("warning", "retention.ms")
    assert judge(declared(OPTIONS), with_config("p.likes", retention_ms="-1"), OPTIONS) == []
