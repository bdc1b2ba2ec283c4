// What happens when something else happens in between: between the two steps of a call, or while a step runs again.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AtomicPort } from "../atomic-port.ts";
import { type ManualClock, type MapPort, manualClock, mapPort } from "../testing.ts";
import { createSessionStore } from "./create-session-store.ts";
import type { SessionStore } from "./session-store.ts";

/** Before each `transact`, the step runs once for nothing, as on a port that compares and sets; then a rival has its turn. */
function contestedPort(port: MapPort, rivals: (() => Promise<unknown>)[]): AtomicPort {
  return {
    ...port,
    async transact(keys, step, options) {
      await port.transact(keys, (records, nowMs) => ({ reply: step(records, nowMs).reply }), options);
      await rivals.shift()?.();
      return port.transact(keys, step, options);
    },
  };
}

interface Arena {
  clock: ManualClock;
  port: MapPort;
  /** Its calls meet the rivals, one before each step. */
  store: SessionStore<number>;
  /** Calls of the rivals themselves. */
  rival: SessionStore<number>;
  rivals: (() => Promise<unknown>)[];
}

function arena(): Arena {
  const clock = manualClock();
  const port = mapPort(clock);
  const rivals: (() => Promise<unknown>)[] = [];
  const options = { defaults: { idleTtlMs: 60_000 } };
  return {
    clock,
    port,
    rivals,
    store: createSessionStore<number>(contestedPort(port, rivals), options),
    rival: createSessionStore<number>(port, options),
  };
}

const subject = "alice";

async function idsOf(store: SessionStore<number>): Promise<string[]> {
  const handles: string[] = [];
  for await (const { handle } of store.listBySubject(subject)) handles.push(handle);
  return handles;
}

describe("deleteBySubject", () => {
  it("finds the successor of a session that was rotated after the index was read", async () => {
    const { rival, rivals, store } = arena();
    const { record } = await rival.create({ data: 1, subject });
    let successor = "";
    rivals.push(
      async () => {},
      async () => {
        const rotated = await rival.rotate(record.id);
        if (rotated.status === "ok") successor = rotated.record.id;
      },
    );
    expect(await store.deleteBySubject(subject)).toEqual({ deleted: 1 });
    expect(successor).not.toBe("");
    expect(await rival.getMany([record.id, successor])).toEqual([null, null]);
  });

  it("counts no session that was deleted or that ended meanwhile", async () => {
    const { clock, rival, rivals, store } = arena();
    const { record } = await rival.create({ data: 1, subject });
    await rival.create({ data: 2, subject, idleTtlMs: 5 });
    await rival.create({ data: 3, subject });
    rivals.push(
      async () => {},
      async () => {
        await rival.delete(record.id);
        clock.advance(5);
      },
    );
    expect(await store.deleteBySubject(subject)).toEqual({ deleted: 1 });
  });

  it("leaves nothing readable, whatever raced with it, and touches no other subject's session", async () => {
    type Rival = (rival: SessionStore<number>, id: string) => Promise<unknown>;
    const action = fc.constantFrom<Rival>(
      (rival, id) => rival.rotate(id),
      (rival, id) => rival.touch(id),
      (rival, id) => rival.credit(id, { opId: "p", extendMs: 10 }),
      (rival, id) => rival.update(id, 9, { ifVersion: 1 }),
      (rival, id) => rival.modify(id, (data) => data + 1),
      (rival, id) => rival.delete(id),
      async () => {},
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(action, fc.nat(2)), { maxLength: 8 }), async (plan) => {
        const { rival, rivals, store } = arena();
        const created = await Promise.all([0, 1, 2].map((data) => rival.create({ data, subject })));
        const bob = await rival.create({ data: 0, subject: "bob" });
        const ids = created.map(({ record }) => record.id);
        const all = [...ids];
        for (const [act, which] of plan) {
          rivals.push(async () => {
            const reply = await act(rival, ids[which] ?? "");
            const rotated = rotatedId(reply);
            if (rotated === undefined) return;
            ids[which] = rotated;
            all.push(rotated);
          });
        }
        await store.deleteBySubject(subject);
        // Rivals that had no turn come too late: they find nothing.
        for (const late of rivals) await late();
        expect(await rival.getMany(all)).toEqual(all.map(() => null));
        expect(await idsOf(rival)).toEqual([]);
        expect(await rival.get(bob.record.id)).toStrictEqual(bob.record);
      }),
      { numRuns: 200 },
    );
  });

  it("gives up, saying so, where new sessions never stop coming", async () => {
    const { rival, rivals, store } = arena();
    await rival.create({ data: 0, subject });
    for (let index = 0; index < 400; index += 1) rivals.push(() => rival.create({ data: 0, subject }));
    await expect(store.deleteBySubject(subject)).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      outcome: "unknown",
    });
  });

  it("stops between rounds when its signal aborts", async () => {
    const { rival, rivals, store } = arena();
    await rival.create({ data: 0, subject });
    const abort = new AbortController();
    rivals.push(
      async () => {},
      async () => {
        await rival.create({ data: 0, subject });
        abort.abort(new Error("enough"));
      },
    );
    await expect(store.deleteBySubject(subject, { signal: abort.signal })).rejects.toThrow("enough");
    // What is deleted stays so.
    expect(await idsOf(rival)).toHaveLength(1);
  });
});

function rotatedId(reply: unknown): string | undefined {
  if (typeof reply !== "object" || reply === null || !("record" in reply)) return undefined;
  const { record } = reply;
  if (typeof record !== "object" || record === null || !("id" in record)) return undefined;
  return typeof record.id === "string" ? record.id : undefined;
}

describe("listBySubject", () => {
  it("skips what vanished after the index was read", async () => {
    const { clock, rival, rivals, store } = arena();
    const gone = await rival.create({ data: 1, subject });
    await rival.create({ data: 2, subject, idleTtlMs: 5 });
    await rival.create({ data: 3, subject });
    let vanished: Promise<unknown> | undefined;
    const vanish = () => {
      vanished ??= rival.delete(gone.record.id).then(() => clock.advance(5));
      return vanished;
    };
    rivals.push(async () => {}, vanish, vanish, vanish);
    const data: number[] = [];
    for await (const session of store.listBySubject(subject)) data.push(session.data);
    expect(data).toEqual([3]);
  });

  it("lists more sessions than one step reads, and stops when its signal aborts", async () => {
    const { rival } = arena();
    for (let data = 0; data < 130; data += 1) await rival.create({ data, subject });
    expect(await idsOf(rival)).toHaveLength(130);
    const abort = new AbortController();
    let seen = 0;
    const listing = async () => {
      for await (const _ of rival.listBySubject(subject, { signal: abort.signal })) {
        seen += 1;
        if (seen === 3) abort.abort(new Error("enough"));
      }
    };
    await expect(listing()).rejects.toThrow("enough");
    expect(seen).toBe(3);
  });
});

describe("a step that runs more than once", () => {
  it("applies credits and debits once each, whatever order they come in", async () => {
    const operation = fc.record({
      credit: fc.boolean(),
      amount: fc.bigInt(1n, 2n ** 60n),
      opId: fc.option(fc.constantFrom("p1", "p2", "p3"), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 12 }), async (plan) => {
        const { rival, rivals, store } = arena();
        const { record } = await rival.create({ data: 0, quotas: { q: 5n } });
        let held = 5n;
        let contests = 0;
        // Every call is contested by a rival that spends and gives back one.
        const contest = async () => {
          contests += 1;
          const spent = await rival.debit(record.id, { quota: "q", amount: 1n });
          if (spent.status === "ok") await rival.credit(record.id, { opId: `back ${contests}`, quotas: { q: 1n } });
        };
        for (const { credit, amount, opId } of plan) {
          rivals.push(contest);
          if (credit) {
            const reply = await store.credit(record.id, { opId: opId ?? `own ${amount}`, quotas: { q: amount } });
            if (reply.status === "ok" && !reply.replayed) held += amount;
          } else {
            const reply = await store.debit(record.id, { quota: "q", amount, opId });
            if (reply.status === "ok" && !reply.replayed) held -= amount;
          }
          expect((await rival.get(record.id))?.quotas).toEqual({ q: held });
        }
      }),
      { numRuns: 150 },
    );
  });

  it("leaves one live successor of two rotations, with every quota and opId", async () => {
    const { rival, rivals, store } = arena();
    const { record } = await rival.create({ data: 0, subject, quotas: { q: 5n } });
    await rival.debit(record.id, { quota: "q", amount: 1n, opId: "p" });
    const replies: { status: string }[] = [];
    rivals.push(async () => void replies.push(await rival.rotate(record.id)));
    replies.push(await store.rotate(record.id));
    expect(replies.map(({ status }) => status)).toEqual(["ok", "missing"]);
    const successor = rotatedId(replies[0]) ?? "";
    expect(await rival.debit(successor, { quota: "q", amount: 1n, opId: "p" })).toMatchObject({
      remaining: 4n,
      replayed: true,
    });
    expect(await idsOf(rival)).toHaveLength(1);
  });

  it("lets one of N updates of a version, of N creates of an id, and the sum of N debits through", async () => {
    const { port, rival } = arena();
    const other = createSessionStore<number>(port, { defaults: { idleTtlMs: 60_000 } });
    const both = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? rival : other));
    const ok = (replies: { status: string }[]) => replies.filter(({ status }) => status === "ok").length;
    expect(ok(await Promise.all(both.map((store) => store.create({ id: "one", data: 0, quotas: { q: 13n } }))))).toBe(
      1,
    );
    const ifVersion = (await rival.get("one"))?.version ?? 0;
    expect(ok(await Promise.all(both.map((store, data) => store.update("one", data, { ifVersion }))))).toBe(1);
    expect(ok(await Promise.all(both.map((store) => store.debit("one", { quota: "q", amount: 1n }))))).toBe(13);
    const credits = await Promise.all(both.map((store) => store.credit("one", { opId: "same", quotas: { q: 2n } })));
    expect(credits.filter((reply) => reply.status === "ok" && !reply.replayed)).toHaveLength(1);
    expect((await rival.get("one"))?.quotas).toEqual({ q: 2n });
  });

  it("brings nothing back: a touch, credit, update or modify that meets a deletion changes nothing", async () => {
    const { port, rival, rivals, store } = arena();
    const calls: ((id: string, version: number) => Promise<unknown>)[] = [
      (id) => store.touch(id),
      (id) => store.credit(id, { opId: "p", extendMs: 1 }),
      (id, ifVersion) => store.update(id, 1, { ifVersion }),
      (id) => store.rotate(id),
      (id) => store.modify(id, (data) => data),
    ];
    for (const call of calls) {
      const { record } = await rival.create({ data: 0, subject });
      rivals.push(() => rival.delete(record.id));
      expect(await call(record.id, record.version)).toEqual({ status: "missing" });
      expect(port.records.size).toBe(0);
    }
  });
});
