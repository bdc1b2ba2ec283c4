// A call that is spent: what cannot be meant is refused when the route is made, or told, and never as "pay again".
import { expect, test } from "vitest";
import { requireSpendable, spendCall } from "./spend-call.ts";

const grant = { quotas: { calls: 100n } };

test.each<[string, unknown[], string]>([
  ["a quota that no sold session has", ["call", { grant }], 'It has: "calls"'],
  ["a quota, where sold sessions have time only", ["calls", { grant: {} }], "It has: none"],
  ["no quota", [undefined], "the name of a quota"],
  ["a status of its own", ["calls", { status: 429 }], "402 or 403"],
  ["a header that cannot be sent", ["calls", { header: "calls left" }], "header must be"],
  ["a misspelt option", ["calls", { headers: "x-left" }], '"header"'],
])("%s is STORE_CONFIG at once", (_what, given, words) => {
  expect(() => Reflect.apply(requireSpendable, undefined, given)).toThrow(
    expect.objectContaining({ code: "STORE_CONFIG", message: expect.stringContaining(words) }),
  );
});

test("what can be meant is taken", () => {
  requireSpendable("calls");
  requireSpendable("calls", { status: 403, header: "x-calls-left", grant });
});

test("a session that never had the quota is told so by 403, and one that has used it up by 402", async () => {
  const times = { createdAtMs: 0, expiresAtMs: 1, version: 0, id: "x", data: {} };
  const spendOf = (quotas: Record<string, bigint> | undefined) =>
    spendCall({ record: { ...times, quotas }, spend: async () => ({ status: "insufficient" }) }, "call");
  const told = async (quotas?: Record<string, bigint>) => {
    const { refused } = await spendOf(quotas);
    return [refused?.status, JSON.parse(new TextDecoder().decode(refused?.body)).error];
  };
  expect(await told({ calls: 9n })).toEqual([403, "no_such_quota"]);
  expect(await told()).toEqual([403, "no_such_quota"]);
  expect(await told({ call: 0n })).toEqual([402, "no_calls_left"]);
});
