"""Desk: where every alert of a shard is told whether it calls anybody, and published.

Knows what people have said (`orders`), quiet hours and how many may call, and gathers those that
are too many in a digest: nothing is dropped. Must not know why an alert is due.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from schemas import topics
from schemas.alerts import Alert, Kind, Quiet, Severity
from schemas.commands import AlertCommand
from schemas.instants import to_ms
from streams.engine import alerting, orders
from streams.engine.alerting import Episode
from streams.engine.creator import Creator
from streams.engine.facts import CreatorInfo
from streams.engine.registry import Registry
from streams.engine.roster import Roster
from streams.engine.rules import DeskRules
from streams.engine.units import HOUR_MS, MINUTE_MS

_DAY_MINUTES = 24 * 60
_MOST_CAMPAIGNS = 64


_LASTING = frozenset({"explained", "switched_off"})
_alert = msgspec.json.Decoder(Alert)


class DeskState(Struct, array_like=True):
    """When alerts of the last hour called, in all and by campaign, and the digest of the rest.

    `named` holds (kind, creator, severity) of the first that were too many since the last digest
    record, `held` how many there were by kind, `total` all of the digest's episode. `told` is the
    last record of the digest that is firing.
    """

    called: list[int] = []
    by_campaign: dict[str, list[int]] = {}
    named: list[tuple[str, str, Severity]] = []
    held: dict[str, int] = {}
    total: int = 0
    first_ms: int = 0
    episode: Episode = field(default_factory=Episode)
    told: bytes = b""


class Desk:
    """Publishes alerts. `rules` are those of everybody, for what is shared: caps and quiet hours.

    `told_ms` is the wall clock as last told.
    """

    __slots__ = ("_registry", "_roster", "rules", "state", "told_ms")

    def __init__(self, registry: Registry, rules: DeskRules, roster: Roster) -> None:
        self._registry = registry
        self._roster = roster
        self.rules = rules
        self.state = DeskState()
        self.told_ms = 0

    def take(self, creator: Creator, command: AlertCommand, at_ms: int) -> None:
        """Do what a command says, from the next record of the alert on."""
        if not orders.take(creator.watch.orders, command, at_ms):
            self._registry.stats.orders["unknown"] += 1
            return
        self._registry.stats.orders[command.action] += 1
        self._registry.dirty[creator.creator_id] = creator
        creator.watch_dirty = True
        told = creator.watch.told.get(command.alert_id or "")
        if told is not None and command.action not in {"snooze", "wake"}:
            last = _alert.decode(told)
            if command.action == "acknowledge" and last.acknowledged_at is None:
                waited_ms = at_ms - to_ms(last.started_at)
                self._registry.stats.answer(waited_ms // 1000)
            now = max(last.updated_at, alerting.moment(at_ms))
            self.publish(creator, replace(last, status="update", updated_at=now))

    def publish(self, creator: Creator, alert: Alert, off: Collection[Kind] = ()) -> None:
        """Publish one step in the life of an alert, with what is to be said of it.

        `off` are the kinds that call nobody for this creator.
        """
        watch = creator.watch
        if alert.status == "firing" and alert.campaign_id is None:
            alert = self._assigned(creator, alert)
        if watch.orders:
            started_ms = to_ms(alert.started_at)
            order = orders.of_episode(watch.orders, alert.kind, started_ms)
            if order.acknowledged_ms:
                moment = alerting.moment(order.acknowledged_ms)
                alert = replace(
                    alert, acknowledged_at=moment, acknowledged_by=order.acknowledged_by
                )
            if order.feedback is not None:
                alert = replace(alert, feedback=order.feedback)
        if alert.reviewed_at is not None:
            # What has become of an episode that is over calls nobody.
            self._put(replace(alert, notify=False, quiet="past"))
            return
        quiet = alert.quiet if alert.quiet in _LASTING else None
        if quiet is None:
            quiet = "switched_off" if alert.kind in off else self._quiet(creator, alert)
        before = watch.told.get(alert.alert_id)
        called = quiet is None or (before is not None and _alert.decode(before).called)
        alert = replace(alert, notify=quiet is None, quiet=quiet, called=called)
        if quiet is not None:
            self._registry.stats.quiet[quiet] += alert.status == "firing"
        if alert.status == "resolved":
            watch.told.pop(alert.alert_id, None)
            watch.settled(alert)
            if watch.orders:
                orders.settle(watch.orders, to_ms(alert.updated_at), watch.active())
            self._put(alert)
        else:
            watch.told[alert.alert_id] = self._put(alert)

    def firing(self, creator_ids: Iterable[str]) -> Iterator[bytes]:
        """The last record of every alert that is firing, of those creators and the digest."""
        for creator_id in creator_ids:
            creator = self._registry.live.get(creator_id)
            if creator is not None:
                yield from creator.watch.told.values()
        if self.state.told:
            yield self.state.told

    def _assigned(self, creator: Creator, alert: Alert) -> Alert:
        """The alert with the creator's only campaign; its episode keeps it until the end."""
        campaign_id = self._roster.only(creator.creator_id, to_ms(alert.updated_at))
        if campaign_id is None:
            return alert
        started_ms = to_ms(alert.started_at)
        for kind, episode in creator.watch.episodes():
            if kind == alert.kind and episode.started_ms == started_ms:
                episode.campaign_id = campaign_id
        return replace(alert, campaign_id=campaign_id)

    def _put(self, alert: Alert) -> bytes:
        self._registry.publish(topics.ALERTS.name, alert.alert_id.encode(), alert)
        status = alert.status if alert.reviewed_at is None else "update"
        self._registry.stats.alerts[alert.kind, status] += 1
        return self._registry.outputs[-1].value or b""

    def _quiet(self, creator: Creator, alert: Alert) -> Quiet | None:
        """Why nobody is to be called for an alert, or None."""
        now_ms = to_ms(alert.updated_at)
        if now_ms < self.told_ms - self.rules.past_ms:
            return "past"
        given = creator.watch.orders
        if given:
            order = orders.of_episode(given, alert.kind, to_ms(alert.started_at))
            whole = given.get(orders.ANY)
            until_ms = max(order.until_ms, order.episode_until_ms, whole.until_ms if whole else 0)
            if now_ms < until_ms:
                return "snoozed"
            if order.acknowledged_ms:
                return "acknowledged"
            if order.capped:
                return "rate_cap"
        if alert.severity != "critical" and self._quiet_hours(now_ms):
            if alert.status == "firing":
                self._hold(creator, alert, now_ms)
            return "quiet_hours"
        if alert.status == "firing" and not self._may_call(alert, now_ms):
            started_ms = to_ms(alert.started_at)
            orders.of_episode(given, alert.kind, started_ms).capped = True
            self._hold(creator, alert, now_ms)
            return "rate_cap"
        return None

    def _quiet_hours(self, now_ms: int) -> bool:
        length = (self.rules.quiet_until - self.rules.quiet_from) % _DAY_MINUTES
        return (now_ms // MINUTE_MS - self.rules.quiet_from) % _DAY_MINUTES < length

    def _may_call(self, alert: Alert, now_ms: int) -> bool:
        """Whether one more alert may call now; if so, it is counted."""
        rules, state = self.rules, self.state
        factor = rules.critical_factor if alert.severity == "critical" else 1.0
        shares = [(state.called, rules.max_per_hour)]
        if alert.campaign_id is not None:
            by_campaign = state.by_campaign
            if len(by_campaign) >= _MOST_CAMPAIGNS:
                hour_ago = now_ms - HOUR_MS
                for campaign in [c for c, at in by_campaign.items() if max(at) <= hour_ago]:
                    del by_campaign[campaign]
            if alert.campaign_id in by_campaign or len(by_campaign) < _MOST_CAMPAIGNS:
                called = by_campaign.get(alert.campaign_id, [])
                shares.append((called, rules.max_per_campaign_hour))
        for called, limit in shares:
            called[:] = [at for at in called if at > now_ms - HOUR_MS]
            if len(called) >= math.ceil(factor * limit / self._registry.partitions):
                return False
        for called, _ in shares:
            called.append(now_ms)
        if len(shares) == 2:
            state.by_campaign[alert.campaign_id or ""] = shares[1][0]
        return True

    def _hold(self, creator: Creator, alert: Alert, now_ms: int) -> None:
        state = self.state
        state.first_ms = state.first_ms or now_ms
        state.held[alert.kind] = state.held.get(alert.kind, 0) + 1
        if len(state.named) < self.rules.digest_names:
            state.named.append((alert.kind, alerting.name(creator.info), alert.severity))

    def advance(self, at_ms: int) -> None:
        """Tell what was too many, when that is due at event time `at_ms`."""
        rules, state, episode = self.rules, self.state, self.state.episode
        if state.held and not self._quiet_hours(at_ms):
            due_ms = (
                episode.told_ms + rules.digest_every_ms
                if episode.on
                else state.first_ms + rules.digest_after_ms
            )
            if at_ms >= due_ms:
                self._digest(at_ms)
        elif episode.on and not state.held and at_ms >= episode.told_ms + rules.digest_end_ms:
            self._put(self._record("resolved", at_ms, episode.told_ms))
            self.state = DeskState(called=state.called, by_campaign=state.by_campaign)

    def _digest(self, at_ms: int) -> None:
        state, episode = self.state, self.state.episode
        severity = min((s for _, _, s in state.named), key=alerting.SEVERITIES.index)
        status = "update" if episode.on else "firing"
        state.total += sum(state.held.values())
        if not episode.on:
            episode.open(state.first_ms, at_ms, severity, "rate_cap")
        episode.told_ms = at_ms
        state.told = self._put(self._record(status, at_ms))
        state.held, state.named = {}, []

    def _record(self, status: str, at_ms: int, ended_ms: int | None = None) -> Alert:
        state, rules = self.state, self.rules
        since = alerting.clock(state.episode.started_ms)
        limit = math.ceil(rules.max_per_hour / self._registry.partitions)
        if status == "resolved":
            title = "Alerts call as usual again"
            reason = (
                f"From {since} on {state.total} alerts called nobody, in quiet hours or since there"
                " were too many: they are only on record."
            )
        else:
            kinds = ", ".join(
                f"{n} {kind.replace('_', ' ')}" for kind, n in Counter(state.held).most_common()
            )
            names = ", ".join(dict.fromkeys(who for _, who, _ in state.named))
            more = "" if sum(state.held.values()) == len(state.named) else ", and others"
            title = f"{alerting.count(state.total)} more alerts are only on record"
            reason = (
                f"Since {since} {alerting.count(state.total)} alerts called nobody, in quiet hours"
                f" or since there were too many; lately {kinds}: {names}{more}."
            )
        record = alerting.build(
            "digest",
            status,  # type: ignore[arg-type]
            state.episode,
            CreatorInfo("", None, None, None),
            at_ms,
            title=title,
            reason=reason,
            metric="alerts",
            observed=state.total,
            expected=limit,
            ratio=round(state.total / limit, 2),
            probability=1.0,
            samples=state.total,
            ended_ms=ended_ms,
        )
        own = alerting.alert_id(str(self._registry.partition), "digest", state.episode.started_ms)
        past = at_ms < self.told_ms - rules.past_ms
        called = not past or (bool(state.told) and _alert.decode(state.told).called)
        quiet: Quiet | None = "past" if past else None
        return replace(record, alert_id=own, notify=not past, quiet=quiet, called=called)
