// Live: the event stream into the store, and how the connection is. Must not know what is shown.
import { V1, get } from "./api.js";

const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 15000;

export class Live {
  /** `told({state, since})`: `connecting`, `live` or `reconnecting`, and since when not live. */
  constructor(store, told) {
    this.store = store;
    this.told = told;
    this.source = null;
    this.pause = FIRST_PAUSE;
    this.since = null;
    this.timer = null;
  }

  start() {
    this.stop();
    const source = (this.source = new EventSource(`${V1}/stream`));
    const data = (handle) => (event) => handle(JSON.parse(event.data));
    source.addEventListener("open", () => {
      this.pause = FIRST_PAUSE;
      this.since = null;
      this.told({ state: "live", since: null });
    });
    source.addEventListener("reset", () => this.store.reset());
    source.addEventListener("ready", () => this.store.ready());
    source.addEventListener(
      "score",
      data((summary) => this.store.score(summary)),
    );
    source.addEventListener(
      "alert",
      data((alert) => this.store.alert(alert)),
    );
    source.addEventListener(
      "gone",
      data((gone) => this.store.gone(gone.creator_id)),
    );
    source.addEventListener("error", () => this.lost(source));
  }

  lost(source) {
    if (source !== this.source) return;
    this.since ??= Date.now();
    this.told({ state: "reconnecting", since: this.since });
    // A browser goes on by itself after a break, but not after an answer that was no stream.
    if (source.readyState === EventSource.CLOSED) {
      this.timer = setTimeout(() => this.again(), this.pause);
      this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
    }
  }

  async again() {
    try {
      await get(`${V1}/me`); // 401 leads to signing in
    } catch (error) {
      if (error.status === 401) return;
    }
    this.start();
  }

  stop() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }
}
