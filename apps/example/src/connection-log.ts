// What becomes of the stores' connections, in the log: of events that are alike, at most one line a second.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type ConnectionMessage, connectionChannel } from "@tollbooth-stores/core";

/** Returns a function that ends the log. */
export function logConnections(log: (line: string) => void = console.log): () => void {
  const lately = new Map<string, number>();
  const onMessage = (message: unknown) => {
    const { provider, purpose, server, event, reason, downMs, after } = message as ConnectionMessage;
    const kind = `gateway: ${provider} (${purpose}) ${server ?? ""}: ${event}`;
    const told = event === "unsafe" ? `${kind} ${reason}` : kind;
    const count = lately.get(told);
    lately.set(told, (count ?? 0) + 1);
    if (count !== undefined) return;
    const run = event === "server-changed" ? `now run ${after?.runId ?? "unknown"}` : undefined;
    const down = downMs === undefined ? undefined : `after ${Math.round(downMs)} ms`;
    log([kind, reason, down, run].filter((part) => part !== undefined).join(", "));
    setTimeout(() => {
      const more = (lately.get(told) ?? 1) - 1;
      lately.delete(told);
      if (more > 0) log(`${kind} (${more} more like it)`);
    }, 1_000).unref();
  };
  subscribe(connectionChannel, onMessage);
  return () => void unsubscribe(connectionChannel, onMessage);
}
