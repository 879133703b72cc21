// Creator: one creator's numbers, charts, alerts and campaigns. Must not know how charts are drawn.
import { V1, get, part, query } from "./api.js";
import { chart, usual } from "./chart.js";
import { empty, failure, h, severityMark, skeleton } from "./dom.js";
import { campaignLink, posts, stateOf } from "./evidence.js";
import { NONE, ago, at, compact, count, kindName, percent, prose, signed, some } from "./words.js";

const HOUR = 3600;
const RANGES = {
  "6h": [6 * HOUR, "5m"],
  "24h": [24 * HOUR, "5m"],
  "7d": [168 * HOUR, "1h"],
  "30d": [720 * HOUR, "1h"],
};
const STEPS = { "5m": 300, "1h": HOUR };
const WINDOWS = ["1m", "5m", "1h", "24h"];
const ROWS = [
  ["Engagements", "engagements"],
  ["Likes", (c) => c.likes - c.unlikes],
  ["Comments", (c) => c.comments - c.uncomments],
  ["Shares", (c) => c.shares - c.unshares],
  ["Saves", (c) => c.saves - c.unsaves],
  ["Views", "views"],
  ["Follows", "follows"],
  ["Unfollows", "unfollows"],
  ["Clicks", "clicks"],
  ["Conversions", "conversions"],
  ["People", "unique_actors"],
];
const REFRESH = 30_000;

export function creator(app, parameters, creatorId) {
  const { store } = app;
  let range = RANGES[parameters.get("range")] ? parameters.get("range") : "24h";
  let found = null;
  let alerts = [];
  let charts = [];
  let fetched = 0;
  let closed = false;
  const path = `${V1}/creators/${part(creatorId)}`;
  const top = h("header", { class: "profile" });
  const plots = h("div", { class: "plots" }, skeleton(6));
  const table = h("div", {}, skeleton(4));
  const list = h("div", {}, skeleton(3));
  const outliers = h("section", { class: "card", "aria-label": "Posts far from usual", hidden: true });
  const buttons = Object.keys(RANGES).map((name) =>
    h("button", { "aria-pressed": String(name === range), onclick: () => choose(name) }, name),
  );
  const element = h(
    "section",
    { class: "creator" },
    h("a", { class: "back", href: "#/creators" }, "‹ All creators"),
    top,
    h(
      "div",
      { class: "two" },
      h(
        "section",
        { class: "card", "aria-label": "Charts" },
        h(
          "h2",
          {},
          "History ",
          h("span", { class: "switch", role: "group", "aria-label": "Range" }, buttons),
        ),
        plots,
      ),
      h(
        "div",
        { class: "stack" },
        outliers,
        h("section", { class: "card", "aria-label": "Alerts" }, h("h2", {}, "Alerts"), list),
        h("section", { class: "card", "aria-label": "Windows" }, h("h2", {}, "Now"), table),
      ),
    ),
  );

  function choose(name) {
    range = name;
    history.replaceState(
      null,
      "",
      `#/creators/${part(creatorId)}${query({ range: name === "24h" ? "" : name })}`,
    );
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.textContent === name));
    plots.replaceChildren(skeleton(6));
    load();
  }

  async function load() {
    try {
      const [told, page] = await Promise.all([
        get(path),
        get(`${V1}/alerts${query({ creator: creatorId, state: "all", limit: 50 })}`),
      ]);
      if (closed) return;
      found = told;
      alerts = page.alerts;
      fetched = Date.now();
      head();
      windows();
      episodes();
      await series();
    } catch (error) {
      if (closed) return;
      if (error.status === 404) unknown();
      else plots.replaceChildren(failure(error, load));
    }
  }

  function unknown() {
    top.replaceChildren(h("h1", {}, creatorId));
    const none = () => empty("Nothing", "Nothing is known.");
    plots.replaceChildren(
      empty("Unknown creator", "Nobody by this id is known, or all that was known has been erased."),
    );
    list.replaceChildren(none());
    table.replaceChildren(none());
  }

  async function series() {
    const [seconds, step] = RANGES[range];
    const end = Math.floor(Date.now() / 1000);
    const begin = end - seconds;
    const ask = (from, width) =>
      get(`${path}/history${query({ from: from * 1000, to: end * 1000, step: width })}`);
    const [fine, hours] = await Promise.all([ask(begin, step), ask(begin - 168 * HOUR, "1h")]);
    if (closed) return;
    draw(begin, end, STEPS[step], fine, hours);
  }

  function draw(begin, end, step, fine, hours) {
    for (const one of charts) one.close();
    charts = [];
    if (!fine.points.length) {
      plots.replaceChildren(
        empty(
          "No history in this range",
          "Minutes appear when they are closed, hours are kept for longer. Try a longer range.",
        ),
      );
      return;
    }
    const points = new Map(fine.points.map((point) => [Date.parse(point.at) / 1000, point]));
    const first = Math.min(
      ...(hours.points.length ? hours : fine).points.map((point) => Date.parse(point.at) / 1000),
      ...points.keys(),
    );
    const last = Math.min(end, fine.complete_until ? Date.parse(fine.complete_until) / 1000 : end);
    const times = [];
    for (let time = begin - (begin % step); time < last; time += step) times.push(time);
    // Before the first record nothing is known; after it, a step without activity is a zero.
    const values = (field) => times.map((time) => (time < first ? null : (points.get(time)?.[field] ?? 0)));
    let known = null;
    const followers = times.map((time) => (known = points.get(time)?.followers ?? known));
    const shaded = alerts.map((alert) => ({
      begin: Date.parse(alert.started_at) / 1000,
      end: alert.ended_at ? Date.parse(alert.ended_at) / 1000 : end,
      severity: alert.severity,
    }));
    const hourly = new Map(hours.points.map((point) => [Date.parse(point.at) / 1000, point.engagements]));
    const per = step === HOUR ? "hour" : "5 minutes";
    const band = usual(times, step, hourly);
    const add = (title, note, options) => {
      const one = chart({ label: title, times, episodes: shaded, band: null, ...options });
      charts.push(one);
      return h(
        "figure",
        {},
        h("figcaption", {}, h("strong", {}, title), h("span", { class: "sub" }, note)),
        one.element,
      );
    };
    const sum = (field) => fine.points.reduce((total, point) => total + point[field], 0);
    plots.replaceChildren(
      ...[
        add(
          `Engagements per ${per}`,
          band
            ? "Band: what is usual, the middle half of the same hour on up to seven days before."
            : "What is usual is shown once the same hour of three days before is known.",
          { series: [{ label: "engagements", values: values("engagements"), fill: true }], band },
        ),
        add(`Comments and shares per ${per}`, "", {
          series: [
            { label: "comments", values: values("comments") },
            { label: "shares", values: values("shares"), tone: "--second" },
          ],
        }),
        followers.some((value) => value !== null) &&
          add("Followers", "As last told in each step.", {
            series: [{ label: "followers", values: followers, near: true }],
          }),
        sum("follows") + sum("unfollows") > 0 &&
          add(`Follows and unfollows per ${per}`, "", {
            series: [
              { label: "follows", values: values("follows") },
              { label: "unfollows", values: values("unfollows"), tone: "--critical" },
            ],
          }),
        sum("views") > 0 &&
          add(`Views per ${per}`, "", {
            series: [{ label: "views", values: values("views"), fill: true, tone: "--second" }],
          }),
        sum("clicks") + sum("conversions") > 0 &&
          add(`Clicks and conversions per ${per}`, "", {
            series: [
              { label: "clicks", values: values("clicks") },
              { label: "conversions", values: values("conversions"), tone: "--second" },
            ],
          }),
        h(
          "p",
          { class: "sub" },
          "Shaded: episodes of alerts. Closed minutes only, without late events. Mood is kept for now only: see the table.",
        ),
      ].filter(Boolean),
    );
    for (const one of charts) one.draw();
  }

  function head() {
    const now = store.creators.get(creatorId) ?? found?.summary;
    if (!now) return;
    const campaigns = now.campaigns.map((id) => store.campaign(id));
    const signature = JSON.stringify([now, campaigns, found?.profile, app.about?.creator_link]);
    if (top.signature === signature) return;
    top.signature = signature;
    const far = now.posts ?? [];
    outliers.hidden = !far.length;
    outliers.replaceChildren(h("h2", {}, "Posts far from what is usual at their age"), posts(far));
    const figure = (title, value, hint) => h("div", { title: hint }, h("dt", {}, title), h("dd", {}, value));
    const dashboard = app.about?.creator_link
      ? app.about.creator_link.replaceAll("{creator_id}", part(creatorId))
      : null;
    top.replaceChildren(
      h(
        "div",
        {},
        h("h1", {}, now.handle ? `@${now.handle}` : creatorId),
        h(
          "p",
          { class: "sub" },
          [now.platform, now.tier, creatorId, ...(found?.profile?.tags ?? [])].filter(Boolean).join(" · "),
          now.as_of && [" · newest event ", ago(now.as_of)],
        ),
        campaigns.length
          ? h(
              "p",
              { class: "sub" },
              campaigns.map((one, n) => [
                n > 0 && "; ",
                ...campaignLink(one),
              ]),
            )
          : "",
        h(
          "p",
          { class: "links" },
          dashboard && h("a", { href: dashboard, rel: "noreferrer", target: "_blank" }, "Dashboard ↗"),
        ),
      ),
      h(
        "dl",
        { class: "figures" },
        figure(
          "Score",
          now.score === null ? NONE : now.score.toFixed(0),
          `0–100 against ${some(now.score_samples, "earlier post")}; 50 is as usual`,
        ),
        figure("Last hour", compact(now.engagements["1h"])),
        figure("Last day", compact(now.engagements["24h"])),
        figure("Rate", percent(now.engagement_rate_24h), "Engagements of the last day per follower"),
        figure("Mood", signed(now.sentiment_24h)),
        figure("Followers", compact(now.followers)),
      ),
    );
  }

  function windows() {
    const { engagement, sentiment } = found;
    if (!engagement) {
      table.replaceChildren(empty("No score yet", "Only a profile is known."));
      return;
    }
    const cells = (make) => WINDOWS.map((name) => h("td", { class: "number" }, make(name)));
    const rows = ROWS.map(([title, of]) => [
      title,
      (name) => count(typeof of === "string" ? engagement.windows[name][of] : of(engagement.windows[name])),
    ]).filter(([, make]) => make("24h") !== "0");
    table.replaceChildren(
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("th", { scope: "col" }, "Window"),
            WINDOWS.map((name) => h("th", { scope: "col", class: "number" }, name)),
          ),
        ),
        h(
          "tbody",
          {},
          rows.map(([title, make]) => h("tr", {}, h("th", { scope: "row" }, title), cells(make))),
          sentiment &&
            h(
              "tr",
              {},
              h("th", { scope: "row" }, "Mood"),
              cells((name) => signed(sentiment.windows[name]?.net)),
            ),
          sentiment &&
            h(
              "tr",
              {},
              h("th", { scope: "row" }, "of comments"),
              cells((name) => count(sentiment.windows[name]?.comments)),
            ),
        ),
      ),
    );
  }

  function episodes() {
    const shown = alerts.map((alert) => store.alerts.get(alert.alert_id) ?? alert);
    list.replaceChildren(
      shown.length
        ? h(
            "ul",
            { class: "briefs" },
            shown
              .slice(0, 12)
              .map((alert) =>
                h(
                  "li",
                  { "data-alert": alert.alert_id },
                  h(
                    "p",
                    { class: "kind" },
                    severityMark(alert.severity),
                    " ",
                    h("a", { href: `#/alerts/${part(alert.alert_id)}` }, kindName(alert.kind)),
                    h("span", { class: "state" }, stateOf(store, alert)),
                    h("span", { class: "when" }, at(alert.started_at)),
                  ),
                  h("p", { class: "why" }, prose(alert.reason)),
                ),
              ),
          )
        : empty("None", "There has been no alert so far."),
    );
  }

  const timer = setInterval(load, REFRESH);
  load();
  return {
    element,
    title: store.name(creatorId),
    changed(changed) {
      if (changed.all || changed.creators.has(creatorId)) head();
      if (changed.alerts && changed.creators.has(creatorId)) {
        if (found) episodes();
        // A new episode is in the list that the API keeps, and shades the charts.
        if (Date.now() - fetched > 2000) load();
      }
    },
    themed() {
      for (const one of charts) one.draw();
    },
    keys: {
      Escape: () => app.go("#/creators"),
      a: () => {
        const open = (store.alertsOf.get(creatorId) ?? []).find((alert) => !store.takenBy(alert));
        if (open) app.acknowledge(open);
      },
    },
    close() {
      closed = true;
      clearInterval(timer);
      for (const one of charts) one.close();
    },
  };
}
