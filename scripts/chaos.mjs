// `npm run chaos`: payments under kills, stops, cut connections and restarts, on both Redis clients. Arguments go to it.
import { become, ensureInstalled, fail, run } from "./bootstrap.mjs";

await ensureInstalled();
const stdio = ["ignore", process.stderr, "inherit"];
const build = ["run", "build", "--filter=@tollbooth-stores/chaos-test^...", "--output-logs=errors-only"];
if ((await run("turbo", build, { stdio })) !== 0) fail("The build failed; its output is above.");
become("node", ["tests/chaos/main.ts", ...process.argv.slice(2)]);
