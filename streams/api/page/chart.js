// Chart: a series over time by uPlot, with a band of what is usual and with episodes shaded.
// Knows colours and axes. Must not know where numbers come from.
import { h } from "./dom.js";
import { compact } from "./words.js";

const HEIGHT = 170;
const DAY = 86_400;
const CURSORS = "creator"; // the charts of a page show the same moment
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const date = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const moment = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});
const midnight = (seconds) =>
  new Date(seconds * 1000).getHours() + new Date(seconds * 1000).getMinutes() === 0;

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
    const axis = {
      stroke: ink,
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
      font: "11px system-ui, sans-serif",
    };
    const tone = (one) => colour(one.tone ?? "--accent");
    const value = (_, v) => (v === null || v === undefined ? "–" : compact(v));
    const lines = series.map((one) => ({
      label: one.label,
      stroke: tone(one),
      width: 1.5,
      points: { show: false },
      value,
      fill: one.fill ? `${tone(one)}22` : undefined,
      paths: bars && one.fill ? uPlot.paths.bars({ size: [0.8, 24], align: 1 }) : undefined,
    }));
    const edges = band
      ? [
          { label: "usual, high", stroke: "transparent", points: { show: false }, value, width: 0 },
          { label: "usual, low", stroke: "transparent", points: { show: false }, value, width: 0 },
        ]
      : [];
    plot = new uPlot(
      {
        width: Math.max(240, box.clientWidth),
        height: HEIGHT,
        cursor: { sync: { key: CURSORS }, points: { size: 6 }, drag: { x: false, y: false } },
        legend: { live: true },
        scales: {
          y: {
            range: (_, low, high) => [
              Math.min(0, low ?? 0) === 0 && !series[0].near ? 0 : low,
              Math.max(high ?? 1, (low ?? 0) + 1),
            ],
          },
        },
        axes: [
          {
            ...axis,
            size: 28,
            space: 60,
            values: (_, ticks) => ticks.map((tick) => (midnight(tick) ? date : clock).format(tick * 1000)),
          },
          { ...axis, size: 52, values: (_, ticks) => ticks.map((tick) => compact(tick)) },
        ],
        series: [
          { label: "", value: (_, v) => (v === null || v === undefined ? "" : moment.format(v * 1000)) },
          ...lines,
          ...edges,
        ],
        bands: band ? [{ series: [lines.length + 1, lines.length + 2], fill: colour("--usual") }] : [],
        hooks: { drawClear: [shade] },
      },
      [times, ...series.map((one) => one.values), ...(band ? [band.high, band.low] : [])],
      box,
    );
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

  const resized = new ResizeObserver(() =>
    plot ? plot.setSize({ width: Math.max(240, box.clientWidth), height: HEIGHT }) : draw(),
  );
  resized.observe(box);
  return {
    element: box,
    draw,
    close() {
      resized.disconnect();
      plot?.destroy();
    },
  };
}

/**
 * The quarter points of the same hour on up to seven days before, for each time, between the middles
 * of hours in a straight line; null where fewer than three such hours are known.
 * `hourly` maps epoch seconds to counts; `step` is how many seconds a point sums up.
 */
export function usual(times, step, hourly) {
  const first = hourly.size ? Math.min(...hourly.keys()) : Infinity;
  const known = new Map();
  const quarters = (hour) => {
    if (!known.has(hour)) {
      const values = [1, 2, 3, 4, 5, 6, 7]
        .map((back) => hour - back * DAY)
        .filter((then) => then >= first)
        .map((then) => hourly.get(then) ?? 0)
        .sort((a, b) => a - b);
      known.set(hour, values.length < 3 ? null : [quantile(values, 0.25), quantile(values, 0.75)]);
    }
    return known.get(hour);
  };
  const share = Math.min(1, step / 3600);
  const found = times.map((time) => {
    const before = time + step / 2 - 1800;
    const hour = before - (before % 3600);
    const [one, other] = [quarters(hour), quarters(hour + 3600)];
    const part = (before - hour) / 3600;
    return one && other ? one.map((value, n) => (value + (other[n] - value) * part) * share) : null;
  });
  const edge = (n) => found.map((pair) => pair && pair[n]);
  return found.some(Boolean) ? { low: edge(0), high: edge(1) } : null;
}

function quantile(sorted, q) {
  const at = (sorted.length - 1) * q;
  const below = Math.floor(at);
  return sorted[below] + (sorted[Math.min(sorted.length - 1, below + 1)] - sorted[below]) * (at - below);
}
