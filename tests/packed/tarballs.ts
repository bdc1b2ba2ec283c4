// Packs the public packages exactly as publishing would.
import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type PublicPackage, root } from "./public-packages.ts";
import { output } from "./run.ts";

/** The path of each package's tarball, by the package's name. */
export type Tarballs = ReadonlyMap<string, string>;

/** Writes the tarballs to `folder`. The packages must have been built. */
export async function packAll(packages: readonly PublicPackage[], folder: string): Promise<Tarballs> {
  const { packageManager }: { packageManager: string } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const filters = packages.flatMap(({ name }) => ["--filter", name]);
  await output("npx", ["--yes", packageManager, "--recursive", ...filters, "pack", "--pack-destination", folder], root);
  const files = await readdir(folder);
  return new Map(
    packages.map(({ name }) => {
      const stem = name.replace("@", "").replace("/", "-");
      const file = files.find((candidate) => new RegExp(`^${stem}-\\d+\\..*\\.tgz$`).test(candidate));
      if (file === undefined) throw new Error(`${name} was not packed; pnpm wrote: ${files.join(", ")}`);
      return [name, join(folder, file)];
    }),
  );
}
