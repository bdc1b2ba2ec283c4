// Logs are followed line by line, whatever their writers do in between.
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FollowedLog, followLog } from "./follow-log.ts";

let directory: string;
let file: string;
let log: FollowedLog;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tollbooth-follow-"));
  file = join(directory, "a.jsonl");
  log = followLog(file);
});
afterEach(async () => {
  await log.close();
  rmSync(directory, { recursive: true });
});

test("a file that does not exist yet is empty, and is read once it does", async () => {
  expect(await log.look()).toEqual([]);
  writeFileSync(file, '{"n":1}\n');
  expect(await log.look()).toEqual([{ n: 1 }]);
});

test("each line comes once, also those that were there before", async () => {
  writeFileSync(file, '{"n":1}\n{"n":2}\n');
  expect(await log.look()).toEqual([{ n: 1 }, { n: 2 }]);
  expect(await log.look()).toEqual([]);
  appendFileSync(file, '{"n":3}\n');
  expect(await log.look()).toEqual([{ n: 3 }]);
});

test("half a line waits for its other half, even within a character", async () => {
  const line = Buffer.from('{"name":"ünïcode"}\n');
  const cut = line.indexOf(Buffer.from("ü")) + 1;
  writeFileSync(file, line.subarray(0, cut));
  expect(await log.look()).toEqual([]);
  appendFileSync(file, line.subarray(cut));
  expect(await log.look()).toEqual([{ name: "ünïcode" }]);
});

test("more than one read's worth comes whole", async () => {
  const lines = Array.from({ length: 3_000 }, (_, n) => JSON.stringify({ n, text: "x".repeat(50) }));
  writeFileSync(file, `${lines.join("\n")}\n`);
  const entries = await log.look();
  expect(entries).toHaveLength(3_000);
  expect(entries.at(-1)).toMatchObject({ n: 2_999 });
});

test("lines that are no JSON objects are passed over", async () => {
  writeFileSync(file, 'not JSON\n[1]\nnull\n"text"\n{"n":1}\n');
  expect(await log.look()).toEqual([{ n: 1 }]);
});

test("a file that cannot be read is told", async () => {
  const folder = followLog(directory);
  await expect(folder.look()).rejects.toThrow(/EISDIR/);
  await folder.close();
});
