"""The doctor says where it looked for brokers, what was there, and what was expected."""

import logging

from streams.doctor import Examination, Hearing, lines, unusable
from streams.settings import Settings

AIOKAFKA = logging.getLogger("aiokafka.conn")


def test_each_place_that_was_tried_is_told_with_its_reason_and_what_was_expected_there() -> None:
    reasons = {"b:2": "no answer in time", "a:1": "Connection refused"}
    assert unusable(reasons, Settings(security_protocol="SASL_SSL")) == (
        "No broker can be used at a:1 (Connection refused), b:2 (no answer in time):"
        " expected Kafka that speaks SASL_SSL."
    )


def test_reasons_are_heard_from_aiokafka_by_place_and_nothing_else_is() -> None:
    refused = ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 1)")
    heard = Hearing()
    with heard:
        AIOKAFKA.error('Unable connect to "%s:%s": %s', "a", 1, refused)
        AIOKAFKA.warning("Unable to request metadata from node with id %s: %r", 7, TimeoutError())
        AIOKAFKA.warning("Sending username and password in the clear")
        AIOKAFKA.error("Unable to update metadata from %s", [7])
    AIOKAFKA.error('Unable connect to "%s:%s": %s', "late", 1, refused)
    assert heard.reasons == {"a:1": "Connection refused", "broker 7": "no answer in time"}


def test_a_finding_of_many_lines_stands_below_its_severity() -> None:
    seen = Examination()
    seen.note("error", "rules.yml cannot be used:\n  line 2: $: Not YAML", "Correct the file.")
    told = list(lines(seen))
    assert told[told.index("Findings") + 1 :] == [
        "  error: rules.yml cannot be used:\n        line 2: $: Not YAML",
        "      Correct the file.",
    ]
