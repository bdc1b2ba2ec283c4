// Each row of docs/guarantees.md names a test that exists, in a file that is run.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { filesBelow, root } from "../scripts/workspace-folders.mjs";

const page = readFileSync(join(root, "docs", "guarantees.md"), "utf8");
const rows = page.split("\n").filter((line) => /^\| (?!---|what happens)/.test(line));

interface Shown {
  name: string;
  file: string;
}

/** The tests that a row names: `[name](../file)` in its last cell. */
function shownBy(row: string): Shown[] {
  const cell = row.split("|").at(-2) ?? "";
  return [...cell.matchAll(/\[([^\]]+)\]\(\.\.\/([^)]+)\)/g)].map(([, name = "", file = ""]) => ({ name, file }));
}

/** Test files; suites that both clients' tests run; those of the shops; and the rows of tests/faults, which its tests play. */
const isRun = (file: string) =>
  /\.test\.ts$/.test(file) ||
  (runsSuite("ioredis", file) && runsSuite("redis", file)) ||
  (file === "tests/shops/shop-tests.ts" && isCalled("shopTests(", "tests/shops")) ||
  /^tests\/faults\/rows\/[a-z-]+\.ts$/.test(file);

/** Whether a test of the client's package calls the suite: of "full-memory-suite.ts" it is "fullMemorySuite". */
function runsSuite(client: "ioredis" | "redis", file: string): boolean {
  const [, name = ""] = /^internal\/redis-testkit\/src\/([a-z-]+-suite)\.ts$/.exec(file) ?? [];
  const call = `${name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())}(`;
  return name !== "" && isCalled(call, join("packages", client, "src"));
}

function isCalled(call: string, folder: string): boolean {
  const tests = filesBelow(folder).filter((path) => path.endsWith(".test.ts"));
  return tests.some((path) => readFileSync(join(root, path), "utf8").includes(call));
}

/** Whether a test of the file has the name, or a row of tests/faults that `test:all` plays has it as its title. */
function holds({ name, file }: Shown): boolean {
  if (!existsSync(join(root, file))) return false;
  const [before, after] = readFileSync(join(root, file), "utf8").split(`"${name}"`);
  if (before === undefined || after === undefined) return false;
  const isTest = /(?:\b(?:it|test)|\b(?:it|test)\.each\([\s\S]*\))\(\s*$/.test(before);
  const [rest = ""] = after.split("title:");
  return isTest || (/\btitle: $/.test(before) && !rest.includes("byHand"));
}

describe("docs/guarantees.md", () => {
  it("names a test in each row", () => {
    expect(rows.length).toBeGreaterThan(30);
    expect(rows.filter((row) => shownBy(row).length === 0)).toEqual([]);
  });

  it("names tests that are in their files", () => {
    expect(rows.flatMap(shownBy).filter((shown) => !holds(shown))).toEqual([]);
    expect(holds({ name: "is 409 where it has moved", file: "apps/example/src/lost-records.test.ts" })).toBe(false);
    const byHand = "SIGSTOP of the only server for 30 s, then SIGCONT";
    expect(holds({ name: byHand, file: "tests/faults/rows/servers.ts" })).toBe(false);
    expect(holds({ name: "payment_already_used", file: "apps/example/src/lost-records.test.ts" })).toBe(false);
  });

  it("names files that are run", () => {
    expect(
      rows
        .flatMap(shownBy)
        .map(({ file }) => file)
        .filter((file) => !isRun(file)),
    ).toEqual([]);
    expect(isRun("internal/redis-testkit/src/until.ts")).toBe(false);
    expect(isRun("internal/redis-testkit/src/unused-suite.ts")).toBe(false);
  });
});
