// What routes match letter by letter, and what becomes of a path that two of them could match.
import { makePayment, paymentHeader, payTo } from "@tollbooth-stores/sandbox";
import { expect, test } from "vitest";
import { ask, handler, oneCent, requestTo, shopForEachTest } from "./paid-routes.test-support.ts";
import { routesByLetter } from "./route-patterns.ts";

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

const priceOf =
  (dearPath: string) =>
  ({ path }: { path: string }) =>
    path === dearPath ? "$5" : "$0.01";

test.each([
  ["GET /*", "/models/Big", "/models/big"],
  ["*", "/MODELS/big", "/models/big"],
  ["GET /models/*", "/Models/Big/", "/models/big"],
  ["GET /[a]/*", "/models/bI%67", "/models/big"],
])(
  "under %s the path %s, for whose other spelling another price is asked, is 404 before any payment is looked at",
  async (...scene) => {
    const [key, path, dearPath] = scene;
    const serve = handler();
    const { payload } = await makePayment(await shop.controls.payer());
    const context = { ...requestTo(path), decodedPath: path, otherSpelling: path.toLowerCase() };
    const toOthers = ({ path: asked }: { path: string }) => (asked === dearPath ? `0x${"12".repeat(20)}` : payTo);
    const accepts = [
      { ...oneCent, price: priceOf(dearPath) },
      { ...oneCent, payTo: toOthers },
    ];
    for (const terms of accepts) {
      const gate = shop.gate({ [key]: { accepts: terms } });
      for (const headers of [{}, paymentHeader(payload)]) {
        const asked = { ...context, adapter: requestTo(path, headers).adapter };
        expect(await ask(gate, serve, asked)).toMatchObject({ status: 404, error: "ambiguous_path" });
      }
    }
    expect([serve.mock.calls.length, shop.controls.counts().verifies]).toEqual([0, 0]);
  },
);

test.each([
  ["the case of a part that the key names counts", "GET /models/[name]", "/models/Big", "/models/big"],
  ["it counts before a `*` too", "GET /[vendor]/*", "/Acme/big", "/acme/big"],
  ["what the key says letter by letter is read as it is there", "GET /Models/*", "/MODELS/big", "/Models/big/"],
  ["the same terms are asked for either", "GET /*", "/models/Big", "/models/other"],
])("a path is sold whose other spelling has other terms only where %s", async (_what, key, path, dearPath) => {
  const gate = shop.gate({ [key]: { accepts: { ...oneCent, price: priceOf(dearPath) } } });
  const { payload } = await makePayment(await shop.controls.payer());
  const context = { ...requestTo(path, paymentHeader(payload)), decodedPath: path, otherSpelling: path.toLowerCase() };
  expect(await ask(gate, handler(), context)).toMatchObject({ status: 200 });
});

test("where only the sent path is sold, the case of that one does not count either", async () => {
  const gate = shop.gate({ "GET /v1/*": { accepts: { ...oneCent, price: priceOf("/v1/big") } } });
  const context = { ...requestTo("/v1/Big"), decodedPath: "/Big", otherSpelling: "/big" };
  expect(await ask(gate, handler(), context)).toMatchObject({ error: "ambiguous_path" });
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
