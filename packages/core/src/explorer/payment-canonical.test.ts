// States of payments that have one name must go on to states of the same names: what a name leaves out decides nothing.
import { expect, test } from "vitest";
import { canonicalJson } from "./canonical-json.ts";
import { type PaymentOptions, paymentModel } from "./payment-model.ts";
import type { PaymentWorld } from "./payment-world.ts";
import { long, searchTimeoutMs } from "./search.ts";

/** Visits states told apart by all that is in them, breadth first. The first two that are alike only by name, or null. */
function unlike(options: PaymentOptions, faults: number, clockSteps: number, most: number): string[] | null {
  const model = paymentModel(options, { faults, clockSteps });
  const nameOf = (world: PaymentWorld) => model.name?.(world) ?? canonicalJson(world);
  const known = new Set([canonicalJson(model.initial)]);
  const goesOn = new Map<string, Set<string>>();
  const frontier = [model.initial];
  for (let world = frontier.shift(); world !== undefined; world = frontier.shift()) {
    const name = nameOf(world);
    const nexts = model.moves(world).map(({ next }) => next);
    // A move to a state of the same name is as good as none.
    const names = new Set(nexts.map(nameOf).filter((to) => to !== name));
    const before = goesOn.get(name) ?? names;
    const unlike = [...names, ...before].filter((to) => !names.has(to) || !before.has(to));
    if (unlike.length > 0) return [name, ...unlike];
    goesOn.set(name, names);
    for (const next of nexts) {
      const all = canonicalJson(next);
      if (known.has(all) || known.size >= most) continue;
      known.add(all);
      frontier.push(next);
    }
  }
  return null;
}

const settleFirst = { order: "settle-then-serve" } as const;

// Callers that differ, so that each has a place of its own in a name.
const two = [{ collector: "a" }, { collector: "a", payload: "other" }];

test.each<[string, PaymentOptions, [number, number]]>([
  ["one caller", { callers: [{}], notes: true, renews: true, keeps: "sometimes" }, [1, 1]],
  ["one caller who settles first", { callers: [settleFirst], renews: true, keeps: "sometimes" }, [1, 1]],
  ["a clock set back", { callers: [{}], faults: ["back", "slow", "delay"] }, [2, 1]],
  ["two callers", { callers: two }, [1, 1]],
  ["a change of order", { callers: [{}, settleFirst], faults: ["abort", "slow", "seller"] }, [1, 1]],
  ["an operator", { callers: [{}], operator: true, found: "in doubt" }, [1, 1]],
  ["two who find a debt", { callers: two, found: "owed", keeps: "never", faults: ["abort", "delay", "twice"] }, [2, 1]],
])("%s", { timeout: searchTimeoutMs }, (_, options, [faults, clockSteps]) => {
  expect(unlike(options, faults, clockSteps, long ? 200_000 : 1_500)).toBeNull();
});
