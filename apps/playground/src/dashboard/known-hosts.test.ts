// The names under which the dashboard answers: this machine's and the configured ones, and no others.
import { expect, test } from "vitest";
import { isKnownHost } from "./known-hosts.ts";

const config = { host: "gateway.internal", origin: "https://api.example.com" };
const asked = (host: string | undefined, localAddress = "127.0.0.1") => ({
  socket: { localAddress },
  headers: { host },
});

test.each([
  ["127.0.0.1:4021"],
  ["127.1.2.3"],
  ["LocalHost:80"],
  ["[::1]:4021"],
  ["api.example.com"],
  ["API.example.com:443"],
  ["gateway.internal:4021"],
])("%s is known", (host) => {
  expect(isKnownHost(asked(host), config)).toBe(true);
});

test.each([
  ["rebound.example:4021"],
  ["127.0.0.1.example"],
  ["localhost.example"],
  ["x.api.example.com"],
  ["192.168.1.7"],
  ["127.0.0.1@evil.example"],
  ["evil.example/127.0.0.1"],
  ["0.0.0.0"],
  [""],
  [undefined],
])("%s is not", (host) => {
  expect(isKnownHost(asked(host), config)).toBe(false);
  expect(isKnownHost(asked(host), {})).toBe(false);
});

test("the address that the connection came in at is known: no name stands behind it", () => {
  expect(isKnownHost(asked("192.168.1.7:4021", "192.168.1.7"), { host: "0.0.0.0" })).toBe(true);
  expect(isKnownHost(asked("192.168.1.7:4021", "::ffff:192.168.1.7"), { host: "::" })).toBe(true);
  expect(isKnownHost(asked("[fd00::7]:4021", "fd00::7"), { host: "::" })).toBe(true);
  expect(isKnownHost(asked("192.168.1.8:4021", "192.168.1.7"), { host: "0.0.0.0" })).toBe(false);
});
