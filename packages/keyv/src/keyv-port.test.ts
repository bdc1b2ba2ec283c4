// The port over adapters that fail: by throwing, hanging, keeping silent, and giving back what they were not given.
import type { StoredRecord } from "@tollbooth-stores/core";
import { manualClock } from "@tollbooth-stores/core/testing";
import { Keyv } from "keyv";
import { describe, expect, it } from "vitest";
import { type KeyvPortOptions, keyvPort } from "./keyv-port.ts";
import { type FakeAdapter, fakeAdapter } from "./testing/fake-adapter.ts";

const commandTimeoutMs = 30;

function open(options: Partial<KeyvPortOptions> & { adapter?: FakeAdapter } = {}) {
  const clock = manualClock();
  const { adapter = fakeAdapter(), ...rest } = options;
  const port = keyvPort({ keyv: adapter, clock, commandTimeoutMs, ...rest });
  return {
    adapter,
    clock,
    port,
    read: (key: string) => port.transact([key], ([found = null]) => ({ reply: found?.body ?? null })),
    write: (key: string, body: unknown, lastsMs = 60_000) =>
      port.transact([key], (_, nowMs) => ({ writes: [{ endsAtMs: nowMs + lastsMs, body }], reply: undefined })),
    remove: (key: string) => port.transact([key], () => ({ writes: [null], reply: undefined })),
    async keys(prefix: string) {
      const found: string[] = [];
      for await (const key of port.scan?.(prefix) ?? []) found.push(key);
      return found.sort();
    },
  };
}

/** A promise that a test settles. */
function gate() {
  let pass: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => {
    pass = resolve;
  });
  return { pass, passed };
}

const unavailable = (outcome: string) => expect.objectContaining({ code: "STORE_UNAVAILABLE", outcome });
const configError = (mention: RegExp) =>
  expect.objectContaining({ code: "STORE_CONFIG", message: expect.stringMatching(mention) });

describe("an adapter that fails", () => {
  it("makes a read reject, never look absent: nothing was written", async () => {
    const { adapter, read } = open();
    adapter.fault = () => {
      throw Object.assign(new Error("connect ECONNREFUSED secret-key"), { code: "ECONNREFUSED" });
    };
    const error = await read("secret-key").catch((caught: unknown) => caught);
    expect(error).toEqual(unavailable("not-applied"));
    expect(error).toHaveProperty("cause", { name: "Error", code: "ECONNREFUSED" });
  });

  it("makes a write and a deletion reject, outcome unknown", async () => {
    const { adapter, write, remove } = open();
    await write("a", 1);
    adapter.fault = (method) => {
      if (method !== "get") throw new Error("full");
    };
    await expect(write("a", 2)).rejects.toEqual(unavailable("unknown"));
    await expect(remove("a")).rejects.toEqual(unavailable("unknown"));
  });

  it("is heard where it reports by its error event and then answers that nothing is there", async () => {
    const { adapter, read, write, remove } = open();
    await write("a", 1);
    adapter.fault = () => {
      adapter.events.emit("error", new Error("swallowed"));
      return { instead: undefined };
    };
    await expect(read("a")).rejects.toEqual(unavailable("not-applied"));
    adapter.fault = (method) => {
      if (method === "get") return;
      adapter.events.emit("error", new Error("swallowed"));
      return { instead: method === "set" };
    };
    await expect(write("a", 2)).rejects.toEqual(unavailable("unknown"));
    await expect(remove("a")).rejects.toEqual(unavailable("unknown"));
  });

  it("is believed where it reports something and yet answers with a record", async () => {
    const { adapter, read, write } = open();
    await write("a", 1);
    adapter.fault = () => void adapter.events.emit("error", new Error("about another call"));
    expect(await read("a")).toBe(1);
  });

  it("makes a write reject that it answers with false", async () => {
    const { adapter, write } = open();
    adapter.fault = (method) => (method === "set" ? { instead: false } : undefined);
    await expect(write("a", 1)).rejects.toEqual(unavailable("unknown"));
  });

  it("leaves no key locked", async () => {
    const { adapter, read, write } = open();
    adapter.fault = () => {
      throw new Error("down");
    };
    await expect(write("a", 1)).rejects.toEqual(unavailable("not-applied"));
    adapter.fault = () => undefined;
    await write("a", 2);
    expect(await read("a")).toBe(2);
  });
});

describe("an adapter that hangs", () => {
  it("makes a read reject at the deadline, and the step is not run when it comes back", async () => {
    const { adapter, port, read } = open();
    const { pass, passed } = gate();
    adapter.fault = () => passed;
    let ran = false;
    const call = port.transact(["a"], (_, nowMs) => {
      ran = true;
      return { writes: [{ endsAtMs: nowMs + 1_000, body: 1 }], reply: undefined };
    });
    await expect(call).rejects.toEqual(unavailable("not-applied"));
    adapter.fault = () => undefined;
    pass();
    expect(await read("a")).toBeNull();
    expect(ran).toBe(false);
    expect(adapter.calls).toEqual(["get a", "get a"]);
  });

  it("keeps a key that it may still write locked: a late write overtakes nothing", async () => {
    const { adapter, read, write } = open();
    const { pass, passed } = gate();
    adapter.fault = (method) => (method === "set" ? passed : undefined);
    await expect(write("a", "late")).rejects.toEqual(unavailable("unknown"));
    adapter.fault = () => undefined;
    await expect(read("a")).rejects.toEqual(unavailable("not-applied"));
    await write("b", "other keys go on");
    expect(adapter.calls.filter((call) => call.endsWith(" a"))).toEqual(["get a", "set a"]);
    pass();
    expect(await read("a")).toBe("late");
    await write("a", "next");
    expect(await read("a")).toBe("next");
  });

  it("keeps keys locked while it still reads one of them, since a read may delete what has expired", async () => {
    const { adapter, port, write } = open({ commandTimeoutMs: 60_000 });
    const { pass, passed } = gate();
    adapter.fault = (_, key) => {
      if (key === "b") throw new Error("down");
      return adapter.calls.filter((call) => call === "get a").length > 1 ? undefined : passed;
    };
    const failing = port.transact(["a", "b"], () => ({ reply: undefined }));
    const writing = write("a", 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(adapter.calls).not.toContain("set a");
    pass();
    await Promise.all([expect(failing).rejects.toEqual(unavailable("not-applied")), writing]);
  });

  it("gets nothing later of what waited for its turn and gave up", async () => {
    const { adapter, read, write } = open();
    const { pass, passed } = gate();
    adapter.fault = () => passed;
    const waiting = ["first", "second", "third"].map((body) => write("a", body));
    for (const settled of await Promise.allSettled(waiting)) {
      expect(settled).toMatchObject({ status: "rejected", reason: { outcome: "not-applied" } });
    }
    adapter.fault = () => undefined;
    pass();
    expect(await read("a")).toBeNull();
    expect(adapter.calls.filter((call) => call === "set a")).toEqual([]);
  });

  it("makes scan reject at the deadline", async () => {
    const adapter = Object.assign(fakeAdapter(), {
      iterator: async function* () {
        yield ["p:a", '1{"endsAtMs":9000000000000,"body":1}'];
        await new Promise(() => undefined);
      },
    });
    const { keys } = open({ adapter });
    await expect(keys("p:")).rejects.toEqual(unavailable("not-applied"));
  });

  it("lets a caller go that aborts, with its reason", async () => {
    const { adapter, port } = open({ commandTimeoutMs: 60_000 });
    const { pass, passed } = gate();
    adapter.fault = () => passed;
    const leaving = new AbortController();
    const reason = new Error("left");
    const step = (_: unknown, nowMs: number) => ({ writes: [{ endsAtMs: nowMs + 1, body: 1 }], reply: undefined });
    const calls = [port.transact(["a"], step, leaving), port.transact(["a"], step, leaving)];
    leaving.abort(reason);
    for (const call of calls) await expect(call).rejects.toBe(reason);
    pass();
    adapter.fault = () => undefined;
    await port.transact(["a"], () => ({ reply: undefined }));
    expect(adapter.calls).not.toContain("set a");
  });
});

describe("what an adapter gives back", () => {
  it("is kept where it cannot be read, and a step that reads it throws STORE_CORRUPT", async () => {
    const { adapter, read, port } = open();
    adapter.values.set("a", "9 from the future");
    await expect(read("a")).rejects.toMatchObject({ code: "STORE_CORRUPT", outcome: "not-applied" });
    const isThere = await port.transact(["a"], ([found = null]) => ({ reply: found !== null }));
    expect(isThere).toBe(true);
    expect(adapter.values.get("a")).toBe("9 from the future");
  });

  it("can be deleted unread", async () => {
    const { adapter, remove } = open();
    adapter.values.set("a", "garbage");
    await remove("a");
    expect(adapter.values.has("a")).toBe(false);
  });

  it("has ended by the record's own end, not by the adapter's", async () => {
    const { adapter, clock, read, write } = open();
    await write("a", 1, 1_000);
    clock.advance(999);
    expect(await read("a")).toBe(1);
    clock.advance(1);
    expect(adapter.values.has("a")).toBe(true);
    expect(await read("a")).toBeNull();
  });
});

describe("what an adapter is given", () => {
  it.each([0, 0.5])(
    "has an expiry after the record's end, never before it, within jitter and a minute (%s)",
    async (ttlJitter) => {
      const { adapter, write } = open({ ttlJitter });
      for (let index = 0; index < 50; index += 1) {
        const fromMs = Date.now();
        await write(`k${index}`, 1, 100_000);
        const lastsMs = (adapter.expiries.get(`k${index}`) ?? 0) - fromMs;
        expect(lastsMs).toBeGreaterThanOrEqual(160_000);
        expect(lastsMs).toBeLessThanOrEqual(160_000 + 100_000 * ttlJitter + (Date.now() - fromMs));
      }
    },
  );

  it("may have any key", async () => {
    const { keys, read, write } = open({ keyv: new Map() });
    const all = ["*", "{}", "{a}b", ":", "ключ", "\u{1f511}", "", "k".repeat(10_240), `${"k".repeat(10_240)}!`];
    for (const key of all) await write(`p:${key}`, key);
    for (const key of all) expect(await read(`p:${key}`)).toBe(key);
    expect(await keys("p:")).toEqual(all.map((key) => `p:${key}`).sort());
  });

  it("is one write for each key that a step changes, none for what it keeps or finds absent", async () => {
    const { adapter, port, write } = open();
    await write("a", 1);
    await write("b", 1);
    adapter.calls.length = 0;
    await port.transact(["a", "b", "c", "d"], (_, nowMs) => ({
      writes: [undefined, { endsAtMs: nowMs, body: "ended already" }, null, { endsAtMs: nowMs + 1, body: 2 }],
      reply: undefined,
    }));
    expect(adapter.calls.filter((call) => !call.startsWith("get"))).toEqual(["set d", "delete b"]);
  });

  it("is nothing at all where the step throws", async () => {
    const { adapter, port } = open();
    const refusal = new Error("no");
    await expect(
      port.transact(["a"], () => {
        throw refusal;
      }),
    ).rejects.toBe(refusal);
    expect(adapter.calls).toEqual(["get a"]);
  });
});

describe("callers in one process", () => {
  const increment = ([found = null]: readonly (StoredRecord | null)[], nowMs: number) => {
    const count = typeof found?.body === "number" ? found.body : 0;
    return { writes: [{ endsAtMs: nowMs + 60_000, body: count + 1 }], reply: undefined };
  };

  it("count every one of their increments, through several ports and Keyvs on one Map", async () => {
    const map = new Map();
    const options = { clock: manualClock() };
    const ports = [map, new Keyv(map), new Keyv({ store: map })].map((keyv) => keyvPort({ keyv, ...options }));
    const calls = Array.from({ length: 60 }, (_, index) => ports[index % 3]?.transact(["a"], increment));
    await Promise.all(calls);
    expect(await ports[0]?.transact(["a"], ([found]) => ({ reply: found?.body }))).toBe(60);
  });

  it("wake each other through any port on the same adapter", () => {
    const adapter = fakeAdapter();
    let woken = 0;
    open({ adapter }).port.hint?.subscribe("a", () => {
      woken += 1;
    });
    open({ adapter }).port.hint?.publish("a");
    open().port.hint?.publish("a");
    expect(woken).toBe(1);
  });

  it("do not wait for one another where their keys differ", async () => {
    const { adapter, write } = open();
    const { pass, passed } = gate();
    adapter.fault = (_, key) => (key === "slow" ? passed : undefined);
    const slow = write("slow", 1);
    await write("fast", 1);
    pass();
    await slow;
  });

  it("cannot block each other with several keys in different orders", async () => {
    const { port, read } = open();
    const both = (keys: string[]) =>
      port.transact(keys, (records, nowMs) => ({
        writes: records.map((record) => increment([record], nowMs).writes[0]),
        reply: undefined,
      }));
    await Promise.all(Array.from({ length: 40 }, (_, index) => both(index % 2 === 0 ? ["a", "b"] : ["b", "a"])));
    expect([await read("a"), await read("b")]).toEqual([40, 40]);
  });
});

describe("the option keyv", () => {
  it.each([undefined, null, 1, "redis://localhost", {}, { get: () => 1 }])("must be a store, not %s", (keyv) => {
    const options: Record<string, unknown> = { keyv };
    expect(() => Reflect.apply(keyvPort, undefined, [options])).toThrow(configError(/option keyv/));
  });

  it("must not be a Keyv with encryption: the stores write beneath it", () => {
    const encryption = { encrypt: async (text: string) => text, decrypt: async (text: string) => text };
    expect(() => keyvPort({ keyv: new Keyv({ encryption }) })).toThrow(configError(/encryptedCodec/));
  });

  it("keeps the namespace it came with, and calls are refused where another Keyv changed it", async () => {
    const adapter = fakeAdapter();
    const { read, write } = open({ keyv: new Keyv({ store: adapter, namespace: "one" }) });
    await write("a", 1);
    expect(new Keyv({ store: adapter, namespace: "two" }).namespace).toBe("two");
    await expect(read("a")).rejects.toEqual(configError(/namespace/));
  });

  it("may be a Keyv with a namespace: it is in front of every key, and scan leaves it out", async () => {
    const map = new Map<string, unknown>();
    const { keys, write } = open({ keyv: new Keyv({ store: map, namespace: "app" }) });
    await write("p:a", 1);
    expect([...map.keys()]).toEqual(["app::p:a"]);
    expect(await keys("p:")).toEqual(["p:a"]);
  });

  it("gives no scan where the adapter cannot be iterated", () => {
    const { port } = open();
    expect(port.scan).toBeUndefined();
  });
});

describe("other options", () => {
  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])("refuse a commandTimeoutMs of %s", (value) => {
    expect(() => keyvPort({ keyv: new Map(), commandTimeoutMs: value })).toThrow(configError(/commandTimeoutMs/));
  });

  it("refuse a ttlJitter out of range", () => {
    expect(() => keyvPort({ keyv: new Map(), ttlJitter: 0.6 })).toThrow(configError(/ttlJitter/));
  });

  it.each([Number.NaN, -1])("refuse a clock that says %s", async (value) => {
    const port = keyvPort({ keyv: new Map(), clock: { now: () => value } });
    await expect(port.transact(["a"], () => ({ reply: 1 }))).rejects.toEqual(configError(/clock/));
  });

  it("say what the capabilities are; atomic towards other processes it never is", () => {
    expect(keyvPort({ keyv: new Map() }).capabilities).toEqual({ shared: false, atomic: false, durable: false });
    const told = keyvPort({ keyv: new Map(), shared: true, durable: true });
    expect(told.capabilities).toEqual({ shared: true, atomic: false, durable: true });
  });
});

describe("closing", () => {
  it("refuses further calls, twice is fine, and the adapter stays open without a listener of ours", async () => {
    const { adapter, port, read, write } = open();
    await write("a", 1);
    expect(adapter.events.listenerCount("error")).toBe(1);
    await port.close();
    await port.close();
    expect(adapter.events.listenerCount("error")).toBe(0);
    await expect(read("a")).rejects.toMatchObject({ code: "STORE_CLOSED" });
    expect(await adapter.has("a")).toBe(true);
  });

  it("ends a scan", async () => {
    const { keys, port, write } = open({ keyv: new Map() });
    await write("a", 1);
    await port.close();
    await expect(keys("a")).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });
});

describe("a step of an operation that began before", () => {
  it("has what is left of its time; without any, it reads and writes nothing", async () => {
    const adapter = fakeAdapter(new Map());
    let calls = 0;
    adapter.fault = () => {
      calls += 1;
    };
    const port = keyvPort({ keyv: adapter, commandTimeoutMs: 1_000 });
    const write = () => ({ writes: [{ endsAtMs: Date.now() + 60_000, body: 1 }], reply: "done" });
    const late = port.transact(["k"], write, { startedAtMs: performance.now() - 1_000 });
    await expect(late).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "not-applied" });
    expect(calls).toBe(0);
    expect(await port.transact(["k"], write, { startedAtMs: performance.now() - 1 })).toBe("done");
  });
});
