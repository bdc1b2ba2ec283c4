// The session store as a whole: what it reports, what it refuses when closed or given wrong options, what errors show.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, expect, it, vi } from "vitest";
import { type OperationMessage, operationChannel } from "../telemetry.ts";
import { manualClock, mapPort } from "../testing.ts";
import { createSessionStore } from "./create-session-store.ts";
import { collected, storeWorld } from "./session-store.test-support.ts";
import type { SessionStore } from "./session-store.ts";

const calls: [string, (store: SessionStore<number>, id: string) => Promise<unknown>][] = [
  ["create", (store) => store.create({ data: 1, idleTtlMs: 1 })],
  ["get", (store, id) => store.get(id)],
  ["getMany", (store, id) => store.getMany([id])],
  ["update", (store, id) => store.update(id, 1, { ifVersion: 1 })],
  ["modify", (store, id) => store.modify(id, (data) => data)],
  ["touch", (store, id) => store.touch(id)],
  ["credit", (store, id) => store.credit(id, { opId: "secret-op", extendMs: 1 })],
  ["debit", (store, id) => store.debit(id, { quota: "secret-quota", amount: 1n })],
  ["rotate", (store, id) => store.rotate(id)],
  ["delete", (store, id) => store.delete(id)],
  ["deleteBySubject", (store) => store.deleteBySubject("secret-subject")],
  ["listBySubject", (store) => collected(store.listBySubject("secret-subject"))],
];

describe.each(calls)("%s", (name, call) => {
  it("rejects with STORE_CLOSED after close, which may be called twice", async () => {
    const store = createSessionStore<number>(mapPort(manualClock()));
    await store.close();
    await store[Symbol.asyncDispose]();
    await expect(call(store, "id")).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });

  it("rejects, never answers null, when the backend fails, and shows no identifier", async () => {
    const failing = mapPort(manualClock());
    failing.transact = () => Promise.reject(new Error("secret-id secret-subject tollbooth:sess:{abc}:s:hash"));
    const store = createSessionStore<number>(failing);
    const error = await call(store, "secret-id").then(
      () => expect.unreachable(),
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "unknown" });
    const shown = [String(error), JSON.stringify(error), String(Reflect.get(Object(error), "stack"))].join();
    const told = `${shown}${JSON.stringify(Reflect.get(Object(error), "cause"))}`;
    // The stack names this file and its functions, never an argument.
    expect(told).not.toMatch(/secret-|\{abc\}/);
  });

  it("is reported once, under its name, with nothing but a word", async () => {
    const store = createSessionStore<number>(mapPort(manualClock()), { provider: "map" });
    const messages: unknown[] = [];
    const listen = (message: unknown) => void messages.push(message);
    subscribe(operationChannel, listen);
    try {
      await call(store, "secret-id");
    } finally {
      unsubscribe(operationChannel, listen);
    }
    const outcome = ["create", "getMany", "deleteBySubject", "listBySubject"].includes(name) ? "ok" : "missing";
    const expected: OperationMessage = {
      store: "sessions",
      operation: name,
      provider: "map",
      outcome,
      durationMs: expect.any(Number),
    };
    expect(messages).toStrictEqual([expected]);
  });
});

describe("createSessionStore", () => {
  it("closes the port it owns and leaves a borrowed one open", async () => {
    const port = mapPort(manualClock());
    const close = vi.spyOn(port, "close");
    await createSessionStore(port, {}, { closePort: false }).close();
    expect(close).not.toHaveBeenCalled();
    await createSessionStore(port).close();
    expect(close).toHaveBeenCalled();
  });

  it("uses keyPrefix as written, default tollbooth:sess", async () => {
    const port = mapPort(manualClock());
    const input = { data: 1, idleTtlMs: 1, subject: "alice" };
    await createSessionStore(port).create(input);
    await createSessionStore(port, { keyPrefix: "mine" }).create(input);
    const prefixes = [...port.records.keys()].map((key) => key.slice(0, key.indexOf(":{")));
    expect(prefixes).toEqual(["tollbooth:sess", "tollbooth:sess", "mine", "mine"]);
  });

  it("refuses wrong options at once", () => {
    for (const options of [
      { keySecret: "" },
      { keySecret: [] },
      { maxValueBytes: 0 },
      { defaults: { idleTtlMs: -1 } },
    ]) {
      expect(() => createSessionStore(mapPort(), options)).toThrow(expect.objectContaining({ code: "STORE_CONFIG" }));
    }
  });

  it("refuses what is no id, subject, list or version, before anything is sent", async () => {
    const { port, store } = storeWorld();
    const { record } = await store.create({ data: { n: 1 } });
    const sent = vi.spyOn(port, "transact");
    const call = async (method: Exclude<keyof SessionStore, "capabilities">, ...given: unknown[]): Promise<unknown> =>
      Reflect.apply(Reflect.get(store, method), store, given);
    const refused = [
      call("get", 1),
      call("getMany", "abc"),
      call("getMany", [record.id, null]),
      call("update", record.id, { n: 1 }),
      call("update", record.id, { n: 1 }, { ifVersion: Number.NaN }),
      call("update", record.id, { n: new Date() }, { ifVersion: 1 }),
      call("delete", { handle: 5 }),
      call("deleteBySubject", ""),
      call("deleteBySubject", "alice", { exceptId: 5 }),
      call("debit", record.id, { quota: "q", amount: 1 }),
      call("debit", record.id, { quota: "x".repeat(129), amount: 1n }),
      call("debit", record.id, { quota: "q", amount: 1n, opId: "" }),
      call("credit", record.id, { opId: 7, extendMs: 1 }),
      call("credit", record.id, { opId: "p", quotas: 5 }),
      call("create", { data: 1, quotas: null }),
      collected(store.listBySubject("")),
    ];
    for (const one of refused) await expect(one).rejects.toMatchObject({ code: "STORE_INVALID_ARGUMENT" });
    expect(sent).not.toHaveBeenCalled();
  });

  it("rejects at once with the reason of a signal that aborts, and disturbs no other call", async () => {
    const { port, store } = storeWorld();
    const { record } = await store.create({ data: { n: 1 } });
    const reason = new Error("enough");
    await expect(store.get(record.id, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const transact = port.transact;
    port.transact = async (...given) => {
      await held;
      return transact(...given);
    };
    const abort = new AbortController();
    const aborted = store.get(record.id, { signal: abort.signal });
    const other = store.get(record.id);
    abort.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    release();
    expect(await other).toStrictEqual(record);
  });
});
