// The names of records: the same with and without the memory of routes, and apart from one another.
import { expect, it } from "vitest";
import { pseudonymizer } from "../hashing.ts";
import { escapeRoute } from "../keys.ts";
import { plainly, recordKeys, ruleOf } from "./record-keys.ts";

const policy = { algorithm: "fixed-window", limit: 1, windowMs: 1_000 } as const;

it("names a record the same the first time, again, and after more routes than are remembered", () => {
  const hash = pseudonymizer(undefined);
  const keyOf = recordKeys("p", hash);
  const routes = ["GET /a", "{x}:*", "x".repeat(5_000), ...Array.from({ length: 1_100 }, (_, i) => `/user/${i}`)];
  for (const round of [1, 2]) {
    for (const route of routes) {
      const expected = `p:${escapeRoute(route)}:{${hash("c")}}:fw1000`;
      expect(keyOf({ route, client: "c", policy }, "fw", 1_000).key, `round ${round}`).toBe(expected);
    }
  }
});

it("tells clients, windows and algorithms of one route apart", () => {
  const keyOf = recordKeys("p", pseudonymizer("secret"));
  const of = (client: string, tag: string, windowMs: number) =>
    keyOf({ route: "r", client, policy }, tag, windowMs).key;
  const keys = [of("a", "fw", 1), of("b", "fw", 1), of("a", "sw", 1), of("a", "fw", 11)];
  expect(new Set(keys).size).toBe(4);
});

it("names a client plainly, a long one by its beginning and hash, and never two alike", () => {
  const hash = pseudonymizer(undefined);
  const name = plainly(hash);
  const long = "x".repeat(5_000);
  expect([name("203.0.113.7"), name("")]).toEqual(["203.0.113.7", ""]);
  expect(name(long)).toBe(long.slice(0, 100) + hash(long));
  const clients = ["x".repeat(100), "x".repeat(101), long, name(long), `${long}y`];
  expect(new Set(clients.map(name)).size).toBe(clients.length);
});

it("tells of a key only its rule: the same for every client, another for another route, algorithm or window", () => {
  for (const hash of [pseudonymizer(undefined), plainly(pseudonymizer(undefined))]) {
    const keyOf = recordKeys("p", hash);
    const rule = (route: string, client: string, tag = "fw", windowMs = 1_000) =>
      ruleOf(keyOf({ route, client, policy }, tag, windowMs).key);
    for (const client of ["a", "b", "{a}:fw1", "}", "{", ""])
      expect(rule("GET /{id}", client)).toBe(rule("GET /{id}", "c"));
    const rules = [rule("r", "a"), rule("s", "a"), rule("r", "a", "sw"), rule("r", "a", "fw", 1)];
    expect(new Set(rules).size).toBe(4);
  }
});
