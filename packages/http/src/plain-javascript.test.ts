// What only JavaScript can pass: refused with STORE_CONFIG that names the function, the option and the mend.
import { createMemoryStores, rateLimiter } from "@tollbooth-stores/memory";
import { describe, expect, test } from "vitest";
import * as http from "./index.ts";

const exported = new Map<string, unknown>(Object.entries(http));
const { sessions, rateLimits } = createMemoryStores();
const rule = rateLimiter(rateLimits, { name: "few", limit: 5, window: "1m" });
const me = () => "me";
const gate = { knows: async () => false, handle: async () => undefined };
const context = http.contextOf(new Request("https://api.example/quote"));
const secret = "s".repeat(32);
const sale = { gate, sessions, secret, bearer: true, grant: { extendMs: "10m" }, data: () => ({}) };
const opened = { spend: async () => ({ status: "missing" }) };

type Row = [name: keyof typeof http, what: string, given: readonly unknown[], ...words: string[]];

const rows: readonly Row[] = [
  ["limitGates", "no arguments", [], "limit()", "rateLimiter("],
  ["limitGates", "nothing that names a client", [rule], "limit()", "keyOf", "clientIp("],
  ["limitGates", "rateLimiter itself", [rateLimiter, me], "limit()", "rateLimiter(stores.rateLimits"],
  ["limitGates", "a gate for the options", [rule, me, gate], "limit()", "{ unlessKnownTo: gate }"],
  ["limitGates", "a misspelt option", [rule, me, { unlessKnowTo: gate }], "limit()", '"unlessKnownTo"'],
  ["limitGates", "no gate", [rule, me, { unlessKnownTo: {} }], "limit()", "unlessKnownTo"],
  ["beforeLimit", "a gate that is in no list", [gate, () => context], "beforeLimit()", "[gate]"],
  ["beforeLimit", "a context for its function", [[gate], context], "beforeLimit()", "() => contextOf(request)"],
  ["beforeLimit", "no arguments", [], "beforeLimit()", "[gate]"],
  ["takeFromLimit", "swapped arguments", [{}, rule, "me"], "takeFromLimit()", "rule must be a limiter"],
  ["takeFromLimit", "a key for the request", [rule, "me", {}], "takeFromLimit()", "request", "(rule, request, key)"],
  ["takeFromLimit", "a function for the key", [rule, {}, me], "takeFromLimit()", "key"],
  ["takeFromLimit", "a number for the key", [rule, {}, 5], "takeFromLimit()", "key"],
  ["addressReader", "no arguments", [], "addressReader()", "options must be an object"],
  ["addressReader", "too many proxies", [{ trustedProxies: 101 }], "addressReader()", "trustedProxies"],
  ["addressReader", "a misspelt option", [{ trustProxies: 1 }], "addressReader()", '"trustedProxies"'],
  ["paidSettings", "no gate", [], "paid()", "no gate"],
  ["paidSettings", "options that are none", [gate, true], "paid()", "options must be an object"],
  ["paidSettings", "a misspelt option", [gate, { maxBodybytes: 1 }], "paid()", '"maxBodyBytes"'],
  ["paidSettings", "no bytes", [gate, { maxBodyBytes: "1mb" }], "paid()", "maxBodyBytes"],
  ["paidSettings", "another word", [gate, { unsold: true }], "paid()", "unsold"],
  ["sessionReader", "no arguments", [], "sessionReader()", "stores.sessions"],
  ["sessionReader", "a misspelt option", [{ sessions, open: me }], "sessionReader()", '"opens"'],
  ["sessionReader", "text for bearer", [{ sessions, bearer: "yes" }], "sessionReader()", "bearer must be true"],
  ["sessionReader", "false for bearer", [{ sessions, bearer: false }], "sessionReader()", "bearer must be true"],
  ["sessionReader", "a name for the cookie", [{ sessions, cookie: "sid" }], "sessionReader()", "cookie", "{ name"],
  ["sessionReader", "a misspelt option of the cookie", [{ sessions, cookie: { Name: "a" } }], '"name"', "`cookie`"],
  ["sessionReader", "another sameSite", [{ sessions, cookie: { sameSite: "none" } }], "cookie.sameSite", '"Lax"'],
  ["sessionReader", "text for secure", [{ sessions, cookie: { secure: "no" } }], "cookie.secure", "true or false"],
  ["sessionReader", "a number for the cookie's name", [{ sessions, cookie: { name: 5 } }], "cookie.name"],
  ["sessionReader", "text for touch", [{ sessions, touch: "yes" }], "touch", "true or false"],
  ["sessionReader", "text for required", [{ sessions, required: "no" }], "required", "true or false"],
  ["presentedSession", "no arguments", [], "presentedSession()", "bearer: true", "cookie"],
  ["presentedSession", "neither cookie nor bearer", [{}], "presentedSession()", "bearer: true", "cookie"],
  ["presentedSession", "a misspelt option", [{ bearr: true }], "presentedSession()", '"bearer"'],
  ["sellSession", "no arguments", [], "sellSession()", "stores.sessions"],
  ["sellSession", "no gate", [{ ...sale, gate: undefined }], "sellSession()", "gate must be"],
  ["sellSession", "no function for opens", [{ ...sale, opens: true }], "sellSession()", "opens must be a function"],
  ["sellSession", "text for prolongs", [{ ...sale, prolongs: "yes" }], "sellSession()", "prolongs must be a function"],
  ["sellSession", "no grant", [{ ...sale, grant: undefined }], "sellSession()", "grant", "extendMs"],
  ["sellSession", "a misspelt grant", [{ ...sale, grant: { extendMS: "1h" } }], "sellSession()", '"extendMs"'],
  ["sellSession", "a duration for the grant", [{ ...sale, grant: "10m" }], "sellSession()", "grant"],
  ["sellSession", "no time", [{ ...sale, grant: { quotas: { calls: 1n } } }], "sellSession()", "grant.extendMs"],
  ["sellSession", "a list of quotas", [{ ...sale, grant: { extendMs: "1h", quotas: [1n] } }], "grant.quotas"],
  ["sellSession", "null for quotas", [{ ...sale, grant: { extendMs: "1h", quotas: null } }], "grant.quotas"],
  ["sellSession", "a list for the secret", [{ ...sale, secret: Array(32).fill("s") }], "sellSession()", "secret"],
  ["sellSession", "no data", [{ ...sale, data: undefined }], "sellSession()", "data"],
  ["sellSession", "text for bearer", [{ ...sale, bearer: "yes" }], "sellSession()", "bearer must be true"],
  ["soldSessions", "no arguments", [], "soldSessions()", "stores.sessions"],
  ["soldSessions", "a misspelt option", [{ sessions, secret, bearer: true, formMs: "1h" }], '"forMs"'],
  ["soldSessions", "a short secret", [{ sessions, secret: "s", bearer: true }], "soldSessions()", "secret"],
  ["requireSpend", "no arguments", [], "spend()", "quota", '"calls"'],
  ["requireSpend", "a number for the quota", [3], "spend()", "quota"],
  ["requireSpend", "a success for the status", ["calls", { status: 200 }], "spend()", "status must be 402 or 403"],
  ["requireSpend", "text for the status", ["calls", { status: "403" }], "spend()", "status must be 402 or 403"],
  ["requireSpend", "what is no header", ["calls", { header: "calls left" }], "spend()", "header"],
  ["requireSpend", "a misspelt option", ["calls", { headers: "x-calls-left" }], "spend()", '"header"'],
  ["spendCall", "no quota", [opened], "spendCall()", "quota"],
  ["spendCall", "no session", [undefined, "calls"], "spendCall()", "session"],
  ["contextOf", "no request", [], "contextOf()", "Request"],
  ["contextOf", "a framework's request", [{ url: "/quote", headers: {} }], "contextOf()", "Request", "c.req.raw"],
  ["readBody", "no bound", [new Request("https://api.example/")], "readBody()", "maxBodyBytes"],
  ["readBody", "no request", [undefined, 5], "readBody()", "Request"],
  ["answerOf", "no bound", [new Response("x"), "GET", Number.NaN], "answerOf()", "maxAnswerBytes"],
  ["hiddenHeaders", "no method", [], "hiddenHeaders()", "method", '"GET"'],
  ["hiddenHeaders", "a request for the method", [new Request("https://api.example/")], "hiddenHeaders()", "method"],
  ["hideConditions", "no request", [], "hideConditions()", "Request"],
  [
    "hideConditions",
    "a framework's request",
    [{ url: "/quote", headers: {}, method: "GET" }],
    "hideConditions()",
    "Request",
  ],
  ["sessionMovesOf", "no request", [], "sessionMovesOf()", "request"],
  ["readiness", "no arguments", [], "readiness()", "stores"],
  ["readiness", "a misspelt option", [{ check: me }, { withinMS: 5 }], "readiness()", '"withinMs"'],
  ["readiness", "a signal that is no function", [{ check: me }, { stopping: true }], "readiness()", "stopping"],
  ["readiness", "a change that is no function", [{ check: me }, { changed: "log" }], "readiness()", "changed"],
  ["readiness", "no time", [{ check: me }, { withinMs: 0 }], "readiness()", "withinMs"],
];

describe("plain JavaScript", () => {
  test.each(rows)("%s with %s is STORE_CONFIG, and says how it is meant", async (...row) => {
    const [name, , given, ...words] = row;
    const called = async () => Reflect.apply(Object(exported.get(name)), undefined, given);
    const refused = await called().catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "STORE_CONFIG" });
    for (const word of words) expect(Object(refused).message).toContain(word);
  });

  test("each function that takes options has its rows", () => {
    const tested = rows.map(([name]): string => name);
    // They take no options: what they are given comes from the functions above, or from the framework.
    const without = [
      ...["answerTooLarge", "problem", "wholeAnswer", "isSoldAlready", "withOwnSignal", "beforeGate"],
      ...["addCookies", "errorForLog", "isUnavailable", "storeFailure", "bodyTooLarge", "problemCode"],
      ...["limitHeadersOf", "isHeld", "responseOf", "handlerReadingsOf"],
    ];
    expect([...exported.keys()].filter((name) => ![...tested, ...without].includes(name))).toEqual([]);
  });

  test("correct values are taken: null for an unknown client, options of a session, a short time", async () => {
    expect((await Reflect.apply(http.takeFromLimit, undefined, [rule, {}, null])).refused.status).toBe(400);
    const pass = { ...sale, opens: () => true, bearer: undefined };
    expect(http.presentedSession(pass)({ adapter: { getHeader: () => undefined } })).toBeUndefined();
    expect(http.presentedSession({ cookie: {} })).toBeTypeOf("function");
    expect(http.soldSessions({ ...pass, forMs: "60ms" }).forMs).toBe(60);
  });
});
