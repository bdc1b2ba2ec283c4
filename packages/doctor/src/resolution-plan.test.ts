// What each resolution would record of a payment in each state, and why the others are refused.
import { describe, expect, it } from "vitest";
import { type FoundPayment, planResolution, type ResolutionPlan } from "./resolution-plan.ts";

const nowMs = 1_800_000_000_000;
const hash = `0x${"ab".repeat(32)}`;
const evm = (validBefore: number) => JSON.stringify({ network: "eip155:8453", validBefore: String(validBefore) });
const found = (kind: FoundPayment["kind"], more: Partial<FoundPayment> = {}) => ({ handle: "h", kind, ...more });
const wordOf = (plan: ResolutionPlan) => (plan.status === "refused" ? plan.code : plan.status);

describe("a resolution", () => {
  it.each([
    ["in-doubt", "write", "write", "NOT_SETTLED"],
    ["owed", "ANOTHER_RECEIPT", "ALREADY_SETTLED", "write"],
    ["held", "UNDER_WAY", "ALREADY_SETTLED", "write"],
    ["delivered", "ANOTHER_RECEIPT", "ALREADY_SETTLED", "already"],
    ["expired", "write", "already", "NOT_SETTLED"],
    ["under-way", "UNDER_WAY", "UNDER_WAY", "UNDER_WAY"],
  ] as const)("of a payment that is %s: receipt %s, none %s, delivered %s", (kind, receipt, none, delivered) => {
    const payment = found(kind, { receipt: "other" });
    const plans = [{ receipt: "tx" }, { none: "void" }, { delivered: true } as const].map((resolution) =>
      wordOf(planResolution(payment, resolution, nowMs)),
    );
    expect(plans).toEqual([receipt, none, delivered]);
  });

  it("knows its receipt in either letter case, and no other text so", () => {
    const plan = (recorded: string, given: string) =>
      wordOf(planResolution(found("owed", { receipt: recorded }), { receipt: given }, nowMs));
    expect(plan(hash, hash.toUpperCase().replace("X", "x"))).toBe("already");
    expect([plan("5Tx", "5Tx"), plan("5Tx", "5tx")]).toEqual(["already", "ANOTHER_RECEIPT"]);
  });

  it("takes no receipt for a payment on an EVM chain that is no transaction's hash", () => {
    for (const kind of ["in-doubt", "expired"] as const) {
      const payment = found(kind, { reference: evm(1) });
      expect(wordOf(planResolution(payment, { receipt: "0xdeadbeef" }, nowMs))).toBe("NO_TRANSACTION");
      expect(wordOf(planResolution(payment, { receipt: hash }, nowMs))).toBe("write");
    }
  });

  it.each([
    [undefined, true],
    [evm(1), false],
  ])("says so where it cannot know what a receipt looks like: %s", (reference, isSaid) => {
    const plan = planResolution(found("expired", { ...(reference && { reference }) }), { receipt: hash }, nowMs);
    expect(plan.status === "write" && plan.recorded.includes("chain is not on record")).toBe(isSaid);
  });

  it("that there is none warns while the chain would still take the payment", () => {
    const recorded = (validBefore: number) => {
      const payment = found("in-doubt", { reference: evm(validBefore) });
      const plan = planResolution(payment, { none: "expired" }, nowMs);
      return plan.status === "write" ? plan.recorded : undefined;
    };
    expect(recorded(nowMs / 1_000 + 60)).toMatch(/can be settled on the chain until 2027-01-15T08:01:00/);
    expect(recorded(nowMs / 1_000 - 60)).not.toContain("chain");
  });

  it("of a delivery that is under way says that its caller gets nothing", () => {
    expect(planResolution(found("held"), { delivered: true }, nowMs)).toMatchObject({
      next: expect.stringMatching(/409.*An attempt serves it now/),
    });
  });
});
