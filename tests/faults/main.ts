// `npm run faults`: plays every fault on every topology with both clients, prints the tables, and exits 1 where a trial is unsafe.
// Options: --seed n, --trials n (of each dear row), --only row, --on topology, --write (docs/faults.md).
import { parseArgs } from "node:util";
import { rows } from "./rows/all-rows.ts";
import { runRows } from "./run/run-rows.ts";
import { topologies } from "./worlds/world.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    trials: { type: "string", default: "1" },
    only: { type: "string", multiple: true },
    on: { type: "string" },
    write: { type: "boolean", default: false },
  },
});
const seed = Number(values.seed);
const dear = Number(values.trials);
const chosen = rows.filter(({ name }) => values.only?.includes(name) ?? true);
const wanted = topologies.filter((topology) => values.on === undefined || topology === values.on);
if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(dear) || dear < 1 || chosen.length * wanted.length === 0) {
  console.error(`Options: --seed <n>, --trials <n>, --on ${topologies.join("|")}, --write, --only <row>:`);
  for (const { name, title } of rows) console.error(`  ${name}: ${title}`);
  process.exit(2);
}

const trials = await runRows({
  rows: chosen,
  ...{ seed, topologies: wanted },
  trials: () => dear,
  rounds: ({ rounds = [1] }, topology) => Math.ceil(rounds[0] / (topology === "single" ? 1 : 4)),
  played({ row, topology, seed, proof, unsafe, shown }) {
    const times = shown.map(
      (one) =>
        `${one.client} ${one.recoveredMs ?? "?"} ms, lost ${one.lost}, ${one.answered}/${one.notApplied}/${one.unknown}`,
    );
    console.error(`${topology} ${row.name} (seed ${seed}): ${proof}; ${times.join("; ")}`);
    for (const text of unsafe) console.error(`  UNSAFE ${text}`);
  },
});
process.exitCode = trials.some(({ unsafe }) => unsafe.length > 0) ? 1 : 0;
