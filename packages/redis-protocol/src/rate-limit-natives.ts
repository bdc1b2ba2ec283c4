// Core's rate-limit transitions as calls of the rate-limit script.
import type { RateLimitDecision } from "@tollbooth-stores/core";
import { algorithmTag, formatReceipt, type Limit, type NativeTransitions } from "@tollbooth-stores/core/native";
import { callRunner, jitter } from "./native-context.ts";
import { type ReplyReader, replyReader } from "./reading.ts";
import type { ScriptRunner } from "./script-runner.ts";
import { rateLimitScript } from "./scripts.ts";

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

export function rateLimitNatives(runner: ScriptRunner, spread: number): NativeTransitions {
  const call = callRunner(runner, rateLimitScript, "A stored rate-limit record");
  const about = (limit: Limit) => [jitter(spread), ...policyArguments(limit)];
  return {
    "rate-limit.consume": async (keys, { limit }, options) =>
      decision(limit, await call("consume", keys, about(limit), options)),
    "rate-limit.peek": async (keys, { limit }, options) =>
      decision(limit, await call("peek", keys, about(limit), options)),
    "rate-limit.charge": async (keys, { limit }, options) =>
      decision(limit, await call("charge", keys, about(limit), options)),
    "rate-limit.refund": async (keys, { limit, receipt }, options) =>
      decision(limit, await call("refund", keys, [...about(limit), receipt.amount, receipt.mark], options)),
    "rate-limit.block": async (keys, { limit, durationMs }, options) => {
      await call("block", keys, [...about(limit), durationMs], options);
      return undefined;
    },
    "rate-limit.reset": async (keys, { limit }, options) =>
      (await call("reset", keys, about(limit), options)).integer() === 1,
    "rate-limit.consumeAll": async (keys, { groups }, options) => {
      const args = [
        jitter(spread),
        groups.length,
        ...groups.flatMap(({ limits }) => [limits.length, ...limits.flatMap(policyArguments)]),
      ];
      const reply = await call("consumeAll", keys, args, options);
      const allowed = reply.integer() === 1;
      const byGroup = replyReader(reply.list());
      const decisions: RateLimitDecision[] = [];
      for (const { limits, positions } of groups) {
        const own = replyReader(byGroup.list());
        limits.forEach((limit, index) => {
          decisions[positions[index] ?? 0] = decision(limit, replyReader(own.list()));
        });
      }
      return { allowed, decisions };
    },
  };
}
