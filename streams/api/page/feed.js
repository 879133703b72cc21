// Feed: alerts in a list, and one of them beside it. Knows filters and which one is chosen.
import { V1, get, part, query } from "./api.js";
import { empty, failure, h, severityMark, skeleton } from "./dom.js";
import { detail, stateOf, subject, whose } from "./evidence.js";
import { ago, kindName, kinds, prose, rank, some } from "./words.js";

const PAGE = 50;

export function feed(app, parameters, alertId) {
  const { store } = app;
  const wish = { state: "open", severity: "", kind: "", campaign: "", ...Object.fromEntries(parameters) };
  let past = []; // of `ended` and `all`, page after page
  let next = null;
  let shown = [];
  let side = null;
  let chosen = alertId;
  let asked = 0;

  const option = (value, text) => h("option", { value }, text);
  const select = (name, label, ...options) =>
    h(
      "select",
      {
        "aria-label": label,
        onchange: (event) => {
          wish[name] = event.target.value;
          load();
        },
      },
      options,
    );
  const campaigns = select("campaign", "Campaign", option("", "Any campaign"));
  const filters = {
    state: select("state", "State", option("open", "Open"), option("ended", "Ended"), option("all", "All")),
    severity: select(
      "severity",
      "Severity",
      option("", "Any severity"),
      option("critical", "Critical"),
      option("warning", "Warning"),
      option("info", "Info"),
    ),
    kind: select(
      "kind",
      "Kind",
      option("", "Any kind"),
      ...kinds.map((kind) => option(kind, kindName(kind))),
    ),
    campaign: campaigns,
  };
  const found = h("output", { class: "found", role: "status" });
  const list = h("ol", { class: "feed", "aria-label": "Alerts" });
  const more = h("button", { class: "wide", hidden: true, onclick: () => page() }, "Show more");
  const aside = h("div", { class: "aside" });
  const element = h(
    "section",
    { class: "alerts" },
    h(
      "div",
      { class: "headline" },
      h("h1", {}, "Alerts"),
      h(
        "p",
        { class: "sub" },
        "Each is a judgement with its evidence: what came, what was expected, and how likely that is by chance.",
      ),
    ),
    h("div", { class: "tools" }, Object.values(filters), found),
    h("div", { class: "split" }, h("div", { class: "column" }, list, more), aside),
  );

  function fill() {
    const signature = [...store.campaigns.keys()].join("\n");
    if (campaigns.signature !== signature) {
      campaigns.signature = signature;
      campaigns.replaceChildren(
        option("", "Any campaign"),
        ...[...store.campaigns.values()].map((one) => option(one.campaign_id, one.name)),
      );
    }
    for (const [name, one] of Object.entries(filters)) one.value = wish[name];
  }

  function load() {
    past = [];
    next = null;
    drawn = null;
    fill();
    if (wish.state === "open") draw();
    else {
      list.replaceChildren(h("li", {}, skeleton(5)));
      page();
    }
  }

  async function page() {
    const mine = ++asked;
    try {
      const { state, severity, kind, campaign } = wish;
      const told = await get(
        `${V1}/alerts${query({ state, severity, kind, campaign, limit: PAGE, cursor: next })}`,
      );
      if (mine !== asked) return;
      past.push(...told.alerts);
      next = told.next;
      draw();
    } catch (error) {
      if (mine === asked) list.replaceChildren(h("li", {}, failure(error, load)));
    }
  }

  function matching() {
    if (wish.state !== "open") return past.map((alert) => store.alerts.get(alert.alert_id) ?? alert);
    const inCampaign = (alert) => store.campaignsOf(alert).some((one) => one.campaign_id === wish.campaign);
    return [...store.alerts.values()]
      .filter(
        (alert) =>
          (!wish.severity || alert.severity === wish.severity) &&
          (!wish.kind || alert.kind === wish.kind) &&
          (!wish.campaign || inCampaign(alert)),
      )
      .sort(
        (a, b) =>
          Boolean(store.takenBy(a)) - Boolean(store.takenBy(b)) ||
          rank(b) - rank(a) ||
          Date.parse(b.started_at) - Date.parse(a.started_at),
      );
  }

  let drawn = null;
  function draw() {
    shown = matching();
    more.hidden = next === null;
    found.textContent = some(shown.length, "alert") + (next === null ? "" : " so far");
    const signature = JSON.stringify([
      shown.map((a) => [
        a.alert_id,
        a.updated_at,
        stateOf(store, a),
        store.creators.get(a.creator_id)?.handle,
      ]),
      chosen,
      store.campaigns.size,
      store.loaded,
    ]);
    if (signature === drawn) return;
    drawn = signature;
    if (!shown.length) {
      const waiting = !store.loaded && wish.state === "open";
      list.replaceChildren(
        h(
          "li",
          {},
          waiting
            ? skeleton(5)
            : wish.state === "open" && !wish.kind && !wish.severity && !wish.campaign
              ? empty("All is as usual", "No alert is open. What has ended is under “Ended”.")
              : empty("None", "No alert matches these filters."),
        ),
      );
      return;
    }
    const focused = list.contains(document.activeElement)
      ? document.activeElement.closest("[data-alert]")?.dataset.alert
      : null;
    list.replaceChildren(...shown.map(item));
    if (focused) list.querySelector(`[data-alert="${CSS.escape(focused)}"] .reason`)?.focus();
  }

  function item(alert) {
    const taken = store.takenBy(alert);
    return h(
      "li",
      {
        class: `item ${alert.severity}${alert.status === "resolved" || taken ? " quiet" : ""}${alert.alert_id === chosen ? " chosen" : ""}`,
        "data-alert": alert.alert_id,
      },
      severityMark(alert.severity),
      h(
        "div",
        {},
        h(
          "p",
          { class: "kind" },
          kindName(alert.kind),
          " · ",
          subject(store, alert),
          h("span", { class: "when" }, ago(alert.started_at)),
        ),
        h(
          "a",
          {
            class: "reason",
            href: `#/alerts/${part(alert.alert_id)}${query({ ...wish, state: wish.state === "open" ? "" : wish.state })}`,
            "aria-current": alert.alert_id === chosen ? "true" : null,
          },
          prose(alert.reason),
        ),
        h(
          "p",
          { class: "sub" },
          h("span", { class: "state" }, stateOf(store, alert)),
          " ",
          whose(store, alert),
        ),
      ),
    );
  }

  function open(id) {
    chosen = id;
    element.classList.toggle("one", Boolean(id));
    side = id ? detail(app, id) : null;
    aside.replaceChildren(
      side ? h("a", { class: "back", href: "#/alerts" }, "‹ All alerts") : "",
      side
        ? side.element
        : h(
            "div",
            { class: "empty" },
            h("strong", {}, "Choose an alert"),
            h("p", {}, "Its evidence appears here. j and k move, Enter opens, a acknowledges."),
          ),
    );
    draw();
  }

  function move(by) {
    const index = shown.findIndex((alert) => alert.alert_id === chosen);
    const alert = shown[Math.min(shown.length - 1, Math.max(0, index < 0 ? 0 : index + by))];
    if (!alert) return;
    history.replaceState(null, "", `#/alerts/${part(alert.alert_id)}`);
    open(alert.alert_id);
    list.querySelector(".chosen")?.scrollIntoView({ block: "nearest" });
  }

  load();
  open(alertId);
  return {
    element,
    title: "Alerts",
    changed(changed) {
      if (!changed.alerts && !changed.all) return;
      fill();
      // Of those that the API listed, one has ended since.
      const old =
        store.loaded &&
        past.some((alert) => alert.status !== "resolved" && !store.alerts.has(alert.alert_id));
      if (old) load();
      else draw();
      side?.changed();
    },
    keys: {
      j: () => move(1),
      k: () => move(-1),
      Enter: () => side?.element.focus(),
      a: () => {
        if (side?.alert) app.acknowledge(side.alert);
      },
      Escape: () => app.go("#/alerts"),
    },
    close() {
      asked += 1;
    },
  };
}
