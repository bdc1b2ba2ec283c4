// Runs script calls on a port: one round trip, one deadline, and NOSCRIPT as the only reason to send anything twice.
import { type CallOptions, StoreError } from "@tollbooth-stores/core";
import {
  errorWord,
  isRightMissing,
  refused,
  rightMissing,
  type TimeoutOption,
  timedOut,
} from "../connection/redis-errors.ts";
import { NotSent, type RedisPort } from "../redis-port.ts";
import type { Script } from "./script.ts";
import { requireNewEnough } from "./server-version.ts";

/** One call within a script call. Its keys share a slot. */
export interface ScriptCall {
  readonly operation: string;
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
}

export interface ScriptRunner {
  /**
   * One entry a call: its reply, or the error word of that call alone (without its "!"). Throws STORE_UNAVAILABLE.
   * `connectTimeoutMs`: how long to wait for the port's first connection, in milliseconds.
   */
  run(
    script: Script,
    calls: readonly ScriptCall[],
    options?: CallOptions,
    connectTimeoutMs?: number,
  ): Promise<ScriptReply[]>;
  /** The port's keys that match. Each step has the deadline of a call. Throws STORE_UNAVAILABLE. */
  scan(pattern: string, options?: CallOptions): AsyncIterable<string>;
}

export type ScriptReply = { ok: true; reply: readonly unknown[] } | { ok: false; word: string };

export interface RunnerOptions {
  /** From the call until its answer, waiting for the connection included. Milliseconds. */
  commandTimeoutMs: number;
  /** For tests: the instant that the scripts use. Undefined: the server's TIME. */
  clock?: { now(): number } | undefined;
}

/** A client may report a lost connection a moment late. */
const UNNOTICED_MS = 10;

/** Ports that have answered once: a reconnect gets only `commandTimeoutMs`. */
const connected = new WeakSet<RedisPort>();

export function scriptRunner(port: RedisPort, { commandTimeoutMs, clock }: RunnerOptions): ScriptRunner {
  const send = async (
    script: Script,
    keys: readonly string[],
    args: readonly string[],
    signal: AbortSignal,
  ): Promise<unknown> => {
    try {
      return await port.evalSha(script.sha1, keys, args, signal);
    } catch (error) {
      if (errorWord(error) !== "NOSCRIPT" || signal.aborted) throw error;
      // NOSCRIPT means a new or restarted server, which may be an older one: so check its version first.
      await requireNewEnough(port, keys, signal);
      signal.throwIfAborted();
      return port.eval(script.source, keys, args, signal);
    }
  };
  /** Runs `work` over a connection that is up, all within the deadline. A failure becomes STORE_UNAVAILABLE. */
  const withinDeadline = async <T>(
    connectTimeoutMs: number | undefined,
    options: CallOptions | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    const deadline = new AbortController();
    const limits = { commandTimeoutMs, connectTimeoutMs: connectTimeoutMs ?? commandTimeoutMs };
    let option: TimeoutOption =
      connectTimeoutMs === undefined || connected.has(port) ? "commandTimeoutMs" : "connectTimeoutMs";
    let timer = setTimeout(() => deadline.abort(), limits[option]);
    let sent = false;
    try {
      for (;;) {
        await before(deadline.signal, port.ready(deadline.signal));
        // The caller gave up while there was no connection, so nothing may be sent any more.
        options?.signal?.throwIfAborted();
        deadline.signal.throwIfAborted();
        if (limits[option] > commandTimeoutMs) {
          clearTimeout(timer);
          option = "commandTimeoutMs";
          timer = setTimeout(() => deadline.abort(), commandTimeoutMs);
        }
        sent = true;
        const answer = await before(deadline.signal, work(deadline.signal)).catch((error: unknown) => {
          if (!(error instanceof NotSent)) throw error;
          sent = false;
          return error;
        });
        if (!(answer instanceof NotSent)) {
          connected.add(port);
          return answer;
        }
        // The connection was lost, and the client had not noticed yet. Nothing was sent, so this is no second time.
        deadline.signal.throwIfAborted();
        await new Promise((resolve) => setTimeout(resolve, UNNOTICED_MS));
      }
    } catch (error) {
      if (options?.signal?.aborted === true && !sent) throw options.signal.reason;
      if (deadline.signal.aborted)
        throw timedOut(sent, option, limits[option], sent ? undefined : port.connectionError?.());
      if (error instanceof StoreError) throw error;
      if (isRightMissing(error)) throw rightMissing();
      throw refused(errorWord(error), sent ? "unknown" : "not-applied", error);
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    async run(script, calls, options, connectTimeoutMs) {
      const instant = clock === undefined ? "" : String(Math.floor(clock.now()));
      const args = [instant, String(calls.length)];
      for (const call of calls) args.push(call.operation, ...call.args.map(String));
      const keys = calls.flatMap((call) => call.keys);
      const raw = await withinDeadline(connectTimeoutMs, options, (signal) => send(script, keys, args, signal));
      return replies(raw, calls.length);
    },
    async *scan(pattern, options) {
      await withinDeadline(undefined, options, (signal) => requireNewEnough(port, [], signal));
      const keys = port.scan(pattern)[Symbol.asyncIterator]();
      const nextKey = () =>
        keys.next().catch((error: unknown) => {
          throw errorWord(error) === "NOPERM" ? rightMissing() : error;
        });
      for (;;) {
        const next = await withinDeadline(undefined, options, nextKey);
        if (next.done === true) return;
        yield next.value;
      }
    },
  };
}

/**
 * Settles as `work` does, unless `signal` aborts first. If `work` answers immediately after the abort (with NotSent,
 * say), that answer counts.
 */
function before<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => setImmediate(() => reject(signal.reason)), { once: true });
    work.then(resolve, reject);
  });
}

function replies(raw: unknown, count: number): ScriptReply[] {
  if (!Array.isArray(raw) || raw.length !== count) {
    throw new StoreError("STORE_UNAVAILABLE", "Redis answered a script in no known form; is it a Redis?", {
      outcome: "unknown",
    });
  }
  return raw.map((reply: unknown) =>
    Array.isArray(reply) ? { ok: true, reply } : { ok: false, word: String(reply).replace(/^!/, "") },
  );
}
