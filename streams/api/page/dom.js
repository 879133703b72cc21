// DOM: elements out of names, attributes and texts. Must not know what is shown.
// A text from data only ever becomes a text node: nothing here, or elsewhere, takes markup.

const SVG = "http://www.w3.org/2000/svg";

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(
    ...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

export function h(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

/** Sets a text only where it differs: what does not change is not laid out again. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Replaces what is in `element` when `signature` is another than the last time. */
export function redraw(element, signature, make) {
  if (element.signature === signature) return;
  element.signature = signature;
  element.replaceChildren(...[make()].flat(2).filter(Boolean));
}

const SHAPES = {
  critical: "M8 1.5 15 14H1Z",
  warning: "M8 1 15 8 8 15 1 8Z",
  info: "M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2Z",
};

/** A severity by colour and by shape: triangle, diamond, circle. */
export function severityMark(severity) {
  const known = SHAPES[severity] ? severity : "info";
  return svg(
    "svg",
    { class: `mark ${known}`, viewBox: "0 0 16 16", role: "img", "aria-label": severity },
    svg("path", { d: SHAPES[known] }),
  );
}

/** A line without axes; `setSpark` gives it its numbers. */
export function spark(label) {
  return svg(
    "svg",
    { class: "spark", viewBox: "0 0 96 24", preserveAspectRatio: "none", role: "img", "aria-label": label },
    svg("path", { class: "area" }),
    svg("path", { class: "line" }),
  );
}

export function setSpark(element, values) {
  const [area, line] = element.children;
  if (!values || values.length < 2) {
    area.setAttribute("d", "");
    line.setAttribute("d", values ? "M0 22H96" : "");
    return;
  }
  const most = Math.max(...values, 1);
  const step = 96 / (values.length - 1);
  const path = values
    .map(
      (value, n) =>
        `${n ? "L" : "M"}${(n * step).toFixed(1)} ${(22 - (20 * Math.max(0, value)) / most).toFixed(1)}`,
    )
    .join("");
  line.setAttribute("d", path);
  area.setAttribute("d", `${path}L96 24L0 24Z`);
}

/** A few words that go away by themselves; screen readers hear them. */
export function toast(text, kind = "") {
  const shown = h("p", { class: `toast ${kind}` }, text);
  document.getElementById("toasts").append(shown);
  setTimeout(() => shown.remove(), 6000);
}

export function empty(title, text) {
  return h("div", { class: "empty" }, h("strong", {}, title), h("p", {}, text));
}

export function failure(error, again) {
  return h(
    "div",
    { class: "empty failed", role: "alert" },
    h("strong", {}, error.title ?? "That did not work"),
    h("p", {}, error.message),
    again && h("button", { onclick: again }, "Try again"),
  );
}

export function skeleton(lines = 4) {
  return h(
    "div",
    { class: "skeleton", "aria-label": "Loading" },
    Array.from({ length: lines }, () => h("i")),
  );
}
