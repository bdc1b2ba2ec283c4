// Verifications 1-4: who may do the work, and what everyone else is told.
import assert from "node:assert/strict";
import { atOnce } from "../assertions.ts";
import {
  countClaimed,
  type Desk,
  day,
  desk,
  deskOf,
  leaseIn,
  leaseMs,
  minute,
  ok,
  type VerificationProperty,
} from "./checks.ts";

/** Brings a key into every state that a record can have; the token that did it is "owner". */
const states: Readonly<Record<string, (at: Desk, key: string) => Promise<void>>> = {
  "in-progress": async (at, key) => void (await at.hold(key, "owner")),
  "in-progress, unknown at expiry": async (at, key) => void (await at.hold(key, "owner", { onLeaseExpiry: "unknown" })),
  "expired under retry": async (at, key) => {
    await at.hold(key, "owner");
    await at.advance(leaseMs);
  },
  "expired under unknown": async (at, key) => {
    await at.hold(key, "owner", { onLeaseExpiry: "unknown" });
    await at.advance(leaseMs);
  },
  accepted: async (at, key) => void (await at.complete(key, await at.hold(key, "owner"), "value")),
  rejected: async (at, key) =>
    void (await at.complete(key, await at.hold(key, "owner"), "no", { outcome: "rejected" })),
  spent: async (at, key) => {
    await at.complete(key, await at.hold(key, "owner"), "value");
    await at.advance(minute);
  },
  unknown: async (at, key) => void (await at.store.markUnknown(key, await at.hold(key, "owner"), "tx 1")),
  reconciling: async (at, key) => {
    await at.store.markUnknown(key, await at.hold(key, "owner"));
    leaseIn(await at.store.reconcile(key, { token: "finder", leaseMs }));
  },
  owed: async (at, key) => at.owe(key),
  "being delivered": async (at, key) => {
    await at.owe(key);
    await at.holdPayment(key, "owner");
  },
  delivered: async (at, key) => {
    await at.owe(key);
    await at.store.deliver(key, { token: "delivery 1" });
  },
  expired: async (at, key) => {
    const lease = await at.holdPayment(key, "owner");
    assert.deepEqual(await at.store.expire(key, { reason: "void", lease }), ok);
  },
};

export const claimingProperties: readonly VerificationProperty[] = [
  {
    id: "verifications/1a",
    title: "of many concurrent claims one is claimed, and the same token gets its lease back",
    async run(bench) {
      const at = await desk(bench);
      const claims = await atOnce(30, (index) => at.claim("key", `token ${index}`));
      assert.equal(countClaimed(claims), 1);
      for (const claim of claims) {
        if (claim.status === "claimed") {
          assert.deepEqual(claim, { ...claim, via: "fresh", lease: { ...claim.lease, ttlMs: leaseMs, attempt: 1 } });
          assert.match(claim.lease.fence, /^\d{1,19}$/);
        } else assert.deepEqual(claim, { status: "in-progress", retryAfterMs: leaseMs });
      }
      const winner = claims.findIndex(({ status }) => status === "claimed");
      const lease = leaseIn(claims[winner] ?? assert.fail());
      assert.equal(lease.token, `token ${winner}`);
      await at.advance(4_000);
      const again = await atOnce(5, () => at.claim("key", lease.token));
      for (const claim of again)
        assert.deepEqual(claim, { status: "claimed", lease: { ...lease, ttlMs: leaseMs - 4_000 }, via: "resume" });
      assert.deepEqual(await at.claim("key", "another"), { status: "in-progress", retryAfterMs: leaseMs - 4_000 });
      assert.deepEqual(
        await at
          .claim("other key", "another")
          .then(leaseIn)
          .then(({ attempt }) => attempt),
        1,
        "keys are apart",
      );
    },
  },
  {
    id: "verifications/1b",
    title: "of many concurrent claims over two instances one is claimed",
    needs: ["instances"],
    async run(bench) {
      const namespace = bench.namespace();
      const desks = [await desk(bench, namespace), await desk(bench, namespace)];
      for (let round = 0; round < 10; round += 1) {
        const rounds = await Promise.all(
          desks.map((at, from) => atOnce(8, (index) => at.claim(`key ${round}`, `${from} ${index}`))),
        );
        assert.equal(countClaimed(rounds.flat()), 1);
      }
    },
  },
  {
    id: "verifications/1c",
    title: "of many concurrent claims from two processes one is claimed",
    needs: ["spawn"],
    async run(bench) {
      const namespace = bench.namespace();
      const spawn = bench.probe("spawn");
      const stores = await Promise.all([bench.keep(spawn(namespace)), bench.keep(spawn(namespace))]);
      const desks = await Promise.all(stores.map((store) => deskOf(bench, store)));
      for (let round = 0; round < 10; round += 1) {
        const rounds = await Promise.all(
          desks.map((at, from) => atOnce(8, (index) => at.claim(`key ${round}`, `${from} ${index}`))),
        );
        assert.equal(countClaimed(rounds.flat()), 1);
      }
    },
  },
  {
    id: "verifications/2a",
    title: "another fingerprint is a mismatch in every state, before all else, and changes nothing",
    async run(bench) {
      const at = await desk(bench);
      for (const [state, reach] of Object.entries(states)) {
        await reach(at, state);
        const before = await at.store.peek(state);
        for (const token of ["owner", "stranger"]) {
          for (const claim of [at.claim, at.pay]) {
            const answer = await claim(state, token, { fingerprint: "something else" });
            assert.deepEqual(answer, { status: "mismatch" }, `${state}, token ${token}`);
          }
        }
        assert.deepEqual(await at.store.peek(state), before, `${state}: a mismatch changed something`);
      }
    },
  },
  {
    id: "verifications/3",
    title: "fences rise strictly for a key: at the same instant, after release, takeover, expiry and reconcile",
    async run(bench) {
      const at = await desk(bench);
      const fences: bigint[] = [];
      const take = async (token: string) => {
        const lease = await at.hold("key", token);
        fences.push(BigInt(lease.fence));
        return lease;
      };
      for (let round = 0; round < 5; round += 1) await at.store.release("key", await take(`released ${round}`));
      await take("expires");
      await at.advance(leaseMs);
      const late = await take("takes over");
      await at.store.markUnknown("key", late);
      const found = leaseIn(await at.store.reconcile("key", { token: "finder", leaseMs }));
      fences.push(BigInt(found.fence));
      await at.store.release("key", found);
      const rejected = await take("again");
      await at.complete("key", rejected, "no", { outcome: "rejected", valueTtlMs: 1 });
      await at.advance(1);
      await take("after a rejection");
      for (const [index, fence] of fences.entries()) {
        assert.ok(index === 0 || fence > (fences[index - 1] ?? 0n), `fence ${index} did not rise`);
      }
    },
  },
  {
    id: "verifications/4a",
    title: "an expired lease under retry is taken over at its end, by one, as the next attempt",
    async run(bench) {
      const at = await desk(bench);
      const first = await at.hold("key", "first");
      await at.advance(leaseMs - 1);
      assert.deepEqual(await at.claim("key", "second"), { status: "in-progress", retryAfterMs: 1 });
      await at.advance(1);
      assert.deepEqual(await at.store.peek("key"), { status: "in-progress", retryAfterMs: 0 });
      const claims = await atOnce(10, (index) => at.claim("key", `second ${index}`));
      assert.equal(countClaimed(claims), 1);
      const taken = claims.find(({ status }) => status === "claimed");
      assert.ok(taken?.status === "claimed" && taken.via === "takeover");
      assert.equal(taken.lease.attempt, 2);
      assert.ok(BigInt(taken.lease.fence) > BigInt(first.fence));
      await at.advance(leaseMs);
      const third = await at.claim("key", "first");
      assert.ok(third.status === "claimed" && third.via === "takeover", "the first holder is a stranger now");
      assert.equal(third.lease.attempt, 3);
    },
  },
  {
    id: "verifications/4b",
    title: "an expired lease under unknown is claimed by no caller until it is reconciled",
    async run(bench) {
      const at = await desk(bench);
      await at.hold("key", "owner", { onLeaseExpiry: "unknown", retainUntilMs: at.nowMs() + 3 * day });
      await at.advance(leaseMs);
      for (const waitMs of [0, minute, day, day]) {
        await at.advance(waitMs);
        for (const token of ["owner", "stranger"]) {
          assert.deepEqual(await at.claim("key", token), { status: "unknown" }, `${waitMs} ms on, token ${token}`);
          const other = { leaseMs: 1, onLeaseExpiry: "retry" } as const;
          assert.deepEqual(await at.claim("key", token, other), { status: "unknown" });
        }
        assert.deepEqual(await at.store.peek("key"), { status: "unknown" });
      }
      const lease = leaseIn(await at.store.reconcile("key", { token: "finder", leaseMs }));
      assert.equal(lease.attempt, 2);
      assert.deepEqual(await at.store.release("key", lease), ok);
      assert.equal((await at.hold("key", "stranger")).attempt >= 1, true, "free again");
    },
  },
];
