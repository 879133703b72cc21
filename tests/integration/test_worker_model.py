"""A worker judges by the model that it is given, says so in each score, and goes on with it."""

import asyncio
import time
from pathlib import Path
from typing import Any

import orjson

from stack.waiting import until
from streams.sentiment.chosen import chosen
from tests.harness.models import labelled
from tests.integration.deployment import Deployment, Sent

TEXTS = (
    "what a blib",
    "zorp again",
    "is here at noon",
    "love it",
    "honestly this meh",
    "ok blib 😍",
)


def comments(first: int, count: int) -> list[Sent]:
    """Comments on one creator, each of another account."""
    now_ms = int(time.time() * 1000)
    return [
        Sent(
            "comments",
            b"ada",
            orjson.dumps(
                {
                    "event_id": f"c{number}",
                    "creator_id": "ada",
                    "platform": "instagram",
                    "occurred_at": now_ms,
                    "comment_id": f"c{number}",
                    "post_id": "p",
                    "actor_id": f"a{number}",
                    "text": TEXTS[number % len(TEXTS)],
                    "lang": "en",
                }
            ),
        )
        for number in range(first, first + count)
    ]


async def scored(deployed: Deployment, comments: int) -> dict[str, Any]:
    """The score over 24 h once it has so many comments, with the analyser's name."""
    found: dict[str, Any] = {}

    async def enough() -> bool:
        for score in await deployed.values("sentiment-scores"):
            found.update(score["windows"]["24h"], analyser=score["analyser"])
        return found.get("comments") == comments

    await until(enough, 60, lambda: f"{comments} comments, got {found}\n{deployed.tails()}")
    return found


async def test_a_model_judges_from_its_start_on_and_through_restarts(
    deployed: Deployment, tmp_path: Path
) -> None:
    (tmp_path / "labelled.csv").write_text(labelled())
    file = tmp_path / "model.bin"
    status, output = await asyncio.to_thread(
        deployed.command, "sentiment", "train", str(tmp_path / "labelled.csv"), "--out", str(file)
    )
    assert status == 0, output
    lexicon, model = chosen(None), chosen(str(file))

    async def run(first: int, **env: str) -> dict[str, Any]:
        worker = deployed.worker(**env)
        await worker.ready()
        await deployed.send(comments(first, 30))
        score = await scored(deployed, first + 30)
        await worker.stop()
        return score

    by_lexicon = await run(0)
    assert by_lexicon["analyser"] == lexicon.version
    for first in (30, 60):
        by_model = await run(first, PULSE_SENTIMENT_MODEL=str(file))
        assert by_model["analyser"] == model.version
    judges = [lexicon] * 30 + [model] * 60
    verdicts = [judge.judge(TEXTS[n % len(TEXTS)], "en") for n, judge in enumerate(judges)]
    labels = [verdict.label for verdict in verdicts]
    assert labels[:30] != labels[30:60] == labels[60:]
    for label, name in ((-1, "negative"), (0, "neutral"), (1, "positive")):
        assert by_model[name] == labels.count(label)
    thousandths = sum(round(verdict.compound * 1000) for verdict in verdicts)
    assert by_model["mean"] == round(thousandths / 1000 / 90, 4)


async def test_a_worker_whose_model_is_damaged_does_not_start(
    deployed: Deployment, tmp_path: Path
) -> None:
    (tmp_path / "model.bin").write_bytes(b"creator-pulse sentiment model 1\n{")
    status, output = await asyncio.to_thread(
        deployed.command, "worker", PULSE_SENTIMENT_MODEL=str(tmp_path / "model.bin")
    )
    assert status == 2
    assert output.strip().endswith(
        "model.bin: cut off: it ends within its header; train it again with `pulse sentiment train`"
    )
