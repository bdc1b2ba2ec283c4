// `npm run faults`: every fault of connections, servers and processes on every topology, with both Redis clients. Arguments go to it.
import { become, ensureInstalled, fail, run } from "./bootstrap.mjs";

await ensureInstalled();
const stdio = ["ignore", process.stderr, "inherit"];
const build = ["run", "build", "--filter=@tollbooth-stores/faults-test^...", "--output-logs=errors-only"];
if ((await run("turbo", build, { stdio })) !== 0) fail("The build failed; its output is above.");
become("node", ["tests/faults/main.ts", ...process.argv.slice(2)]);
