// Sessions 1-3: creating, compare-and-set, and changing in a loop.
import assert from "node:assert/strict";
import { atOnce, bytesOf } from "../assertions.ts";
import { countStatus, createOwn, issue, minute, okRecord, read, type SessionProperty, twoInstances } from "./checks.ts";

export const writingProperties: readonly SessionProperty[] = [
  {
    id: "sessions/1a",
    title: "of many creates of one id exactly one succeeds, and the losers change nothing",
    async run(bench) {
      const store = await bench.open();
      const id = "GET /data:0xabc";
      const answers = await atOnce(30, (index) => store.create({ id, data: { index }, idleTtlMs: minute + index }));
      assert.equal(countStatus(answers, "ok"), 1);
      assert.equal(countStatus(answers, "exists"), 29);
      const winner = answers.flatMap((answer) => (answer.status === "ok" ? [answer.record] : []));
      assert.deepEqual([await read(store, id)], winner, "the winner's session is the one that is there");
      await bench.advance(1_000);
      assert.deepEqual(await store.create({ id, data: "late", idleTtlMs: 60 * minute }), { status: "exists" });
      assert.deepEqual([await read(store, id)], winner, "a late loser changed something");
    },
  },
  {
    id: "sessions/1b",
    title: "of many creates of one id over two instances exactly one succeeds",
    needs: ["instances"],
    async run(bench) {
      const stores = await twoInstances(bench);
      const id = "GET /data:0xabc";
      const rounds = await Promise.all(
        stores.map((store) => atOnce(10, () => store.create({ id, data: 1, idleTtlMs: minute }))),
      );
      assert.equal(countStatus(rounds.flat(), "ok"), 1);
      assert.deepEqual(await read(stores[0], id), await read(stores[1], id));
    },
  },
  {
    id: "sessions/1c",
    title: "after expiry, create starts afresh",
    async run(bench) {
      const store = await bench.open();
      const id = "GET /data:0xabc";
      const first = await createOwn(store, id, { data: "old", idleTtlMs: minute, quotas: { calls: 5n } });
      await bench.advance(minute);
      const second = await createOwn(store, id, { data: "new", idleTtlMs: 2 * minute });
      assert.equal(second.createdAtMs, first.createdAtMs + minute);
      assert.deepEqual([second.data, second.quotas], ["new", undefined], "nothing of the old one is left");
      assert.deepEqual(await read(store, id), second);
    },
  },
  {
    id: "sessions/2a",
    title: "update of a missing id creates nothing",
    async run(bench) {
      const store = await bench.open();
      for (const id of ["own:missing", "AAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]) {
        assert.deepEqual(await store.update(id, { a: 1 }, { ifVersion: 1 }), { status: "missing" });
        assert.deepEqual(await store.modify(id, () => ({ a: 1 })), { status: "missing" });
        assert.equal(await store.get(id), null, "an update created a session");
      }
    },
  },
  {
    id: "sessions/2b",
    title: "a stale ifVersion conflicts and changes nothing",
    async run(bench) {
      const store = await bench.open();
      const created = await issue(store, { data: { n: 1 }, quotas: { calls: 3n } });
      await bench.advance(1_000);
      const updated = okRecord(await store.update(created.id, { n: 2 }, { ifVersion: created.version }));
      assert.deepEqual(
        updated,
        { ...created, data: { n: 2 }, version: created.version + 1 },
        "only data and version change",
      );
      for (const ifVersion of [created.version, updated.version + 1, 1]) {
        const answer = await store.update(created.id, { n: 3 }, { ifVersion });
        assert.deepEqual(answer, { status: "conflict", current: updated });
      }
      assert.equal(await store.delete(created.id, { ifVersion: created.version }), false, "delete of a stale version");
      assert.deepEqual(await read(store, created.id), updated, "a conflict changed something");
      assert.equal(await store.delete(created.id, { ifVersion: updated.version }), true);
    },
  },
  {
    id: "sessions/2c",
    title: "a conflict leaves bytes and TTL as they were",
    needs: ["inspect"],
    async run(bench) {
      const namespace = bench.namespace();
      const store = await bench.open(namespace);
      const { id, version } = await issue(store, { subject: "alice" });
      await bench.advance(minute);
      const before = await bench.probe("inspect")(namespace);
      await store.update(id, { n: 2 }, { ifVersion: version + 1 });
      const after = await bench.probe("inspect")(namespace);
      assert.deepEqual(bytesOf(after), bytesOf(before));
      for (const [index, { ttlMs }] of after.entries()) {
        assert.ok(ttlMs !== null && ttlMs <= (before[index]?.ttlMs ?? 0), "a conflict moved the expiry");
      }
    },
  },
  {
    id: "sessions/2d",
    title: "of many updates of one version exactly one succeeds",
    async run(bench) {
      const store = await bench.open();
      const { id, version } = await issue(store, { data: 0 });
      const answers = await atOnce(30, (index) => store.update(id, index, { ifVersion: version }));
      assert.equal(countStatus(answers, "ok"), 1);
      assert.equal(countStatus(answers, "conflict"), 29);
      assert.equal((await read(store, id)).version, version + 1);
    },
  },
  {
    id: "sessions/2e",
    title: "a version of an earlier life never matches",
    async run(bench) {
      const store = await bench.open();
      const id = "GET /data:0xabc";
      const first = await createOwn(store, id, { data: "first", idleTtlMs: minute });
      assert.equal(await store.delete(id), true);
      const second = await createOwn(store, id, { data: "second", idleTtlMs: minute });
      await bench.advance(minute);
      const third = await createOwn(store, id, { data: "third", idleTtlMs: minute });
      assert.equal(new Set([first.version, second.version, third.version]).size, 3, "versions start at random");
      for (const { version } of [first, second]) {
        const answer = await store.update(id, "from the past", { ifVersion: version });
        assert.deepEqual(answer, { status: "conflict", current: third });
        assert.equal(await store.delete(id, { ifVersion: version }), false);
      }
      assert.ok(
        Number.isSafeInteger(third.version) && third.version >= 1 && third.version <= 2 ** 48,
        "48 random bits",
      );
    },
  },
  {
    id: "sessions/3a",
    title: "fifty concurrent modify(+1) add fifty",
    needs: ["instances"],
    async run(bench) {
      const stores = await twoInstances(bench);
      const { id, version } = await issue(stores[0], { data: { n: 0 } });
      const plusOne = (data: unknown) => {
        assert.ok(typeof data === "object" && data !== null && "n" in data && typeof data.n === "number");
        return { n: data.n + 1 };
      };
      const rounds = await Promise.all(stores.map((store) => atOnce(25, () => store.modify(id, plusOne))));
      assert.equal(countStatus(rounds.flat(), "ok"), 50);
      const record = await read(stores[1], id);
      assert.deepEqual([record.data, record.version], [{ n: 50 }, version + 50]);
    },
  },
  {
    id: "sessions/3b",
    title: "modify is contended only after its retries",
    async run(bench) {
      const store = await bench.open();
      for (const retries of [0, 3]) {
        const { id } = await issue(store, { data: 0 });
        let runs = 0;
        const answer = await store.modify(
          id,
          async () => {
            runs += 1;
            const { version } = await read(store, id);
            await store.update(id, -runs, { ifVersion: version });
            return 1_000;
          },
          { retries },
        );
        assert.deepEqual(answer, { status: "contended" });
        assert.equal(runs, retries + 1, "how often `change` ran");
        assert.equal((await read(store, id)).data, -runs, "what was written last stays");
        let interfered = false;
        const second = await store.modify(
          id,
          async () => {
            if (!interfered) await store.update(id, "in between", { ifVersion: (await read(store, id)).version });
            interfered = true;
            return "changed";
          },
          { retries: 1 },
        );
        assert.equal(okRecord(second).data, "changed", "a retry that meets no other writer succeeds");
      }
    },
  },
];
