"""The live page in a real Chromium, on a real Kafka: watched, acted on, cut off, attacked."""

import asyncio
import json
import re
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace
from playwright.async_api import Browser, Page, expect

from schemas.scores import PostOutlier
from stack.waiting import until
from tests.harness.browser import PHONE, chromium, opened
from tests.integration.deployment import Deployment, Sent
from tests.integration.paged import UNKNOWN, creator_path, enter, go, now_ms, row, sent
from tests.integration.test_alert_commands import HOUR_MS, SOON, await_alert, burst, follows
from tests.integration.test_api import ADA, Api
from tests.unit.api.caller import MINUTE, alert, campaign, profile, score, sentiment, window

expect.set_options(timeout=60_000)
DAY = 24 * HOUR_MS
LENA = "instagram:lena"
EVIL = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as made:
        yield made


def likes(creator: str, name: str, count: int) -> list[Sent]:
    envelope = {"creator_id": creator, "platform": "x", "post_id": "p", "occurred_at": now_ms()}
    return [
        Sent(
            "likes",
            creator.encode(),
            json.dumps({**envelope, "event_id": f"{name}-{n}", "actor_id": f"{n}"}).encode(),
        )
        for n in range(count)
    ]


def world(handle: str = "lena", name: str = "Spring") -> list[Sent]:
    """A creator with a past, a campaign, a weak post, and an alert with evidence of each sort."""
    now = now_ms()
    began = now - 20 * MINUTE
    evidence = {
        "posts": [
            {"post_id": f"post {name}", "age_minutes": 90.0, "observed": 3, "expected": 60.0},
            {"post_id": "bluesky-0030", "age_minutes": 99.0, "observed": 12_308, "expected": 9e3},
        ],
        "comments": [
            {"comment_id": "c", "post_id": "p", "text": f"so bad {name}", "compound": -0.8}
        ],
        "baseline": [5.0, 9.0, 7.0, 8.0],
        "authors": 12,
    }
    told = alert(LENA, at=now, began=began, kind="engagement_drop", severity="critical")
    value = json.loads(told.value or b"")
    value["reason"] = f"Posts of @{handle} got 3 where 60 were expected."
    value["evidence"] |= evidence
    plan = json.loads(campaign("c1", LENA, name=name).value or b"")
    plan |= {"brand": f"brand {name}", "owner": f"owner {name}", "targets": {"likes": 100_000}}
    plan |= {"starts_at": now - 2 * DAY, "ends_at": now + 2 * DAY}
    windows = [
        window(LENA, now - now % MINUTE - n * 10 * MINUTE, likes=20 + n % 7, followers=900 + n)
        for n in range(1, 6 * 26)
    ]
    weak = PostOutlier(
        post_id=f"post {name}",
        campaign_id="c1",
        age_minutes=90.0,
        observed=3,
        expected=60.0,
        score=-20.0,
    )
    good = replace(weak, post_id="hit", campaign_id=None, observed=300, score=5.0)
    scores = (
        score(LENA, 12.0, at=now, posts=[weak]),
        score("x:max", 70.0, at=now, platform="x", posts=[good]),
    )
    return [
        *sent([profile(LENA, handle, at=now, tags=[name]), *scores]),
        *sent([sentiment(LENA, -0.5), *windows]),
        Sent("campaigns", b"c1", json.dumps(plan).encode()),
        Sent("alerts", told.key, json.dumps(value).encode()),
    ]


@pytest.fixture
async def api(deployed: Deployment) -> AsyncIterator[Api]:
    """An API whose sessions outlive it."""
    made = Api(deployed, PULSE_API_SESSION_SECRET="s" * 32)
    with made.process:
        yield made


@pytest.mark.timeout(300)
async def test_an_operator_watches_a_creator_live_takes_an_alert_and_is_back_after_a_restart(
    deployed: Deployment, api: Api, browser: Browser
) -> None:
    await deployed.send(follows(ADA, now_ms() - 7 * HOUR_MS, "first", 1))
    worker = deployed.worker(**SOON)
    await worker.ready()
    await api.ready()
    # The browser tells of an API that is away or not ready yet, and of the wrong token.
    async with opened(browser, expected=(UNKNOWN, "ERR_", "503")) as page:
        await page.goto(f"http://127.0.0.1:{api.port}/")
        await page.get_by_label("Token").fill("pulse_wrong")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("alert")).to_contain_text("not known")
        await enter(page, api)
        await go(page, api, "creators")
        hour = row(page, ADA).locator(".c-engagement_1h")
        await deployed.send(likes(ADA, "one", 3))
        await expect(hour).to_have_text("3")
        await deployed.send(likes(ADA, "two", 4))
        await expect(hour).to_have_text("7")

        await burst(deployed, ADA, 400)
        chip = row(page, ADA).locator(".chip")
        await expect(chip).to_contain_text("Follower spike")
        await chip.click()
        detail = page.get_by_role("article", name="Alert")
        await expect(detail).to_contain_text("Expected")
        await expect(detail.locator(".reason")).to_contain_text("followers in")
        await expect(detail).to_contain_text("Cause: the followers may be bought.")
        await expect(detail.locator(".figures")).to_contain_text("followers more")
        await detail.get_by_role("button", name="Acknowledge").click()
        await expect(page.locator(".toast")).to_have_text(re.compile("^Sent: .* is taken$"))
        await go(page, api, "creators")
        await expect(chip).to_contain_text("✓ operator-1")
        taken = await await_alert(deployed, ADA, acknowledged_by="operator-1")
        assert taken["quiet"] == "acknowledged"
        await chip.click()
        await expect(detail.locator(".kind")).to_contain_text("taken by operator-1")
        await expect(detail.locator(".pending")).to_have_count(0)
        await expect(detail.locator(".log")).to_contain_text("taken by operator-1")
        await expect(detail.get_by_role("button", name="Acknowledge")).to_have_count(0)

        await go(page, api, "creators")
        api.process.kill()
        await expect(page.locator(".connection")).to_contain_text("reconnecting")
        await expect(page.locator("#banner")).to_contain_text("may be old")
        await expect(hour).to_have_text("7")
        await deployed.send(likes(ADA, "three", 5))
        api.process.start()
        await expect(page.locator(".connection.live")).to_have_text("Live")
        await expect(hour).to_have_text("12")
        await expect(chip).to_contain_text("✓ operator-1")

        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_label("Token")).to_be_visible()
        answer = await page.evaluate("fetch('/api/v1/me').then((answer) => answer.status)")
        assert answer == 401


async def test_a_morning_is_answered_and_every_view_shows_what_was_published(
    deployed: Deployment, api: Api, browser: Browser
) -> None:
    await deployed.send(world())
    await api.ready()

    async def counted() -> bool:
        return (await api.get("/campaigns"))["campaigns"][0]["progress"] is not None

    await until(counted, 60, lambda: f"the campaign is counted\n{api.process.tail()}")
    async with opened(browser, expected=(UNKNOWN, "404")) as page:
        await enter(page, api, "viewer")
        card = page.get_by_role("region", name="Who needs someone now")
        await expect(card).to_contain_text("Posts of @lena got 3 where 60 were expected.")
        await expect(card).to_contain_text("Spring · brand Spring · owner owner Spring")
        for title, told in (
            ("Is the data complete and current?", "All that was published has been read."),
            ("What happened", "1 critical"),
            ("Campaigns below expectation", "1 of 1 below 40"),
            ("Campaigns below expectation", "Likes 3,"),
            ("Campaigns below expectation", "expected in that time"),
            ("Campaigns below expectation", "counted since"),
            ("Posts far from what is usual at their age", "1 post far below, 1 far above."),
            ("Where the mood turns", "Nowhere"),
        ):
            await expect(page.get_by_role("region", name=title)).to_contain_text(told)
        assert await page.get_by_role("button", name="Acknowledge").count() == 0, "a viewer reads"

        posts = page.get_by_role("region", name="Posts far from").locator("li")
        weak, good = posts.nth(0), posts.nth(1)
        await expect(weak.locator(".why")).to_have_text(
            "3 engagements where 60 are usual by then: 20 times fewer."
        )
        await expect(good).to_contain_text("5 times as many")
        await expect(good).to_contain_text("in no campaign")
        for told in ("@lena", "post Spring", "90 min old", "Spring · brand Spring"):
            await expect(weak).to_contain_text(told)
        await expect(weak.get_by_role("link", name="Engagement drop")).to_be_visible()
        await weak.get_by_role("link", name="@lena").click()
        own = page.get_by_role("region", name="Posts far from usual")
        await expect(own.get_by_role("row")).to_have_count(2)
        await expect(own).to_contain_text("5\u00a0%")
        await go(page, api, creator_path("x:max"))
        await expect(own).to_contain_text("500\u00a0%")
        await go(page, api, "")

        await card.get_by_role("link", name="Engagement drop").click()
        detail = page.get_by_role("article", name="Alert")
        for told in ("post Spring", "so bad Spring", "At least 12 people", "4 values from 5 to 9"):
            await expect(detail).to_contain_text(told)
        assert await page.locator(".actions").count() == 0, "a viewer reads"

        await go(page, api, creator_path(LENA))
        await expect(page.locator(".uplot canvas").first).to_be_visible()
        await expect(page.locator(".profile")).to_contain_text("Spring")
        await expect(page.get_by_role("region", name="Alerts")).to_contain_text("Engagement drop")
        await expect(page.locator(".plots")).to_contain_text("Followers")
        assert await painted(page), "there is a line on the chart"
        await page.get_by_role("button", name="7d").click()
        await expect(page.locator(".plots")).to_contain_text("Engagements per hour")
        await expect(page).to_have_url(re.compile("range=7d"))
        await go(page, api, creator_path("nobody"))
        await expect(page.locator(".plots")).to_contain_text("Nobody by this id is known")
        await expect(page.locator(".skeleton")).to_have_count(0)
        await go(page, api, "alerts/nothing")
        await expect(detail).to_contain_text("There is none by this id")


async def test_the_morning_quotes_comments_that_turn_and_leads_to_alerts_it_has_no_room_for(
    deployed: Deployment, api: Api, browser: Browser
) -> None:
    now = now_ms()
    told = alert(LENA, at=now, began=now - MINUTE, kind="sentiment_crisis", severity="critical")
    turned = json.loads(told.value or b"")
    turned["reason"] = "98 % of 50 comments to @lena are negative."
    turned["evidence"] |= {
        "comments": [{"comment_id": "c", "post_id": "p", "text": "so bad", "compound": -0.8}],
        "authors": 46,
        "probability": 1.3e-7,
    }
    others = [alert(f"x:{n}", at=now, began=now - n * MINUTE) for n in range(6)]
    await deployed.send(sent([profile(LENA, "lena", at=now), score(LENA, 40.0, at=now), *others]))
    await deployed.send([Sent("alerts", told.key, json.dumps(turned).encode())])
    await api.ready()
    async with opened(browser, expected=(UNKNOWN,)) as page:
        await enter(page, api)
        mood = page.get_by_role("region", name="Where the mood turns")
        for what in ("so bad", "by at least 46 people", "98\u00a0% of 50 comments"):
            await expect(mood).to_contain_text(what)
        await expect(page.locator("main")).not_to_contain_text("[object")
        await page.get_by_role("link", name="all alerts").click()
        await expect(page.locator(".feed .item")).to_have_count(7)
        await go(page, api, "")
        await mood.get_by_role("link", name="Mood turns").click()
        detail = page.get_by_role("article", name="Alert")
        await expect(detail.locator(".figures")).to_contain_text("1 in 7.7 million")
        words = "import('/page/words.js').then((words) => [4.96e-6, 0.02, 1e-12].map(words.chance))"
        assert await page.evaluate(words) == ["1 in 200,000", "1 in 50", "< 1 in 1 billion"]
        await expect(detail.locator(".next")).to_contain_text("Read the comments below first.")
        began = detail.locator("time").first
        utc = (await began.get_attribute("datetime") or "")[11:16]
        await expect(detail).to_contain_text(f"({utc} UTC)")


async def painted(page: Page) -> bool:
    """Whether there is anything of the accent's colour on the first chart."""
    return bool(
        await page.locator(".uplot canvas").first.evaluate("""(canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      for (let n = 0; n < data.length; n += 4)
        if (`${data.slice(n, n + 4)}` === "15,107,107,255") return true;
      return false;
    }""")
    )


async def test_text_from_outside_stays_text(
    deployed: Deployment, api: Api, browser: Browser
) -> None:
    await deployed.send(world(EVIL, EVIL))
    await api.ready()
    async with opened(browser, expected=(UNKNOWN,)) as page:
        await enter(page, api)
        seen = 0
        for path, wanted in (
            ("", ".people li"),
            ("creators", ".rows .row"),
            (creator_path(LENA), ".uplot canvas"),
            ("alerts", ".feed .item"),
        ):
            await go(page, api, path)
            await page.locator(wanted).first.wait_for()
            await expect(page.locator("main")).to_contain_text(EVIL)
            seen += (await page.locator("main").text_content() or "").count(EVIL)
        await page.locator(".feed .reason").first.click()
        await expect(page.locator(".detail q")).to_have_text(f"so bad {EVIL}")
        assert seen >= 8, "handle, campaign, brand, owner, post, reason"
        assert await page.evaluate("window.hacked") is None
        assert await page.locator("main img, main script").count() == 0


async def test_the_policy_lets_no_text_become_markup(api: Api, browser: Browser) -> None:
    await api.ready()
    async with opened(browser, expected=(UNKNOWN, "TrustedHTML", "inline")) as page:
        await page.goto(f"http://127.0.0.1:{api.port}/")
        await page.get_by_label("Token").wait_for()
        refused = await page.evaluate("""() => {
          const made = document.createElement("p");
          made.setAttribute("style", "color: red");
          const styled = made.style.color === "red";
          try { document.body.innerHTML = "<b>x</b>"; } catch { return !styled; }
          return false;
        }""")
        assert refused


async def test_everything_is_done_by_keys(deployed: Deployment, api: Api, browser: Browser) -> None:
    await deployed.send(world())
    await api.ready()
    async with opened(browser, expected=(UNKNOWN,)) as page:
        await enter(page, api)
        press = page.keyboard.press
        await press("/")
        await expect(page.get_by_label("Search creators")).to_be_focused()
        await page.keyboard.type("LEN")
        await expect(page.locator(".found")).to_have_text("1 of 2 creators")
        await expect(page.locator(".rows .row")).to_have_count(1)
        await press("Escape")
        await press("j")
        await expect(row(page, LENA)).to_have_class("row chosen")
        grid = page.get_by_role("grid", name="Creators")
        assert await grid.get_attribute("aria-activedescendant") == "row-0"
        await press("a")
        await expect(row(page, LENA).locator(".chip")).to_contain_text("✓ operator-1")
        await press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text("@lena")
        await press("3")
        await press("j")
        await expect(page.get_by_role("article", name="Alert")).to_contain_text("Evidence")
        await press("?")
        await expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
        await press("Escape")
        await expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
        await press("t")
        assert await page.evaluate("document.documentElement.dataset.theme") == "dark"
        await press("Tab")
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert await page.evaluate(outline) == "solid", "where one is can be seen"


async def test_a_phone_shows_every_view_without_scrolling_sideways(
    deployed: Deployment, api: Api, browser: Browser
) -> None:
    await deployed.send(world("a-handle-that-is-as-long-as-handles-get", "W" * 60))
    await api.ready()
    async with opened(browser, expected=(UNKNOWN,), viewport=PHONE, has_touch=True) as page:
        await enter(page, api)
        alerts = (await api.get("/alerts"))["alerts"]
        for path, wanted in (
            ("", ".people li"),
            ("creators", ".rows .row"),
            (creator_path(LENA), ".uplot canvas"),
            ("alerts", ".feed .item"),
            (f"alerts/{alerts[0]['alert_id']}", ".detail .figures"),
        ):
            await go(page, api, path)
            await page.locator(wanted).first.wait_for()
            wide = await page.evaluate("document.documentElement.scrollWidth")
            assert wide <= PHONE["width"], path
        assert await broken(page) == [], "a number stays on one line"


async def broken(page: Page) -> list[str]:
    """Numbers in tables that are written on more than one line."""
    found: list[str] = await page.locator("td.number").evaluate_all("""(cells) => cells
      .filter((cell) => {
        const range = document.createRange();
        range.selectNodeContents(cell);
        return new Set([...range.getClientRects()].map((one) => Math.round(one.top))).size > 1;
      })
      .map((cell) => cell.textContent)""")
    return found


async def test_who_is_unknown_gets_the_page_and_nothing_that_is_known(
    deployed: Deployment, api: Api, browser: Browser
) -> None:
    await deployed.send(world())
    await api.ready()
    async with opened(browser, expected=(UNKNOWN, "ERR_", "503")) as page:
        await page.goto(f"http://127.0.0.1:{api.port}/#/creators")
        await expect(page.get_by_label("Token")).to_be_focused()
        assert "lena" not in await page.content()
        await enter(page, api)
        await go(page, api, "creators")
        await expect(page.locator(".rows .row")).to_have_count(2)
        # Whoever takes the session away ends what is shown live. While the API is away, or the page
        # could be told by an API that is gone when the page is loaded anew.
        api.process.terminate()
        await asyncio.to_thread(api.process.wait, 60)
        await page.context.clear_cookies()
        api.process.start()

        async def asked() -> bool:
            return await page.get_by_label("Token").is_visible()

        await until(asked, 150, lambda: f"the page asks for a token\n{api.process.tail()}")
        assert "lena" not in await page.content()


async def test_a_session_that_ends_as_the_api_goes_leaves_a_page_that_says_so_and_comes_back(
    deployed: Deployment, api: Api, browser: Browser
) -> None:
    await deployed.send(world())
    await api.ready()
    async with opened(browser, expected=(UNKNOWN, "ERR_", "503")) as page:
        await enter(page, api)
        await go(page, api, "creators")
        await expect(page.locator(".rows .row")).to_have_count(2)
        api.process.kill()
        await expect(page.locator(".connection")).to_contain_text("reconnecting")
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.locator(".toast")).to_contain_text("Not signed out. No connection")
        await expect(page.locator(".rows .row")).to_have_count(2)

        # The last answer of an API that is not there to be asked for the page.
        questions = re.compile("/api/v1/|/readyz")
        await page.route(questions, lambda route: route.fulfill(status=401))
        note = page.locator("main .note")
        await expect(note).to_contain_text("the API does not answer")
        assert "lena" not in await page.content()
        await expect(page.locator(".badge")).to_be_hidden()
        await page.unroute(questions)
        await page.context.clear_cookies()
        api.process.start()
        await expect(page.get_by_label("Token")).to_be_visible()
        await expect(page).to_have_url(re.compile("#/creators$"))
