// What routes match letter by letter, and what becomes of a path that two of them could match.
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ask, handler, oneCent, requestTo, shopForEachTest } from "./paid-routes.test-support.ts";
import { inUrl, plainPath, routesByLetter } from "./route-patterns.ts";

const shop = shopForEachTest();
const dear = { accepts: { ...oneCent, price: "$5" } };
const cheap = { accepts: oneCent };

test.each([
  ["a name in another case", { "GET /w/free": cheap, "GET /w/[s]": dear }, "/w/Free"],
  ["a letter that is decoded once more", { "GET /w/free": cheap, "GET /w/[s]": dear }, "/w/fre%65"],
  ["a doubled slash", { "GET /w/:s": cheap, "GET /w/*": dear }, "/w//a"],
  ["a slash at the end", { "GET /w/:s": cheap, "/w/*": dear }, "/w/a/"],
  [
    "another case of what is decoded once more",
    { "GET /models/small": cheap, "GET /models/[s]": dear },
    "/Models/%73mall/",
  ],
  ["another case and a doubled slash", { "GET /files/[s]": cheap, "GET /files/*": dear }, "/Files//a"],
  ["slashes that leave nothing for the SDK to match", { "GET /w/*/b": dear }, "/w//b"],
])("%s that could be another route's path is 404, before any payment is looked at", async (_what, routes, path) => {
  const gate = shop.gate(routes);
  const serve = handler();
  const { payload } = await makePayment(await shop.controls.payer());
  for (const payment of [{}, paymentHeader(payload)]) {
    const context = { ...requestTo(path, payment), decodedPath: path };
    expect(gate.sells(context)).toBe(true);
    expect(await ask(gate, serve, context)).toMatchObject({ status: 404, error: "ambiguous_path" });
  }
  expect([serve.mock.calls.length, shop.controls.counts().verifies]).toEqual([0, 0]);
});

test("without a router's view a path is 404 that is one route as it was sent, and another one decoded", async () => {
  const gate = shop.gate({ "GET /models/small": cheap, "GET /models/[s]": dear });
  expect(await ask(gate, handler(), requestTo("/models/%73mall"))).toMatchObject({ error: "ambiguous_path" });
});

test("a path that only one route can mean is sold, however it is spelt", async () => {
  const gate = shop.gate({ "GET /free": cheap, "GET /café": cheap, "GET /w/[s]": cheap, "GET /[s]": dear, "/*": dear });
  const amountOf = async (path: string, decodedPath?: string) => {
    const context = { ...requestTo(path), ...(decodedPath !== undefined && { decodedPath }) };
    const answer = await gate.handle(context, new Uint8Array(), handler());
    const required = answer?.headers["payment-required"];
    return required === undefined ? answer?.status : JSON.parse(atob(required)).accepts[0].amount;
  };
  expect(await amountOf("/free")).toBe("10000");
  for (const router of [undefined, "/caf%C3%A9", "/café"]) expect(await amountOf("/caf%C3%A9", router)).toBe("10000");
  expect(await amountOf("/w/caf%c3%a9%2Fb")).toBe("10000");
  expect(await amountOf("/w/A%2Fb", "/w/A%2Fb")).toBe("10000");
  expect(await amountOf("/v1/other", "/free")).toBe("10000");
  expect(await amountOf("/other", "/other")).toBe("5000000");
});

test.each([
  [
    "a key that an earlier one covers",
    { "GET /models/[s]": cheap, "GET /models/big": dear },
    '"GET /models/[s]" before it',
  ],
  ["one under a wildcard", { "/files/*": cheap, "GET /files/[a]/x": dear }, '"/files/*" before it'],
  ["one that is written encoded", { "GET /caf%C3%A9": cheap }, "decoded"],
])("%s is STORE_CONFIG: no request would be priced by it", (_what, routes, words) => {
  const refused = { code: "STORE_CONFIG", message: expect.stringContaining(words) };
  expect(() => shop.gate(routes)).toThrow(expect.objectContaining(refused));
});

test("keys that overlap are taken where each has requests of its own, or the terms are the same", () => {
  shop.gate({ "GET /models/big": dear, "GET /models/[s]": cheap, "POST /models/[s]": dear, "/*": dear });
  shop.gate({ "GET /a/[x]": cheap, "GET /[y]/b": dear, "GET /a/*": dear });
  shop.gate({ "/*": cheap, "GET /same": { accepts: { ...oneCent } } });
});

test("a payment that is charged is finished where its path has become another route's since", async () => {
  const options = { order: "settle-then-serve", onHandlerError: () => undefined } as const;
  const context = { ...requestTo("/w/Free", paymentHeader((await makePayment(await shop.controls.payer())).payload)) };
  const before = shop.gate({ "GET /w/free": cheap }, options);
  const broken = handler(() => Promise.reject(new Error("a bug")));
  expect(await ask(before, broken, context)).toMatchObject({ error: "owed" });
  const after = shop.gate({ "GET /w/free": cheap, "GET /w/[s]": dear }, options);
  expect(await ask(after, handler(), requestTo("/w/Free"))).toMatchObject({ error: "ambiguous_path" });
  expect(await ask(after, handler(), context)).toMatchObject({ status: 200 });
  expect(shop.controls.counts().transfers).toBe(1);
});

test.each(["/models/big", "/models/bi%67", "/models/big/", "/models//%62ig", "/Models/big"])(
  "a price by the path of %s is that of what its handler sees",
  async (path) => {
    const price = ({ path: seen, adapter }: { path: string; adapter: { getPath(): string; getUrl(): string } }) => {
      const ways = [seen, adapter.getPath(), new URL(adapter.getUrl()).pathname];
      return ways.every((way) => way === "/models/big") ? "$5" : "$0.01";
    };
    const gate = shop.gate({ "GET /models/[s]": { accepts: { ...oneCent, price } } });
    const { payload } = await makePayment(await shop.controls.payer());
    const serve = handler();
    for (const router of [{}, { decodedPath: path }]) {
      expect(await ask(gate, serve, { ...requestTo(path, paymentHeader(payload)), ...router })).toMatchObject({
        status: 402,
      });
    }
    expect(serve).not.toHaveBeenCalled();
  },
);

/** Signs that URLs have a meaning for, and some that they have none for. */
const sign = fc.constantFrom(..."?#/\\%&=+;:@ .a2F5c\t\u00e9\u{1F600}", "%2F", "%5c", "%3F");
const part = fc.string({ unit: sign, minLength: 1, maxLength: 6 }).filter((text) => !/^\.{1,2}$/.test(text));
const anyEncoding = fc.func(fc.boolean());

test("a price by getUrl is that of the parameters and of the query that handlers read", async () => {
  let seen = new URL("https://none.example");
  const price = ({ adapter }: { adapter: { getUrl(): string } }) => {
    seen = new URL(adapter.getUrl());
    return "$1";
  };
  const gate = shop.gate({ "GET /t/*": { accepts: { ...oneCent, price } } });
  const query = fc.constantFrom("", "?tier=pro", "?a=?tier=pro", "?tier=basic&tier=pro");
  const spelt = fc.tuple(fc.array(part, { minLength: 1, maxLength: 3 }), anyEncoding, query);
  await fc.assert(
    fc.asyncProperty(spelt, async ([segments, isPlain, query]) => {
      const encode = (text: string) =>
        [...text].map((one) => (/^[a-z0-9]$/i.test(one) && isPlain(one) ? one : escaped(one))).join("");
      const path = `/t/${segments.map(encode).join("/")}`;
      await gate.handle(requestTo(path + query), new Uint8Array(), handler());
      expect(seen.pathname.split("/").slice(2).map(decodeURIComponent)).toEqual(segments);
      expect(seen.search).toBe(query);
    }),
    { numRuns: 60 },
  );
});

function escaped(sign: string): string {
  return [...Buffer.from(sign)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
}

test("what is no UTF-8 stays as it is in a path that a price function reads", () => {
  expect([plainPath("/%70ro/a%3F-%ff", ""), inUrl("/a?-%ff")]).toEqual(["/pro/a?-%ff", "/a%3F-%25ff"]);
});

test("routes are matched letter by letter as the SDK writes their patterns", () => {
  const one = { accepts: oneCent };
  const of = routesByLetter({ "post /a.b/[x]/:y": one, "/f/*": dear, "GET /m*n": cheap, "GET /m[s]": dear });
  const match = (path: string, method = "GET") => [...of({ path, method })];
  expect([match("/a.b/1/2", "POST"), match("/A.B/1/2/", "POST")]).toEqual([[one], [one]]);
  expect([match("/a.b/1/2"), match("/aXb/1/2", "POST"), match("/fx")]).toEqual([[], [], []]);
  expect([match("/f"), match("/f/"), match("/f/a\n/b")]).toEqual([[dear], [dear], [dear]]);
  expect([match("/m/n"), match("/mx"), match("/MN")]).toEqual([[cheap], [dear], [cheap]]);
  expect([...routesByLetter(one)({ path: "/any%zz", method: "PUT" })]).toEqual([one]);
  expect([...routesByLetter(one)({ path: "/\ud800", method: "PUT" })]).toEqual([one]);
});
