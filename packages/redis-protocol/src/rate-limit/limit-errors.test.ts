// The error of one key's calls, from the text that any server's script gives.
import { expect, it } from "vitest";
import { limitError } from "./limit-errors.ts";

it.each([
  ["OOM command not allowed when used memory > 'maxmemory'.", "STORE_UNAVAILABLE", "not-applied", /maxmemory/],
  ["-OOM command not allowed when used memory > 'maxmemory'.", "STORE_UNAVAILABLE", "not-applied", /maxmemory/],
  ["@user_script: 1: -OOM command not allowed", "STORE_UNAVAILABLE", "not-applied", /maxmemory/],
  [
    "@user_script:1: -NOREPLICAS Not enough good replicas to write.",
    "STORE_UNAVAILABLE",
    "not-applied",
    /min-replicas/,
  ],
  ["The user executing the script can't run this command", "STORE_UNAVAILABLE", "unknown", /ACL/],
  ["ACL failure in script: x", "STORE_UNAVAILABLE", "unknown", /ACL/],
  ["CORRUPT", "STORE_CORRUPT", "not-applied", /keyPrefix/],
])("reads %s", (text, code, outcome, message) => {
  expect(limitError(text)).toMatchObject({ code, outcome });
  expect(limitError(text).message).toMatch(message);
});
