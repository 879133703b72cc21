"""Pictures of the live page for people: a simulated fleet, a real Kafka, worker, API and Chromium.

python -m tests.browser.screenshots                 writes docs/images/page-*.png
python -m tests.browser.screenshots --out /tmp/p    elsewhere
"""

import argparse
import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser

from stack.kafka import KafkaServer
from stack.procs import REPOSITORY, pulse
from stack.waiting import until
from tests.harness.browser import DESK, PHONE, chromium, opened
from tests.integration.deployment import Deployment
from tests.integration.paged import enter
from tests.integration.test_api import Api

IMAGES = REPOSITORY / "docs" / "images"
PATIENCE = 600.0
INCIDENTS = {"engagement_drop", "viral_post", "sentiment_crisis", "unfollow_wave", "follower_spike"}


@asynccontextmanager
async def fleet(workdir: Path, creators: int, backfill: str) -> AsyncIterator[Api]:
    """An API of creators with a past and with alerts of several kinds, while life goes on."""
    with KafkaServer(workdir / "kafka") as kafka:
        deployment = Deployment(kafka.bootstrap, "pictures", workdir)
        status, output = await asyncio.to_thread(deployment.command, "topics", "create")
        assert status == 0, output
        worker = deployment.worker()
        simulated = pulse(
            "simulate", "--creators", str(creators), "--backfill", backfill, "--incidents", "all",
            "--seed", "3", log=workdir / "simulate.log", env=deployment.env,
        )  # fmt: skip
        api = Api(deployment, PULSE_API_CREATOR_LINK="https://grafana.example/d/{creator_id}")
        try:
            await worker.ready()
            simulated.start()
            api.process.start()
            await api.ready()

            async def told() -> bool:
                alerts = (await api.get("/alerts?state=all&limit=500"))["alerts"]
                return {alert["kind"] for alert in alerts} >= INCIDENTS

            await until(told, PATIENCE, lambda: f"every kind of alert\n{deployment.tails()}")
            yield api
        finally:
            simulated.end()
            api.process.end()
            await asyncio.to_thread(deployment.end)


async def pictures(browser: Browser, api: Api, out: Path) -> None:
    """All of them."""
    alerts = (await api.get("/alerts?state=open&limit=500"))["alerts"]
    worst = next(a for a in alerts if a["kind"] == "engagement_drop")
    views = {
        "overview": ("#/", ".people li"),
        "board": ("#/creators", '.row .line[d*="L"]'),
        "alert": (f"#/alerts/{worst['alert_id']}", ".detail .figures"),
        "creator": (f"#/creators/{worst['creator_id']}", ".uplot canvas"),
    }
    for name, options, wanted in (
        ("", {"viewport": DESK}, list(views)),
        ("-phone", {"viewport": PHONE, "has_touch": True}, ["overview"]),
        ("-dark", {"viewport": DESK, "color_scheme": "dark"}, ["board"]),
    ):
        async with opened(browser, expected=("401",), **options) as page:
            await enter(page, api)
            for view in wanted:
                path, awaited = views[view]
                await page.goto(f"http://127.0.0.1:{api.port}/{path}")
                await page.locator(awaited).first.wait_for()
                await page.mouse.move(0, 0)
                await page.wait_for_timeout(1500)  # until what is asked for by and by has come
                await page.screenshot(path=out / f"page-{view}{name}.png")


async def main(out: Path, creators: int, backfill: str) -> None:
    """Start it all, and take the pictures."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as workdir:
        async with fleet(Path(workdir), creators, backfill) as api, chromium() as browser:
            await pictures(browser, api, out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=IMAGES, help="folder for the pictures")
    parser.add_argument("--creators", type=int, default=60)
    parser.add_argument("--backfill", default="4d", help="history before live begins")
    given = parser.parse_args()
    asyncio.run(main(given.out, given.creators, given.backfill))
