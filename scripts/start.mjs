// `npm start`: installs and builds what the example gateway needs, then becomes it. Arguments go to the gateway.
import { become, ensureInstalled, fail, run } from "./bootstrap.mjs";

ensureInstalled();
if (run("turbo", ["run", "build", "--filter=@tollbooth-stores/playground", "--output-logs=errors-only"]) !== 0)
  fail("The build failed; its output is above.");
become("node", ["apps/playground/dist/main.js", ...process.argv.slice(2)]);
