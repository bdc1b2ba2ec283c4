// Random lives of one payment at two gates over one store: what its payer hears, against when money moves.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { playRound, type Round, type RoundOptions } from "./two-gates.model.test-support.ts";

beforeAll(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] }));
afterAll(() => void vi.useRealTimers());

/** How long after a 402 no copy is charged. */
const PROMISED_MS = 9_000;

/** What a round broke. Empty where it kept all promises. */
function broken({ asked, chargedAtMs }: Round): string[] {
  const isServed = asked.some(({ status }) => status === 200);
  if (chargedAtMs === undefined) return isServed ? ["served for nothing"] : [];
  const refusedAtMs = asked.flatMap(({ status, heardAtMs }) => (status === 402 ? [heardAtMs ?? 0] : []));
  return [
    ...(isServed ? [] : ["charged and not served"]),
    ...(refusedAtMs.some((at) => at > chargedAtMs) ? ["402 after the charge"] : []),
    ...(refusedAtMs.some((at) => at <= chargedAtMs && chargedAtMs < at + PROMISED_MS) ? ["charged after a 402"] : []),
  ];
}

const oneRoute: RoundOptions = { paths: ["/quote"], collectors: ["a"], dearer: 0 };
const twoRoutes: RoundOptions = { paths: ["/quote", "/quote", "/quote", "/same"], collectors: ["a"], dearer: 30 };

test.each([
  ["one route", 0, oneRoute],
  ["two routes and two prices", 1_000, twoRoutes],
  ["payers of several collectors", 2_000, { ...twoRoutes, collectors: ["a", "a", "b", undefined] }],
  ["payers without a collector", 3_000, { ...oneRoute, collectors: [undefined] }],
] as const)("no copy is charged soon after a 402, and each charge is served: %s", async (_, firstSeed, options) => {
  for (let seed = firstSeed; seed < firstSeed + 60; seed += 1) {
    const round = await playRound(seed, options);
    expect(broken(round), `Seed ${seed}:\n${round.log.join("\n")}`).toEqual([]);
  }
});
