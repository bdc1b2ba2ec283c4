// `npm run screenshot`: takes docs/images/dashboard-light.png and dashboard-dark.png anew, in a real browser.
import { join } from "node:path";
import { ensureInstalled, fail, run } from "./bootstrap.mjs";
import { root } from "./workspace-folders.mjs";

await ensureInstalled();
if ((await run("turbo", ["run", "build", "--filter=@tollbooth-stores/playground", "--output-logs=errors-only"])) !== 0)
  fail("The build failed; its output is above.");
process.exitCode = await run("vitest", ["run", "--config", "vitest.images.config.ts"], {
  cwd: join(root, "apps", "playground"),
});
