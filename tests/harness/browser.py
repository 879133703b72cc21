"""Debian's Chromium without a window, and what a page said while it was open."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
_WATCH = """
addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});
"""
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}


def program() -> str:
    """The path of Chromium; an error where there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    assert found is not None, "no Chromium on PATH: run `tools/setup.sh chromium`"
    return found


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser for many pages. Root, as in CI, cannot have Chromium's sandbox."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program(),
            chromium_sandbox=os.geteuid() != 0,
            args=["--disable-dev-shm-usage", "--disable-gpu", "--force-color-profile=srgb"],
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def opened(
    browser: Browser, *, expected: tuple[str, ...] = (), **options: Any
) -> AsyncIterator[Page]:
    """A page in a context of its own. Fails on any error that it tells of, but for `expected`."""
    context = await browser.new_context(
        **{"viewport": DESK, "locale": "en-GB", "timezone_id": "Europe/Berlin", **options}
    )
    said: list[str] = []
    page = await context.new_page()
    page.set_default_timeout(30_000)
    page.on("console", lambda m: said.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: said.append(f"uncaught: {error}"))
    page.on("dialog", lambda dialog: said.append(f"dialog: {dialog.message}"))
    await page.add_init_script(_WATCH)
    try:
        yield page
        wrong = [one for one in said if not any(part in one for part in expected)]
        assert not wrong, wrong
    finally:
        await context.close()
