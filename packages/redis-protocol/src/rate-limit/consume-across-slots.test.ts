// consumeAll over several slots: what is taken, what is given back, and what callers are told.
import { type RateLimitDecision, StoreError } from "@tollbooth-stores/core";
import type { Limit, LimitGroup } from "@tollbooth-stores/core/native";
import { describe, expect, it } from "vitest";
import { type ConsumeTogether, consumeAcrossSlots } from "./consume-across-slots.ts";

const limit: Limit = {
  ...{ algorithm: "fixed-window", limit: 5, capacity: 5, windowMs: 1_000, cost: 1, intervalUs: 0, toleranceUs: 0 },
};
const group = (position: number): LimitGroup => ({ limits: [limit], positions: [position] });
const keys = ["rl:{a}:fw", "rl:{b}:fw", "rl:{a}:sw"];
const groups = [group(0), group(1), group(2)];

/** A cluster that answers each slot (by its tag) as told, and logs what was asked of it. */
function cluster(answers: Record<string, (taking: boolean) => boolean>) {
  const log: string[] = [];
  const consume: ConsumeTogether = async (on, among, taking) => {
    const tag = /\{(.)\}/.exec(on[0] ?? "")?.[1] ?? "";
    log.push(`${taking ? "take" : "look"} ${on.join(" ")}`);
    const allowed = answers[tag]?.(taking) ?? true;
    const decisions: RateLimitDecision[] = [];
    for (const { positions } of among) {
      const about = { limit: 5, retryAfterMs: 0, resetAfterMs: 1_000, source: "store" as const };
      const receipt = allowed && taking ? { receipt: `of ${tag}` } : {};
      for (const position of positions)
        decisions[position] = { allowed, remaining: allowed ? 4 : 0, ...about, ...receipt };
    }
    return { allowed, decisions };
  };
  const refund = async (key: string, _limit: Limit, receipt: string) => {
    log.push(`refund ${key} ${receipt}`);
  };
  return { log, run: () => consumeAcrossSlots(keys, groups, consume, refund) };
}

describe("consumeAcrossSlots", () => {
  it("takes slot by slot after looking at all, and puts the decisions in the callers' order", async () => {
    const { log, run } = cluster({});
    const { allowed, atomic, decisions } = await run();
    expect({ allowed, atomic }).toEqual({ allowed: true, atomic: false });
    expect(decisions.map(({ receipt }) => receipt)).toEqual(["of a", "of b", "of a"]);
    expect(log).toEqual(["look rl:{a}:fw rl:{a}:sw", "look rl:{b}:fw", "take rl:{a}:fw rl:{a}:sw", "take rl:{b}:fw"]);
  });

  it("takes nothing anywhere where one slot denies", async () => {
    const { log, run } = cluster({ b: () => false });
    const { allowed, decisions } = await run();
    expect(allowed).toBe(false);
    expect(decisions.map((decision) => decision.allowed)).toEqual([true, false, true]);
    expect(log.filter((line) => !line.startsWith("look"))).toEqual([]);
  });

  it("gives back its units where another caller was faster, and hands out no receipts", async () => {
    const { log, run } = cluster({ b: (taking) => !taking });
    const { allowed, decisions } = await run();
    expect(allowed).toBe(false);
    expect(decisions.map(({ receipt }) => receipt)).toEqual([undefined, undefined, undefined]);
    expect(decisions.map((decision) => decision.allowed)).toEqual([true, false, true]);
    expect(log.slice(-2)).toEqual(["refund rl:{a}:fw of a", "refund rl:{a}:sw of a"]);
  });

  it("gives back what was taken where a later node fails, and throws what it threw", async () => {
    const failure = new Error("node is down");
    const { log, run } = cluster({
      b(taking) {
        if (taking) throw failure;
        return true;
      },
    });
    await expect(run()).rejects.toBe(failure);
    expect(log.filter((line) => line.startsWith("refund"))).toHaveLength(2);
  });

  it("does not say that nothing was taken where a later slot refuses for certain", async () => {
    const refusal = new StoreError("STORE_UNAVAILABLE", "Redis is out of memory.");
    const { run } = cluster({
      b(taking) {
        if (taking) throw refusal;
        return true;
      },
    });
    await expect(run()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "unknown" });
  });

  it("admits as many as fit where two orders race: no call takes what another one lacks", async () => {
    const left: Record<string, number> = { a: 10, b: 10 };
    const consume: ConsumeTogether = async ([key = ""], [among], taking) => {
      await Promise.resolve();
      const tag = /\{(.)\}/.exec(key)?.[1] ?? "";
      const allowed = (left[tag] ?? 0) > 0;
      if (allowed && taking) left[tag] = (left[tag] ?? 0) - 1;
      const about = {
        limit: 10,
        remaining: left[tag] ?? 0,
        retryAfterMs: 0,
        resetAfterMs: 1,
        source: "store" as const,
      };
      const decisions: RateLimitDecision[] = [];
      for (const position of among?.positions ?? [])
        decisions[position] = { allowed, ...about, ...(allowed && taking && { receipt: tag }) };
      return { allowed, decisions };
    };
    const refund = async (_key: string, _limit: Limit, tag: string) => {
      left[tag] = (left[tag] ?? 0) + 1;
    };
    const orders = [
      ["{a}", "{b}"],
      ["{b}", "{a}"],
    ];
    const calls = Array.from({ length: 20 }, (_, index) =>
      consumeAcrossSlots(orders[index % 2] ?? [], [group(0), group(1)], consume, refund),
    );
    const outcomes = await Promise.all(calls);
    expect(outcomes.filter(({ allowed }) => allowed)).toHaveLength(10);
    expect(left).toEqual({ a: 0, b: 0 });
  });
});
