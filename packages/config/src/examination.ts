// Whether the servers behind the stores are safe for payments: asked for, at a strict start, or told as an event.
import { StoreError } from "@tollbooth-stores/core";
import { areConnectionsObserved, publishConnection } from "@tollbooth-stores/core/native";
import type { Examined } from "./store-provider.ts";

/** Throws STORE_CONFIG with every error that was found. */
export function refuseErrors(found: readonly Examined[]): void {
  const errors = found.filter(({ level }) => level === "error");
  if (errors.length === 0) return;
  throw new StoreError(
    "STORE_CONFIG",
    `strict: the stores are not safe for payments.\n${errors.map((each) => `  ${lineOf(each)}`).join("\n")}`,
  );
}

/** Tells warnings on the connection channel, each once a process: a strict start refuses errors only. */
export function tellWarnings(found: readonly Examined[]): void {
  for (const each of found) if (each.level === "warning") tellOnce(each);
}

/** One line: what was found, where, and what mends it. */
export function lineOf({ check, server, message, mend }: Examined): string {
  const where = server === undefined ? "" : ` (${server})`;
  return `${check}${where}: ${message}${mend === undefined ? "" : ` Mend: ${mend}`}`;
}

/** How long until a server that was away is asked again, in milliseconds. */
const ASK_AGAIN_MS = 10_000;
/** What this process was told, by provider, server and check. */
const toldBefore = new Set<string>();
const MOST_TOLD = 1_000;

/**
 * Tells errors and warnings on the connection channel, if it has a subscriber: each once a process. A server that is away is
 * asked again until it answers or `isClosed`. Delays and fails nothing.
 */
export function tellErrors(examine: () => Promise<readonly Examined[]>, isClosed: () => boolean): void {
  if (!areConnectionsObserved() || isClosed()) return;
  void examine()
    .then((found) => {
      if (isClosed()) return;
      for (const each of found) if (each.level === "error" || each.level === "warning") tellOnce(each);
      const isAway = found.some(({ check, level }) => check === "reachable" && level === "error");
      if (isAway) setTimeout(() => tellErrors(examine, isClosed), ASK_AGAIN_MS).unref();
    })
    // Only the examination failed.
    .catch(() => undefined);
}

function tellOnce({ check, provider, server, message, mend, stores }: Examined): void {
  const identity = JSON.stringify([provider, server, check, server === undefined && stores]);
  if (toldBefore.has(identity) || toldBefore.size >= MOST_TOLD) return;
  toldBefore.add(identity);
  const about = { provider, purpose: "commands", ...(server !== undefined && { server }) } as const;
  const mended = mend === undefined ? "" : ` Mend: ${mend}`;
  publishConnection({ ...about, event: "unsafe", reason: `${check}: ${message}${mended}` });
}
