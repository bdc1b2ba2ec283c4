// Installs and builds everything: what a contributor runs once after cloning.
import { ensureInstalled, run } from "./bootstrap.mjs";

await ensureInstalled();
process.exitCode = await run("turbo", ["run", "build", "--output-logs=errors-only"]);
