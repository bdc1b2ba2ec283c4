// The rules about imports see every form in which one file can name another.
import { describe, expect, it } from "vitest";
import { importsOf } from "./imports.ts";
import { resolveImport } from "./workspace.ts";

describe("imports", () => {
  it.each<[string, string, string[]]>([
    ["by name", 'import { a } from "./a.ts";', ["./a.ts"]],
    ["of a default and of everything", 'import a, * as b from "./a.ts";', ["./a.ts"]],
    ["of types", 'import type { A } from "./a.ts"; import { type B } from "./b.ts";', ["./a.ts", "./b.ts"]],
    ["for their effects", 'import "./a.ts";', ["./a.ts"]],
    ["of attributes", 'import a from "./a.json" with { type: "json" };', ["./a.json"]],
    ["on many lines", 'import {\n  a,\n  b,\n} from "./a.ts";', ["./a.ts"]],
    ["with an apostrophe in a comment", 'import {\n  // the store\'s own\n  a,\n} from "./a.ts";', ["./a.ts"]],
    ["after a comment on their line", '/* first */ import { a } from "./a.ts";', ["./a.ts"]],
    ["two on one line", 'import { a } from "./a.ts"; import { b } from "./b.ts";', ["./a.ts", "./b.ts"]],
    [
      "handed on",
      'export { a } from "./a.ts"; export * from "./b.ts"; export type * from "./c.ts";',
      ["./a.ts", "./b.ts", "./c.ts"],
    ],
    ["at run time", 'const a = await import("./a.ts");', ["./a.ts"]],
    ["at run time, in back quotes", "const a = await import(`./a.ts`);", ["./a.ts"]],
    ["at run time, with a comment", 'const a = await import(/* late */ "./a.ts");', ["./a.ts"]],
    ["in a type", 'let a: import("./a.ts").A; let b: typeof import("./b.ts");', ["./a.ts", "./b.ts"]],
    ["by require", 'import a = require("./a.cts"); const b = require("./b.cjs");', ["./a.cts", "./b.cjs"]],
    ["resolved only", 'require.resolve("a"); import.meta.resolve("./b.ts");', ["a", "./b.ts"]],
    [
      "mocked",
      'vi.mock("./a.ts", () => ({})); vi.doMock(import("./b.ts")); await vi.importActual<B>("./c.ts");',
      ["./a.ts", "./b.ts", "./c.ts"],
    ],
    ["declared anew", 'export {}; declare module "./a.ts" { interface A {} }', ["./a.ts"]],
    ["by a reference comment", '/// <reference path="a.d.ts" />', ["./a.d.ts"]],
  ])("%s are found", (_form, text, expected) => {
    expect(importsOf("sample.ts", text)).toEqual(expected);
  });

  it.each([
    ["in a comment", '// import { a } from "./a.ts";\n/* import("./a.ts") */'],
    ["in a text", "const text = `import { a } from \"./a.ts\"; import('./b.ts')`;"],
    ["of another function", 'load("./a.ts"); store.require("./a.ts");'],
    ["in declarations of modules that are no files", 'declare module "*.lua" { const text: string; }'],
  ])("are not seen %s", (_place, text) => {
    expect(importsOf("sample.ts", text)).toEqual([]);
  });

  it("are read from every kind of file", () => {
    const page = 'import { a } from "./a.tsx"; export const Page = () => <p>import "./b.ts"; it\'s text</p>;';
    expect(importsOf("page.tsx", page)).toEqual(["./a.tsx"]);
    for (const path of ["a.mts", "a.cts", "a.mjs", "a.js", "a.d.ts"]) {
      expect([path, importsOf(path, 'import "./b.ts";')]).toEqual([path, ["./b.ts"]]);
    }
  });
});

describe("an import's file", () => {
  const files = new Set([
    "a/src/index.ts",
    "a/src/native.ts",
    "a/src/b/c.tsx",
    "a/src/b/d.mts",
    "a/src/b/index.ts",
    "a/x.ts",
  ]);
  const exports = {
    ".": { types: "./dist/index.d.ts", default: "./dist/index.js" },
    "./native": { types: "./dist/native.d.ts", default: "./dist/native.js" },
    "./program": "./dist/b/c.js",
    "./schema.json": "./schema.json",
    "./config/*": "./config/*",
  };
  const own = { folder: "a", name: "@scope/a", manifest: { exports } };

  it.each([
    ["./c.tsx", "a/src/b/c.tsx"],
    ["./c.js", "a/src/b/c.tsx"],
    ["./c.jsx", "a/src/b/c.tsx"],
    ["./c", "a/src/b/c.tsx"],
    ["./d.mjs", "a/src/b/d.mts"],
    ["../native.js", "a/src/native.ts"],
    ["./", "a/src/b/index.ts"],
    ["..", "a/src/index.ts"],
    ["../../x.ts", "a/x.ts"],
    ["./data.json", "a/src/b/data.json"],
    ["@scope/a", "a/src/index.ts"],
    ["@scope/a/native", "a/src/native.ts"],
    ["@scope/a/program", "a/src/b/c.tsx"],
    ["@scope/a/schema.json", "a/schema.json"],
    ["@scope/a/config/one.yaml", "a/config/one.yaml"],
  ])("is found for %s", (specifier, expected) => {
    expect(resolveImport("a/src/b/from.ts", specifier, own, files)).toBe(expected);
  });

  it.each(["@scope/ab", "node:fs", "zod"])("is none of this package's for %s", (specifier) => {
    expect(resolveImport("a/src/b/from.ts", specifier, own, files)).toBeUndefined();
  });
});
