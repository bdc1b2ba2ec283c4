// `npm run chaos`: plays seeded payments on each client, prints the rows, and exits 1 where one is not 0, or where 1,000
// payments left a point unstruck.
// Options: --payments n (1,000 a client), --client ioredis|node-redis, --seed n, --write (docs/chaos.md).
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { findRedisServer } from "@tollbooth-stores/redis-testkit";
import { page, ratesTable, strikesTable } from "./report.ts";
import { type ChaosReport, runChaos } from "./run-chaos.ts";
import { describeFate, neverStruck, verdictOf } from "./verdict.ts";

/** From so many on each point is struck. */
const EVERY_POINT = 1_000;

const redisServer = await findRedisServer();
const clients = ["ioredis", "node-redis"] as const;

const { values } = parseArgs({
  options: {
    payments: { type: "string", default: "1000" },
    client: { type: "string" },
    seed: { type: "string", default: "1" },
    write: { type: "boolean", default: false },
  },
});
const payments = Number(values.payments);
const seed = Number(values.seed);
const chosen = clients.filter((client) => values.client === undefined || client === values.client);
if (!Number.isSafeInteger(payments) || payments < 1 || !Number.isSafeInteger(seed) || chosen.length === 0) {
  console.error("Options: --payments <n>, --client ioredis|node-redis, --seed <n>, --write.");
  process.exit(2);
}

const reports: ChaosReport[] = [];
for (const client of chosen) {
  console.error(`${client}: ${payments} payments, seed ${seed} ...`);
  reports.push(await runChaos({ client, payments, seed }));
}
console.log(`${ratesTable(reports)}\n\n${strikesTable(reports)}`);

const mistakes = reports.flatMap((report) =>
  [
    ...verdictOf(report).flatMap(({ title, wrong }) => wrong.map((fate) => `${title}: ${describeFate(fate)}`)),
    ...(report.rested ? [] : ["The sellers did not come to rest."]),
    ...(payments < EVERY_POINT ? [] : neverStruck([report]).map((point) => `Never struck: ${point}.`)),
  ].map((mistake) => `${report.client}, ${mistake}`),
);
for (const mistake of mistakes) console.error(mistake);
if (values.write) {
  const redisVersion = execFileSync(redisServer, ["--version"], { encoding: "utf8" }).match(/v=([\d.]+)/)?.[1] ?? "?";
  writeFileSync(new URL("../../docs/chaos.md", import.meta.url), page(reports, { seed, redisVersion }));
}
process.exitCode = mistakes.length > 0 ? 1 : 0;
