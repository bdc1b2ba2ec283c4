// The printed text of findings and of payments.
import { expect, it } from "vitest";
import type { Finding } from "./examine.ts";
import { listText, reportText } from "./report.ts";

it("prints what mends a finding, but not of one that is fine", () => {
  const about = { check: "memory", provider: "ioredis", stores: ["sessions"], mend: "Add memory." } as const;
  const findings: Finding[] = [
    { ...about, level: "warning", message: "Filling." },
    { ...about, level: "ok", message: "Fine." },
  ];
  const text = reportText({ findings, payments: undefined }, { colour: false });
  expect(text.split("\n").slice(1, 5)).toEqual([
    "WARNING  memory  Filling.",
    "         -> Add memory.",
    "ok       memory  Fine.",
    "",
  ]);
});

it("prints no control character of what a facilitator or a payer sent", () => {
  const payment = { handle: "h", kind: "in-doubt", attempt: 1, atMs: 0, evidence: "a\u001b[2Jb\u202e" } as const;
  const text = listText([payment], { nowMs: 0, prefix: "shop:verify" });
  expect(text).toBe("h  in-doubt, attempt 1, for 0 minutes\n    evidence: a?[2Jb?");
});
