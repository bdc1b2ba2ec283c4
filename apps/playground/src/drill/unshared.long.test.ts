// The built drill, end to end, where a store is called shared and is not: it fails, and names the requests.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startRedis } from "@tollbooth-stores/redis-testkit/servers";
import { afterAll, describe, expect, test } from "vitest";
import { readReport, runBuiltDrill } from "./run-built-drill.test-support.ts";
import { type TraceEvent, writeTrace } from "./trace.ts";

const folder = mkdtempSync(join(tmpdir(), "tollbooth-drill-unshared-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const configOf = (lane: string) => fileURLToPath(new URL(`../../drill/${lane}.yaml`, import.meta.url));

/** A short trace with what instances that share nothing get wrong: a session that hops, and one payment four times. */
const client = "192.0.2.1";
const events: TraceEvent[] = [
  { at: 0, client, action: "buy", session: "S" },
  ...[1_500, 1_600, 1_700, 1_800, 1_900, 2_000].map((at): TraceEvent => ({ at, client, action: "use", session: "S" })),
  ...[500, 500, 500, 500].map((at): TraceEvent => ({ at, client: "192.0.2.2", action: "pay", payment: "A" })),
];
const shortTrace = file("short.jsonl", writeTrace(events));

describe("the drill", () => {
  test("ends with 1 where a store that is called shared is not, names the requests, and cleans the user's Redis", async () => {
    const redis = await startRedis();
    let run: ReturnType<typeof runBuiltDrill> | undefined;
    try {
      await redis.command("SET", "theirs", "1");
      // Each instance with keys of its own: what a wrong prefix does to a fleet.
      const unshared = readFileSync(configOf("redis"), "utf8").replace(
        "{DRILL_PREFIX}",
        `{DRILL_PREFIX}:\${GATEWAY_INSTANCE}`,
      );
      expect(unshared).toContain(`:\${GATEWAY_INSTANCE}\n`);
      const path = join(folder, "failed.json");
      const config = file("unshared.yaml", unshared);
      run = runBuiltDrill(["--trace", shortTrace, "--config", config, "--redis-url", redis.url, "--report", path]);
      expect(await run.exited, run.stderr()).toEqual({ code: 1, signal: null });
      const report = readReport(path);
      expect(report.ok).toBe(false);
      const [, lane] = report.lanes;
      expect(lane?.provider).toBe("unshared");
      expect(lane?.phases.at(-1)?.name).toBe("Redis left alone");
      const red = lane?.rows.filter(({ ok }) => !ok) ?? [];
      expect(red.map(({ key }) => key)).toEqual(expect.arrayContaining(["sessions-lost", "verifies-per-payment"]));
      for (const { requests } of red) expect(requests[0]).toMatch(/^short\.jsonl-\d+$/);
      expect(report.reasons.join("\n")).toContain("unshared: uses of a paid session lost on a hop");
      expect(run.stdout()).toContain("Not as it should be");
      expect(Number(/(\d+) key\(s\)/.exec(run.stderr())?.[1])).toBeGreaterThan(0);
      expect(await redis.command("DBSIZE")).toBe(1);
      await run.leftNothing();
    } finally {
      await run?.dispose();
      await redis.stop();
    }
  }, 200_000);
});
