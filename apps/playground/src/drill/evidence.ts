// What the verdicts are computed from: the plan, the three logs, what was sent and signed, and the drill's own kills.
import type { Limit } from "@tollbooth-stores/example";
import type { LaneLogs } from "./lane-logs.ts";
import type { Plan } from "./plan.ts";

/** The rules that the lane's configuration sets. */
export interface Rules {
  /** By address, over all routes. */
  perIp: Limit;
  /** How long the gateway waits for the facilitator or the upstream, in milliseconds. */
  stepMs: number;
  routes: ReadonlyMap<string, RouteRules>;
}

export interface RouteRules {
  method: "GET" | "POST";
  kind: "per-request" | "time-window" | "calls";
  perPayer: Limit;
  /** How long a session is open, in milliseconds; 0 where each request is paid for. */
  openMs: number;
  /** How many calls a session holds; undefined where it is not counted. */
  calls: number | undefined;
}

/** What the player did for one request: for knowing what was asked, never for what was served. */
export interface Sent {
  /** How often; more than once after 503 or a lost connection. */
  times: number;
  /** Unix epoch milliseconds of the last time. */
  lastAt: number;
  /** True once there is nothing more to wait for. */
  finished: boolean;
  /** The last answer's status; undefined where there was none. */
  status: number | undefined;
  /** From the last sending to the whole answer, in milliseconds. */
  ms: number;
  /** True where the client went away while its payment was being settled, and asked again. */
  hungUp?: boolean | undefined;
  /** True where what was bought was a session whose time was over when it was told. */
  over?: boolean | undefined;
  /** Why it was never sent or never answered. */
  problem: "no-session" | "no-answer" | "not-signed" | undefined;
}

/** Whether the client has what it paid for: the content, or the token of a session that is open. */
export const hasContent = (one: Sent | undefined): boolean =>
  (one?.status === 200 || one?.status === 201) && one.over !== true;

/** A kill -9 by the drill itself. */
export interface Kill {
  /** "name/pid". */
  instance: string;
  /** Unix epoch milliseconds, just before the signal was sent. */
  at: number;
}

/** A kill -9 of the Redis by the drill itself, until it answered again. Unix epoch milliseconds. */
export interface Outage {
  from: number;
  to: number;
}

export interface Evidence {
  plan: Plan;
  logs: LaneLogs;
  rules: Rules;
  /** By request id. */
  sent: ReadonlyMap<string, Sent>;
  /** By the plan's payment: who signed it, and the nonce. */
  signed: ReadonlyMap<string, { payer: string; nonce: string }>;
  kills: readonly Kill[];
  outages: readonly Outage[];
  /** Before which no limit's window can have begun, Unix epoch milliseconds. */
  startedAt: number;
}

/** How payer and nonce name a payment in the logs. */
export const nonceKey = (payer: string, nonce: string): string => `${payer}:${nonce}`.toLowerCase();

/** `items` by what `keyOf` says, in their order; what has no key is left out. */
export function grouped<T>(items: Iterable<T>, keyOf: (item: T) => string | undefined): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
