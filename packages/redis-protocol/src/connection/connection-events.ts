// What a connection tells the telemetry channel: its turns, with reasons of our own words and error codes.
import { type ConnectionMessage, isStoreError, type ServerIdentity } from "@tollbooth-stores/core";
import { publishConnection } from "@tollbooth-stores/core/native";
import { errorWord } from "./redis-errors.ts";
import { isOther } from "./server-identity.ts";
import { Stalled } from "./stalled.ts";

/** The turns of one kept connection. */
export interface ConnectionEvents {
  connecting(server: string | undefined): void;
  /** Tells "ready", "reconnected" and "server-changed" as they apply. */
  ready(server: string, identity: ServerIdentity): void;
  /** An attempt failed; the next "connecting" tells why. */
  failed(reason: string): void;
  lost(reason: string): void;
  givenUp(reason: string): void;
  /** It is not made again. Told once, and only where something was told before. */
  closed(): void;
}

let connections = 0;

/** `roams`: it may be at another server each time, so that this is no change. */
export function connectionEvents(
  whose: Pick<ConnectionMessage, "provider" | "purpose">,
  roams = false,
): ConnectionEvents {
  connections += 1;
  const about = { ...whose, connection: connections };
  let isTold = false;
  let known: { server: string; identity: ServerIdentity } | undefined;
  let downAtMs: number | undefined;
  let lastReason: string | undefined;
  const down = (event: "lost" | "given-up", reason: string) => {
    downAtMs ??= performance.now();
    lastReason = reason;
    publishConnection({ ...about, ...(known && { server: known.server, before: known.identity }), event, reason });
  };
  return {
    connecting(server) {
      isTold = true;
      const reason = lastReason === undefined ? {} : { reason: lastReason };
      publishConnection({ ...about, ...(server !== undefined && { server }), event: "connecting", ...reason });
    },
    ready(server, identity) {
      const downMs = downAtMs === undefined ? {} : { downMs: performance.now() - downAtMs };
      const before = known?.identity;
      known = { server, identity };
      downAtMs = undefined;
      lastReason = undefined;
      if (before === undefined) {
        publishConnection({ ...about, server, event: "ready", after: identity });
        return;
      }
      const change = { before, after: identity, ...downMs };
      publishConnection({ ...about, server, event: "reconnected", ...change });
      if (!roams && isOther(before, identity))
        publishConnection({ ...about, server, event: "server-changed", ...change });
    },
    failed(reason) {
      lastReason = reason;
    },
    lost: (reason) => down("lost", reason),
    givenUp: (reason) => down("given-up", reason),
    closed() {
      if (isTold) publishConnection({ ...about, ...(known && { server: known.server }), event: "closed" });
      isTold = false;
    },
  };
}

/** An error in a word that holds no secret: its code, the server's error word, or its class. */
export function reasonOf(error: unknown): string {
  if (isStoreError(error)) return error.code;
  if (error instanceof Stalled) return "no answer";
  if (!(error instanceof Error)) return "closed";
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  return code ?? errorWord(error) ?? (/closed|disconnect/i.test(error.message) ? "closed" : error.constructor.name);
}
