import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { playRound } from "./two-gates.model.test-support.ts";

beforeAll(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance"] }));
afterAll(() => void vi.useRealTimers());

test("rounds", async () => {
  const from = Number(process.env.FROM ?? 0);
  const n = Number(process.env.N ?? 100);
  const show = process.env.SHOW === "1";
  const flagged: string[] = [];
  const stats: Record<string, number> = {};
  for (let seed = from; seed < from + n; seed += 1) {
    const round = await playRound(seed, {
      paths: process.env.ONE ? ["/quote"] : ["/quote", "/quote", "/quote", "/same"],
      collectors: process.env.COLL ? ["a", "a", "b", undefined] : process.env.NOCOLL ? [undefined] : ["a"],
      dearer: Number(process.env.DEARER ?? 30),
    });
    const { chargedAtMs, asked } = round;
    for (const { status } of asked) stats[String(status)] = (stats[String(status)] ?? 0) + 1;
    const served = asked.some(({ status }) => status === 200);
    const marks: string[] = [];
    if (served && chargedAtMs === undefined) marks.push("FREE");
    if (chargedAtMs !== undefined && !served) marks.push("UNSERVED");
    if (chargedAtMs !== undefined) {
      const refusedAt = asked.filter(({ status, heardAtMs }) => status === 402 && heardAtMs !== undefined && heardAtMs <= chargedAtMs).map(({ heardAtMs = 0 }) => heardAtMs);
      const last = Math.max(...refusedAt);
      // charged within nine seconds of any 402
      if (refusedAt.some((at) => chargedAtMs - at < 9_000)) marks.push(`402 ${chargedAtMs - last} ms before the charge`);
      if (asked.some(({ status, heardAtMs = 0 }) => status === 402 && heardAtMs > chargedAtMs)) marks.push("402 AFTER CHARGE");
    }
    if (marks.length > 0) flagged.push(`seed ${seed}: ${marks.join("; ")}${show ? `\n  ${round.log.join("\n  ")}` : ""}`);
  }
  console.log(flagged.join("\n"), JSON.stringify(stats), flagged.length);
  expect(true).toBe(true);
}, 600_000);
