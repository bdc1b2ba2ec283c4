// A replica of a running Redis, in sync when it is handed out.
import { followerLines, isReplicaOf } from "./replication.ts";
import type { RedisEndpoint } from "./resp-command.ts";
import { type RedisOptions, type RunningRedis, startRedis } from "./start-redis.ts";
import { until } from "./until.ts";

/** `of` must not speak TLS. See replication.ts for what promotes and demotes it. */
export async function startReplica(of: RedisEndpoint, options: RedisOptions = {}): Promise<RunningRedis> {
  const config = [`replicaof ${of.host} ${of.port}`, ...followerLines(of), ...(options.config ?? [])];
  const replica = await startRedis({ ...options, config });
  try {
    await until(() => isReplicaOf(replica, of));
    return replica;
  } catch (error) {
    await replica.stop();
    throw error;
  }
}
