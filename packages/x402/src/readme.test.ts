// The README's programs compile and run as they are written there, and its tables name every option.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import type { RequestContext } from "@tollbooth-stores/http";
import { createMemoryStores } from "@tollbooth-stores/memory";
import { buyer } from "@tollbooth-stores/sandbox";
import { x402Client } from "@x402/core/client";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { paid } from "./fetch.ts";
import { keepAnswers } from "./kept-answers.ts";
import { oneCent, openShop, origin, type Shop } from "./paid-routes.test-support.ts";

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
const readme = read("../README.md");
const programs = [...readme.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, text]) => text ?? "");
const own = {
  "@tollbooth-stores/x402/buyer": "../../src/buyer.ts",
  "@tollbooth-stores/x402/fetch": "../../src/fetch.ts",
  "@tollbooth-stores/x402": "../../src/index.ts",
};

// Not among the sources, which other tests list. Not outside the package, whose dependencies the programs import.
const reports = join(import.meta.dirname, "..", ".reports");
let folder: string;
const fileOf = (index: number) => join(folder, `program-${index}.ts`);
/** The first program with these words in it. */
const programWith = (words: string) =>
  import(/* @vite-ignore */ fileOf(programs.findIndex((program) => program.includes(words))));
beforeAll(() => {
  mkdirSync(reports, { recursive: true });
  folder = mkdtempSync(join(reports, "readme-"));
  programs.forEach((program, index) => {
    const text = Object.entries(own).reduce((made, [name, path]) => made.replaceAll(`"${name}"`, `"${path}"`), program);
    writeFileSync(fileOf(index), text);
  });
});
afterAll(() => rmSync(folder, { recursive: true }));

let shop: Shop;
beforeEach(async () => {
  shop = await openShop();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await shop.close();
});

test("the first program sells to the SDK's own client", async () => {
  vi.stubEnv("FACILITATOR_URL", shop.facilitator.url);
  const printed = vi.spyOn(console, "log").mockImplementation(() => undefined);
  const { GET } = await import(/* @vite-ignore */ fileOf(0));
  expect(printed).toHaveBeenCalledExactlyOnceWith(402);
  const customer = buyer(await shop.controls.payer());
  const unpaid = await GET(new Request("https://api.example/quote"));
  const headers = customer.headersOf(await customer.sign(await customer.readPrice(unpaid)));
  const sold = await GET(new Request("https://api.example/quote", { headers }));
  expect([sold.status, await sold.json()]).toEqual([200, { quote: 42 }]);
  expect(shop.controls.counts()).toMatchObject({ verifies: 1, transfers: 1 });
});

test("the other programs print what their comments say", async () => {
  const printed = vi.spyOn(console, "log").mockImplementation(() => undefined);
  for (const index of programs.keys()) if (index > 0) await import(/* @vite-ignore */ fileOf(index));
  expect(printed.mock.calls).toEqual([[43], ["settled"], ["unknown"]]);
});

test("the limit of a fetch handler refuses one client too many, and passes a known payment", async () => {
  const { limited } = await programWith("function limited");
  const gate = { knows: async ({ adapter }: RequestContext) => adapter.getHeader("payment") === "known" };
  const handler = limited(gate, async () => new Response("ok"));
  const answerTo = (headers: Record<string, string>): Promise<Response> =>
    handler(new Request("https://api.example/quote", { headers }));
  const statusOf = async (headers: Record<string, string>) => (await answerTo(headers)).status;
  const mine = { "x-forwarded-for": "198.51.100.7, 203.0.113.7" };
  const first = await answerTo(mine);
  expect([await first.text(), first.headers.get("x-ratelimit-remaining")]).toEqual(["ok", "99"]);
  for (let request = 1; request < 100; request += 1) await statusOf(mine);
  // What the client itself wrote into the header makes no other client of it.
  const other = { "x-forwarded-for": "198.51.100.8, 203.0.113.7" };
  const known = await statusOf({ ...mine, payment: "known" });
  expect([await statusOf(mine), await statusOf(other), known, await statusOf({})]).toEqual([429, 429, 200, 400]);
});

test("the buyer that keeps its payments finishes one by itself, by the same payment", async () => {
  const { buyer: keeping } = await programWith("onPayment");
  let runs = 0;
  const gate = shop.gate(undefined, { order: "settle-then-serve", onHandlerError: () => undefined });
  const GET = paid(gate, () => {
    runs += 1;
    return runs === 1 ? new Response("", { status: 500 }) : Response.json({ quote: 42 });
  });
  // A proxy in between says 500, so nothing is repeated: as if the buyer's program had died.
  const send: typeof fetch = async (input, init) => {
    const answer = await GET(new Request(input, init));
    return answer.status === 503 ? new Response("", { status: 500 }) : answer;
  };
  const kept = new Map<string, string>();
  const { account } = buyer(await shop.controls.payer());
  const client = new x402Client().register("eip155:*", new ExactEvmScheme(account));
  const { buy, finish } = keeping(client, kept, send);
  expect([(await buy(`${origin}/quote`)).status, kept.size]).toEqual([500, 1]);
  const [key] = kept.keys();
  const answer = await finish(key);
  expect([answer.status, await answer.json(), kept.size]).toEqual([200, { quote: 42 }, 0]);
  expect(shop.controls.counts()).toMatchObject({ verifies: 1, transfers: 1 });
});

test("the handlers of passes sell one once, and open a route to its calls, which failures give back", async () => {
  const { passes } = await programWith("function passes");
  const stores = createMemoryStores();
  const { POST, opened } = passes(shop.server(), oneCent, stores, "s".repeat(32));
  const buying = (headers: Record<string, string>) =>
    POST(new Request("https://api.example/pass", { method: "POST", headers }));
  expect((await buying({})).status).toBe(400);
  const key = { "idempotency-key": "mine" };
  const customer = buyer(await shop.controls.payer());
  const headers = { ...key, ...customer.headersOf(await customer.sign(await customer.readPrice(await buying(key)))) };
  const [first, again] = [await buying(headers), await buying(headers)];
  const { session } = await first.json();
  expect([first.status, again.status, (await again.json()).session]).toEqual([201, 200, session]);
  expect(shop.controls.counts().transfers).toBe(1);

  const answers = [
    () => new Response("found"),
    () => new Response("", { status: 503 }),
    () => Promise.reject(new Error("Oh.")),
  ];
  const using = async (token: string, handler?: () => unknown) => {
    const request = new Request("https://api.example/search", { headers: { authorization: `Bearer ${token}` } });
    const answer = await opened(async () => handler?.())(request).catch(String);
    return [answer.status ?? answer, (await stores.sessions.get(session))?.quotas?.calls];
  };
  const seen = [];
  for (const handler of answers) seen.push(await using(session, handler));
  expect(seen).toEqual([
    [200, 99n],
    [503, 99n],
    ["Error: Oh.", 99n],
  ]);
  expect((await using("x".repeat(43)))[0]).toBe(401);
  await stores.sessions.debit(session, { quota: "calls", amount: 99n, opId: "all" });
  expect((await using(session))[0]).toBe(403);
});

test("the program of a start survives a facilitator that is away, and ends its rounds before the stores", async () => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const { start } = await programWith("gate.initialize()");
  const ended: string[] = [];
  const gate = {
    initialize: () => Promise.reject(new Error("Away.")),
    reconcileEvery: (_interval: string, onRound: (round: object) => void) => {
      onRound({ ok: true });
      onRound({ ok: false, error: new Error("Away.") });
      return async () => void ended.push("rounds");
    },
  };
  await start(gate, { close: async () => void ended.push("stores") })();
  expect(ended).toEqual(["rounds", "stores"]);
  expect(warned).toHaveBeenCalledTimes(2);
});

test("every program type-checks", { timeout: 60_000 }, async () => {
  expect(programs).toHaveLength(10);
  const config = join(folder, "tsconfig.json");
  // As a reader's project is: without the rule that our own declarations are built by.
  const compilerOptions = { isolatedDeclarations: false };
  writeFileSync(
    config,
    JSON.stringify({ extends: "../../../../tsconfig.base.json", compilerOptions, include: ["*.ts"] }),
  );
  const compiler = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const { stdout } = await promisify(execFile)(process.execPath, [compiler, "--noEmit", "-p", config]).catch(Object);
  expect(stdout).toBe("");
});

test("every option has its row, and every row is an option", () => {
  const source = read("./paid-routes-options.ts");
  const declared = source.slice(source.indexOf("interface PaidRoutesOptions"));
  const options = [...declared.matchAll(/^ {2}(\w+)\??:/gm)].map(([, name]) => name);
  const rows = readme.slice(readme.indexOf("## Options of"), readme.indexOf("## Answers"));
  expect([...rows.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name)).toEqual(options);
});

test("the defaults of kept answers are told", () => {
  const [, row = ""] = /^\| `answers` \| `([^`]+)` \|/m.exec(readme) ?? [];
  const [maxBytes = 0, forMs] = [...row.matchAll(/\d+/g)].map(Number);
  const { forMs: kept, write } = keepAnswers({});
  expect(kept).toBe(forMs);
  const context = { key: "", header: () => undefined, signal: undefined };
  const answer = (bytes: number) => ({ status: 200, headers: {}, body: new Uint8Array(bytes) });
  expect(() => write(answer(maxBytes), context)).not.toThrow();
  expect(() => write(answer(maxBytes + 1), context)).toThrow(RangeError);
});

test("the headers that are kept are told", () => {
  const source = read("./kept-answers.ts");
  const list = source.slice(source.indexOf("const defaultHeaders"), source.indexOf("const DEFAULT_MAX_BYTES"));
  const headers = [...list.matchAll(/"([a-z-]+)"/g)].map(([, name]) => name);
  expect(headers.length).toBeGreaterThan(5);
  expect(headers.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
});
