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

/** Whether the file has a literal that is the name: as a test's, or as a row's title. */
const holds = ({ name, file }: Shown) =>
  existsSync(join(root, file)) && readFileSync(join(root, file), "utf8").includes(`"${name}"`);

describe("docs/guarantees.md", () => {
  it("names a test in each row", () => {
    expect(rows.length).toBeGreaterThan(30);
    expect(rows.filter((row) => shownBy(row).length === 0)).toEqual([]);
  });

  it("names tests that are in their files", () => {
    expect(rows.flatMap(shownBy).filter((shown) => !holds(shown))).toEqual([]);
    expect(holds({ name: "is 409 where it has moved", file: "apps/example/src/lost-records.test.ts" })).toBe(false);
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
