// Core's rate-limit transitions as calls of the rate limits' scripts.
import type { CallOptions, RateLimitDecision } from "@tollbooth-stores/core";
import {
  algorithmTag,
  type Limit,
  type NativeTransitions,
  parseReceipt,
  rateLimitTransitions,
} from "@tollbooth-stores/core/native";
import { jitter } from "../scripts/native-context.ts";
import { isInstant, unreadable } from "../scripts/reading.ts";
import type { Script } from "../scripts/script.ts";
import { crossesSlots, type ScriptRunner } from "../scripts/script-runner.ts";
import { checksTogether } from "./checks-together.ts";
import { type ConsumeTogether, consumeAcrossSlots, type Refund } from "./consume-across-slots.ts";
import { denyCache } from "./deny-cache.ts";
import { limitArguments } from "./limit-arguments.ts";
import { limitBatches } from "./limit-batches.ts";
import { limitRecord } from "./limit-records.ts";
import { blockScripts, type LimitOperation, refundScripts, resetScript } from "./limit-scripts.ts";

export interface RateLimitNativesOptions {
  /** False: each call travels alone. */
  coalesce: boolean;
  /** The largest share by which a record is physically kept longer than it lives. */
  ttlJitter: number;
  /** For how long a denied client is denied without asking, in milliseconds; 0 for not at all. */
  denyCacheMaxMs: number;
  /** For tests: the instant of the scripts. */
  clock?: { now(): number } | undefined;
}

export function rateLimitNatives(runner: ScriptRunner, options: RateLimitNativesOptions): NativeTransitions {
  const { ttlJitter, denyCacheMaxMs, clock = performance } = options;
  const cache = denyCache(denyCacheMaxMs, clock);
  const batches = limitBatches(runner, { ...options, clock, cache });
  const together = checksTogether(runner, options);

  const decide = (operation: LimitOperation, keys: readonly string[], limit: Limit, call: CallOptions | undefined) => {
    const [key = ""] = keys;
    return batches.call(limit.cost === 0 ? "peek" : operation, key, limit, call);
  };
  /** Nothing is denied by what was seen before a change, from its call on: the calls after it may be of the same tick. */
  const changing = <Reply>(keys: readonly string[], change: () => Promise<Reply>): Promise<Reply> => {
    keys.forEach(cache.forget);
    // Also where it may have been changed.
    return change().finally(() => keys.forEach(cache.forget));
  };
  /** One call of one key's script: the instant, the second part of the reply, and the record that was found. */
  const alone = async (
    script: Script,
    keys: readonly string[],
    args: readonly string[],
    call: CallOptions | undefined,
  ) => {
    const prepare = () =>
      call?.signal?.aborted ? undefined : { keys, args: ["", jitter(ttlJitter), ...args], calls: 1 };
    const reply = await changing(keys, () => runner.send(script, keys, prepare));
    call?.signal?.throwIfAborted();
    const [nowMs, told, texts]: readonly unknown[] = Array.isArray(reply) ? reply : [];
    const [text]: readonly unknown[] = Array.isArray(texts) ? texts : [];
    if (!isInstant(nowMs) || typeof told !== "number" || (typeof text !== "string" && text !== null))
      throw unreadable();
    return { nowMs, told, text };
  };
  const refund = async (
    keys: readonly string[],
    limit: Limit,
    receipt: { amount: number; mark: number },
    call: CallOptions | undefined,
  ): Promise<RateLimitDecision> => {
    const args = [...limitArguments(limit), "1", String(receipt.amount), String(receipt.mark)];
    const { nowMs, text } = await alone(refundScripts[limit.algorithm], keys, args, call);
    return rateLimitTransitions[limit.algorithm].refund(limit, receipt, limitRecord(limit, text), nowMs).reply;
  };
  return {
    "rate-limit.consume": (keys, { limit }, call) => {
      const denial = cache.denial(keys[0] ?? "", limit);
      return denial === undefined ? decide("consume", keys, limit, call) : Promise.resolve(denial);
    },
    "rate-limit.peek": (keys, { limit }, call) => decide("peek", keys, limit, call),
    "rate-limit.charge": (keys, { limit }, call) => changing(keys, () => decide("charge", keys, limit, call)),
    "rate-limit.refund": (keys, { limit, receipt }, call) => refund(keys, limit, receipt, call),
    "rate-limit.block": async (keys, { limit, durationMs }, call) => {
      const args = [...limitArguments(limit), "1", String(durationMs)];
      const { text } = await alone(blockScripts[limit.algorithm], keys, args, call);
      limitRecord(limit, text);
      return undefined;
    },
    "rate-limit.reset": async (keys, { limit }, call) => {
      const { nowMs, told, text } = await alone(resetScript, keys, [], call);
      return told > 0 && isLive(limit, text, nowMs);
    },
    "rate-limit.consumeAll": (keys, { groups }, call) => {
      const consume: ConsumeTogether = (on, among, taking) => together(on, among, taking, call);
      // One deadline for all of its steps.
      const step = { ...call, startedAtMs: call?.startedAtMs ?? performance.now() };
      const consumeStep: ConsumeTogether = (on, among, taking) => together(on, among, taking, step);
      const giveBack: Refund = async (key, limit, receipt) => {
        await refund([key], limit, parseReceipt(algorithmTag(limit.algorithm), receipt), undefined);
      };
      const acrossSlots = () => consumeAcrossSlots(keys, groups, consumeStep, giveBack);
      const inOneSlot = () =>
        consume(keys, groups, true).catch((error: unknown) => {
          if (crossesSlots(error)) return acrossSlots();
          throw error;
        });
      const isOneSlot = new Set(keys.map(runner.slotOf)).size === 1;
      return changing(keys, isOneSlot ? inOneSlot : acrossSlots);
    },
  };
}

/** What cannot be read counts as live: it was there. */
function isLive(limit: Limit, text: string | null, nowMs: number): boolean {
  try {
    const record = limitRecord(limit, text);
    return record === null || record.endsAtMs > nowMs;
  } catch {
    return true;
  }
}
