// Addresses as readers without the key see them.
import { expect, test } from "vitest";
import { shortAddress } from "./short-address.ts";

test.each([
  ["203.0.113.7", "203.0.…"],
  ["2001:db8:1:2::/64", "2001:db8:…"],
  ["0x2096…287c", "0x2096…287c"],
  ["unknown", "unknown"],
])("%s becomes %s", (client, shown) => {
  expect(shortAddress(client)).toBe(shown);
});
