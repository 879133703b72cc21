// Answers: what each question of the morning comes to, and how that is written down.
// Knows the limits from which something is worth a look. Must not know when, or where, it is shown.
import { part } from "./api.js";
import { empty, h, severityMark } from "./dom.js";
import { subject, whose } from "./evidence.js";
import {
  NONE,
  ago,
  at,
  compact,
  count,
  kindName,
  percent,
  plain,
  prose,
  quietName,
  rank,
  signed,
  some,
} from "./words.js";

const LATE = 120_000; // ms: a platform that is silent for longer is not current
export const TURNED = 0.3; // a change of mood worth a look
export const MOODY = 10; // comments an hour that make a mood
const LISTED = 5; // of the alerts that opened

export const link = (alert) => h("a", { href: `#/alerts/${part(alert.alert_id)}` }, kindName(alert.kind));

/** Creators with what is most urgent first: severity, then how unlikely it is, then how new. */
export function five(store, open) {
  const waiting = open.filter(
    (alert) =>
      alert.kind !== "digest" &&
      alert.kind !== "viral_post" &&
      !store.takenBy(alert) &&
      !["snoozed", "explained", "switched_off"].includes(alert.quiet) &&
      alert.severity !== "info",
  );
  const byCreator = new Map();
  for (const alert of waiting)
    byCreator.set(alert.creator_id, [...(byCreator.get(alert.creator_id) ?? []), alert]);
  const urgency = (a, b) =>
    rank(b) - rank(a) ||
    a.evidence.probability - b.evidence.probability ||
    Date.parse(b.started_at) - Date.parse(a.started_at);
  for (const alerts of byCreator.values()) alerts.sort(urgency);
  return [...byCreator].sort(([, [a]], [, [b]]) => urgency(a, b)).slice(0, 5);
}

export function person(app, alerts) {
  const [alert] = alerts;
  return h(
    "li",
    { class: alert.severity },
    severityMark(alert.severity),
    h(
      "div",
      {},
      h(
        "p",
        { class: "kind" },
        subject(app.store, alert),
        " ",
        link(alert),
        alerts.length > 1 && ` and ${some(alerts.length - 1, "other alert")}`,
        h("span", { class: "when" }, ago(alert.started_at)),
      ),
      h("p", { class: "why" }, prose(alert.reason)),
      h("p", { class: "sub" }, whose(app.store, alert)),
    ),
    app.operator && alert.creator_id && h("button", { onclick: () => app.acknowledge(alert) }, "Acknowledge"),
  );
}

export function freshness(store, open) {
  const found = new Map();
  for (const creator of store.creators.values()) {
    const name = creator.platform ?? "unknown";
    const one = found.get(name) ?? { name, creators: 0, latest: 0, hour: 0, outage: null };
    one.creators += 1;
    one.hour += creator.engagements["1h"];
    if (creator.as_of) one.latest = Math.max(one.latest, Date.parse(creator.as_of));
    found.set(name, one);
  }
  for (const alert of open)
    if (alert.kind === "source_outage" && found.has(alert.platform))
      found.get(alert.platform).outage = alert.alert_id;
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function data(platforms, health) {
  const current = (one) => one.latest && Date.now() - one.latest < LATE;
  // Nothing for a while is no fault by itself: whether it should have been more is the worker's to judge.
  const anyCurrent = platforms.some(current);
  const state = (one) =>
    one.outage
      ? h("a", { class: "bad", href: `#/alerts/${part(one.outage)}` }, "▲ source outage")
      : current(one)
        ? h("span", { class: "good" }, "● current")
        : anyCurrent
          ? h("span", { class: "sub" }, "○ quiet")
          : h("span", { class: "bad" }, "◆ late");
  const lost = health?.facts?.lost_records ?? 0;
  return [
    health &&
      h(
        "p",
        { class: health.ok ? "good" : "bad" },
        health.ok ? "● All that was published has been read." : `▲ ${health.reasons.join("; ")}`,
      ),
    lost > 0 &&
      h(
        "p",
        { class: "bad" },
        `◆ History has a gap: ${some(lost, "record was", "records were")} dropped by retention before they were read.`,
      ),
    platforms.length
      ? h(
          "table",
          {},
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              ["Platform", "Creators", "Last hour", "Newest event", "State"].map((text, n) =>
                h("th", { scope: "col", class: n > 0 && n < 4 ? "number" : null }, text),
              ),
            ),
          ),
          h(
            "tbody",
            {},
            platforms.map((one) =>
              h(
                "tr",
                {},
                h("td", {}, one.name),
                h("td", { class: "number" }, count(one.creators)),
                h("td", { class: "number" }, compact(one.hour)),
                h("td", { class: "number" }, one.latest ? ago(new Date(one.latest).toISOString()) : NONE),
                h("td", {}, state(one)),
              ),
            ),
          ),
        )
      : empty("No data yet", "No creator has a score."),
    h(
      "p",
      { class: "sub" },
      "Events that came late or were refused are counted by the workers, not here: see the dashboard Pipeline.",
    ),
  ];
}

export function night(store, past, open, since) {
  const began = (alert) => Date.parse(alert.started_at);
  const stayed = open.filter((alert) => alert.kind !== "digest" && began(alert) < since);
  const tiles = [
    ["Opened", past.opened, past.opened.filter((a) => a.status === "resolved").length, "have ended again"],
    ["Resolved", past.resolved],
    ["Open from before", stayed],
  ];
  const worst = [...past.opened].sort((a, b) => rank(b) - rank(a) || began(b) - began(a)).slice(0, LISTED);
  const more = past.opened.length - worst.length;
  return [
    h(
      "div",
      { class: "tiles" },
      tiles.map(([title, alerts, n, text]) =>
        h(
          "div",
          { class: "tile" },
          h("b", {}, count(alerts.length)),
          h("span", {}, title),
          n ? h("small", {}, `${n} ${text}`) : bySeverity(alerts),
        ),
      ),
    ),
    !past.whole && h("p", { class: "sub" }, "At least: there are more than one page of them."),
    worst.length
      ? h(
          "ul",
          { class: "lines" },
          worst.map((alert) =>
            h(
              "li",
              {},
              severityMark(alert.severity),
              link(alert),
              subject(store, alert),
              h(
                "span",
                { class: "when" },
                at(alert.started_at),
                alert.ended_at && [" – ", at(alert.ended_at)],
              ),
            ),
          ),
        )
      : null,
    more > 0 &&
      h("p", { class: "sub" }, `and ${count(more)} more: `, h("a", { href: "#/alerts?state=all" }, "all alerts")),
  ];
}

const bySeverity = (alerts) =>
  h(
    "small",
    {},
    ["critical", "warning", "info"]
      .map((name) => [name, alerts.filter((a) => a.severity === name).length])
      .filter(([, n]) => n)
      .map(([name, n]) => `${n} ${name}`)
      .join(", "),
  );

export const brief = (store, alert, ...more) =>
  h(
    "li",
    {},
    h(
      "p",
      { class: "kind" },
      severityMark(alert.severity),
      " ",
      subject(store, alert),
      " ",
      link(alert),
      h("span", { class: "when" }, alert.status === "resolved" ? "ended" : ago(alert.started_at)),
    ),
    h("p", { class: "why" }, prose(alert.reason)),
    more,
  );

export function mood(store, turning, moods) {
  if (!turning.length && !moods?.length)
    return empty(
      "Nowhere",
      `No alert, and no change of ${TURNED} or more with at least ${MOODY} comments in the last hour.`,
    );
  return [
    h(
      "ul",
      { class: "briefs" },
      turning.map((alert) =>
        brief(
          store,
          alert,
          alert.evidence.comments.slice(0, 2).map((comment) => h("q", {}, comment.text)),
          alert.evidence.authors !== null &&
            h("p", { class: "sub" }, `by at least ${some(alert.evidence.authors, "person", "people")}`),
        ),
      ),
    ),
    moods?.length
      ? h(
          "ul",
          { class: "lines" },
          moods.map(({ summary, sentiment }) => {
            const { comments, negative } = sentiment.windows["1h"];
            return h(
              "li",
              {},
              h(
                "a",
                { class: "handle", href: `#/creators/${part(summary.creator_id)}` },
                store.name(summary.creator_id),
              ),
              h("span", {}, `${signed(summary.sentiment_24h)} → ${signed(summary.sentiment_1h)}`),
              h(
                "span",
                { class: "sub" },
                `${some(comments, "comment")} in the last hour, ${percent(negative / comments, 0)} negative`,
              ),
            );
          }),
        )
      : null,
  ];
}

export function silenced(store, quiet, digests) {
  if (!quiet.length && !digests.length) return empty("None", "Somebody is called for every open alert.");
  const reasons = new Map();
  for (const alert of quiet) {
    const why = store.takenBy(alert) ? "acknowledged" : (alert.quiet ?? "held back");
    reasons.set(why, [...(reasons.get(why) ?? []), alert]);
  }
  return [
    h(
      "ul",
      { class: "lines" },
      [...reasons]
        .sort(([, a], [, b]) => b.length - a.length)
        .map(([why, alerts]) =>
          h(
            "li",
            {},
            h("b", { class: "number" }, count(alerts.length)),
            plain(quietName(why)),
            h(
              "span",
              { class: "sub" },
              alerts
                .slice(0, 3)
                .map((alert, n) => [
                  n > 0 && ", ",
                  h("a", { href: `#/alerts/${part(alert.alert_id)}` }, store.name(alert.creator_id)),
                ]),
              alerts.length > 3 && " …",
            ),
          ),
        ),
    ),
    digests.map((alert) =>
      h(
        "p",
        {},
        severityMark(alert.severity),
        " ",
        h("a", { href: `#/alerts/${part(alert.alert_id)}` }, "Digest"),
        ` ${alert.reason}`,
      ),
    ),
  ];
}
