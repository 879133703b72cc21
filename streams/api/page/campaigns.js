// Campaigns: which of them run below expectation, by their creators' scores and by their own targets.
// Knows the limits from which that is worth a look. Must not know when, or where, it is shown.
import { part } from "./api.js";
import { empty, h } from "./dom.js";
import { keepers } from "./evidence.js";
import { amount, at, count, percent, plain, some } from "./words.js";

const BELOW = 45; // the middle score of a campaign that runs below expectation
const BEHIND = 0.8; // counted / expected of a target that is behind
const EARLY = 0.05; // so much of a campaign's time must have passed: an even pace is a guess
const SHOWN = 6;

/** Middle scores below `BELOW`, by campaign. */
function weak(store) {
  const scores = new Map();
  for (const creator of store.creators.values()) {
    if (creator.score === null) continue;
    for (const id of creator.campaigns) scores.set(id, [...(scores.get(id) ?? []), creator.score]);
  }
  const found = new Map();
  for (const [id, values] of scores) {
    values.sort((a, b) => a - b);
    const middle = Math.round(values[Math.floor((values.length - 1) / 2)]);
    if (middle < BELOW)
      found.set(id, { middle, creators: values.length, weak: values.filter((value) => value < 40).length });
  }
  return found;
}

/** Targets that are behind, by campaign. */
function late(store) {
  const found = new Map();
  for (const [id, { progress }] of store.campaigns) {
    if (!progress || progress.elapsed === null || progress.elapsed < EARLY) continue;
    const targets = progress.targets.filter((one) => one.ratio !== null && one.ratio < BEHIND);
    if (targets.length) found.set(id, targets.sort((a, b) => a.ratio - b.ratio));
  }
  return found;
}

/** Campaigns below expectation, those that are furthest below it first. */
export function below(store) {
  const scores = weak(store);
  const targets = late(store);
  const share = (one) => Math.min(one.score ? one.score.middle / 50 : 1, one.targets[0]?.ratio ?? 1);
  return [...new Set([...scores.keys(), ...targets.keys()])]
    .map((id) => ({
      id,
      score: scores.get(id) ?? null,
      targets: targets.get(id) ?? [],
      progress: targets.has(id) ? store.campaigns.get(id).progress : null,
    }))
    .sort((a, b) => share(a) - share(b))
    .slice(0, SHOWN);
}

export function campaigns(store, found) {
  if (!store.campaigns.size) return empty("No campaigns", "None has been published.");
  if (!found.length)
    return empty(
      "None",
      `Of ${some(store.campaigns.size, "campaign")} none has a middle score below ${BELOW}, or a target that is a fifth behind.`,
    );
  return h(
    "ul",
    { class: "lines bars" },
    found.map((one) => {
      const campaign = store.campaign(one.id);
      return h(
        "li",
        {},
        h(
          "span",
          {},
          h("a", { href: `#/creators?campaign=${part(one.id)}` }, campaign.name),
          h("span", { class: "sub" }, keepers(campaign)),
        ),
        one.score && [
          meter(one.score.middle),
          h("b", { class: "number" }, one.score.middle),
          h("span", { class: "sub" }, `${one.score.weak} of ${one.score.creators} below 40`),
        ],
        one.targets.map((target) => behind(target, one.progress)),
      );
    }),
  );
}

function meter(share) {
  const bar = h("i", { class: "meter low" }, h("i"));
  bar.firstChild.style.width = `${share}%`;
  return bar;
}

const behind = (target, progress) =>
  h(
    "p",
    { class: "target" },
    h("b", {}, `${plain(target.metric)} ${count(target.counted)} of ${amount(target.target)}`),
    h(
      "span",
      { class: "sub" },
      !progress.complete && ["counted since ", at(progress.counted_from), " only; "],
      `${amount(target.expected)} expected ${progress.complete ? "by now" : "in that time"}: ${percent(target.ratio, 0)}`,
    ),
  );
