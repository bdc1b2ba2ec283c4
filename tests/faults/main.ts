// `npm run faults`: plays every fault on every topology with both clients, prints the tables, and exits 1 where a trial is unsafe.
// Options: --seed n, --trials n (of each row under load), --only row, --on topology. A run of everything writes docs/faults.md.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { findRedisServer } from "@tollbooth-stores/redis-testkit";
import { faultsTable, page, recoveryTable, rowsTable } from "./report.ts";
import { rows } from "./rows/all-rows.ts";
import { runRows, type Trial } from "./run/run-rows.ts";
import { topologies } from "./worlds/world.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    trials: { type: "string", default: "3" },
    only: { type: "string", multiple: true },
    on: { type: "string" },
  },
});
const seed = Number(values.seed);
const dear = Number(values.trials);
const chosen = rows.filter(({ name }) => values.only?.includes(name) ?? true);
const wanted = topologies.filter((topology) => values.on === undefined || topology === values.on);
if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(dear) || dear < 1 || chosen.length * wanted.length === 0) {
  console.error(`Options: --seed <n>, --trials <n>, --on ${topologies.join("|")}, --only <row>:`);
  for (const { name, title } of rows) console.error(`  ${name}: ${title}`);
  process.exit(2);
}

const startedAtMs = Date.now();
const trials = await runRows({
  rows: chosen,
  ...{ seed, topologies: wanted },
  trials: ({ rounds }) => (rounds === undefined ? dear : 1),
  // A hundred rounds on one topology, some on the others.
  rounds: ({ rounds = [1] }, topology) => Math.ceil(rounds[0] / (topology === "single" ? 1 : 5)),
  played: (trial) => console.error(described(trial)),
});
console.log([faultsTable(trials), recoveryTable(trials), rowsTable(trials)].join("\n\n"));
if (chosen.length === rows.length && wanted.length === topologies.length) {
  const version = execFileSync(await findRedisServer(), ["--version"], { encoding: "utf8" });
  const redisVersion = /v=([\d.]+)/.exec(version)?.[1] ?? "?";
  const file = new URL("../../docs/faults.md", import.meta.url);
  const minutes = Math.round((Date.now() - startedAtMs) / 60_000);
  const before = existsSync(file) ? readFileSync(file, "utf8") : "";
  writeFileSync(file, page(trials, { seed, redisVersion, minutes }, before));
}
process.exitCode = trials.some(({ unsafe }) => unsafe.length > 0) ? 1 : 0;

function described({ row, topology, seed, proof, unsafe, shown }: Trial): string {
  const times = shown.map(
    ({ client, recoveredMs = "never", lost }) => `${client} ${recoveredMs} ms${lost > 0 ? `, ${lost} lost` : ""}`,
  );
  const first = `${topology} ${row.name}, seed ${seed}: ${[proof, ...times].join("; ")}`;
  return [first, ...unsafe.map((text) => `  UNSAFE ${text}`)].join("\n");
}
