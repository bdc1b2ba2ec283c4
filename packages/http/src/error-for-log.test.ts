// What a log holds of an error that nothing foresaw: its kind and its place, and never its message.
import { expect, test } from "vitest";
import { errorForLog } from "./error-for-log.ts";

test("an error is told by its kind and its place, without its message", () => {
  const { error, at } = errorForLog(new TypeError("secret\n  in two lines"));
  expect([error, at?.[0]]).toEqual(["TypeError", expect.stringContaining("error-for-log.test.ts")]);
  expect(JSON.stringify([error, at, errorForLog("secret")])).not.toContain("secret");
});

test("what is no Error, or has no stack, is told by its type or name", () => {
  expect(errorForLog("secret")).toEqual({ error: "string", at: undefined });
  const bare = new RangeError("secret");
  Reflect.deleteProperty(bare, "stack");
  expect(errorForLog(bare)).toEqual({ error: "RangeError", at: undefined });
});
