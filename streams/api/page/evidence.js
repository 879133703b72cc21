// Evidence: one alert with all that is known of it, and what may be done about it.
// Knows the fields of an alert's record. Must not decide anything about it.
import { V1, get, part } from "./api.js";
import { empty, failure, h, setSpark, severityMark, skeleton, spark } from "./dom.js";
import {
  NONE,
  actionName,
  ago,
  amount,
  at,
  causeName,
  chance,
  compact,
  count,
  kindName,
  metricName,
  nextStep,
  percent,
  plain,
  prose,
  quietName,
  signed,
  some,
  statusName,
  utcClock,
} from "./words.js";

const SNOOZES = [
  [3600, "1 hour"],
  [4 * 3600, "4 hours"],
  [24 * 3600, "1 day"],
  [7 * 86400, "1 week"],
];

/** The life of an alert in one word or two. */
export function stateOf(store, alert) {
  if (alert.status === "resolved") return "ended";
  const taken = store.takenBy(alert);
  if (taken) return `taken by ${taken}`;
  return alert.quiet === "snoozed" ? "snoozed" : "open";
}

export function subject(store, alert) {
  if (alert.kind === "digest") return h("strong", {}, "Digest");
  if (alert.creator_id.startsWith("platform:"))
    return h("strong", {}, plain(alert.platform ?? alert.creator_id));
  return h(
    "a",
    { class: "handle", href: `#/creators/${part(alert.creator_id)}` },
    store.name(alert.creator_id),
  );
}

/** Whose a campaign is: its brand and owner, as far as they are known. */
export const keepers = (one) =>
  [one.brand, one.owner && `owner ${one.owner}`].filter(Boolean).join(" · ");

/** A campaign by its name, with whose it is behind it. */
export const campaignLink = (one) => [
  h("a", { href: `#/creators?campaign=${part(one.campaign_id)}` }, one.name),
  keepers(one) && ` · ${keepers(one)}`,
];

/** Whose creator it is: campaigns with brand and owner. */
export function whose(store, alert) {
  const campaigns = store.campaignsOf(alert);
  if (!campaigns.length) return h("span", { class: "whose" }, "in no campaign");
  return h(
    "span",
    { class: "whose" },
    campaigns.slice(0, 2).map((one, n) => [
      n > 0 && ", ",
      ...campaignLink(one),
    ]),
    campaigns.length > 2 && ` +${campaigns.length - 2}`,
  );
}

export function actions(app, alert) {
  if (!app.operator || !alert.creator_id) return null;
  const said = app.store.said.get(alert.alert_id);
  const open = alert.status !== "resolved";
  const taken = app.store.takenBy(alert);
  const say = (action, seconds) => () => app.say(alert, action, seconds);
  return h(
    "div",
    { class: "actions", role: "group", "aria-label": "What to do with this alert" },
    open &&
      !taken &&
      h(
        "button",
        {
          class: "primary",
          "data-action": "acknowledge",
          "aria-keyshortcuts": "a",
          onclick: say("acknowledge"),
        },
        "Acknowledge",
      ),
    open &&
      alert.quiet !== "snoozed" &&
      h(
        "select",
        {
          "aria-label": "Snooze this alert",
          "data-action": "snooze",
          onchange: (event) => {
            if (event.target.value) app.say(alert, "snooze", Number(event.target.value));
            event.target.value = "";
          },
        },
        h("option", { value: "" }, "Snooze …"),
        SNOOZES.map(([seconds, text]) => h("option", { value: seconds }, text)),
      ),
    open && alert.quiet === "snoozed" && h("button", { "data-action": "wake", onclick: say("wake") }, "Wake"),
    h(
      "button",
      {
        "data-action": "useful",
        "aria-pressed": String(alert.feedback === "useful"),
        onclick: say("useful"),
      },
      "Useful",
    ),
    h(
      "button",
      { "data-action": "false", "aria-pressed": String(alert.feedback === "false"), onclick: say("false") },
      "False alarm",
    ),
    said &&
      h(
        "p",
        { class: "pending", role: "status" },
        `“${actionName(said.action)}” was sent. The worker shows it in the alert's next record.`,
      ),
  );
}

/** The whole of an alert; `again` draws it anew. */
export function detail(app, alertId) {
  const box = h("article", { class: "detail", "aria-label": "Alert", tabindex: -1 }, skeleton(6));
  let story = null;
  let drawn = null;

  async function load() {
    try {
      story = await get(`${V1}/alerts/${part(alertId)}`);
      draw();
    } catch (error) {
      box.replaceChildren(
        error.status === 404
          ? empty("Unknown alert", "There is none by this id, or it is older than what history keeps.")
          : failure(error, load),
      );
    }
  }

  function draw() {
    if (!story) return;
    const live = app.store.alerts.get(alertId);
    const alert =
      live && Date.parse(live.updated_at) > Date.parse(story.latest.updated_at) ? live : story.latest;
    const signature = JSON.stringify([
      alert,
      story.said.length,
      story.records.length,
      app.store.said.get(alertId),
      app.store.campaigns.size,
      app.operator,
    ]);
    if (drawn === signature) return;
    drawn = signature;
    // A choice that is being made is not taken away.
    if (box.contains(document.activeElement) && document.activeElement.tagName === "SELECT")
      document.activeElement.blur();
    box.replaceChildren(...whole(app, alert, story).filter(Boolean));
  }

  load();
  return {
    element: box,
    changed() {
      const live = app.store.alerts.get(alertId);
      if (!story) return;
      const open = story.latest.status !== "resolved";
      if ((live && live.updated_at !== story.latest.updated_at) || (!live && open && app.store.loaded)) {
        story.latest = live ?? { ...story.latest, status: "resolved" };
        load();
      } else draw();
    },
    get alert() {
      return app.store.alerts.get(alertId) ?? story?.latest ?? null;
    },
    load,
  };
}

function whole(app, alert, story) {
  const { store } = app;
  const { evidence } = alert;
  return [
    h(
      "header",
      {},
      h(
        "p",
        { class: "kind" },
        severityMark(alert.severity),
        kindName(alert.kind),
        h("span", { class: "state" }, stateOf(store, alert)),
      ),
      h("h2", {}, subject(store, alert)),
      h("p", { class: "reason" }, prose(alert.reason)),
      h("p", { class: "sub" }, whose(store, alert)),
      h(
        "p",
        { class: "sub" },
        "Began ",
        at(alert.started_at),
        ` (${utcClock(alert.started_at)})`,
        alert.ended_at ? [", ended ", at(alert.ended_at)] : [", ", ago(alert.started_at)],
        ". Cause: ",
        causeName(alert.explanation),
        ". ",
        called(alert),
      ),
    ),
    actions(app, alert),
    alert.status !== "resolved" && nextStep(alert.kind)
      ? h("p", { class: "next" }, h("strong", {}, "What to do: "), nextStep(alert.kind))
      : null,
    h(
      "section",
      { "aria-label": "Evidence" },
      h("h3", {}, "Evidence"),
      figures(evidence),
      baseline(evidence),
    ),
    evidence.posts.length
      ? h(
          "section",
          {},
          h("h3", {}, some(evidence.posts.length, "post behind it", "posts behind it")),
          posts(evidence.posts),
        )
      : null,
    evidence.comments.length
      ? h(
          "section",
          {},
          h("h3", {}, "What people say"),
          evidence.authors !== null &&
            h(
              "p",
              { class: "sub" },
              `At least ${some(evidence.authors, "person", "people")} wrote what counts; some of it:`,
            ),
          h(
            "ul",
            { class: "quotes" },
            evidence.comments.map((comment) =>
              h(
                "li",
                {},
                h("q", {}, comment.text),
                h("span", { class: "sub" }, `${signed(comment.compound)} on ${comment.post_id}`),
              ),
            ),
          ),
        )
      : null,
    h(
      "section",
      {},
      h("h3", {}, "How it went"),
      h(
        "ol",
        { class: "log" },
        entries(story).map(([moment, text]) => h("li", {}, at(moment), " ", text)),
      ),
    ),
    h("p", { class: "sub id" }, alert.alert_id),
  ];
}

function called(alert) {
  if (alert.notify) return "Somebody is called for it.";
  return alert.quiet ? `Nobody is called: ${quietName(alert.quiet)}.` : "Nobody is called.";
}

function figures(evidence) {
  const figure = (title, value, more) =>
    h("div", {}, h("dt", {}, title), h("dd", {}, value, more && h("small", {}, more)));
  return h(
    "dl",
    { class: "figures" },
    figure("Observed", amount(evidence.observed), metricName(evidence.metric)),
    figure("Expected", amount(evidence.expected), `from ${some(evidence.samples, "past observation")}`),
    figure("Ratio", evidence.expected ? `${amount(evidence.ratio)} ×` : NONE, "observed / expected"),
    figure("By chance", chance(evidence.probability), "if all were as usual"),
    figure("Window", [at(evidence.window_start), " – ", at(evidence.window_end)]),
    evidence.followers !== null && figure("Followers", compact(evidence.followers)),
    evidence.hollow_profiles !== null &&
      figure(
        "Hollow profiles",
        percent(evidence.hollow_profiles, 0),
        `of ${some(evidence.profiles ?? 0, "known profile")}`,
      ),
  );
}

function baseline(evidence) {
  if (evidence.baseline.length < 2) return null;
  const line = spark("What it is compared with, the newest last");
  setSpark(line, evidence.baseline);
  return h(
    "figure",
    { class: "baseline" },
    line,
    h(
      "figcaption",
      {},
      `What it is compared with, the newest last: ${some(evidence.baseline.length, "value")} from ${amount(Math.min(...evidence.baseline))} to ${amount(Math.max(...evidence.baseline))}`,
    ),
  );
}

export function posts(list) {
  return h(
    "div",
    { class: "scroll-x", tabindex: 0, role: "region", "aria-label": "Posts" },
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["Post", "Age", "Engagements", "Expected by then", "Share of that"].map((text, n) =>
            h("th", { scope: "col", class: n ? "number" : null }, text),
          ),
        ),
      ),
      h(
        "tbody",
        {},
        list.map((post) =>
          h(
            "tr",
            {},
            h("td", { class: "id" }, post.post_id),
            h("td", { class: "number" }, age(post.age_minutes)),
            h("td", { class: "number" }, count(post.observed)),
            h("td", { class: "number" }, amount(post.expected)),
            h(
              "td",
              { class: "number" },
              post.expected > 0 ? percent(post.observed / post.expected, 0) : NONE,
            ),
          ),
        ),
      ),
    ),
  );
}

const age = (minutes) => (minutes < 100 ? `${Math.round(minutes)} min` : `${Math.round(minutes / 60)} h`);

function entries(story) {
  const told = story.records.map((record) => [
    record.updated_at,
    `${statusName(record.status)}: ${amount(record.evidence.observed)} of ${amount(record.evidence.expected)} expected${record.notify ? "" : record.quiet ? ` (${quietName(record.quiet)})` : ""}`,
  ]);
  const said = story.said.map((command) => [
    new Date(command.occurred_at).toISOString(),
    `${actionName(command.action)} by ${command.by}${command.note ? ` – ${command.note}` : ""}`,
  ]);
  const all = [...told, ...said].sort(([a], [b]) => Date.parse(a) - Date.parse(b));
  // The course of a long episode is told by its ends.
  return all.length > 14
    ? [...all.slice(0, 4), [all[4][0], `… ${all.length - 12} more`], ...all.slice(-8)]
    : all;
}
