// API: questions to our own origin. Knows the session's header and how a problem is told.
export const V1 = "/api/v1";
const LONGEST_WAIT = 20_000;

export class Problem extends Error {
  constructor(status, title, detail) {
    super(detail);
    this.status = status;
    this.title = title;
  }
}

/** Called when the server does not know us (any more). */
export const onStranger = { call: () => {} };

async function ask(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      credentials: "same-origin",
      signal: AbortSignal.timeout(LONGEST_WAIT),
      headers: {
        "X-Pulse-Request": "1",
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Problem(
      0,
      "No connection",
      "The API cannot be reached. Nothing was lost; try again in a moment.",
    );
  }
  if (answer.status === 204) return null;
  const told = await answer.json().catch(() => null);
  if (answer.ok) return told;
  if (path === "/readyz" && told && told.reasons) return told;
  if (answer.status === 401 && path !== "/session") onStranger.call();
  throw new Problem(
    answer.status,
    told?.title ?? `Status ${answer.status}`,
    told?.detail ?? "The API said no more.",
  );
}

export const get = (path) => ask("GET", path);
export const post = (path, body) => ask("POST", path, body);
export const remove = (path) => ask("DELETE", path);
export const part = encodeURIComponent;

/** Whether the page can be loaded: something answers, be it by leading to where one signs in elsewhere. */
export async function reachable() {
  try {
    const answer = await fetch("/", { redirect: "manual", signal: AbortSignal.timeout(LONGEST_WAIT) });
    return answer.status < 500;
  } catch {
    return false;
  }
}

export function query(values) {
  const set = Object.entries(values).filter(
    ([, value]) => value !== null && value !== undefined && value !== "" && value !== false,
  );
  return set.length ? `?${new URLSearchParams(set)}` : "";
}
