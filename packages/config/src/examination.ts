// What an examination of the stores' servers means: whether a strict start is refused, and what the connection channel is told.
import { StoreError } from "@tollbooth-stores/core";
import { publishConnection } from "@tollbooth-stores/core/native";
import type { Examined } from "./store-provider.ts";

/**
 * Throws where there is any error, with all of them. STORE_UNAVAILABLE where none is of the configuration: a server that is
 * away may answer the next start. STORE_CONFIG otherwise.
 */
export function refuseErrors(found: readonly Examined[]): void {
  const errors = found.filter(({ level }) => level === "error");
  if (errors.length === 0) return;
  const lines = errors.map((each) => `  ${lineOf(each)}`).join("\n");
  if (errors.every(isAway)) {
    const message = `strict: the stores cannot be reached, so that they cannot be examined. Try again.\n${lines}`;
    throw new StoreError("STORE_UNAVAILABLE", message, { outcome: "not-applied" });
  }
  throw new StoreError("STORE_CONFIG", `strict: the stores are not safe for payments.\n${lines}`);
}

/** Whether a server takes no call. */
export function isAway({ check, level }: Examined): boolean {
  return check === "reachable" && level === "error";
}

/** One line: what was found, where, and what mends it. */
function lineOf({ check, server, message, mend }: Examined): string {
  const where = server === undefined ? "" : ` (${server})`;
  return `${check}${where}: ${message}${mend === undefined ? "" : ` Mend: ${mend}`}`;
}

/** What this process was told and is not mended, by provider, server, check and stores. */
const told = new Map<string, ReadonlySet<string>>();
const MOST_TOLD = 1_000;

/** Tells errors and warnings on the connection channel, each once a process, and again where it was mended meanwhile. */
export function tellUnsafe(found: readonly Examined[]): void {
  const places = new Map<string, Examined[]>();
  for (const each of found) {
    const place = JSON.stringify([each.provider, each.server, each.check, each.stores]);
    places.set(place, [...(places.get(place) ?? []), each]);
  }
  for (const [place, here] of places) {
    // What a server does not tell now is not mended.
    if (here.every(({ level }) => level === "unknown")) continue;
    const before = told.get(place) ?? new Set();
    const unsafe = here.filter(({ level }) => level === "error" || level === "warning");
    if (before.size === 0 && (unsafe.length === 0 || told.size >= MOST_TOLD)) continue;
    for (const each of unsafe) if (!before.has(wordingOf(each))) tell(each);
    if (unsafe.length === 0) told.delete(place);
    else told.set(place, new Set(unsafe.map(wordingOf)));
  }
}

/** Figures change from one examination to the next. */
function wordingOf({ level, message }: Examined): string {
  return `${level} ${message.replace(/[\d.]+/g, "#")}`;
}

function tell({ check, provider, server, message, mend }: Examined): void {
  const about = { provider, purpose: "commands", ...(server !== undefined && { server }) } as const;
  const mended = mend === undefined ? "" : ` Mend: ${mend}`;
  publishConnection({ ...about, event: "unsafe", reason: `${check}: ${message}${mended}` });
}
