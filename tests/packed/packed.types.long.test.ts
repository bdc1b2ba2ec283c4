// Every public package's types, as each kind of ESM user resolves them.
import { join } from "node:path";
import { test } from "vitest";
import { packages, tarballOf } from "./packed.ts";
import { root } from "./public-packages.ts";
import { output } from "./run.ts";

test.each(packages)("$name has types that resolve for every ESM user, bundlers included", async ({ name }) => {
  const attw = join(import.meta.dirname, "node_modules", ".bin", "attw");
  await output(attw, [tarballOf(name), "--profile", "esm-only"], root);
});
