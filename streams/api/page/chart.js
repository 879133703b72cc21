// Chart: a series over time by uPlot, with a band of what is usual and with episodes shaded.
// Knows colours and axes. Must not know where numbers come from.
import { h } from "./dom.js";
import { compact } from "./words.js";

const HEIGHT = 190;
const sync = "creator";

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * `times` in epoch seconds; `series` as {label, values, tone, fill}; `band` as {low, high} or null;
 * `episodes` as {begin, end, severity} in epoch seconds.
 */
export function chart({ label, times, series, band, episodes, bars }) {
  const box = h("div", { class: "plot", role: "img", "aria-label": label });
  let plot = null;

  function draw() {
    plot?.destroy();
    const ink = colour("--quiet");
    const axis = { stroke: ink, grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
    const tone = (one) => colour(one.tone ?? "--accent");
    const value = (_, v) => (v === null || v === undefined ? "–" : compact(v));
    const lines = series.map((one) => ({
      label: one.label, stroke: tone(one), width: 1.5, points: { show: false }, value,
      fill: one.fill ? `${tone(one)}22` : undefined,
      paths: bars && one.fill ? uPlot.paths.bars({ size: [0.8, 24], align: 1 }) : undefined,
    }));
    const edges = band ? [
      { label: "usual, high", stroke: "transparent", points: { show: false }, value, width: 0 },
      { label: "usual, low", stroke: "transparent", points: { show: false }, value, width: 0 },
    ] : [];
    plot = new uPlot({
      width: Math.max(240, box.clientWidth), height: HEIGHT,
      cursor: { sync: { key: sync }, points: { size: 6 }, drag: { x: false, y: false } },
      legend: { live: true },
      scales: { y: { range: (_, low, high) => [Math.min(0, low ?? 0) === 0 && !series[0].near ? 0 : low, Math.max(high ?? 1, (low ?? 0) + 1)] } },
      axes: [axis, { ...axis, size: 52, values: (_, ticks) => ticks.map((tick) => compact(tick)) }],
      series: [{ label: "at" }, ...lines, ...edges],
      bands: band ? [{ series: [lines.length + 1, lines.length + 2], fill: colour("--band") }] : [],
      hooks: { drawClear: [shade] },
    }, [times, ...series.map((one) => one.values), ...(band ? [band.high, band.low] : [])], box);
  }

  function shade(u) {
    const { ctx, bbox } = u;
    ctx.save();
    for (const episode of episodes) {
      const begin = Math.max(u.valToPos(episode.begin, "x", true), bbox.left);
      const end = Math.min(u.valToPos(episode.end, "x", true), bbox.left + bbox.width);
      if (end <= bbox.left || begin >= bbox.left + bbox.width) continue;
      const wide = Math.max(2, end - begin);
      ctx.fillStyle = colour(`--${episode.severity}-wash`);
      ctx.fillRect(begin, bbox.top, wide, bbox.height);
      ctx.fillStyle = colour(`--${episode.severity}`);
      ctx.fillRect(begin, bbox.top, wide, 3);
    }
    ctx.restore();
  }

  const resized = new ResizeObserver(() => plot ? plot.setSize({ width: Math.max(240, box.clientWidth), height: HEIGHT }) : draw());
  resized.observe(box);
  return { element: box, draw, close() { resized.disconnect(); plot?.destroy(); } };
}

/** The quarter points of the same hour on days before, for each time; null where there are too few. */
export function usual(times, step, hourly) {
  const DAY = 86_400;
  const low = [];
  const high = [];
  const first = hourly.size ? Math.min(...hourly.keys()) : Infinity;
  for (const time of times) {
    const hour = time - (time % 3600);
    const values = [];
    for (let back = 1; back <= 7; back += 1) {
      const then = hour - back * DAY;
      if (then >= first) values.push(hourly.get(then) ?? 0);
    }
    if (values.length < 3) {
      low.push(null);
      high.push(null);
      continue;
    }
    values.sort((a, b) => a - b);
    const part = Math.min(1, step / 3600);
    low.push(quantile(values, 0.25) * part);
    high.push(quantile(values, 0.75) * part);
  }
  return low.some((value) => value !== null) ? { low, high } : null;
}

function quantile(sorted, q) {
  const at = (sorted.length - 1) * q;
  const below = Math.floor(at);
  return sorted[below] + (sorted[Math.min(sorted.length - 1, below + 1)] - sorted[below]) * (at - below);
}
