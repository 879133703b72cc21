"""Arrivals: what the profiles of new followers say, and what else explains that many came.

Knows how profiles are summed up and the classes of cause of a follower spike. Must not know when
there is one, or how evenness and roundness are found (`delivery`).
"""

from msgspec import Struct

from schemas.alerts import Cause
from streams.engine.alerting import Lean
from streams.engine.course import Course
from streams.engine.detectors.delivery import Delivery
from streams.engine.facts import CreatorInfo, PaneFacts
from streams.engine.follow_rules import SpikeRules
from streams.engine.rules import Rules
from streams.engine.tails import upper_tail
from streams.engine.units import DAY_MS


class Arrivals(Struct, array_like=True):
    """New followers whose profile is known, and those of them whose profile is empty or new.

    Discounted sums as of `last_ms`; empty until the first known profile.
    """

    last_ms: int = 0
    known: Lean = 0
    hollow: Lean = 0

    def add(self, now_ms: int, facts: PaneFacts, rules: SpikeRules) -> None:
        """Take in the followers of one pane."""
        keep = 2.0 ** (-(now_ms - self.last_ms) / rules.profile_half_life_ms)
        self.last_ms = now_ms
        self.known = self.known * keep + facts.profiles
        self.hollow = self.hollow * keep + facts.hollow

    def share(self, rules: SpikeRules) -> float | None:
        """The share of hollow profiles lately; None where too few are known."""
        return self.hollow / self.known if self.known >= rules.min_profiles else None


def cause(
    now_ms: int,
    share: float | None,
    delivery: Delivery,
    course: Course,
    info: CreatorInfo,
    rules: Rules,
) -> Cause:
    """The class of cause: what else happened when followers came, who they are, and how they came.

    `share` is that of hollow profiles, None where too few are known. Neither an even pace nor a
    round number is enough by itself: engagement must not have risen, or both must be there.
    """
    spike = rules.spike
    recent = campaign = False
    for post in course.posts:
        age = now_ms - post.at_ms
        recent = recent or age <= spike.recent_post_ms
        campaign = campaign or (post.campaign_id is not None and age <= DAY_MS)
        got, due = post.got + post.held_got + post.fresh, post.due + post.held_due
        if age > DAY_MS or got < spike.viral_count or due <= 0.0:
            continue
        mean, shape = course.levels.usual(post.media, info.followers, rules.baseline)
        if got >= spike.viral_ratio * mean * due and upper_tail(got, mean * due, shape) < 0.2:
            return "organic_viral"
    if share is not None and share >= spike.hollow_share:
        return "suspect"
    real = share is not None and share <= spike.real_share
    risen = course.recent_got > spike.rise_ratio * course.recent_usual + 5.0
    signs = bool(delivery.pace) + bool(delivery.number)
    if signs > risen and not real:
        return "suspect"
    if campaign:
        return "campaign"
    return "unexplained" if recent or risen or real else "suspect"


REASONS = {
    "organic_viral": "A recent post does far better than usual, which explains new followers.",
    "campaign": "A post for a campaign is out, which may explain them.",
    "suspect": "No new post and no rise in engagement came with it: the followers may be bought.",
    "unexplained": "What caused it is not clear from posts and engagement.",
}


def told(explanation: str, share: float | None, delivery: Delivery, rules: SpikeRules) -> str:
    """Why a class of cause is believed, in a sentence or two."""
    profiles = ""
    if share is not None:
        profiles = f"{100.0 * share:.0f} % of the profiles that are known are empty or new"
    if explanation != "suspect":
        why = REASONS[explanation]
        return f"{why} Of the new followers, {profiles}." if profiles else why
    said = delivery.told()
    if share is not None and share >= rules.hollow_share:
        why = f"{profiles}: the followers may be bought."
        return f"{why} {said}" if said else why
    why = f"{said} The followers may be bought." if said else REASONS[explanation]
    return f"{why} Of them, {profiles}." if profiles else why
