// Names: what people read instead of names in records. Made by streams/words.py.
export const KINDS = {
  engagement_drop: "Engagement drop",
  follower_spike: "Follower spike",
  unfollow_wave: "Unfollow wave",
  viral_post: "Viral post",
  silence: "Silence",
  sentiment_crisis: "Mood turns",
  suspicious_engagement: "Suspicious engagement",
  source_outage: "Source outage",
  digest: "Digest",
};
export const CAUSES = {
  across_posts: "several posts at once",
  single_post: "one post only",
  no_engagement: "nothing comes at all",
  weak_posts: "post after post is weak",
  slow_decline: "less and less over weeks",
  organic_viral: "a post that does far better than usual",
  campaign: "a post for a campaign",
  suspect: "the followers may be bought",
  unexplained: "not clear",
  after_spike: "a follower spike before",
  after_post: "a new post",
  above_usual: "a post far above the usual",
  inversion: "the mood has turned over",
  negative_wave: "many negative comments",
  pod: "the same people come first each time",
  hollow_burst: "empty or new accounts",
  stock_comments: "comments that fit any post",
  source: "the source of the platform's events",
  rate_cap: "too many alerts at a time",
};
export const METRICS = {
  engagements: "engagements",
  engagements_per_post: "engagements per post",
  net_follows: "followers more",
  kept_follows: "followers who stayed",
  net_unfollows: "followers less",
  negative_comments: "negative comments",
  early_comments: "early comments of the group",
  stock_comments: "comments that fit any post",
  hollow_engagements: "engagements of empty or new accounts",
  events_per_minute: "events per minute",
  alerts: "alerts",
};
export const STATUSES = {
  firing: "began",
  update: "goes on",
  resolved: "over",
};
export const QUIET = {
  explained: "explained by another alert",
  acknowledged: "taken by somebody",
  snoozed: "snoozed",
  past: "it was over, or long known, when it was found",
  quiet_hours: "quiet hours",
  rate_cap: "too many at a time: see the digest",
  switched_off: "switched off by a rule",
};
export const ACTIONS = {
  acknowledge: "taken",
  snooze: "snoozed",
  wake: "no longer snoozed",
  useful: "judged useful",
  false: "judged a false alarm",
};
