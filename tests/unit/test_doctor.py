"""The doctor gives a reason where the client library has none."""

from streams.doctor import refused
from streams.settings import Settings


def test_a_server_that_does_not_speak_the_protocol_is_asked_after_by_its_name() -> None:
    told = refused('Unable connect to "h:1": ', Settings(security_protocol="SASL_SSL"))
    assert told == (
        'Unable connect to "h:1": no answer in time, as from what is no SASL_SSL listener of Kafka'
    )


def test_a_reason_that_there_is_is_told_as_it_is() -> None:
    assert refused("Connection refused", Settings()) == "Connection refused"
