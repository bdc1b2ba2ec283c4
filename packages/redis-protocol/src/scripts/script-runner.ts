// Runs script calls on a port: one round trip, with NOSCRIPT as the only reason to send a command that was answered twice.
import { type CallOptions, isStoreError, type PortCallOptions } from "@tollbooth-stores/core";
import { areBatchesObserved, publishBatch } from "@tollbooth-stores/core/native";
import { keySlot } from "../connection/key-slot.ts";
import { errorWord, refused, rightMissing } from "../connection/redis-errors.ts";
import type { RedisPort } from "../redis-port.ts";
import { unreadable } from "./reading.ts";
import { roleProof } from "./role-proof.ts";
import { ASKS_ROLE, type Script } from "./script.ts";
import { requireSuitable } from "./server-version.ts";
import { type Caller, routing, tickBatches } from "./tick-batches.ts";
import { deadlineRunner, type Progress } from "./within-deadline.ts";

/** One call within a script call. Its keys share a slot. */
export interface ScriptCall {
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
    options?: PortCallOptions,
    connectTimeoutMs?: number,
  ): Promise<ScriptReply[]>;
  /**
   * One call, which may travel with others of the same script in the same tick: unless it is large, or a step of an
   * operation that began before. An aborted call that is not written yet is not sent. Throws STORE_UNAVAILABLE.
   */
  ask(script: Script, call: ScriptCall, options?: PortCallOptions): Promise<ScriptReply>;
  /**
   * One call of a flat script. `prepare` gives its keys and arguments when it is written, and may give others when it is
   * written again; undefined: there is nothing to send any more. The first argument is empty: the instant is put there.
   * Answers the raw reply; undefined where nothing was sent. `keys`: those that the connection must be up for.
   */
  send(
    script: Script,
    keys: readonly string[],
    prepare: () => Prepared | undefined,
    options?: Pick<PortCallOptions, "startedAtMs">,
  ): Promise<unknown>;
  /** Calls with equal numbers may travel together: the key's slot, or -1 where one server takes all slots in one call. */
  slotOf(key: string): number;
  /** A hash tag for each primary. Throws STORE_UNAVAILABLE. */
  tags(options?: CallOptions, connectTimeoutMs?: number): Promise<readonly string[]>;
  /** The port's keys that match. Each step has the deadline of a call. Throws STORE_UNAVAILABLE. */
  scan(pattern: string, options?: CallOptions): AsyncIterable<string>;
}

/** What a flat script is sent. */
export interface Prepared {
  readonly keys: readonly string[];
  readonly args: string[];
  /** How many calls it answers. */
  readonly calls: number;
}

export type ScriptReply = { ok: true; reply: readonly unknown[] } | { ok: false; word: string };

export interface RunnerOptions {
  /** From the call until its answer, waiting for the connection included. Milliseconds. */
  commandTimeoutMs: number;
  /** For tests: the instant that the scripts use. Undefined: the server's TIME. */
  clock?: { now(): number } | undefined;
  /** False: each call travels alone. */
  coalesce: boolean;
}

/** How many calls travel together at most, and from how many characters on a call travels alone. */
const MOST_CALLS = 32;
const LARGE = 4_096;

export function scriptRunner(port: RedisPort, options: RunnerOptions): ScriptRunner {
  const { commandTimeoutMs, clock, coalesce } = options;
  /** The connection whose server was found to be no replica that takes writes. */
  let suitable: number | undefined;
  /** A ping has no key, and is answered by a replica. */
  const isSuitable = (keys: readonly string[]) => keys.length === 0 || port.generation?.() === suitable;
  const findSuitable = async (keys: readonly string[], { signal, unsent, sent }: Progress): Promise<void> => {
    while (!isSuitable(keys)) {
      const asked = port.generation?.();
      unsent();
      await requireSuitable(port, keys, signal, { forRecords: true });
      signal.throwIfAborted();
      suitable = asked;
      sent();
    }
  };
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
      // NOSCRIPT means that nothing ran, on a new or restarted server. That may be an older one, or a replica: look first.
      unsent();
      await requireSuitable(port, keys, signal, { forRecords: keys.length > 0 });
      signal.throwIfAborted();
      sent();
      return port.eval(script.source, keys, args, signal);
    }
  };
  const withinDeadline = deadlineRunner(port, commandTimeoutMs);
  // A server that is configured as a single one may be a node of a cluster, or stand before one.
  let bySlot = port.cluster;
  const slotOf = (key: string) => (bySlot ? keySlot(key) : -1);
  const noticing = (error: unknown): never => {
    bySlot ||= crossesSlots(error);
    throw error;
  };
  const role = roleProof();
  // A cluster's replica redirects each call.
  const isRoleDue = (keys: readonly string[]) => clock === undefined && !bySlot && keys.length > 0 && role.isDue();
  const sendNow = (script: Script, { keys, args, calls }: Prepared, askedAtMs: number, progress: Progress) => {
    const asksRole = isRoleDue(keys);
    args[0] = asksRole ? ASKS_ROLE : clock === undefined ? "" : String(Math.floor(clock.now()));
    // `ping` sends a script that answers no call.
    if (calls > 0 && areBatchesObserved()) {
      const waitedMs = performance.now() - askedAtMs;
      publishBatch({ provider: port.name, script: script.name, calls, keys: keys.length, waitedMs });
    }
    const sending = () => send(script, keys, args, progress);
    return asksRole ? role.ask(sending) : sending();
  };
  const sendFlat: ScriptRunner["send"] = (script, keys, prepare, callOptions) => {
    const askedAtMs = performance.now();
    return withinDeadline(undefined, keys, callOptions, async (progress) => {
      // Before calls are prepared: those that are aborted meanwhile are not sent.
      if (!isSuitable(keys)) await findSuitable(keys, progress);
      const prepared = prepare();
      return prepared === undefined ? undefined : sendNow(script, prepared, askedAtMs, progress);
    }).catch(noticing);
  };
  const run: ScriptRunner["run"] = async (script, calls, callOptions, connectTimeoutMs) => {
    const prepared = preparedOf(calls);
    const askedAtMs = performance.now();
    const raw = await withinDeadline(connectTimeoutMs, prepared.keys, callOptions, async (progress) => {
      if (!isSuitable(prepared.keys)) await findSuitable(prepared.keys, progress);
      return sendNow(script, prepared, askedAtMs, progress);
    }).catch(noticing);
    return replies(raw, calls.length);
  };
  const askTogether = tickBatches<{ script: Script; slot: number }, ScriptCall, ScriptReply>({
    ...{ coalesce, mostKeys: MOST_CALLS, mostCalls: MOST_CALLS, splits: crossesSlots },
    isSame: (one, other) => one.script === other.script && one.slot === other.slot,
    async send({ script }, all, live, startedAtMs) {
      let sent: Caller<ScriptCall, ScriptReply>[] = [];
      const raw = await sendFlat(
        script,
        routing(all),
        () => {
          sent = [...live().values()].flat();
          return sent.length === 0 ? undefined : preparedOf(sent.map(({ call }) => call));
        },
        { startedAtMs },
      );
      if (sent.length === 0) return;
      const answers = replies(raw, sent.length);
      for (const [index, { resolve }] of sent.entries()) {
        const answer = answers[index];
        if (answer !== undefined) resolve(answer);
      }
    },
  });
  return {
    send: sendFlat,
    slotOf,
    run,
    async ask(script, call, options) {
      if (options?.startedAtMs === undefined && sizeOf(call) < LARGE) {
        const [key = ""] = call.keys;
        return askTogether({ script, slot: slotOf(key) }, key, call, options);
      }
      const [reply] = await run(script, [call], options);
      if (reply === undefined) throw unreadable();
      return reply;
    },
    async tags(options, connectTimeoutMs) {
      const ask = async ({ signal }: Progress) => port.tags?.(signal);
      return (await withinDeadline(connectTimeoutMs, [], options, ask)) ?? ["0"];
    },
    async *scan(pattern, options) {
      await withinDeadline(undefined, [], options, ({ signal }) =>
        requireSuitable(port, [], signal, { forRecords: true }),
      );
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

/** Whether a server refused a call because its keys are of several slots. Nothing ran. */
export function crossesSlots(error: unknown): boolean {
  if (!isStoreError(error)) return false;
  const { cause } = error;
  return typeof cause === "object" && cause !== null && "code" in cause && cause.code === "CROSSSLOT";
}

/** The first argument is the instant's place. */
function preparedOf(calls: readonly ScriptCall[]): Prepared {
  const args = ["", String(calls.length)];
  for (const call of calls) for (const arg of call.args) args.push(String(arg));
  return { keys: calls.flatMap(({ keys }) => keys), args, calls: calls.length };
}

function sizeOf({ args }: ScriptCall): number {
  return args.reduce<number>((sum, arg) => sum + (typeof arg === "string" ? arg.length : 0), 0);
}

function replies(raw: unknown, count: number): ScriptReply[] {
  if (!Array.isArray(raw) || raw.length !== count) throw unreadable();
  return raw.map((reply: unknown) =>
    Array.isArray(reply) ? { ok: true, reply } : { ok: false, word: String(reply).replace(/^!/, "") },
  );
}
