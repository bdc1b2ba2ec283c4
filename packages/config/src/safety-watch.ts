// Repeats the examination of the servers while stores run: when a connection is lost or made anew, and every five minutes. The findings
// are events of the connection channel; no call waits for them or fails by them.
import type { ConnectionMessage } from "@tollbooth-stores/core";
import { areConnectionsObserved, hearConnections } from "@tollbooth-stores/core/native";
import { isAway } from "./examination.ts";
import type { ExaminationOptions, Examined } from "./store-provider.ts";
import { findingReporter } from "./unsafe-findings.ts";

/** How long until a server that was away is asked again, in milliseconds. */
const ASK_AGAIN_MS = 10_000;
/** After an event of a connection: several are lost, or made anew, at once. */
const SETTLED_MS = 1_000;
/** Between two examinations because of such events, at least. */
const LEAST_MS = 10_000;
/** For what changes while connections last, such as CONFIG SET. */
const REPEAT_MS = 300_000;

/** What an event of a connection means for its server. */
type Turn = "none" | "lost" | "made anew";

export interface SafetyWatchOptions {
  examine(options: ExaminationOptions): Promise<readonly Examined[]>;
  /** What an examination at the start found. Absent: there was none. */
  found?: readonly Examined[] | undefined;
}

/** Asks nothing while the connection channel has no subscriber. Keeps no process running. Returns the function that ends it. */
export function watchSafety({ examine, found }: SafetyWatchOptions): () => void {
  let hasEnded = false;
  let isRunning = false;
  let isFirst = found === undefined;
  /** What connections did since the last examination. After "made anew" all is asked, also what the server refused to tell. */
  let turn: Turn = "none";
  /** When an examination last began because of an event. */
  let eventAskedMs = Number.NEGATIVE_INFINITY;
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
    const isRepeat = !isFirst && turn !== "made anew";
    if (turn !== "none") eventAskedMs = performance.now();
    isFirst = false;
    turn = "none";
    examine({ criticalOnly: true, isRepeat })
      .then((examined) => hasEnded || learn(examined))
      // Only the examination failed.
      .catch(() => schedule(ASK_AGAIN_MS))
      .finally(() => {
        isRunning = false;
      });
  };
  const endHearing = hearConnections((message: ConnectionMessage) => {
    const latest = turnOf(message, primaries);
    if (latest === "none") return;
    if (turn !== "made anew") turn = latest;
    schedule(Math.max(SETTLED_MS, eventAskedMs + LEAST_MS - performance.now()));
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

/** `primaries`: those that the last examination found; none while the first one is under way. */
function turnOf({ event, purpose, server }: ConnectionMessage, primaries: ReadonlySet<string | undefined>): Turn {
  if (purpose !== "commands") return "none";
  if (event === "lost" || event === "given-up") return "lost";
  // A new primary of a cluster was not connected before, so that it is no "reconnected".
  const isNew = event === "ready" && primaries.size > 0 && !primaries.has(server);
  return event === "reconnected" || isNew ? "made anew" : "none";
}
