// Calls of one tick about the same limit travel in one script call. Equal keys in it are merged; each call gets the
// decision that it would have got alone.
import type { CallOptions, RateLimitDecision } from "@tollbooth-stores/core";
import type { Limit } from "@tollbooth-stores/core/native";
import { jitter } from "../scripts/native-context.ts";
import { crossesSlots, type Prepared, type ScriptRunner } from "../scripts/script-runner.ts";
import { type Callers, routing, tickBatches } from "../scripts/tick-batches.ts";
import type { DenyCache } from "./deny-cache.ts";
import { limitArguments } from "./limit-arguments.ts";
import { playCalls } from "./limit-replies.ts";
import { type LimitOperation, limitScripts } from "./limit-scripts.ts";

const MOST_KEYS = 32;
/** Merged calls cost the server nothing, and this process little. */
const MOST_CALLS = 1_024;

export interface LimitBatches {
  /** Decides on one key. Rejects as the runner does, and with STORE_CORRUPT where its record cannot be read. */
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
  /** The largest share by which a record is physically kept longer than it lives. */
  ttlJitter: number;
  clock: { now(): number };
  /** Told of each key whose last call was denied, or allowed. */
  cache: Pick<DenyCache, "allowed" | "changes" | "denied">;
}

/** What the calls of a batch have in common. */
interface Group {
  readonly operation: LimitOperation;
  readonly limit: Limit;
  /** -1 where slots do not matter. */
  readonly slot: number;
}

export function limitBatches(runner: ScriptRunner, options: LimitBatchOptions): LimitBatches {
  const { coalesce, ttlJitter, clock, cache } = options;
  const ask = tickBatches<Group, undefined, RateLimitDecision>({
    ...{ coalesce, isSame, mostKeys: MOST_KEYS, mostCalls: MOST_CALLS, splits: crossesSlots },
    async send({ operation, limit }, all, live, startedAtMs) {
      let sent = all;
      const prepare = (): Prepared | undefined => {
        sent = live();
        if (sent.size === 0) return undefined;
        let calls = 0;
        for (const callers of sent.values()) calls += callers.length;
        return { keys: [...sent.keys()], args: argumentsOf(limit, ttlJitter, sent, calls), calls };
      };
      const [askedAtMs, changes] = [clock.now(), cache.changes()];
      const reply = await runner.send(limitScripts[operation][limit.algorithm], routing(all), prepare, { startedAtMs });
      if (sent.size === 0) return;
      const outcomes = playCalls(operation, limit, sent, reply);
      let index = 0;
      for (const [key, callers] of sent) {
        const outcome = outcomes[index++];
        if (outcome === undefined) continue;
        const { decisions, error, record, nowMs } = outcome;
        if (operation === "consume") {
          const allowed = decisions.at(-1)?.allowed;
          if (allowed === false) cache.denied(key, record, nowMs, askedAtMs, changes);
          else if (allowed) cache.allowed(key);
        }
        for (const [nth, caller] of callers.entries()) {
          const decision = decisions[nth];
          if (decision === undefined) caller.reject(error);
          else caller.resolve(decision);
        }
      }
    },
  });
  return {
    call: (operation, key, limit, callOptions) =>
      ask({ operation, limit, slot: runner.slotOf(key) }, key, undefined, callOptions),
  };
}

function isSame(one: Group, other: Group): boolean {
  const [limit, that] = [one.limit, other.limit];
  return (
    one.slot === other.slot &&
    one.operation === other.operation &&
    limit.algorithm === that.algorithm &&
    limit.limit === that.limit &&
    limit.cost === that.cost &&
    limit.windowMs === that.windowMs &&
    limit.capacity === that.capacity
  );
}

/** ARGV of a limit's script. The first is the instant's place. */
function argumentsOf(
  limit: Limit,
  ttlJitter: number,
  callers: Callers<undefined, RateLimitDecision>,
  calls: number,
): string[] {
  const args = ["", jitter(ttlJitter), ...limitArguments(limit)];
  if (calls > callers.size) for (const ofKey of callers.values()) args.push(String(ofKey.length));
  return args;
}
