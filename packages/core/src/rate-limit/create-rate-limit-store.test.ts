// The store itself: its keys, arguments, life cycle and telemetry. What decisions mean is tested per algorithm.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AtomicPort } from "../atomic-port.ts";
import { type OperationMessage, operationChannel } from "../telemetry.ts";
import { type ManualClock, type MapPort, manualClock, mapPort } from "../testing.ts";
import { createRateLimitStore } from "./create-rate-limit-store.ts";
import type { RateLimitCheck, RateLimitPolicy, RateLimitStore } from "./rate-limit-store.ts";
import { isEvictable } from "./record.ts";

const algorithms: readonly RateLimitPolicy["algorithm"][] = ["fixed-window", "sliding-window", "token-bucket"];

let clock: ManualClock;
let port: MapPort;
let store: RateLimitStore;

beforeEach(() => {
  clock = manualClock();
  port = mapPort(clock);
  store = createRateLimitStore(port);
});

const check = (
  change: Partial<RateLimitCheck> & { limit?: number; algorithm?: RateLimitPolicy["algorithm"] } = {},
): RateLimitCheck => {
  const { limit = 3, algorithm = "fixed-window", ...rest } = change;
  return { route: "GET /data", client: "alice", policy: { algorithm, limit, windowMs: 60_000 }, ...rest };
};

describe.each(algorithms)("%s", (algorithm) => {
  it("admits exactly the limit of many concurrent calls, then denies without a trace", async () => {
    const decisions = await Promise.all(
      Array.from({ length: 50 }, () => store.consume(check({ algorithm, limit: 7 }))),
    );
    expect(decisions.filter((decision) => decision.allowed)).toHaveLength(7);
    expect(decisions[0]).toMatchObject({ allowed: true, limit: 7, remaining: 6, retryAfterMs: 0, source: "store" });
    const before = structuredClone([...port.records]);
    const denied = await store.consume(check({ algorithm, limit: 7 }));
    expect(denied).toMatchObject({ allowed: false, remaining: 0 });
    expect(denied).not.toHaveProperty("receipt");
    expect([...port.records]).toEqual(before);
  });

  it("succeeds at retryAfterMs and not a millisecond earlier", async () => {
    await store.consume(check({ algorithm, cost: 3 }));
    const { retryAfterMs } = await store.consume(check({ algorithm, cost: 2 }));
    clock.advance((retryAfterMs ?? 0) - 1);
    expect((await store.consume(check({ algorithm, cost: 2 }))).allowed).toBe(false);
    clock.advance(1);
    expect((await store.consume(check({ algorithm, cost: 2 }))).allowed).toBe(true);
  });

  it("gives back what was taken, and then holds no record", async () => {
    const { receipt = "" } = await store.consume(check({ algorithm, cost: 2 }));
    expect(await store.refund(check({ algorithm }), receipt)).toMatchObject({
      allowed: true,
      remaining: 3,
      resetAfterMs: 0,
    });
    expect(port.records.size).toBe(0);
  });

  it("blocks until the block's end and lifts it by reset", async () => {
    await store.block(check({ algorithm }), 5_000);
    expect(await store.consume(check({ algorithm }))).toMatchObject({
      allowed: false,
      remaining: 0,
      retryAfterMs: 5_000,
    });
    clock.advance(5_000);
    expect((await store.consume(check({ algorithm }))).allowed).toBe(true);
    await store.block(check({ algorithm }), 5_000);
    expect(await store.reset(check({ algorithm }))).toBe(true);
    expect(await store.reset(check({ algorithm }))).toBe(false);
    expect((await store.peek(check({ algorithm }))).remaining).toBe(3);
  });

  it("refuses a corrupt record, keeps it, and lets reset delete it", async () => {
    await store.consume(check({ algorithm }));
    const [key = ""] = port.records.keys();
    const corrupt = { endsAtMs: clock.now() + 1_000, body: { state: { count: -1 }, pinned: false } };
    port.put(key, corrupt);
    for (const call of [
      store.consume(check({ algorithm })),
      store.consumeAll([check({ algorithm })]),
      store.peek(check({ algorithm })),
      store.charge(check({ algorithm })),
      store.block(check({ algorithm }), 1_000),
    ]) {
      await expect(call).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    }
    expect(port.records.get(key)).toBe(corrupt);
    expect(await store.reset(check({ algorithm }))).toBe(true);
    expect(port.records.size).toBe(0);
  });
});

describe("a record of another writer", () => {
  const now = 1_767_225_600_000;
  it.each<[RateLimitPolicy["algorithm"], unknown]>([
    ["fixed-window", null],
    ["fixed-window", "text"],
    ["fixed-window", {}],
    ["fixed-window", { pinned: false }],
    ["fixed-window", { pinned: 1, state: { count: 1, endMs: now + 1 } }],
    ["fixed-window", { state: { count: 1, endMs: now + 1 } }],
    ["fixed-window", { pinned: true, blockedUntilMs: "soon" }],
    ["fixed-window", { pinned: false, state: null }],
    ["fixed-window", { pinned: false, state: { count: 1 } }],
    ["fixed-window", { pinned: false, state: { count: 1.5, endMs: now + 1 } }],
    ["fixed-window", { pinned: false, state: { tatUs: now * 1_000 } }],
    ["sliding-window", { pinned: false, state: 7 }],
    ["sliding-window", { pinned: false, state: { index: -1, current: 1, previous: 1 } }],
    ["sliding-window", { pinned: false, state: { index: 2 ** 52, current: 1, previous: 1 } }],
    ["sliding-window", { pinned: false, state: { index: 1, current: 2 ** 52, previous: 1 } }],
    ["sliding-window", { pinned: false, state: { index: 1, current: 1, previous: 2 ** 52 } }],
    ["sliding-window", { pinned: false, state: { index: 1, current: 1 } }],
    ["token-bucket", { pinned: false, state: { tatUs: 0.5 } }],
    ["token-bucket", { pinned: false, state: [] }],
  ])("is corrupt under %s: %j", async (algorithm, body) => {
    await store.consume(check({ algorithm }));
    const [key = ""] = port.records.keys();
    port.put(key, { endsAtMs: clock.now() + 1_000, body });
    await expect(store.consume(check({ algorithm }))).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  });

  it("may be dropped by a full memory only where it says so", () => {
    for (const body of [null, "text", {}, { pinned: true }, { pinned: 0 }])
      expect(isEvictable({ endsAtMs: 0, body })).toBe(false);
    expect(isEvictable({ endsAtMs: 0, body: { pinned: false } })).toBe(true);
  });
});

describe("keys", () => {
  it("show the prefix, the readable route, the client's hash, the algorithm and the window, nothing else", async () => {
    for (const algorithm of algorithms) await store.consume(check({ algorithm, client: "203.0.113.7" }));
    const keys = [...port.records.keys()];
    expect(keys.map((key) => key.replace(/\{[\w-]{22}\}/, "{hash}"))).toEqual([
      "tollbooth:rl:GET%20/data:{hash}:fw60000",
      "tollbooth:rl:GET%20/data:{hash}:sw60000",
      "tollbooth:rl:GET%20/data:{hash}:tb60000",
    ]);
    expect(new Set(keys.map((key) => /\{.*\}/.exec(key)?.[0])).size).toBe(1);
  });

  it("use keyPrefix as written and hash with the first keySecret", async () => {
    const keyed = createRateLimitStore(port, { keyPrefix: "mine", keySecret: ["new", "old"] });
    const again = createRateLimitStore(port, { keyPrefix: "mine", keySecret: "new" });
    const other = createRateLimitStore(port, { keyPrefix: "mine", keySecret: "old" });
    await keyed.consume(check());
    expect((await again.peek(check())).remaining).toBe(2);
    expect((await other.peek(check())).remaining).toBe(3);
    expect([...port.records.keys()][0]).toMatch(/^mine:GET%20\/data:\{/);
  });

  it("hold the client as it is only where they never leave the process", async () => {
    const alone = { ...port, capabilities: { shared: false, atomic: true, durable: false } };
    await createRateLimitStore(alone, { inProcess: true }).consume(check({ client: "203.0.113.7" }));
    expect([...port.records.keys()]).toEqual(["tollbooth:rl:GET%20/data:{203.0.113.7}:fw60000"]);
    const shared = { ...port, capabilities: { ...alone.capabilities, shared: true } };
    expect(() => createRateLimitStore(shared, { inProcess: true })).toThrow(
      expect.objectContaining({ code: "STORE_CONFIG", message: expect.stringContaining("inProcess") }),
    );
  });

  it("keep odd clients and routes apart", async () => {
    const odd = ["", "*", "{}", "{a}b", ":", "a:b", "é", "e\u0301", "\ud800", " ", "x".repeat(10_000), "%20"];
    const checks = odd.flatMap((text) => [check({ client: text }), check({ route: text, client: "c" })]);
    for (const one of checks) expect((await store.consume(one)).remaining).toBe(2);
    const [first = check()] = checks;
    expect(await store.reset(first)).toBe(true);
    expect(port.records.size).toBe(checks.length - 1);
  });

  it("do not depend on the limit, so that a changed one applies at once", async () => {
    await store.consume(check({ cost: 3 }));
    expect(await store.peek(check({ limit: 5 }))).toMatchObject({ allowed: true, remaining: 2 });
    expect(await store.peek(check({ limit: 2 }))).toMatchObject({ allowed: false, remaining: 0 });
  });
});

describe("arguments", () => {
  it("are refused before the port is touched", async () => {
    const calls: string[] = [];
    const spied: AtomicPort = {
      ...port,
      transact(keys, step, options) {
        calls.push(...keys);
        return port.transact(keys, step, options);
      },
    };
    const guarded = createRateLimitStore(spied);
    const refused = [
      guarded.consume(check({ cost: -1 })),
      guarded.consume(check({ limit: 1.5 })),
      guarded.consumeAll([check(), check({ limit: Number.NaN })]),
      guarded.consumeAll(JSON.parse("{}")),
      guarded.peek({ ...check(), policy: { algorithm: "fixed-window", limit: 1 } }),
      guarded.charge(check({ cost: 2 ** 53 })),
      guarded.refund(check(), "nonsense"),
      guarded.refund(check(), "tb:1:1767225600000000"),
      guarded.refund(check(), "fw:1:99999999999999999"),
      guarded.block(check(), 0),
      guarded.block(check(), Number.POSITIVE_INFINITY),
      guarded.reset(check({ limit: -1 })),
    ];
    for (const call of refused) await expect(call).rejects.toMatchObject({ code: "STORE_INVALID_ARGUMENT" });
    expect(calls).toEqual([]);
  });

  it("may leave the window to the store's default", async () => {
    const defaulted = createRateLimitStore(port, { defaults: { windowMs: 1_000 } });
    const bare: RateLimitCheck = { ...check(), policy: { algorithm: "fixed-window", limit: 1 } };
    expect((await defaulted.consume(bare)).resetAfterMs).toBe(1_000);
  });

  it("an aborted signal rejects with its reason and takes nothing", async () => {
    const reason = new Error("gone");
    await expect(store.consume(check(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(port.records.size).toBe(0);
  });
});

describe("consumeAll", () => {
  it("takes from all or from none", async () => {
    const checks = [check({ client: "a" }), check({ client: "b", cost: 3 })];
    const taken = await store.consumeAll(checks);
    expect(taken).toMatchObject({ allowed: true, atomic: true });
    expect(taken.decisions.map(({ remaining }) => remaining)).toEqual([2, 0]);
    expect(taken.decisions.every(({ receipt }) => receipt !== undefined)).toBe(true);
    const before = structuredClone([...port.records]);
    const denied = await store.consumeAll(checks);
    expect(denied.allowed).toBe(false);
    expect(denied.decisions).toMatchObject([{ allowed: true, remaining: 1 }, { allowed: false }]);
    expect(denied.decisions.some((decision) => "receipt" in decision)).toBe(false);
    expect([...port.records]).toEqual(before);
  });

  it("answers an empty list without the port", async () => {
    const silent = createRateLimitStore({ ...port, transact: () => Promise.reject(new Error("touched")) });
    expect(await silent.consumeAll([])).toEqual({ allowed: true, atomic: true, decisions: [] });
  });

  it("says atomic: false where the port is not", async () => {
    const loose = createRateLimitStore({ ...port, capabilities: { shared: false, atomic: false, durable: false } });
    expect(await loose.consumeAll([check()])).toMatchObject({ allowed: true, atomic: false });
  });
});

describe("life cycle", () => {
  it("closes the port it owns, once closed refuses every call", async () => {
    let closed = 0;
    const counted: AtomicPort = {
      ...port,
      close: async () => {
        closed += 1;
      },
    };
    const borrowing = createRateLimitStore(counted, {}, { closePort: false });
    await borrowing.close();
    expect(closed).toBe(0);
    await expect(borrowing.consumeAll([])).rejects.toMatchObject({ code: "STORE_CLOSED" });
    await using owner = createRateLimitStore(counted);
    await owner.close();
    expect(closed).toBe(1);
    await expect(owner.peek(check())).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });
});

describe("telemetry", () => {
  const messages: OperationMessage[] = [];
  const listen = (message: unknown) => void messages.push(message as OperationMessage);
  beforeEach(() => {
    messages.length = 0;
    subscribe(operationChannel, listen);
  });
  afterEach(() => void unsubscribe(operationChannel, listen));

  it("reports each operation in a word, and neither client nor route", async () => {
    const { receipt = "" } = await store.consume(check({ cost: 3 }));
    await store.consume(check());
    await store.consumeAll([check()]);
    await store.peek(check({ cost: 0 }));
    await store.charge(check());
    await store.refund(check(), receipt);
    await store.block(check(), 1);
    await store.reset(check());
    await store.reset(check());
    await expect(store.consume(check({ cost: -1 }))).rejects.toThrow();
    expect(messages.map(({ operation, outcome }) => `${operation} ${outcome}`)).toEqual([
      "consume allowed",
      "consume denied",
      "consumeAll denied",
      "peek allowed",
      "charge denied",
      "refund ok",
      "block ok",
      "reset ok",
      "reset missing",
      "consume error",
    ]);
    expect(messages.every(({ store: about, provider }) => about === "rate-limits" && provider === "custom")).toBe(true);
    expect(JSON.stringify(messages)).not.toMatch(/alice|data/);
  });
});
