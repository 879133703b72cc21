"""What the seam must be told to reach a cluster and to name its own things there.

Knows names, limits and timeouts. Must not know Faust, the engine or where settings come from.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from schemas import topics

Guarantee = Literal["exactly_once", "at_least_once"]
Clock = Literal["wall", "events"]
SHARD_RECORD_KEY = b"\x00shard"
"""Key of a shard's own record (positions, clocks) in the `engagement` changelog."""


@dataclass(frozen=True)
class KafkaOptions:
    """How to reach the brokers, and the limits of the seam. Times are seconds unless named `_ms`.

    The broker gathers what is new for `fetch_max_wait_ms`, unless there are `fetch_min_bytes`: each
    answer costs a worker half a millisecond, however little it holds.
    `security` holds aiokafka's keyword arguments (`security_protocol`, `sasl_mechanism`,
    `sasl_plain_username`, `sasl_plain_password`, `ssl_context`); it never shows in a repr.
    """

    bootstrap: str
    app_id: str
    partitions: int
    prefix: str = ""
    guarantee: Guarantee = "exactly_once"
    checkpoint_interval: float = 0.5
    checkpoint_max_dirty: int = 20_000
    session_timeout: float = 10.0
    heartbeat_interval: float = 2.0
    security: Mapping[str, str | ssl.SSLContext] = field(default_factory=dict, repr=False)
    replication_factor: int = 1
    transaction_timeout: float = 10.0
    takeover_timeout: float = 60.0
    tick_interval: float = 0.1
    clock: Clock = "wall"
    max_skew: float = 600.0
    fetch_max_wait_ms: int = 100
    fetch_min_bytes: int = 1_048_576
    max_fetch_bytes: int = 1_048_576
    batch_bytes: int = 917_504

    @property
    def exactly_once(self) -> bool:
        """True if checkpoints are Kafka transactions."""
        return self.guarantee == "exactly_once"

    @property
    def final_checkpoint_timeout(self) -> float:
        """How long the last checkpoint before a rebalance or a stop may take."""
        return self.session_timeout / 3

    def transactional_id(self, partition: int) -> str:
        """The id by which a successor fences the owner of `partition`."""
        return f"{self.app_id}-{partition}"

    def changelog(self, table: str) -> str:
        """Physical name of a table's changelog topic, as Faust names it."""
        return f"{self.app_id}-{table}-changelog"

    def changelogs(self) -> dict[str, str]:
        """Physical changelog topic of each table."""
        return {table: self.changelog(table) for table in topics.TABLES}

    def inbound(self) -> dict[str, str]:
        """Logical name of each keyed inbound topic by its physical one."""
        return {topic.physical(self.prefix): topic.name for topic in topics.KEYED}

    def client(self) -> dict[str, Any]:
        """Keyword arguments common to every aiokafka client."""
        return {"bootstrap_servers": self.bootstrap, **self.security}
