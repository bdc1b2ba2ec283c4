// What settle and findSettlement may answer: anything that contradicts itself, or is not typed as it should be, is unclear.
import { describe, expect, it } from "vitest";
import { findAnswer, settleAnswer } from "./pay-answers.ts";

describe("settleAnswer", () => {
  it("takes a yes with a receipt and a no with a reason", () => {
    expect(settleAnswer({ ok: true, receipt: "tx 1" })).toEqual({ ok: true, receipt: "tx 1" });
    expect(settleAnswer({ ok: false, reason: "no funds" })).toEqual({ ok: false, reason: "no funds", used: false });
    expect(settleAnswer({ ok: false, reason: "used", used: true })).toEqual({ ok: false, reason: "used", used: true });
  });

  it.each([
    undefined,
    null,
    "tx 1",
    {},
    { ok: true },
    { ok: true, receipt: "" },
    { ok: "true", receipt: "tx 1" },
    { ok: false },
    { ok: false, reason: "used", used: "true" },
    { ok: false, reason: "used", used: 1 },
  ])("is not sure of %j", (answer) => {
    expect(settleAnswer(answer)).toBe("unclear");
  });
});

describe("findAnswer", () => {
  it("takes a receipt, or that there is none", () => {
    expect(findAnswer({ receipt: "tx 1" })).toEqual({ receipt: "tx 1" });
    expect(findAnswer({ none: "expired" })).toEqual({ none: "expired" });
    expect(findAnswer({ none: "void" })).toEqual({ none: "void" });
  });

  it.each([
    undefined,
    null,
    "none",
    {},
    { receipt: "" },
    { receipt: 1 },
    { none: "none" },
    { none: true },
    { receipt: "tx 1", none: "void" },
  ])("is not sure of %j", (answer) => {
    expect(findAnswer(answer)).toBe("unclear");
  });

  it("does not know only where that is said", () => {
    expect(findAnswer("unknown")).toBe("unknown");
  });
});
