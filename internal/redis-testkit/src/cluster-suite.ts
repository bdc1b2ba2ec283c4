// What holds for every provider on a Redis Cluster, on a real one of three primaries.
import { type Stores, verifyOnce } from "@tollbooth-stores/core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import { channelsOf, type ShownIn, wokenAfterMs } from "./cluster-hints.ts";
import { isRedis7OrNewer } from "./find-server.ts";
import { neededCommands } from "./requirements-suite.ts";
import { type RunningCluster, startRedisCluster } from "./start-redis-cluster.ts";
import { until } from "./until.ts";

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

/** Long before the 5 s that a waiter waits here whom no hint reaches. */
const SOON_MS = 1_000;

/** Registers the tests. */
export function clusterSuite<Client>({ name, create }: ClientProvider<Client>, borrow: BorrowCluster<Client>): void {
  let cluster: RunningCluster;
  /** Loses a node. */
  let doomed: RunningCluster;
  /** Knows no sharded channels. */
  let older: RunningCluster;
  /** Where the hints of `cluster` are shown: Redis 6.2 has no sharded channels. */
  let shown: ShownIn;
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
  const bothWays = async (stores: { own: Stores; yours: Stores }, key: string, shownIn: ShownIn, on = cluster) => {
    const [own, yours] = [stores.own.verifications, stores.yours.verifications];
    expect(await wokenAfterMs({ cluster: on, waiter: yours, holder: own, key, shownIn })).toBeLessThan(SOON_MS);
    expect(await wokenAfterMs({ cluster: on, waiter: own, holder: yours, key, shownIn })).toBeLessThan(SOON_MS);
  };
  const subscribers = async () => {
    const lists = await Promise.all(cluster.nodes.map((node) => node.command("CLIENT", "LIST", "TYPE", "pubsub")));
    return lists.flatMap((list) => String(list).trim().split("\n")).filter((line) => line !== "").length;
  };

  describe(`${name} on a cluster`, () => {
    beforeAll(async () => {
      const newer = await isRedis7OrNewer();
      shown = newer ? "SHARDCHANNELS" : "CHANNELS";
      // At once: a new cluster takes 2 s to call itself ready.
      [cluster, doomed, older] = await Promise.all([
        startRedisCluster(),
        startRedisCluster(),
        startRedisCluster(newer ? ['rename-command SSUBSCRIBE ""', 'rename-command SPUBLISH ""'] : []),
      ]);
    });
    afterAll(() => Promise.all([cluster, doomed, older].map((each) => each?.stop())));

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

    it("wakes a waiter by a hint that only the record's own node passes on, where the server can do so", async () => {
      const stores = await both();
      for (const key of ["one", "two", "three", "four"]) await bothWays(stores, key, shown);
      if (shown === "CHANNELS") return;
      expect((await channelsOf(cluster, "CHANNELS")).flat()).toEqual([]);
      const keys = ["a", "b", "c", "d", "e", "f", "g", "h"];
      const waits = keys.map((key) => stores.own.verifications.wait(key, { timeoutMs: 1_500 }));
      await until(async () => (await channelsOf(cluster, "SHARDCHANNELS")).flat().length === keys.length);
      for (const [index, channels] of (await channelsOf(cluster, "SHARDCHANNELS")).entries()) {
        for (const channel of channels) {
          expect(await cluster.primaryOf(await cluster.slotOf(channel))).toBe(cluster.nodes[index]);
        }
      }
      await Promise.all(waits);
    });

    it("wakes a waiter also where the caller's client puts a prefix before its keys", async () => {
      const { client, end } = await borrow(cluster.nodes, "app:");
      const options = { client, keyPrefix: "prefixed", commandTimeoutMs: 5_000 };
      const [own, yours] = [create.stores(options), create.stores(options)];
      onTestFinished(async () => {
        await Promise.all([own.close(), yours.close()]);
        end();
      });
      await bothWays({ own, yours }, "key", shown);
    });

    it("opens connections for hints when somebody waits, and ends them with the stores", async () => {
      const { own, yours } = await both();
      const checks = [own, yours].map((stores) => stores.rateLimits.consume(check));
      await Promise.all(checks);
      expect(await subscribers()).toBe(0);
      const waits = [own, yours].map((stores) => stores.verifications.wait("key", { timeoutMs: 10_000 }));
      const over = Promise.allSettled(waits);
      await until(async () => (await subscribers()) === 2);
      await Promise.all([own.close(), yours.close()]);
      await until(async () => (await subscribers()) === 0);
      await over;
    });

    it("finishes by polling when the subscriber's connection is killed, and is hinted again after that", async () => {
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
      await until(async () => (await subscribers()) > 0);
      await Promise.all(cluster.nodes.map((node) => node.command("CLIENT", "KILL", "TYPE", "pubsub")));
      const startMs = performance.now();
      verified({ ok: true });
      expect(await second).toEqual({ ok: true, ran: false });
      expect(performance.now() - startMs).toBeLessThan(SOON_MS);
      await first;
      await bothWays(stores, "after it was killed", shown);
    });

    it("hears hints for a record whose slot has moved to another node", async () => {
      const stores = await both();
      const key = "on the move";
      const leaving = new AbortController();
      const waits = [stores.own, stores.yours].map(({ verifications }) =>
        verifications.wait(key, { timeoutMs: 20_000, signal: leaving.signal }),
      );
      const over = Promise.allSettled(waits);
      await until(async () => (await subscribers()) === 2);
      const [channel = ""] = (await channelsOf(cluster, shown)).flat();
      const slot = await cluster.slotOf(channel);
      const from = await cluster.primaryOf(slot);
      const to = cluster.nodes.find((node) => node !== from);
      if (to !== undefined) await cluster.moveSlots(from, to, [slot]);
      leaving.abort();
      await over;
      // A client that still has the old map of slots may be deaf to the first wait after the move (it polls then), as
      // ioredis 5 sometimes is; not to every one.
      for (let waits = 1; ; waits += 1) {
        try {
          return await bothWays(stores, key, shown);
        } catch (error) {
          if (waits === 3 || !String(error).includes("did not come about")) throw error;
        }
      }
    }, 60_000);

    it.each([
      ["sharded", ["spublish", "ssubscribe", "sunsubscribe"], "SHARDCHANNELS"],
      ["ordinary", ["publish", "subscribe", "unsubscribe"], "CHANNELS"],
    ] satisfies [string, string[], ShownIn][])(
      "does its work and hints as a user with the rights that the README asks for, and those to %s channels",
      async (_, channels, shownIn) => {
        // On Redis 6.2 there is no such right to give.
        if (shownIn === "SHARDCHANNELS" && shown === "CHANNELS") return;
        const rights = [...neededCommands, "cluster|slots", "cluster|nodes", "asking", "ping", ...channels].map(
          (word) => `+${word}`,
        );
        const rules = ["reset", "on", ">secret", "~acl:*", "resetchannels", "&acl:*", "-@all", ...rights];
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
        for (const key of ["one", "two", "three"]) await bothWays({ own, yours }, key, shownIn);
      },
    );

    it("lets waits end and closes at once though the node that would hint is dead", async () => {
      const { own, yours } = await both(doomed);
      const waits = [own, yours].map(({ verifications }) => verifications.wait("key", { timeoutMs: 1_000 }));
      const subscribed = async () => (await channelsOf(doomed, shown)).findIndex((channels) => channels.length > 0);
      await until(async () => (await subscribed()) >= 0);
      await doomed.nodes[await subscribed()]?.kill("SIGKILL");
      await Promise.all(waits);
      const again = Promise.allSettled(
        [own, yours].map(({ verifications }) => verifications.wait("key", { timeoutMs: 60_000 })),
      );
      const startMs = performance.now();
      await Promise.all([own.close(), yours.close()]);
      expect(performance.now() - startMs).toBeLessThan(SOON_MS);
      expect((await again).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    });

    it("subscribes and publishes the ordinary way where the server knows no sharded channels", async () => {
      const stores = await both(older);
      for (const key of ["one", "two", "three"]) await bothWays(stores, key, "CHANNELS", older);
    });
  });
}
