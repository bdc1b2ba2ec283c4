// No file imports itself by way of others, not even for a type: each can be read, and moved, without a circle to break.
import { describe, expect, it } from "vitest";
import { workspacePackages } from "./workspace.ts";

/** Depth first: an import of a file that is on the way to this one closes a circle. */
function circles(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]) => {
    const start = way.indexOf(file);
    if (start >= 0) found.push([...way.slice(start), file].join(" -> "));
    if (start >= 0 || done.has(file)) return;
    for (const imported of imports.get(file) ?? []) visit(imported, [...way, file]);
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  return found;
}

describe("import circles", () => {
  it("are found", () => {
    const imports = { a: ["b", "c"], b: ["d"], c: ["d", "e"], d: [], e: ["f"], f: ["c", "f"] };
    expect(circles(new Map(Object.entries(imports)))).toEqual(["c -> e -> f -> c", "f -> f"]);
  });

  it.each(workspacePackages())("$name has none", ({ files }) => {
    expect(circles(new Map(files.map((file) => [file.path, file.importedFiles])))).toEqual([]);
  });
});
