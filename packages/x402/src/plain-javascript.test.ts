// What only JavaScript can pass: refused with STORE_CONFIG that names the function, the option and the mend.
import { contextOf, presentedSession, soldSessions } from "@tollbooth-stores/http";
import { createMemoryStores } from "@tollbooth-stores/memory";
import { payTo } from "@tollbooth-stores/sandbox";
import { HTTPFacilitatorClient } from "@x402/core/http";
import { x402ResourceServer } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { describe, expect, test, vi } from "vitest";
import * as fetching from "./fetch.ts";
import { gateSettings } from "./gate-settings.ts";
import * as x402 from "./index.ts";

const network = "eip155:84532";
const accepts = { scheme: "exact", network, payTo, price: "$0.01" };
const routes = { "GET /quote": { accepts } };
const { verifications: store, sessions } = createMemoryStores();
const findSettlement = async () => "unknown";
const options = { store, origin: "https://api.example", findSettlement };
const facilitator = new HTTPFacilitatorClient({ url: "http://user:hunter2@127.0.0.1:1/secret-path" });
const server = new x402ResourceServer(facilitator).register(network, new ExactEvmScheme());
const keeper = soldSessions({ sessions, secret: "s".repeat(32), bearer: true });
const made = (more: object = {}) =>
  Reflect.apply(x402.paidRoutes, undefined, [server, routes, { ...options, ...more }]);
const gate = made();
const request = new Request("https://api.example/quote");
const context = contextOf(request);
const body = new Uint8Array();
const GET = fetching.paid(gate, async () => new Response("sold"));

type Row = [what: string, call: () => unknown, ...words: string[]];
const gateOf = (given: readonly unknown[]) => () => Reflect.apply(x402.paidRoutes, undefined, given);
const call =
  (of: (...given: never[]) => unknown, ...given: readonly unknown[]) =>
  () =>
    Reflect.apply(of, gate, given);
const withRoutes = (given: unknown) => gateOf([server, given, options]);

const ofRoutes: readonly Row[] = [
  ["no arguments", gateOf([]), "paidRoutes()", "options must be an object"],
  ["another server", gateOf([{}, routes, options]), "paidRoutes()", "server", "x402ResourceServer"],
  ["no routes", withRoutes(undefined), "paidRoutes()", "routes", '"GET /quote"'],
  ["text for routes", withRoutes("GET /quote"), "paidRoutes()", "routes"],
  ["a list of routes", withRoutes([{ accepts }]), "paidRoutes()", "routes"],
  ["a route that is none", withRoutes({ "GET /x": undefined }), "paidRoutes()", '"GET /x"', "accepts"],
  ["a misspelt accepts", withRoutes({ "GET /x": { accept: [accepts] } }), '"GET /x"', 'did you mean "accepts"'],
  ["accepts that is text", withRoutes({ "GET /x": { accepts: "$0.01" } }), '"GET /x"', "accepts", "scheme"],
  ["a way to pay that is missing", withRoutes({ "GET /x": { accepts: [accepts, undefined] } }), '"GET /x"', "accepts"],
  ["no network", withRoutes({ "GET /x": { accepts: { ...accepts, network: undefined } } }), '"GET /x"', "network"],
  ["no scheme", withRoutes({ "GET /x": { accepts: { ...accepts, scheme: 5 } } }), '"GET /x"', "scheme"],
];

const ofOptions: readonly Row[] = [
  ["true for answers", () => made({ answers: true }), "paidRoutes()", "answers", "false"],
  ["null for answers", () => made({ answers: null }), "paidRoutes()", "answers"],
  ["soldSessions itself", () => made({ answers: soldSessions }), "answers", "soldSessions(...)"],
  ["a misspelt option of answers", () => made({ answers: { maxbytes: 1 } }), "paidRoutes()", "`answers`", '"maxBytes"'],
  ["text for answers.headers", () => made({ answers: { headers: "etag" } }), "answers.headers", "list"],
  ["numbers for answers.headers", () => made({ answers: { headers: [5] } }), "answers.headers", "list"],
  ["half a keeper", () => made({ answers: { ...keeper, read: undefined } }), "answers", "read"],
  ["a keeper without a time", () => made({ answers: { ...keeper, forMs: "1h" } }), "answers.forMs"],
  [
    "evmSettlements itself",
    () => made({ findSettlement: x402.evmSettlements }),
    "findSettlement",
    "evmSettlements(client)",
  ],
  ["presentedSession itself", () => made({ collector: presentedSession }), "collector", "presentedSession({"],
  ["a title for the paywall", () => made({ paywall: "Shop" }), "paidRoutes()", "paywall"],
  ["a misspelt option", () => made({ orders: "settle-then-serve" }), "paidRoutes()", '"order"'],
];

const ofGate: readonly Row[] = [
  ["handle with a Request", call(gate.handle, request), "gate.handle()", "context", "contextOf(request)"],
  ["handle with nothing", call(gate.handle), "gate.handle()", "context"],
  ["handle without a body", call(gate.handle, context), "gate.handle()", "body", "Uint8Array"],
  ["handle with a text for the body", call(gate.handle, context, "", findSettlement), "gate.handle()", "body"],
  ["handle without serve", call(gate.handle, context, body), "gate.handle()", "serve"],
  ["sells with a Request", call(gate.sells, request), "gate.sells()", "contextOf(request)"],
  ["sells with nothing", call(gate.sells), "gate.sells()", "context"],
  ["knows with a Request", call(gate.knows, request), "gate.knows()", "contextOf(request)"],
  ["reconcileEvery with nothing", call(gate.reconcileEvery), "gate.reconcileEvery()", "interval"],
  ["reconcileEvery with options", call(gate.reconcileEvery, "1m", {}), "gate.reconcileEvery()", "onRound"],
  ["reconcile with a misspelt option", call(gate.reconcile, { leaseMS: 5_000 }), "gate.reconcile()", '"leaseMs"'],
];

const ofOthers: readonly Row[] = [
  ["fetch's paid without a gate", call(fetching.paid), "paid()", "no gate"],
  ["fetch's paid without a handler", call(fetching.paid, gate), "paid()", "handler"],
  ["fetch's GET() without a request", call(GET), "paid()", "request", "Request"],
  ["evmSettlements without a client", call(x402.evmSettlements), "evmSettlements()", "client"],
  ["evmSettlements with a misspelt option", call(x402.evmSettlements, { request() {} }, { logrange: 1 }), '"logRange"'],
  ["identifyPayment without terms", call(x402.identifyPayment, {}), "identifyPayment()", "terms"],
  ["readSettlement without terms", call(x402.readSettlement, {}), "readSettlement()", "asked"],
  ["readSettlement without refusals", call(x402.readSettlement, {}, accepts), "readSettlement()", "refusals"],
];

const all: readonly Row[] = [
  ...ofRoutes.map(([what, ...row]): Row => [`paidRoutes with ${what}`, ...row]),
  ...ofOptions.map(([what, ...row]): Row => [`paidRoutes with ${what}`, ...row]),
  ...ofGate.map(([what, ...row]): Row => [`gate.${what}`, ...row]),
  ...ofOthers,
];

describe("plain JavaScript", () => {
  test.each(all)("%s is STORE_CONFIG, and says how it is meant", async (...[, refusing, ...words]) => {
    const refused = await (async () => refusing())().catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "STORE_CONFIG" });
    for (const word of words) expect(Object(refused).message).toContain(word);
  });

  test("each function that takes arguments has its rows", () => {
    const called = all.map(([what]) => what).join("\n");
    // A text of any form is one, and a map of refusals is no function.
    const without = ["canonicalSignature", "evmRefusals", "paymentOf"];
    const functions = [...Object.keys(x402), ...Object.keys(fetching)];
    expect(functions.filter((name) => !without.includes(name) && !called.includes(name))).toEqual([]);
  });

  test("correct values are taken: a keeper, a short time, and a payload that is none", () => {
    expect(made({ answers: keeper, collector: () => "key", leaseMs: 10, handlerTimeoutMs: "30ms" }).handle).toBeTypeOf(
      "function",
    );
    expect(Reflect.apply(x402.identifyPayment, undefined, [undefined, accepts])).toMatchObject({ status: "malformed" });
  });

  test("a collector that answers a promise is STORE_CONFIG at its request, and null counts as none", () => {
    const collectorThat = (answers: unknown) =>
      Reflect.apply(gateSettings, undefined, [server, { ...options, collector: () => answers }]).collector;
    const named = { code: "STORE_CONFIG", message: expect.stringMatching(/collector.*promise/) };
    expect(() => collectorThat(Promise.resolve("key"))(context)).toThrow(expect.objectContaining(named));
    expect(["key", null, ""].map((answer) => collectorThat(answer)(context))).toEqual(["key", undefined, ""]);
  });

  test("a failed initialize names the facilitators that did not answer, by their origin alone", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const failed = await gate.initialize().catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(Error);
    expect(failed.message).toContain("http://127.0.0.1:1");
    expect(failed.message).not.toMatch(/hunter2|secret-path/);
    expect(failed.cause).toBeInstanceOf(Error);
  });
});
