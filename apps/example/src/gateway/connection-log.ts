// What becomes of the stores' connections, in the log: a line for each event, and no flood while a server is away.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type ConnectionMessage, connectionChannel, type ServerIdentity } from "@tollbooth-stores/core";

/** Of events that are alike, at most one line in so many milliseconds. */
const everyMs = 1_000;

/** Events that were left out since the last line of their kind. */
interface Quiet {
  count: number;
  latest: ConnectionMessage | undefined;
  timer: ReturnType<typeof setTimeout>;
}

/**
 * Logs the connections' events from now on. Events of one provider, purpose, server and kind share one line a second. That
 * line counts the events that it stands for. Returns a function that ends the log.
 */
export function logConnections(log: (line: string) => void = console.log): () => void {
  const quiet = new Map<string, Quiet>();
  const startQuiet = (kind: string) => {
    const timer = setTimeout(() => endQuiet(kind), everyMs).unref();
    quiet.set(kind, { count: 0, latest: undefined, timer });
  };
  const endQuiet = (kind: string) => {
    const { latest, count } = quiet.get(kind) ?? {};
    quiet.delete(kind);
    if (latest === undefined || count === undefined) return;
    log(count === 1 ? lineOf(latest) : `${lineOf(latest)} (and ${count - 1} more like it)`);
    startQuiet(kind);
  };
  const onMessage = (message: unknown) => {
    if (!isConnectionMessage(message)) return;
    const kind = JSON.stringify([message.provider, message.purpose, message.server, message.event]);
    const left = quiet.get(kind);
    if (left !== undefined) {
      left.count += 1;
      left.latest = message;
      return;
    }
    log(lineOf(message));
    startQuiet(kind);
  };
  subscribe(connectionChannel, onMessage);
  return () => {
    unsubscribe(connectionChannel, onMessage);
    for (const [kind, { timer }] of [...quiet]) {
      clearTimeout(timer);
      endQuiet(kind);
      clearTimeout(quiet.get(kind)?.timer);
    }
  };
}

function lineOf({ provider, purpose, server, event, reason, before, after, downMs }: ConnectionMessage): string {
  const who = ["gateway:", provider, `(${purpose})`, ...(server === undefined ? [] : [server])].join(" ");
  const details = [
    ...(reason === undefined ? [] : [reason]),
    ...(downMs === undefined ? [] : [`after ${Math.round(downMs)} ms`]),
    ...(event === "server-changed" ? changes(before, after) : []),
  ];
  return details.length === 0 ? `${who}: ${event}` : `${who}: ${event}: ${details.join(", ")}`;
}

/** "run id 0f3a -> 9c21" for each part that differs. */
function changes(before: ServerIdentity = {}, after: ServerIdentity = {}): string[] {
  const parts = { "run id": "runId", "replication id": "replicationId", version: "version", role: "role" } as const;
  return Object.entries(parts).flatMap(([words, part]) =>
    before[part] === after[part] ? [] : [`${words} ${before[part] ?? "unknown"} -> ${after[part] ?? "unknown"}`],
  );
}

function isConnectionMessage(message: unknown): message is ConnectionMessage {
  return typeof message === "object" && message !== null && "provider" in message && "purpose" in message;
}
