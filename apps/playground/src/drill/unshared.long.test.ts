// The built drill, end to end, where a store is called shared and is not: it fails, and names the requests.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startRedis } from "@tollbooth-stores/redis-testkit/servers";
import { describe, expect, test } from "vitest";
import { configOf, drill, file, folder, shortTrace } from "./drill-files.test-support.ts";
import { readReport } from "./run-built-drill.test-support.ts";

describe("the drill", () => {
  test("ends with 1 where a store that is called shared is not, names the requests, and cleans the user's Redis", async () => {
    const redis = await startRedis();
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
      const run = drill(["--trace", shortTrace, "--config", config, "--redis-url", redis.url, "--report", path]);
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
      await redis.stop();
    }
  }, 200_000);
});
