// Large sessions and large subjects: a call costs what it changes, not what is stored.
import { manualClock } from "@tollbooth-stores/core/testing";
import { expect, it } from "vitest";
import { createMemorySessionStore } from "./create-memory-stores.ts";

const idleTtlMs = 600_000;

/** The best of several rounds of 50 calls, in milliseconds. */
async function bestOf(call: () => Promise<unknown>): Promise<number> {
  let bestMs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 12; round += 1) {
    const startedMs = performance.now();
    for (let count = 0; count < 50; count += 1) await call();
    bestMs = Math.min(bestMs, performance.now() - startedMs);
  }
  return bestMs;
}

it("a credit of a session with 20,000 opIds takes no longer than with 1,000", async () => {
  const store = createMemorySessionStore({ clock: manualClock() });
  const timeAt = async (opIds: number) => {
    const { record } = await store.create({ data: 0, idleTtlMs, quotas: { calls: 0n } });
    let next = 0;
    const credit = async () => {
      next += 1;
      await store.credit(record.id, { opId: `op ${next}`, quotas: { calls: 1n } });
    };
    while (next < opIds) await credit();
    const ms = await bestOf(credit);
    expect((await store.get(record.id))?.quotas).toEqual({ calls: BigInt(next) });
    return ms;
  };
  const small = await timeAt(1_000);
  // A copy of all opIds would take some twenty times as long.
  expect((await timeAt(20_000)) / small).toBeLessThan(4);
}, 60_000);

it("a session of a subject with 20,000 sessions is made, used and ended in no more time than with 1,000", async () => {
  const store = createMemorySessionStore({ clock: manualClock() });
  const timeAt = async (sessions: number) => {
    const subject = `subject of ${sessions}`;
    for (let count = 0; count < sessions; count += 1) await store.create({ data: 0, subject, idleTtlMs });
    const ms = await bestOf(async () => {
      const { record } = await store.create({ data: 0, subject, idleTtlMs });
      await store.credit(record.id, { opId: "1", extendMs: 1 });
      await store.delete(record.id);
    });
    expect(await store.deleteBySubject(subject)).toEqual({ deleted: sessions });
    return ms;
  };
  const small = await timeAt(1_000);
  expect((await timeAt(20_000)) / small).toBeLessThan(4);
}, 60_000);
