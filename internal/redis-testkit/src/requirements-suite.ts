// What a server must be and what its user must be allowed, for every provider alike, on real servers.
import { isStoreError, type Stores } from "@tollbooth-stores/core";
import { neededCommands } from "@tollbooth-stores/redis-protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import type { RedisEndpoint } from "./resp-command.ts";
import { startOlderRedis } from "./start-older-redis.ts";
import { type RunningRedis, startRedis } from "./start-redis.ts";

const keyPrefix = "needs";

/** Without any of these the stores refuse to work. SELECT is for a database other than 0. */
const needed: readonly string[] = [...neededCommands, "select"];
/** Without INFO a Redis that is too old is not found out. */
const helpful = ["info"];

const check = {
  route: "GET /data",
  client: "client",
  policy: { algorithm: "fixed-window", limit: 100, windowMs: 60_000 },
} as const;

/** Registers the tests. */
export function requirementsSuite<Client>({ name, create }: ClientProvider<Client>): void {
  const opened = (url: string): Stores => {
    // A busy machine's first connection takes its time.
    const stores = create.stores({ connection: { url }, keyPrefix, commandTimeoutMs: 5_000 });
    onTestFinished(() => stores.close());
    return stores;
  };
  const asApp = ({ host, port }: RedisEndpoint) => opened(`redis://app:secret@${host}:${port}/1`);
  const allow = async (redis: Pick<RunningRedis, "command">, allowed: readonly string[]) => {
    const rules = ["on", ">secret", `~${keyPrefix}:*`, "resetchannels", "-@all"];
    await redis.command("ACL", "SETUSER", "app", "reset", ...rules, ...allowed.map((command) => `+${command}`));
  };

  describe(`what ${name} needs of a server`, () => {
    let redis: RunningRedis;
    beforeAll(async () => {
      redis = await startRedis();
    });
    beforeEach(async () => {
      await redis.command("FLUSHALL");
      await redis.command("ACL", "LOG", "RESET");
    });
    afterAll(() => redis.stop());

    it("does everything as a user with no more rights than the README asks for", async () => {
      await allow(redis, [...needed, ...helpful]);
      const stores = asApp(redis);
      await everything(stores);
      await stores.close();
      expect(await redis.command("ACL", "LOG")).toEqual([]);
    });

    it.each(needed)("says that a right is missing where the user may not %s", async (command) => {
      await allow(
        redis,
        [...needed, ...helpful].filter((each) => each !== command),
      );
      const error: unknown = await everything(asApp(redis)).catch((reason: unknown) => reason);
      expect(isStoreError(error, "STORE_UNAVAILABLE") && error.message).toMatch(/^This Redis user may not.*ACL/);
    });

    it("does everything without the rights that only help", async () => {
      await allow(redis, needed);
      await everything(asApp(redis));
    });

    it.each(["5.0.14", "6.0.16"])("refuses a Redis %s, and writes nothing", async (version) => {
      const older = await startOlderRedis(version);
      onTestFinished(() => older.stop());
      const stores = opened(older.url);
      const calls = [
        () => stores.ping(),
        () => stores.check(),
        () => stores.rateLimits.consume(check),
        () => stores.sessions.create({ data: 1, idleTtlMs: 60_000 }),
        () => stores.verifications.markOnce("key", { token: "t", fingerprint: "f", retainUntilMs: 0 }),
        () => stores.verifications.unresolved()[Symbol.asyncIterator]().next(),
      ];
      for (const call of calls) {
        const startMs = performance.now();
        await expect(call()).rejects.toMatchObject({
          code: "STORE_UNAVAILABLE",
          outcome: "not-applied",
          message: expect.stringMatching(/too old.*Redis 6\.2 or Valkey 7\.2.*`url` or `host`/),
        });
        expect(performance.now() - startMs).toBeLessThan(5_000);
      }
      expect(await older.command("DBSIZE")).toBe(0);
    });

    it("does everything on the oldest Redis that will do, and where an older one may not tell its version", async () => {
      const oldest = await startOlderRedis("6.2.0");
      onTestFinished(() => oldest.stop());
      await everything(opened(oldest.url));
      const silent = await startOlderRedis("6.0.16");
      onTestFinished(() => silent.stop());
      await allow(silent, needed);
      await everything(asApp(silent));
    });
  });
}

/** Every operation of the three stores, each so that it does all that it can do. */
async function everything(stores: Stores): Promise<void> {
  await stores.ping();
  await stores.check();
  await limiting(stores);
  await inSession(stores);
  await verifying(stores);
  await paying(stores);
}

async function limiting({ rateLimits }: Stores): Promise<void> {
  const { receipt = "" } = await rateLimits.consume({ ...check, cost: 2 });
  await rateLimits.charge(check);
  await rateLimits.refund(check, receipt);
  await rateLimits.peek(check);
  await rateLimits.consumeAll([check]);
  await rateLimits.block(check, 1_000);
  expect(await rateLimits.reset(check)).toBe(true);
}

async function inSession({ sessions }: Stores): Promise<void> {
  const started = { data: 1, subject: "subject", idleTtlMs: 60_000, quotas: { calls: 5n } };
  const { record } = await sessions.create(started);
  const { id, version } = record;
  // In the same millisecond there would be nothing to extend.
  await new Promise((resolve) => setTimeout(resolve, 5));
  await sessions.get(id, { touch: true });
  await sessions.getMany([id]);
  expect(await sessions.update(id, 2, { ifVersion: version })).toMatchObject({ status: "ok" });
  expect(await sessions.modify(id, () => 3)).toMatchObject({ status: "ok" });
  expect(await sessions.touch(id)).toMatchObject({ status: "ok" });
  expect(await sessions.credit(id, { opId: "o", extendMs: 1 })).toMatchObject({ status: "ok" });
  expect(await sessions.debit(id, { quota: "calls", amount: 1n, opId: "p" })).toMatchObject({ status: "ok" });
  const rotated = await sessions.rotate(id, { newId: sessions.newId({ replaces: id }) });
  if (rotated.status !== "ok") throw new Error("The session was not rotated.");
  const listed: unknown[] = [];
  for await (const each of sessions.listBySubject("subject")) listed.push(each);
  expect(listed).toHaveLength(1);
  expect(await sessions.delete(rotated.record.id)).toBe(true);
  await sessions.create({ ...started, id: sessions.newId({ subject: started.subject }) });
  expect(await sessions.deleteBySubject("subject")).toEqual({ deleted: 1 });
}

async function verifying({ verifications }: Stores): Promise<void> {
  const request = { fingerprint: "f", retainUntilMs: 0 };
  const claimed = async (key: string, token: string) => {
    const claim = await verifications.claim(key, { ...request, token, leaseMs: 30_000, onLeaseExpiry: "retry" });
    if (claim.status !== "claimed") throw new Error(`The key was not claimed but ${claim.status}.`);
    return claim.lease;
  };
  const held = await claimed("key", "t");
  expect(await verifications.renew("key", held, 30_000, { onLeaseExpiry: "unknown" })).toEqual({ status: "ok" });
  expect(await verifications.note("key", held, "sent")).toEqual({ status: "ok" });
  expect(await verifications.markUnknown("key", held, "evidence")).toEqual({ status: "ok" });
  const unresolved: unknown[] = [];
  for await (const each of verifications.unresolved()) unresolved.push(each);
  expect(unresolved).toMatchObject([{ evidence: "evidence" }]);
  const reconciled = await verifications.reconcile("key", { token: "u", leaseMs: 30_000 });
  if (reconciled.status !== "claimed") throw new Error(`The key was not reconciled but ${reconciled.status}.`);
  const result = { outcome: "accepted", value: "v", retainUntilMs: 0 } as const;
  expect(await verifications.complete("key", reconciled.lease, result)).toEqual({ status: "ok" });
  expect(await verifications.peek("key")).toMatchObject({ status: "done" });
  expect(await verifications.release("other", await claimed("other", "t"))).toEqual({ status: "ok" });
  expect(await verifications.markOnce("once", { ...request, token: "t" })).toEqual({ status: "marked" });
}

async function paying({ verifications }: Stores): Promise<void> {
  const payment = { payload: "payload", collector: "payer" };
  const request = { token: "t", fingerprint: "f", leaseMs: 30_000, onLeaseExpiry: "retry", retainUntilMs: 0 } as const;
  const claim = await verifications.claim("payment", { ...request, payment });
  if (claim.status !== "claimed") throw new Error(`The payment was not claimed but ${claim.status}.`);
  const settling = { onLeaseExpiry: "unknown", reference: "reference", kept: "result" } as const;
  expect(await verifications.renew("payment", claim.lease, 30_000, settling)).toEqual({ status: "ok" });
  expect(await verifications.settle("payment", { receipt: "r" })).toMatchObject({ status: "settled", kept: "result" });
  const delivery = { token: "d", keptForMs: 60_000 };
  expect(await verifications.deliver("payment", delivery)).toMatchObject({ status: "delivered", byYou: true });
  expect(await verifications.undeliver("payment", "d")).toEqual({ status: "ok" });
  expect(await verifications.claim("payment", { ...request, payment })).toMatchObject({ status: "settled" });
  const other = await verifications.claim("void", { ...request, payment });
  if (other.status !== "claimed") throw new Error(`The payment was not claimed but ${other.status}.`);
  expect(await verifications.expire("void", { reason: "r", lease: other.lease })).toEqual({ status: "ok" });
}
