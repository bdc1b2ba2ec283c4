// A real Prometheus on a free port of the loopback, as fast as a test wants it; gone at the end, however the test ends.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPrometheus, freePort, startGuarded } from "@tollbooth-stores/redis-testkit/servers";
import { stringify } from "yaml";
import { z } from "zod";
import { documentedJob, folder as rulesFolder } from "./expressions.ts";

export interface RunningPrometheus {
  url: string;
  /** The value of each series that a query gives. Rejects where Prometheus does not take it. */
  query(expr: string): Promise<number[]>;
  /** The names of the alerts that fire now. */
  firing(): Promise<string[]>;
  stop(): Promise<void>;
}

const queried = z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) });
const told = z.object({
  alerts: z.array(z.object({ state: z.string(), labels: z.object({ alertname: z.string() }) })),
});

/** Scrapes `target` ("host:port") and evaluates the alert rules twice a second; an alert fires at once instead of after its `for`. */
export async function startPrometheus(target: string): Promise<RunningPrometheus> {
  const folder = mkdtempSync(join(tmpdir(), "tollbooth-prometheus-"));
  const rules = readFileSync(join(rulesFolder, "alerts.yaml"), "utf8");
  writeFileSync(join(folder, "alerts.yaml"), rules.replace(/^( +for:) .*$/gm, "$1 0s"));
  const config = {
    global: { scrape_interval: "500ms", scrape_timeout: "500ms", evaluation_interval: "500ms" },
    rule_files: ["alerts.yaml"],
    scrape_configs: [{ job_name: documentedJob(), static_configs: [{ targets: [target] }] }],
  };
  writeFileSync(join(folder, "prometheus.yaml"), stringify(config));
  const address = `127.0.0.1:${await freePort()}`;
  const args = [
    `--config.file=${join(folder, "prometheus.yaml")}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=${address}`,
  ];
  const isReady = (line: string) => line.includes("Server is ready to receive web requests");
  const running = await startGuarded(await findPrometheus(), args, folder, isReady);
  const url = `http://${address}`;
  const ask = async <Data>(path: string, data: z.ZodType<Data>): Promise<Data> => {
    const answer: unknown = await (await fetch(url + path)).json();
    return z.object({ status: z.literal("success"), data }).parse(answer).data;
  };
  return {
    url,
    async query(expr) {
      const { result } = await ask(`/api/v1/query?query=${encodeURIComponent(expr)}`, queried);
      return result.map(({ value: [, text] }) => Number(text));
    },
    async firing() {
      const { alerts } = await ask("/api/v1/alerts", told);
      return alerts.filter(({ state }) => state === "firing").map(({ labels }) => labels.alertname);
    },
    async stop() {
      running.kill("SIGKILL");
      await running.ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
