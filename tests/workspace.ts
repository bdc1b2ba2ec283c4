// What the repository's own tests look at: its packages and their source files.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root, workspaceFolders } from "../scripts/workspace-folders.mjs";

export { root };

export interface SourceFile {
  path: string;
  text: string;
  isTest: boolean;
  /** Module specifiers of static and dynamic imports and re-exports. */
  imports: string[];
}

export interface WorkspacePackage {
  /** E.g. "packages/core". */
  folder: string;
  name: string;
  manifest: {
    private?: boolean;
    dependencies?: Record<string, string>;
    devDependencies?: Record<string, string>;
    peerDependencies?: Record<string, string>;
    [field: string]: unknown;
  };
  files: SourceFile[];
}

const importPattern =
  /(?:^|\n)\s*(?:import|export)\b[^;"']*?from\s*["']([^"']+)["']|\bimport\s*\(?\s*["']([^"']+)["']/g;

function sourceFile(path: string): SourceFile {
  const text = readFileSync(join(root, path), "utf8");
  const imports = Array.from(text.matchAll(importPattern), (match) => match[1] ?? match[2] ?? "");
  // What only tests use is theirs: the testing and mutants folders are not built.
  return { path, text, isTest: /\.test(-support)?\.ts$|\/(testing|mutants|explorer)\//.test(path), imports };
}

/** The paths of the files that a file imports by a relative path. */
export function importedFiles({ path, imports }: SourceFile): string[] {
  return imports.filter((specifier) => specifier.startsWith(".")).map((specifier) => join(dirname(path), specifier));
}

export function workspacePackages(): WorkspacePackage[] {
  return workspaceFolders()
    .filter((folder) => existsSync(join(root, folder, "src")))
    .map((folder) => {
      const manifest: WorkspacePackage["manifest"] & { name: string } = JSON.parse(
        readFileSync(join(root, folder, "package.json"), "utf8"),
      );
      const sources = join(folder, "src");
      const files = readdirSync(join(root, sources), { recursive: true, encoding: "utf8" })
        .filter((file) => /\.tsx?$/.test(file))
        .map((file) => sourceFile(join(sources, file)));
      return { folder, name: manifest.name, manifest, files };
    });
}
