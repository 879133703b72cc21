"""Shown: an alert in lines for a terminal, without a name that only records have."""

import msgspec

from schemas.alerts import Alert, CommentEvidence, Evidence, PostEvidence
from schemas.commands import AlertCommand
from schemas.instants import from_ms
from streams.alerts import shown
from streams.alerts.ledger import Entry

NOON = 1_768_478_400_000
ALERT = Alert(
    alert_id=f"follower_spike:{NOON}:ada",
    creator_id="ada",
    platform="x",
    campaign_id=None,
    kind="follower_spike",
    status="firing",
    severity="warning",
    started_at=from_ms(NOON),
    updated_at=from_ms(NOON),
    ended_at=None,
    title="Follower spike of @ada",
    reason="@ada gained 1,234 followers.",
    explanation="organic_viral",
    quiet="quiet_hours",
    evidence=Evidence(
        metric="net_follows",
        observed=1_234.0,
        expected=2.5,
        ratio=493.6,
        probability=1e-8,
        window_start=from_ms(NOON),
        window_end=from_ms(NOON + 1_800_000),
        samples=40,
        followers=12_000,
        posts=[PostEvidence(post_id="p1", age_minutes=180.0, observed=900, expected=60.0)],
        comments=[CommentEvidence(comment_id="k", post_id="p1", text="fake\x1b[2J", compound=-0.5)],
        baseline=[1.0, 2.25],
        authors=15,
        profiles=120,
        hollow_profiles=0.61,
    ),
)
TAKEN = AlertCommand(
    event_id="e",
    creator_id="ada",
    platform="x",
    occurred_at=NOON,
    action="acknowledge",
    by="ops",
    alert_id=ALERT.alert_id,
    note="a giveaway",
)


def test_an_alert_is_shown_with_its_evidence_and_what_was_said_of_it() -> None:
    *found, last = shown.lines(Entry(ALERT, ALERT, [TAKEN]))
    assert found == [
        "firing, warning: Follower spike of @ada",
        "@ada gained 1,234 followers.",
        "Cause: a post that does far better than usual.",
        "Nobody is called: quiet hours.",
        "Evidence",
        "  observed        1,234 followers more",
        "  expected        2.5, from 40 past observations",
        "  ratio           494",
        "  by chance       about once in 100,000,000 times",
        "  counted         15 Jan 12:00 UTC to 15 Jan 12:30 UTC (30 minutes)",
        "  followers       12,000",
        "  empty or new    61 % of 120 accounts whose profile is known",
        "  people          15 or more wrote what counts",
        "  post            p1: 900 of 60 expected by 3 hours",
        "  comment         -0.50 “fake\N{REPLACEMENT CHARACTER}[2J” on p1",
        "  usual lately    1, 2.2",
    ]
    assert last.endswith(" taken by ops: a giveaway")


def test_what_is_not_known_or_weighs_no_chance_has_no_line() -> None:
    bare = Evidence(
        metric="alerts",
        observed=9,
        expected=0.0,
        ratio=0.0,
        probability=1.0,
        window_start=from_ms(NOON),
        window_end=from_ms(NOON),
        samples=9,
    )
    alert = msgspec.structs.replace(ALERT, evidence=bare, quiet=None, explanation="news")
    names = [line.split()[0] for line in list(shown.lines(Entry(alert, alert)))[3:]]
    assert names == ["Evidence", "observed", "expected", "counted"]


def test_a_list_says_in_words_what_was_said_and_why_nobody_is_called() -> None:
    alert = msgspec.structs.replace(ALERT, feedback="false")
    assert shown.said(Entry(alert, alert, [TAKEN])) == (
        "taken by ops, judged a false alarm, quiet hours"
    )
