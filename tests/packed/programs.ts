// The programs that a user's project consists of: import everything, require everything, type-check, run the README.
import { ModuleKind, ScriptTarget, transpileModule } from "typescript";
import type { PublicPackage } from "./public-packages.ts";

/** Imports and requires every entry; fails unless both give the same, non-empty set of names. */
function everyEntry({ name, specifiers }: PublicPackage): string {
  return `import assert from "node:assert/strict";
import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
// Node's own functions for signals differ from version to version.
async function sharesSignals({ verifications }) {
  const { signal } = new AbortController();
  for (let times = 0; times < 3; times += 1) await verifications.peek("key", { signal });
}
async function everyEntry() {
  for (const specifier of ${JSON.stringify(specifiers)}) {
    const names = Object.keys(await import(specifier));
    assert.notEqual(names.length, 0, specifier + " exports nothing");
    assert.deepEqual(Object.keys(require(specifier)).filter((key) => key !== "__esModule"), names);
    const { createMemoryStores } = await import(specifier);
    if (createMemoryStores !== undefined) await sharesSignals(createMemoryStores());
  }
  assert.equal(require(${JSON.stringify(`${name}/package.json`)}).name, ${JSON.stringify(name)});
}
`;
}

const compilerOptions = {
  target: "es2022",
  // A server's project: no DOM. What the declarations need beyond ES2022 must come with @types/node.
  lib: ["es2022"],
  module: "nodenext",
  strict: true,
  exactOptionalPropertyTypes: true,
  // Our declarations are checked too, with everything that they refer to.
  skipLibCheck: false,
  types: ["node"],
  noEmit: true,
};

/** The files of a project that uses the package, by path. `readme`: the first program of its README. */
export function projectFiles(used: PublicPackage, readme: string): Record<string, string> {
  const { specifiers, insideVitest } = used;
  const uses = specifiers.map((specifier, index) => `import * as entry${index} from ${JSON.stringify(specifier)};`);
  const requires = specifiers.map(
    (specifier, index) => `import entry${index} = require(${JSON.stringify(specifier)});`,
  );
  const names = `export const entries: object[] = [${specifiers.map((_, index) => `entry${index}`).join(", ")}];`;
  const common = {
    "use.mts": [...uses, names].join("\n"),
    "use.cts": [...requires, names].join("\n"),
    "tsconfig.json": JSON.stringify({
      compilerOptions,
      include: ["*.ts", "*.mts", "*.cts"],
    }),
  };
  if (insideVitest) {
    const test = `${everyEntry(used)}import { test } from "vitest";\ntest("every entry loads", everyEntry);\n`;
    return { ...common, "entries.test.mjs": test, "readme.test.ts": readme };
  }
  return {
    ...common,
    "entries.mjs": `${everyEntry(used)}await everyEntry();\n`,
    "readme.ts": readme,
    "readme.mjs": withoutTypes(readme),
  };
}

/** Of the program that the repository's README begins with; then what its comments promise, and an end. */
export function frontPageFiles(program: string): Record<string, string> {
  const promised = `
import assert from "node:assert/strict";
assert.equal(decision.allowed, true);
// A window may end meanwhile.
let over = decision;
for (let times = 0; over.allowed && times < 200; times += 1) over = await limit("203.0.113.7");
assert.deepEqual([over.allowed, "RateLimit" in over.headers, "Retry-After" in over.headers], [false, true, true]);
const repeated = await stores.sessions.credit(record.id, { opId: "payment-1", extendMs: 600_000 });
assert.deepEqual([repeated.replayed, repeated.expiresAtMs], [true, record.expiresAtMs + 600_000]);
await stores.close();
`;
  return { "front-page.ts": program, "front-page.mjs": withoutTypes(program + promised) };
}

/** Node 20 strips no types. */
function withoutTypes(program: string): string {
  const compilerOptions = { module: ModuleKind.ESNext, target: ScriptTarget.ES2022 };
  return transpileModule(program, { compilerOptions }).outputText;
}
