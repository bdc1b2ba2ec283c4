// What a completed payment keeps, and what is refused as such.
import { describe, expect, it } from "vitest";
import { readReceipt, writeReceipt } from "./receipt.ts";

describe("a kept receipt", () => {
  it("comes back with what was stored of the result, and without where nothing was", () => {
    expect(readReceipt(writeReceipt("tx", "content"))).toStrictEqual({ receipt: "tx", stored: "content" });
    expect(readReceipt(writeReceipt("tx", ""))).toStrictEqual({ receipt: "tx", stored: "" });
    expect(readReceipt(writeReceipt("tx", undefined))).toStrictEqual({ receipt: "tx" });
    expect(readReceipt(writeReceipt("\ud800", undefined))).toStrictEqual({ receipt: "\ud800" });
  });

  it("has a stable form, as other versions read it", () => {
    expect(writeReceipt("tx", "content")).toBe('{"receipt":"tx","stored":"content"}');
    expect(writeReceipt("tx", undefined)).toBe('{"receipt":"tx"}');
  });

  it("is refused where it is something else, without quoting it", () => {
    for (const value of ["", "secret", "null", "7", '"secret"', "[]", "{}", '{"receipt":7}', '{"receipt":null}']) {
      expect(() => readReceipt(value)).toThrow(
        expect.objectContaining({
          code: "STORE_CORRUPT",
          message: expect.stringMatching(/cannot be read; it was kept/),
        }),
      );
      expect(() => readReceipt(value)).not.toThrow(/secret/);
    }
  });

  it("of a stored result that is no text keeps the receipt", () => {
    expect(readReceipt('{"receipt":"tx","stored":7}')).toStrictEqual({ receipt: "tx" });
  });
});
