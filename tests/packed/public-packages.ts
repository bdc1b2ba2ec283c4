// The public packages of this workspace, as their manifests describe them.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The repository's root folder. */
export const root: string = join(import.meta.dirname, "..", "..");

/** What the checks need to know of one package. */
export interface PublicPackage {
  name: string;
  folder: string;
  /** What a user imports: the package's name, and one specifier for each further entry. */
  specifiers: readonly string[];
  /** The other public packages it needs, those they need included. */
  needs: readonly string[];
  /** What its README installs beside it, e.g. "ioredis@^6". Packages that only depend on it do without. */
  clients: readonly string[];
  /** True where the package is used inside a vitest run only. */
  insideVitest: boolean;
  /** The lowest Node version it is said to run on. */
  lowestNode: readonly [major: number, minor: number];
}

interface Manifest {
  name: string;
  private?: boolean;
  exports?: Record<string, unknown>;
  engines?: { node?: string };
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

function manifests(): Map<string, { folder: string; manifest: Manifest }> {
  const found = new Map<string, { folder: string; manifest: Manifest }>();
  for (const name of readdirSync(join(root, "packages")).sort()) {
    if (!existsSync(join(root, "packages", name, "package.json"))) continue;
    const folder = join(root, "packages", name);
    const manifest: Manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    if (manifest.private !== true) found.set(manifest.name, { folder, manifest });
  }
  return found;
}

/** Every package that would be published, by name. */
export function publicPackages(): PublicPackage[] {
  const all = manifests();
  const needsOf = (name: string, seen: Set<string> = new Set()): Set<string> => {
    for (const needed of Object.keys(all.get(name)?.manifest.dependencies ?? {})) {
      if (all.has(needed) && !seen.has(needed)) needsOf(needed, seen.add(needed));
    }
    return seen;
  };
  return [...all.values()].map(({ folder, manifest }) => {
    const { name, exports = {}, engines, peerDependencies = {}, devDependencies = {} } = manifest;
    const lowest = /^>=(\d+)\.(\d+)$/.exec(engines?.node ?? "");
    if (lowest === null) throw new Error(`${name}: engines.node must read ">=<major>.<minor>"`);
    return {
      name,
      folder,
      specifiers: Object.keys(exports)
        .filter((entry) => !entry.endsWith(".json"))
        .map((entry) => name + entry.slice(1)),
      needs: [...needsOf(name)],
      clients: Object.entries({ ...named(devDependencies, installedBy(folder)), ...peerDependencies })
        .filter(([client]) => client !== "vitest" && !all.has(client))
        .map(([client, range]) => `${client}@${range}`),
      insideVitest: "vitest" in peerDependencies,
      lowestNode: [Number(lowest[1]), Number(lowest[2])],
    };
  });
}

/** What the README's own `npm install` names. */
function installedBy(folder: string): string[] {
  const readme = join(folder, "README.md");
  const line = existsSync(readme) ? /^npm install (.+)$/m.exec(readFileSync(readme, "utf8")) : null;
  return line?.[1]?.split(" ") ?? [];
}

function named(ranges: Record<string, string>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(ranges).filter(([name]) => names.includes(name)));
}
