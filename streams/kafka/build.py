"""Putting the seam together: one Faust app whose transport, tables and recovery are ours.

Knows Faust's settings. Must not know agents: the worker registers them on `SeamApp.inputs`.
"""

import logging
import tempfile
import uuid
from collections.abc import Mapping
from typing import Any

import faust

from schemas import topics
from streams.kafka.chain import MAX_POLL_INTERVAL_MS
from streams.kafka.fuse import Fuse
from streams.kafka.hooks import Hooks
from streams.kafka.options import KafkaOptions
from streams.kafka.ports import RestoreShard
from streams.kafka.recovery import SeamTableManager
from streams.kafka.seam import Seam
from streams.kafka.store import create_tables
from streams.kafka.transport import BatchTransport, PassThrough

log = logging.getLogger(__name__)


class SeamApp(faust.App):
    """A Faust app with a seam. `inputs` are its keyed inbound topics by logical name."""

    seam: Seam
    inputs: Mapping[str, Any]


def build_kafka(
    options: KafkaOptions,
    restore_shard: RestoreShard,
    hooks: Hooks | None = None,
    fuse: Fuse | None = None,
) -> tuple[SeamApp, Seam]:
    """Make the app and its seam. For each of `app.inputs` the caller registers an agent:

        @app.agent(app.inputs["likes"], name="likes")
        async def likes(stream):
            async for partition, batch in stream.noack():
                seam.deliver(partition, batch)

    Agents never await anything else. Topics must exist (see `admin`).
    """
    fuse = fuse or Fuse()
    if not options.exactly_once:
        log.warning(
            "at_least_once: counts may double after a crash, and nothing keeps two workers from"
            " writing the same partition, so run one worker only"
        )
    request_timeout = max(options.session_timeout, 20.0)
    app = SeamApp(
        options.app_id,
        broker="aiokafka://" + options.bootstrap.replace(",", ";"),
        store="memory://",
        autodiscover=False,
        datadir=tempfile.gettempdir(),
        # Faust tells members apart by this, whether or not it serves anything there.
        canonical_url=f"http://{uuid.uuid4().hex}.invalid:80",
        web_enabled=False,
        broker_client_id=options.app_id,
        topic_partitions=options.partitions,
        topic_replication_factor=options.replication_factor,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        stream_wait_empty=False,
        stream_buffer_maxsize=4,
        stream_recovery_delay=0.0,
        broker_session_timeout=options.session_timeout,
        broker_heartbeat_interval=options.heartbeat_interval,
        broker_request_timeout=request_timeout,
        broker_max_poll_interval=MAX_POLL_INTERVAL_MS / 1000,
        TableManager=SeamTableManager,
    )
    app.transport = BatchTransport(app.conf.broker_consumer, app, options, fuse)
    app.seam = seam = Seam(app, options, restore_shard, hooks or Hooks(), fuse)
    app.inputs = {
        topic.name: app.topic(
            topic.physical(options.prefix),
            schema=PassThrough(key_type=bytes, value_type=bytes),
            partitions=options.partitions,
            acks=False,
        )
        for topic in topics.KEYED
    }
    create_tables(app, options)
    return app, seam
