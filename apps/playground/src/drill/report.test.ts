// When the drill shows what it is to show, and how its table looks.
import { readFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import type { ChainName } from "../fleet/chain-name.ts";
import { type DrillReport, type LaneReport, memoryMustFail, shortcomings } from "./report.ts";
import type { Row, RowKey } from "./row.ts";
import { rowOf, rowTitles } from "./rows.ts";
import { markdownTable, textReport } from "./table.ts";

const keys: readonly RowKey[] = [
  "over-limit",
  "sessions-lost",
  "verifies-per-payment",
  "runs-per-payment",
  "transfers-per-payment",
  "replays-accepted",
  "paid-not-served",
  "paid-not-delivered",
  "served-not-paid",
];

const steadyStores = { calls: 5_960, totalMs: 960, p50Ms: 0.3125, p99Ms: 4.26 };

function lane(
  provider: string,
  shared: boolean,
  broken: readonly RowKey[],
  more: Partial<LaneReport> = {},
): LaneReport {
  const rows = keys.map((key): Row => {
    const allowed = key.endsWith("per-payment") ? 1 : 0;
    const requests = ["seed1-10", "seed1-20", "seed1-30", "seed1-40"];
    return rowOf(key, allowed, broken.includes(key) ? allowed + 41 : allowed, requests);
  });
  return {
    ...{ provider, shared, rows, instances: 2, phase: "done", requests: 600, answered: 600, retried: 3, errors: [] },
    ...{
      stores: { calls: 9_000, totalMs: 90_000, p50Ms: 10, p99Ms: 500 },
      finished: true,
      seconds: 20,
      phases: [{ name: "steady", seconds: 3, requests: 600, stores: steadyStores }],
      logs: "/l",
      kills: [],
      stalledMs: 900,
    },
    ...more,
  };
}

const memory = lane("memory", false, memoryMustFail);
const good = [memory, lane("redis", true, []), lane("ioredis", true, [])];

describe("the drill succeeds", () => {
  test("where memory breaks what it must, and the shared stores hold every row", () => {
    expect(shortcomings(good, memoryMustFail)).toEqual([]);
  });

  test("with traffic of one's own where memory breaks any row", () => {
    expect(shortcomings([lane("memory", false, ["sessions-lost"]), lane("redis", true, [])], "any")).toEqual([]);
  });
});

describe("the drill fails", () => {
  test.each(keys)("where a shared store breaks the row %s", (key) => {
    const reasons = shortcomings([memory, lane("redis", true, [key])], memoryMustFail);
    expect(reasons).toEqual([expect.stringContaining(`redis: ${rowTitles[key]}: 4`)]);
  });

  test.each(memoryMustFail)("where memory holds the row %s", (key) => {
    const holding = lane(
      "memory",
      false,
      memoryMustFail.filter((one) => one !== key),
    );
    expect(shortcomings([holding], memoryMustFail)).toEqual([`memory was to fail, and held: ${rowTitles[key]}`]);
  });

  test("where a shared store answers wrongly, or not at all", () => {
    const reasons = shortcomings([memory, lane("redis", true, [], { errors: ["a"], answered: 598 })], memoryMustFail);
    expect(reasons).toEqual([
      "redis: 1 request(s) with an answer that is not right",
      "redis: 2 request(s) without an answer",
    ]);
  });

  test("a shared lane of which no gateway answered a scrape of its metrics shows nothing", () => {
    const scraped = (answered: number) => ({ answered, unanswered: 1, paid: 12, mostDown: 2 });
    expect(shortcomings([lane("redis", true, [], { scraped: scraped(0) })], "any")).toEqual([
      "redis: no gateway answered a scrape of its /metrics",
    ]);
    const seen = lane("redis", true, [], { scraped: scraped(7) });
    expect(shortcomings([seen], "any")).toEqual([]);
    expect(textReport(report([seen]), { color: false }).replace(/\s+/g, " ")).toContain(
      "Scrapes of the gateways' /metrics: redis 7 answered (1 at a gateway that had ended), 12 payments sold, at most 2 connection(s) down.",
    );
  });

  test("where a payment stays in doubt", () => {
    const ended = lane("redis", true, [], { doubts: { most: 7, atEnd: 0 } });
    expect(shortcomings([memory, ended], memoryMustFail)).toEqual([]);
    const left = lane("redis", true, [], { doubts: { most: 7, atEnd: 2 } });
    expect(shortcomings([memory, left], memoryMustFail)).toEqual([
      "redis: 2 payment(s) in doubt that nobody has ended",
    ]);
  });

  test("and says so where the machine stood still, which excuses nothing", () => {
    const stalled = lane("redis", true, ["replays-accepted"], { stalledMs: 12_840 });
    expect(shortcomings([memory, stalled], memoryMustFail)).toEqual([
      expect.stringContaining("redis: replays accepted: 41"),
      "redis: the machine itself stood still for 12.8 s; try it on a quieter one",
    ]);
    expect(shortcomings([memory, lane("redis", true, [], { stalledMs: 12_840 })], memoryMustFail)).toEqual([]);
  });

  test("where one's own traffic breaks nothing on memory", () => {
    expect(shortcomings([lane("memory", false, [])], "any")).toEqual([expect.stringContaining("shows no difference")]);
  });
});

const report = (lanes: LaneReport[], reasons: string[] = [], chain: ChainName = "simulated"): DrillReport => ({
  ...{ version: 1, startedAt: "2026-01-01T00:00:00.000Z", seconds: 80.4, instances: 2, chain, redis: "private" },
  ...{ traffic: { source: "seed 1", requests: 600 }, ok: reasons.length === 0, reasons, lanes },
});

describe("the table", () => {
  const ids = Array.from({ length: 40 }, (_, index) => `a-long-name-of-a-trace.jsonl-${index}`);
  const wrong = lane("ioredis", true, ["replays-accepted"], { errors: ids });

  test("marks a red cell by a word, and names the first requests behind it and how many more", () => {
    const text = textReport(report(good), { color: false });
    expect(text).toContain("requests admitted over the limit      41 WRONG           0                  0\n");
    expect(text).toContain("requests admitted over the limit: seed1-10, seed1-20, seed1-30 and 1 more");
    expect(text).toContain("a store call, p50 / p99, ms           0.31 / 4.3");
    expect(text).toContain("in the stores a request, ms (calls)   1.6 (10)");
    expect(text).toContain("As it should be");
    expect(text).not.toContain("\u001b");
  });

  test("shows payments in doubt going to zero, and marks those that do not", () => {
    const [ended, left] = [0, 2].map((atEnd) => lane("redis", true, [], { doubts: { most: 7, atEnd } }));
    const text = textReport(report([memory, ended ?? memory, left ?? memory]), { color: false });
    expect(text).toContain("payments in doubt: most, at the end   -                  7, 0               7, 2 WRONG\n");
  });

  test("says which chain it was", () => {
    const textOn = (chain: ChainName) => textReport(report(good, [], chain), { color: false });
    expect(textOn("simulated")).toMatch(/^ {2}on the simulated chain +memory x 2 +redis x 2/m);
    expect(textOn("evm")).toMatch(/^ {2}on a real EVM +memory x 2 +redis x 2/m);
    expect(markdownTable(report(good, [], "evm"))).toMatch(/^\| on a real EVM \| memory x 2 \|/);
  });

  test("has no times where no store was called", () => {
    const stores = { calls: 0, totalMs: 0, p50Ms: undefined, p99Ms: undefined };
    const silent = lane("redis", true, [], { phases: [{ name: "steady", seconds: 3, requests: 9, stores }] });
    const text = textReport(report([silent]), { color: false });
    expect(text).toContain("a store call, p50 / p99, ms           - / -\n");
    expect(text).toContain("in the stores a request, ms (calls)   -\n");
  });

  test("says why it is not as it should be", () => {
    const text = textReport(report([memory, wrong], ["ioredis: something"]), { color: false });
    expect(text).toContain("Not as it should be:\n  - ioredis: something");
    expect(text).not.toContain("As it should be");
  });

  test("fits a hundred columns", () => {
    const notes = wrong.rows.map((row) => ({ ...row, note: "what there is to know about it ".repeat(9).trim() }));
    const text = textReport(report([memory, { ...wrong, rows: notes }, lane("redis", true, [])]), { color: false });
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  });

  test("has colours only where they were asked for, and the same words", () => {
    const [plain, colored] = [false, true].map((color) => textReport(report([memory, wrong], ["x"]), { color }));
    expect(colored).toContain("\u001b[31m41 WRONG");
    expect(stripVTControlCharacters(colored ?? "")).toBe(plain);
  });

  test("is a Markdown table for a README", () => {
    const [head, rule, first, ...rest] = markdownTable(report(good)).split("\n");
    expect(head).toBe("| on the simulated chain | memory x 2 | redis x 2 | ioredis x 2 |");
    expect(rule).toBe("| --- | --- | --- | --- |");
    expect(first).toBe("| requests admitted over the limit | **41** wrong | 0 | 0 |");
    expect(rest.filter((line) => line !== "")).toHaveLength(keys.length - 1 + 5);
  });

  test("has the rows that the repository's README shows, in their order, on the same stores", () => {
    const readme = readFileSync(new URL("../../../../README.md", import.meta.url), "utf8");
    const [, shown = ""] = /as `npm run -s drill -- --markdown` printed it.*\n((?:\|.*\n)+)/.exec(readme) ?? [];
    const titles = (table: string) => table.match(/^\| [^|]*/gm);
    const printed = markdownTable(report(good));
    expect(titles(shown)).toEqual(titles(printed));
    expect(shown.split("\n")[0]).toBe(printed.split("\n")[0]);
  });
});
