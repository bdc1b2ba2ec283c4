// Places: never more at one time than there are, at no moment of any window.
import { createStores } from "@tollbooth-stores/core";
import { type ManualClock, manualClock, mapPort } from "@tollbooth-stores/core/testing";
import { beforeEach, expect, test } from "vitest";
import { type GiveBack, places, type TakePlace } from "./places.ts";

let clock: ManualClock;
let take: (count?: number) => TakePlace;
beforeEach(() => {
  clock = manualClock(Date.now());
  const { rateLimits } = createStores(mapPort(clock));
  take = (count = 5) => places(rateLimits, { name: "unsettled", count, heldForMs: 10_000 });
});

/** So many of the takers get a place. */
async function taken(times: number, client = "payer"): Promise<GiveBack[]> {
  const all = await Promise.all(Array.from({ length: times }, () => take()(client)));
  return all.flatMap((giveBack) => giveBack ?? []);
}

test("as many as there are, for each client", async () => {
  expect(await taken(9)).toHaveLength(5);
  expect(await taken(9, "another")).toHaveLength(5);
  expect(await taken(1)).toHaveLength(0);
});

test("at the border of a window what was taken last is still held", async () => {
  expect(await taken(1)).toHaveLength(1);
  clock.advance(9_900);
  expect(await taken(4)).toHaveLength(4);
  clock.advance(100);
  expect(await taken(5)).toHaveLength(1);
  clock.advance(9_899);
  expect(await taken(5)).toHaveLength(0);
  clock.advance(1);
  expect(await taken(5)).toHaveLength(4);
});

test("a place that was given back and taken again is held for its whole time", async () => {
  const [giveBack] = await taken(5);
  clock.advance(9_000);
  giveBack?.();
  await expect.poll(() => taken(1)).toHaveLength(1);
  clock.advance(1_000);
  expect(await taken(9)).toHaveLength(4);
});

test("never more are held than there are, whatever is taken, given back and forgotten", async () => {
  for (let round = 0; round < 300; round += 1) {
    const held: { until: number; giveBack: GiveBack }[] = [];
    for (let step = 0; step < 12; step += 1) {
      clock.advance(Math.floor(Math.random() * 4_000));
      const now = clock.now();
      const live = held.filter(({ until }) => until > now);
      if (Math.random() < 0.3 && live[0] !== undefined) {
        live[0].giveBack();
        live[0].until = now;
        await Promise.resolve();
        continue;
      }
      const giveBack = await take(3)(`payer ${round}`);
      if (giveBack !== undefined) held.push({ until: now + 10_000, giveBack });
      expect(held.filter(({ until }) => until > now).length).toBeLessThanOrEqual(3);
    }
  }
});

test("where there are hundreds, one who finds none free has asked for eight of them", async () => {
  let asked = 0;
  const { rateLimits } = createStores(mapPort(clock));
  const consume: typeof rateLimits.consume = async (...call) => {
    asked += 1;
    return { ...(await rateLimits.consume(...call)), allowed: false };
  };
  const none = await places({ ...rateLimits, consume }, { name: "p", count: 500, heldForMs: 1_000 })("payer");
  expect([none, asked]).toEqual([undefined, 8]);
});
