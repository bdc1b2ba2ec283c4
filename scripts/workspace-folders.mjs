// Which folders are packages of the workspace, as pnpm-workspace.yaml lists them, and which files are the repository's. Read
// without any dependency, because the install itself asks for it.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** The entries of the `packages` list, e.g. "packages/*". Throws where the list cannot be read. */
function patterns() {
  const text = readFileSync(join(root, "pnpm-workspace.yaml"), "utf8");
  const list = /^packages:\n((?: +- .+\n)+)/m.exec(text)?.[1];
  if (list === undefined) throw new Error("pnpm-workspace.yaml has no list of packages that can be read.");
  const entries = [...list.matchAll(/^ +- "?([^"\s]+)"?$/gm)].map(([, entry = ""]) => entry);
  const unknown = entries.find((entry) => !/^[a-z0-9-]+(\/[a-z0-9-]+)*(\/\*)?$/.test(entry));
  if (unknown !== undefined)
    throw new Error(`pnpm-workspace.yaml: "${unknown}" is neither a folder nor a folder's /*.`);
  return entries;
}

/** Every folder with a package.json that the workspace holds, e.g. "packages/core", sorted. */
export function workspaceFolders() {
  const folders = patterns().flatMap((entry) => {
    if (!entry.endsWith("/*")) return [entry];
    const group = entry.slice(0, -2);
    return readdirSync(join(root, group)).map((name) => join(group, name));
  });
  return folders.filter((folder) => existsSync(join(root, folder, "package.json"))).sort();
}

/** Folders that .gitignore names: nothing in them belongs to the repository. */
const ignored = new Set([
  ".git",
  ...[...readFileSync(join(root, ".gitignore"), "utf8").matchAll(/^([^\s/]+)\/$/gm)].map(([, name]) => name),
]);

/**
 * The repository's files in and below a folder, as paths from the root. Folders for which `isLeftOut` says so are not read.
 * @type {(folder: string, isLeftOut?: (folder: string) => boolean) => string[]}
 */
export function filesBelow(folder, isLeftOut = () => false) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) return [path];
    return ignored.has(entry.name) || isLeftOut(path) ? [] : filesBelow(path, isLeftOut);
  });
}

/** Every folder whose `test` task must leave a report in .reports/: packages with a test script, and the repository's own. */
export function testedFolders() {
  const hasTests = (folder) => JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")).scripts?.test;
  return ["tests", ...workspaceFolders().filter(hasTests)];
}
