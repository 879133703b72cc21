"""The live page's board with 10,000 creators: only what is seen is made, whatever comes in."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import CDPSession, Page, expect

from stack.waiting import until
from tests.harness.browser import chromium, opened
from tests.integration.deployment import Deployment
from tests.integration.paged import UNKNOWN, enter, go, now_ms, sent
from tests.integration.test_api import Api
from tests.unit.api.caller import score

expect.set_options(timeout=60_000)
CREATORS = 10_000
COSTLIER = 3.0
"""How many times as much scrolling through all may take as through a tenth of them, in as many
steps: with every row in the page it is about ten."""
_SCROLL = """async (steps) => {
  const scroller = document.querySelector(".scroller");
  const room = scroller.scrollHeight - scroller.clientHeight;
  for (let n = 0; n <= steps; n += 1) {
    scroller.scrollTop = (room * n) / steps;
    await new Promise(requestAnimationFrame);
  }
  scroller.scrollTop = 0;
}"""
_COUNT = """() => {
  window.mutations = 0;
  window.frames = 0;
  new MutationObserver((all) => { window.mutations += all.length; }).observe(
    document.querySelector(".rows"), { subtree: true, childList: true, characterData: true });
  const frame = () => { window.frames += 1; requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
}"""
STEPS = 60


@pytest.fixture
async def api(deployed: Deployment) -> AsyncIterator[Api]:
    made = Api(deployed)
    with made.process:
        yield made


async def work(session: CDPSession) -> float:
    """Seconds that the page has worked so far: scripts, styles and layout."""
    told = (await session.send("Performance.getMetrics"))["metrics"]
    named = {one["name"]: one["value"] for one in told}
    return sum(named[f"{part}Duration"] for part in ("Script", "RecalcStyle", "Layout"))


async def cost(page: Page, session: CDPSession) -> float:
    """What scrolling from top to bottom takes, the best of three."""
    found = []
    for _ in range(3):
        before = await work(session)
        await page.evaluate(_SCROLL, STEPS)
        found.append(await work(session) - before)
    return min(found)


async def test_ten_thousand_creators_scroll_as_a_tenth_of_them_does_and_all_may_change(
    deployed: Deployment, api: Api
) -> None:
    await deployed.send(
        sent(score(f"c-{n:05}", n / 100, at=now_ms(), engagements=n) for n in range(CREATORS))
    )
    await api.ready()
    async with chromium() as browser, opened(browser, expected=(UNKNOWN,)) as page:
        await enter(page, api)
        await go(page, api, "creators")
        await expect(page.locator(".found")).to_have_text("10,000 creators")
        session = await page.context.new_cdp_session(page)
        await session.send("Performance.enable")
        rows = page.locator(".rows .row")
        seen = await rows.count()
        assert 10 < seen < 60, "what is seen, and some more"
        await expect(rows.first).to_contain_text("c-00000")
        all_of_them = await cost(page, session)
        assert await rows.count() <= seen + 2

        # Everybody changes: what is seen is drawn a few times, what is not is not.
        await page.evaluate(_COUNT)
        changed = [
            score(f"c-{n:05}", n / 100, at=now_ms(), engagements=n + 1_000_000 * again)
            for again in (1, 2, 3)
            for n in range(CREATORS)
        ]
        await deployed.send(sent(changed))
        await expect(rows.first.locator(".c-engagement_24h")).to_have_text("3m")
        frames, mutations = await page.evaluate("[window.frames, window.mutations]")
        assert mutations < len(changed) / 10
        assert frames > 10, "it went on drawing"

        await page.get_by_label("Search creators").fill("c-00")
        await expect(page.locator(".found")).to_have_text("1,000 of 10,000 creators")
        a_tenth = await cost(page, session)
        assert all_of_them < COSTLIER * a_tenth, (all_of_them, a_tenth)
        await page.get_by_label("Search creators").fill("c-09999")
        await expect(rows).to_have_count(1)
        await expect(rows.first).to_contain_text("c-09999")


async def test_on_one_s_own_machine_nobody_signs_in_and_a_closed_page_leaves_no_stream(
    deployed: Deployment,
) -> None:
    api = Api(deployed, PULSE_API_ACCESS="auto", PULSE_API_TOKENS="")
    await deployed.send(sent([score("ada", at=now_ms())]))

    async def streams() -> int:
        _, told = await api.ask("GET", "/readyz")
        return int(told["facts"]["streams"])

    async def gone() -> bool:
        return await streams() == 0

    with api.process:
        await api.ready()
        async with chromium() as browser:
            async with opened(browser) as page:
                await page.goto(f"http://127.0.0.1:{api.port}/#/creators")
                await expect(page.locator(".rows .row")).to_have_count(1)
                await expect(page.locator(".who")).to_have_text("localoperator")
                assert await page.get_by_role("button", name="Sign out").count() == 0
                assert await streams() == 1
            await until(gone, 30, "the stream is closed")
