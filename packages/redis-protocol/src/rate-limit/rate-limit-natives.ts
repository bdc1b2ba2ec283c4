// Core's rate-limit transitions as calls of the rate-limit script.
import type { CallOptions, RateLimitDecision } from "@tollbooth-stores/core";
import {
  algorithmTag,
  formatReceipt,
  type Limit,
  type LimitGroup,
  type NativeTransitions,
  parseReceipt,
} from "@tollbooth-stores/core/native";
import { callRunner, jitter, type RunCall } from "../scripts/native-context.ts";
import { type ReplyReader, replyReader, unreadable } from "../scripts/reading.ts";
import type { ScriptRunner } from "../scripts/script-runner.ts";
import { type ConsumeTogether, consumeAcrossSlots, type Refund } from "./consume-across-slots.ts";
import { type LimitBatchOptions, limitBatches } from "./limit-batches.ts";
import type { LimitOperation } from "./limit-scripts.ts";
import { rateLimitScript } from "./rate-limit-script.ts";

function policyArguments(limit: Limit): (string | number)[] {
  const { algorithm, capacity, windowMs, cost, intervalUs, toleranceUs } = limit;
  return [algorithmTag(algorithm), limit.limit, capacity, windowMs, cost, intervalUs, toleranceUs];
}

function decision(limit: Limit, reply: ReplyReader): RateLimitDecision {
  const allowed = reply.integer() === 1;
  const remaining = reply.integer();
  const retryAfterMs = reply.integer();
  const resetAfterMs = reply.integer();
  const amount = reply.integer();
  const mark = reply.integer();
  return {
    allowed,
    limit: limit.limit,
    remaining,
    retryAfterMs: retryAfterMs < 0 ? null : retryAfterMs,
    resetAfterMs,
    ...(amount >= 0 && { receipt: formatReceipt(algorithmTag(limit.algorithm), { amount, mark }) }),
    source: "store",
  };
}

export function rateLimitNatives(runner: ScriptRunner, batching: LimitBatchOptions): NativeTransitions {
  const { spread, cluster } = batching;
  const batches = limitBatches(runner, batching);
  const decide = (
    operation: LimitOperation,
    keys: readonly string[],
    limit: Limit,
    options: CallOptions | undefined,
  ) => {
    const [key = ""] = keys;
    return batches.call(limit.cost === 0 ? "peek" : operation, key, limit, options);
  };
  const call = callRunner(runner, rateLimitScript, "A stored rate-limit record");
  const about = (limit: Limit) => [jitter(spread), ...policyArguments(limit)];
  return {
    "rate-limit.consume": (keys, { limit }, options) => decide("consume", keys, limit, options),
    "rate-limit.peek": (keys, { limit }, options) => decide("peek", keys, limit, options),
    "rate-limit.charge": (keys, { limit }, options) => decide("charge", keys, limit, options),
    "rate-limit.refund": async (keys, { limit, receipt }, options) =>
      decision(limit, await call("refund", keys, [...about(limit), receipt.amount, receipt.mark], options)),
    "rate-limit.block": async (keys, { limit, durationMs }, options) => {
      await call("block", keys, [...about(limit), durationMs], options);
      return undefined;
    },
    "rate-limit.reset": async (keys, { limit }, options) =>
      (await call("reset", keys, about(limit), options)).integer() === 1,
    "rate-limit.consumeAll": (keys, { groups }, options) => {
      const consume: ConsumeTogether = (on, among, taking) => consumeTogether(call, spread, on, among, taking, options);
      const refund: Refund = async (key, limit, receipt) => {
        const { amount, mark } = parseReceipt(algorithmTag(limit.algorithm), receipt);
        await call("refund", [key], [...about(limit), amount, mark], undefined);
      };
      return cluster ? consumeAcrossSlots(keys, groups, consume, refund) : consume(keys, groups, true);
    },
  };
}

/** One script call for all the groups, all or nothing. Without `taking` it only answers what it would take. */
async function consumeTogether(
  call: RunCall,
  spread: number,
  keys: readonly string[],
  groups: readonly LimitGroup[],
  taking: boolean,
  options: CallOptions | undefined,
): Promise<{ allowed: boolean; decisions: RateLimitDecision[] }> {
  const args: (string | number)[] = [jitter(spread), taking ? 1 : 0, groups.length];
  for (const { limits } of groups) args.push(limits.length, ...limits.flatMap(policyArguments));
  const reply = await call("consumeAll", keys, args, options);
  const allowed = reply.integer() === 1;
  const byGroup = replyReader(reply.list());
  const decisions: RateLimitDecision[] = [];
  for (const { limits, positions } of groups) {
    const own = replyReader(byGroup.list());
    limits.forEach((limit, index) => {
      const position = positions[index];
      if (position === undefined) throw unreadable();
      decisions[position] = decision(limit, replyReader(own.list()));
    });
  }
  return { allowed, decisions };
}
