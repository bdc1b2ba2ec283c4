// Installs and builds everything: what a contributor runs once after cloning.
import { ensureInstalled, run } from "./bootstrap.mjs";

ensureInstalled();
process.exitCode = run("turbo", ["run", "build", "--output-logs=errors-only"]);
