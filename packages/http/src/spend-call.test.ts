// A call that is spent: a quota that is spelt otherwise than the one that is sold shows early, and never as "pay again".
import { expect, test } from "vitest";
import { requireSpend, spendCall } from "./spend-call.ts";

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

test("a session that never had the quota is told so by 403, and one that has used it up by 402", async () => {
  const times = { createdAtMs: 0, expiresAtMs: 1, version: 0, id: "x", data: {} };
  const spendOf = (quotas: { quotas?: Record<string, bigint> }) =>
    spendCall({ record: { ...times, ...quotas }, spend: async () => ({ status: "insufficient" }) }, "call");
  const told = async (quotas?: Record<string, bigint>) => {
    const { refused } = await spendOf(quotas === undefined ? {} : { quotas });
    return [refused?.status, JSON.parse(new TextDecoder().decode(refused?.body)).error];
  };
  expect(await told({ calls: 9n })).toEqual([403, "no_such_quota"]);
  expect(await told()).toEqual([403, "no_such_quota"]);
  expect(await told({ call: 0n })).toEqual([402, "no_calls_left"]);
});
