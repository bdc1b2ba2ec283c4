// The whole drill with fewer requests, on the simulated chain and on a real EVM: memory beside both Redis clients, every fault.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readLog } from "@tollbooth-stores/sandbox";
import { openEvmLedger } from "@tollbooth-stores/sandbox/evm";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { memoryMustFail } from "./report.ts";
import { type DrillRun, readReport, runBuiltDrill } from "./run-built-drill.test-support.ts";

const folder = mkdtempSync(join(tmpdir(), "tollbooth-drill-report-"));
afterAll(() => rmSync(folder, { recursive: true }));
let run: DrillRun | undefined;
afterEach(() => run?.dispose());

/** What the logs of a lane say of each payment, and what its chain says, asked when the drill is long over. */
async function paidOnChain(logs: string) {
  const logged = readLog(join(logs, "ledger.jsonl"));
  const ledger = await openEvmLedger(logs);
  const transfers = await ledger.transfers();
  await ledger.close();
  return { logged, transfers, payments: new Set(transfers.map(({ from, nonce }) => `${from} ${nonce}`)) };
}

describe.each(["simulated", "evm"])("the drill on the chain %s", (chain) => {
  test("breaks memory where it must, breaks nothing on Redis through either client, and ends with 0", async () => {
    const path = join(folder, `${chain}.json`);
    run = runBuiltDrill(["--requests", "350", "--report", path, "--chain", chain]);
    expect(await run.exited, run.stderr() + run.stdout()).toEqual({ code: 0, signal: null });
    const report = readReport(path);
    expect(report.chain).toBe(chain);
    expect(report.lanes.map(({ provider }) => provider)).toEqual(["memory", "redis", "ioredis"]);
    const [memory, ...shared] = report.lanes;
    const red = memory?.rows.filter(({ ok }) => !ok) ?? [];
    expect(red.map(({ key }) => key)).toEqual(expect.arrayContaining([...memoryMustFail]));
    for (const { requests } of red) expect(requests[0]).toMatch(/^seed1-\d+$/);
    for (const lane of shared) {
      expect(lane.phases.map(({ name }) => name)).toEqual([
        "steady",
        "rolling restart",
        "scale 2 -> 6 -> 2",
        "settlements' replies lost",
        "kill -9",
        "kill -9 at a settle call",
        "kill -9 at a transfer",
        "kill -9 before an answer",
        "Redis kill -9 and restart",
      ]);
      expect(lane.rows.filter(({ ok }) => !ok)).toEqual([]);
      expect(lane.errors).toEqual([]);
      expect([lane.requests, lane.answered]).toEqual([350, 350]);
      expect(lane.doubts).toMatchObject({ atEnd: 0 });
      expect(lane.doubts?.most).toBeGreaterThan(0);
      // What was done to payments in the middle of their settlement has met some, and their payers have it all the same.
      expect(lane.rows.find(({ key }) => key === "paid-not-delivered")?.note).toMatch(/[1-9]\d* hung up/);
    }
    for (const { logs } of chain === "evm" ? shared : []) {
      const { logged, transfers, payments } = await paidOnChain(logs);
      expect(logged).toMatchObject(transfers);
      expect(logged).toHaveLength(transfers.length);
      expect(payments.size).toBe(transfers.length);
      expect(payments.size).toBeGreaterThan(100);
    }
    // Scraped all the while: through kills, which some scrapes meet, and through Redis's restart, which all gateways tell.
    for (const { scraped } of report.lanes) expect(scraped.paid).toBeGreaterThan(0);
    for (const { scraped, requests } of shared) {
      expect(scraped.answered).toBeGreaterThan(20);
      expect(scraped.unanswered).toBeGreaterThan(0);
      expect(scraped.paid).toBeLessThan(requests);
    }
    expect(run.stdout()).toContain("Scrapes of the gateways' /metrics: memory ");
    expect(run.stdout()).toContain("As it should be");
    expect(run.stdout()).not.toContain("\u001b");
    await run.leftNothing();
  }, 480_000);
});
