// Runs script calls on a port: one round trip, one deadline, and NOSCRIPT as the only reason to send anything twice.
import { type CallOptions, isStoreError, StoreError } from "@tollbooth-stores/core";
import {
  errorWord,
  isPassing,
  isRefusal,
  isRightMissing,
  refused,
  rightMissing,
  scriptsUnknown,
  type TimeoutOption,
  timedOut,
} from "../connection/redis-errors.ts";
import { NotSent, type RedisPort } from "../redis-port.ts";
import type { Script } from "./script.ts";
import { requireNewEnough } from "./server-version.ts";

/** One call within a script call. Its keys share a slot. */
export interface ScriptCall {
  /** Only where the script has several. */
  readonly operation?: string | undefined;
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
  /**
   * One call of a flat script. `prepare` gives its keys and arguments when it is written, and may give others when it is
   * written again; undefined: there is nothing to send any more. The first argument is empty: the instant is put there.
   * Answers the raw reply; undefined where nothing was sent. `keys`: those that the connection must be up for.
   */
  send(script: Script, keys: readonly string[], prepare: () => Prepared | undefined): Promise<unknown>;
  /** A hash tag for each primary. Throws STORE_UNAVAILABLE. */
  tags(options?: CallOptions, connectTimeoutMs?: number): Promise<readonly string[]>;
  /** The port's keys that match. Each step has the deadline of a call. Throws STORE_UNAVAILABLE. */
  scan(pattern: string, options?: CallOptions): AsyncIterable<string>;
}

/** What a flat script is sent. */
export interface Prepared {
  readonly keys: readonly string[];
  readonly args: string[];
}

export type ScriptReply = { ok: true; reply: readonly unknown[] } | { ok: false; word: string };

export interface RunnerOptions {
  /** From the call until its answer, waiting for the connection included. Milliseconds. */
  commandTimeoutMs: number;
  /** For tests: the instant that the scripts use. Undefined: the server's TIME. */
  clock?: { now(): number } | undefined;
}

/** How far a call has come. */
interface Progress {
  /** Its deadline. */
  readonly signal: AbortSignal;
  /** From here on nothing of it has run. */
  unsent(): void;
  /** From here on it may have run. */
  sent(): void;
}

/** A client may report a lost connection a moment late. */
const UNNOTICED_MS = 10;

/** How long a state that passes is waited for before the call is sent again. It doubles up to the longest. */
const FIRST_PASSING_MS = 20;
const LONGEST_PASSING_MS = 200;

/** Ports that have answered once: a reconnect gets only `commandTimeoutMs`. */
const connected = new WeakSet<RedisPort>();

export function scriptRunner(port: RedisPort, { commandTimeoutMs, clock }: RunnerOptions): ScriptRunner {
  const send = async (
    script: Script,
    keys: readonly string[],
    args: readonly string[],
    { signal, unsent, sent }: Progress,
  ): Promise<unknown> => {
    try {
      return await port.evalSha(script.sha1, keys, args, signal);
    } catch (error) {
      if (errorWord(error) !== "NOSCRIPT" || signal.aborted) throw error;
      // NOSCRIPT means that nothing ran, on a new or restarted server. That may be an older one: check its version first.
      unsent();
      await requireNewEnough(port, keys, signal);
      signal.throwIfAborted();
      sent();
      return port.eval(script.source, keys, args, signal);
    }
  };
  /** Runs `work` over a connection that is up, all within the deadline. A failure becomes STORE_UNAVAILABLE. */
  const withinDeadline = async <T>(
    connectTimeoutMs: number | undefined,
    keys: readonly string[],
    options: CallOptions | undefined,
    work: (progress: Progress) => Promise<T>,
  ): Promise<T> => {
    const deadline = new AbortController();
    const limits = { commandTimeoutMs, connectTimeoutMs: connectTimeoutMs ?? commandTimeoutMs };
    let option: TimeoutOption =
      connectTimeoutMs === undefined || connected.has(port) ? "commandTimeoutMs" : "connectTimeoutMs";
    let timer = setTimeout(() => deadline.abort(), limits[option]);
    let sent = false;
    const progress: Progress = {
      signal: deadline.signal,
      unsent() {
        sent = false;
      },
      sent() {
        sent = true;
      },
    };
    let passing: { error: unknown; waitMs: number } | undefined;
    try {
      for (;;) {
        await before(deadline.signal, port.ready(deadline.signal, keys));
        // The caller gave up while there was no connection, so nothing may be sent any more.
        options?.signal?.throwIfAborted();
        deadline.signal.throwIfAborted();
        if (limits[option] > commandTimeoutMs) {
          clearTimeout(timer);
          option = "commandTimeoutMs";
          timer = setTimeout(() => deadline.abort(), commandTimeoutMs);
        }
        sent = true;
        try {
          const answer = await before(deadline.signal, work(progress));
          connected.add(port);
          return answer;
        } catch (error) {
          const isUnsent = error instanceof NotSent;
          if (!isUnsent && !isPassing(error)) throw error;
          // Nothing ran, so sending it again is no second time.
          sent = false;
          passing = isUnsent
            ? undefined
            : { error, waitMs: Math.min((passing?.waitMs ?? FIRST_PASSING_MS / 2) * 2, LONGEST_PASSING_MS) };
        }
        deadline.signal.throwIfAborted();
        await before(deadline.signal, pause(passing?.waitMs ?? UNNOTICED_MS));
      }
    } catch (error) {
      if (options?.signal?.aborted === true && !sent) throw options.signal.reason;
      // What a server refused for certain was not applied, however late that is told.
      const refusal = sent ? error : passing?.error;
      if (isRefusal(refusal)) throw refused(errorWord(refusal), "not-applied", refusal);
      if (deadline.signal.aborted) {
        throw timedOut(sent, option, limits[option], sent ? undefined : port.connectionError?.(keys));
      }
      if (error instanceof StoreError) throw error;
      const unknown = scriptsUnknown(error);
      if (unknown !== undefined) throw unknown;
      if (isRightMissing(error)) throw rightMissing();
      throw refused(errorWord(error), sent ? "unknown" : "not-applied", error);
    } finally {
      clearTimeout(timer);
    }
  };
  const instant = () => (clock === undefined ? "" : String(Math.floor(clock.now())));
  return {
    send(script, keys, prepare) {
      return withinDeadline(undefined, keys, undefined, async (progress) => {
        const prepared = prepare();
        if (prepared === undefined) return undefined;
        prepared.args[0] = instant();
        return send(script, prepared.keys, prepared.args, progress);
      });
    },
    async run(script, calls, options, connectTimeoutMs) {
      const args = [instant(), String(calls.length)];
      for (const call of calls) {
        if (call.operation !== undefined) args.push(call.operation);
        for (const arg of call.args) args.push(String(arg));
      }
      const keys = calls.flatMap((call) => call.keys);
      const raw = await withinDeadline(connectTimeoutMs, keys, options, (progress) =>
        send(script, keys, args, progress),
      );
      return replies(raw, calls.length);
    },
    async tags(options, connectTimeoutMs) {
      const ask = async ({ signal }: Progress) => port.tags?.(signal);
      return (await withinDeadline(connectTimeoutMs, [], options, ask)) ?? ["0"];
    },
    async *scan(pattern, options) {
      await withinDeadline(undefined, [], options, ({ signal }) => requireNewEnough(port, [], signal));
      const pages = port.scan(pattern, commandTimeoutMs)[Symbol.asyncIterator]();
      // A failed listing has ended. Its next step must not be taken for its end.
      const nextPage = () =>
        pages.next().catch((error: unknown) => {
          if (isStoreError(error)) throw error;
          throw errorWord(error) === "NOPERM" ? rightMissing() : refused(errorWord(error), "not-applied", error);
        });
      for (;;) {
        const next = await withinDeadline(undefined, [], options, nextPage);
        if (next.done === true) return;
        if (typeof next.value === "string") yield next.value;
        else yield* next.value;
      }
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Settles as `work` does, unless `signal` aborts first. If `work` answers immediately after the abort (with NotSent,
 * say), that answer counts.
 */
function before<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => setImmediate(() => reject(signal.reason));
    signal.addEventListener("abort", late, { once: true });
    const over = () => signal.removeEventListener("abort", late);
    work.then(
      (answer) => {
        over();
        resolve(answer);
      },
      (error: unknown) => {
        over();
        reject(error);
      },
    );
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
