"""Viral posts: each is told of once, whatever other posts do, and an episode ends."""

import random

from streams.engine.facts import PANE_MS, PaneFacts
from streams.engine.rules import Rules
from streams.engine.units import DAY_MS, HOUR_MS, MINUTE_MS
from streams.engine.watch import Watch
from tests.unit.engine import crowd
from tests.unit.engine.crowd import START_MS, Creator

RULES = Rules()
CREATOR = Creator(level=400.0)
NOON = START_MS + 3 * DAY_MS + 12 * HOUR_MS


def known() -> Watch:
    """A creator with three usual days behind it."""
    return crowd.run(crowd.days(3, CREATOR, 3.0), CREATOR.info, NOON).watch


def burst(panes: crowd.Panes, post_id: str, start_ms: int, times: float) -> None:
    """A post of so many times the usual worth, which fades as all do."""
    dice = random.Random(post_id)
    crowd.post(panes, dice, CREATOR, post_id, start_ms, times, None, start_ms + 3 * DAY_MS)


def test_a_viral_post_is_told_once_updated_while_it_grows_and_resolved() -> None:
    panes: crowd.Panes = {}
    burst(panes, "viral", NOON, 40.0)
    told = crowd.run(panes, CREATOR.info, NOON + DAY_MS, watch=known()).of("viral_post")
    assert told[0].status == "firing"
    assert told[-1].status == "resolved"
    assert {alert.status for alert in told[1:-1]} == {"update"}
    assert told[0].severity == "warning"
    (post,) = told[0].evidence.posts
    assert post.post_id == "viral"
    assert post.score is not None
    assert post.score > 20
    assert len(told[0].evidence.baseline) == RULES.baseline.recent_posts


def test_posts_that_go_viral_side_by_side_share_an_episode_and_none_is_told_again() -> None:
    panes: crowd.Panes = {}
    burst(panes, "first", NOON, 40.0)
    burst(panes, "second", NOON, 30.0)
    burst(panes, "third", NOON + 30 * MINUTE_MS, 90.0)
    told = crowd.run(panes, CREATOR.info, NOON + 2 * DAY_MS, watch=known()).of("viral_post")
    assert [alert.status for alert in told].count("firing") == 1
    assert [alert.status for alert in told].count("resolved") == 1
    named = {post.post_id for alert in told for post in alert.evidence.posts}
    assert named == {"first", "second", "third"}


def test_the_next_viral_post_is_an_episode_of_its_own() -> None:
    panes: crowd.Panes = {}
    burst(panes, "first", NOON, 40.0)
    burst(panes, "second", NOON + 24 * HOUR_MS, 40.0)
    told = crowd.run(panes, CREATOR.info, NOON + 2 * DAY_MS, watch=known()).of("viral_post")
    assert len({alert.alert_id for alert in told}) == 2
    assert [alert.status for alert in told].count("firing") == 2


def test_a_viral_post_that_is_deleted_ends_its_episode() -> None:
    watch = known()
    panes: crowd.Panes = {}
    burst(panes, "viral", NOON, 80.0)
    panes = {at: facts for at, facts in panes.items() if at <= NOON + 20 * MINUTE_MS}
    for post in [*watch.course.posts]:
        watch.course.forget(post.post_id)
    run = crowd.run(panes, CREATOR.info, watch=watch)
    assert run.watch.viral.episode.on
    at_ms = NOON + 21 * MINUTE_MS
    gone = {at_ms // PANE_MS * PANE_MS: PaneFacts(deleted=["viral"])}
    run = crowd.run(gone, CREATOR.info, NOON + DAY_MS, watch=run.watch)
    assert [(a.kind, a.status) for a in run.alerts] == [("viral_post", "resolved")]
    assert run.watch.next_deadline_ms is None
