// What the repository's own tests look at: its packages and their source files.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { filesBelow, root, workspaceFolders } from "../scripts/workspace-folders.mjs";
import { importsOf } from "./imports.ts";

export { root };

export interface SourceFile {
  path: string;
  text: string;
  /** Tests, what only they use, and tools: nothing that is built. */
  isTest: boolean;
  /** Module specifiers, as written. */
  imports: string[];
  /** The paths of the files of this repository that `imports` name: by a relative path, or by the package's own name. */
  importedFiles: string[];
}

type Dependencies = Readonly<Record<string, string>>;

interface Manifest {
  private?: boolean;
  dependencies?: Dependencies;
  devDependencies?: Dependencies;
  peerDependencies?: Dependencies;
  peerDependenciesMeta?: Readonly<Record<string, { optional?: boolean }>>;
  optionalDependencies?: Dependencies;
  exports?: Readonly<Record<string, string | { default: string }>>;
  [field: string]: unknown;
}

export interface WorkspacePackage {
  /** E.g. "packages/core". */
  folder: string;
  name: string;
  manifest: Manifest;
  files: SourceFile[];
}

/** What is installed beside a package at run time. */
export function runTimeDependencies(manifest: Manifest): Dependencies {
  return { ...manifest.peerDependencies, ...manifest.optionalDependencies, ...manifest.dependencies };
}

const testFile =
  /\.(test|spec)(-support)?\.[cm]?[jt]sx?$|\.config\.[cm]?[jt]s$|^tests\/|\/(testing|mutants|explorer|browser)\//;
const scripts = /^[^/]+\/[^/]+\/scripts\//;

/** Of "./a.js", the files that it can mean: itself, and the sources that it is built from. */
function candidates(path: string): string[] {
  const source = path.replace(/\.([cm]?)js(x?)$/, ".$1ts$2");
  const stem = path.replace(/\.jsx?$/, "");
  return [path, source, `${stem}.ts`, `${stem}.tsx`, `${stem}.d.ts`, `${path}.d.ts`, join(path, "index.ts")];
}

/** Of "native", what the package exports by that name: the source it is built from, or a file that is handed out as it is. */
function exported(entry: string, { folder, manifest }: Pick<WorkspacePackage, "folder" | "manifest">): string {
  const target = manifest.exports?.[entry === "" ? "." : `./${entry}`] ?? entry;
  const file = typeof target === "string" ? target : target.default;
  return join(folder, file.replace(/^\.\/dist\//, "src/"));
}

/** The file that a specifier names, where it is one of this repository by a relative path or by the package's own name. */
export function resolveImport(
  from: string,
  specifier: string,
  own: Pick<WorkspacePackage, "folder" | "name" | "manifest">,
  files: ReadonlySet<string>,
): string | undefined {
  const isOwn = specifier === own.name || specifier.startsWith(`${own.name}/`);
  if (!isOwn && !/^\.\.?(\/|$)/.test(specifier)) return undefined;
  const path = isOwn ? exported(specifier.slice(own.name.length + 1), own) : join(dirname(from), specifier);
  return candidates(path.replace(/\/$/, "")).find((candidate) => files.has(candidate)) ?? path;
}

/** The package in a folder, with its code as it is now. */
export function workspacePackage(folder: string): WorkspacePackage {
  const manifest: Manifest & { name: string } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
  const own = { folder, name: manifest.name, manifest };
  const all = filesBelow(folder);
  const known = new Set(all);
  const files = all
    .filter((path) => /\.[cm]?[jt]sx?$/.test(path))
    .map((path) => {
      const text = readFileSync(join(root, path), "utf8");
      const imports = importsOf(path, text);
      const importedFiles = imports.flatMap((specifier) => resolveImport(path, specifier, own, known) ?? []);
      return { path, text, isTest: testFile.test(path) || scripts.test(path), imports, importedFiles };
    });
  return { ...own, files };
}

let read: readonly WorkspacePackage[] | undefined;

/** Every package of the workspace, with all its code; read once. */
export function workspacePackages(): readonly WorkspacePackage[] {
  read ??= workspaceFolders().map(workspacePackage);
  return read;
}
