// What one server says of itself. Every question only reads, and a question that is refused leaves its fact unknown.

import { isStoreError, StoreError } from "@tollbooth-stores/core";
import { errorWord, refused } from "../connection/redis-errors.ts";
import type { AskServer } from "../connection/scan-keys.ts";

export interface ServerFacts {
  /** A field of INFO; undefined where INFO is refused or has no such field. */
  info(field: string): string | undefined;
  /** A setting; undefined where CONFIG is refused or has no such setting. */
  config(name: string): string | undefined;
  /** A field of CLUSTER INFO. */
  cluster(field: string): string | undefined;
  /** The rules of each user, as ACL LIST writes them: passwords only as hashes. Undefined where that is refused. */
  readonly users: readonly string[] | undefined;
  /** The name of the connection's own user. */
  readonly user: string | undefined;
  /** The shortest of several round trips, in milliseconds. */
  readonly roundTripMs: number;
  /** The server's clock minus this process's, in milliseconds; undefined where TIME is refused. */
  readonly aheadMs: number | undefined;
}

const settings = [
  ...["maxmemory-policy", "appendfsync", "save", "bind", "protected-mode"],
  ...["min-replicas-to-write", "min-replicas-max-lag", "stop-writes-on-bgsave-error", "no-appendfsync-on-rewrite"],
];
/** With these error words a server refuses every command. So they do not say that one right is missing. */
const REFUSES_ALL = new Set(["LOADING", "BUSY", "MASTERDOWN", "NOAUTH", "WRONGPASS"]);
const ROUND_TRIPS = 5;

/** Rejects where the server does not answer at all; with STORE_UNAVAILABLE where it answers, and takes no call. */
export async function serverFacts(ask: AskServer): Promise<ServerFacts> {
  const { roundTripMs, aheadMs } = await clockOf(ask);
  const [info, cluster, users, user, ...values] = await Promise.all([
    told(ask("INFO")),
    told(ask("CLUSTER", "INFO")),
    told(ask("ACL", "LIST")),
    told(ask("ACL", "WHOAMI")),
    ...settings.map((name) => told(ask("CONFIG", "GET", name))),
  ]);
  const infoFields = fields(info);
  // A loading server still answers INFO. Another refusal may hide the error word LOADING.
  if (infoFields.get("loading") === "1") throw refused("LOADING", "not-applied");
  const clusterFields = fields(cluster);
  const configured = new Map(values.flatMap(pairsOf));
  return {
    info: (field) => infoFields.get(field),
    config: (name) => configured.get(name),
    cluster: (field) => clusterFields.get(field),
    users: Array.isArray(users) ? users.map((rules) => String(rules).replace(/\p{C}/gu, "")) : undefined,
    user: typeof user === "string" ? user : undefined,
    roundTripMs,
    aheadMs,
  };
}

/** Undefined where the server refuses this question. Rejects where it does not answer, or refuses every command. */
async function told(answer: Promise<unknown>): Promise<unknown> {
  return answer.catch((error: unknown) => {
    const word = errorWord(error);
    if (word === undefined || isStoreError(error)) throw error;
    if (REFUSES_ALL.has(word)) throw refused(word, "not-applied", error);
    return undefined;
  });
}

const noRedis = () =>
  new StoreError("STORE_UNAVAILABLE", "What answered is not a Redis; check `host` and `port` of the connection.");

async function clockOf(ask: AskServer): Promise<Pick<ServerFacts, "roundTripMs" | "aheadMs">> {
  let best: { roundTripMs: number; aheadMs: number | undefined } | undefined;
  for (let round = 0; round < ROUND_TRIPS; round += 1) {
    const sentAt = performance.now();
    const time = await told(ask("TIME"));
    const roundTripMs = performance.now() - sentAt;
    if (best !== undefined && best.roundTripMs <= roundTripMs) continue;
    const serverMs = time === undefined ? undefined : instantOf(time);
    best = { roundTripMs, aheadMs: serverMs === undefined ? undefined : serverMs - (Date.now() - roundTripMs / 2) };
  }
  return best ?? { roundTripMs: 0, aheadMs: undefined };
}

function instantOf(time: unknown): number {
  const [seconds, micros] = Array.isArray(time) ? time.map(Number) : [];
  if (!Number.isSafeInteger(seconds) || !Number.isSafeInteger(micros)) throw noRedis();
  return Number(seconds) * 1_000 + Number(micros) / 1_000;
}

/** A server's answers are printed, so control characters are taken out, and long answers are cut. */
const MOST_SHOWN = 1_000;
const shown = (text: unknown) => String(text).replace(/\p{C}/gu, "").slice(0, MOST_SHOWN);

function fields(text: unknown): Map<string, string> {
  const lines = typeof text === "string" ? text.split(/\r?\n/) : [];
  return new Map(
    lines.flatMap((line) => {
      const colon = line.indexOf(":");
      return colon < 1 || line.startsWith("#") ? [] : [[line.slice(0, colon), shown(line.slice(colon + 1))] as const];
    }),
  );
}

/** CONFIG GET answers a flat list; clients that speak RESP3 make an object or a Map of it. */
function pairsOf(reply: unknown): (readonly [string, string])[] {
  if (reply instanceof Map) return [...reply].map(([name, value]) => [String(name), shown(value)]);
  if (Array.isArray(reply)) return reply.length < 2 ? [] : [[String(reply[0]), shown(reply[1])]];
  if (typeof reply !== "object" || reply === null) return [];
  return Object.entries(reply).map(([name, value]) => [name, shown(value)]);
}
