// The README names what there is: every key of every table, every option, the document's forms as they are printed.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { ownTable, rootTable, sharedTable } from "./common-tables.ts";
import { providerTables } from "./json-schema.ts";
import { tlsTable } from "./redis/tls-settings.ts";
import { settingNames } from "./settings.ts";

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
const readme = read("../README.md");
/** The names in the first column of the tables. */
const documented = new Set(
  [...readme.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell]) =>
    Array.from((cell ?? "").matchAll(/`([A-Za-z]+)`/g), (name) => name[1] ?? ""),
  ),
);

it("documents every key that a document may have", () => {
  const tables = [rootTable, sharedTable, ownTable, tlsTable, ...Object.values(providerTables)];
  const missing = tables.flatMap(settingNames).filter((key) => !documented.has(key));
  expect(missing).toEqual([]);
  expect(Object.keys(providerTables).filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
});

it("names the same reasons for which strict refuses a start as an editor shows", () => {
  const reasons = (text: string) => /forget payments \(([^)]+)\)/.exec(text)?.[1];
  const row = readme.split("\n").find((line) => line.startsWith("| `strict`")) ?? "";
  expect(reasons(rootTable.strict.about)).toContain("no password");
  expect(reasons(row)).toBe(reasons(rootTable.strict.about));
});

it("documents no key that there is not", () => {
  const gateways = readme.indexOf("## The x402-tollbooth gateway");
  const source = read("./common-tables.ts") + read("./redis/redis-connection.ts") + read("./redis/tls-settings.ts");
  const keys = readme.slice(readme.indexOf("## Every key"), gateways).matchAll(/^\| `([A-Za-z]+)`/gm);
  const more = `${source}${read("./timeout-table.ts")}${read("./redis/batch-table.ts")}${read("./memory-provider.ts")}${read("./keyv-provider.ts")}`;
  expect([...keys].map(([, key]) => key).filter((key) => !more.includes(`  ${key}:`))).toEqual([]);
});

it.each(["option-a", "option-b", "option-c"])("prints the document's %s", (name) => {
  const withoutBlankLines = read(`./fixtures/${name}.yaml`).replace(/\n\n/g, "\n").trim();
  expect(readme).toContain(`\`\`\`yaml\n${withoutBlankLines}\n\`\`\``);
});
