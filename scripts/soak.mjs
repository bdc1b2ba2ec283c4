// `npm run soak -- --minutes 20`: random faults on a cluster under the load of both Redis clients. Arguments go to it.
import { become, ensureInstalled, fail, run } from "./bootstrap.mjs";

await ensureInstalled();
const stdio = ["ignore", process.stderr, "inherit"];
const build = ["run", "build", "--filter=@tollbooth-stores/faults-test^...", "--output-logs=errors-only"];
if ((await run("turbo", build, { stdio })) !== 0) fail("The build failed; its output is above.");
become("node", ["tests/faults/soak.ts", ...process.argv.slice(2)]);
