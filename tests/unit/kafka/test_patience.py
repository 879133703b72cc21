"""A start waits for brokers, says so now and then, and gives up with what was in the way."""

import pytest
from aiokafka.errors import KafkaConnectionError, TopicAuthorizationFailedError

from streams.kafka.patience import patiently, unreachable


class Brokers:
    """Brokers that are away for the first few questions."""

    def __init__(self, away: int) -> None:
        self.asked = 0
        self._away = away

    async def ask(self) -> str:
        self.asked += 1
        if self.asked <= self._away:
            raise KafkaConnectionError("Unable to bootstrap from [('h', 1, <AF_INET>)]")
        return "hello"


async def test_brokers_that_come_late_are_waited_for_with_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    brokers = Brokers(away=3)
    assert await patiently(brokers.ask, "h:1", 60, pause=0.0) == "hello"
    assert brokers.asked == 4
    [line] = caplog.messages
    assert line == "no broker yet at h:1: trying for another 60 s"


async def test_brokers_that_do_not_come_are_given_up_for_what_was_said_last() -> None:
    with pytest.raises(KafkaConnectionError):
        await patiently(Brokers(away=10**9).ask, "h:1", 0, pause=0.001)
    assert "no broker can be reached at h:1" in unreachable("h:1")


async def test_what_a_broker_refuses_is_no_matter_of_patience() -> None:
    async def refused() -> None:
        raise TopicAuthorizationFailedError

    with pytest.raises(TopicAuthorizationFailedError):
        await patiently(refused, "h:1", 60)
