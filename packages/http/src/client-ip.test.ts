// Which address counts.
import { expect, test } from "vitest";
import { addressReader } from "./client-ip.ts";

test.each([
  [0, "203.0.113.7", "198.51.100.1", "203.0.113.7"],
  [1, "10.0.0.1", "198.51.100.1", "198.51.100.1"],
  [1, "10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"],
  [2, "10.0.0.1", "6.6.6.6, 198.51.100.1, 10.0.0.2", "198.51.100.1"],
  [2, "10.0.0.1", "198.51.100.1", "10.0.0.1"],
  [1, "10.0.0.1", "nonsense", "10.0.0.1"],
  [1, "10.0.0.1", "198.51.100.1:50000", "198.51.100.1"],
  [1, "10.0.0.1", "[2001:db8:1:2:3:4:5:6]:443", "2001:db8:1:2::/64"],
  [0, "::ffff:203.0.113.7", undefined, "203.0.113.7"],
  [1, "203.0.113.7", undefined, "203.0.113.7"],
  [100, "203.0.113.7", "198.51.100.1", "203.0.113.7"],
  [0, "2001:0DB8::1:2:3:4:5", undefined, "2001:db8:0:1::/64"],
  [0, "::1", undefined, "0:0:0:0::/64"],
  [0, "2001:db8:1::", undefined, "2001:db8:1:0::/64"],
  [0, "2001:db8::1%eth0", undefined, "2001:db8:0:0::/64"],
  [0, "fe80::1%a:b:c:d:e:f", undefined, "fe80:0:0:0::/64"],
  [0, undefined, "198.51.100.1", undefined],
])("behind %i proxies, from %s, told %s: %s", (trustedProxies, socket, told, address) => {
  expect(addressReader({ trustedProxies })(socket, told)).toBe(address);
});

test.each([-1, 1.5, Number.NaN, 101])("%s proxies are refused", (trustedProxies) => {
  expect(() => addressReader({ trustedProxies })).toThrow("trustedProxies");
});

test.each([undefined, null, 1, "1", [], {}, { trustedProxies: 1, trustProxies: 1 }])(
  "options that are %j are refused when it is made",
  (options) => {
    expect(() => Reflect.apply(addressReader, undefined, [options])).toThrow(
      expect.objectContaining({ code: "STORE_CONFIG" }),
    );
  },
);
