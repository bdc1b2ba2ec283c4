// Hints between processes of which one uses ioredis and the other node-redis: on a cluster both must mean the same channels.
import { createIoredisVerificationStore } from "@tollbooth-stores/ioredis";
import { createNodeRedisVerificationStore } from "@tollbooth-stores/redis";
import {
  isRedis7OrNewer,
  type RunningCluster,
  type ShownIn,
  startRedisCluster,
  wokenAfterMs,
} from "@tollbooth-stores/redis-testkit";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";

/** Long before the 5 s that a waiter waits here whom no hint reaches. */
const SOON_MS = 1_000;

/** One with the sharded channels that the server has, if any, and one without. */
let clusters: readonly [newest: { cluster: RunningCluster; shownIn: ShownIn }, older: RunningCluster];
beforeAll(async () => {
  const newer = await isRedis7OrNewer();
  // At once: a new cluster takes 2 s to call itself ready.
  const [newest, older] = await Promise.all([
    startRedisCluster(),
    startRedisCluster(newer ? ['rename-command SSUBSCRIBE ""', 'rename-command SPUBLISH ""'] : []),
  ]);
  clusters = [{ cluster: newest, shownIn: newer ? "SHARDCHANNELS" : "CHANNELS" }, older];
});
afterAll(() => Promise.all([clusters[0].cluster.stop(), clusters[1].stop()]));

it.each([
  ["sharded where Redis has sharded channels", () => clusters[0]],
  ["ordinary before Redis 7", () => ({ cluster: clusters[1], shownIn: "CHANNELS" as const })],
])("a hint of either client wakes a waiter of the other on a cluster: %s", async (_, choose) => {
  const { cluster, shownIn } = choose();
  const connection = { cluster: cluster.nodes.slice(0, 1).map(({ host, port }) => ({ host, port })) };
  const options = { connection, keyPrefix: "hints", commandTimeoutMs: 5_000 };
  const [ioredis, nodeRedis] = [createIoredisVerificationStore(options), createNodeRedisVerificationStore(options)];
  onTestFinished(async () => {
    await Promise.all([ioredis.close(), nodeRedis.close()]);
  });
  for (const key of ["one", "two", "three", "four"]) {
    const told = { cluster, key, shownIn };
    expect(await wokenAfterMs({ ...told, waiter: nodeRedis, holder: ioredis })).toBeLessThan(SOON_MS);
    expect(await wokenAfterMs({ ...told, waiter: ioredis, holder: nodeRedis })).toBeLessThan(SOON_MS);
  }
});
