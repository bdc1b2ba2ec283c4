// What is particular to ioredis: clients of the caller's, and which kinds of them.
import { once } from "node:events";
import { createRequire } from "node:module";
import { startRedis } from "@tollbooth-stores/redis-testkit";
import { Redis } from "ioredis";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { createIoredisStores, createIoredisVerificationStore } from "./index.ts";
import { clientTo } from "./provider.test-support.ts";

const { single } = inject("redis");
const check = {
  route: "GET /data",
  client: "client",
  policy: { algorithm: "fixed-window", limit: 100, windowMs: 60_000 },
} as const;
const request = { token: "t", fingerprint: "f", leaseMs: 30_000, onLeaseExpiry: "retry", retainUntilMs: 0 } as const;

it("is tested on the major that the project's name says", () => {
  const { version }: { version: string } = createRequire(import.meta.url)(`${inject("library")}/package.json`);
  expect(version).toMatch(inject("library") === "ioredis" ? /^6\./ : /^5\.(1[1-9]|[2-9]\d)\./);
  expect(new Redis({ lazyConnect: true }).options).toEqual(
    inject("library") === "ioredis"
      ? expect.objectContaining({ protocol: 3 })
      : expect.not.objectContaining({ protocol: 3 }),
  );
});

describe("a client of the caller's", () => {
  it("of another library is refused, and the right package named", () => {
    const nodeRedis = { evalSha() {}, eval() {}, withCommandOptions() {} };
    const refuse = (client: unknown) => () => Reflect.apply(createIoredisStores, undefined, [{ client }]);
    expect(refuse(nodeRedis)).toThrow(
      expect.objectContaining({ code: "STORE_CONFIG", message: expect.stringContaining("@tollbooth-stores/redis") }),
    );
    expect(refuse({})).toThrow(expect.objectContaining({ code: "STORE_CONFIG" }));
    expect(refuse(undefined)).toThrow("either `client`");
    expect(() =>
      Reflect.apply(createIoredisStores, undefined, [{ client: clientTo(single), connection: { url: single.url } }]),
    ).toThrow("either `client`");
  });

  it("with lazyConnect is connected by the first call, and stays open", async () => {
    const client = clientTo(single, { lazyConnect: true });
    const stores = createIoredisStores({ client, keyPrefix: "lazy" });
    await stores.rateLimits.consume(check);
    await stores.close();
    expect(await client.ping()).toBe("PONG");
    expect(client.listenerCount("error")).toBe(0);
  });

  it("that its owner closed is named as the cause", async () => {
    const client = clientTo(single);
    const stores = createIoredisStores({ client, keyPrefix: "closed-client" });
    await stores.ping();
    const closed = once(client, "end");
    await client.quit();
    await closed;
    await expect(stores.rateLimits.consume(check)).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      outcome: "not-applied",
      message: expect.stringContaining("closed by its owner"),
    });
  });

  it("with a key prefix of its own has it before every key, and unresolved() finds what it wrote", async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const store = createIoredisVerificationStore({ client: clientTo(redis, { keyPrefix: "app[1]:" }), keyPrefix: "v" });
    const claim = await store.claim("key", request);
    if (claim.status !== "claimed") throw new Error("not claimed");
    await store.markUnknown("key", claim.lease, "evidence");
    expect(String(await redis.command("KEYS", "*"))).toMatch(/^app\[1\]:v:/);
    const handles: string[] = [];
    for await (const { handle } of store.unresolved()) handles.push(handle);
    expect(handles).toHaveLength(1);
    const reconciled = await store.reconcile({ handle: handles[0] ?? "" }, { token: "r", leaseMs: 1_000 });
    expect(reconciled.status).toBe("claimed");
    await store.close();
  });
});
