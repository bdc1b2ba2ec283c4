// Subscriptions to a cluster's sharded channels: over one connection to each primary that owns one, opened when needed.
//
// The cluster's own sSubscribe is not used. It ends its connection with every last subscription, which here comes with
// every wait. It also subscribes again in unhandled promises, so a node that goes away may end the process.
import { keySlot } from "@tollbooth-stores/redis-protocol";
import { channelTurns } from "./channel-turns.ts";
import {
  endNow,
  type NodeRedisClient,
  ownerOf,
  primaryAddresses,
  type ShardSubscribing,
  shardSubscribing,
} from "./node-redis-client.ts";
import type { NodeRedisSubscriber } from "./node-redis-subscriber.ts";

interface Connection {
  /** Rejects where there is no connection. */
  readonly ready: Promise<ShardSubscribing>;
  /** Called when the connection ends. */
  readonly heard: Set<() => void>;
  end(): void;
}

/** A channel whose slot moves is lost until a caller subscribes to it anew. Polling makes up for it. */
export function nodeRedisShardSubscriber(cluster: NodeRedisClient): NodeRedisSubscriber {
  const connections = new Map<string, Connection>();
  let closed = false;
  const turns = channelTurns();

  const connect = (cluster: NodeRedisClient, address: string): Connection => {
    let client: ShardSubscribing | undefined;
    let ended = false;
    const heard = new Set<() => void>();
    const open = async () => {
      client = await shardSubscribing(cluster, address, () => end());
      if (ended) throw new Error("No subscriptions here any more.");
      await client.connect();
      return client;
    };
    const ready = open();
    const end = () => {
      ended = true;
      if (connections.get(address)?.ready === ready) connections.delete(address);
      if (client !== undefined) endNow(client);
      for (const lost of [...heard]) lost();
      heard.clear();
    };
    ready.catch(end);
    return { ready, heard, end };
  };
  const connectionTo = (cluster: NodeRedisClient, address: string): Connection => {
    if (closed) throw new Error("No subscriptions any more.");
    const primaries = primaryAddresses(cluster);
    for (const [known, connection] of [...connections]) if (!primaries.includes(known)) connection.end();
    const connection = connections.get(address) ?? connect(cluster, address);
    connections.set(address, connection);
    return connection;
  };
  return {
    async subscribe(channel, hear, lost = () => {}) {
      const owner = ownerOf(cluster, keySlot(channel));
      if (owner === undefined) throw new Error("No node to subscribe at.");
      const listener = (message: string) => hear(message);
      const told = () => lost();
      const subscribeAt = async (address: string) => {
        const { ready, heard } = connectionTo(cluster, address);
        const client = await ready;
        await turns.enter(channel, client.sSubscribe(channel, listener));
        heard.add(told);
        return { client, heard };
      };
      const { client, heard } = await subscribeAt(owner).catch((error: unknown) => {
        const moved = newOwner(error);
        if (moved === undefined) throw error;
        return subscribeAt(moved);
      });
      return async () => {
        heard.delete(told);
        await turns.free(channel);
        await client.sUnsubscribe(channel, listener).catch(() => undefined);
      };
    },
    close() {
      closed = true;
      for (const connection of [...connections.values()]) connection.end();
    },
  };
}

/** "MOVED <slot> <host:port>": the client that runs scripts has not noticed yet. */
function newOwner(error: unknown): string | undefined {
  return error instanceof Error ? /^MOVED \d+ (\S+)$/.exec(error.message)?.[1] : undefined;
}
