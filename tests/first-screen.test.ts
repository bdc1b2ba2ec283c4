// The README's first screen, in this order: what it is, who does not need it, eight lines of code, the drill's table. That the
// code type-checks and runs is tested in tests/packed; that the table's rows are the drill's, in apps/playground.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./workspace.ts";

const readme = readFileSync(join(root, "README.md"), "utf8");

test("the README says what it is and who does not need it, then shows code, then the drill's table", () => {
  const signs = [
    "# tollbooth-stores\n\nShared state for paid APIs",
    "**You do not need it** if\nyour API runs as one process",
    "\n```ts\n",
    "printed it, on two cores -->\n| on the simulated chain | memory x 2 |",
  ];
  const places = signs.map((sign) => readme.indexOf(sign));
  expect(places).not.toContain(-1);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  // Nothing else is shown before the table than these: neither another program nor another table.
  const before = readme.slice(0, places.at(-1));
  expect([before.split("```").length, /^\|/m.test(before)]).toEqual([3, false]);
});

test("the README's first program has at most eight lines, and the table ends on the first screen of an editor", () => {
  const [, program = ""] = /\n```ts\n([\s\S]*?)```/.exec(readme) ?? [];
  const lines = program.split("\n").filter((line) => line.trim() !== "");
  expect(lines.length).toBeGreaterThan(3);
  expect(lines.length).toBeLessThanOrEqual(8);
  // Which tests/packed installs at every `npm test`, and runs this program with.
  expect(program).toContain('from "@tollbooth-stores/ioredis";');
  const lastRow = readme.split("\n").findIndex((line) => line.startsWith("| requests, sent again |"));
  expect(lastRow).toBeGreaterThan(0);
  expect(lastRow).toBeLessThan(50);
});
