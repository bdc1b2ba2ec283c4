// docs/deployment.md: every document of stores in it loads, and every check that it names is one of the doctor's.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadStores } from "@tollbooth-stores/config";
import { describe, expect, it } from "vitest";
import { root } from "./files.ts";
import { page } from "./page.ts";

const documents = [...page.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, text = ""]) => text);

/** A value for each variable that a document names: nothing listens at these addresses. */
function variablesOf(text: string): Record<string, string> {
  const named = [...text.matchAll(/\$\{(\w+)/g)].map(([, name = ""]) => name);
  const value = (name: string) => (name.endsWith("_URL") ? `redis://127.0.0.1:1/${name.length}` : `a-value-of-${name}`);
  return Object.fromEntries(named.map((name) => [name, name === "REDIS_PORT" ? "6380" : value(name)]));
}

const loaded = async (text: string) => {
  const warnings: string[] = [];
  const stores = await loadStores(text, { env: variablesOf(text), onWarning: (message) => warnings.push(message) });
  await stores.close();
  return warnings;
};

describe("docs/deployment.md", () => {
  it("has documents for a single server, a managed one, sentinels, a cluster and regions", () => {
    expect(documents.length).toBeGreaterThanOrEqual(6);
    for (const word of ["tls: true", "sentinel:", "cluster:", "onUnavailable:"])
      expect(documents.join()).toContain(word);
  });

  it.each(documents)("loads, and nothing warns of it: %#", async (text) => {
    expect(await loaded(text)).toEqual([]);
    await expect(loaded(text.replace("keySecret", "keySecrt"))).rejects.toThrow(/did you mean "keySecret"/);
  });

  it("names checks of the doctor's", () => {
    const source = (file: string) => readFileSync(join(root, "packages", file), "utf8");
    const files = ["redis-protocol/src/doctor/finding.ts", "config/src/store-provider.ts", "doctor/src/examine.ts"];
    const text = files.map(source).join("\n");
    const known = [...text.matchAll(/"([a-z ]+)"/g)].map(([, name]) => name);
    const [, table = ""] = /^\| \| why \| the doctor's check \|\n([\s\S]*?)\n\n/m.exec(page) ?? [];
    const inTable = table.split("\n").flatMap((row) => (row.split("|").at(-2) ?? "").match(/`[^`]+`/g) ?? []);
    const inChecklist = [...page.matchAll(/doctor's (`[^`]+`)(?: and (`[^`]+`))?/g)].flatMap(([, ...names]) => names);
    const watched = [...page.matchAll(/doctor --fail-on ([\w,]+)`/g)].flatMap(([, names = ""]) => names.split(","));
    const named = [...inTable, ...inChecklist, ...watched].flatMap((name) => name?.replaceAll("`", "") ?? []);
    expect(named.length).toBeGreaterThan(15);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });
});
