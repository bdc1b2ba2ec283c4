// Right and wrong checksums of EVM addresses.
import { getAddress } from "viem";
import { expect, test } from "vitest";
import { hasRightChecksum } from "./address-checksum.ts";

/** Any addresses, each time the same. */
const addresses = Array.from({ length: 100 }, (_, at) => {
  const word = (0x9e3779b97f4a7c15n * BigInt(at + 1)) ** 5n;
  return getAddress(`0x${word.toString(16).padStart(40, "0").slice(-40)}`);
});

test("what viem writes is right, and so is an address in one case", () => {
  for (const address of addresses) {
    const digits = address.slice(2);
    const spellings = [address, `0x${digits.toLowerCase()}`, `0x${digits.toUpperCase()}`];
    expect(spellings.map(hasRightChecksum)).toEqual([true, true, true]);
  }
});

test("one letter of another case, or one digit that is mistyped, is wrong", () => {
  const other = (letter: string) => (letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase());
  for (const address of addresses) {
    const turned = address.replace(/(?<=^0x.*)[a-fA-F]/, other);
    expect([turned === address, hasRightChecksum(turned)]).toEqual([false, false]);
  }
  expect(hasRightChecksum("0x209693Bc6afc0C5328bA36FaF03C514EF312287D")).toBe(false);
});
