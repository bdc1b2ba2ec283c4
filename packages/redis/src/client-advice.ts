// Settings of a caller's node-redis client that can send a call late.
import type { ClientAdvice } from "@tollbooth-stores/redis-protocol";
import type { NodeRedisClient } from "./node-redis-client.ts";

export function clientAdvice(client: NodeRedisClient): readonly ClientAdvice[] {
  const options: unknown = Reflect.get(client, "options");
  // A pool, a cluster and sentinels do not tell their clients' options.
  if (typeof options !== "object" || options === null || Reflect.get(options, "disableOfflineQueue") === true)
    return [];
  return [
    {
      message: "The node-redis client queues commands while it has no connection, and sends them late.",
      mend: "disableOfflineQueue: true",
    },
  ];
}
