"""Doctor: what would keep a worker from doing its work, and what to do about it.

Knows which questions to ask and how to tell the answers. Must not change anything.
"""

import asyncio
import json
import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple, get_args

import aiohttp
import click
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, KafkaError

from streams import settings as settings_module
from streams import trouble
from streams.acls import PRINCIPAL, Role, needed
from streams.app import kafka_options
from streams.build import parts, version
from streams.cli import load_settings
from streams.kafka.admin import check_topics, described
from streams.kafka.options import KafkaOptions
from streams.kafka.standing import check_standing
from streams.rulefile import RulesError
from streams.rulewatch import RuleWatch
from streams.settings import DEVELOPMENT_SECRET, Settings, SettingsError

_FETCH, _INIT_PRODUCER_ID = 1, 22
# Brokers do not tell their release, but each of these is the first with that version of Fetch.
_RELEASES = {18: "4.1", 17: "3.9", 16: "3.7", 15: "3.5", 13: "3.1", 12: "2.7", 11: "2.3", 8: "1.1"}
_LOCAL = {"127.0.0.1", "localhost", "::1"}


class Finding(NamedTuple):
    """Something worth knowing: an error keeps a worker from working, a warning does not."""

    severity: Literal["error", "warning"]
    text: str
    remedy: str


@dataclass
class Examination:
    """What was seen and what was found."""

    settings: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    broker: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    acls: list[str] = field(default_factory=list)
    operator_acls: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether a worker can work."""
        return all(finding.severity != "error" for finding in self.findings)

    def note(self, severity: Literal["error", "warning"], text: str, remedy: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(severity, text, remedy))


async def examine(environ: dict[str, str]) -> Examination:
    """Look at settings, broker and topics. Never raises for what it is here to find."""
    seen = Examination(versions={"creator-pulse": version()} | parts())
    for name, nearest in settings_module.unknown(environ).items():
        remedy = f"Set {nearest} instead?" if nearest else "Unset it."
        seen.note("warning", f"{name} is not a setting.", remedy)
    try:
        settings = Settings.from_env(environ)
        options = kafka_options(settings)
    except SettingsError as error:
        for fault in error.faults:
            seen.note("error", f"{fault}.", f"Correct or unset {fault.name}.")
        return seen
    seen.settings = {row.name: row.value for row in settings_module.rows(settings)}
    seen.acls = [acl.described() for acl in needed(options, "worker")]
    seen.operator_acls = [acl.described() for acl in needed(options, "operator")]
    _look_at_settings(seen, settings)
    _look_at_rules(seen, settings)
    await _look_at_alertmanagers(seen, settings)
    heard = Hearing()
    try:
        with heard:
            await _look_at_brokers(seen, options)
            findings = await check_topics(options)
            if all(finding.severity != "error" for finding in findings):
                for text, remedy in await check_standing(options):
                    seen.note("error", text, remedy)
    except KafkaConnectionError as error:
        seen.note(
            "error",
            unusable(heard.reasons or {settings.bootstrap_servers: trouble.why(error)}, settings),
            "Start Kafka there, or set PULSE_BOOTSTRAP_SERVERS to where it is. If it is there, look"
            " at firewalls, at the brokers' advertised.listeners, and for TLS and logins at"
            " PULSE_SECURITY_PROTOCOL. `pulse demo` needs no Kafka.",
        )
        return seen
    except (KafkaError, OSError, TimeoutError) as error:
        remedy = "Check login, permissions and versions."
        seen.note("error", f"The brokers refuse: {trouble.why(error)}.", remedy)
        return seen
    for severity in ("error", "warning"):
        alike = [finding for finding in findings if finding.severity == severity]
        for line in described(alike):
            text, _, remedy = line.partition(". ")
            seen.note(severity, f"{text}.", remedy)
    return seen


def unusable(reasons: Mapping[str, str], settings: Settings) -> str:
    """What was tried, why each of it cannot be used, and what was expected there."""
    tried = ", ".join(f"{place} ({reason})" for place, reason in sorted(reasons.items()))
    expected = f"expected Kafka that speaks {settings.security_protocol}"
    return f"No broker can be used at {tried}: {expected}."


class Hearing(logging.Handler):
    """Hears what aiokafka logs: its exceptions do not say why a connection failed.

    `reasons` has what it says of each host:port, or of a broker that another one has named.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.reasons: dict[str, str] = {}
        self._logger = logging.getLogger("aiokafka")

    def emit(self, record: logging.LogRecord) -> None:
        match record.args:
            case (str(host), int(port), BaseException() as error):
                self.reasons[f"{host}:{port}"] = trouble.why(error)
            case (node, BaseException() as error):
                self.reasons[f"broker {node}"] = trouble.why(error)

    def __enter__(self) -> None:
        self._level = self._logger.level
        self._logger.addHandler(self)
        self._logger.setLevel(logging.WARNING)

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)
        self._logger.setLevel(self._level)


def _look_at_rules(seen: Examination, settings: Settings) -> None:
    try:
        RuleWatch(settings.rules_file)
    except (RulesError, OSError) as error:
        seen.note("error", f"{error}", "Correct the file, or unset PULSE_RULES_FILE.")


async def _look_at_alertmanagers(seen: Examination, settings: Settings) -> None:
    timeout = aiohttp.ClientTimeout(total=5.0)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        for url in filter(None, settings.alertmanager_urls.split(",")):
            try:
                async with session.get(f"{url}/-/ready") as answer:
                    why = "" if answer.status == 200 else f"it answers {answer.status}"
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                why = trouble.why(error)
            if why:
                seen.note(
                    "warning",
                    f"Alerts cannot be pushed to {url}: {why}.",
                    "Start that Alertmanager, or correct PULSE_ALERTMANAGER_URLS.",
                )


def _look_at_settings(seen: Examination, settings: Settings) -> None:
    if settings.actor_secret == DEVELOPMENT_SECRET:
        seen.note(
            "warning",
            "PULSE_ACTOR_SECRET is not set: actors are hashed with a public key.",
            "Set it to a secret of your own before there is data; later, every actor is a new one.",
        )
    if settings.http_host not in _LOCAL:
        seen.note(
            "warning",
            f"PULSE_HTTP_HOST is {settings.http_host}: metrics can be read without a login.",
            "Fine inside a container or a trusted network; otherwise use 127.0.0.1.",
        )
    if settings.security_protocol == "SASL_PLAINTEXT":
        seen.note(
            "warning",
            "PULSE_SECURITY_PROTOCOL is SASL_PLAINTEXT: the password travels in clear.",
            "Use SASL_SSL where the brokers offer it.",
        )
    if settings.processing_guarantee == "at_least_once":
        seen.note(
            "warning",
            "PULSE_PROCESSING_GUARANTEE is at_least_once: after a crash, outputs may repeat.",
            "Run one worker only, or use exactly_once where the brokers have transactions.",
        )


async def _look_at_brokers(seen: Examination, options: KafkaOptions) -> None:
    admin = AIOKafkaAdminClient(**options.client(), client_id=f"{options.app_id}-doctor")
    try:
        await admin.start()
        cluster = await admin.describe_cluster()
        # There is no public door to the versions that a broker has told.
        told = next(iter(admin._client._conns.values()))._versions
    finally:
        await admin.close()
    brokers = len(cluster["brokers"])
    fetch = told.get(_FETCH, (0, 0))[1]
    release = next((name for least, name in _RELEASES.items() if fetch >= least), None)
    seen.broker = {
        "cluster_id": cluster["cluster_id"],
        "brokers": brokers,
        "speaks_like": f"Kafka {release} or newer" if release else "a Kafka before 1.1",
        "transactions": _INIT_PRODUCER_ID in told,
    }
    if options.exactly_once and _INIT_PRODUCER_ID not in told:
        seen.note(
            "error",
            "The brokers have no transactions, which exactly_once needs.",
            "Set PULSE_PROCESSING_GUARANTEE=at_least_once and run one worker, or use Apache Kafka.",
        )
    if options.replication_factor > brokers:
        seen.note(
            "error",
            f"PULSE_REPLICATION_FACTOR is {options.replication_factor}, with {brokers} broker(s).",
            f"Set it to at most {brokers}.",
        )
    elif options.replication_factor == 1 and brokers > 1:
        seen.note(
            "warning",
            f"PULSE_REPLICATION_FACTOR is 1, with {brokers} brokers: losing one loses data.",
            "Set it to 3, and min.insync.replicas to 2, before `pulse topics create`.",
        )


def lines(seen: Examination) -> Iterable[str]:
    """All of it for people."""
    yield "Settings"
    yield from (f"  {name}={value}" for name, value in seen.settings.items())
    yield "Versions"
    yield from (f"  {name} {release}" for name, release in seen.versions.items())
    yield "Broker" if seen.broker else "Broker: not asked, or no answer"
    for name, value in seen.broker.items():
        shown = ("yes" if value else "no") if isinstance(value, bool) else value
        yield f"  {name.replace('_', ' ')}: {shown}"
    yield "Permissions that a worker needs, where the cluster asks for them"
    yield from (f"  {line}" for line in seen.acls)
    yield "  and beside that, for `pulse topics create`, `pulse reset` and `pulse state migrate`"
    yield from (f"  {line}" for line in seen.operator_acls)
    yield "Findings"
    for finding in sorted(seen.findings):
        text, remedy = (said.replace("\n", "\n      ") for said in (finding.text, finding.remedy))
        yield f"  {finding.severity}: {text}"
        yield f"      {remedy}"
    if seen.ok:
        yield "  A worker can work here." if seen.findings else "  All is well."


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Tell it as a JSON object.")
@click.option("--acls", is_flag=True, help="Only print the commands that grant what is needed.")
@click.option(
    "--role",
    type=click.Choice(get_args(Role)),
    default="worker",
    show_default=True,
    help="With --acls: for whom. An operator needs a worker's permissions, too.",
)
@click.option(
    "--principal", default=PRINCIPAL, show_default=True, help="With --acls: to whom they are given."
)
def command(as_json: bool, acls: bool, role: Role, principal: str) -> None:
    """Check settings, broker, topics and where the state stands, and say what to do.

    Nothing is changed. The exit status is 0 if a worker can work, 1 if not; warnings do not count.

    \b
    Examples:
      pulse doctor
      PULSE_BOOTSTRAP_SERVERS=kafka:9092 pulse doctor --json
      pulse doctor --acls --principal User:pulse > grant.sh
    """
    if acls:
        options = kafka_options(load_settings())
        for acl in needed(options, role):
            click.echo(acl.command(options.bootstrap, principal))
        return
    seen = asyncio.run(examine(dict(os.environ)))
    if as_json:
        findings = [finding._asdict() for finding in sorted(seen.findings)]
        click.echo(json.dumps(asdict(seen) | {"findings": findings, "ok": seen.ok}, indent=2))
    else:
        click.echo("\n".join(lines(seen)))
    raise SystemExit(0 if seen.ok else 1)
