// `npm run pay`: one full paid run against a gateway started with `npm start`. Arguments go to the client.
import { become, ensureInstalled, fail, run } from "./bootstrap.mjs";

await ensureInstalled();
if ((await run("turbo", ["run", "build", "--filter=@tollbooth-stores/playground", "--output-logs=errors-only"])) !== 0)
  fail("The build failed; its output is above.");
become("node", ["apps/playground/dist/pay.js", ...process.argv.slice(2)]);
