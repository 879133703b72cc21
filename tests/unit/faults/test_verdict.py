"""The exactness campaign's verdict: right for a right result, wrong for the smallest change."""

import ast
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from tests.faults import campaign, doctored, load, oracle, verdict
from tests.faults.load import Load
from tests.faults.oracle import Expected, Window, contribution, identity, minute_of
from tests.faults.verdict import Found, judge

NOW = 1_768_478_400_000
_PUBLISHED = [name for name in oracle.COUNTED if name != "revenue_cents"]


def published(counts: Counter) -> dict:
    """Counts as workers would publish them."""
    net = sum(counts[n] - counts[f"un{n}"] for n in ("likes", "comments", "shares", "saves"))
    return {
        **{name: counts[name] for name in _PUBLISHED},
        "revenue": counts["revenue_cents"] / 100,
        "engagements": net,
    }


def spelt(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat().replace("+00:00", "Z")


def a_right_result(events: int = 3_000, seed: int = 1) -> tuple[Expected, Found]:
    """What the oracle expects of a load, and what flawless workers would have written."""
    made = Load(seed, creators=60, partitions=4)
    late, seen = [], set()
    for number in range(events):
        for sending in made.make(NOW + number * 100, late=number > 500):
            event = orjson.loads(sending.value)
            name = identity(sending.topic, event)
            if name in made.expected.late and name not in seen:
                late.append({"topic": sending.topic, "event": event, "applied_to_score": True})
            seen.add(name)
    expected = made.expected
    windows = {window: Counter(counts) for window, counts in expected.windows.items()}
    for record in late:
        window = Window(record["event"]["creator_id"], minute_of(record["event"]))
        windows[window].subtract(contribution(record["topic"], record["event"]))
    return expected, Found(
        windows=[
            {
                "creator_id": window.creator,
                "window_start": spelt(window.minute),
                "window_end": spelt(window.minute + 60_000),
                **published(counts),
            }
            for window, counts in windows.items()
            if counts["events"]
        ],
        late=late,
        scores={name: {"windows": {"24h": published(day)}} for name, day in expected.day().items()},
    )


@pytest.fixture(scope="module")
def right() -> tuple[Expected, Found]:
    return a_right_result()


def test_a_right_result_is_right(right: tuple[Expected, Found]):
    found = judge(*right)
    assert found.right, found.examples
    assert found.events > 2_900
    assert found.late_found == found.late_expected > 20
    assert found.windows > 200


@pytest.mark.parametrize("name", doctored.DOCTORS)
def test_every_doctored_result_is_seen(right: tuple[Expected, Found], name: str):
    expected, found = right
    wrong = judge(expected, doctored.DOCTORS[name](found))
    assert not wrong.right
    assert wrong.examples or wrong.dead_letters


def test_nothing_found_is_all_lost(right: tuple[Expected, Found]):
    expected, _ = right
    nothing = judge(expected, Found())
    assert nothing.lost == expected.events
    assert nothing.scores_wrong == nothing.creators


def test_nothing_sent_is_not_right():
    assert not judge(Expected(), Found()).right


def test_an_event_of_nobody_is_doubled(right: tuple[Expected, Found]):
    expected, found = right
    stray = found.windows[0] | {"creator_id": "nobody"}
    assert judge(expected, replace(found, windows=[*found.windows, stray])).doubled > 0


def test_a_late_event_more_is_forgiven_within_a_thousandth_only(right: tuple[Expected, Found]):
    expected, found = right
    short = Expected()
    short.windows, short.revealed = expected.windows, expected.revealed
    short.late = set(sorted(expected.late)[1:]) | {f"likes/x/{n}" for n in range(999)}
    assert judge(short, found).late_unexpected == 1
    assert not judge(short, found).right


def test_the_last_events_that_end_the_minutes_are_not_judged(right: tuple[Expected, Found]):
    expected, found = right
    closing = found.windows[0] | {"creator_id": "closer-1"}
    assert judge(expected, replace(found, windows=[*found.windows, closing])).right


def test_a_wrong_sum_of_engagements_is_seen(right: tuple[Expected, Found]):
    expected, found = right
    first = found.windows[0] | {"engagements": found.windows[0]["engagements"] + 1}
    assert not judge(expected, replace(found, windows=[first, *found.windows[1:]])).right


def test_a_kept_result_is_doctored_again_later(right: tuple[Expected, Found], tmp_path: Path):
    expected, found = right
    expected.save(tmp_path / "expected.json")
    campaign.save(found, tmp_path / "found.json")
    kept = Expected.load(tmp_path / "expected.json"), campaign.load(tmp_path / "found.json")
    assert doctored.unseen(*kept) == []


def test_the_self_test_refuses_a_result_that_is_wrong_already(right: tuple[Expected, Found]):
    expected, found = right
    wrong = replace(found, windows=found.windows[1:])
    assert doctored.unseen(expected, wrong) == ["the result itself is not right"]


def test_nothing_that_judges_imports_the_code_under_test():
    folder = Path(load.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not {name.split(".")[0] for name in names} & {"streams", "schemas"}, path.name
            assert not any(name.startswith("tests.faults.inside") for name in names), path.name


def test_verdicts_are_told_by_plain_sentences(right: tuple[Expected, Found]):
    expected, found = right
    wrong = judge(expected, doctored.DOCTORS["a like removed from a window"](found))
    assert wrong.lost == 1
    assert "events" in wrong.examples[0]
    assert len(wrong.examples) <= 4 * verdict.EXAMPLES
