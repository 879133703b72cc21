// Words: numbers, times and names as people read them. Knows what to do about a kind of alert.
import { h } from "./dom.js";
import { ACTIONS, CAUSES, KINDS, METRICS, QUIET, STATUSES } from "./names.js";

const whole = new Intl.NumberFormat();
const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const long = new Intl.NumberFormat(undefined, {
  notation: "compact",
  compactDisplay: "long",
  maximumSignificantDigits: 2,
});
const day = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

export const NONE = "–";
export const count = (value) => (value === null || value === undefined ? NONE : whole.format(value));
export const compact = (value) =>
  value === null || value === undefined
    ? NONE
    : Math.abs(value) < 10_000
      ? whole.format(Math.round(value))
      : short.format(value);
/** A share as a percentage; the number and its sign stay on one line. */
export const percent = (value, digits = 1) => {
  if (value === null || value === undefined) return NONE;
  const shown = value < 10 ? (value * 100).toFixed(digits) : whole.format(Math.round(value * 100));
  return `${shown}\u00a0%`;
};
/** A sentence of a worker, with its percentages on one line each. */
export const prose = (text) => text.replaceAll(/(\d) %/g, "$1\u00a0%");
export const signed = (value) =>
  value === null || value === undefined
    ? NONE
    : `${value > 0 ? "+" : value < 0 ? "−" : ""}${Math.abs(value).toFixed(2)}`;
export const some = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
/** Part of a number with as many digits as it needs. */
export const amount = (value) =>
  value === null || value === undefined
    ? NONE
    : Math.abs(value) >= 100
      ? compact(value)
      : String(Number(value.toPrecision(2)));

export const utc = (moment) => `${new Date(moment).toISOString().slice(0, 19).replace("T", " ")} UTC`;
/** The hour in UTC, as sentences of workers have it. */
export const utcClock = (moment) => `${new Date(moment).toISOString().slice(11, 16)} UTC`;
export const local = (moment) =>
  new Date(moment).toDateString() === new Date().toDateString()
    ? clock.format(new Date(moment))
    : day.format(new Date(moment));

export function span(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} d`;
}

/** A time in the reader's zone, UTC on hover. */
export const at = (moment) =>
  moment ? h("time", { datetime: moment, title: utc(moment) }, local(moment)) : NONE;

/** How long ago; `tick` keeps it right. */
export function ago(moment) {
  if (!moment) return NONE;
  return h(
    "time",
    { datetime: moment, title: `${local(moment)} (${utc(moment)})`, "data-ago": true },
    told(moment),
  );
}

const told = (moment) => `${span(Date.now() - Date.parse(moment))} ago`;

export function tick() {
  for (const element of document.querySelectorAll("time[data-ago]")) {
    const text = told(element.getAttribute("datetime"));
    if (element.textContent !== text) element.textContent = text;
  }
}

const NEXT = {
  engagement_drop:
    "Open the newest posts on the platform: can everybody see them, and are they of the usual kind? Then ask the creator.",
  silence: "Open the posts on the platform: are they and the account still there? Then ask the creator.",
  follower_spike:
    "Look at some of the new followers on the platform. A day after the end the alert says how many have stayed: do not pay by reach before.",
  unfollow_wave: "Read the latest posts and what is said below them. After bought followers it is how such a spike ends.",
  viral_post: "Read its comments, and decide while it runs whether to share or promote it.",
  sentiment_crisis:
    "Read the comments below first. Ask the creator what the answer will be, and hold paid posts until it is given.",
  suspicious_engagement:
    "Look at these accounts on the platform, and leave what comes of them out when you judge the campaign.",
  source_outage: "Tell the platform team. Until it is over, numbers of these creators are too low: do not judge by them.",
  digest: "Open the list of alerts: so many came at a time that nobody was called for each.",
};
/** What to do about an alert of a kind; null for one that is not known yet. */
export const nextStep = (kind) => NEXT[kind] ?? null;
const words = (table, name) => table[name] ?? String(name).replaceAll("_", " ");
export const plain = (name) => {
  const text = String(name).replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
};
export const kinds = Object.keys(KINDS);
export const kindName = (kind) => KINDS[kind] ?? plain(kind);
export const causeName = (explanation) => words(CAUSES, explanation);
export const metricName = (metric) => words(METRICS, metric);
export const statusName = (status) => words(STATUSES, status);
export const quietName = (quiet) => words(QUIET, quiet);
export const actionName = (action) => words(ACTIONS, action);

const rounded = (value) => Number(value.toPrecision(2));

/** A probability as one in so many, as exact as such numbers are. */
export const chance = (p) =>
  p === null || p === undefined
    ? NONE
    : p < 1e-9
      ? `< 1 in ${long.format(1e9)}`
      : `1 in ${p > 0.1 ? (1 / p).toFixed(1) : p > 1e-6 ? count(rounded(1 / p)) : long.format(1 / p)}`;

const RANK = { critical: 3, warning: 2, info: 1 };
export const rank = (alert) => RANK[alert.severity] ?? 0;
