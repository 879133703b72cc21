// Overview: the first look in the morning, as questions and their answers.
// Knows what somebody asks who was away. Must not know how an answer was computed: it counts and ranks only.
import { MOODY, TURNED, brief, data, five, freshness, mood, night, person, silenced } from "./answers.js";
import { V1, get, part, query } from "./api.js";
import { below, campaigns } from "./campaigns.js";
import { empty, failure, h, redraw, skeleton } from "./dom.js";
import { far, farPosts, shownOf } from "./far.js";
import { causeName } from "./words.js";

const HOUR = 3_600_000;
const REDRAW = 2000; // ms between two drawings at most
const CALLS = ["follower_spike", "unfollow_wave"];

export function overview(app) {
  const { store } = app;
  let past = null; // alerts that began or ended since
  let moods = null;
  let problem = null;
  let since = evening();
  const card = (title, sub, name) => {
    const body = h("div", { class: "body" }, skeleton(3));
    return {
      body,
      element: h(
        "section",
        { class: `card ${name}`, "aria-label": title },
        h("h2", {}, title),
        sub && h("p", { class: "sub" }, sub),
        body,
      ),
    };
  };
  const cards = {
    // in two columns, by turns
    five: card(
      "Who needs someone now",
      "The five most urgent creators with an open alert that nobody has taken.",
      "five",
    ),
    data: card("Is the data complete and current?", null, "data"),
    campaigns: card(
      "Campaigns below expectation",
      "By the middle score of their creators, each against their own past (50 is as usual), and by targets against an even pace.",
      "campaigns",
    ),
    night: card("What happened", null, "night"),
    posts: card(
      "Posts far from what is usual at their age",
      "Live posts with three times what their creator's posts usually have by then, or a third of it.",
      "posts",
    ),
    mood: card("Where the mood turns", null, "mood"),
    followers: card("Followers gained or lost abnormally", null, "followers"),
    quiet: card("Snoozed, held back, digested", "Open alerts for which nobody is called, and why.", "quiet"),
  };
  const select = h(
    "select",
    {
      "aria-label": "Since when",
      onchange: () => {
        since = Date.now() - Number(select.value) * HOUR;
        if (select.value === "0") since = evening();
        load();
      },
    },
    h("option", { value: 0 }, "since yesterday 18:00"),
    h("option", { value: 1 }, "in the last hour"),
    h("option", { value: 12 }, "in the last 12 hours"),
    h("option", { value: 24 }, "in the last 24 hours"),
    h("option", { value: 72 }, "in the last 3 days"),
  );
  cards.night.element.querySelector("h2").append(" ", select);
  const element = h(
    "section",
    { class: "overview" },
    h(
      "div",
      { class: "headline" },
      h("h1", {}, "Morning view"),
      h(
        "p",
        { class: "sub" },
        new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" }).format(
          new Date(),
        ),
      ),
    ),
    h(
      "div",
      { class: "grid" },
      [0, 1].map((side) =>
        h(
          "div",
          {},
          Object.values(cards)
            .filter((_, n) => n % 2 === side)
            .map((one) => one.element),
        ),
      ),
    ),
  );

  async function load() {
    try {
      // Ended ones may have begun long before: a week back is asked for.
      const [begun, ended] = await Promise.all([
        get(`${V1}/alerts${query({ state: "all", from: Math.floor(since), limit: 500 })}`),
        get(`${V1}/alerts${query({ state: "ended", from: Math.floor(since - 7 * 24 * HOUR), limit: 500 })}`),
      ]);
      const real = (alert) => alert.kind !== "digest";
      past = {
        opened: begun.alerts.filter(real),
        resolved: ended.alerts.filter((alert) => real(alert) && Date.parse(alert.ended_at) >= since),
        whole: begun.next === null && ended.next === null,
      };
      problem = null;
    } catch (error) {
      problem = error;
    }
    draw();
  }

  async function feel() {
    const turned = [...store.creators.values()]
      .filter(
        (one) =>
          one.sentiment_1h !== null &&
          one.sentiment_24h !== null &&
          Math.abs(one.sentiment_1h - one.sentiment_24h) >= TURNED,
      )
      .sort((a, b) => Math.abs(b.sentiment_1h - b.sentiment_24h) - Math.abs(a.sentiment_1h - a.sentiment_24h))
      .slice(0, 8);
    const told = await Promise.all(
      turned.map((one) => get(`${V1}/creators/${part(one.creator_id)}`).catch(() => null)),
    );
    moods = told.filter((one) => one?.sentiment && one.sentiment.windows["1h"].comments >= MOODY).slice(0, 4);
  }

  function draw() {
    if (!store.loaded) return;
    const open = [...store.alerts.values()];
    const put = (name, signature, make) => redraw(cards[name].body, JSON.stringify(signature), make);
    const names = [store.campaigns.size];
    const ids = (alerts) => alerts.map((a) => [a.alert_id, a.severity, a.reason, store.takenBy(a)]);

    const urgent = five(store, open);
    put(
      "five",
      [urgent.map(([id, alerts]) => [id, ids(alerts), store.creators.get(id)?.handle]), names, app.operator],
      () =>
        urgent.length
          ? h(
              "ol",
              { class: "people" },
              urgent.map(([, alerts]) => person(app, alerts)),
            )
          : empty("Nobody", "No open alert waits for somebody."),
    );

    const platforms = freshness(store, open);
    put(
      "data",
      [platforms.map(({ latest, ...rest }) => [rest, Math.floor(latest / 10_000)]), app.health],
      () => data(platforms, app.health),
    );

    put(
      "night",
      [problem?.message, past && [ids(past.opened), ids(past.resolved), past.whole], open.length, since],
      () => (problem ? failure(problem, load) : past ? night(store, past, open, since) : skeleton(3)),
    );

    const weak = below(store);
    put("campaigns", [weak, store.campaigns.size], () => campaigns(store, weak));

    const outliers = far(store);
    put("posts", [shownOf(store, outliers), names], () => farPosts(store, outliers));

    const moved = [...open, ...(past?.resolved ?? [])]
      .filter((alert) => CALLS.includes(alert.kind))
      .slice(0, 6);
    put("followers", ids(moved), () =>
      moved.length
        ? h(
            "ul",
            { class: "briefs" },
            moved.map((alert) => brief(store, alert, h("p", { class: "sub" }, `Cause: ${causeName(alert.explanation)}`))),
          )
        : empty("Nobody", "Followers come and go as usual."),
    );

    const turning = open.filter((alert) => alert.kind === "sentiment_crisis");
    put(
      "mood",
      [ids(turning), moods?.map((one) => [one.summary.creator_id, one.sentiment.windows["1h"]])],
      () => mood(store, turning, moods),
    );

    const quiet = open.filter((alert) => !alert.notify || store.takenBy(alert));
    const digests = open.filter((alert) => alert.kind === "digest");
    put("quiet", [ids(quiet), ids(digests), quiet.map((a) => a.quiet)], () =>
      silenced(store, quiet, digests),
    );
  }

  let drawnAt = 0;
  let later = null;
  const soon = () => {
    later ??= setTimeout(
      () => {
        later = null;
        drawnAt = performance.now();
        draw();
      },
      Math.max(0, drawnAt + REDRAW - performance.now()),
    );
  };
  const timer = setInterval(() => {
    load();
    if (store.loaded) feel().then(draw);
  }, 60_000);
  load();
  if (store.loaded) feel().then(draw);
  draw();
  return {
    element,
    title: "Morning view",
    changed(changed) {
      if (changed.all) {
        drawnAt = 0;
        feel().then(draw);
        load();
      }
      soon();
    },
    keys: {},
    close() {
      clearInterval(timer);
      clearTimeout(later);
    },
  };
}

function evening() {
  const day = new Date();
  day.setDate(day.getDate() - 1);
  return day.setHours(18, 0, 0, 0);
}
