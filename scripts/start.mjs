// `npm start`: installs and builds what the example gateway needs, then becomes it. Arguments go to the gateway.
import { ensureInstalled, fail, run } from "./bootstrap.mjs";

await ensureInstalled();
if ((await run("turbo", ["run", "build", "--filter=@tollbooth-stores/playground", "--output-logs=errors-only"])) !== 0)
  fail("The build failed; its output is above.");
await import("./start-built.mjs");
