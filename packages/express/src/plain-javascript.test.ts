// What only JavaScript can pass: refused with STORE_CONFIG where a middleware is made, not at the first request.
import { createMemoryStores, rateLimiter } from "@tollbooth-stores/memory";
import { expect, test } from "vitest";
import * as express from "./index.ts";

const exported = new Map<string, unknown>(Object.entries(express));
const { sessions, rateLimits } = createMemoryStores();
const rule = rateLimiter(rateLimits, { name: "few", limit: 5, window: "1m" });
const gate = { handle: async () => undefined, knows: async () => false };
const sale = { sessions, secret: "s".repeat(32), bearer: true, data: () => ({}) };

type Row = [name: keyof typeof express, what: string, given: readonly unknown[], ...words: string[]];

const rows: readonly Row[] = [
  ["paid", "no gate", [], "paid()", "no gate"],
  ["paid", "a misspelt option", [gate, { unsolt: "pass" }], "paid()", '"unsold"'],
  ["limit", "clientIp itself", [rule, express.clientIp], "limit()", "keyOf", "clientIp({"],
  ["limit", "rateLimiter itself", [rateLimiter, () => "me"], "limit()", "rateLimiter(stores.rateLimits"],
  ["limit", "a gate for the options", [rule, () => "me", gate], "limit()", "{ unlessKnownTo: gate }"],
  ["clientIp", "no options", [], "clientIp()"],
  ["clientIp", "a misspelt option", [{ trustProxies: 0 }], "clientIp()", '"trustedProxies"'],
  ["session", "the store for the options", [sessions], "session()", "{ sessions: stores.sessions }"],
  ["session", "a misspelt option", [{ sessions, open: () => true }], "session()", '"opens"'],
  ["session", "text for bearer", [{ sessions, bearer: "yes" }], "session()", "bearer must be true"],
  ["session", "text for required", [{ sessions, required: "no" }], "session()", "required"],
  ["spend", "no quota", [], "spend()", "quota"],
  ["spend", "a number of calls", [3], "spend()", "quota"],
  ["spend", "a success for the status", ["calls", { status: 200 }], "spend()", "status must be 402 or 403"],
  ["spend", "text for the status", ["calls", { status: "403" }], "spend()", "status must be 402 or 403"],
  ["sellSession", "no grant", [sale], "sellSession()", "grant"],
  ["presentedSession", "no options", [], "presentedSession()", "bearer: true"],
  ["presentedSession", "neither cookie nor bearer", [{}], "presentedSession()", "bearer: true"],
  ["soldSessions", "no options", [], "soldSessions()", "stores.sessions"],
  ["rawBody", "a call in the place of the function", [], "rawBody()", "express.json({ verify: rawBody })"],
  ["rawBody", "text for the bytes", [{}, {}, "text"], "rawBody()", "express.json({ verify: rawBody })"],
];

test.each(rows)("%s with %s is STORE_CONFIG, and says how it is meant", (...row) => {
  const [name, , given, ...words] = row;
  let refused: unknown;
  try {
    Reflect.apply(Object(exported.get(name)), undefined, given);
  } catch (error) {
    refused = error;
  }
  expect(refused).toMatchObject({ code: "STORE_CONFIG" });
  for (const word of words) expect(Object(refused).message).toContain(word);
});

test("each function that takes options has its rows", () => {
  const tested = rows.map(([name]): string => name);
  const without = ["storeFailure", "paymentOf"];
  expect([...exported.keys()].filter((name) => ![...tested, ...without].includes(name))).toEqual([]);
});
