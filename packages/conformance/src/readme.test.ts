// The README's tables say what the suites check. UPDATE_README=1 writes them anew.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { it } from "vitest";
import { storesProperties } from "./all/properties.ts";
import { rateLimitProperties } from "./rate-limits/properties.ts";
import { propertyTable } from "./readme-table.ts";
import { sessionProperties } from "./sessions/properties.ts";
import { verificationProperties } from "./verifications/properties.ts";

const file = new URL("../README.md", import.meta.url);
const tables = {
  "rate limits": propertyTable(rateLimitProperties),
  sessions: propertyTable(sessionProperties),
  verifications: propertyTable(verificationProperties),
  "all stores": propertyTable(storesProperties),
};

function withTables(readme: string): string {
  return Object.entries(tables).reduce((text, [name, table]) => {
    const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
    assert.ok(text.includes(begin) && text.includes(end), `the README has a place for the table of ${name}`);
    return `${text.split(begin)[0]}${begin}\n${table}\n${end}${text.split(end)[1]}`;
  }, readme);
}

it("lists every property in the README, with what it needs", () => {
  const readme = readFileSync(file, "utf8");
  if (process.env.UPDATE_README === "1") writeFileSync(file, withTables(readme));
  else assert.equal(readme, withTables(readme));
});
