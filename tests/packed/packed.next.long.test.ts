// The gate in a real Next: its app router builds, type-checks and sells a route of `paid`, with NextRequest and params. It is not among
// the development dependencies, because it takes 380 MB.
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { emptyProject, npmInstall, write } from "./consumer.ts";
import { nextShop, readmeProgramWith } from "./next-shop.ts";
import { tarballOf } from "./packed.ts";
import { root } from "./public-packages.ts";
import { output } from "./run.ts";

const ours = ["core", "http", "memory", "x402"].map((name) => tarballOf(`@tollbooth-stores/${name}`));
const next = ["next@16", "react@19", "react-dom@19", "typescript@6", "@types/react@19", "@types/node@20"];
const sdk = ["@x402/core@2", "@x402/evm@2", "@x402/fetch@2", "viem@2"];

test("a route handler of Next's app router is sold once, under the README's limit, and its proxy lets every copy through", {
  timeout: 400_000,
}, async () => {
  const project = await emptyProject("next-shop");
  onTestFinished(() => rm(project, { recursive: true, force: true }));
  await npmInstall(project, [...ours, ...next, ...sdk]);
  const readme = readFileSync(join(root, "packages/x402/README.md"), "utf8");
  await write(project, nextShop(readmeProgramWith(readme, "function limited")));
  const quiet = { NEXT_TELEMETRY_DISABLED: "1" };
  await output(process.execPath, ["node_modules/next/dist/bin/next", "build"], project, quiet);
  expect(JSON.parse(await output(process.execPath, ["buy.mjs"], project, quiet))).toEqual({
    unpaid: [402, "99"],
    sold: [200, { id: "7", currency: "eur", isPaid: true }, true, 1],
    // Without a collector a payment that was delivered is used up.
    copied: [409, 1],
    posted: [200, { told: { a: 1 } }, 2],
    // A gate in Next's proxy, which is not offered: one payment, and a run of the route for each copy.
    proxied: [{ runs: 1 }, { runs: 2 }, { runs: 3 }, 3],
    head: 402,
  });
});
