// Which addresses may be paid.
import { expect, test } from "vitest";
import { payToObjection } from "./payable.ts";

const mistyped = "0x209693Bc6afc0C5328bA36FaF03C514EF312287D";

test("letters of a chain whose checksum has its number in it are taken as they are, and those of others are checked", () => {
  expect(payToObjection(mistyped, "eip155:30")).toBeUndefined();
  expect(payToObjection(mistyped, "eip155:31")).toBeUndefined();
  expect(payToObjection(mistyped, "eip155:3")).toMatch("EIP-55");
  expect(payToObjection(mistyped, "eip155:8453")).toMatch("EIP-55");
});
