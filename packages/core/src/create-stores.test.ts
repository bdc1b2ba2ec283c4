// Stores of one port, and stores joined from several: prefixes, ping, and closing once.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, expect, it, onTestFinished } from "vitest";
import type { AtomicPort } from "./atomic-port.ts";
import { combineStores, createStores } from "./create-stores.ts";
import { isStoreError } from "./errors.ts";
import { operationChannel } from "./telemetry.ts";
import { manualClock, mapPort } from "./testing.ts";

const check = { route: "r", client: "c", policy: { algorithm: "fixed-window", limit: 1, windowMs: 1_000 } } as const;
const caught = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

function abortedSoon(reason: Error): AbortSignal {
  const soon = new AbortController();
  setTimeout(() => soon.abort(reason), 5);
  return soon.signal;
}

/** A port that counts how often it was closed. */
function countingPort() {
  let closed = 0;
  const port: AtomicPort = {
    ...mapPort(),
    async close() {
      closed += 1;
    },
  };
  return { port, closed: () => closed };
}

describe("createStores", () => {
  it("keeps the three stores of one port apart by their prefixes", async () => {
    const port = mapPort(manualClock());
    const stores = createStores(port, { keyPrefix: "app" });
    await stores.rateLimits.consume(check);
    await stores.sessions.create({ id: "mine", data: 1, idleTtlMs: 1_000 });
    await stores.verifications.markOnce("k", { token: "t", fingerprint: "f", retainUntilMs: 0 });
    expect([...port.records.keys()].map((key) => key.split(":").slice(0, 2).join(":"))).toEqual([
      "app:rl",
      "app:sess",
      "app:verify",
    ]);
  });

  it.each<[string, readonly unknown[], RegExp]>([
    ["nothing", [], /^The port must have/],
    ["null", [null], /^The port must have/],
    ["a client", [{ get: async () => null, set: async () => "OK" }], /^The port must have/],
    ["options that are null", [mapPort(), null], /^The options must be an object/],
    ["a misspelt option", [mapPort(), { keyprefix: "app" }], /^Unknown option "keyprefix"; did you mean "keyPrefix"/],
    ["a prefix that is no text", [mapPort(), { keyPrefix: 5 }], /^keyPrefix must be/],
    ["an empty prefix", [mapPort(), { keyPrefix: "" }], /^keyPrefix must be/],
  ])("refuses %s in the place of a port and its options", (_, given, message) => {
    const refused = { code: "STORE_CONFIG", message: expect.stringMatching(message) };
    expect(() => Reflect.apply(createStores, undefined, given)).toThrow(expect.objectContaining(refused));
  });

  it("pings the port in one round trip, and leaves nothing behind", async () => {
    const port = mapPort();
    const { latencyMs } = await createStores(port).ping();
    expect(latencyMs).toBeGreaterThanOrEqual(0);
    expect(port.records.size).toBe(0);
  });

  it("tells of a port that does not answer", async () => {
    const dead: AtomicPort = { ...mapPort(), transact: () => Promise.reject(new Error("secret host is down")) };
    const error = await caught(createStores(dead).ping());
    expect(isStoreError(error, "STORE_UNAVAILABLE")).toBe(true);
    expect(String(error)).not.toMatch(/secret/);
  });

  it("tells telemetry of each check: that it went well, why it failed, and that a port did not answer in time", async () => {
    const told: unknown[] = [];
    const hear = (message: unknown) => void told.push(message);
    subscribe(operationChannel, hear);
    onTestFinished(() => void unsubscribe(operationChannel, hear));
    const transact: AtomicPort["transact"] = () => Promise.reject(new Error("secret host is down"));
    await createStores(mapPort(), { provider: "map" }).check();
    await caught(createStores({ ...mapPort(), transact }).check());
    const hanging: AtomicPort = { ...mapPort(), check: () => new Promise(() => {}) };
    const late = new Error("late");
    expect(await caught(createStores(hanging).check({ signal: abortedSoon(late) }))).toBe(late);
    const about = { store: "all", operation: "check", provider: "custom", durationMs: expect.any(Number) };
    expect(told).toEqual([
      { ...about, provider: "map", outcome: "ok" },
      { ...about, outcome: "error", errorCode: "STORE_UNAVAILABLE" },
      { ...about, outcome: "error", errorCode: "OTHER" },
    ]);
  });

  it("closes the port once, however often and by whatever means it is closed, and refuses calls from then on", async () => {
    const { port, closed } = countingPort();
    const stores = createStores(port);
    await stores.rateLimits.close();
    expect(closed()).toBe(0);
    await Promise.all([stores.close(), stores.close(), stores[Symbol.asyncDispose]()]);
    expect(closed()).toBe(1);
    for (const call of [
      stores.ping(),
      stores.check(),
      stores.rateLimits.consume(check),
      stores.sessions.get("x"),
      stores.verifications.peek("x"),
    ]) {
      expect(isStoreError(await caught(call), "STORE_CLOSED")).toBe(true);
    }
  });
});

describe("combineStores", () => {
  it("measures the ping and the check it was given, and closes without rejecting whatever the backends do", async () => {
    const { rateLimits, sessions, verifications } = createStores(mapPort());
    const asked: string[] = [];
    const stores = combineStores(
      { rateLimits, sessions, verifications },
      {
        ping: async () => asked.push("ping"),
        check: async () => asked.push("check"),
        close: () => Promise.reject(new Error("no")),
      },
    );
    for (const ask of [stores.ping, stores.check]) {
      expect((await ask()).latencyMs).toBeGreaterThanOrEqual(0);
      const gone = new Error("gone");
      expect(await caught(ask({ signal: AbortSignal.abort(gone) }))).toBe(gone);
    }
    expect(asked).toEqual(["ping", "check"]);
    await stores.close();
  });
});
