"""A pusher: what is sent, when, and again, whatever the receivers do."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import BasicAuth, web

from schemas.alerts import Alert, Evidence
from schemas.instants import from_ms
from stack.waiting import until
from streams.outputs.alertmanager import HORIZON, Push, Pusher, link
from streams.outputs.credentials import Credentials

NOW_MS = 1_768_478_400_000


def record(number: int = 1, status: str = "firing", **fields: Any) -> bytes:
    at = from_ms(NOW_MS)
    values: dict[str, Any] = {
        "alert_id": f"follower_spike:{number}:ada",
        "creator_id": "ada",
        "platform": "x",
        "campaign_id": None,
        "kind": "follower_spike",
        "severity": "warning",
        "ended_at": at if status == "resolved" else None,
        "title": "a title",
        "reason": "a reason.",
        "explanation": "suspect",
        "called": fields.get("notify", True),
    }
    evidence = Evidence(
        metric="net_follows",
        observed=400,
        expected=1.5,
        ratio=1,
        probability=1,
        window_start=at,
        window_end=at,
        samples=1,
    )
    alert = Alert(
        status=status,  # type: ignore[arg-type]
        started_at=at,
        evidence=evidence,
        **(values | {"updated_at": at} | fields),
    )
    return msgspec.json.encode(alert)


class Receiver:
    """Takes pushes as an Alertmanager does. `answers` are the next statuses; then it is 200."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.tried = 0
        self.taken: list[dict[str, Any]] = []
        self.tokens: list[str | None] = []
        self.held: asyncio.Event | None = None
        self.faulty: str | None = None

    async def take(self, request: web.Request) -> web.Response:
        self.tried += 1
        self.tokens.append(request.headers.get("Authorization"))
        if self.held is not None:
            await self.held.wait()
        status = self.answers.pop(0) if self.answers else 200
        wires = await request.json()
        if any(wire["labels"]["alert_id"] == self.faulty for wire in wires):
            status = 400
        if status == 200:
            self.taken += wires
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    def latest(self) -> dict[str, dict[str, Any]]:
        return {wire["labels"]["alert_id"]: wire for wire in self.taken}


Serve = Callable[[], Any]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    runners = []

    async def one() -> tuple[Receiver, str]:
        receiver = Receiver()
        app = web.Application()
        app.router.add_post("/api/v2/alerts", receiver.take)
        runner = web.AppRunner(app)
        runners.append(runner)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return receiver, f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield one
    for runner in runners:
        await runner.cleanup()


def pusher(*urls: str, resend: float = 60.0, **options: Any) -> Pusher:
    return Pusher(urls, resend=resend, clock=lambda: NOW_MS / 1000 + 60, **options)


async def received(receiver: Receiver, count: int) -> None:
    async def enough() -> bool:
        return len(receiver.taken) >= count

    await until(enough, 60, lambda: f"{count}, got {receiver.taken}")


async def test_an_alert_is_sent_with_stable_labels_and_numbers_as_annotations(serve: Serve) -> None:
    receiver, url = await serve()
    sent = pusher(
        url,
        template="https://g.example/d/c?var-c={creator_id}",
        credentials=Credentials(token="secret"),
    )
    await sent.start()
    sent.committed(0, record(creator_id="ada/1", campaign_id="spring"))
    await received(receiver, 1)
    await sent.stop()
    (wire,) = receiver.taken
    assert wire["labels"] == {
        "alertname": "FollowerSpike",
        "alert_id": "follower_spike:1:ada",
        "creator_id": "ada/1",
        "platform": "x",
        "campaign_id": "spring",
        "severity": "warning",
        "source": "creator-pulse",
    }
    assert wire["annotations"] == {
        "summary": "a title",
        "description": "a reason.",
        "kind": "Follower spike",
        "explanation": "the followers may be bought",
        "observed": "400",
        "expected": "1.5",
        "link": "https://g.example/d/c?var-c=ada%2F1",
    }
    assert wire["generatorURL"] == wire["annotations"]["link"]
    assert wire["startsAt"] == from_ms(NOW_MS).isoformat()
    assert wire["endsAt"] == from_ms(NOW_MS + 60_000 + HORIZON * 60_000).isoformat()
    assert receiver.tokens == ["Bearer secret"]


async def test_what_fires_is_sent_again_until_it_is_resolved(serve: Serve) -> None:
    receiver, url = await serve()
    sent = pusher(url, resend=0.05)
    await sent.start()
    sent.committed(0, record())
    await received(receiver, 4)
    sent.committed(0, record(status="resolved"))

    async def over() -> bool:
        return receiver.taken[-1]["endsAt"] == from_ms(NOW_MS).isoformat()

    await until(over, 60, lambda: f"resolved, got {receiver.taken[-1]}")
    count = len(receiver.taken)
    await asyncio.sleep(0.3)
    assert len(receiver.taken) == count, "nothing is sent again"
    await sent.stop()


async def test_only_what_calls_somebody_is_sent(serve: Serve) -> None:
    receiver, url = await serve()
    sent = pusher(url)
    await sent.start()
    sent.committed(0, record(1, notify=False, quiet="snoozed"))
    sent.committed(0, record(2, notify=False, quiet="past"))
    sent.committed(0, record(2, "resolved", notify=False, quiet="past"))
    sent.committed(0, record(3))
    sent.committed(0, record(3, "update", notify=False, quiet="acknowledged"))
    await received(receiver, 1)
    await sent.stop()
    assert set(receiver.latest()) == {"follower_spike:3:ada"}, "once sent, it goes on"


async def test_a_receiver_that_is_down_loses_nothing_and_holds_up_nobody(serve: Serve) -> None:
    good, good_url = await serve()
    bad, bad_url = await serve()
    bad.answers = [500, 503, 429]
    pushes: list[Push] = []
    sent = pusher(good_url, bad_url, tell=pushes.append)
    await sent.start()
    for number in range(5):
        sent.committed(0, record(number))
        sent.committed(0, record(number, "resolved"))
    await received(good, 5)
    assert sent.waiting()[sent.targets[1]] == 5
    await received(bad, 5)
    assert {wire["endsAt"] for wire in bad.latest().values()} == {from_ms(NOW_MS).isoformat()}
    assert set(sent.waiting().values()) == {0}
    outcomes = [push.outcome for push in pushes if push.target == sent.targets[1]]
    assert outcomes == ["failed", "failed", "failed", "delivered"]
    await sent.stop()


async def test_what_a_receiver_finds_faulty_is_not_tried_for_ever(serve: Serve) -> None:
    receiver, url = await serve()
    receiver.answers = [400]
    sent = pusher(url)
    await sent.start()
    sent.committed(0, record(1))

    async def rejected() -> bool:
        return receiver.tried == 1 and not sent.waiting()[sent.targets[0]]

    await until(rejected, 60, lambda: "rejected")
    sent.committed(0, record(2))
    await received(receiver, 1)
    assert set(receiver.latest()) == {"follower_spike:2:ada"}
    await sent.stop()


async def test_one_faulty_alert_is_found_among_many_and_the_others_arrive(serve: Serve) -> None:
    receiver, url = await serve()
    receiver.faulty = "follower_spike:7:ada"
    pushes: list[Push] = []
    sent = pusher(url, tell=pushes.append)
    for number in range(20):
        sent.committed(0, record(number))
    await sent.start()
    await received(receiver, 19)
    await sent.stop()
    assert receiver.faulty not in receiver.latest()
    assert [push.alerts for push in pushes if push.outcome == "rejected"] == [1]
    assert sum(push.alerts for push in pushes if push.outcome == "delivered") == 19


@pytest.mark.parametrize("status", [301, 302, 401, 403, 404])
async def test_a_wrong_address_or_token_is_a_failure_that_is_tried_again(
    serve: Serve, status: int
) -> None:
    receiver, url = await serve()
    receiver.answers = [status]
    pushes: list[Push] = []
    sent = pusher(url, tell=pushes.append)
    sent.committed(0, record())
    await sent.start()
    await received(receiver, 1)
    await sent.stop()
    assert [push.outcome for push in pushes] == ["failed", "delivered"]


async def test_a_token_that_is_renewed_in_its_file_is_what_the_next_push_carries(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    receiver, url = await serve()
    receiver.answers = [401]
    file = tmp_path / "token"
    file.write_text("before-the-renewal\n")
    sent = pusher(url, credentials=Credentials(token_file=str(file)))
    sent.committed(0, record())
    await sent.start()
    await until(lambda: receiver.tried == 1, 60, "refused once")
    file.with_suffix(".new").write_text("after-the-renewal\n")
    file.with_suffix(".new").rename(file)
    await received(receiver, 1)
    await sent.stop()
    assert receiver.tokens == ["Bearer before-the-renewal", "Bearer after-the-renewal"]
    assert "renewal" not in caplog.text


async def test_a_name_and_a_password_go_with_each_push_and_into_no_log(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    receiver, url = await serve()
    receiver.answers = [401]
    sent = pusher(url, credentials=Credentials(username="pulse", password="päss:word"))
    sent.committed(0, record())
    await sent.start()
    await received(receiver, 1)
    await sent.stop()
    login = BasicAuth.decode(receiver.tokens[-1] or "", encoding="utf-8")
    assert (login.login, login.password) == ("pulse", "päss:word")
    assert "päss" not in caplog.text
    assert (receiver.tokens[-1] or "").removeprefix("Basic ") not in caplog.text


async def test_what_has_called_is_sent_on_by_whoever_takes_it_over(serve: Serve) -> None:
    receiver, url = await serve()
    sent = pusher(url)
    sent.restored(0, [record(1, "update", notify=False, quiet="acknowledged", called=True)])
    sent.restored(0, [record(2, "update", notify=False, quiet="acknowledged", called=False)])
    await sent.start()
    await received(receiver, 1)
    await sent.stop()
    assert set(receiver.latest()) == {"follower_spike:1:ada"}


async def test_what_is_told_of_an_alert_long_after_its_end_is_not_sent(serve: Serve) -> None:
    receiver, url = await serve()
    sent = pusher(url)
    await sent.start()
    sent.committed(0, record(1, "resolved", called=True, reviewed_at=from_ms(NOW_MS)))
    sent.committed(0, record(2))
    await received(receiver, 1)
    await sent.stop()
    assert set(receiver.latest()) == {"follower_spike:2:ada"}


async def test_where_events_make_time_only_what_is_not_long_ago_is_sent(serve: Serve) -> None:
    receiver, url = await serve()
    sent = pusher(url, past_ms=lambda: 30_000)  # all is a minute old
    now = from_ms(NOW_MS + 60_000)
    sent.restored(0, [record(1)])
    for number in range(2, 43):
        sent.committed(0, record(number))
        sent.committed(0, record(number, "resolved"))
    sent.committed(0, record(43, updated_at=now))
    sent.committed(0, record(1, "update", updated_at=now))
    await sent.start()
    await received(receiver, 2)
    assert set(receiver.latest()) == {"follower_spike:43:ada", "follower_spike:1:ada"}
    # Whoever was called is told of the end, however long that took.
    sent.committed(0, record(43, "resolved"))
    await received(receiver, 3)
    await sent.stop()


async def test_an_end_is_never_before_the_beginning(serve: Serve) -> None:
    receiver, url = await serve()
    sent = Pusher([url], resend=60.0, clock=lambda: NOW_MS / 1000 - 3_600)
    sent.committed(0, record())
    sent.committed(0, record(2, "resolved"))
    await sent.start()
    await received(receiver, 2)
    await sent.stop()
    assert all(wire["endsAt"] >= wire["startsAt"] for wire in receiver.taken)


async def test_the_latest_state_replaces_what_waits_for_a_slow_receiver(serve: Serve) -> None:
    receiver, url = await serve()
    receiver.held = asyncio.Event()
    sent = pusher(url)
    await sent.start()
    sent.committed(0, record(1))

    async def asked() -> bool:
        return receiver.tried == 1

    await until(asked, 60, lambda: "a first request")
    sent.committed(0, record(1, "update", title="second"))
    sent.committed(0, record(1, "update", title="third"))
    receiver.held.set()
    await received(receiver, 2)
    titles = [wire["annotations"]["summary"] for wire in receiver.taken]
    assert titles == ["a title", "third"]
    await sent.stop()


async def test_a_severity_that_rises_is_another_alert_and_ends_the_first(serve: Serve) -> None:
    receiver, url = await serve()
    sent = pusher(url)
    sent.committed(0, record())
    sent.committed(0, record(status="update", severity="critical"))
    sent.committed(0, record(status="update", severity="warning"))
    await sent.start()
    await received(receiver, 2)
    await sent.stop()
    ends = {wire["labels"]["severity"]: wire["endsAt"] for wire in receiver.taken}
    assert ends["warning"] == from_ms(NOW_MS + 60_000).isoformat()
    assert ends["critical"] > ends["warning"]


async def test_whoever_took_an_alert_over_ends_it_under_each_label_that_it_may_have(
    serve: Serve,
) -> None:
    receiver, url = await serve()
    sent = pusher(url)
    sent.restored(0, [record(1, "update", called=True)])
    sent.committed(0, record(2))
    for number in (1, 2):
        sent.committed(0, record(number, "resolved"))
    await sent.start()
    await received(receiver, 3)
    await sent.stop()
    ended = {(wire["labels"]["alert_id"], wire["labels"]["severity"]) for wire in receiver.taken}
    assert ended == {
        ("follower_spike:1:ada", "critical"),
        ("follower_spike:1:ada", "warning"),
        ("follower_spike:2:ada", "warning"),
    }
    assert {wire["endsAt"] for wire in receiver.taken} == {from_ms(NOW_MS).isoformat()}


async def test_partitions_come_with_what_fires_and_go_without_resolving_it(serve: Serve) -> None:
    receiver, url = await serve()
    sent = pusher(url, resend=0.05)
    sent.restored(0, [record(1)])
    sent.restored(1, [record(2)])
    sent.dropped(1)
    assert [state.alert.alert_id for state in sent.everything()] == ["follower_spike:1:ada"]
    assert set(sent.waiting().values()) == {1}, "nor is it sent any more that those fire"
    sent.forget_but(0, [])
    assert len(sent.everything()) == 1, "it may be about to be resolved"
    sent.forget_but(0, [])
    assert sent.everything() == []
    await sent.start()
    await received(receiver, 1)
    await sent.stop()
    assert all(wire["endsAt"] > from_ms(NOW_MS).isoformat() for wire in receiver.taken)


async def test_what_waits_is_sent_before_the_end(serve: Serve) -> None:
    receiver, url = await serve()
    sent = pusher(url)
    await sent.start()
    sent.committed(0, record(1))
    await sent.stop()
    assert len(receiver.taken) >= 1


async def test_without_a_receiver_nothing_is_kept() -> None:
    sent = pusher()
    sent.committed(0, record())
    await sent.start()
    assert sent.everything() == []
    assert sent.waiting() == {}
    await sent.stop()


def test_a_link_takes_the_fields_of_the_alert() -> None:
    alert = msgspec.json.decode(record(creator_id="a b"), type=Alert)
    assert link("https://x/{kind}/{creator_id}?c={campaign_id}", alert) == (
        "https://x/follower_spike/a%20b?c="
    )
