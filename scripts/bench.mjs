// `npm run bench`: the stores measured against their peers, on a Redis of its own. Arguments go to the benchmark.
import { become, ensureInstalled, fail, run } from "./bootstrap.mjs";

await ensureInstalled();
// On stderr: what the benchmark prints may be piped into a file.
const stdio = ["ignore", process.stderr, "inherit"];
const build = ["run", "build", "--filter=@tollbooth-stores/benchmarks^...", "--output-logs=errors-only"];
if ((await run("turbo", build, { stdio })) !== 0) fail("The build failed; its output is above.");
become("node", ["apps/benchmarks/src/main.ts", ...process.argv.slice(2)]);
