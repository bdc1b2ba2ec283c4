// What all stores share: closing, aborting, telemetry and making a port's errors safe.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, expect, it } from "vitest";
import type { AtomicPort, StoredRecord } from "./atomic-port.ts";
import { isStoreError, StoreError } from "./errors.ts";
import { storeRuntime } from "./store-runtime.ts";
import { operationChannel } from "./telemetry.ts";
import { manualClock, mapPort } from "./testing.ts";

const about = { store: "sessions", provider: "test" } as const;
const caught = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );
const failing = (error: unknown): AtomicPort => ({ ...mapPort(), transact: () => Promise.reject(error) });

/** Runs `work` and gives what the channel heard of it. */
async function heard(work: () => Promise<unknown>): Promise<unknown[]> {
  const messages: unknown[] = [];
  const listener = (message: unknown) => messages.push(message);
  subscribe(operationChannel, listener);
  await caught(work());
  unsubscribe(operationChannel, listener);
  return messages;
}

describe("transact", () => {
  it("turns a port's own error into STORE_UNAVAILABLE of unknown outcome, without its message", async () => {
    const error = await caught(
      storeRuntime(failing(new Error("ERR secret value")), about, {}).transact(["k"], () => ({ reply: 1 }), undefined),
    );
    expect(isStoreError(error, "STORE_UNAVAILABLE") && error.outcome).toBe("unknown");
    expect(`${error instanceof Error ? error.stack + JSON.stringify(error.cause) : ""}`).not.toMatch(/secret/);
  });

  it("passes on a port's StoreError, and whatever the step threw", async () => {
    const refusal = new StoreError("STORE_CAPACITY", "full");
    expect(await caught(storeRuntime(failing(refusal), about, {}).transact([], () => ({ reply: 1 }), undefined))).toBe(
      refusal,
    );
    const mine = new RangeError("mine");
    const step = () => {
      throw mine;
    };
    expect(await caught(storeRuntime(mapPort(), about, {}).transact(["k"], step, undefined))).toBe(mine);
  });

  it("does not take an earlier run's throw for the reason when the port fails later", async () => {
    let runs = 0;
    const twice: AtomicPort = {
      ...mapPort(),
      async transact(_keys, step) {
        try {
          step([], 0);
        } catch {
          // A conflict: the port runs the step again.
        }
        step([], 0);
        throw new Error("connection lost");
      },
    };
    const step = () => {
      runs += 1;
      if (runs === 1) throw new RangeError("mine");
      return { reply: 1 };
    };
    expect(
      isStoreError(await caught(storeRuntime(twice, about, {}).transact(["k"], step, undefined)), "STORE_UNAVAILABLE"),
    ).toBe(true);
  });
});

describe("applyToOne", () => {
  const catalogStep = (record: StoredRecord | null, _nowMs: number, { by }: { by: number }) => ({
    writes: [{ endsAtMs: Number.MAX_SAFE_INTEGER, body: by }],
    reply: record === null ? by : Number(record.body) + by,
  });
  const deciding = (decide: NonNullable<AtomicPort["decide"]>) =>
    storeRuntime<{ add: { arguments: { by: number }; reply: number } }>({ ...mapPort(), decide }, about, {});
  const name = { key: "k", place: undefined };

  it("decides at once where the port can, and over transact where there is a signal", async () => {
    let decided = 0;
    const runtime = deciding((_name, step, given) => {
      decided += 1;
      return step(null, 0, given).reply;
    });
    expect(await runtime.applyToOne("add", name, { by: 2 }, catalogStep, undefined)).toBe(2);
    expect(decided).toBe(1);
    const { signal } = new AbortController();
    expect(await runtime.applyToOne("add", name, { by: 3 }, catalogStep, { signal })).toBe(3);
    expect(await runtime.applyToOne("add", name, { by: 3 }, catalogStep, { signal })).toBe(6);
    expect(decided).toBe(1);
  });

  it("rejects with what decide throws", async () => {
    const refusal = new StoreError("STORE_CAPACITY", "full");
    const runtime = deciding(() => {
      throw refusal;
    });
    expect(await caught(runtime.applyToOne("add", name, { by: 2 }, catalogStep, undefined))).toBe(refusal);
  });
});

describe("scan", () => {
  const keysOf = async (port: AtomicPort) => {
    const keys: string[] = [];
    for await (const key of storeRuntime(port, about, {}).scan("k", undefined)) keys.push(key);
    return keys;
  };

  it("lists the port's keys, and makes its failures safe", async () => {
    const port = mapPort(manualClock());
    port.put("k1", { endsAtMs: Number.MAX_SAFE_INTEGER, body: 1 });
    expect(await keysOf(port)).toEqual(["k1"]);
    const broken: AtomicPort = {
      ...port,
      scan: () => ({
        [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error("secret connection lost")) }),
      }),
    };
    const error = await caught(keysOf(broken));
    expect(isStoreError(error, "STORE_UNAVAILABLE")).toBe(true);
    expect(`${error instanceof Error ? error.stack : ""}`).not.toMatch(/secret/);
  });

  it("says so where the port cannot list", async () => {
    const { scan: _scan, ...silent } = mapPort();
    expect(isStoreError(await caught(keysOf(silent)), "STORE_CONFIG")).toBe(true);
  });
});

describe("operation", () => {
  it("is refused before it starts when aborted or closed", async () => {
    const runtime = storeRuntime(mapPort(), about, {});
    let ran = 0;
    const run = async () => {
      ran += 1;
    };
    const reason = new Error("gone");
    expect(await caught(runtime.operation("x", { signal: AbortSignal.abort(reason) }, run, () => "ok"))).toBe(reason);
    await runtime.close();
    await runtime.close();
    expect(isStoreError(await caught(runtime.operation("x", undefined, run, () => "ok")), "STORE_CLOSED")).toBe(true);
    expect(ran).toBe(0);
  });

  it("rejects with the reason at once when aborted on the way", async () => {
    const controller = new AbortController();
    const reason = new Error("gone");
    const work = storeRuntime(mapPort(), about, {}).operation(
      "x",
      controller,
      () => new Promise(() => undefined),
      () => "ok",
    );
    controller.abort(reason);
    expect(await caught(work)).toBe(reason);
  });

  it("closes the port only if it owns it, and never rejects", async () => {
    let closed = 0;
    const port: AtomicPort = {
      ...mapPort(),
      async close() {
        closed += 1;
        throw new Error("cannot");
      },
    };
    await storeRuntime(port, about, { closePort: false }).close();
    expect(closed).toBe(0);
    await storeRuntime(port, about, {}).close();
    expect(closed).toBe(1);
  });
});

describe("telemetry", () => {
  it("tells operation, store, provider, time and outcome, and an error's code", async () => {
    const runtime = storeRuntime(mapPort(manualClock()), about, {});
    expect(
      await heard(() =>
        runtime.operation(
          "get",
          undefined,
          async () => "v",
          () => "ok",
        ),
      ),
    ).toEqual([{ ...about, operation: "get", durationMs: expect.any(Number), outcome: "ok" }]);
    const fail = (error: unknown) => () =>
      runtime.operation(
        "get",
        undefined,
        () => Promise.reject(error),
        () => "ok",
      );
    expect(await heard(fail(new StoreError("STORE_CORRUPT", "x")))).toMatchObject([
      { outcome: "error", errorCode: "STORE_CORRUPT" },
    ]);
    expect(await heard(fail(new Error("x")))).toMatchObject([{ outcome: "error", errorCode: "OTHER" }]);
  });
});
