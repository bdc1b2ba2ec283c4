// A price by the path or the URL is that of what the handler sees, and of what it may make of it.
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import type { RoutesConfig } from "@x402/core/server";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ask, handler, oneCent, requestTo, shopForEachTest } from "./paid-routes.test-support.ts";
import { inUrl, plainPath } from "./route-patterns.ts";

const shop = shopForEachTest();

/** Signs that URLs have a meaning for, and some that they have none for. */
const sign = fc.constantFrom(..."?#/\\%&=+;:@ .a2F5c\t\u00e9\u{1F600}", "%2F", "%5c", "%3F");
const part = fc.string({ unit: sign, minLength: 1, maxLength: 6 }).filter((text) => !/^\.{1,2}$/.test(text));
const anyEncoding = fc.func(fc.boolean());

test("a price by getUrl is that of the parameters and of the query that handlers read", async () => {
  let asked: URL[] = [];
  const price = ({ adapter }: { adapter: { getUrl(): string } }) => {
    asked.push(new URL(adapter.getUrl()));
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
      asked = [];
      await gate.handle(requestTo(path + query), new Uint8Array(), handler());
      const [seen] = asked;
      expect(seen?.pathname.split("/").slice(2).map(decodeURIComponent)).toEqual(segments);
      expect(seen?.search).toBe(query);
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

const cheap = { accepts: oneCent };
const dear = { accepts: { ...oneCent, price: "$5" } };
const ofTwoPrices = { "GET /cheap/dear": dear, "GET /cheap/[id]": cheap, "GET /u/[url]": cheap, "GET /dear/*": dear };
const byPath = ({ path }: { path: string }) => (path === "/m/big" ? "$5" : "$0.01");
const byUrl = ({ path }: { path: string }) =>
  path === "/m/https:%2F%2Fe.com%25" || path === "/m/https:%2F%2Fe.com%2Fa" ? "$0.01" : "$5";
const byQuery = ({ adapter }: { adapter: { getUrl(): string } }) =>
  new URL(adapter.getUrl()).searchParams.has("pro") ? "$5" : "$0.01";

test.each<[string, RoutesConfig]>([
  ["/cheap/x%2F..%2Fdear", ofTwoPrices],
  ["/cheap/x%252F..%252Fdear", ofTwoPrices],
  ["/cheap/dear%3Fx", ofTwoPrices],
  ["/cheap/dear%23", ofTwoPrices],
  ["/cheap/%2Fdear", ofTwoPrices],
  ["/cheap/dear%2F", ofTwoPrices],
  ["/cheap/dear%20", ofTwoPrices],
  ["/cheap/%2564ear", ofTwoPrices],
  ["/cheap/de%0Aar", ofTwoPrices],
  ...["/m/x%2F..%2Fbig", "/m/%0abig", "/m/%2Fbig", "/m/big%5C", "/m/\\big"].map((path): [string, RoutesConfig] => [
    path,
    { "GET /m/*": { accepts: { ...oneCent, price: byPath } } },
  ]),
  ...["GET /m/[id]", "GET /m/*"].flatMap((key) =>
    ["/m/big%3Fx", "/m/big%23", "/m/big%3f", "/m/big%2F%3Fx", "/m/%2562ig", "/m/%252562ig", "/m/bi%2567%3Fx"].map(
      (path): [string, RoutesConfig] => [path, { [key]: { accepts: { ...oneCent, price: byPath } } }],
    ),
  ),
  ...["/m/big%2Fx%2F..%3Fa/b", "/m/big%2Fx%2F..%23/b"].map((path): [string, RoutesConfig] => [
    path,
    { "GET /m/*": { accepts: { ...oneCent, price: byPath } } },
  ]),
  // Read once more it has another price.
  ["/m/https%3A%2F%2Fe.com%2525", { "GET /m/*": { accepts: { ...oneCent, price: byUrl } } }],
])(
  "%s is 404: a URL that a handler makes of its parameter may lead to what has another price",
  async (path, routes) => {
    const serve = handler();
    const { payload } = await makePayment(await shop.controls.payer());
    for (const router of [{}, { decodedPath: path }]) {
      const context = { ...requestTo(path, paymentHeader(payload)), ...router };
      expect(await ask(shop.gate(routes), serve, context)).toMatchObject({ status: 404, error: "ambiguous_path" });
    }
    expect(serve).not.toHaveBeenCalled();
  },
);

test.each([
  ["/u/https%3A%2F%2Fe.com%2Fa%2F..%2Fb", ofTwoPrices],
  ["/u/dear%2Fx%3Fy", ofTwoPrices],
  ["/cheap/100%2525", ofTwoPrices],
  ["/m/x%2F..%2Fbig", { "GET /m/*": cheap }],
  ["/m/https%3A%2F%2Fe.com%2Fa", { "GET /m/[url]": { accepts: { ...oneCent, price: byUrl } } }],
  ["/m/100%25%20more%3F", { "GET /m/[text]": { accepts: { ...oneCent, price: byPath } } }],
  ["/m/x%2F..%2Fbig", { "GET /m/*": { accepts: { ...oneCent, price: byQuery } } }],
])("%s is sold where all that it may lead to has the same price", async (path, routes) => {
  const { payload } = await makePayment(await shop.controls.payer());
  const context = { ...requestTo(path, paymentHeader(payload)), decodedPath: path };
  expect(await ask(shop.gate(routes), handler(), context)).toMatchObject({ status: 200 });
});
