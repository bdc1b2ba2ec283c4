// The name of the function whose arguments are wrong.
import { expect, test } from "vitest";
import { StoreError } from "./errors.ts";
import { checkArguments } from "./named-refusal.ts";

const refuse = (): never => {
  throw new StoreError("STORE_CONFIG", "leaseMs is wrong.");
};

test("a refusal names the outermost function, once", () => {
  expect(() => checkArguments("paid", refuse)).toThrow(
    expect.objectContaining({ code: "STORE_CONFIG", message: "paid(): leaseMs is wrong." }),
  );
  expect(() => checkArguments("session", () => checkArguments("sessionReader", refuse))).toThrow(
    expect.objectContaining({ message: "session(): leaseMs is wrong." }),
  );
});

test("the checked value is returned, and any other error is thrown as it is", () => {
  expect(checkArguments("paid", () => 5)).toBe(5);
  const error = new StoreError("STORE_CLOSED", "Closed.");
  const fail = () => {
    throw error;
  };
  expect(() => checkArguments("paid", fail)).toThrow(error);
});
