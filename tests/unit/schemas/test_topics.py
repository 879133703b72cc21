"""Topics: the names that other programs rely on, and what holds for all of them."""

from schemas import topics


def test_the_names_are_fixed():
    assert [topic.name for topic in topics.INBOUND] == (
        [
            "posts",
            "likes",
            "comments",
            "shares",
            "follows",
            "clicks",
            "conversions",
            "counters",
            "creators",
            "alert-commands",
            "fleet-signals",
            "campaigns",
        ]
    )
    assert [topic.name for topic in topics.OUTBOUND] == [
        "engagement-scores",
        "sentiment-scores",
        "engagement-windows",
        "alerts",
        "dead-letters",
        "late-events",
    ]
    assert topics.TABLES == ("engagement", "sentiment")


def test_every_topic_is_found_by_its_name():
    assert {topic.name: topic for topic in topics.ALL} == topics.BY_NAME
    assert len(topics.BY_NAME) == 18


def test_a_prefix_goes_before_the_name():
    assert topics.LIKES.physical() == "likes"
    assert topics.LIKES.physical("staging.") == "staging.likes"


def test_only_campaigns_are_outside_co_partitioning():
    assert [topic.name for topic in topics.ALL if not topic.shared_partitions] == ["campaigns"]
    assert set(topics.INBOUND) - set(topics.KEYED) == {topics.CAMPAIGNS}


def test_latest_values_are_kept_for_ever_and_events_for_a_week():
    for topic in topics.ALL:
        if topic.cleanup == "compact":
            assert topic.retention_ms == -1
        if topic.direction == "inbound" and topic.cleanup == "delete":
            assert topic.retention_ms == 7 * topics.DAY_MS


def test_the_longest_accepted_value_fits_into_a_message():
    from schemas import codec, dead_letters

    for topic in topics.INBOUND:
        assert topic.max_message_bytes > codec.MAX_CAMPAIGN_BYTES > codec.MAX_EVENT_BYTES
    assert topics.DEAD_LETTERS.max_message_bytes > 2 * dead_letters.PAYLOAD_LIMIT
    assert topics.LATE_EVENTS.max_message_bytes > 2 * codec.MAX_EVENT_BYTES
