// Comments, titles of tests and pages name the caller, the payer or the process, instead of "whoever" and "nobody".
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { filesBelow, root } from "../scripts/workspace-folders.mjs";

const refused = /\b(?:whoever|whomever|whom|somebody|anybody|everybody|nobody)\b/i;

const slashes = /\/\*.*?\*\/|(?<![^\s])\/\/[^\n]*/gs;
const titles = /\b(?:it|test|describe)\b[^"\n;]*\(\s*"[^"\n]+"|\btitle: "[^"\n]+"/g;
/** Where each kind of file has prose. */
const prose: readonly (readonly [file: RegExp, ...RegExp[]])[] = [
  [/\.[cm]?[jt]sx?$/, slashes, titles],
  [/\.css$/, slashes],
  [/\.lua$/, /--[^\n]*/g],
  [/(?:\.ya?ml|\.sh|Dockerfile)$/, /#[^\n]*/g],
];

/** The lines of a file's prose that have one of the words. */
function linesWithWords(file: string, text: string): string[] {
  if (file.endsWith(".md")) return linesIn(text.replace(/^ *```.*?^ *```/gms, "").replace(/`[^`\n]+`/g, ""));
  const [, ...parts] = prose.find(([kind]) => kind.test(file)) ?? [];
  return parts.flatMap((part) => text.match(part) ?? []).flatMap(linesIn);
}

function linesIn(text: string): string[] {
  return text.split("\n").filter((line) => refused.test(line));
}

it("every comment, title and page does without them", () => {
  const found = filesBelow(".")
    .filter((file) => file !== "tests/plain-words.test.ts")
    .flatMap((file) => linesWithWords(file, readFileSync(join(root, file), "utf8")).map((line) => `${file}: ${line}`));
  expect(found).toEqual([]);
});

it.each([
  ["a.ts", "// Nobody knows."],
  ["a.ts", "/**\n * Told to whoever asks.\n */"],
  ["a.mjs", "go(); // for somebody"],
  ["a.test.ts", 'test("is told to nobody", () => {})'],
  ["a.test.ts", 'it.each(rows)(\n  "is told to nobody: %s", () => {})'],
  ["a.ts", 'title: "ends nobody else\'s",'],
  ["a.lua", "local a -- of nobody"],
  ["a.yaml", "a: 1 # to whom"],
  ["a.md", "Everybody is admitted."],
])("of %s, %j is found", (file, text) => {
  expect(linesWithWords(file, text)).toHaveLength(1);
});

it.each([
  ["a.ts", 'sessions.get("nobody")'],
  ["a.ts", 'redis("redis://nobody:password@host")'],
  ["a.md", "Run it as `nobody`.\n```sh\nsu nobody\n```"],
  ["a.json", '{ "user": "nobody" }'],
])("in %s, %j is data", (file, text) => {
  expect(linesWithWords(file, text)).toEqual([]);
});
