// Who may press the buttons: the key and nothing else decides, and a page that is not ours never.
import { expect, test } from "vitest";
import { isFromForeignPage, standingOf } from "./operator-key.ts";

const key = "the-key-of-this-start";

test.each([
  ["the key", { "x-dashboard-key": key }, "operator"],
  ["the key, through a proxy", { "x-dashboard-key": key, "x-forwarded-for": "203.0.113.7" }, "operator"],
  ["no key", {}, "reader"],
  ["the key of another start", { "x-dashboard-key": key.replace("the", "tha") }, "stranger"],
  ["the beginning of the key", { "x-dashboard-key": key.slice(0, -1) }, "stranger"],
  ["an empty key", { "x-dashboard-key": "" }, "stranger"],
  ["the key twice", { "x-dashboard-key": `${key}, ${key}` }, "stranger"],
  ["the key elsewhere", { authorization: `Bearer ${key}`, cookie: `x-dashboard-key=${key}` }, "reader"],
])("a request with %s comes from the right one", (_name, headers, standing) => {
  expect(standingOf(headers, key)).toBe(standing);
});

test.each([
  ["no browser", {}, false],
  ["our page", { origin: "http://127.0.0.1:4021", "sec-fetch-site": "same-origin" }, false],
  ["our page behind TLS", { origin: "https://127.0.0.1:4021" }, false],
  ["an address typed in", { "sec-fetch-site": "none" }, false],
  ["a foreign page", { origin: "https://evil.example" }, true],
  ["the page of another port", { origin: "http://127.0.0.1:8080" }, true],
  ["a page without an origin", { origin: "null" }, true],
  ["a browser that says cross-site", { "sec-fetch-site": "cross-site" }, true],
  ["a browser that says same-site", { "sec-fetch-site": "same-site" }, true],
])("%s is a foreign page or not", (_name, headers, foreign) => {
  expect(isFromForeignPage({ host: "127.0.0.1:4021", ...headers })).toBe(foreign);
});
