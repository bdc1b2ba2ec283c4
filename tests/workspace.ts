// What the repository's own tests look at: its packages and their source files.
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const root: string = join(dirname(fileURLToPath(import.meta.url)), "..");

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

export function workspacePackages(): WorkspacePackage[] {
  return globSync("{packages,apps}/*/package.json", { cwd: root })
    .sort()
    .map((path) => {
      const folder = dirname(path);
      const manifest: WorkspacePackage["manifest"] & { name: string } = JSON.parse(
        readFileSync(join(root, path), "utf8"),
      );
      const files = globSync("src/**/*.ts", { cwd: join(root, folder) }).map((file) =>
        sourceFile(relative(root, join(root, folder, file))),
      );
      return { folder, name: manifest.name, manifest, files };
    });
}
