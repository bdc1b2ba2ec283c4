// That each operation of a request's hot path is one script call, counted by a real server.
import type { Lease, SessionRecord, Stores } from "@tollbooth-stores/core";
import { rateLimitScripts, sessionScripts, verificationScripts } from "@tollbooth-stores/redis-protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import { startFaultProxy } from "./fault-proxy.ts";
import { type RunningRedis, startRedis } from "./start-redis.ts";

const check = {
  route: "GET /data",
  client: "client",
  policy: { algorithm: "token-bucket", limit: 100, windowMs: 60_000 },
} as const;
const request = { token: "t", fingerprint: "f", retainUntilMs: 0 };
const claiming = { ...request, leaseMs: 30_000, onLeaseExpiry: "retry" } as const;
const paying = { ...claiming, payment: { payload: "p" } };
const settling = { onLeaseExpiry: "unknown", reference: "r", kept: "result" } as const;

/** What a client itself can have sent for a store; what scripts call inside is counted under other names. */
const sendable = ["evalsha", "eval", "scan", "script|load"];

/** Registers the tests. */
export function roundTripSuite<Client>({ name, create }: ClientProvider<Client>): void {
  describe(`round trips of ${name}`, () => {
    let redis: RunningRedis;
    let stores: Stores;
    let session: SessionRecord<unknown>;
    let lease: Lease;
    beforeAll(async () => {
      redis = await startRedis();
      stores = create.stores({ connection: { url: redis.url }, commandTimeoutMs: 5_000 });
      // The scripts are known and the connection is up: what is counted is every call from the second one on.
      await stores.rateLimits.peek(check);
      const scripts = [...rateLimitScripts, ...Object.values(sessionScripts), ...Object.values(verificationScripts)];
      for (const { source } of scripts) await redis.command("SCRIPT", "LOAD", source);
      session = (await stores.sessions.create({ data: 1, idleTtlMs: 60_000, quotas: { calls: 9n } })).record;
      await stores.sessions.get(session.id);
      const claim = await stores.verifications.claim("held", claiming);
      if (claim.status !== "claimed") throw new Error("The key was not claimed.");
      lease = claim.lease;
    });
    afterAll(async () => {
      await stores.close();
      await redis.stop();
    });

    const sent = async (): Promise<number> => {
      const told = String(await redis.command("INFO", "commandstats"));
      const calls = (command: string) =>
        Number(told.match(`cmdstat_${command.replace("|", "\\|")}:calls=(\\d+)`)?.[1] ?? 0);
      return sendable.reduce((sum, command) => sum + calls(command), 0);
    };

    it.each<[operation: string, call: () => Promise<unknown>]>([
      ["rateLimits.consume", () => stores.rateLimits.consume(check)],
      ["rateLimits.peek", () => stores.rateLimits.peek(check)],
      [
        "rateLimits.consumeAll for one client",
        () => stores.rateLimits.consumeAll([check, { ...check, route: "all" }, { ...check, route: "more" }]),
      ],
      ["rateLimits.charge", () => stores.rateLimits.charge(check)],
      ["rateLimits.block", () => stores.rateLimits.block({ ...check, client: "blocked" }, 1_000)],
      ["sessions.get", () => stores.sessions.get(session.id)],
      ["sessions.get with touch", () => stores.sessions.get(session.id, { touch: true })],
      ["sessions.update", () => stores.sessions.update(session.id, 2, { ifVersion: session.version })],
      ["sessions.touch", () => stores.sessions.touch(session.id)],
      ["sessions.credit", () => stores.sessions.credit(session.id, { opId: "o", extendMs: 1 })],
      ["sessions.debit", () => stores.sessions.debit(session.id, { quota: "calls", amount: 1n, opId: "p" })],
      ["verifications.claim", () => stores.verifications.claim("key", claiming)],
      ["verifications.renew", () => stores.verifications.renew("held", lease, 30_000)],
      ["verifications.note", () => stores.verifications.note("held", lease, "sent")],
      [
        "verifications.complete",
        () => stores.verifications.complete("held", lease, { outcome: "accepted", value: "v", retainUntilMs: 0 }),
      ],
      ["verifications.claim of a payment", () => stores.verifications.claim("payment", paying)],
      ["verifications.renew with what is kept", () => stores.verifications.renew("held", lease, 30_000, settling)],
      ["verifications.settle", () => stores.verifications.settle("payment", { receipt: "r" })],
      ["verifications.claim of what is owed", () => stores.verifications.claim("payment", paying)],
      ["verifications.deliver", () => stores.verifications.deliver("payment", { token: "d", kept: "result" })],
      ["verifications.undeliver", () => stores.verifications.undeliver("payment", "d")],
      ["verifications.expire", () => stores.verifications.expire("payment", { reason: "void" })],
      ["verifications.release", () => stores.verifications.release("key", lease)],
      ["verifications.peek", () => stores.verifications.peek("key")],
      ["verifications.markOnce", () => stores.verifications.markOnce("once", request)],
    ])("%s is one", async (_, call) => {
      const before = await sent();
      await call();
      expect((await sent()) - before).toBe(1);
    });

    it("verifications.unresolved takes one round trip a page of a hundred records, beside the listing of keys", async () => {
      const proxy = await startFaultProxy(redis);
      const far = create.verifications({
        connection: { url: `redis://127.0.0.1:${proxy.port}` },
        keyPrefix: "far",
        commandTimeoutMs: 5_000,
      });
      const doubtful = Array.from({ length: 90 }, async (_, index) => {
        const claim = await far.claim(`${index}`, { ...claiming, onLeaseExpiry: "unknown" });
        if (claim.status === "claimed") await far.markUnknown(`${index}`, claim.lease);
      });
      await Promise.all(doubtful);
      const listed = async () => {
        const started = performance.now();
        let records = 0;
        for await (const _ of far.unresolved()) records += 1;
        expect(records).toBe(90);
        return performance.now() - started;
      };
      await listed();
      proxy.delay(100);
      // One for the keys and one for their records, each a hundred there and a hundred back: not ninety.
      const tookMs = await listed();
      await far.close();
      await proxy.close();
      expect(tookMs).toBeLessThan(2_000);
    });
  });
}
