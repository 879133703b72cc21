"""The Python examples of the pages do what they say: a first event, and a score from it."""

import asyncio
import re
import sys
from pathlib import Path

from stack.procs import REPOSITORY, Process
from stack.waiting import until
from tests.integration.deployment import Deployment

PAGES = ["README.md", "docs/contract.md"]


SENDS, READS = "AIOKafkaProducer", "AIOKafkaConsumer"


def example(page: str, what: str) -> str:
    """The one Python example of a page that sends, or that reads."""
    codes = re.findall(r"```python\n(.*?)```", (REPOSITORY / page).read_text(), re.DOTALL)
    (code,) = [code for code in codes if what in code]
    return str(code)


def runnable(code: str, deployed: Deployment, tmp_path: Path) -> Process:
    """The example, with the addresses and topics of this deployment."""
    assert "127.0.0.1:9092" in code
    code = code.replace("127.0.0.1:9092", deployed.bootstrap)
    for topic in ("likes", "engagement-scores"):
        code = code.replace(f'"{topic}"', f'"{deployed.prefix}{topic}"')
    program = tmp_path / "first.py"
    program.write_text(code)
    return Process([sys.executable, "-u", program], log=tmp_path / "first.log")


async def test_the_first_events_of_the_pages_become_a_score(
    deployed: Deployment, tmp_path: Path
) -> None:
    worker = deployed.worker()
    await worker.ready()
    for page in PAGES:
        process = runnable(example(page, SENDS), deployed, tmp_path)
        process.start()
        assert await asyncio.to_thread(process.wait, 60) == 0, process.tail()

    async def scored() -> bool:
        scores = await deployed.values("engagement-scores")
        return bool(scores) and scores[-1]["windows"]["5m"]["likes"] == len(PAGES)

    await until(scored, 60, lambda: f"a score with both likes\n{worker.process.tail()}")

    async def told() -> bool:
        return "instagram:lena.runs" in reader.output()

    with runnable(example("docs/contract.md", READS), deployed, tmp_path) as reader:
        await until(told, 60, lambda: f"the reader tells the score\n{reader.tail()}")
