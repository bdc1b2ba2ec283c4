// Slots as a Redis Cluster tells them.
import { expect, it } from "vitest";
import { keySlot, tagOfEach } from "./key-slot.ts";

it("finds no tag for an owner of a slot that no key has", () => {
  const owners = Array<string | undefined>(16_385);
  owners[0] = "a";
  owners[16_384] = "b";
  expect(tagOfEach(owners)).toHaveLength(1);
});

it("is the specification's checksum of the key, or of its hash tag alone", () => {
  // The specification's own test value of the checksum is 0x31C3.
  expect(keySlot("123456789")).toBe(0x31c3);
  expect(keySlot("foo")).toBe(12_182);
  expect(keySlot("{foo}.a")).toBe(12_182);
  expect(keySlot("a{foo}{b}")).toBe(12_182);
  expect(keySlot("{}foo")).not.toBe(keySlot("{}bar"));
  expect(keySlot("foo{}{bar}")).not.toBe(keySlot("bar"));
});
