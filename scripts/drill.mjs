// `npm run drill`: what breaks without shared stores, and that it does not with them. Arguments go to the drill.
import { become, ensureInstalled, fail, run, streamsAndEnd } from "./bootstrap.mjs";

await ensureInstalled();
// On stderr: what the drill prints may be piped into a file.
const stdio = ["ignore", process.stderr, "inherit"];
const build = ["run", "build", "--filter=@tollbooth-stores/playground", "--output-logs=errors-only"];
if ((await run("turbo", build, { stdio })) !== 0) fail("The build failed; its output is above.");
become("node", ["apps/playground/dist/drill/main.js", ...process.argv.slice(2)], { stdio: streamsAndEnd });
