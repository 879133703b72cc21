// Store: what the live stream has told, and who is to hear of changes: once a frame, at most.
// Must not know the stream, nor what is shown.

export class Store {
  constructor() {
    this.creators = new Map();
    this.alerts = new Map(); // open ones
    this.campaigns = new Map();
    this.said = new Map(); // what we have sent of an alert that its records do not show yet
    this.loaded = false;
    this.next = null;
    this.alertsOf = new Map();
    this.listeners = new Set();
    this.changed = null;
  }

  /** `listener({creators, alerts, all})`: the ids of changed creators, and what else has changed. */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  note(mark) {
    if (!this.changed) {
      this.changed = { creators: new Set(), alerts: false, all: false };
      requestAnimationFrame(() => {
        const changed = this.changed;
        this.changed = null;
        for (const listener of this.listeners) listener(changed);
      });
    }
    mark(this.changed);
  }

  /** All comes anew: what there is stays in sight until it is complete. */
  reset() {
    this.next = { creators: new Map(), alerts: new Map() };
  }

  ready() {
    if (this.next) {
      this.creators = this.next.creators;
      this.alerts = this.next.alerts;
      this.next = null;
    }
    this.loaded = true;
    this.index();
    this.note((changed) => {
      changed.all = changed.alerts = true;
    });
  }

  score(summary) {
    (this.next ?? this).creators.set(summary.creator_id, summary);
    this.note((changed) => changed.creators.add(summary.creator_id));
  }

  gone(creatorId) {
    (this.next ?? this).creators.delete(creatorId);
    this.note((changed) => {
      changed.all = true;
    });
  }

  alert(record) {
    const alerts = (this.next ?? this).alerts;
    const said = this.said.get(record.alert_id);
    if (said && Date.parse(record.updated_at) > 0 && shows(record, said)) this.said.delete(record.alert_id);
    if (record.status === "resolved") alerts.delete(record.alert_id);
    else alerts.set(record.alert_id, record);
    if (!this.next) this.index();
    this.note((changed) => {
      changed.alerts = true;
      changed.creators.add(record.creator_id);
    });
  }

  /** Remembers what was sent of an alert until a record shows it. */
  sent(alertId, command) {
    this.said.set(alertId, command);
    const alert = this.alerts.get(alertId);
    this.note((changed) => {
      changed.alerts = true;
      if (alert) changed.creators.add(alert.creator_id);
    });
  }

  index() {
    this.alertsOf = new Map();
    for (const alert of this.alerts.values()) {
      const own = this.alertsOf.get(alert.creator_id);
      if (own) own.push(alert);
      else this.alertsOf.set(alert.creator_id, [alert]);
    }
  }

  name(creatorId) {
    const handle = this.creators.get(creatorId)?.handle;
    return handle ? `@${handle}` : creatorId;
  }

  /** Who has taken an alert: by its record, or by what we have sent. */
  takenBy(alert) {
    if (alert.acknowledged_by) return alert.acknowledged_by;
    const said = this.said.get(alert.alert_id);
    return said?.action === "acknowledge" ? said.by : null;
  }

  /** A campaign, by its id alone where nothing else is known of it. */
  campaign(id) {
    return this.campaigns.get(id) ?? { campaign_id: id, name: id, brand: null, owner: null };
  }

  campaignsOf(alert) {
    const ids =
      this.creators.get(alert.creator_id)?.campaigns ?? (alert.campaign_id ? [alert.campaign_id] : []);
    return ids.map((id) => this.campaign(id));
  }
}

function shows(record, said) {
  if (said.action === "acknowledge") return record.acknowledged_by !== null;
  if (said.action === "useful" || said.action === "false") return record.feedback === said.action;
  return said.action === "snooze" ? record.quiet === "snoozed" : record.quiet !== "snoozed";
}
