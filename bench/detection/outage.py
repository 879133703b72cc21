"""Outage: many creators of one platform, of which nothing comes for a while.

Knows how such a crowd is made and shown to the core: counts of each minute go to the shard's fleet,
and what it calls dark is not judged. Must not know how creators are watched.
"""

import msgspec
import numpy as np

from bench.detection.life import DAY, HOUR, MINUTE, START_MS, Life, draft, live, somebody
from bench.detection.play import Span, play
from bench.detection.truth import Incident, Told, Truth, Verdict, judge
from schemas.signals import FleetSignal
from streams.engine.detectors.source_outage import SourceOutage
from streams.engine.facts import CreatorInfo
from streams.engine.fleet import Fleet
from streams.engine.registry import Registry
from streams.engine.rules import Rules
from streams.engine.stats import ShardStats

DAYS = 4
GRACE = 15 * MINUTE


def cohort(seed: int, creators: int) -> tuple[list[Life], Truth]:
    """Some hundred lives of one platform, and when nothing came of it."""
    dice = np.random.default_rng([seed, 1_000])
    gaps = [
        (int(day * DAY + dice.uniform(9, 20) * HOUR), int(dice.uniform(0.5, 2) * HOUR))
        for day in range(1, DAYS)
    ]
    lives = []
    for _ in range(creators):
        made = draft(somebody(dice), dice, DAYS)
        made.stifled = [(at, at + span, 0.0) for at, span in gaps]
        life = live(made)
        for at, span in gaps:
            seen = (life.follows < at) | (life.follows >= at + span)
            life.follows, life.hollow = life.follows[seen], life.hollow[seen]
            life.losses = life.losses[(life.losses < at) | (life.losses >= at + span)]
        lives.append(life)
    whats = [
        Incident("platform outage", ("source_outage",), at, at + span + GRACE) for at, span in gaps
    ]
    return lives, Truth("outage", whats)


def judged(seed: int, creators: int) -> list[tuple[str, int, Verdict]]:
    """The verdict on the platform, and on each creator: of whom nothing is to be told."""
    rules = Rules()
    lives, truth = cohort(seed, creators)
    told, dark = _watch(lives, rules)
    verdicts = [("outage", 0, judge(truth, told))]
    nothing = Truth("outage")
    verdicts += [("outage", life.end, judge(nothing, play(life, rules, dark))) for life in lives]
    return verdicts


def _watch(lives: list[Life], rules: Rules) -> tuple[list[Told], list[Span]]:
    """What the platform's home says, and when it was dark; a minute is known when it is over."""
    registry = Registry(0, 1, ShardStats(), 10)
    fleet, outage = Fleet(registry, rules.outage), SourceOutage()
    info = CreatorInfo("platform:x", "x", None, None)
    minutes = DAYS * DAY // MINUTE
    counts = np.stack(
        [
            np.bincount(
                np.concatenate([life.reactions, life.follows, life.losses]) // MINUTE,
                minlength=minutes,
            )[:minutes]
            for life in lives
        ]
    )
    told, dark = [], []
    for minute in range(minutes):
        place = START_MS // MINUTE + minute
        for events in counts[:, minute][counts[:, minute] > 0].tolist():
            fleet.count(place, "x", events)
        fleet.close(place + 1)
        at = START_MS + (minute + 1) * MINUTE
        if fleet.dark:
            dark.append((at, at + MINUTE))
        for output in registry.outputs:
            signal = msgspec.json.decode(output.value or b"", type=FleetSignal)
            told.extend(
                Told(alert.kind, alert.explanation, at - START_MS)
                for alert in outage.update(signal, info, rules.outage)
                if alert.status == "firing"
            )
        registry.outputs.clear()
    return told, dark
