// Sessions 9-10: logging a subject out everywhere, and what the backend may know.
import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { operationChannel } from "@tollbooth-stores/core";
import { everythingIn } from "../assertions.ts";
import { assertGone, createOwn, issue, listed, minute, read, type SessionProperty, twoInstances } from "./checks.ts";

const globs: readonly string[] = ["*", "a*", "a?", "[a]", "a", "b", "a:b", "{a}", "%", "A"];

export const subjectProperties: readonly SessionProperty[] = [
  {
    id: "sessions/9a",
    title: "deleteBySubject ends a subject's sessions and no others",
    async run(bench) {
      const store = await bench.open();
      const sessions = new Map<string, string[]>();
      for (const subject of globs) {
        const ids = [(await issue(store, { subject })).id, (await issue(store, { subject })).id];
        sessions.set(subject, ids);
      }
      const own = await createOwn(store, "a");
      const nobody = await issue(store);
      for (const subject of globs) {
        assert.deepEqual(await store.deleteBySubject(subject), { deleted: 2 }, "both sessions of the subject");
        for (const id of sessions.get(subject) ?? []) assert.equal(await store.get(id), null);
        sessions.delete(subject);
        assert.deepEqual(await listed(store, subject), []);
        for (const ids of sessions.values()) for (const id of ids) await read(store, id);
      }
      await read(store, own.id);
      await read(store, nobody.id);
      assert.deepEqual(await store.deleteBySubject("never seen"), { deleted: 0 });
      const kept = await issue(store, { subject: "carol" });
      const other = await issue(store, { subject: "carol" });
      assert.deepEqual(await store.deleteBySubject("carol", { exceptId: kept.id }), { deleted: 1 });
      await read(store, kept.id);
      await assertGone(store, other.id, "logged out by another device");
    },
  },
  {
    id: "sessions/9b",
    title: "whatever races with deleteBySubject, no earlier session of the subject is readable after it",
    needs: ["instances"],
    async run(bench) {
      const [here, there] = await twoInstances(bench);
      for (let round = 0; round < 15; round += 1) {
        const subject = `subject ${round}`;
        const earlier = await Promise.all(
          Array.from({ length: 6 }, () => issue(here, { subject, quotas: { calls: 9n } })),
        );
        const racing = earlier.map(({ id, version }, index) => async () => {
          for (let turns = 0; turns < (index * round) % 7; turns += 1) await Promise.resolve();
          if (index === 0) await there.touch(id);
          if (index === 1) await there.update(id, "raced", { ifVersion: version });
          if (index === 2) await there.credit(id, { opId: "paid", extendMs: minute });
          if (index === 3) await there.debit(id, { quota: "calls", amount: 1n });
          const rotated = index >= 4 ? await there.rotate(id) : undefined;
          return rotated?.status === "ok" ? [id, rotated.record.id] : [id];
        });
        const [{ deleted }, ...races] = await Promise.all([
          here.deleteBySubject(subject),
          ...racing.map((race) => race()),
        ]);
        assert.equal(deleted, 6, "each session was ended once, under whatever id");
        for (const id of races.flat()) assert.equal(await there.get(id), null, "an earlier session is readable");
        assert.deepEqual(await listed(there, subject), []);
      }
    },
  },
  {
    id: "sessions/9c",
    title: "the index keeps no expired members and ends by itself",
    needs: ["inspect"],
    async run(bench) {
      const inspect = bench.probe("inspect");
      const size = async (namespace: string) =>
        (await inspect(namespace)).reduce((sum, { key, value }) => sum + key.length + value.length, 0);
      const [used, fresh] = [bench.namespace(), bench.namespace()];
      const store = await bench.open(used);
      for (let index = 0; index < 60; index += 1) await issue(store, { subject: "alice", idleTtlMs: minute + index });
      await bench.advance(2 * minute);
      await issue(store, { subject: "alice", idleTtlMs: minute });
      await listed(store, "alice");
      await store.deleteBySubject("alice");
      await issue(store, { subject: "alice", idleTtlMs: minute });
      await issue(await bench.open(fresh), { subject: "alice", idleTtlMs: minute });
      const [left, clean] = [await size(used), await size(fresh)];
      assert.ok(left < clean * 3, `${left} characters where ${clean} are of use`);
      for (const { ttlMs } of await inspect(used))
        assert.ok(ttlMs !== null && ttlMs > 0 && ttlMs < 5 * minute, `a TTL of ${ttlMs} ms`);
      await bench.advance(5 * minute);
      assert.deepEqual(await inspect(used), [], "keys outlived every session");
    },
  },
  {
    id: "sessions/10a",
    title: "the raw id is in no key and no value",
    needs: ["inspect"],
    async run(bench) {
      const namespace = bench.namespace();
      const store = await bench.open(namespace);
      const { id } = await issue(store, { subject: "the subject of this session", quotas: { calls: 5n } });
      const own = await createOwn(store, "GET /data:0xAbCdEf", { quotas: { calls: 5n } });
      for (const each of [id, own.id]) {
        await store.credit(each, { opId: `${each} paid`, extendMs: minute });
        await store.debit(each, { quota: "calls", amount: 1n, opId: `${each} spent` });
      }
      const { id: rotated } = await issue(store).then(async (record) => {
        const answer = await store.rotate(record.id);
        assert.ok(answer.status === "ok");
        return answer.record;
      });
      const entries = await bench.probe("inspect")(namespace);
      assert.ok(entries.length > 0, "there is something to look at");
      // An issued id's tag is public; what must not show is the secret after it.
      const secrets = [id, rotated].flatMap((each) => [each, each.slice(-43)]).concat(own.id);
      for (const secret of secrets) {
        for (const form of [
          secret,
          Buffer.from(secret).toString("base64").slice(0, -4),
          Buffer.from(secret).toString("hex"),
        ]) {
          assert.ok(
            entries.every(({ key, value }) => !key.includes(form) && !value.includes(form)),
            "an id is stored",
          );
        }
      }
      assert.ok(
        entries.every(({ key }) => !key.includes("the subject")),
        "a subject is in a key",
      );
    },
  },
  {
    id: "sessions/10b",
    title: "no error and no telemetry shows an id, a subject or data",
    async run(bench) {
      const store = await bench.open();
      const messages: unknown[] = [];
      const listen = (message: unknown) => messages.push(message);
      subscribe(operationChannel, listen);
      try {
        const { id } = await issue(store, { subject: "subject-in-error", data: { secret: "data-in-error" } });
        await createOwn(store, "own-id-in-error");
        const failing: (() => Promise<unknown>)[] = [
          () => store.create({ id, data: "data-in-error", idleTtlMs: minute }),
          () => store.create({ id: "own-id-in-error", data: "data-in-error", idleTtlMs: -1 }),
          () => store.update(id, { secret: `data-in-error ${"x".repeat(bench.maxValueBytes)}` }, { ifVersion: 1 }),
          () => store.credit("own-id-in-error", { opId: "op-in-error", extendMs: -5 }),
          () => store.debit(id, { quota: "quota-in-error", amount: -1n, opId: "op-in-error" }),
          () => store.delete({ handle: "handle-in-error" }),
          () => store.create({ subject: "subject-in-error", data: () => "data-in-error", idleTtlMs: minute }),
        ];
        let failed = 0;
        for (const fail of failing) {
          await fail().catch((error: unknown) => {
            failed += 1;
            const shown = everythingIn(error);
            for (const secret of [id, id.slice(-43), "-in-error"])
              assert.ok(!shown.includes(secret), "an error gives it away");
          });
        }
        assert.ok(failed >= 5, "there were errors to look at");
        const told = messages.map((message) => JSON.stringify(message)).join("\n");
        for (const secret of [id, id.slice(-43), "-in-error"])
          assert.ok(!told.includes(secret), "telemetry gives it away");
      } finally {
        unsubscribe(operationChannel, listen);
      }
    },
  },
  {
    id: "sessions/10c",
    title: "a listed session's handle deletes it and reveals nothing",
    async run(bench) {
      const store = await bench.open();
      const records = [
        await issue(store, { subject: "alice", data: 1 }),
        await issue(store, { subject: "alice", data: 2 }),
      ];
      const sessions = await listed(store, "alice");
      assert.deepEqual(sessions.map(({ data }) => data).sort(), [1, 2]);
      for (const { handle, ...session } of sessions) {
        assert.ok(!("id" in session), "a listed session has no id");
        const record = records.find(({ data }) => data === session.data);
        assert.ok(record !== undefined);
        const { id, ...rest } = record;
        assert.deepEqual(session, rest);
        assert.ok(!handle.includes(id.slice(-43)), "the handle shows the secret");
        assert.equal(await store.get(handle), null, "the handle is as good as the id");
        assert.equal(await store.delete({ handle }, { ifVersion: record.version + 1 }), false);
        assert.equal(await store.delete({ handle }, { ifVersion: record.version }), true);
        assert.equal(await store.delete({ handle }), false, "once");
        await assertGone(store, id, "deleted by its handle");
      }
    },
  },
  {
    id: "sessions/10d",
    title: "changing what was handed in or out changes nothing in the store",
    async run(bench) {
      const store = await bench.open();
      const data = { list: [1], deep: { a: 1 } };
      const quotas = { calls: 5n };
      const { id } = await issue(store, { data, quotas, subject: "alice" });
      data.list.push(2);
      quotas.calls = 99n;
      const expected = { data: { list: [1], deep: { a: 1 } }, quotas: { calls: 5n } };
      const spoil = (value: unknown) => {
        assert.ok(typeof value === "object" && value !== null);
        for (const [name, inner] of Object.entries(value)) {
          if (typeof inner === "object" && inner !== null) spoil(inner);
          Reflect.set(value, name, "spoiled");
        }
      };
      const outs = [
        () => read(store, id),
        async () => (await store.getMany([id]))[0],
        async () => (await listed(store, "alice"))[0],
      ];
      for (const out of outs) {
        spoil(await out());
        const { data: kept, quotas: left } = await read(store, id);
        assert.deepEqual({ data: kept, quotas: left }, expected);
      }
    },
  },
];
