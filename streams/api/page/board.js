// Board: all creators as a table of which only what is seen is in the page.
// Knows columns, filters, order and the window that is painted. Must not know where values come from.
import { V1, part, post, query } from "./api.js";
import { empty, h, say, skeleton } from "./dom.js";
import { COLUMNS, ROW, row, show } from "./row.js";
import { count, rank, some } from "./words.js";

const SPARE = 6; // rows above and below what is seen
const SORT_EVERY = 1500; // ms: an order that changes under the eye cannot be read
const SPARKS = { most: 100, pause: 150, fresh: 120_000 };

const FILTERS = ["platform", "tier", "campaign"];

export function board(app, parameters) {
  const { store } = app;
  const wish = {
    sort: "score",
    order: "asc",
    q: "",
    platform: "",
    tier: "",
    campaign: "",
    alert: "",
    ...Object.fromEntries(parameters),
  };
  let ids = [];
  let chosen = null;
  let dirty = true;
  let sortedAt = 0;
  let later = null;
  const lines = new Map(); // creator → {values, at}
  let asking = null;

  // ---- what is around the table ----

  const search = h("input", {
    type: "search",
    id: "search",
    placeholder: "Search handle or id",
    "aria-label": "Search creators",
    "aria-keyshortcuts": "/",
    autocomplete: "off",
    spellcheck: "false",
    value: wish.q,
    maxlength: 128,
    oninput: () => {
      wish.q = search.value;
      wished();
    },
  });
  const selects = Object.fromEntries(
    FILTERS.map((name) => [
      name,
      h("select", {
        "aria-label": `Filter by ${name}`,
        "data-filter": name,
        onchange: (event) => {
          wish[name] = event.target.value;
          wished();
        },
      }),
    ]),
  );
  const withAlert = h("input", {
    type: "checkbox",
    checked: wish.alert === "1",
    onchange: () => {
      wish.alert = withAlert.checked ? "1" : "";
      wished();
    },
  });
  const found = h("output", { class: "found", role: "status", "aria-live": "polite" });
  const tools = h(
    "div",
    { class: "tools", role: "search" },
    search,
    Object.values(selects),
    h("label", { class: "check" }, withAlert, "with an alert"),
    found,
  );

  // ---- the table ----

  const heads = COLUMNS.map((column, n) =>
    h(
      "div",
      {
        role: "columnheader",
        class: `c-${column.id}${column.number ? " number" : ""}`,
        "aria-colindex": n + 1,
        title: column.hint,
      },
      column.value
        ? h("button", { class: "sort", "data-sort": column.id, onclick: () => order(column) }, column.title)
        : h("span", {}, column.title),
    ),
  );
  const body = h("div", { class: "rows", role: "rowgroup" });
  const space = h("div", { class: "space", role: "presentation" }, body);
  const scroller = h(
    "div",
    {
      class: "scroller",
      role: "grid",
      tabindex: 0,
      "aria-label": "Creators",
      "aria-colcount": COLUMNS.length,
      onscroll: () => (later ??= requestAnimationFrame(paint)),
    },
    h("div", { class: "row head", role: "row", "aria-rowindex": 1 }, heads),
    space,
  );
  const nothing = h("div", { class: "over" });
  const element = h(
    "section",
    { class: "board", "aria-label": "Fleet board" },
    h(
      "div",
      { class: "headline" },
      h("h1", {}, "Creators"),
      h("p", { class: "sub" }, "Everybody at once, live. Scores compare each creator with their own past."),
    ),
    tools,
    h("div", { class: "sheet" }, scroller, nothing),
  );
  const pool = [];
  const resized = new ResizeObserver(() => (later ??= requestAnimationFrame(paint)));
  resized.observe(scroller);

  function wished() {
    const { sort, order: way, ...rest } = wish;
    const other = { ...rest, ...(sort === "score" && way === "asc" ? {} : { sort, order: way }) };
    history.replaceState(null, "", `#/creators${query(other)}`);
    scroller.scrollTop = 0;
    arrange();
  }

  function order(column) {
    if (wish.sort === column.id) wish.order = wish.order === "asc" ? "desc" : "asc";
    else Object.assign(wish, { sort: column.id, order: column.first ?? "desc" });
    wished();
  }

  function fill() {
    const names = { platform: new Set(), tier: new Set() };
    for (const creator of store.creators.values()) {
      if (creator.platform) names.platform.add(creator.platform);
      if (creator.tier) names.tier.add(creator.tier);
    }
    const choices = {
      platform: [...names.platform].sort().map((name) => [name, name]),
      tier: [...names.tier].sort().map((name) => [name, name]),
      campaign: [...store.campaigns.values()].map((one) => [one.campaign_id, one.name]),
    };
    for (const name of FILTERS) {
      const signature = JSON.stringify(choices[name]);
      const select = selects[name];
      if (select.signature !== signature) {
        select.signature = signature;
        select.replaceChildren(
          h("option", { value: "" }, `Any ${name}`),
          ...choices[name].map(([value, text]) => h("option", { value }, text)),
        );
      }
      select.value = wish[name];
    }
  }

  // ---- which, in which order ----

  function arrange() {
    const needle = wish.q.trim().toLowerCase();
    const column = COLUMNS.find((one) => one.id === wish.sort && one.value) ?? COLUMNS[1];
    const matching = [];
    for (const creator of store.creators.values()) {
      if (wish.platform && creator.platform !== wish.platform) continue;
      if (wish.tier && creator.tier !== wish.tier) continue;
      if (wish.campaign && !creator.campaigns.includes(wish.campaign)) continue;
      if (wish.alert && !store.alertsOf.has(creator.creator_id)) continue;
      if (
        needle &&
        !creator.creator_id.toLowerCase().includes(needle) &&
        !(creator.handle ?? "").toLowerCase().includes(needle)
      )
        continue;
      matching.push([column.value(creator), creator.creator_id]);
    }
    const sign = wish.order === "asc" ? 1 : -1;
    matching.sort(([a, one], [b, other]) => {
      if (a === null || b === null) return a === b ? (one < other ? -1 : 1) : a === null ? 1 : -1;
      return a < b ? -sign : a > b ? sign : one < other ? -1 : 1;
    });
    ids = matching.map(([, id]) => id);
    dirty = false;
    sortedAt = performance.now();
    fill();
    for (const [n, head] of heads.entries()) {
      const sorted = COLUMNS[n].id === column.id;
      if (COLUMNS[n].value)
        head.setAttribute("aria-sort", sorted ? (wish.order === "asc" ? "ascending" : "descending") : "none");
    }
    const total = store.creators.size;
    say(
      found,
      ids.length === total ? some(total, "creator") : `${count(ids.length)} of ${some(total, "creator")}`,
    );
    scroller.setAttribute("aria-rowcount", ids.length + 1);
    space.style.height = `${ids.length * ROW}px`;
    message();
    paint();
  }

  function message() {
    const state =
      !store.loaded && !store.creators.size
        ? "loading"
        : store.loaded && !store.creators.size
          ? "none"
          : ids.length
            ? ""
            : "unmatched";
    if (nothing.state === state) return;
    nothing.state = state;
    nothing.replaceChildren(
      ...(state === "loading"
        ? [skeleton(8)]
        : state === "none"
          ? [
              empty(
                "No creators yet",
                "Nothing has been published so far. Start a worker and something that sends events, such as `pulse simulate`.",
              ),
            ]
          : state === "unmatched"
            ? [
                empty("Nobody matches", "Loosen the search or the filters."),
                h("button", { onclick: clear }, "Clear filters"),
              ]
            : []),
    );
  }

  function clear() {
    Object.assign(wish, { q: "", platform: "", tier: "", campaign: "", alert: "" });
    search.value = "";
    withAlert.checked = false;
    wished();
  }

  // ---- what is seen ----

  function paint() {
    if (later) cancelAnimationFrame(later);
    later = null;
    const begin = Math.max(0, Math.floor(scroller.scrollTop / ROW) - SPARE);
    const seen = Math.ceil(scroller.clientHeight / ROW) + 2 * SPARE;
    const end = Math.min(ids.length, begin + seen);
    while (pool.length < end - begin) pool.push(row(app));
    const missing = [];
    for (const [n, one] of pool.entries()) {
      const index = begin + n;
      if (index >= end) {
        one.element.remove();
        continue;
      }
      if (!one.element.isConnected) body.append(one.element);
      draw(one, index);
      const line = lines.get(ids[index]);
      if (!line || Date.now() - line.at > SPARKS.fresh) missing.push(ids[index]);
    }
    if (missing.length) want();
  }

  function draw(one, index) {
    const id = ids[index];
    const creator = store.creators.get(id);
    if (!creator) return;
    show(one, index, creator, { store, line: lines.get(id), chosen: id === chosen });
    if (id === chosen) scroller.setAttribute("aria-activedescendant", one.element.id);
  }

  function want() {
    asking ??= setTimeout(async () => {
      asking = null;
      const begin = Math.max(0, Math.floor(scroller.scrollTop / ROW) - SPARE);
      const wanted = ids
        .slice(begin, begin + SPARKS.most)
        .filter((id) => !(Date.now() - lines.get(id)?.at < SPARKS.fresh));
      if (!wanted.length) return;
      for (const id of wanted) lines.set(id, { values: lines.get(id)?.values ?? null, at: Date.now() });
      try {
        const told = await post(`${V1}/sparklines`, { creators: wanted });
        for (const id of wanted) lines.set(id, { values: told.engagements[id] ?? [], at: Date.now() });
      } catch {
        for (const id of wanted) lines.delete(id); // asked again when the table is painted next
      }
      later ??= requestAnimationFrame(paint);
    }, SPARKS.pause);
  }

  // ---- by keyboard ----

  function move(by) {
    const now = ids.indexOf(chosen);
    const index = Math.min(ids.length - 1, Math.max(0, now < 0 ? 0 : now + by));
    chosen = ids[index] ?? null;
    const top = index * ROW;
    const room = scroller.clientHeight - 2 * ROW;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (top > scroller.scrollTop + room) scroller.scrollTop = top - room;
    paint();
  }

  const timer = setInterval(() => {
    if (dirty && performance.now() - sortedAt >= SORT_EVERY) arrange();
  }, SORT_EVERY);
  arrange();

  return {
    element,
    title: "Creators",
    search,
    changed(changed) {
      if (changed.all || sortedAt === 0 || (!store.loaded && performance.now() - sortedAt > SORT_EVERY))
        return arrange();
      dirty = true;
      for (const one of pool)
        if (changed.creators.has(one.id) && one.element.isConnected) draw(one, one.index);
    },
    keys: {
      j: () => move(1),
      k: () => move(-1),
      ArrowDown: () => move(1),
      ArrowUp: () => move(-1),
      PageDown: () => move(10),
      PageUp: () => move(-10),
      Enter: () => chosen && app.go(`#/creators/${part(chosen)}`),
      a: () => {
        const open = [...(store.alertsOf.get(chosen) ?? [])]
          .filter((alert) => !store.takenBy(alert))
          .sort((a, b) => rank(b) - rank(a));
        if (open.length) app.acknowledge(open[0]);
      },
    },
    close() {
      clearInterval(timer);
      clearTimeout(asking);
      resized.disconnect();
    },
  };
}
