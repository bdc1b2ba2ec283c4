// Who may press the buttons: each way of not being the person at this machine is refused with its sentence.
import { describe, expect, test } from "vitest";
import { type Asking, whyNotAct, whyNotLocal } from "./who-may-act.ts";

const token = "a-token-of-this-start";

function asking(headers: Asking["headers"] = {}, remoteAddress: string | undefined = "127.0.0.1"): Asking {
  return { socket: { remoteAddress }, headers: { host: "127.0.0.1:4021", "x-csrf-token": token, ...headers } };
}

describe("an action", () => {
  test.each([
    ["IPv4", asking()],
    ["another loopback address", asking({ host: "127.1.2.3:80" }, "127.1.2.3")],
    ["IPv6", asking({ host: "[::1]:4021" }, "::1")],
    ["IPv4 written as IPv6", asking({ host: "localhost:4021" }, "::ffff:127.0.0.1")],
    ["localhost without a port", asking({ host: "LocalHost" })],
    ["the page itself", asking({ origin: "http://127.0.0.1:4021", "sec-fetch-site": "same-origin" })],
  ])("is taken from %s", (_name, request) => {
    expect(whyNotAct(request, token)).toBeUndefined();
  });

  test.each([
    ["another machine", asking({}, "192.168.1.7"), /from this machine only/],
    ["another machine over IPv6", asking({}, "::ffff:10.0.0.1"), /from this machine only/],
    ["a socket without an address", { ...asking(), socket: {} }, /from this machine only/],
    ["a foreign name for 127.0.0.1", asking({ host: "rebound.example:4021" }), /loopback name only/],
    ["a name that begins like one", asking({ host: "127.0.0.1.example" }), /loopback name only/],
    ["no name at all", asking({ host: undefined }), /loopback name only/],
    ["a proxy", asking({ "x-forwarded-for": "127.0.0.1" }), /not taken through a proxy/],
    ["a proxy that says so the new way", asking({ forwarded: "for=127.0.0.1" }), /not taken through a proxy/],
    ["a foreign page", asking({ origin: "https://evil.example" }), /own page only/],
    ["the page of another port", asking({ origin: "http://127.0.0.1:8080" }), /own page only/],
    ["a page without an origin", asking({ origin: "null" }), /own page only/],
    ["a browser that says cross-site", asking({ "sec-fetch-site": "cross-site" }), /own page only/],
    ["a browser that says same-site", asking({ "sec-fetch-site": "same-site" }), /own page only/],
    ["a request without a token", asking({ "x-csrf-token": undefined }), /token is missing or old/],
    ["a token of another start", asking({ "x-csrf-token": token.replace("a-", "b-") }), /token is missing or old/],
    ["the beginning of the token", asking({ "x-csrf-token": token.slice(0, -1) }), /token is missing or old/],
    ["two tokens", asking({ "x-csrf-token": [token, token] }), /token is missing or old/],
  ])("is not taken from %s", (_name, request, sentence) => {
    expect(whyNotAct(request, token)).toMatch(sentence);
  });
});

describe("the page", () => {
  test("needs no token and no origin to be given one", () => {
    expect(whyNotLocal({ socket: { remoteAddress: "::1" }, headers: { host: "localhost:1" } })).toBeUndefined();
  });

  test("gives none under a foreign name, whose page could read it", () => {
    expect(whyNotLocal(asking({ host: "rebound.example" }))).toMatch(/loopback name only/);
  });
});
