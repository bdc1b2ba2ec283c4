// All stores, 11: check() tells whether a write would be taken, and changes nothing.
import assert from "node:assert/strict";
import { isStoreError, type Lease, type Stores } from "@tollbooth-stores/core";
import { answerOf, bytesOf, rejectsWith } from "../assertions.ts";
import { check, claim, furnish, type StoresProperty, stateOf } from "./checks.ts";

export const checkingProperties: readonly StoresProperty[] = [
  {
    id: "all/11a",
    title: "check() answers where writes are taken, and changes nothing that the stores hold",
    async run(bench) {
      const stores = await bench.open();
      const { latencyMs } = await answerOf("check() of an empty backend", () => stores.check());
      assert.ok(Number.isFinite(latencyMs) && latencyMs >= 0, "latencyMs");
      const furnished = await furnish(stores);
      const before = await stateOf(stores, furnished);
      await answerOf("check()", () => stores.check());
      await Promise.all(Array.from({ length: 10 }, () => answerOf("check() ten times at once", () => stores.check())));
      assert.deepEqual(await stateOf(stores, furnished), before, "check() changed the stores");
    },
  },
  {
    id: "all/11b",
    title: "check() leaves no key behind, and the others as they were",
    needs: ["inspect"],
    async run(bench) {
      const namespace = bench.namespace();
      const stores = await bench.open(namespace);
      await furnish(stores);
      const before = bytesOf(await bench.probe("inspect")(namespace));
      await stores.check();
      assert.deepEqual(bytesOf(await bench.probe("inspect")(namespace)), before);
    },
  },
  {
    id: "all/11c",
    title: "check() rejects where the backend refuses writes",
    needs: ["server"],
    async run(bench) {
      const stores = await bench.open();
      // Not READONLY: a store may look for another server then, and find that it takes writes.
      for (const word of ["OOM", "MISCONF", "NOREPLICAS"]) {
        await bench.probe("server").answerOnce(`${word} said the server`);
        await rejectsWith("STORE_UNAVAILABLE", word, () => stores.check());
        await answerOf(`check() after ${word}`, () => stores.check());
      }
    },
  },
  {
    id: "all/11d",
    title: "check() of a full store says STORE_CAPACITY where new work would be refused, and evicts nothing",
    needs: ["bounded"],
    async run(bench) {
      const open = () => bench.keep(bench.probe("bounded")(bench.namespace(), 10));
      await keepsWhatMayBeEvicted(await open());
      const full = await open();
      for (const [what, fill] of Object.entries(fillings)) {
        const ended = await fill(full);
        await rejectsWith("STORE_CAPACITY", `check() of a store full of ${what}`, () => full.check());
        await ended();
        await answerOf(`check() of a store from which ${what} have gone`, () => full.check());
      }
    },
  },
];

/** A full store that can make room is ready; only a real write may drop something for it. */
async function keepsWhatMayBeEvicted(stores: Stores): Promise<void> {
  const clients = Array.from({ length: 10 }, (_, index) => ({ ...check, client: `client ${index}` }));
  for (const client of clients) await stores.rateLimits.consume(client);
  const remaining = async () =>
    (await Promise.all(clients.map((client) => stores.rateLimits.peek(client)))).map((decision) => decision.remaining);
  const before = await remaining();
  await answerOf("check() of a store that can make room", () => stores.check());
  assert.deepEqual(await remaining(), before, "a record was evicted");
}

/** Fill a store until it refuses. Each resolves to what makes room again. */
const fillings: Readonly<Record<string, (stores: Stores) => Promise<() => Promise<void>>>> = {
  async sessions({ sessions }) {
    const ids: string[] = [];
    await untilFull(async () => {
      const { record } = await sessions.create({ data: 1, idleTtlMs: 3_600_000 });
      ids.push(record.id);
    });
    return async () => {
      for (const id of ids) assert.equal(await sessions.delete(id), true, "check() evicted a session");
    };
  },
  async claims({ verifications }) {
    const leases = new Map<string, Lease>();
    await untilFull(async () => {
      const key = `payment ${leases.size}`;
      const claimed = await verifications.claim(key, claim);
      assert.ok(claimed.status === "claimed");
      leases.set(key, claimed.lease);
    });
    return async () => {
      for (const [key, lease] of leases) {
        assert.equal((await verifications.peek(key)).status, "in-progress", "check() evicted a claim");
        await verifications.release(key, lease);
      }
    };
  },
};

async function untilFull(add: () => Promise<void>): Promise<void> {
  for (let count = 0; count < 20; count += 1) {
    try {
      await add();
    } catch (error) {
      assert.ok(isStoreError(error, "STORE_CAPACITY"), "refused for lack of room");
      return;
    }
  }
  assert.fail("twenty records in a store of ten");
}
