// Examines the servers behind running stores again, after a reconnect and every five minutes. It tells what is unsafe, and stops nothing.
import type { ConnectionMessage } from "@tollbooth-stores/core";
import { areConnectionsObserved, hearConnections } from "@tollbooth-stores/core/native";
import { isAway } from "./examination.ts";
import type { ExaminationOptions, Examined } from "./store-provider.ts";
import { findingReporter } from "./unsafe-findings.ts";

/** How long until a server that was away is asked again, in milliseconds. */
const ASK_AGAIN_MS = 10_000;
/** After a reconnect: several connections are made anew at once. */
const SETTLED_MS = 1_000;
/** Between two examinations because of reconnects, at least. */
const LEAST_MS = 10_000;
/** For what changes while connections last, such as CONFIG SET. */
const REPEAT_MS = 300_000;

export interface SafetyWatchOptions {
  examine(options: ExaminationOptions): Promise<readonly Examined[]>;
  /** What an examination at the start found. Absent: there was none. */
  found?: readonly Examined[] | undefined;
}

/**
 * Tells on the connection channel, and asks nothing while it has no subscriber. Delays and fails no call, and keeps no process
 * running. Returns the function that ends it.
 */
export function watchSafety({ examine, found }: SafetyWatchOptions): () => void {
  let hasEnded = false;
  let isRunning = false;
  let isFirst = found === undefined;
  /** Whether a connection was made anew since the last examination. */
  let isChanged = false;
  /** When an examination began for that reason. */
  let changeAskedMs = Number.NEGATIVE_INFINITY;
  let primaries = new Set<string | undefined>();
  const findings = findingReporter();
  let next: { timer: NodeJS.Timeout; atMs: number } | undefined;

  const schedule = (inMs: number) => {
    const atMs = performance.now() + inMs;
    if (hasEnded || (next !== undefined && next.atMs <= atMs)) return;
    clearTimeout(next?.timer);
    next = { atMs, timer: setTimeout(run, inMs).unref() };
  };
  const learn = (examined: readonly Examined[]) => {
    // A later subscriber is told by the next examination.
    if (areConnectionsObserved()) findings.report(examined);
    primaries = new Set(examined.filter(({ check }) => check === "reachable").map(({ server }) => server));
    schedule(examined.some(isAway) ? ASK_AGAIN_MS : REPEAT_MS);
  };
  const run = () => {
    next = undefined;
    if (isRunning) return schedule(SETTLED_MS);
    if (!areConnectionsObserved()) return schedule(REPEAT_MS);
    isRunning = true;
    const isRepeat = !isFirst && !isChanged;
    if (isChanged) changeAskedMs = performance.now();
    isFirst = false;
    isChanged = false;
    examine({ criticalOnly: true, isRepeat })
      .then((examined) => hasEnded || learn(examined))
      // Only the examination failed.
      .catch(() => schedule(ASK_AGAIN_MS))
      .finally(() => {
        isRunning = false;
      });
  };
  const endHearing = hearConnections(({ event, purpose, server }: ConnectionMessage) => {
    // A new primary of a cluster is ready, and was not connected before. At the start the examination is under way.
    const isNew = event === "ready" && primaries.size > 0 && !primaries.has(server);
    if (purpose !== "commands" || (event !== "reconnected" && !isNew)) return;
    isChanged = true;
    schedule(Math.max(SETTLED_MS, changeAskedMs + LEAST_MS - performance.now()));
  });
  if (found === undefined) run();
  else learn(found);
  return () => {
    hasEnded = true;
    clearTimeout(next?.timer);
    endHearing();
    findings.close();
  };
}
