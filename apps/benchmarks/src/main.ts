// `npm run bench`: measures the stores and their peers, prints what came of it, and keeps the results of a full run.
import { mkdirSync, writeFileSync } from "node:fs";
import { startRedis } from "@tollbooth-stores/redis-testkit";
import { type Arguments, readArguments, usage } from "./arguments.ts";
import { exitCodeOf, failures } from "./failures.ts";
import { environmentOf } from "./report/environment.ts";
import { goalTable, rowTables } from "./report/markdown.ts";
import { type Report, reportOf } from "./report/report.ts";
import { readResults, resultsFile, resultsText, writePages } from "./report/results.ts";
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

async function measureAll(asked: Arguments): Promise<void> {
  const began = performance.now();
  const command = ["npm run bench", ...(process.argv.length > 2 ? ["--", ...process.argv.slice(2)] : [])].join(" ");
  const outcome = await run(asked, (line) => console.error(line));
  const report = reportOf(outcome, await environment(command));
  print(report);
  console.log(`${Math.round((performance.now() - began) / 1_000)} s`);
  if (asked.write) {
    mkdirSync(new URL(".", resultsFile), { recursive: true });
    writeFileSync(resultsFile, resultsText(report));
    writePages(report);
  }
  const failed = failures(report, asked);
  if (asked.check) console.error(failed.join("\n"));
  process.exitCode = exitCodeOf(failed, asked);
}

function print({ rows, goals, bytes, payment, saturation, disqualified }: Report): void {
  const measured = goals.filter(({ verdict }) => verdict !== "unmeasured");
  console.log(`${rowTables(rows)}\n\n${goalTable(measured)}\n`);
  if (bytes) console.log(`Bytes an identity: ${JSON.stringify(bytes)}`);
  if (payment) console.log(`A whole payOnce: ${JSON.stringify(payment)}`);
  if (saturation) console.log(`A busy server: ${JSON.stringify(saturation)}`);
  for (const { contender, workload, reason } of disqualified) {
    console.log(`Disqualified: ${contender} in ${workload}: ${reason}`);
  }
}

if (process.argv.includes("--help")) {
  console.log(usage);
  process.exit(0);
}
const asked = argumentsOrExit();
if (asked.pages) writePages(readResults());
else await measureAll(asked);
