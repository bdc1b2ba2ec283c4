// What tests of the built drill have in common: runs that are ended with their test, files of their own, and a short trace.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach } from "vitest";
import { type DrillRun, runBuiltDrill } from "./run-built-drill.test-support.ts";
import { type TraceEvent, writeTrace } from "./trace.ts";

export const folder: string = mkdtempSync(join(tmpdir(), "tollbooth-drill-files-"));
const runs: DrillRun[] = [];
afterEach(async () => {
  for (const run of runs.splice(0)) await run.dispose();
});
afterAll(() => rmSync(folder, { recursive: true }));

export function drill(args: readonly string[], env?: NodeJS.ProcessEnv): DrillRun {
  const run = runBuiltDrill(args, env);
  runs.push(run);
  return run;
}

export function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

export const configOf = (lane: string): string => fileURLToPath(new URL(`../../drill/${lane}.yaml`, import.meta.url));

const client = "192.0.2.1";
const uses = [1_500, 1_600, 1_700, 1_800, 1_900, 2_000];

/** What instances that share nothing get wrong: a session that hops, and one payment four times. */
export const shortEvents: readonly TraceEvent[] = [
  { at: 0, client, action: "buy", session: "S" },
  ...uses.map((at): TraceEvent => ({ at, client, action: "use", session: "S" })),
  ...[500, 500, 500, 500].map((at): TraceEvent => ({ at, client: "192.0.2.2", action: "pay", payment: "A" })),
];
export const shortTrace: string = file("short.jsonl", writeTrace(shortEvents));
