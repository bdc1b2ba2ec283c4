// The README's tables say what the suites check. UPDATE_README=1 writes them anew (a formatter may align them after).
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { it } from "vitest";
import { rateLimitProperties } from "./rate-limits/properties.ts";
import { propertyTable } from "./readme-table.ts";
import { sessionProperties } from "./sessions/properties.ts";
import { storesProperties } from "./stores/properties.ts";
import { verificationProperties } from "./verifications/properties.ts";

const file = new URL("../README.md", import.meta.url);
const tables: Readonly<Record<string, string>> = {
  "rate limits": propertyTable(rateLimitProperties),
  sessions: propertyTable(sessionProperties),
  verifications: propertyTable(verificationProperties),
  "all stores": propertyTable(storesProperties),
};

/** What stands before, between and after the two comments that mark a table's place. */
function place(readme: string, name: string): readonly [before: string, table: string, after: string] {
  const [before, rest] = readme.split(`<!-- ${name}: begin -->`);
  const [table, after] = rest?.split(`<!-- ${name}: end -->`) ?? [];
  assert.ok(before !== undefined && table !== undefined && after !== undefined, `no place for the table of ${name}`);
  return [before, table, after];
}

/** The cells of each row, however they are aligned. */
function cells(table: string): string[] {
  return table
    .trim()
    .split("\n")
    .map((row) => row.replace(/-{3,}/g, "---").replace(/ *\| */g, "|"));
}

it("lists every property in the README, with what it needs", () => {
  let readme = readFileSync(file, "utf8");
  for (const [name, table] of Object.entries(tables)) {
    const [before, written, after] = place(readme, name);
    if (process.env.UPDATE_README === "1") {
      readme = `${before}<!-- ${name}: begin -->\n\n${table}\n\n<!-- ${name}: end -->${after}`;
    } else assert.deepEqual(cells(written), cells(table), name);
  }
  if (process.env.UPDATE_README === "1") writeFileSync(file, readme);
});
