// Hints in a cluster, from one store to another: who subscribes to what, and how soon a waiter is woken.
import type { VerificationStore } from "@tollbooth-stores/core";
import type { RunningRedis } from "./start-redis.ts";
import { until } from "./until.ts";

/** Where Redis shows a subscription: "SHARDCHANNELS" at the node that owns its slot, "CHANNELS" at one of them all. */
export type ShownIn = "SHARDCHANNELS" | "CHANNELS";

/** One server, or all of a cluster's. */
export interface Servers {
  nodes: readonly Pick<RunningRedis, "command">[];
}

export interface WokenOver {
  cluster: Servers;
  /** Who waits for the key. */
  waiter: VerificationStore;
  /** Who holds it, and gives it back. */
  holder: VerificationStore;
  key: string;
  shownIn: ShownIn;
}

const WAIT_MS = 5_000;

/** The channels that somebody has subscribed to, node by node. */
export async function channelsOf(cluster: Servers, shownIn: ShownIn): Promise<string[][]> {
  const replies = await Promise.all(cluster.nodes.map((node) => node.command("PUBSUB", shownIn)));
  return replies.map((reply) => (Array.isArray(reply) ? reply.map(String) : []));
}

/**
 * How many milliseconds pass from the release of a key until its waiter is woken: about 5,000 without a hint. The release
 * comes once the waiter's subscription is shown; no other may be.
 */
export async function wokenAfterMs({ cluster, waiter, holder, key, shownIn }: WokenOver): Promise<number> {
  const claim = await holder.claim(key, {
    token: "t",
    fingerprint: "f",
    leaseMs: 60_000,
    onLeaseExpiry: "retry",
    retainUntilMs: 0,
  });
  if (claim.status !== "claimed") throw new Error(`The key was not claimed but ${claim.status}.`);
  const shown = async () => (await channelsOf(cluster, shownIn)).flat().length > 0;
  await until(async () => !(await shown()));
  const waited = waiter.wait(key, { timeoutMs: WAIT_MS });
  await until(shown);
  const startMs = performance.now();
  await holder.release(key, claim.lease);
  await waited;
  return performance.now() - startMs;
}
