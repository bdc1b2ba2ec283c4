// Errors of a facilitator client: which of them speak of the payment.
import { SettleError, VerifyError } from "@x402/core/types";
import { describe, expect, test } from "vitest";
import { errorOfSettle, errorOfVerify } from "./sdk-errors.ts";

const rejected = { isValid: false, invalidReason: "invalid_exact_evm_signature" };
const refused = {
  success: false,
  errorReason: "invalid_exact_evm_signature",
  transaction: "",
  network: "eip155:84532",
} as const;

describe("a status", () => {
  test.each([400, 402, 412, 422])("of %s speaks of the payment", (status) => {
    expect(errorOfVerify(new VerifyError(status, rejected))).toEqual(rejected);
    expect(errorOfSettle(new SettleError(status, refused))).toEqual(refused);
  });

  test.each([401, 403, 408, 429, 500, 503])("of %s does not", (status) => {
    expect(errorOfVerify(new VerifyError(status, rejected))).toBeUndefined();
    expect(errorOfSettle(new SettleError(status, refused))).toBeUndefined();
  });
});

test("any other error says nothing", () => {
  const error = Object.assign(new Error("connection lost"), { statusCode: 400, errorReason: refused.errorReason });
  expect(errorOfVerify(error)).toBeUndefined();
  expect(errorOfSettle(error)).toBeUndefined();
});
