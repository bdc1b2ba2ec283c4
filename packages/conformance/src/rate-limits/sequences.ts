// Random sequences of rate-limit calls: against the model, and against other stores.
import assert from "node:assert/strict";
import type { RateLimitCheck, RateLimitDecision, RateLimitStore } from "@tollbooth-stores/core";
import fc from "fast-check";
import { minute, plain, type RateLimitBench, type RateLimitProperty, toWindowStart } from "./checks.ts";
import { type ModelReceipt, rateLimitModel } from "./model.ts";

/** One call, or a step of the clock. `who` and `other` pick identities, `cost` what they take. */
export type RateLimitCommand =
  | { kind: "consume" | "peek" | "charge" | "reset"; who: number; high: boolean; cost: number }
  | { kind: "consumeAll"; who: number; other: number; high: boolean; cost: number }
  | { kind: "refund"; who: number; high: boolean; nth: number }
  | { kind: "block"; who: number; ms: number }
  | { kind: "advance"; ms: number }
  | { kind: "stepBack"; ms: number };

/** Windows that divide a minute, limits that divide the windows' microseconds: see `charge` for changed limits. */
const identities: readonly ((high: boolean) => RateLimitCheck["policy"])[] = [
  (high) => ({ algorithm: "fixed-window", limit: high ? 10 : 5, windowMs: 6_000 }),
  (high) => ({ algorithm: "fixed-window", limit: high ? 3 : 0, windowMs: minute }),
  (high) => ({ algorithm: "sliding-window", limit: high ? 10 : 5, windowMs: 6_000 }),
  (high) => ({ algorithm: "sliding-window", limit: high ? 8 : 7, windowMs: 20_000 }),
  (high) => ({ algorithm: "token-bucket", limit: high ? 10 : 5, windowMs: 6_000 }),
  () => ({ algorithm: "token-bucket", limit: 7, windowMs: 20_000, burst: 11 }),
  () => ({ algorithm: "token-bucket", limit: 9, windowMs: 20_000, burst: 2 }),
  (high) => ({ algorithm: "token-bucket", limit: 10, windowMs: 6_000, burst: high ? 25 : 3 }),
];

const who = fc.nat(identities.length - 1);
const high = fc.boolean();
const cost = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 4 }) }, fc.constantFrom(0, 5, 10, 12));
const ms = fc.oneof(fc.constantFrom(1, 999, 5_999, 6_000, 12_000, 20_000), fc.integer({ min: 1, max: 25_000 }));

const calls: fc.WeightedArbitrary<RateLimitCommand>[] = [
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("consume" as const), who, high, cost }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("peek" as const, "charge" as const), who, high, cost }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("reset" as const), who, high, cost }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("consumeAll" as const), who, other: who, high, cost }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("refund" as const), who, high, nth: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("block" as const), who, ms }) },
];

/** Sequences of up to 30 commands. */
export const rateLimitCommands: fc.Arbitrary<RateLimitCommand[]> = fc.array(
  fc.oneof(...calls, { weight: 3, arbitrary: fc.record({ kind: fc.constant("advance" as const), ms }) }),
  { minLength: 1, maxLength: 30 },
);

/**
 * Sequences in which the backend's clock steps back. The time passes only after the last step, and not for long: whether
 * a record that has ended is still there when the clock steps back behind its end is a backend's own affair.
 */
export const rateLimitClockCommands: fc.Arbitrary<RateLimitCommand[]> = fc
  .tuple(
    fc.array(
      fc.oneof(...calls, {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant("stepBack" as const),
          ms: fc.oneof(fc.constantFrom(1, 2, 6_000, 20_000, 3_600_000), fc.integer({ min: 1, max: 50_000 })),
        }),
      }),
      { minLength: 1, maxLength: 20 },
    ),
    fc.array(
      fc.oneof(...calls, {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constant("advance" as const), ms: fc.integer({ min: 1, max: 2_500 }) }),
      }),
      { maxLength: 10 },
    ),
  )
  .map(([back, forth]) => [...back, ...forth]);

/** Plays commands and returns every answer, receipts aside (whether there was one is an answer). */
export async function playRateLimits(
  store: RateLimitStore,
  commands: readonly RateLimitCommand[],
  client: string,
  advance: (ms: number) => Promise<void>,
  stepBack?: (ms: number) => Promise<void> | void,
): Promise<unknown[]> {
  const receipts = new Map<number, string[]>();
  const keep = (index: number, decision: RateLimitDecision) => {
    if (decision.receipt !== undefined) receipts.set(index, [...(receipts.get(index) ?? []), decision.receipt]);
    // A denial from a deny cache must be the one that the store would give.
    const source = decision.source === "deny-cache" ? "store" : decision.source;
    return { ...plain(decision), source, took: decision.receipt !== undefined };
  };
  const answers: unknown[] = [];
  for (const command of commands) {
    if (command.kind === "advance") await advance(command.ms);
    else if (command.kind === "stepBack")
      await (stepBack ?? assert.fail("the clock of this run steps forward only"))(command.ms);
    else answers.push(await answerTo(store, command, client, receipts, keep));
  }
  return answers;
}

/** A client's check of one of the identities. */
function checkFor(index: number, isHigh: boolean, client: string, amount = 1): RateLimitCheck {
  const policy = identities[index]?.(isHigh);
  assert.ok(policy !== undefined, "an identity of the list");
  return { route: `route ${index}`, client, policy, cost: amount };
}

async function answerTo(
  store: RateLimitStore,
  command: Exclude<RateLimitCommand, { kind: "advance" | "stepBack" }>,
  client: string,
  receipts: ReadonlyMap<number, string[]>,
  keep: (index: number, decision: RateLimitDecision) => unknown,
): Promise<unknown> {
  switch (command.kind) {
    case "block":
      return store.block(checkFor(command.who, true, client), command.ms);
    case "reset":
      return store.reset(checkFor(command.who, command.high, client));
    case "refund": {
      const known = receipts.get(command.who) ?? [];
      const receipt = known[command.nth % Math.max(1, known.length)];
      if (receipt === undefined) return "no receipt";
      return plain(await store.refund(checkFor(command.who, command.high, client), receipt));
    }
    case "consumeAll": {
      const { who: one, other, high: isHigh, cost: amount } = command;
      const checks = [checkFor(one, isHigh, client, amount), checkFor(other, isHigh, client, 1)];
      const { allowed, decisions } = await store.consumeAll(checks);
      return { allowed, decisions: decisions.map((decision, index) => keep(index === 0 ? one : other, decision)) };
    }
    default: {
      const check = checkFor(command.who, command.high, client, command.cost);
      return keep(command.who, await store[command.kind](check));
    }
  }
}

/** The model behind the store's interface, at an instant that `now` tells; its receipts are numbers in a list. */
function modelStore(
  now: () => number,
): Pick<RateLimitStore, "consume" | "peek" | "charge" | "refund" | "consumeAll" | "block" | "reset"> {
  const model = rateLimitModel();
  const receipts: ModelReceipt[] = [];
  const dress = ({ receipt, ...decision }: ReturnType<typeof model.peek>): RateLimitDecision =>
    receipt === undefined
      ? { ...decision, source: "store" }
      : { ...decision, source: "store", receipt: String(receipts.push(receipt) - 1) };
  return {
    consume: async (check) => dress(model.consume(check, now())),
    peek: async (check) => dress(model.peek(check, now())),
    charge: async (check) => dress(model.charge(check, now())),
    async refund(check, receipt) {
      const known = receipts[Number(receipt)];
      assert.ok(known !== undefined, "a receipt of the model");
      return dress(model.refund(check, known, now()));
    },
    async consumeAll(checks) {
      const { allowed, decisions } = model.consumeAll(checks, now());
      return { allowed, atomic: true, decisions: decisions.map(dress) };
    },
    block: async (check, durationMs) => model.block(check, durationMs, now()),
    reset: async (check) => model.reset(check, now()),
  };
}

async function againstModel(
  bench: RateLimitBench,
  sequences: fc.Arbitrary<RateLimitCommand[]>,
  stepBack?: (ms: number) => Promise<void> | void,
): Promise<void> {
  const store = await bench.open();
  let run = 0;
  await bench.forAll(sequences, 150, async (commands) => {
    run += 1;
    await toWindowStart(bench, store, minute);
    // The model's own time begins at a whole minute, as the store's has just been brought to.
    let nowMs = 1_000_000 * minute;
    const answers = await playRateLimits(store, commands, `client ${run}`, bench.advance, stepBack);
    const expected = await playRateLimits(
      { ...store, ...modelStore(() => nowMs) },
      commands,
      `client ${run}`,
      async (stepMs) => {
        nowMs += stepMs;
      },
      (stepMs) => {
        nowMs -= stepMs;
      },
    );
    assert.deepEqual(answers, expected);
  });
}

export const sequenceProperties: readonly RateLimitProperty[] = [
  {
    id: "rate-limits/model",
    title: "any sequence of calls is answered as the model answers it",
    run: (bench) => againstModel(bench, rateLimitCommands),
  },
  {
    id: "rate-limits/model-clock",
    title: "so is any sequence in which the backend's clock steps back",
    needs: ["stepBack"],
    run: (bench) => againstModel(bench, rateLimitClockCommands, bench.probe("stepBack")),
  },
];
