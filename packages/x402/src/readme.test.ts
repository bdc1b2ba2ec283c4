// The README's first program sells, as it is written there; and its tables name every option.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buyer } from "@tollbooth-stores/sandbox";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openShop, type Shop } from "./paid-routes.test-support.ts";

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
const readme = read("../README.md");
const program = /^```ts\n([\s\S]*?)^```/m.exec(readme)?.[1] ?? "";
const own = {
  "@tollbooth-stores/x402/fetch": "../../src/fetch.ts",
  "@tollbooth-stores/x402": "../../src/index.ts",
};

let shop: Shop;
beforeEach(async () => {
  shop = await openShop();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await shop.close();
});

describe("the first program", () => {
  test("sells to the SDK's own client", async () => {
    vi.stubEnv("FACILITATOR_URL", shop.facilitator.url);
    const printed = vi.spyOn(console, "log").mockImplementation(() => undefined);
    // Not among the sources, which other tests list. Not outside the package, whose dependencies the program imports.
    const reports = join(import.meta.dirname, "..", ".reports");
    mkdirSync(reports, { recursive: true });
    const folder = mkdtempSync(join(reports, "readme-"));
    try {
      const file = join(folder, "program.ts");
      writeFileSync(
        file,
        Object.entries(own).reduce((text, [name, path]) => text.replace(`"${name}"`, `"${path}"`), program),
      );
      const { GET } = await import(/* @vite-ignore */ file);
      expect(printed).toHaveBeenCalledExactlyOnceWith(402);
      const customer = buyer(await shop.controls.payer());
      const unpaid = await GET(new Request("https://api.example/quote"));
      const headers = customer.headersOf(await customer.sign(await customer.readPrice(unpaid)));
      const sold = await GET(new Request("https://api.example/quote", { headers }));
      expect([sold.status, await sold.json()]).toEqual([200, { quote: 42 }]);
      expect(shop.controls.counts()).toMatchObject({ verifies: 1, transfers: 1 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test("every option has its row, and every row is an option", () => {
  const source = read("./paid-routes-options.ts");
  const declared = source.slice(source.indexOf("interface PaidRoutesOptions"));
  const options = [...declared.matchAll(/^ {2}(\w+)\??:/gm)].map(([, name]) => name);
  const rows = readme.slice(readme.indexOf("## Options of"), readme.indexOf("## Answers"));
  expect([...rows.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name)).toEqual(options);
});

test("the headers that are kept are told", () => {
  const source = read("./kept-answers.ts");
  const list = source.slice(source.indexOf("const defaultHeaders"), source.indexOf("const DEFAULT_MAX_BYTES"));
  const headers = [...list.matchAll(/"([a-z-]+)"/g)].map(([, name]) => name);
  expect(headers.length).toBeGreaterThan(5);
  expect(headers.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
});
