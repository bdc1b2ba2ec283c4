// A Redis that left, after a failover say: OpenTelemetry's exporter goes on telling its last values, and no alert believes them.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { instrument } from "@tollbooth-stores/otel";
import { findPromtool } from "@tollbooth-stores/redis-testkit/servers";
import { expect, it, onTestFinished } from "vitest";
import { stringify } from "yaml";
import { alertRules, folder } from "./expressions.ts";

const run = promisify(execFile);
const server = (name: string, used: number) => ({
  name,
  ask: async () => `used_memory:${used}\r\nmaxmemory:100\r\nevicted_keys:0\r\n`,
});

/** Plays what one scrape told for ten minutes. Rejects where TollboothRedisMemory does not fire for `servers` and them alone. */
async function expectMemoryAlert(scrape: string, servers: readonly string[]): Promise<void> {
  const { labels, annotations } = alertRules().find(({ alert }) => alert === "TollboothRedisMemory") ?? {};
  const series = [...scrape.matchAll(/^(tollbooth_redis_(?:up|memory_\w+)\{.*\}) (\S+)$/gm)];
  const play = {
    rule_files: [join(folder, "alerts.yaml")],
    tests: [
      {
        interval: "1m",
        input_series: series.map(([, name, value]) => ({ series: name, values: `${value}x10` })),
        alert_rule_test: [
          {
            eval_time: "8m",
            alertname: "TollboothRedisMemory",
            exp_alerts: servers.map((server_address) => ({
              exp_labels: { ...labels, server_address, server_port: "6379" },
              exp_annotations: annotations,
            })),
          },
        ],
      },
    ],
  };
  const own = mkdtempSync(join(tmpdir(), "tollbooth-left-servers-"));
  onTestFinished(() => rmSync(own, { recursive: true }));
  writeFileSync(join(own, "play.yaml"), stringify(play));
  await run(await findPromtool(), ["test", "rules", "play.yaml"], { cwd: own });
}

it("an alert about its memory ends, though its last values are still exported", async () => {
  const reader = new PrometheusExporter({ preventServerStart: true });
  using telemetry = instrument({ meterProvider: new MeterProvider({ readers: [reader] }) });
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
  const scrape = async () => serializer.serialize((await reader.collect()).resourceMetrics);
  const [old, next] = [server("old:6379", 95), server("next:6379", 10)];
  let servers = [old];
  telemetry.sampleRedis({ servers: async () => servers, everyMs: 5 });
  const up = (name: string, value: number) =>
    `tollbooth_redis_up{server_address="${name}",server_port="6379"} ${value}`;
  await expect.poll(scrape).toContain(up("old", 1));
  await expectMemoryAlert(await scrape(), ["old"]);

  servers = [next];
  await expect.poll(scrape).toContain(up("old", 0));
  const after = await scrape();
  expect(after).toContain(up("next", 1));
  expect(after).toContain('tollbooth_redis_memory_used{server_address="old",server_port="6379"} 95');
  await expectMemoryAlert(after, []);
});
