// A stand-in for a server: a port whose backend can be frozen, stopped and flushed, and what a client makes of that.
import { type AtomicPort, StoreError } from "@tollbooth-stores/core";
import type { ClusterProbe, ServerProbe } from "../harness.ts";

const commandTimeoutMs = 40;

/** Ways to be wrong about a server. The right client has none. */
export interface ServerFaults {
  /** Answers from nowhere while the server is away. */
  answersNothing?: boolean;
  /** Sends later what it has already said was not applied. */
  sendsLate?: boolean;
  /** Lets the caller see that a script was unknown. */
  showsFlush?: boolean;
  /** Sends a refused call again. */
  retriesAnything?: boolean;
  /** Loses what is written while slots move. */
  losesMoves?: boolean;
  /** Shows the server's own words. */
  showsWords?: boolean;
}

export interface FakeServer {
  server: ServerProbe;
  cluster: ClusterProbe;
  /** Replaces parts of a port so that it is reached through this server. */
  through(port: AtomicPort): Partial<AtomicPort>;
}

/** Whether a step would change any of its keys. */
function wouldWrite(port: AtomicPort, keys: readonly string[], step: Parameters<AtomicPort["transact"]>[1]) {
  return port.transact(keys, (records, nowMs) => ({
    reply: step(records, nowMs).writes?.some((write) => write !== undefined) ?? false,
  }));
}

export function fakeServer(faults: ServerFaults = {}): FakeServer {
  let state: "alive" | "frozen" | "dead" = "alive";
  let flushed = false;
  let moving = false;
  let refusal: string | undefined;
  let late: (() => Promise<unknown>)[] = [];
  const unavailable = (outcome: "unknown" | "not-applied") =>
    new StoreError("STORE_UNAVAILABLE", "The server did not answer in time; raise commandTimeoutMs.", { outcome });
  const arrive = async (run: () => Promise<unknown>) => {
    if (state === "alive") return;
    if (faults.answersNothing === true) return;
    if (state === "dead") throw unavailable("not-applied");
    // Written to the socket before it froze: the server will run it when it wakes.
    late.push(run);
    await new Promise((resolve) => setTimeout(resolve, commandTimeoutMs));
    throw unavailable(faults.sendsLate === true ? "not-applied" : "unknown");
  };
  const wake = async () => {
    state = "alive";
    const sent = late;
    late = [];
    for (const run of sent) await run().catch(() => undefined);
  };
  const words = "WRONGTYPE key tollbooth:secret-word holds the wrong kind of value";
  return {
    through: (port) => ({
      async transact(keys, step, options) {
        const run = () => port.transact(keys, step, options);
        await arrive(run);
        if (refusal !== undefined && (await wouldWrite(port, keys, step))) {
          const cause = new Error(refusal);
          refusal = undefined;
          if (faults.retriesAnything !== true)
            throw new StoreError("STORE_UNAVAILABLE", "The server refused.", { cause });
        }
        if (flushed && faults.showsFlush === true) {
          flushed = false;
          throw new StoreError("STORE_UNAVAILABLE", "NOSCRIPT");
        }
        if (moving && faults.losesMoves === true)
          return port.transact(keys, (records, nowMs) => ({ reply: step(records, nowMs).reply }));
        return run();
      },
      async *scan(prefix, options) {
        await arrive(async () => undefined);
        if (port.scan !== undefined) yield* port.scan(prefix, options);
      },
    }),
    server: {
      commandTimeoutMs,
      freeze: async () => {
        state = "frozen";
      },
      thaw: wake,
      stop: async () => {
        state = "dead";
      },
      start: wake,
      flushScripts: async () => {
        flushed = true;
      },
      async answerOnce(error) {
        refusal = error;
      },
      async provoke() {
        const cause = faults.showsWords === true ? new StoreError("STORE_UNAVAILABLE", words) : new Error(words);
        const error = new StoreError("STORE_UNAVAILABLE", "The server refused the call; check its ACL.", { cause });
        return Array.from({ length: 5 }, () => ({ error, secrets: ["secret-word"] }));
      },
    },
    cluster: {
      async reshard() {
        moving = true;
        await new Promise((resolve) => setTimeout(resolve, 20));
        moving = false;
      },
    },
  };
}
