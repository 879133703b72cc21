"""The Python examples of the pages do what they say: a first event, and a score from it."""

import asyncio
import re
import sys
from pathlib import Path

from stack.procs import REPOSITORY, Process
from stack.waiting import until
from tests.integration.deployment import Deployment

PAGES = ["README.md", "docs/contract.md"]


def example(page: str) -> str:
    """The one Python example of a page."""
    (code,) = re.findall(r"```python\n(.*?)```", (REPOSITORY / page).read_text(), re.DOTALL)
    return str(code)


async def test_the_first_events_of_the_pages_become_a_score(
    deployed: Deployment, tmp_path: Path
) -> None:
    worker = deployed.worker()
    await worker.ready()
    for page in PAGES:
        code = example(page).replace("127.0.0.1:9092", deployed.bootstrap)
        assert deployed.bootstrap in code
        program = tmp_path / "first.py"
        program.write_text(code.replace('"likes"', f'"{deployed.prefix}likes"'))
        process = Process([sys.executable, program], log=tmp_path / "first.log")
        process.start()
        assert await asyncio.to_thread(process.wait, 20) == 0, process.tail()

    async def scored() -> bool:
        scores = await deployed.values("engagement-scores")
        return bool(scores) and scores[-1]["windows"]["5m"]["likes"] == len(PAGES)

    await until(scored, 20, lambda: f"a score with both likes\n{worker.process.tail()}")
