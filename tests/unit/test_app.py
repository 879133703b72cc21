"""The wiring: every setting reaches the part that it is meant for."""

from streams.app import App, kafka_options, shard_config
from streams.engine.turns import MOST_SCORES
from streams.kafka.fuse import Fuse
from streams.settings import Settings


def test_settings_reach_the_seam():
    options = kafka_options(
        Settings(
            bootstrap_servers="a:1,b:2",
            app_id="mine",
            topic_prefix="p.",
            partitions=7,
            processing_guarantee="at_least_once",
            checkpoint_interval=0.7,
            checkpoint_max_dirty=77,
            session_timeout=17.0,
            heartbeat_interval=1.7,
            replication_factor=2,
        )
    )
    assert options.bootstrap == "a:1,b:2"
    assert options.app_id == "mine"
    assert options.prefix == "p."
    assert options.partitions == 7
    assert options.guarantee == "at_least_once"
    assert options.checkpoint_interval == 0.7
    assert options.checkpoint_max_dirty == 77
    assert options.session_timeout == 17.0
    assert options.heartbeat_interval == 1.7
    assert options.replication_factor == 2
    assert options.security == {"security_protocol": "PLAINTEXT"}


def test_settings_reach_the_shards():
    config = shard_config(
        Settings(partitions=7, allowed_lateness=2.5, actor_secret="a secret of sixteen")
    )
    assert config.partitions == 7
    assert config.lateness_ms == 2_500
    assert config.actor_secret == b"a secret of sixteen"


def test_a_step_of_events_ends_with_all_its_scores():
    live, replay = (shard_config(Settings(clock=clock)) for clock in ("wall", "events"))
    assert (live.score_interval_ms, live.most_scores) == (1_000, MOST_SCORES)
    assert (replay.score_interval_ms, replay.most_scores) == (0, None)


async def test_there_is_one_agent_for_each_keyed_inbound_topic():
    app = App(Settings(topic_prefix="p."), Fuse())
    assert sorted(app.faust.agents) == [
        "alert-commands",
        "clicks",
        "comments",
        "conversions",
        "counters",
        "creators",
        "fleet-signals",
        "follows",
        "likes",
        "posts",
        "shares",
    ]
    names = {agent.channel.get_topic_name() for agent in app.faust.agents.values()}
    assert names == {f"p.{name}" for name in app.faust.agents}
