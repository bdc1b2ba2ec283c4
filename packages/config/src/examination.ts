// What an examination of the stores' servers means: whether a strict start is refused, and what the connection channel is told.
import { type ConnectionMessage, StoreError } from "@tollbooth-stores/core";
import { publishConnection } from "@tollbooth-stores/core/native";
import type { Examined } from "./store-provider.ts";

/**
 * Throws where there is any error, with all of them. STORE_UNAVAILABLE where none is of the configuration: a server that is
 * away may answer the next start. STORE_CONFIG otherwise, such as for a login that is refused.
 */
export function refuseErrors(found: readonly Examined[]): void {
  const errors = found.filter(({ level }) => level === "error");
  if (errors.length === 0) return;
  const lines = errors.map((each) => `  ${lineOf(each)}`).join("\n");
  if (errors.every((each) => isAway(each) && each.refused !== true)) {
    const message = `strict: the stores cannot be reached, so that they cannot be examined. Try again.\n${lines}`;
    throw new StoreError("STORE_UNAVAILABLE", message, { outcome: "not-applied" });
  }
  throw new StoreError("STORE_CONFIG", `strict: the stores are not safe for payments.\n${lines}`);
}

/** Whether a server takes no call. A warning: it keeps rate limits alone, which are answered without it. */
export function isAway({ check, level }: Examined): boolean {
  return check === "reachable" && (level === "error" || level === "warning");
}

/** Errors that calls do not meet, so that no fallback answers for them. */
const unseen: ReadonlySet<Examined["check"]> = new Set(["users", "keys"]);

/** Where only rate limits are kept, and a fallback answers for them, calls that fail there are no reason to refuse a start. */
export function withLimitsFallback(found: readonly Examined[]): readonly Examined[] {
  return found.map((each) => {
    const isCovered = each.stores.every((store) => store === "rateLimits") && !unseen.has(each.check);
    return isCovered && each.level === "error" ? { ...each, level: "warning" } : each;
  });
}

/** One line: what was found, where, and what mends it. */
function lineOf({ check, server, message, mend }: Examined): string {
  const where = server === undefined ? "" : ` (${server})`;
  return `${check}${where}: ${message}${mend === undefined ? "" : ` Mend: ${mend}`}`;
}

/** What this process was told and is not mended, as it was told, with the stores that find it still. */
const told = new Map<string, { place: string; unsafe: ConnectionMessage; finders: Set<object> }>();
const MOST_TOLD = 1_000;
/** Stands for stores that were closed with a finding that was not mended. Other stores on that server may end it. */
const closedStores = {};

/**
 * Tells errors and warnings on the connection channel, each once a process, and again where it was mended meanwhile; "safe" where
 * it is mended. `finder`: the stores that were examined. Several may be on one server, with other users and other settings.
 */
export function tellUnsafe(found: readonly Examined[], finder: object): void {
  const unsafe = found.filter(({ level }) => level === "error" || level === "warning");
  for (const each of unsafe) {
    const finding = findingOf(each);
    const known = told.get(finding) ?? { place: placeOf(each), unsafe: messageOf(each), finders: new Set() };
    if (known.finders.size === 0) {
      if (told.size >= MOST_TOLD) continue;
      told.set(finding, known);
      publishConnection(known.unsafe);
    }
    known.finders.add(finder);
  }
  const still = new Set(unsafe.map(findingOf));
  // What a server does not tell now is not mended.
  const unknown = new Set(found.filter(({ level }) => level === "unknown").map(placeOf));
  const asked = new Set(found.flatMap(placesOf).filter((place) => !unknown.has(place)));
  const servers = new Set(found.map(({ server }) => server));
  const isReached = found.some(({ check, level }) => check === "reachable" && level === "ok");
  for (const [finding, { place, unsafe, finders }] of told) {
    // After a failover, say.
    const hasLeft = isReached && finders.has(finder) && !servers.has(unsafe.server) && unsafe.server !== undefined;
    if (still.has(finding) || !(asked.has(place) || hasLeft)) continue;
    finders.delete(finder);
    finders.delete(closedStores);
    if (finders.size > 0) continue;
    told.delete(finding);
    publishConnection({ ...unsafe, event: "safe" });
  }
}

/** The stores are closed: what they found is not mended by that. */
export function endFinding(finder: object): void {
  for (const { finders } of told.values()) if (finders.delete(finder)) finders.add(closedStores);
}

/** Where it was found: on a server, by whichever connections; without a server, for the stores that it concerns. */
function placeOf({ provider, server, check, stores }: Examined): string {
  return JSON.stringify([provider, check, server ?? stores]);
}

/** A server that answers ends what was found before any server of a cluster, or behind sentinels, was known. */
function placesOf(each: Examined): string[] {
  const { server, check, level, ...rest } = each;
  const isReached = server !== undefined && check === "reachable" && level === "ok";
  return isReached ? [placeOf(each), placeOf({ ...rest, check, level })] : [placeOf(each)];
}

/** Figures change from one examination to the next. The level is not told: the same words are a warning where limits alone are kept. */
function findingOf(each: Examined): string {
  return `${placeOf(each)}\n${each.message.replace(/[\d.]+/g, "#")}`;
}

function messageOf({ check, provider, server, message, mend }: Examined): ConnectionMessage {
  const about = { provider, purpose: "commands", ...(server !== undefined && { server }) } as const;
  const mended = mend === undefined ? "" : ` Mend: ${mend}`;
  return { ...about, event: "unsafe", reason: `${check}: ${message}${mended}` };
}
