// The upstream: what it answers and logs is the same under an address that names an instance, but for the name.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type AppendLog, appendLog, readLog } from "../append-log.ts";
import { upstreamApp } from "./upstream-app.ts";

let directory: string;
let log: AppendLog;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tollbooth-upstream-"));
  log = appendLog(join(directory, "upstream.jsonl"));
});
afterEach(() => {
  log.close();
  rmSync(directory, { recursive: true });
});

test.each([
  ["", null],
  ["/instance/gateway-2/4711", "gateway-2/4711"],
])("a run under %j is logged as one of %j", async (prefix, instance) => {
  const app = upstreamApp(log);
  const answer = await app.request(`http://upstream${prefix}/quote?of=tea`, { headers: { "x-paid-by": "a key" } });
  expect(await answer.json()).toMatchObject({ run: 1, path: "/quote?of=tea", answer: "The answer to /quote" });
  const runs = readLog(join(directory, "upstream.jsonl"));
  expect(runs).toMatchObject([{ kind: "run", path: "/quote", paidBy: "a key", instance }]);
});
