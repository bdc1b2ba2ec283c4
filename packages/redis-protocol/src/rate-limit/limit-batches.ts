// Calls of one tick about the same limit travel in one script call. Calls for the same key in it are merged; each gets
// the decision that it would have got alone.
import type { CallOptions, RateLimitDecision, StoredRecord } from "@tollbooth-stores/core";
import { algorithmTag, type Limit, parseReceipt, rateLimitTransitions } from "@tollbooth-stores/core/native";
import { keySlot } from "../connection/key-slot.ts";
import { unreadable } from "../scripts/reading.ts";
import type { Prepared, ScriptRunner } from "../scripts/script-runner.ts";
import { limitRecord } from "./limit-records.ts";
import { type LimitOperation, limitScripts } from "./limit-scripts.ts";

/** How many keys one script call takes. More would keep the server from other clients for longer. */
const MOST_KEYS = 32;
export interface LimitBatches {
  /** Decides on one key. Rejects as the runner does, and with STORE_CORRUPT for a key that cannot be read. */
  call(
    operation: LimitOperation,
    key: string,
    limit: Limit,
    options: CallOptions | undefined,
  ): Promise<RateLimitDecision>;
}

export interface LimitBatchOptions {
  /** False: each call travels alone. */
  coalesce: boolean;
  /** A script call may touch one slot only. */
  cluster: boolean;
  /** The largest share by which a record is physically kept longer than it lives. */
  spread: number;
  /** Told of each key that denied a call. */
  denied?: ((key: string, found: Found) => void) | undefined;
}

/** A record as the last call of a batch left it. */
export interface Found {
  readonly record: StoredRecord | null;
  /** On the server's clock. */
  readonly nowMs: number;
  /** By `performance.now()`, before it was asked for. */
  readonly askedAtMs: number;
}

interface Waiting {
  readonly signal: AbortSignal | undefined;
  resolve(decision: RateLimitDecision): void;
  reject(error: unknown): void;
}

interface Batch {
  readonly operation: LimitOperation;
  readonly limit: Limit;
  /** -1 where slots do not matter. */
  readonly slot: number;
  readonly waiting: Map<string, Waiting[]>;
}

export function limitBatches(runner: ScriptRunner, options: LimitBatchOptions): LimitBatches {
  const { coalesce, cluster, spread, denied = () => {} } = options;
  let open: Batch[] = [];

  const flush = () => {
    const batches = open;
    open = [];
    for (const batch of batches) void send(batch);
  };
  const openFor = (operation: LimitOperation, limit: Limit, slot: number): Batch => {
    for (const batch of open) {
      if (batch.operation === operation && batch.slot === slot && isSame(batch.limit, limit)) return batch;
    }
    const batch = { operation, limit, slot, waiting: new Map<string, Waiting[]>() };
    // After the callers that were woken in this tick have asked.
    if (open.push(batch) === 1) process.nextTick(flush);
    return batch;
  };

  const send = async ({ operation, limit, waiting }: Batch) => {
    const script = limitScripts[operation][limit.algorithm];
    const sent: [string, Waiting[]][] = [];
    const prepare = (): Prepared | undefined => {
      sent.length = 0;
      for (const [key, calls] of waiting) {
        const live = calls.filter(({ signal }) => signal?.aborted !== true);
        if (live.length > 0) sent.push([key, live]);
      }
      if (sent.length === 0) return undefined;
      const args = ["", (Math.random() * spread).toFixed(4), ...argumentsOf(limit)];
      if (sent.some(([, calls]) => calls.length > 1)) for (const [, calls] of sent) args.push(String(calls.length));
      return { keys: sent.map(([key]) => key), args };
    };
    try {
      const askedAtMs = performance.now();
      const reply = await runner.send(script, [...waiting.keys()], prepare);
      if (sent.length > 0) {
        const played = play(operation, limit, sent, reply);
        for (const one of played) {
          if (one.denied) denied(one.key, { record: one.record, nowMs: one.nowMs, askedAtMs });
          settle(one);
        }
      }
      for (const calls of waiting.values()) rejectAborted(calls);
    } catch (error) {
      for (const calls of waiting.values()) {
        rejectAborted(calls);
        for (const { reject } of calls) reject(error);
      }
    }
  };

  return {
    call(operation, key, limit, callOptions) {
      return new Promise((resolve, reject) => {
        const one: Waiting = { signal: callOptions?.signal, resolve, reject };
        const slot = cluster ? keySlot(key) : -1;
        if (!coalesce) return void send({ operation, limit, slot, waiting: new Map([[key, [one]]]) });
        const batch = openFor(operation, limit, slot);
        const same = batch.waiting.get(key);
        if (same !== undefined) same.push(one);
        else {
          batch.waiting.set(key, [one]);
          if (batch.waiting.size === MOST_KEYS) {
            open.splice(open.indexOf(batch), 1);
            void send(batch);
          }
        }
      });
    },
  };
}

function isSame(one: Limit, other: Limit): boolean {
  return (
    one === other ||
    (one.algorithm === other.algorithm &&
      one.limit === other.limit &&
      one.cost === other.cost &&
      one.windowMs === other.windowMs &&
      one.capacity === other.capacity)
  );
}

/** ARGV 3 to 5 of a limit's script. */
function argumentsOf({ algorithm, capacity, windowMs, intervalUs, cost }: Limit): string[] {
  return [String(capacity), String(algorithm === "token-bucket" ? intervalUs : windowMs), String(cost)];
}

/** The calls for one key, and what each of them gets. */
interface Played {
  readonly key: string;
  readonly calls: readonly Waiting[];
  readonly decisions: readonly RateLimitDecision[];
  readonly error: unknown;
  /** What the last call left, at `nowMs`. */
  readonly record: StoredRecord | null;
  readonly nowMs: number;
  readonly denied: boolean;
}

/** Plays the calls on the records that the script found. Throws where it took other than they do: nothing is allowed then. */
function play(
  operation: LimitOperation,
  limit: Limit,
  sent: readonly (readonly [string, Waiting[]])[],
  reply: unknown,
): Played[] {
  const [nowMs, total, texts]: readonly unknown[] = Array.isArray(reply) ? reply : [];
  if (typeof nowMs !== "number" || typeof total !== "number" || !Array.isArray(texts)) throw unreadable();
  let taken = 0;
  const on = rateLimitTransitions[limit.algorithm];
  const played = sent.map(([key, calls], index): Played => {
    const text: unknown = texts[index] ?? null;
    if (text !== null && typeof text !== "string") throw unreadable();
    const decisions: RateLimitDecision[] = [];
    let record: StoredRecord | null = null;
    let denied = false;
    try {
      record = limitRecord(limit.algorithm, text);
      for (const _ of calls) {
        const { reply: decision, writes } = on[operation](limit, record, nowMs);
        if (writes?.[0] !== undefined) [record] = writes;
        decisions.push(decision);
        taken += unitsOf(operation, limit, decision);
        denied ||= !decision.allowed;
      }
      return { key, calls, decisions, error: undefined, record, nowMs, denied };
    } catch (error) {
      return { key, calls, decisions: [], error, record, nowMs, denied: false };
    }
  });
  if (taken !== total) throw unreadable();
  return played;
}

function unitsOf(operation: LimitOperation, limit: Limit, { allowed, receipt }: RateLimitDecision): number {
  if (operation === "consume") return allowed ? limit.cost : 0;
  if (receipt === undefined) return 0;
  const { amount } = parseReceipt(algorithmTag(limit.algorithm), receipt);
  return limit.intervalUs === 0 ? amount : amount / limit.intervalUs;
}

function settle({ calls, decisions, error }: Played): void {
  calls.forEach(({ resolve, reject }, index) => {
    const decision = decisions[index];
    if (decision === undefined) reject(error);
    else resolve(decision);
  });
}

function rejectAborted(calls: readonly Waiting[]): void {
  for (const { signal, reject } of calls) if (signal?.aborted) reject(signal.reason);
}
