"""Messages: what a real Alertmanager sends by the shipped configuration, once addresses are in."""

import asyncio
import json
import re
import shutil
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from prometheus.alerts import every_alert
from prometheus.model import Links
from schemas.alerts import Alert
from schemas.instants import from_ms
from stack.procs import REPOSITORY
from stack.waiting import until
from streams.outputs.alertmanager import Pusher, State
from tests.harness.alertmanager import AlertmanagerServer, amtool
from tests.harness.mailbox import Hook, Mailbox
from tests.unit.engine.test_desk import LIVE, Desk

FOLDER = REPOSITORY / "prometheus"
SHIPPED = FOLDER / "alertmanager.yml"
TEMPLATES = FOLDER / "templates"
MOST_OF_A_SUBJECT = 70
"""What a phone shows of a subject."""
LINK = "https://board.example/#/alerts/{alert_id}"


def called() -> str:
    """The shipped configuration with its marks taken off, as its comment says."""
    return re.sub(r"#\| ?", "", SHIPPED.read_text())


class Called(NamedTuple):
    """An Alertmanager with that configuration, and whom it calls."""

    alertmanager: AlertmanagerServer
    slack: Hook
    webhook: Hook
    mailbox: Mailbox

    async def push(self, *alerts: Mapping[str, Any]) -> None:
        """Take these alerts, as workers and Prometheus send them."""
        request = urllib.request.Request(
            f"{self.alertmanager.url}/api/v2/alerts",
            json.dumps(alerts).encode(),
            {"content-type": "application/json"},
        )
        with await asyncio.to_thread(urllib.request.urlopen, request, timeout=10) as answer:
            assert answer.status == 200


@pytest.fixture
async def called_up(tmp_path: Path) -> AsyncIterator[Called]:
    async with AsyncExitStack() as stack:
        slack, webhook = [await stack.enter_async_context(Hook()) for _ in range(2)]
        mailbox = await stack.enter_async_context(Mailbox())
        secrets = tmp_path / "secrets"
        secrets.mkdir()
        (secrets / "slack-url").write_text(slack.url)
        (secrets / "webhook-token").write_text("a token")
        (secrets / "smtp-password").write_text("never asked for")
        shutil.copytree(TEMPLATES, tmp_path / "templates")
        config = called()
        for shipped, here in (
            ("/etc/alertmanager/secrets", str(secrets)),
            ("https://hooks.example.com/creator-pulse", webhook.url),
            ("smtp.example.com:587", mailbox.address),
            ("smtp_require_tls: true", "smtp_require_tls: false"),
        ):
            assert shipped in config
            config = config.replace(shipped, here)
        # Long enough that alerts that are pushed together are told together.
        config = re.sub(r"group_wait: \w+", "group_wait: 2s", config)
        config = re.sub(r"group_interval: \w+", "group_interval: 1s", config)
        server = AlertmanagerServer(tmp_path, config)
        await asyncio.to_thread(server.start)
        stack.callback(server.stop)
        yield Called(server, slack, webhook, mailbox)


def spike(handle: str = "lena.k") -> Alert:
    """An alert as the core tells it, of a creator with this handle."""
    desk = Desk()
    desk.know("ada")
    desk.send("creators", "ada", LIVE, handle=handle, followers=5_000)
    desk.spike(LIVE, ada=400)
    return desk.of("follower_spike", "firing")[0]


def wire(alert: Alert, owner: str | None = None, *, over: bool = False) -> dict[str, Any]:
    """As a worker pushes it."""
    pusher = Pusher(["http://nowhere"], resend=60.0, template=LINK)
    ended = from_ms(LIVE + 60_000) if over else None
    return pusher.wire(State(alert, alert.severity, ended, owner))


def of_pipeline(name: str) -> dict[str, Any]:
    """As Prometheus sends it."""
    alert = next(alert for alert in every_alert() if alert.name == name)
    links = Links("https://wiki.example", "https://boards.example").annotations(alert)
    told = {"summary": alert.summary, "description": "Nothing is processed by creator-pulse."}
    return {
        "labels": {"alertname": name, "job": "creator-pulse", "severity": alert.severity},
        "annotations": told | dict(links),
    }


def test_the_configuration_is_sound_with_and_without_its_marks(tmp_path: Path) -> None:
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    for text in (SHIPPED.read_text(), called()):
        file = tmp_path / "alertmanager.yml"
        file.write_text(text)
        checked = amtool("check-config", file)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert "1 template" in checked.stdout


def test_no_secret_is_written_into_the_configuration() -> None:
    given = re.findall(r"(\w*(?:password|api_url|credentials|token)\w*): (\S+)", called())
    assert given
    for name, value in given:
        assert name.endswith("_file"), name
        assert value.strip("{}").startswith("/etc/alertmanager/secrets/"), value


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ({"owner": "lena", "severity": "critical"}, "lena"),
        ({"owner": "lena", "severity": "info"}, "lena"),
        ({"owner": "somebody else", "severity": "critical"}, "campaigns"),
        ({"severity": "warning"}, "campaigns"),
    ],
)
def test_an_alert_goes_to_whose_campaign_it_is(
    tmp_path: Path, labels: Mapping[str, str], receiver: str
) -> None:
    file = tmp_path / "alertmanager.yml"
    file.write_text(called())
    given = {"alertname": "FollowerSpike", "source": "creator-pulse", **labels}
    told = amtool(
        *("config", "routes", "test", f"--config.file={file}"),
        *(f"{name}={value}" for name, value in given.items()),
    )
    assert told.stdout.strip() == receiver, told.stderr


async def test_slack_says_the_sentence_first_and_lets_nobody_call_a_channel(
    called_up: Called,
) -> None:
    alert = replace(spike("<!channel>"), campaign_id="spring <&>")
    await called_up.push(wire(alert, "lena"))
    await until(lambda: called_up.slack.posted, 30, "Slack is told")
    (message,) = called_up.slack.posted
    (attachment,) = message["attachments"]
    assert message["channel"] == "#campaigns-lena"
    title = attachment["title"]
    assert title.startswith("@&lt;!channel&gt;")
    assert len(title) <= MOST_OF_A_SUBJECT + len("&lt;&gt;")
    first, second = attachment["text"].split("\n")
    assert first == alert.reason.replace("<", "&lt;").replace(">", "&gt;")
    assert second.startswith("Campaign spring &lt;&amp;&gt; · <https://board.example/#/alerts/")
    assert "<!" not in json.dumps(message)
    assert attachment["title_link"].startswith("https://board.example/#/alerts/follower_spike")
    assert attachment["color"] == {"critical": "danger", "warning": "warning"}[alert.severity]


async def test_slack_is_told_when_it_is_over(called_up: Called) -> None:
    alert = spike()
    await called_up.push(wire(alert, "lena"))
    await until(lambda: called_up.slack.posted, 30, "Slack is told that it began")
    await called_up.push(wire(alert, "lena", over=True))
    await until(lambda: len(called_up.slack.posted) > 1, 30, "Slack is told that it is over")
    (attachment,) = called_up.slack.posted[-1]["attachments"]
    assert attachment["title"] == f"Over: {alert.title}"
    assert attachment["color"] == "good"


async def test_many_alerts_of_one_campaign_are_one_message_that_fits_a_phone(
    called_up: Called,
) -> None:
    alert = replace(spike(), campaign_id="spring")
    many = [
        replace(alert, alert_id=f"follower_spike:1:c{n}", creator_id=f"c{n}") for n in range(30)
    ]
    await called_up.push(*(wire(one, "lena") for one in many))

    def told() -> list[dict[str, Any]]:
        found = [post["attachments"][0] for post in called_up.slack.posted]
        return [one for one in found if one["title"] == "30 alerts: Follower spike in spring"]

    # A busy Alertmanager begins with those of them that it has seen when the group's time is up.
    await until(told, 60, "Slack is told of all of them at once")
    attachment = told()[-1]
    assert attachment["text"].count(alert.reason) == 5
    assert attachment["text"].endswith("and more: 30 in all")


async def test_an_email_says_the_sentence_first_with_a_short_subject_and_no_markup_of_others(
    called_up: Called,
) -> None:
    alert = replace(spike("<b>x"), campaign_id="spring")
    await called_up.push(wire(alert, "nobody with a channel"))
    await until(lambda: called_up.mailbox.mails, 30, "a mail comes")
    (mail,) = called_up.mailbox.mails
    assert mail["To"] == "campaigns@example.com"
    assert mail["Subject"] == alert.title
    assert len(mail["Subject"]) <= MOST_OF_A_SUBJECT
    plain = mail.get_body(("plain",))
    html = mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    lines = plain.get_content().splitlines()
    assert lines[:3] == [alert.reason, "Campaign: spring", "Owner: nobody with a channel"]
    assert lines[3].startswith("Look: https://board.example/#/alerts/follower_spike")
    page = html.get_content()
    assert "<p>@&lt;b&gt;x" in page
    assert "<b>" not in page
    assert 'name="viewport"' in page
    assert 'href="https://board.example/' in page


async def test_a_webhook_gets_the_same_sentences_with_its_token(called_up: Called) -> None:
    await called_up.push(of_pipeline("CreatorPulseStalled"))
    await until(lambda: called_up.webhook.posted, 30, "the webhook is called")
    (call,) = called_up.webhook.posted
    assert called_up.webhook.tokens == ["Bearer a token"]
    assert (call["status"], call["groupLabels"]["alertname"]) == ("firing", "CreatorPulseStalled")
    assert call["commonAnnotations"]["description"] == "Nothing is processed by creator-pulse."
    runbook = "https://wiki.example/CreatorPulseStalled.md"
    assert call["commonAnnotations"]["runbook_url"] == runbook


@pytest.mark.parametrize("name", ["pulse.slack", "pulse.text", "pulse.html"])
def test_an_alert_of_the_pipeline_leads_to_its_runbook(name: str, tmp_path: Path) -> None:
    alert = of_pipeline("CreatorPulseStalled") | {"status": "firing"}
    data = {
        "status": "firing",
        "alerts": [alert],
        "groupLabels": {"alertname": "CreatorPulseStalled"},
        "commonLabels": alert["labels"],
    }
    file = tmp_path / "data.json"
    file.write_text(json.dumps(data))
    rendered = amtool(
        "template",
        "render",
        f"--template.glob={TEMPLATES}/*.tmpl",
        f"--template.text={{{{ template {json.dumps(name)} . }}}}",
        f"--template.type={'html' if name.endswith('html') else 'text'}",
        f"--template.data={file}",
    )
    assert rendered.returncode == 0, rendered.stderr
    assert "Nothing is processed by creator-pulse." in rendered.stdout
    assert "https://wiki.example/CreatorPulseStalled.md" in rendered.stdout
    assert "https://boards.example/d/creator-pulse-pipeline?var-job=" in rendered.stdout
