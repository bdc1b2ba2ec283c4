// `npm run bench`: measures the stores and their peers, prints what came of it, and keeps the results of a full run.
import { mkdirSync, writeFileSync } from "node:fs";
import { startRedis } from "@tollbooth-stores/redis-testkit";
import { type Arguments, readArguments, usage } from "./arguments.ts";
import { environmentOf } from "./report/environment.ts";
import { goalTable, page, rowTables } from "./report/markdown.ts";
import { type Report, reportOf } from "./report/report.ts";
import { resultsFile, resultsPage } from "./report/results.ts";
import { run } from "./run.ts";

function argumentsOrExit(): Arguments {
  try {
    return readArguments(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
    process.exit(2);
  }
}

async function environment(command: string) {
  const redis = await startRedis();
  try {
    return await environmentOf(redis, command);
  } finally {
    await redis.stop();
  }
}

/** The rows that a run must reach: those of the sections that it ran. */
function failures({ goals, disqualified }: Report, asked: Arguments): string[] {
  const everything = asked.write || (asked.quick && asked.sections.length > 1);
  const missed = goals.filter(({ verdict }) => verdict === "missed" || (verdict === "unmeasured" && everything));
  return [
    ...missed.map(({ row, who, verdict }) => `${verdict}: ${row} (${who})`),
    ...disqualified.map(({ contender, workload, reason }) => `disqualified: ${contender} in ${workload}: ${reason}`),
  ];
}

const asked = argumentsOrExit();
const began = performance.now();
const command = ["npm run bench", ...(process.argv.length > 2 ? ["--", ...process.argv.slice(2)] : [])].join(" ");
const outcome = await run(asked, (line) => console.error(line));
const report = reportOf(outcome, await environment(command));
const isMeasured = ({ verdict }: { verdict: string }) => verdict !== "unmeasured";
console.log(`${rowTables(report.rows)}\n\n${goalTable(report.goals.filter(isMeasured))}\n`);
if (report.bytes) console.log(`Bytes an identity: ${JSON.stringify(report.bytes)}`);
if (report.payment) console.log(`A whole payOnce: ${JSON.stringify(report.payment)}`);
for (const { contender, workload, reason } of report.disqualified) {
  console.log(`Disqualified: ${contender} in ${workload}: ${reason}`);
}
console.log(`${Math.round((performance.now() - began) / 1_000)} s`);
if (asked.write) {
  mkdirSync(new URL(".", resultsFile), { recursive: true });
  writeFileSync(resultsFile, `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(resultsPage, page(report));
}
const failed = failures(report, asked);
if (asked.check && failed.length > 0) {
  console.error(failed.join("\n"));
  process.exitCode = 1;
}
