// Row: one creator in the table of the board: its columns, and how little is touched when it changes.
// Must not know which creators there are, nor their order.
import { part } from "./api.js";
import { h, say, setSpark, severityMark, spark } from "./dom.js";
import { NONE, compact, kindName, percent, rank, signed } from "./words.js";

export const ROW = 52; // px, as in the style sheet

export const COLUMNS = [
  { id: "name", title: "Creator", value: (c) => (c.handle ?? c.creator_id).toLowerCase(), first: "asc" },
  {
    id: "score",
    title: "Score",
    value: (c) => c.score,
    number: true,
    hint: "0–100 against the creator's own past; 50 is as usual",
  },
  { id: "spark", title: "24 h", hint: "Engagements by the hour over the last day" },
  {
    id: "engagement_1h",
    title: "Last hour",
    value: (c) => c.engagements["1h"],
    number: true,
    hint: "Net engagements",
  },
  {
    id: "engagement_24h",
    title: "Last day",
    value: (c) => c.engagements["24h"],
    number: true,
    hint: "Net engagements",
  },
  {
    id: "rate_24h",
    title: "Rate",
    value: (c) => c.engagement_rate_24h,
    number: true,
    hint: "Engagements of the last day per follower",
  },
  {
    id: "sentiment_24h",
    title: "Mood",
    value: (c) => c.sentiment_24h,
    number: true,
    hint: "(positive − negative) / comments of the last day, −1 to 1",
  },
  { id: "followers", title: "Followers", value: (c) => c.followers, number: true },
  { id: "alerts", title: "Open alerts", value: null },
];

/** An empty row, to be used again and again. */
export function row(app) {
  const link = h("a", { class: "handle" });
  const under = h("span", { class: "under" });
  const text = h("span");
  const meter = h("i", { class: "meter", "aria-hidden": "true" }, h("i"));
  const line = spark("Engagements of the last 24 hours");
  const chips = h("div", { class: "chips" });
  const numbers = Object.fromEntries(
    COLUMNS.filter((c) => c.number && c.id !== "score").map((c) => [c.id, h("span")]),
  );
  const inner = { name: [link, under], score: [text, meter], spark: [line], alerts: [chips] };
  const element = h(
    "div",
    { class: "row", role: "row" },
    COLUMNS.map((column, n) =>
      h(
        "div",
        {
          role: "gridcell",
          class: `c-${column.id}${column.number ? " number" : ""}`,
          "aria-colindex": n + 1,
        },
        inner[column.id] ?? numbers[column.id],
      ),
    ),
  );
  element.addEventListener("click", (event) => {
    if (!event.target.closest("a")) app.go(`#/creators/${part(element.dataset.creator)}`);
  });
  return { element, link, under, text, meter, line, chips, numbers };
}

/** Shows a creator in a row at a place; what has not changed is not touched. */
export function show(one, index, creator, { store, line, chosen }) {
  const id = creator.creator_id;
  const { element } = one;
  if (one.index !== index) {
    one.index = index;
    element.style.transform = `translateY(${index * ROW}px)`;
    element.setAttribute("aria-rowindex", index + 2);
    element.id = `row-${index}`;
  }
  if (one.id !== id) {
    one.id = id;
    element.dataset.creator = id;
    one.link.setAttribute("href", `#/creators/${part(id)}`);
    one.chipped = null;
  }
  say(one.link, creator.handle ? `@${creator.handle}` : id);
  const campaigns = creator.campaigns.map((key) => store.campaigns.get(key)?.name ?? key);
  say(
    one.under,
    [
      creator.platform,
      creator.tier,
      campaigns[0] && campaigns[0] + (campaigns.length > 1 ? ` +${campaigns.length - 1}` : ""),
    ]
      .filter(Boolean)
      .join(" · "),
  );
  say(one.text, creator.score === null ? NONE : creator.score.toFixed(0));
  one.meter.className = `meter ${creator.score === null ? "none" : creator.score < 25 ? "bad" : creator.score < 40 ? "low" : creator.score > 60 ? "high" : ""}`;
  one.meter.firstChild.style.width = `${creator.score ?? 0}%`;
  say(one.numbers.engagement_1h, compact(creator.engagements["1h"]));
  say(one.numbers.engagement_24h, compact(creator.engagements["24h"]));
  say(one.numbers.rate_24h, percent(creator.engagement_rate_24h));
  say(one.numbers.sentiment_24h, signed(creator.sentiment_24h));
  say(one.numbers.followers, compact(creator.followers));
  if (one.lined !== line || one.linedOf !== id) {
    one.lined = line;
    one.linedOf = id;
    setSpark(one.line, line?.values ?? null);
  }
  chip(store, one, store.alertsOf.get(id) ?? []);
  element.classList.toggle("chosen", chosen);
}

function chip(store, one, alerts) {
  const sorted = [...alerts].sort((a, b) => rank(b) - rank(a));
  const signature = sorted.map((a) => `${a.alert_id} ${a.severity} ${store.takenBy(a)}`).join("\n");
  if (one.chipped === signature) return;
  one.chipped = signature;
  one.chips.replaceChildren(
    ...sorted.slice(0, 2).map((alert) => {
      const taken = store.takenBy(alert);
      return h(
        "a",
        {
          class: `chip ${alert.severity}${taken ? " taken" : ""}`,
          href: `#/alerts/${part(alert.alert_id)}`,
          title: taken ? `${alert.reason} Taken by ${taken}.` : alert.reason,
        },
        severityMark(alert.severity),
        h("span", {}, kindName(alert.kind)),
        taken && h("em", {}, `✓ ${taken}`),
      );
    }),
    sorted.length > 2 ? h("span", { class: "more" }, `+${sorted.length - 2}`) : "",
  );
}
