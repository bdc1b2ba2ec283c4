// Proof that the chaos run can fail: sellers that do one thing wrong, each seen in its row, beside sound twins that are not.
import { beforeAll, describe, expect, it } from "vitest";
import type { Mistake, PlannedPayment } from "./plan.ts";
import type { Strike } from "./points.ts";
import { type ChaosReport, runChaos } from "./run-chaos.ts";
import { describeFate, verdictOf } from "./verdict.ts";

/** What each mistake shows in, and what it takes: a strike that a sound seller stands, and that leaves its neighbours alone. */
const shown: readonly [Mistake, row: string, Strike][] = [
  ["renewals are not recorded", "second transfers", { at: "settle", fault: "slow transfer" }],
  ["deliveries are not recorded", "second fresh", { at: "answer", fault: "abort" }],
  ["what was kept is lost", "moved, but not delivered", { at: "answer", fault: "abort" }],
  ["receipts are made up", "delivered, but not moved", { at: "answer", fault: "abort" }],
  // It moves when its payers have been told that it never will.
  ["doubt is taken for an end", "moved, but told 402", { at: "settle", fault: "slow transfer" }],
  ["no claim is let through", "without an end", { at: "verify", fault: "verify later" }],
];

const smooth: Omit<PlannedPayment, "id" | "strikes"> = {
  ...{ order: "serve-then-settle", keep: "kept", collector: true, ledger: "moves each time", serveMs: 0, payers: 2 },
};
const plan = [...shown, ...shown]
  .flatMap(([mistake, , strike]): Omit<PlannedPayment, "id">[] => [
    { ...smooth, strikes: [strike], mistake },
    { ...smooth, strikes: [strike] },
  ])
  .map((payment, id) => ({ ...payment, id }));

describe("a chaos run", () => {
  let report: ChaosReport;
  beforeAll(async () => {
    report = await runChaos({ client: "ioredis", plan, sellers: 4, payers: plan.length, seed: 1, patienceMs: 12_000 });
  });

  it.each(shown)("sees where %s: %s", (mistake, title) => {
    const row = verdictOf(report).find((one) => one.title === title);
    expect(row?.wrong.map(({ payment }) => payment.mistake)).toContain(mistake);
  });

  it("finds nothing wrong with the same payments of sound sellers", () => {
    const sound = report.fates.filter(({ payment }) => payment.mistake === undefined);
    expect(sound).toHaveLength(plan.length / 2);
    expect(verdictOf({ fates: sound }).flatMap((row) => row.wrong.map(describeFate))).toEqual([]);
  });

  it("sees that payments move twice without shared stores", async () => {
    const alone = await runChaos({ client: "memory", payments: 48, payers: 48, seed: 7, patienceMs: 6_000 });
    const twice = verdictOf(alone).find(({ title }) => title === "second transfers");
    expect(twice?.wrong).not.toEqual([]);
  });
});
