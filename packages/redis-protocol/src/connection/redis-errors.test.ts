// A server's error is known by its leading word, in the form of every version.
import { expect, it } from "vitest";
import { errorWord } from "./redis-errors.ts";

it.each([
  ["READONLY You can't write against a read only replica.", "READONLY"],
  ["@user_script: 1: -READONLY You can't write against a read only replica.", "READONLY"],
  ["@user_script:12: -OOM command not allowed when used memory > 'maxmemory'.", "OOM"],
  ["NOSCRIPT No matching script. Please use EVAL.", "NOSCRIPT"],
  ["Connection is closed.", undefined],
  ["read ECONNRESET", undefined],
])("the word of %j is %s", (message, word) => {
  expect(errorWord(new Error(message))).toBe(word);
});

it("only an error has one", () => {
  expect(errorWord("READONLY")).toBeUndefined();
});
