// What only JavaScript can pass: refused with STORE_CONFIG that names the function, the option and the mend.
import { expect, it } from "vitest";
import * as doctor from "./index.ts";

const SECRET = "hunter2";
const url = `redis://:${SECRET}@127.0.0.1:1`;

const rows: readonly [what: string, given: readonly unknown[], ...words: string[]][] = [
  ["no arguments", [], "options must be an object", "url", "config"],
  ["an address", [url], "options must be an object", "url", "config"],
  ["null", [null], "options must be an object"],
  ["a list", [[url]], "options must be an object"],
  ["neither a configuration nor an address", [{}], "config", "url"],
  ["both", [{ config: "tollbooth.config.yaml", url }], "config", "url", "not both"],
  ["a misspelt option", [{ url, keyprefix: "shop" }], 'did you mean "keyPrefix"?'],
  ["an address that is a number", [{ url: 6379 }], "url must be text"],
  ["an address that is empty", [{ url: "" }], "url must be text"],
  ["an address that is a URL object", [{ url: new URL(url) }], "url must be text"],
  ["another client", [{ url, client: "node-redis" }], "client", '"redis" or "ioredis"'],
  ["a prefix that is none", [{ url, keyPrefix: "a b" }], "keyPrefix must be 1 to 200 characters"],
  ["a prefix that is a number", [{ url, keyPrefix: 5 }], "keyPrefix must be 1 to 200 characters"],
  ["a prefix beside a configuration", [{ config: { stores: {} }, keyPrefix: "shop" }], "keyPrefix", "`url`"],
  ["a client beside a configuration", [{ config: { stores: {} }, client: "redis" }], "client", "`url`"],
  ["text for env", [{ config: { stores: {} }, env: "REDIS_URL=x" }], "env must be an object of texts"],
];

it.each(rows)("examine with %s is STORE_CONFIG, and says how it is meant", async (_, given, ...words) => {
  const refused = await Reflect.apply(doctor.examine, undefined, given).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "STORE_CONFIG", message: expect.stringMatching(/^examine\(\): /) });
  for (const word of words) expect(Object(refused).message).toContain(word);
  expect(Object(refused).message).not.toContain(SECRET);
});

it("each exported function has its rows", () => {
  expect(Object.keys(doctor)).toEqual(["examine"]);
});
