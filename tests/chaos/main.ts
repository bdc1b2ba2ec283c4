// `npm run chaos`: plays seeded payments on each client, prints the rows, and exits 1 where one is not 0.
// Options: --payments n (1,000 a client), --client ioredis|node-redis, --seed n, --write (docs/chaos.md).
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { findRedisServer } from "@tollbooth-stores/redis-testkit";
import { type ChaosReport, runChaos } from "./run-chaos.ts";
import { describeFate, verdictOf } from "./verdict.ts";

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
const text = table(reports);
console.log(text);
for (const report of reports) {
  for (const { title, wrong } of verdictOf(report)) {
    for (const fate of wrong) console.error(`${report.client}, ${title}: ${describeFate(fate)}`);
  }
}
if (values.write) writeFileSync(new URL("../../docs/chaos.md", import.meta.url), page(text));
process.exitCode = reports.some((report) => verdictOf(report).some(({ wrong }) => wrong.length > 0)) ? 1 : 0;

function table(all: readonly ChaosReport[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
  const rows = all[0] === undefined ? [] : verdictOf(all[0]).map(({ title }) => title);
  const count = (report: ChaosReport, title: string) =>
    verdictOf(report).find((row) => row.title === title)?.wrong.length ?? "?";
  const ended = (report: ChaosReport, status: string) => report.fates.filter((fate) => fate.ended === status).length;
  return [
    line(["", ...all.map(({ client }) => client)]),
    line(["---", ...all.map(() => "---")]),
    line(["payments", ...all.map(({ fates }) => fates.length)]),
    line(["moved once", ...all.map(({ fates }) => fates.filter(({ transfers }) => transfers === 1).length)]),
    line(["delivered fresh", ...all.map((report) => ended(report, "fresh"))]),
    line(["delivered from what was kept", ...all.map((report) => ended(report, "kept"))]),
    line(["expired, never moved", ...all.map((report) => ended(report, "rejected"))]),
    ...rows.map((title) => line([`**${title}**`, ...all.map((report) => count(report, title))])),
    line(["faults", ...all.map(({ struck }) => [...struck].map(([fault, times]) => `${times} x ${fault}`).join(", "))]),
    line(["seconds", ...all.map(({ seconds }) => seconds)]),
  ].join("\n");
}

function page(rows: string): string {
  const version = execFileSync(redisServer, ["--version"], { encoding: "utf8" }).match(/v=([\d.]+)/)?.[1] ?? "?";
  return `# Payments under chaos

\`npm run chaos -- --write\` wrote this page on ${new Date().toISOString().slice(0, 10)}: seed ${seed}, Redis ${version} (append-only file, fsync always),
Node ${process.versions.node}. Sellers are real processes on one Redis; the ledger ignores nonces, so that a second transfer would
move money a second time, and enforces validBefore. Payers ask again as they are told, and never sign anew. Half of the
payments meet one fault, a third two or three: kill -9 or SIGSTOP of the seller at a step or a call of the store (after payOnce has
answered, too), the client going away, connections cut, replies lost, Redis killed and restarted, the ledger's reply lost or late.

${rows}

The rows in bold must be 0. "Expired, never moved": the seller died before the transfer, so nobody could say that it would not
move before its validity was over.
`;
}
