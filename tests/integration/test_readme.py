"""The Python examples of the pages do what they say: a first event, and a score from it."""

import asyncio
import re
import sys
from pathlib import Path

import pytest

from tests.harness.procs import REPOSITORY, Process
from tests.integration.deployment import Deployment


def example(page: str) -> str:
    """The one Python example of a page."""
    (code,) = re.findall(r"```python\n(.*?)```", (REPOSITORY / page).read_text(), re.DOTALL)
    return str(code)


@pytest.mark.parametrize("page", ["README.md", "docs/contract.md"])
async def test_the_first_event_of_a_page_becomes_a_score(
    page: str, deployed: Deployment, tmp_path: Path
) -> None:
    worker = deployed.worker()
    await worker.ready()
    code = example(page)
    assert "127.0.0.1:9092" in code
    code = code.replace("127.0.0.1:9092", deployed.bootstrap)
    program = tmp_path / "first.py"
    program.write_text(code.replace('"likes"', f'"{deployed.prefix}likes"'))
    process = Process([sys.executable, program], log=tmp_path / "first.log")
    process.start()
    assert await asyncio.to_thread(process.wait, 20) == 0, process.tail()
    (score,) = await deployed.settled("engagement-scores", 1)
    assert score["creator_id"] == "instagram:lena.runs"
    assert score["windows"]["1m"]["likes"] == 1
