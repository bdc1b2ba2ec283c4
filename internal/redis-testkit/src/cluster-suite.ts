// What holds for every provider on a Redis Cluster, on a real one of three primaries.
import { setTimeout as delay } from "node:timers/promises";
import { type Stores, type VerificationStore, verifyOnce } from "@tollbooth-stores/core";
import { neededCommands } from "@tollbooth-stores/redis-protocol";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import { type RunningCluster, startRedisCluster } from "./start-redis-cluster.ts";

/** A client of the caller's, connected to the cluster; with a key prefix of its own, where it knows such. */
export type BorrowCluster<Client> = (
  nodes: readonly { host: string; port: number }[],
  keyPrefix?: string,
) => Promise<BorrowedCluster<Client>>;

export interface BorrowedCluster<Client> {
  client: Client;
  isUp(): boolean;
  end(): void;
}

const check = {
  route: "GET /data",
  client: "client",
  policy: { algorithm: "fixed-window", limit: 100, windowMs: 60_000 },
} as const;
const request = { token: "t", fingerprint: "f", leaseMs: 30_000, onLeaseExpiry: "retry", retainUntilMs: 0 } as const;

/** Long before the 5 s that a waiter waits here which no look reaches. */
const SOON_MS = 1_000;

/** How many milliseconds pass from the release of a key until a waiter of another instance is woken. */
async function wokenAfterMs(waiter: VerificationStore, holder: VerificationStore, key: string): Promise<number> {
  const claim = await holder.claim(key, request);
  if (claim.status !== "claimed") throw new Error(`The key was not claimed but ${claim.status}.`);
  const waited = waiter.wait(key, { timeoutMs: 5_000 });
  await delay(100);
  const startMs = performance.now();
  await holder.release(key, claim.lease);
  await waited;
  return performance.now() - startMs;
}

async function bothWays({ own, yours }: { own: Stores; yours: Stores }, key: string): Promise<void> {
  expect(await wokenAfterMs(yours.verifications, own.verifications, key)).toBeLessThan(SOON_MS);
  expect(await wokenAfterMs(own.verifications, yours.verifications, key)).toBeLessThan(SOON_MS);
}

/** Registers the tests. */
export function clusterSuite<Client>({ name, create }: ClientProvider<Client>, borrow: BorrowCluster<Client>): void {
  let cluster: RunningCluster;
  /** Loses a node. */
  let doomed: RunningCluster;
  let prefixes = 0;
  /** Stores over a connection of theirs and over a client of the caller's, on the same keys. */
  const both = async (on: RunningCluster = cluster) => {
    prefixes += 1;
    const nodes = on.nodes.map(({ host, port }) => ({ host, port })).slice(0, 1);
    const options = { keyPrefix: `cluster-${prefixes}`, commandTimeoutMs: 5_000 };
    const borrowed = await borrow(nodes);
    const own = create.stores({ connection: { cluster: nodes }, ...options });
    const yours = create.stores({ client: borrowed.client, ...options });
    onTestFinished(async () => {
      await Promise.all([own.close(), yours.close()]);
      borrowed.end();
    });
    await Promise.all([own.ping(), yours.ping()]);
    return { own, yours, borrowed };
  };
  describe(`${name} on a cluster`, () => {
    beforeAll(async () => {
      // At once: a new cluster takes 2 s to call itself ready.
      [cluster, doomed] = await Promise.all([startRedisCluster(), startRedisCluster()]);
    });
    afterAll(() => Promise.all([cluster, doomed].map((each) => each?.stop())));

    it("works slot by slot, and lists every primary, over a connection of ours or yours", async () => {
      const { own, yours, borrowed } = await both();
      for (let index = 0; index < 30; index += 1) {
        const claim = await own.verifications.claim(`key ${index}`, request);
        if (claim.status !== "claimed") throw new Error("not claimed");
        await own.verifications.markUnknown(`key ${index}`, claim.lease);
      }
      for (const stores of [own, yours]) {
        const handles = new Set<string>();
        for await (const { handle } of stores.verifications.unresolved()) handles.add(handle);
        expect(handles.size).toBe(30);
        const { record } = await stores.sessions.create({ data: 1, subject: "s", idleTtlMs: 60_000 });
        expect((await stores.sessions.rotate(record.id)).status).toBe("ok");
        const checks = Array.from({ length: 20 }, (_, index) => ({ ...check, client: `client ${index}` }));
        expect(await stores.rateLimits.consumeAll(checks)).toMatchObject({ allowed: true, atomic: false });
      }
      expect(await own.sessions.deleteBySubject("s")).toEqual({ deleted: 2 });
      for (const node of cluster.nodes) expect(Number(await node.command("DBSIZE"))).toBeGreaterThan(0);
      await Promise.all([own.close(), yours.close()]);
      expect(borrowed.isUp()).toBe(true);
    });

    it("wakes a waiter of another instance soon, whichever node the record lives on", async () => {
      const stores = await both();
      for (const key of ["one", "two", "three", "four"]) await bothWays(stores, key);
    });

    it("wakes a waiter also where the caller's client puts a prefix before its keys", async () => {
      const { client, end } = await borrow(cluster.nodes, "app:");
      const options = { client, keyPrefix: "prefixed", commandTimeoutMs: 5_000 };
      const [own, yours] = [create.stores(options), create.stores(options)];
      onTestFinished(async () => {
        await Promise.all([own.close(), yours.close()]);
        end();
      });
      await bothWays({ own, yours }, "key");
    });

    it("gives waiters the result although every connection is killed while they wait", async () => {
      const stores = await both();
      const [held, waiting] = [stores.own.verifications, stores.yours.verifications];
      const payment = { payloadHash: "payload", fingerprint: "f" };
      let verified = (_: { ok: true }) => {};
      const verifying = new Promise<{ ok: true }>((resolve) => {
        verified = resolve;
      });
      let started = () => {};
      const running = new Promise<void>((resolve) => {
        started = resolve;
      });
      const first = verifyOnce(held, payment, () => {
        started();
        return verifying;
      });
      await running;
      const second = verifyOnce(waiting, payment, () => Promise.reject(new Error("It is verified twice.")));
      await delay(100);
      await Promise.all(cluster.nodes.map((node) => node.command("CLIENT", "KILL", "TYPE", "normal")));
      verified({ ok: true });
      expect(await second).toEqual({ ok: true, ran: false });
      await first;
      await bothWays(stores, "after that");
    });

    it("wakes a waiter whose record moves to another node meanwhile", async () => {
      const { own, yours } = await both();
      const claim = await own.verifications.claim("on the move", request);
      if (claim.status !== "claimed") throw new Error("not claimed");
      const waits = [own, yours].map(({ verifications }) =>
        verifications.wait("on the move", { timeoutMs: 20_000 }).then(() => performance.now()),
      );
      const [from, key] = await holderOf(cluster, `cluster-${prefixes}:*`);
      const to = cluster.nodes.find((node) => node !== from);
      if (to !== undefined) await cluster.moveSlots(from, to, [await cluster.slotOf(key)]);
      const startMs = performance.now();
      await own.verifications.release("on the move", claim.lease);
      for (const wokenAtMs of await Promise.all(waits)) expect(wokenAtMs - startMs).toBeLessThan(SOON_MS);
    }, 60_000);

    it("does its work and wakes waiters as a user with the rights that the README asks for", async () => {
      const rights = [...neededCommands, "cluster|slots", "cluster|nodes", "asking"].map((word) => `+${word}`);
      const rules = ["reset", "on", ">secret", "~acl:*", "resetchannels", "-@all", ...rights];
      for (const node of cluster.nodes) await node.command("ACL", "SETUSER", "app", ...rules);
      const connection = {
        cluster: cluster.nodes.slice(0, 1).map(({ host, port }) => ({ host, port })),
        username: "app",
        password: "secret",
      };
      const options = { connection, keyPrefix: "acl", commandTimeoutMs: 5_000 };
      const [own, yours] = [create.stores(options), create.stores(options)];
      onTestFinished(async () => {
        await Promise.all([own.close(), yours.close()]);
      });
      for (let index = 0; index < 10; index += 1) {
        await own.rateLimits.consume({ ...check, client: `client ${index}` });
      }
      for (const key of ["one", "two", "three"]) await bothWays({ own, yours }, key);
    });

    it("lets waits end and closes at once though the record's node is dead", async () => {
      const { own, yours } = await both(doomed);
      const keys = ["one", "two", "three", "four"];
      for (const key of keys) await own.verifications.claim(key, request);
      const waits = (timeoutMs: number) =>
        [own, yours].flatMap(({ verifications }) => keys.map((key) => verifications.wait(key, { timeoutMs })));
      const before = waits(1_000);
      await doomed.nodes[0]?.kill("SIGKILL");
      await Promise.all(before);
      const again = Promise.allSettled(waits(60_000));
      const startMs = performance.now();
      await Promise.all([own.close(), yours.close()]);
      expect(performance.now() - startMs).toBeLessThan(SOON_MS);
      expect(new Set((await again).map(({ status }) => status))).toEqual(new Set(["rejected"]));
    });
  });
}

/** The node that has a key of this pattern, and the key. */
async function holderOf(cluster: RunningCluster, pattern: string): Promise<[RunningCluster["nodes"][number], string]> {
  for (const node of cluster.nodes) {
    const keys = await node.command("KEYS", pattern);
    if (Array.isArray(keys) && keys.length > 0) return [node, String(keys[0])];
  }
  throw new Error("No node has such a key.");
}
