// The rows of the chaos run: what is counted as wrong, and the one loss that is not.
import { describe, expect, it } from "vitest";
import type { PlannedPayment } from "./plan.ts";
import { points } from "./points.ts";
import type { Fate } from "./run-chaos.ts";
import { isLostUnkept, neverStruck, verdictOf } from "./verdict.ts";

const payment: PlannedPayment = {
  ...{ id: 1, order: "serve-then-settle", keep: "kept", collector: true, ledger: "moves each time" },
  ...{ serveMs: 0, payers: 1, strikes: [] },
};
const fresh = { status: "fresh", content: true } as const;
const kept = { status: "kept", content: true } as const;
const empty = { status: "empty", content: false } as const;
const rejected = { status: "rejected", content: false } as const;
const sound: Fate = { payment, transfers: 1, fresh: 1, endings: [fresh], delivered: true, unheard: false };
const unkept = { ...payment, keep: "no keep" } as const;
const lost: Fate = { ...sound, payment: unkept, endings: [empty], atRest: empty, unheard: true };
/** Told while a delivery was taken back. */
const early: Fate = { ...lost, atRest: fresh, unheard: false };

const rows = (fate: Fate) =>
  verdictOf({ fates: [fate] })
    .filter(({ wrong }) => wrong.length > 0)
    .map(({ title }) => title);

describe("the verdict", () => {
  it.each<[string, Fate]>([
    ["moved once and delivered", sound],
    ["never moved and expired", { ...sound, transfers: 0, fresh: 0, endings: [rejected] }],
    ["kept for the second of two payers", { ...sound, endings: [fresh, kept] }],
    ["not kept for the second of two payers", { ...sound, payment: unkept, endings: [fresh, empty] }],
    ["delivered to a process that died, with nothing kept", lost],
    ["too large to be kept for a payer who had gone", { ...lost, payment: { ...payment, keep: "too large" } }],
    ["told to be delivered while that was taken back, and delivered at rest", early],
  ])("has nothing against a payment that is %s", (_, fate) => {
    expect(rows(fate)).toEqual([]);
  });

  it.each<[string, string, Fate]>([
    ["that moved again after its payer had the content", "second transfers", { ...sound, transfers: 2 }],
    ["whose second fresh answer no payer heard", "second fresh", { ...sound, fresh: 2 }],
    ["whose kept result its payer did not get", "moved, but not delivered", { ...lost, payment }],
    ["whose second payer did not get what was kept", "moved, but not delivered", { ...sound, endings: [fresh, empty] }],
    ["unkept, of which every delivery was heard", "moved, but not delivered", { ...lost, unheard: false }],
    ["unkept, and not on record as delivered", "moved, but not delivered", { ...lost, delivered: false }],
    [
      "unkept, told of a conflict",
      "moved, but not delivered",
      { ...lost, endings: [{ ...empty, status: "conflict" }] },
    ],
    ["delivered for nothing", "delivered, but not moved", { ...sound, transfers: 0 }],
    ["said to be delivered before, and never moved", "delivered, but not moved", { ...lost, transfers: 0 }],
    ["whose second payer was told 402", "moved, but told 402", { ...sound, endings: [fresh, rejected] }],
    ["whose payer gave up", "without an end", { ...sound, endings: [fresh, { ...empty, status: "gave up" }] }],
  ])("counts a payment %s: %s", (_, title, fate) => {
    expect(rows(fate)).toContain(title);
  });

  it("excuses no loss where something was kept, or where a payer was told anything but a receipt", () => {
    expect(isLostUnkept(lost)).toBe(true);
    expect(isLostUnkept({ ...lost, payment })).toBe(false);
    expect(isLostUnkept({ ...lost, endings: [empty, rejected] })).toBe(false);
  });

  it("names the points that nothing struck", () => {
    const struck = points.slice(1).map((at) => ({ at, fault: "kill" }) as const);
    expect(neverStruck([{ struck }])).toEqual(points.slice(0, 1));
    expect(neverStruck([{ struck: [] }])).toHaveLength(points.length);
  });
});
