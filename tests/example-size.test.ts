// The example is to be read as a whole, so it stays small.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./workspace.ts";

test("the example's sources have at most 600 lines, without its tests and what they use", () => {
  const folder = join(root, "apps/example/src");
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !file.startsWith("testing"),
  );
  const lines = sources.map((file) => readFileSync(join(folder, file), "utf8").trimEnd().split("\n").length);
  expect(sources).toContain("app.ts");
  expect(lines.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(600);
});
