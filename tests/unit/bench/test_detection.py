"""The bench of detection: that it judges right, and that its lives are what they promise."""

import ast
from pathlib import Path

import numpy as np
import pytest

from bench import detection
from bench.detection import audience, cases, life
from bench.detection.figures import OURS, Result, figures, targets
from bench.detection.play import play as core_play
from bench.detection.truth import Excuse, Incident, Told, Truth, judge, wilson
from streams.engine.rules import Rules
from tests.scenarios.life import START, Life
from tests.scenarios.life import play as shard_play
from tests.scenarios.life import told as firing

FOLDER = Path(detection.__file__).parent
GENERATOR = ("audience", "life", "cases", "truth", "rivals")
DROP = Incident("drop", ("engagement_drop", "silence"), 100, 200)


def _imports(name: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse((FOLDER / f"{name}.py").read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("name", GENERATOR)
def test_lives_and_truth_share_no_code_with_the_product(name: str) -> None:
    for module in _imports(name):
        assert module.split(".")[0] not in {"streams", "schemas", "tests"}
        assert not module.startswith("bench.") or module.split(".")[-1] in GENERATOR


def test_the_first_alert_of_the_kind_and_time_tells_of_an_incident_and_others_are_false() -> None:
    told = [
        Told("engagement_drop", "", 99),
        Told("silence", "", 150),
        Told("engagement_drop", "", 180),
        Told("follower_spike", "", 150),
        Told("viral_post", "", 150),
    ]
    truth = Truth("case", [DROP], [Excuse(("viral_post",), 0, 150)])
    verdict = judge(truth, told)
    assert verdict.found == [(DROP, told[1])]
    assert verdict.false == [told[0], told[3]]


def test_an_incident_that_nobody_told_of_is_missed() -> None:
    assert judge(Truth("case", [DROP]), []).found == [(DROP, None)]


def test_intervals_are_those_of_wilson() -> None:
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-3)
    assert wilson(0, 0) == (0.0, 1.0)


def test_a_promised_spike_has_a_hundred_follows_in_half_an_hour() -> None:
    for number in range(12):
        made, truth = cases.make(cases.spike, 5, number)
        (what,) = truth.incidents
        seen = (made.follows >= what.begin) & (made.follows < what.begin + 30 * life.MINUTE)
        assert seen.sum() >= 100


def test_a_promised_drop_leaves_at_most_a_fifth_of_what_was_expected_on_average() -> None:
    shares = []
    for number in range(40):
        made, truth = cases.make(cases.weak_run, 5, number)
        (what,) = truth.incidents
        if what.promised:
            got = [np.sum(made.post_of == len(made.posts) - n) for n in (1, 2, 3)]
            before = np.bincount(made.post_of, minlength=len(made.posts))[:-3].mean()
            shares.append(sum(got) / 3 / before)
    assert len(shares) > 10
    assert np.median(shares) < 0.2


def test_a_pod_is_below_each_post_of_its_time_and_nobody_else_is_below_so_many() -> None:
    made, truth = cases.make(cases.pod, 5, 1)
    begin = truth.incidents[0].begin
    late = [n for n, post in enumerate(made.posts) if post.at > begin]
    members = made.authors >= audience.FRESH
    below = [set(made.authors[members & (made.post_of == n)].tolist()) for n in late]
    assert all(len(people) >= 8 for people in below)
    assert not np.isin(made.post_of[members], range(late[0])).any()


def test_what_is_bought_for_a_post_is_hollow_or_says_nothing() -> None:
    likes, _ = cases.make(cases.hollow_likes, 5, 1)
    sold = likes.authors >= audience.FRESH
    assert (likes.verdicts[sold] == life.LIKE).all()
    assert likes.guests[sold].mean() > likes.guests[~sold].mean() + 0.5
    comments, _ = cases.make(cases.stock_comments, 5, 1)
    sold = comments.authors >= audience.FRESH
    assert comments.stock[sold].mean() > 0.75 > comments.stock[~sold].mean() + 0.3


@pytest.mark.parametrize("manner", ["even", "loose", "won"])
def test_a_crowd_comes_within_its_time_evenly_or_not(manner: str) -> None:
    dice, hour = np.random.default_rng(1), life.HOUR
    person = life.somebody(dice, follows_per_hour=0.001, worth=1.0)
    made = life.draft(person, dice, 2)
    made.extra_follows.append(life.Crowd(5 * hour, 6 * hour, 600, 0.5, manner))
    counts = np.histogram(life.live(made).follows, 60, (5 * hour, 6 * hour))[0]
    assert counts.sum() == pytest.approx(600, abs=5)
    strays = counts.var() / counts.mean()
    assert {"even": strays < 0.3, "loose": 0.5 < strays < 1.6, "won": strays > 2}[manner]


def test_most_creators_are_sparse_and_no_two_runs_differ() -> None:
    people = [life.somebody(np.random.default_rng(n)) for n in range(200)]
    assert 70 < np.median([person.worth for person in people]) < 130
    one, other = cases.make(cases.quiet, 3, 1)[0], cases.make(cases.quiet, 3, 1)[0]
    assert np.array_equal(one.reactions, other.reactions)


def _stopped() -> life.Life:
    """A life of four days whose posts get nothing any more for its last hours."""
    dice = np.random.default_rng(4)
    made = life.draft(life.somebody(dice, worth=600.0, posts_per_day=4), dice, 4)
    last = made.posts[-2].at
    made.stifled.append((last + life.HOUR, made.end, 0.0))
    made.extra_follows.append(life.Crowd(2 * life.DAY, 2 * life.DAY + 5 * life.MINUTE, 900, 0.1))
    return life.live(made)


def test_a_shard_that_is_told_the_same_life_raises_the_same_alerts() -> None:
    seen = _stopped()
    told = Life(0, seen.followers[0][1], creator="maker")
    offset = life.START_MS - START
    for number, post in enumerate(seen.posts):
        told.add("posts", post.at + offset, post_id=f"p{number}", media_type=post.media)
    for at, post in zip(seen.reactions.tolist(), seen.post_of.tolist(), strict=True):
        told.add("likes", at + offset, post_id=f"p{post}", actor_id="a")
    for at in seen.follows.tolist():
        told.add("follows", at + offset, actor_id=f"f{at}")
    for at in seen.losses.tolist():
        told.add("follows", at + offset, actor_id=f"u{at}", action="unfollow")
    alerts = shard_play(told, until=offset + seen.end)
    seen.hollow[:] = -1
    seen.guests[:] = -1
    seen.verdicts[:] = life.LIKE
    ours = [(alert.kind, alert.explanation) for alert in core_play(seen, Rules())]
    assert {"follower_spike"} < {kind for kind, _ in ours}
    assert ours == firing(alerts)


def test_a_missed_target_is_named_and_a_met_one_is_not() -> None:
    what = Incident("drop, three posts", ("engagement_drop",), 100, 200, 0.9, promised=True)
    verdict = judge(Truth("case", [what]), [Told("engagement_drop", "", 150)])
    found = figures([Result("case", 11 * life.DAY, {OURS: verdict}, [])])
    met = {name: fine for name, _, fine in targets(found)}
    assert [name for name, fine in met.items() if not fine] == [
        "recall of spikes >= 5 times, >= 100 in 30 min >= 95 %",
        "precision of `suspect` >= 95 %",
    ]
    assert found["systems"][OURS]["judged_days"] == 10
