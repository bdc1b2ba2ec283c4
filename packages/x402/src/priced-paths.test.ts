// A price by the path or the URL is that of what the handler sees.
import fc from "fast-check";
import { expect, test } from "vitest";
import { handler, oneCent, requestTo, shopForEachTest } from "./paid-routes.test-support.ts";
import { inUrl, plainPath } from "./route-patterns.ts";

const shop = shopForEachTest();

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
