// `npm run soak -- --minutes 20`: random faults on a cluster under the load of both clients; exits 1 for any unsafe outcome.
// Its summary is appended to docs/faults.md. Options: --minutes n, --seed n.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { runSoak, summary } from "./run/run-soak.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
if (!(minutes > 0) || !Number.isSafeInteger(seed)) {
  console.error("Options: --minutes <n>, --seed <n>.");
  process.exit(2);
}
const report = await runSoak({ minutes, seed, told: (text) => console.error(text) });
const text = summary(report, { minutes, seed });
console.log(text);
const file = new URL("../../docs/faults.md", import.meta.url);
const before = existsSync(file) ? readFileSync(file, "utf8") : "# Faults\n\n## Soak\n";
writeFileSync(file, `${before.trimEnd()}\n\n${text}\n`);
process.exitCode = report.unsafe.length > 0 ? 1 : 0;
