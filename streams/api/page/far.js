// Far: live posts that are far from what is usual at their age, worst and best first.
// Knows how one is told. Must not know how far is far: workers say which they are.
import { part } from "./api.js";
import { empty, h } from "./dom.js";
import { campaignLink, whose } from "./evidence.js";
import { amount, count, kindName, some, span } from "./words.js";

const SHOWN = 4; // of either sort
const distance = ({ post }) => Math.abs(Math.log((post.observed + 1) / (post.expected + 1)));

/** Those below and those above what is usual, the furthest first, of all creators. */
export function far(store) {
  const found = { below: [], above: [] };
  for (const creator of store.creators.values())
    for (const post of creator.posts ?? [])
      found[post.observed < post.expected ? "below" : "above"].push({ creator, post });
  for (const sort of Object.values(found)) sort.sort((a, b) => distance(b) - distance(a));
  return found;
}

/** What of it is shown, to tell whether it has changed. */
export const shownOf = (store, { below, above }) => [
  below.length,
  above.length,
  [...below.slice(0, SHOWN), ...above.slice(0, SHOWN)].map(({ creator, post }) => [
    creator.creator_id,
    creator.handle,
    post,
    spoken(store, creator.creator_id, post)?.alert_id,
  ]),
];

export function farPosts(store, { below, above }) {
  if (!below.length && !above.length)
    return empty("None", "No live post is known to be far from what its creator's posts usually have by then.");
  return [
    h("p", { class: "sub" }, `${some(below.length, "post")} far below, ${count(above.length)} far above.`),
    h(
      "ul",
      { class: "briefs far" },
      [...below.slice(0, SHOWN), ...above.slice(0, SHOWN)].map((one) => told(store, one)),
    ),
  ];
}

function told(store, { creator, post }) {
  const id = creator.creator_id;
  const alert = spoken(store, id, post);
  return h(
    "li",
    {},
    h(
      "p",
      { class: "kind" },
      side(post),
      " ",
      h("a", { class: "handle", href: `#/creators/${part(id)}` }, store.name(id)),
      h("span", { class: "id" }, post.post_id),
      alert && h("a", { href: `#/alerts/${part(alert.alert_id)}` }, kindName(alert.kind)),
      h("span", { class: "when" }, `${span(post.age_minutes * 60_000)} old`),
    ),
    h(
      "p",
      { class: "why" },
      `${count(post.observed)} engagements where ${amount(post.expected)} are usual by then: ${times(post)}.`,
    ),
    h("p", { class: "sub" }, ownerOf(store, id, post)),
  );
}

const side = (post) =>
  post.observed < post.expected
    ? h("span", { class: "bad", role: "img", "aria-label": "below" }, "▼")
    : h("span", { class: "good", role: "img", "aria-label": "above" }, "▲");

function times({ observed, expected }) {
  if (observed <= 0) return "none at all";
  return observed < expected
    ? `${amount(expected / observed)} times fewer`
    : `${amount(observed / Math.max(expected, 1))} times as many`;
}

/** The campaign that the post is of; of a post without one, those that its creator is in. */
const ownerOf = (store, creatorId, post) =>
  post.campaign_id
    ? campaignLink(store.campaign(post.campaign_id))
    : whose(store, { creator_id: creatorId, campaign_id: null });

/** The open alert that speaks of a post, if there is one. */
const spoken = (store, creatorId, post) =>
  (store.alertsOf.get(creatorId) ?? []).find((alert) =>
    alert.evidence.posts.some((one) => one.post_id === post.post_id),
  );
