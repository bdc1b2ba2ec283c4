// The logs of a lane, read on while they are written.
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { laneLogs } from "./lane-logs.ts";

const folder = mkdtempSync(join(tmpdir(), "tollbooth-lane-logs-"));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("takes each complete line once, however it arrives, and leaves none out for what it does not say", () => {
  const logs = laneLogs(folder);
  expect(logs.read()).toEqual({ runs: [], calls: [], transfers: [] });
  const at = "2026-01-01T00:00:00.000Z";
  const upstream = join(folder, "upstream.jsonl");
  const run = `${JSON.stringify({ at, kind: "run", run: 1, paidBy: null, request: "é-1", instance: "gateway-1/7" })}\n`;
  const bytes = Buffer.from(run);
  // In the middle of a character of two bytes.
  const cut = bytes.indexOf(0xc3) + 1;
  appendFileSync(upstream, bytes.subarray(0, cut));
  expect(logs.read().runs).toEqual([]);
  appendFileSync(upstream, bytes.subarray(cut));
  appendFileSync(upstream, run.repeat(1_000));
  appendFileSync(
    join(folder, "facilitator.jsonl"),
    `${JSON.stringify({ at, kind: "verify", payer: null, nonce: null, instance: null })}\n`,
  );
  const transfer = { at, kind: "transfer", from: "0xA", nonce: "0xB", value: "1" };
  appendFileSync(
    join(folder, "ledger.jsonl"),
    `${JSON.stringify({ at, kind: "mint", accounts: [] })}\n${JSON.stringify({ at, kind: "block" })}\n${JSON.stringify(transfer)}\n`,
  );
  const { runs, calls, transfers } = logs.read();
  expect(runs).toHaveLength(1_001);
  expect(runs[0]).toEqual({ at: Date.parse(at), request: "é-1", paidBy: "-", instance: "gateway-1/7", kind: "run" });
  expect(calls).toEqual([{ at: Date.parse(at), kind: "verify", payer: "-", nonce: "-", instance: "-" }]);
  expect(transfers).toEqual([{ at: Date.parse(at), kind: "transfer", from: "0xA", nonce: "0xB" }]);
  expect(logs.read().runs).toHaveLength(1_001);
});
