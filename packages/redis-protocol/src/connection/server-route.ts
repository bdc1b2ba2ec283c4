// Commands to one server: the one that the connection names, or the primary that the sentinels name.
import { StoreError } from "@tollbooth-stores/core";
import { unlessAborted } from "./changes.ts";
import type { ResolvedAccess, ResolvedNode } from "./connection.ts";
import { connectionEvents } from "./connection-events.ts";
import { DEFAULT_STEP_MS } from "./default-timeouts.ts";
import { addressOf, type Established, establish } from "./establish.ts";
import { keptConnection } from "./kept-connection.ts";
import { errorWord } from "./redis-errors.ts";
import type { Route, RouteOptions } from "./route.ts";
import { type AskServer, scanServer } from "./scan-keys.ts";
import { type FailoverListener, type SentinelNames, sentinelWatch } from "./sentinel-watch.ts";

export interface ServerRouteOptions extends RouteOptions {
  readonly access: ResolvedAccess;
  readonly db: number;
  readonly at: ResolvedNode | SentinelNames;
}

/** How long calls wait for a failover that has begun, in milliseconds. Deadlines of calls are shorter, mostly. */
const FAILOVER_MS = 5_000;
/** So long before that, the sentinels are asked how it went. */
const ASK_BEFORE_MS = 1_000;

/** By error word: what the connection is given up for. */
const replicaWords: Readonly<Record<string, string>> = {
  READONLY: "read-only replica",
  REPLICA: "replica that takes writes",
};

export function serverRoute({ access, db, at, ...options }: ServerRouteOptions): Route {
  const { library, connectTimeoutMs, provider } = options;
  let named: string | undefined;
  let overdue: NodeJS.Timeout | undefined;

  const listener: FailoverListener = {
    begins() {
      commands.hold(FAILOVER_MS, failover());
      clearTimeout(overdue);
      // No sentinel told its end: they are asked before calls go on.
      overdue = setTimeout(() => sentinels?.look(), FAILOVER_MS - ASK_BEFORE_MS);
    },
    aborted: () => commands.release(),
    switched(primary) {
      named = addressOf(primary);
      const current = commands.established();
      if (current !== undefined && addressOf(current.node) !== named) {
        commands.giveUp("failover", commands.generation(), true);
      }
      commands.release();
    },
  };
  const sentinels = "sentinels" in at ? sentinelWatch(at, options, listener) : undefined;
  const connect = async (signal: AbortSignal): Promise<Established> => {
    const namedBefore = named;
    const node = "sentinels" in at ? await sentinels?.find(signal) : at;
    if (node === undefined) throw new Error("The sentinels are not asked any more.");
    const established = await establish(await library, { ...access, node, db }, connectTimeoutMs, signal);
    const isStale = named !== namedBefore && named !== addressOf(established.node);
    if (isStale || (sentinels !== undefined && established.identity.role === "slave")) {
      established.link.destroy();
      throw new Error("The sentinels name another server by now.");
    }
    return established;
  };
  const commands = keptConnection({
    connect,
    server: "sentinels" in at ? undefined : addressOf(at),
    events: connectionEvents({ provider, purpose: "commands" }),
  });

  const asking =
    (stepMs: number): AskServer =>
    async (...words) => {
      const signal = AbortSignal.timeout(stepMs);
      await commands.ready(signal);
      return unlessAborted(signal, commands.send(signal, words));
    };

  /** Without keys it is a ping or a listing's first question, which a replica may answer. */
  const sendToPrimary = async (keys: readonly string[], words: readonly string[], signal: AbortSignal) => {
    if (keys.length > 0 && commands.established()?.isWritableReplica === true) {
      throw new Error("REPLICA The connection leads to a replica that takes writes.");
    }
    return commands.send(signal, words);
  };

  return {
    ready: (signal) => commands.ready(signal),
    isReady: () => commands.isUp(),
    error: () => commands.error(),
    async send(keys, words, signal) {
      const generation = commands.generation();
      try {
        return await sendToPrimary(keys, words, signal);
      } catch (error) {
        // The name may lead to another server by now. The replica ran nothing, so this call may be sent again.
        const replica = replicaWords[errorWord(error) ?? ""];
        if (replica === undefined || !commands.giveUp(replica, generation)) throw error;
        await commands.ready(signal).catch(() => {
          throw error;
        });
        return sendToPrimary(keys, words, signal);
      }
    },
    scan: (pattern, stepMs = DEFAULT_STEP_MS) => scanServer(asking(stepMs), pattern),
    async servers(stepMs = DEFAULT_STEP_MS) {
      const node = commands.established()?.node ?? ("sentinels" in at ? undefined : at);
      return [{ name: node === undefined ? "the primary" : addressOf(node), db, ask: asking(stepMs) }];
    },
    tags: async () => ["0"],
    async close(graceMs) {
      sentinels?.close();
      clearTimeout(overdue);
      await commands.close(graceMs);
    },
  };
}

function failover(): StoreError {
  return new StoreError("STORE_UNAVAILABLE", "The sentinels are making another server the primary; try again.");
}
