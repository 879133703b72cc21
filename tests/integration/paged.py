"""The live page as somebody uses it, and records of all that it shows."""

import time
from collections.abc import Iterable
from urllib.parse import quote

from playwright.async_api import Locator, Page

from streams.follow import Followed
from tests.integration.deployment import Sent
from tests.integration.test_api import Api

UNKNOWN = "401"
"""What a browser's console says of the first question of somebody who is not signed in."""


def now_ms() -> int:
    return int(time.time() * 1000)


def sent(records: Iterable[Followed]) -> list[Sent]:
    """Records as a worker, or who describes creators, would have written them."""
    return [Sent(record.topic, record.key, record.value) for record in records]


async def enter(page: Page, api: Api, role: str = "operator") -> None:
    """Sign in, and wait until the stream is there."""
    await page.goto(f"http://127.0.0.1:{api.port}/")
    await page.get_by_label("Token").fill(api.tokens[role])
    await page.get_by_role("button", name="Sign in").click()
    await page.locator(".connection.live").wait_for()


async def go(page: Page, api: Api, path: str) -> None:
    """Another view, as a link leads to it."""
    await page.goto(f"http://127.0.0.1:{api.port}/#/{path}")


def row(page: Page, creator_id: str) -> Locator:
    """A creator's row on the board."""
    return page.locator(f'.rows .row[data-creator="{creator_id}"]')


def creator_path(creator_id: str) -> str:
    return f"creators/{quote(creator_id, safe='')}"
