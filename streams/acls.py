"""Acls: what a principal must be allowed on a cluster that asks, by the role that it plays.

Knows every request that workers and commands make. Must not know a cluster.
"""

import shlex
from typing import Literal, NamedTuple

from schemas import topics
from streams.kafka.options import KafkaOptions

Role = Literal["worker", "operator", "api"]
PRINCIPAL = "User:pulse"


class Acl(NamedTuple):
    """Operations on resources of one kind; a prefixed name stands for all that begin with it."""

    kind: Literal["topic", "group", "transactional-id", "cluster"]
    names: tuple[str, ...]
    operations: tuple[str, ...]
    prefixed: bool = False

    def described(self) -> str:
        """In a line for people."""
        names = " ".join(self.names) + ("*" if self.prefixed else "")
        return f"{self.kind} {names}: {', '.join(self.operations)}".replace(" :", ":")

    def command(self, bootstrap: str, principal: str) -> str:
        """The command of Kafka's own tool that grants it."""
        words = ["kafka-acls.sh", "--bootstrap-server", bootstrap, "--add"]
        words += ["--allow-principal", principal]
        for operation in self.operations:
            words += ["--operation", operation]
        if self.kind == "cluster":
            words.append("--cluster")
        for name in self.names:
            words += [f"--{self.kind}", name]
        if self.prefixed:
            words += ["--resource-pattern-type", "prefixed"]
        return shlex.join(words)


def needed(options: KafkaOptions, role: Role) -> list[Acl]:
    """What a role needs; an operator needs what a worker needs, and this beside it.

    `api` is the read side, `pulse api`: it is in no group and has no state on the cluster.
    """
    prefix = options.prefix
    changelogs = tuple(options.changelogs().values())
    keyed = tuple(topic.physical(prefix) for topic in topics.KEYED)
    outbound = tuple(topic.physical(prefix) for topic in topics.OUTBOUND)
    if role == "api":
        shown = (
            topics.ENGAGEMENT_SCORES, topics.SENTIMENT_SCORES, topics.ENGAGEMENT_WINDOWS,
            topics.ALERTS, topics.CREATORS, topics.CAMPAIGNS,
        )  # fmt: skip
        commands = topics.ALERT_COMMANDS.physical(prefix)
        return [
            Acl("topic", tuple(topic.physical(prefix) for topic in shown), ("Read", "Describe")),
            Acl("topic", (commands,), ("Read", "Write", "Describe")),
        ]
    if role == "operator":
        return [
            Acl("cluster", (), ("Create", "Describe")),
            Acl("topic", outbound, ("Read", "Delete")),
            Acl("topic", (*keyed, *outbound, *changelogs), ("Alter",)),
        ]
    inbound = tuple(topic.physical(prefix) for topic in topics.INBOUND)
    return [
        Acl("topic", inbound, ("Read", "Describe", "DescribeConfigs")),
        # Records on the wrong partition are sent on, so workers also write where they read.
        Acl("topic", (*keyed, *outbound), ("Write", "Describe", "DescribeConfigs")),
        Acl("topic", changelogs, ("Read", "Write", "Describe", "DescribeConfigs")),
        Acl("group", (options.app_id,), ("Read", "Describe")),
        Acl("transactional-id", (f"{options.app_id}-",), ("Write", "Describe"), prefixed=True),
        Acl("cluster", (), ("IdempotentWrite",)),
    ]
