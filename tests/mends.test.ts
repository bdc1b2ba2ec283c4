// A text that tells how to mend a connection names options as the configuration takes them, not as the library alone does.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { filesBelow, root } from "../scripts/workspace-folders.mjs";

const read = (file: string) => readFileSync(join(root, file), "utf8");
const properties = new Map<string, Set<string>>();
const every = new Set<string>();
collect(JSON.parse(read("packages/config/schema.json")), "");

/** The options of each block of the schema, by the block's name. */
function collect(schema: unknown, name: string): void {
  if (typeof schema !== "object" || schema === null) return;
  for (const [key, value] of Object.entries(schema)) {
    if (key === "properties") {
      const names = Object.keys(Object(value));
      for (const each of names) every.add(each);
      properties.set(name, new Set([...(properties.get(name) ?? []), ...names]));
    }
    // "anyOf" and its numbers name no block.
    collect(value, /^(anyOf|allOf|oneOf|properties|items|then|else|\d+)$/.test(key) ? name : key);
  }
}

const withoutComments = (source: string) => source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
/** Not the names of files that are imported. */
const literals = (source: string) =>
  (withoutComments(source).match(/"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g) ?? []).filter(
    (text) => !/^"\.\.?\//.test(text),
  );

/** The options in a text that no document takes. A text may name the library's own beside the document's. */
function wrongIn(text: string): string[] {
  const dotted = [...text.matchAll(/\b(tls|sentinel)\.([a-zA-Z]+)/g)].filter(
    ([, block = "", name = ""]) => !properties.get(block)?.has(name) && !text.includes(`${block}.${name}File`),
  );
  return dotted.map(([name]) => name);
}

/** Options without their block, in backquotes. */
const bareIn = (text: string) => [...text.matchAll(/\\?`([a-z][a-zA-Z]*)\\?`/g)].map(([, name = ""]) => name);

const folder = "packages/redis-protocol/src";
const files = filesBelow(folder).filter((file) => /\/(doctor|connection)\/(?!.*\.test).*\.ts$/.test(`/${file}`));

describe("mends", () => {
  it("name options that a document has", () => {
    expect(files.length).toBeGreaterThan(20);
    expect(
      files.flatMap((file) =>
        literals(read(file))
          .flatMap(wrongIn)
          .map((name) => `${file}: ${name}`),
      ),
    ).toEqual([]);
  });

  it("name options without their block that a document has", () => {
    const named = literals(read(`${folder}/connection/connection-failures.ts`)).flatMap(bareIn);
    expect(named).toEqual(expect.arrayContaining(["url", "host", "db", "tls"]));
    expect(named.filter((name) => !every.has(name))).toEqual([]);
  });

  it("have a wrong name found", () => {
    expect(wrongIn("set tls.ca or tls.servername, sentinel.nodes, sentinel.node")).toEqual(["tls.ca", "sentinel.node"]);
    expect(wrongIn("set tls.ca (tls.caFile in a document)")).toEqual([]);
  });
});
