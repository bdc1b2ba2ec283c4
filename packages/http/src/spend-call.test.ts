// spend() with a quota that its grant does not have is refused before anything is sold.
import { expect, test } from "vitest";
import { requireSpend } from "./spend-call.ts";

test.each([
  [{ quotas: { calls: 100n } }, 'It has: "calls"'],
  [{}, "It has: none"],
])("a quota that is not in the grant that is sold is STORE_CONFIG at once", (grant, words) => {
  expect(() => requireSpend("call", { grant })).toThrow(
    expect.objectContaining({ code: "STORE_CONFIG", message: expect.stringContaining(words) }),
  );
  requireSpend("calls", { grant: { quotas: { calls: 1n } } });
  requireSpend("calls");
});
