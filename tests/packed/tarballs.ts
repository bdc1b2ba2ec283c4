// Packs the public packages exactly as publishing would.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type PublicPackage, root } from "./public-packages.ts";
import { output } from "./run.ts";

/** The path of each package's tarball, by the package's name. */
export type Tarballs = ReadonlyMap<string, string>;

/** Writes the tarballs to `folder`. The packages must have been built. */
export async function packAll(packages: readonly PublicPackage[], folder: string): Promise<Tarballs> {
  const filters = packages.flatMap(({ name }) => ["--filter", name]);
  const pnpm = join(root, "node_modules", ".bin", "pnpm");
  await output(pnpm, ["--recursive", ...filters, "pack", "--pack-destination", folder], root);
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
