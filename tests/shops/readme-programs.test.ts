// The programs of the frameworks' pages, put together as their reader does it: they type-check, and no name is missing or there twice.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

/** All programs of a page as one; what several import of a module is imported once. */
function together(page: string): string {
  const code = [...page.matchAll(/^```ts\n(.*?)^```/gms)].map(([, text = ""]) => text).join("\n");
  const imported = new Map<string, Set<string>>();
  const rest = code.replace(/^import (\{.*?\}|\w+) from "(.*?)";$/gms, (_line, names: string, from: string) => {
    const known = imported.get(from) ?? new Set();
    imported.set(from, known);
    for (const name of names.startsWith("{") ? names.slice(1, -1).split(",") : [`default as ${names}`]) {
      if (name.trim() !== "") known.add(name.trim());
    }
    return "";
  });
  const lines = [...imported].map(([from, names]) => `import { ${[...names].join(", ")} } from "${from}";`);
  return `${lines.join("\n")}\n${rest}`;
}

it("the programs of the pages for Hono and Express type-check together", { timeout: 60_000 }, async () => {
  // Inside this package, whose dependencies they import.
  const reports = join(import.meta.dirname, ".reports");
  mkdirSync(reports, { recursive: true });
  const folder = mkdtempSync(join(reports, "readme-"));
  try {
    for (const name of ["express", "hono"]) {
      const page = readFileSync(join(import.meta.dirname, `../../packages/${name}/README.md`), "utf8");
      expect(page.match(/^```ts\n/gm)).toHaveLength(3);
      writeFileSync(join(folder, `${name}.ts`), together(page));
    }
    const compilerOptions = { isolatedDeclarations: false, declaration: false, noEmit: true };
    const config = { extends: "../../../../tsconfig.base.json", compilerOptions, include: ["*.ts"] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const compiler = createRequire(import.meta.url).resolve("typescript/bin/tsc");
    const { stdout } = await promisify(execFile)(process.execPath, [compiler, "-p", folder]).catch(Object);
    expect(stdout).toBe("");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
