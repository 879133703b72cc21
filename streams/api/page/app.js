// App: which view is shown, the bar above it, keys, and what an operator says. Wires all the others.
import { V1, get, onStranger, part, post, reachable } from "./api.js";
import { board } from "./board.js";
import { creator } from "./creator.js";
import { h, redraw, say as put, toast } from "./dom.js";
import { feed } from "./feed.js";
import { Live } from "./live.js";
import { overview } from "./overview.js";
import { signIn, signOut, whoAmI } from "./session.js";
import { Store } from "./store.js";
import { actionName, local, span, tick, utc } from "./words.js";

const VIEWS = [
  ["#/", "Morning", "1"],
  ["#/creators", "Creators", "2"],
  ["#/alerts", "Alerts", "3"],
];
const KEYS = [
  ["/", "search"],
  ["j, k", "next, previous"],
  ["Enter", "open"],
  ["a", "acknowledge"],
  ["Esc", "back"],
  ["1, 2, 3", "morning, creators, alerts"],
  ["t", "light or dark"],
  ["?", "these keys"],
];
const HEALTH = 15_000;
const CAMPAIGNS = 60_000;
const AGAIN = 3_000;

const main = document.getElementById("main");
const banner = document.getElementById("banner");
const store = new Store();
let view = null;
let connection = { state: "connecting", since: null };
const live = new Live(store, (told) => {
  connection = told;
  connected();
});

const app = {
  store,
  me: null,
  about: null,
  health: null,
  get operator() {
    return this.me?.role === "operator";
  },
  go(hash) {
    // At once, not at the event of a changed hash: the next key is for the next view.
    if (location.hash !== hash) history.pushState(null, "", hash);
    route();
  },
  acknowledge(alert) {
    return app.say(alert, "acknowledge");
  },
  async say(alert, action, seconds) {
    if (!app.operator) return;
    const who = store.name(alert.creator_id);
    try {
      const { command } = await post(`${V1}/alerts/${part(alert.alert_id)}/commands`, {
        action,
        ...(seconds ? { seconds } : {}),
      });
      store.sent(alert.alert_id, command);
      toast(`Sent: ${who} is ${actionName(action)}`);
    } catch (error) {
      toast(`${error.title}: ${error.message}`, "bad");
    }
  },
};

// ---- views ----

function route() {
  if (!app.me) return;
  const [path, asked = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, ...rest] = path.split("/");
  const parameters = new URLSearchParams(asked);
  let id = null;
  try {
    id = rest.length ? decodeURIComponent(rest.join("/")) : null;
  } catch {
    id = rest.join("/");
  }
  show(
    name === "creators"
      ? id
        ? creator(app, parameters, id)
        : board(app, parameters)
      : name === "alerts"
        ? feed(app, parameters, id)
        : overview(app),
  );
  for (const link of document.querySelectorAll("#bar nav a")) {
    const here =
      link.getAttribute("href") === (name === "creators" || name === "alerts" ? `#/${name}` : "#/");
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function show(next) {
  view?.close();
  view = next;
  document.title = `${view.title} · creator-pulse`;
  main.replaceChildren(view.element);
  if (view.focus) view.focus();
  window.scrollTo(0, 0);
}

// ---- the bar ----

const state = h("span", { class: "connection", role: "status" });
const openAlerts = h("span", { class: "badge", hidden: true });
const who = h("span", { class: "who" });

function bar() {
  document.getElementById("bar").replaceChildren(
    h(
      "a",
      { class: "brand", href: "#/", "aria-label": "creator-pulse, morning view" },
      h("img", { src: "/page/icon.svg", alt: "", width: 24, height: 24 }),
      h("span", {}, "creator-pulse"),
    ),
    h(
      "nav",
      { "aria-label": "Views" },
      VIEWS.map(([href, title, key]) =>
        h("a", { href, "aria-keyshortcuts": key }, title, title === "Alerts" && openAlerts),
      ),
    ),
    state,
    h(
      "span",
      { class: "own" },
      who,
      h(
        "button",
        {
          class: "icon",
          title: "Light or dark (t)",
          "aria-label": "Switch between light and dark",
          onclick: theme,
        },
        "◐",
      ),
      h(
        "button",
        { class: "icon", title: "Keys (?)", "aria-label": "Keyboard shortcuts", onclick: help },
        "?",
      ),
    ),
  );
}

function greet() {
  redraw(who, JSON.stringify(app.me), () =>
    app.me
      ? [
          h(
            "span",
            { title: app.me.until ? `until ${local(app.me.until)} (${utc(app.me.until)})` : null },
            app.me.name,
            h("small", {}, app.me.role),
          ),
          app.me.via === "session" ? h("button", { class: "plain", onclick: leave }, "Sign out") : null,
        ]
      : [],
  );
}

function connected() {
  const lost = connection.state !== "live";
  state.className = `connection ${connection.state}`;
  put(
    state,
    !app.me
      ? ""
      : !lost
        ? "Live"
        : connection.state === "connecting"
          ? "Connecting …"
          : `Stale for ${span(Date.now() - connection.since)}, reconnecting …`,
  );
  state.title = connection.since
    ? `since ${local(connection.since)} (${utc(connection.since)})`
    : "Changes appear by themselves";
  const reasons =
    lost && connection.state === "reconnecting"
      ? ["The API does not answer. What you see is as of when it last did."]
      : app.health && !app.health.ok
        ? app.health.reasons
        : [];
  banner.hidden = !app.me || !reasons.length;
  put(banner, reasons.length ? `▲ What is shown may be old or incomplete: ${reasons.join("; ")}` : "");
}

function theme() {
  const root = document.documentElement;
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try {
    localStorage.setItem("theme", root.dataset.theme);
  } catch {
    // It holds until the page is loaded again.
  }
  view?.themed?.();
}

const dialog = h(
  "dialog",
  { "aria-labelledby": "keys" },
  h("h2", { id: "keys" }, "Keys"),
  h(
    "dl",
    {},
    KEYS.map(([key, what]) => [
      h(
        "dt",
        {},
        key.split(", ").map((one, n) => [n > 0 && " ", h("kbd", {}, one)]),
      ),
      h("dd", {}, what),
    ]),
  ),
  h("form", { method: "dialog" }, h("button", { class: "primary" }, "Close")),
);
document.body.append(dialog);
const help = () => {
  if (!dialog.open) dialog.showModal();
};

// ---- keys ----

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || dialog.open || !app.me) return;
  const typing = event.target.closest?.("input, select, textarea");
  if (typing) {
    if (event.key === "Escape" || (event.key === "Enter" && typing.type === "search")) {
      event.preventDefault();
      typing.blur();
    }
    return;
  }
  // A focused link or button has Enter for itself.
  if (event.key === "Enter" && event.target.closest?.("a, button")) return;
  const common = {
    "/": search,
    "?": help,
    t: theme,
    ...Object.fromEntries(VIEWS.map(([href, , key]) => [key, () => app.go(href)])),
  };
  const act = view?.keys[event.key] ?? common[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

function search() {
  if (!view.search) app.go("#/creators");
  view.search.focus();
  view.search.select();
}

// ---- coming and going ----

async function enter(me) {
  app.me = me;
  greet();
  connected();
  live.start();
  route();
  app.about = await get(`${V1}/about`).catch(() => null);
  campaigns();
  healthy();
}

async function leave() {
  try {
    await signOut();
  } catch (error) {
    if (error.status !== 401) {
      toast(`Not signed out. ${error.title}: ${error.message}`, "bad");
      return;
    }
  }
  forget();
}

function stranger() {
  if (app.me) forget();
  else if (!view) show(signIn(enter));
}

/** What was known leaves the page with whoever knew it: out of sight at once, and then by loading it anew. */
function forget() {
  live.stop();
  app.me = null;
  store.reset();
  store.ready();
  const note = h("p", { class: "note", role: "status" }, "You are no longer signed in.");
  show({ element: note, title: "Signed out", changed() {}, keys: {}, close() {} });
  greet();
  connected();
  anew(note);
}

async function anew(note) {
  if (await reachable()) {
    location.reload();
    return;
  }
  // Loaded from nowhere, the page would give way to the browser's own, which never comes back by itself.
  put(note, "You are no longer signed in, and the API does not answer. Once it does, you can sign in again.");
  setTimeout(() => anew(note), AGAIN);
}

async function campaigns() {
  if (!app.me) return;
  const found = new Map();
  try {
    for (let offset = 0, total = 1; offset < total; offset += 500) {
      const page = await get(`${V1}/campaigns?limit=500&offset=${offset}`);
      for (const one of page.campaigns) found.set(one.campaign_id, one);
      total = page.total;
    }
  } catch {
    return; // those of the last time stay
  }
  store.campaigns = found;
  store.note((changed) => {
    changed.all = true;
  });
}

async function healthy() {
  if (!app.me) return;
  app.health = await get("/readyz").catch(() => app.health);
  connected();
  store.note(() => {});
}

store.subscribe((changed) => {
  if (changed.alerts || changed.all) {
    const waiting = [...store.alerts.values()].filter(
      (alert) => alert.kind !== "digest" && !store.takenBy(alert),
    ).length;
    openAlerts.hidden = !waiting;
    put(openAlerts, String(waiting));
  }
  view?.changed(changed);
});

async function begin() {
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
  });
  bar();
  onStranger.call = stranger;
  addEventListener("hashchange", route);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => view?.themed?.());
  setInterval(() => {
    tick();
    connected();
  }, 5000);
  setInterval(healthy, HEALTH);
  setInterval(campaigns, CAMPAIGNS);
  const meet = async () => {
    try {
      await enter(await whoAmI());
    } catch (error) {
      if (error.status === 401) return;
      connection = { state: "reconnecting", since: connection.since ?? Date.now() };
      main.replaceChildren(h("p", { class: "note" }, `${error.title}: ${error.message}`));
      setTimeout(meet, AGAIN);
    }
  };
  await meet();
}

begin();
