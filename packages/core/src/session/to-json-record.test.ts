// Records as JSON: bigint quotas become decimal text.
import { expect, it } from "vitest";
import { manualClock, mapPort } from "../testing.ts";
import { createSessionStore } from "./create-session-store.ts";
import { toJSONRecord } from "./to-json-record.ts";

it("writes quotas as decimal strings, exactly and under any name", async () => {
  const store = createSessionStore(mapPort(manualClock()), { defaults: { idleTtlMs: 1_000 } });
  const quotas = { wei: 9_223_372_036_854_775_807n, ["__proto__"]: 1n };
  const { record } = await store.create({ data: { plan: "pro" }, quotas });
  const { quotas: _, ...rest } = record;
  const text = '{"wei":"9223372036854775807","__proto__":"1"}';
  expect(JSON.parse(JSON.stringify(toJSONRecord(record)))).toStrictEqual({ ...rest, quotas: JSON.parse(text) });
});

it("adds no quotas to a session without, listed or not", async () => {
  const store = createSessionStore(mapPort(manualClock()), { defaults: { idleTtlMs: 1_000 } });
  const { record } = await store.create({ data: 1, subject: "alice" });
  expect(toJSONRecord(record)).toStrictEqual(record);
  for await (const listed of store.listBySubject("alice")) expect(toJSONRecord(listed)).toStrictEqual(listed);
});
