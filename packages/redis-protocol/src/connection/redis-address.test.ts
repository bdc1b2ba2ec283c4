// Redis URLs: one parser for code and documents, so that both take and refuse the same.
import { expect, it } from "vitest";
import { parseEndpoint, parseRedisUrl, type RedisUrl, shownUrl } from "./redis-address.ts";

const taken: [string, RedisUrl][] = [
  ["redis://localhost", { host: "localhost", port: 6_379, tls: false }],
  ["REDIS://localhost/", { host: "localhost", port: 6_379, tls: false }],
  ["rediss://redis.example:6380/2", { host: "redis.example", port: 6_380, db: 2, tls: true }],
  ["redis://[::1]:7000", { host: "::1", port: 7_000, tls: false }],
  ["redis://user:pass@h", { host: "h", port: 6_379, username: "user", password: "pass", tls: false }],
  ["redis://:pass@h", { host: "h", port: 6_379, password: "pass", tls: false }],
  ["redis://u:p%40s%3As%2F%25@h", { host: "h", port: 6_379, username: "u", password: "p@s:s/%", tls: false }],
  ["redis://u:p:s@h", { host: "h", port: 6_379, username: "u", password: "p:s", tls: false }],
];
it.each(taken)("takes %s", (written, parts) => {
  expect(parseRedisUrl(written)).toEqual(parts);
});

it.each([
  ["", /^is empty; is its environment variable set/],
  ["http://localhost", /^must be redis:/],
  ["localhost:6379", /^must be redis:/],
  ["redis:localhost", /^must be redis:/],
  ["redis://", /^must be redis:/],
  ["redis://:6379", /^must be redis:/],
  ["redis://h:0", /^must be redis:/],
  ["redis://h:70000", /^must be redis:/],
  ["redis://user:p@ss@h", /percent-encoded/],
  ["redis://user:p/ss@h", /percent-encoded/],
  ["redis://:%zz@h", /percent-encoded/],
  ["redis://user:p#ss@h", /percent-encoded/],
  ["redis://h?family=6", /no \? or #/],
  ["redis://h/other", /number of a database/],
  ["redis://h/1/2", /number of a database/],
])("refuses %s, and quotes nothing of it", (written, problem) => {
  expect(parseRedisUrl(written)).toEqual({ problem: expect.stringMatching(problem) });
  expect(parseRedisUrl(written)).toEqual({ problem: expect.not.stringMatching(/p@ss|zz|family|other/) });
});

it("shows a URL without its user and password, and nothing of one that is wrong", () => {
  expect(shownUrl("rediss://user:pass@[::1]:7000/3")).toBe("rediss://[::1]:7000/3");
  expect(shownUrl("redis://user:p@ss@h")).toBe("***");
});

it("reads a host and port alone", () => {
  expect(parseEndpoint("node:7000", 1)).toEqual({ host: "node", port: 7_000 });
  expect(parseEndpoint("::1", 1)).toBeUndefined();
});
