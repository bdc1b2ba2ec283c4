// The example is to be read as a whole, so it stays small: its sources, the function that mounts everything, and its YAML.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./workspace.ts";

const folder = join(root, "apps/example");
const text = (file: string) => readFileSync(join(folder, file), "utf8");
const sources = readdirSync(join(folder, "src"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !file.startsWith("testing"))
  .map((file) => `src/${file}`);
const linesOf = (written: string) => written.trimEnd().split("\n").length;

test("the example's sources have at most 600 lines, without its tests and what they use", () => {
  expect(sources).toContain("src/app.ts");
  expect(sources.reduce((sum, file) => sum + linesOf(text(file)), 0)).toBeLessThanOrEqual(600);
});

test("all that the example mounts is mounted by one function, which fits a screen of 50 lines", () => {
  const [screenful = ""] = /^export function gatewayApp\([\s\S]*?^ {2}return app;$/m.exec(text("src/app.ts")) ?? [];
  expect(linesOf(screenful)).toBeLessThanOrEqual(50);
  const mounted = ["readiness", "bodyLimit", "limit", "session", "paid", "sellSession", "spend", "callUpstream"];
  expect(mounted.filter((name) => !new RegExp(`\\b${name}(<\\w+>)?\\(`).test(screenful))).toEqual([]);
  expect(sources.filter((file) => /new Hono\b|\bapp\.(use|on|get|post|route)\(/.test(text(file)))).toEqual([
    "src/app.ts",
  ]);
  expect(text("src/app.ts").replace(screenful, "")).not.toMatch(/\bapp\.(?!fetch)/);
  const isShown = text("README.md").includes("`gatewayApp` in [`src/app.ts`](src/app.ts)");
  expect(isShown, "the README must name the function").toBe(true);
});

test("the example's YAML is one file of what is sold, and small files of stores that repeat nothing of it or of each other", () => {
  expect(readdirSync(join(folder, "config")).sort()).toEqual(["gateway.yaml", "stores"]);
  expect(linesOf(text("config/gateway.yaml"))).toBeLessThanOrEqual(60);
  const files = readdirSync(join(folder, "config/stores")).map((name) => text(`config/stores/${name}`));
  expect(files.reduce((sum, file) => sum + linesOf(file), 0)).toBeLessThanOrEqual(70);
  expect(files.map((file) => file.match(/^\w+:/gm))).toEqual(files.map(() => ["stores:"]));
  // Lines as they stand below each other, without comments: two alike may be chance, three are a block that was copied.
  const blocks = files.map((file) => {
    const lines = file.split("\n").map((line) => line.replace(/#.*/, "").trim());
    const said = lines.filter((line) => line !== "");
    return new Set(said.slice(2).map((line, index) => [said[index], said[index + 1], line].join("\n")));
  });
  const copied = blocks.flatMap((block, index) =>
    [...block].filter((lines) => blocks.some((other, place) => place !== index && other.has(lines))),
  );
  expect(copied).toEqual([]);
});
