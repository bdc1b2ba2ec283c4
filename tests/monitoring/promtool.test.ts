// Prometheus's own promtool: the rules are right, each alert fires where it should, and is silent where it should be.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { findPromtool } from "@tollbooth-stores/redis-testkit/servers";
import { beforeAll, expect, it } from "vitest";
import { parse } from "yaml";
import { alertRules, folder } from "./expressions.ts";

const run = promisify(execFile);
let promtool = "";
beforeAll(async () => {
  promtool = await findPromtool();
});

it("takes the rules", async () => {
  const { stdout } = await run(promtool, ["check", "rules", "alerts.yaml"], { cwd: folder });
  expect(stdout).toContain(`SUCCESS: ${alertRules().length} rules found`);
});

it("plays them as they are told to be", async () => {
  const { stdout } = await run(promtool, ["test", "rules", "alerts.test.yaml"], { cwd: folder });
  expect(stdout).toContain("SUCCESS");
});

it("plays each alert firing, and each silent", () => {
  interface Played {
    alert_rule_test?: { alertname: string; exp_alerts: unknown[] }[];
  }
  const { tests }: { tests: Played[] } = parse(readFileSync(join(folder, "alerts.test.yaml"), "utf8"));
  const played = tests.flatMap((one) => one.alert_rule_test ?? []);
  for (const { alert } of alertRules()) {
    const own = played.filter(({ alertname }) => alertname === alert).map(({ exp_alerts }) => exp_alerts.length > 0);
    expect(new Set(own), alert).toEqual(new Set([true, false]));
  }
});
