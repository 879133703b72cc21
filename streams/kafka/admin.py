"""Topics on the brokers: what must be there, what is there, and what to do about the difference.

Knows topic properties and Kafka's admin requests. Must not know why the worker needs a topic.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, NoError, TopicAlreadyExistsError, for_code

from schemas import topics
from streams.kafka.fuse import FatalError
from streams.kafka.options import KafkaOptions

log = logging.getLogger(__name__)

CREATED_WITHIN_SECONDS = 20.0
SHORTEST_MS = topics.DAY_MS
"""Retention of events below which an outage over a night would lose some."""
CHANGELOG_CONFIG = {
    "cleanup.policy": "compact",
    "max.message.bytes": "2097152",
    # Small segments are compacted sooner, and what is compacted need not be restored.
    "segment.bytes": "67108864",
    "min.cleanable.dirty.ratio": "0.2",
}


class Declared(NamedTuple):
    """A topic as it ought to be, by its physical name."""

    name: str
    role: Literal["inbound", "outbound", "changelog"]
    partitions: int
    config: Mapping[str, str]


class Found(NamedTuple):
    """A topic as it is. `config` is empty where the brokers do not tell."""

    partitions: int
    replication: int
    config: Mapping[str, str]


@dataclass(frozen=True)
class Finding:
    """One difference. An error keeps the worker from starting; a warning does not.

    Where nothing is `expected`, there is nothing to compare: `found` tells all of it.
    """

    severity: Literal["error", "warning"]
    topic: str
    what: str
    found: str
    expected: str
    remedy: str

    def told(self) -> str:
        """The difference and what to do about it, without the topic."""
        compared = f"{self.what} is {self.found}, expected {self.expected}"
        return f"{compared if self.expected else self.found}. {self.remedy}"


class TopicsError(FatalError):
    """Topics that the worker cannot work with; the message lists them all."""


def described(findings: Iterable[Finding]) -> list[str]:
    """One line for each kind of difference, with the topics that have it."""
    kinds: dict[str, list[str]] = {}
    for finding in findings:
        kinds.setdefault(finding.told(), []).append(finding.topic)
    return [f"{', '.join(names)}: {told}" for told, names in kinds.items()]


def declared(options: KafkaOptions) -> list[Declared]:
    """Every topic of this deployment: inbound, outbound and changelogs."""
    listed = [
        Declared(
            topic.physical(options.prefix),
            topic.direction,
            options.partitions if topic.shared_partitions else 1,
            topic.config(),
        )
        for topic in topics.ALL
    ]
    changelogs = options.changelogs().values()
    return listed + [
        Declared(name, "changelog", options.partitions, CHANGELOG_CONFIG) for name in changelogs
    ]


async def create_topics(options: KafkaOptions) -> list[str]:
    """Create what is missing and return the names, sorted. Leaves what is there as it is.

    Returns when every topic can be used. Raises `KafkaError`.
    """
    wanted = {topic.name: topic for topic in declared(options)}
    async with admin_client(options) as admin:
        present = await _partitions(admin, wanted)
        missing = [topic for name, topic in wanted.items() if name not in present]
        if missing:
            await _create(admin, options, missing)
        deadline = time.monotonic() + CREATED_WITHIN_SECONDS
        while wanted.keys() - await _partitions(admin, wanted):
            if time.monotonic() > deadline:
                raise KafkaError("new topics have no leaders yet; try again")
            await asyncio.sleep(0.1)
        return sorted(topic.name for topic in missing)


async def check_topics(options: KafkaOptions) -> list[Finding]:
    """What is wrong with the topics, errors first; empty if nothing is. Raises `KafkaError`."""
    wanted = declared(options)
    async with admin_client(options) as admin:
        present = await _partitions(admin, [topic.name for topic in wanted])
        configs = await _configs(admin, present)
    found = {
        name: Found(partitions, replication, configs.get(name, {}))
        for name, (partitions, replication) in present.items()
    }
    return judge(wanted, found, options)


async def partition_counts(options: KafkaOptions, names: Iterable[str]) -> dict[str, int]:
    """The number of partitions of those topics that are there and have leaders."""
    async with admin_client(options) as admin:
        return {name: count for name, (count, _) in (await _partitions(admin, names)).items()}


async def require_state(options: KafkaOptions, partitions: Iterable[int]) -> None:
    """Raise `TopicsError` where the state has no such partitions: reading would wait for them."""
    names = options.changelogs().values()
    counts = await partition_counts(options, names)
    if missing := [name for name in names if name not in counts]:
        raise TopicsError(absent(missing))
    last, there = max(partitions), min(counts.values())
    if last >= there:
        raise TopicsError(
            f"the state has partitions 0 to {there - 1}, and no {last}: set PULSE_PARTITIONS to the"
            " number that the topics have"
        )


async def require_topics(options: KafkaOptions) -> None:
    """Raise `TopicsError` with everything that keeps a worker from starting; log the rest."""
    findings = await check_topics(options)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise TopicsError("\n".join(described(errors)))
    for line in described(findings):
        log.warning("%s", line)


def judge(
    wanted: Iterable[Declared], found: Mapping[str, Found], options: KafkaOptions
) -> list[Finding]:
    """Compare topics as they ought to be with those that are there, errors first."""
    findings = []
    for topic in wanted:
        if topic.name not in found:
            findings.append(_absent(topic.name))
        else:
            findings += _differences(topic, found[topic.name], options)
    return sorted(findings, key=lambda finding: finding.severity)


def _absent(name: str) -> Finding:
    return Finding(
        "error", name, "the topic", "not on the brokers", "", "Run `pulse topics create`."
    )


def absent(names: Iterable[str]) -> str:
    """What is said of topics that are not there."""
    [line] = described(map(_absent, names))
    return line


def _differences(topic: Declared, found: Found, options: KafkaOptions) -> list[Finding]:
    findings = []

    def note(
        severity: Literal["error", "warning"], what: str, is_: object, expected: object, remedy: str
    ) -> None:
        findings.append(Finding(severity, topic.name, what, str(is_), str(expected), remedy))

    if found.partitions != topic.partitions:
        note(
            "error",
            "the number of partitions",
            found.partitions,
            topic.partitions,
            "All keyed topics and changelogs need the same number: set PULSE_PARTITIONS to it; or,"
            " where some topics have got more, `pulse state migrate --partitions N` moves the state"
            " and all topics to N partitions, a multiple of the old number.",
        )
    if found.replication < options.replication_factor:
        note(
            "warning",
            "the replication factor",
            found.replication,
            options.replication_factor,
            "Reassign its partitions, or lower PULSE_REPLICATION_FACTOR.",
        )
    findings += _durability(topic, found)
    for name, expected in topic.config.items():
        is_ = found.config.get(name)
        if is_ is None or is_ == expected:
            continue
        if name == "cleanup.policy" and set(is_.split(",")) != set(expected.split(",")):
            # A changelog that deletes by age loses the state of quiet creators, and events share
            # their creator's key, so that compaction would leave the latest only.
            loses = topic.role == "changelog" or (topic.role == "inbound" and "compact" in is_)
            severe: Literal["error", "warning"] = "error" if loses else "warning"
            note(severe, name, is_, expected, f"Set {name}={expected} on it.")
        elif name == "max.message.bytes" and int(is_) < int(expected):
            # Whole batches are written, so the limit of a record is not enough.
            severe = "error" if int(is_) < options.batch_bytes else "warning"
            note(severe, name, is_, f"at least {expected}", f"Set {name}={expected} on it.")
        elif name == "message.timestamp.type":
            note("warning", name, is_, expected, f"Set {name}={expected} on it.")
    return findings


def _durability(topic: Declared, found: Found) -> Iterator[Finding]:
    def warned(what: str, is_: object, expected: str, remedy: str) -> Finding:
        return Finding("warning", topic.name, what, str(is_), expected, remedy)

    copies = found.replication
    least = int(found.config.get("min.insync.replicas", "1"))
    setting = "min.insync.replicas"
    if least > copies:
        yield Finding(
            "error",
            topic.name,
            setting,
            str(least),
            f"at most {copies}, the replication factor",
            "Nothing can be written: lower it, or add replicas.",
        )
    elif copies > 1 and least == 1:
        remedy = "A single broker may acknowledge a write and die with it: set it to 2."
        yield warned(setting, least, f"2 with {copies} replicas", remedy)
    elif copies > 1 and least == copies:
        remedy = "One broker that is away stops all writes: lower it, or add a replica."
        yield warned(setting, least, f"less than {copies}, the replication factor", remedy)
    if copies > 1 and found.config.get("unclean.leader.election.enable") == "true":
        remedy = "A broker that missed acknowledged writes may become leader: set it to false."
        yield warned("unclean.leader.election.enable", "true", "false", remedy)
    kept = int(found.config.get("retention.ms", "-1"))
    if topic.role == "inbound" and "retention.ms" in topic.config and 0 <= kept < SHORTEST_MS:
        remedy = "Events are deleted unread in a longer outage: keep them for days."
        yield warned("retention.ms", kept, f"at least {SHORTEST_MS}", remedy)


@asynccontextmanager
async def admin_client(options: KafkaOptions) -> AsyncIterator[AIOKafkaAdminClient]:
    """A client for administration, for as long as this lasts. Raises `KafkaError`."""
    admin = AIOKafkaAdminClient(**options.client(), client_id=f"{options.app_id}-admin")
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def _partitions(
    admin: AIOKafkaAdminClient, names: Iterable[str]
) -> dict[str, tuple[int, int]]:
    """Partition count and least replication of those topics that are there and have leaders."""
    present: dict[str, tuple[int, int]] = {}
    # Some brokers create a topic that they are asked about, so only those are that are there.
    there = set(await admin.list_topics()) & set(names)
    if not there:
        return present
    for told in await admin.describe_topics(sorted(there)):
        error = for_code(told["error_code"])
        parts = told["partitions"]
        if error is NoError and parts and all(part["leader"] >= 0 for part in parts):
            present[told["topic"]] = (len(parts), min(len(part["replicas"]) for part in parts))
    return present


async def _create(
    admin: AIOKafkaAdminClient, options: KafkaOptions, missing: Iterable[Declared]
) -> None:
    answer = await admin.create_topics(
        [
            NewTopic(
                topic.name,
                topic.partitions,
                options.replication_factor,
                topic_configs=dict(topic.config),
            )
            for topic in missing
        ]
    )
    for name, code, *reason in answer.topic_errors:
        error = for_code(code)
        # Somebody else may have made it meanwhile.
        if error not in (NoError, TopicAlreadyExistsError):
            raise error(f"cannot create topic {name}: {' '.join(filter(None, reason))}")


async def _configs(admin: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, dict[str, str]]:
    """The configuration of each topic; nothing where the brokers cannot tell or may not."""
    wanted = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    if not wanted:
        return {}
    try:
        answers = await admin.describe_configs(wanted)
    except KafkaError as error:
        log.warning("the brokers do not tell the configuration of topics: %r", error)
        return {}
    return {
        name: {entry[0]: entry[1] for entry in entries}
        for answer in answers
        for code, _message, _type, name, entries in answer.resources
        if code == 0
    }
